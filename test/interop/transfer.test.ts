/** Transfer as phones do it: REFER blind and attended, and INVITE with Replaces, between phones and to and from the PRI. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import { MEASURED, measureTones } from '../../src/rtp/measure.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { eventually } from '../support/process.ts';

const SIP = { address: '127.0.0.1', port: 31_500 };
/** The carrier's milliwatt tone. */
const MILLIWATT = '5551004';

describe('transfer', () => {
  let box: BoxProcess;
  const phones: Phone[] = [];
  let ada: Phone;
  let bell: Phone;
  let carol: Phone;

  async function registered(user: string): Promise<Phone> {
    const phone = await Phone.open({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN });
    phones.push(phone);
    assert.equal(await phone.register(600), 200);
    return phone;
  }

  before(async () => {
    box = new BoxProcess(
      settingsOf(
        { sip: SIP.port, http: 31_502, media: '31510-31599' },
        {
          spans: [{ id: 't1', driver: 'virtual', far: { carrier: { holdSeconds: 60 } } }],
          spanGroups: [{ id: 'pstn', spans: ['t1'] }],
          users: ['201', '202', '203'].map((id) => userOf(id, `+12145550${id}`)),
        },
      ),
    );
    await box.start();
    await box.ready();
    [ada, bell, carol] = [await registered('201'), await registered('202'), await registered('203')];
  });
  after(async () => {
    for (const phone of phones) await phone.close();
    await box?.remove();
  });

  /** The next call that comes to this phone. */
  const nextCall = (phone: Phone, meet: (call: PhoneCall) => void): Promise<PhoneCall> =>
    new Promise((resolve) => {
      phone.onCall = (call) => {
        meet(call);
        resolve(call);
      };
    });

  /** One phone calls the other, which answers. */
  async function connected(one: Phone, other: Phone, number: string): Promise<readonly [PhoneCall, PhoneCall]> {
    const came = nextCall(other, (call) => call.accept());
    const call = await one.call(number);
    assert.equal(await call.answered, true);
    return [call, await came];
  }

  function pitch({ media }: PhoneCall): number | undefined {
    const { samples, law } = media.heard;
    const [tone] = measureTones(samples, samples.length - MEASURED, law, 1);
    return tone === undefined ? undefined : Math.round(tone.frequency);
  }

  async function talk(one: PhoneCall, other: PhoneCall, tones: readonly [number, number]): Promise<void> {
    one.media.play({ type: 'tone', frequency: tones[0], level: -12 });
    other.media.play({ type: 'tone', frequency: tones[1], level: -12 });
    await eventually('each hears the other', () => pitch(one) === tones[1] && pitch(other) === tones[0]);
  }

  test('blind, by the one who called: the called party is put through, and says so in NOTIFYs', async () => {
    const [call, other] = await connected(ada, bell, '202');
    await talk(call, other, [620, 1_130]);
    const came = nextCall(carol, (incoming) => {
      incoming.ring();
      incoming.accept();
    });
    assert.equal(await call.refer(`sip:203@${DOMAIN}`), 202);
    const third = await came;
    assert.equal((await call.ended).by, 'far');
    assert.deepEqual(call.notified, ['SIP/2.0 100 Trying', 'SIP/2.0 180 Ringing', 'SIP/2.0 200 OK']);
    assert.match(third.invite?.headers.get('From') ?? '', /202/, 'carol sees who she will talk to');
    await talk(other, third, [700, 1_300]);
    await other.hangUp();
    assert.equal((await third.ended).by, 'far');
  });

  test('blind, by the one who was called, to the PSTN: under his own right, and the caller hears the carrier', async () => {
    const [call, other] = await connected(ada, bell, '202');
    assert.equal(await other.refer(`sip:${MILLIWATT}@${DOMAIN}`), 202);
    await other.ended;
    await eventually('the caller hears the carrier', () => pitch(call) === 1_004);
    await call.hangUp();
  });

  test('a call on the PRI stays up when its phone transfers it', async () => {
    const call = await ada.call(MILLIWATT);
    assert.equal(await call.answered, true);
    await eventually('it hears the carrier', () => pitch(call) === 1_004);
    const came = nextCall(bell, (incoming) => incoming.accept());
    const before = (await box.spans())[0]?.channels.filter(({ state }) => state !== 'idle').map(({ slot }) => slot);
    assert.equal(await call.refer(`sip:202@${DOMAIN}`), 202);
    const other = await came;
    await call.ended;
    await eventually('the other hears the carrier', () => pitch(other) === 1_004);
    const now = (await box.spans())[0]?.channels.filter(({ state }) => state !== 'idle').map(({ slot }) => slot);
    assert.deepEqual(now, before);
    await other.hangUp();
  });

  test('a target that is busy: the transferor hears so, and goes on with his party', async () => {
    const [call, other] = await connected(ada, bell, '202');
    assert.equal(await call.reoffer('sendonly'), 200);
    carol.onCall = (incoming) => incoming.refuse(486);
    assert.equal(await call.refer(`sip:203@${DOMAIN}`), 202);
    await eventually('he is told', () => call.notified.length === 2);
    assert.deepEqual(call.notified, ['SIP/2.0 100 Trying', 'SIP/2.0 486 Busy Here']);
    assert.equal(await call.reoffer('sendrecv'), 200);
    await talk(call, other, [620, 1_130]);
    await call.hangUp();
    await other.ended;
  });

  test('who hangs up right after his REFER is called again when the target does not take the call', async () => {
    const [call, other] = await connected(ada, bell, '202');
    let refuse = (): void => {};
    const came = nextCall(carol, (incoming) => {
      incoming.ring();
      refuse = () => incoming.refuse(486);
    });
    assert.equal(await call.refer(`sip:203@${DOMAIN}`), 202);
    await came;
    await call.hangUp();
    const back = nextCall(ada, (incoming) => incoming.accept());
    refuse();
    await talk(other, await back, [700, 1_300]);
    await other.hangUp();
  });

  test('attended: the transferor speaks to the third first, then the two are joined and he is out of both calls', async () => {
    const [call, other] = await connected(ada, bell, '202');
    assert.equal(await call.reoffer('sendonly'), 200);
    const [consultation, third] = await connected(ada, carol, '203');
    await talk(consultation, third, [620, 1_130]);
    const replaces = encodeURIComponent(consultation.name);
    assert.equal(await call.refer(`sip:203@${DOMAIN}?Replaces=${replaces}`), 202);
    await Promise.all([call.ended, consultation.ended]);
    assert.equal(call.notified.at(-1), 'SIP/2.0 200 OK');
    await talk(other, third, [700, 1_300]);
    await third.hangUp();
    assert.equal((await other.ended).by, 'far');
  });

  test('INVITE with Replaces: another phone of his own takes the call over; a colleague may not', async () => {
    const second = await registered('201');
    const [call, other] = await connected(ada, bell, '202');
    const stranger = await carol.call('202', { headers: [['Replaces', call.name]] });
    assert.equal((await stranger.ended).status, 403);
    const nowhere = await second.call('202', { headers: [['Replaces', 'no-such@call;to-tag=1;from-tag=2']] });
    assert.equal((await nowhere.ended).status, 481);
    const taken = await second.call('202', { headers: [['Replaces', call.name]] });
    assert.equal(await taken.answered, true);
    assert.equal((await call.ended).by, 'far');
    await talk(taken, other, [700, 1_300]);
    await taken.hangUp();
    await other.ended;
  });

  test('nothing of all these calls is left', async () => {
    // Transactions are left alone: theirs is a matter of 32 s, which other tests wait for.
    const isLeft = (what: string): boolean => !what.endsWith('sip_transactions');
    await box.until('nothing is left', async () => !(await box.leftovers()).some(isLeft), 40);
  });
});
