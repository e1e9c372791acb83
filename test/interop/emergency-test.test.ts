/** Emergency calls are tried out before anybody needs them: place, ELIN, who is told and the call back, without the real answering point. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import { correlate, kit } from '../support/bchan.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { eventually } from '../support/process.ts';
import { writeWav } from '../support/wav.ts';

const SIP = { address: '127.0.0.1', port: 34_600 };
const RECORDING = kit('audio/markerA.wav');
const ELIN = '+12145550290';

describe('an emergency call that is tried out', () => {
  let box: BoxProcess;
  let caller: Phone;
  let guard: Phone;
  const back: PhoneCall[] = [];
  const told: PhoneCall[] = [];

  before(async () => {
    const carrier = { driver: 'virtual', far: { carrier: {} }, channels: '1-4' };
    box = await BoxProcess.started(
      settingsOf(
        { sip: SIP.port, http: 34_601, media: '61200-61299' },
        {
          spans: [
            { id: 't1', ...carrier },
            { id: 'answering-point', ...carrier },
          ],
          spanGroups: [
            { id: 'pstn', spans: ['t1'] },
            { id: 'psap', spans: ['answering-point'] },
          ],
          users: [userOf('201', '+12145550201'), userOf('202', '+12145550202')],
          announcements: [{ id: 'help', file: RECORDING }],
          emergency: {
            test: { number: '933', gateways: ['psap'] },
            locations: [
              { id: 'hq', name: 'Building 1', elins: [ELIN], users: ['201'], notify: ['202'], announcement: 'help' },
            ],
          },
        },
      ),
    );
    await box.ready();
    const phone = (user: string) => Phone.open({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN });
    caller = await phone('201');
    guard = await phone('202');
    for (const one of [caller, guard]) assert.equal(await one.register(600), 200);
    guard.onCall = (call) => {
      told.push(call);
      call.accept();
    };
    caller.onCall = (call) => {
      back.push(call);
      call.accept();
    };
  });
  after(async () => {
    await caller?.close();
    await guard?.close();
    await box?.remove();
  });

  test('it reaches the simulated answering point alone, which calls the ELIN back', async () => {
    const call = await caller.call('933');
    assert.equal(await call.answered, true);
    const calls = (await box.calls()).map((one) => one.legs.map((leg) => leg.with).join(' to '));
    assert.ok(calls.includes('user 201 to span-group psap'), `${calls}`);
    assert.ok(!`${calls}`.includes('pstn'), `${calls}`);
    await call.ended;
    await eventually('the answering point calls back', () => back.length === 1);
    assert.match(back[0]?.invite?.headers.get('From') ?? '', /SIMULATED|911/);
    await back[0]?.hangUp();
    const metrics = await box.metrics();
    assert.match(metrics, /branchline_emergency_events\{event="emergency\.test"\} 1/);
    assert.match(metrics, /branchline_emergency_events\{event="emergency\.call"\} 0/);
    assert.match(metrics, /branchline_emergency_events\{event="emergency\.call-back"\} 1/);
  });

  test('who is to know is told, and that it is a test', async () => {
    await eventually('the message is there', () => guard.events.some(({ what }) => what.startsWith('MESSAGE')));
  });

  test('he is called as well, shown the ELIN and what it is about, and hears the place’s announcement to its end', async () => {
    const [call] = told;
    assert.ok(call !== undefined);
    assert.match(call.invite?.headers.get('From') ?? '', /TEST of an emergency call, Building 1.*\+12145550290@/);
    assert.deepEqual(await call.ended, { by: 'far', status: undefined, cause: 16 });
    const heard = join(mkdtempSync(join(tmpdir(), 'branchline-notice-')), 'heard.wav');
    writeWav(heard, call.media.heard.samples);
    const right = await correlate(RECORDING, heard);
    rmSync(dirname(heard), { recursive: true });
    assert.ok(right.peak >= 0.95 && right.coverage >= 0.9, JSON.stringify(right));
  });
});
