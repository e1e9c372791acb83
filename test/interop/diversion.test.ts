/** Calls that are diverted or ring in turn, between phones and the network's own libpri. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { type Libpri, startLibpri } from '../support/libpri.ts';

const SIP = { address: '127.0.0.1', port: 33_400 };
const SPAN = { ours: 33_410, libpri: 33_440 };

const settings = settingsOf(
  { sip: SIP.port, http: 33_401, media: '33470-33499' },
  {
    spans: [
      {
        id: 't1',
        driver: 'virtual',
        channels: '1-10',
        far: { listen: `127.0.0.1:${SPAN.ours}`, peer: `127.0.0.1:${SPAN.libpri}` },
      },
    ],
    spanGroups: [{ id: 'pstn', spans: ['t1'] }],
    users: [
      { ...userOf('201', '+12145550201'), diversions: { busy: { number: '+12125551234' } } },
      { ...userOf('202', '+12145550202'), diversions: { noAnswer: { user: '203' }, noAnswerSeconds: 5 } },
      userOf('203', '+12145550203'),
      { ...userOf('204'), diversions: { doNotDisturb: true } },
    ],
    dids: [{ number: '+12145550201-+12145550203', to: { user: '201' } }],
  },
);

describe('diversions', () => {
  let box: BoxProcess;
  let libpri: Libpri;
  const phones = new Map<string, Phone>();
  const phone = (user: string): Phone => {
    const found = phones.get(user);
    assert.ok(found !== undefined);
    return found;
  };

  before(async () => {
    const args = ['-a', 'answer', '-A', '20', '-H', '0', '-B', '10'];
    libpri = await startLibpri({ side: 'net', listen: SPAN.libpri, peer: SPAN.ours, args });
    box = await BoxProcess.started(settings);
    await box.ready();
    for (const user of ['201', '202', '203', '204']) {
      const made = await Phone.open({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN });
      phones.set(user, made);
      assert.equal(await made.register(600), 200);
    }
  });
  after(async () => {
    for (const one of phones.values()) await one.close();
    await libpri?.stop();
    await box?.remove();
  });

  test('a call from the network to a busy user leaves again, and the network is told who diverted it', async () => {
    phone('201').onCall = (call) => call.refuse(486);
    libpri.call('2145550201', '9725550123');
    const setup = await libpri.waitFor('setup');
    assert.deepEqual([setup.called, setup.calling, setup.rdnis], ['2125551234', '9725550123', '2145550201']);
    const { cref } = await libpri.waitFor('connect');
    libpri.hangup(Number(cref), 16);

    await box.until('no call is left', async () => (await box.calls()).length === 0);
  });

  test('a diversion that a History-Info tells of is the redirecting number of the ISDN', async () => {
    const before = libpri.events.length;
    const history = '<sip:+12145550299@far.example>;index=1, <sip:+12145550203@far.example;cause=486>;index=1.1;mp=1';
    const call = await phone('203').call('9725551234', { headers: [['History-Info', history]] });
    const setup = await libpri.waitFor('setup', { after: before });
    assert.deepEqual([setup.called, setup.rdnis], ['9725551234', '2145550299']);
    assert.equal(await call.answered, true);
    await call.hangUp();
  });

  test('a user who does not want to be disturbed is busy, and his phone stays silent', async () => {
    let rang = false;
    phone('204').onCall = () => {
      rang = true;
    };
    const call = await phone('201').call('204');
    assert.deepEqual(await call.ended, { by: 'far', status: 486, cause: 17 });
    assert.equal(rang, false);
  });

  test('a phone that is not answered stops ringing after its time, and the colleague’s rings with a Diversion', async () => {
    let first: PhoneCall | undefined;
    let second: PhoneCall | undefined;
    phone('202').onCall = (call) => {
      first = call;
      call.ring();
    };
    phone('203').onCall = (call) => {
      second = call;
      call.ring();
      call.accept();
    };
    const call = await phone('201').call('202');
    assert.equal(await call.answered, true);
    assert.equal((await first?.ended)?.by, 'far');
    assert.match(second?.invite?.headers.get('Diversion') ?? '', /^<sip:\+12145550202@.*reason=no-answer/);
    const history = second?.invite?.headers.all('History-Info') ?? [];
    assert.match(history[0] ?? '', /^<sip:\+12145550202@.*>;index=1$/);
    assert.match(history[1] ?? '', /^<sip:203@.*;cause=408>;index=1\.1;mp=1$/);
    await call.hangUp();
  });
});
