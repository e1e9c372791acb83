/**
 * An emergency in the worst hour: every B-channel taken, every gateway throttled, the core and all other trunks dead, the caller known to
 * nobody. It goes out, and the call back finds him.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import type { ExplainView } from '../../src/console/views.ts';
import { Reader } from '../../src/store/reader.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { type Libpri, type LibpriEvent, startLibpri } from '../support/libpri.ts';
import { eventually } from '../support/process.ts';
import { FreeTime } from '../support/stalled.ts';

const SIP = { address: '127.0.0.1', port: 33_000 };
const SPAN = { ours: 33_100, libpri: 33_150 };
const CHANNELS = 23;
/** An emergency call is with the network so many milliseconds after the INVITE, on a machine that has nothing else to do. */
const OUT_WITHIN = 2000;
const ELIN = '+12145550290';
/** Of the other building. */
const OTHER_ELIN = '+12145550291';
/** In the warehouse's subnet. */
const STRANGER = '127.0.0.77';

const settings = settingsOf(
  { sip: SIP.port, http: 33_001, media: '33200-33399' },
  {
    spans: [
      {
        id: 't1',
        driver: 'virtual',
        far: { listen: `127.0.0.1:${SPAN.ours}`, peer: `127.0.0.1:${SPAN.libpri}` },
      },
    ],
    spanGroups: [{ id: 'pstn', spans: ['t1'] }],
    // Nobody is at these addresses.
    sipTrunks: ['core', 'carrier'].map((id, i) => ({
      id,
      address: `127.0.0.${98 + i}`,
      port: 5060,
      patienceSeconds: 0.5,
    })),
    users: [userOf('201', '+12145550201'), userOf('202', '+12145550202')],
    dids: [{ number: '+12145550201', to: { user: '201' } }],
    limits: { callsPerUser: 40 },
    routes: [
      { id: 'local', prefixes: ['+1214'], gateways: ['pstn'] },
      { id: 'far', prefixes: ['+1972'], gateways: ['core', 'carrier', 'pstn'] },
    ],
    throttle: { failures: 1, minutes: 60, probeSeconds: 600 },
    emergency: {
      locations: [
        { id: 'hq', name: 'Building 1', elins: [OTHER_ELIN], subnets: ['127.0.0.0/8'] },
        { id: 'warehouse', name: 'Warehouse', elins: [ELIN], subnets: ['127.0.0.64/26'], notify: ['202'] },
      ],
    },
  },
);

describe('an emergency call with every channel taken and every gateway throttled', () => {
  let box: BoxProcess;
  let libpri: Libpri;
  let colleague: Phone;
  let guard: Phone;
  /** It never registers, and its user is nobody's. */
  let stranger: Phone;
  const calls: PhoneCall[] = [];
  const called: PhoneCall[] = [];
  const help: PhoneCall[] = [];

  before(async () => {
    libpri = await startLibpri({
      side: 'net',
      listen: SPAN.libpri,
      peer: SPAN.ours,
      args: ['-a', 'answer', '-A', '20', '-H', '0', '-B', String(CHANNELS), '-X', '0'],
    });
    box = await BoxProcess.started(settings);
    await box.ready();
    const phoneOf = (user: string, local = '127.0.0.1'): Promise<Phone> =>
      Phone.open({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN, local });
    colleague = await phoneOf('201');
    guard = await phoneOf('202');
    stranger = await phoneOf('visitor', STRANGER);
    assert.equal(await colleague.register(600), 200);
    assert.equal(await guard.register(600), 200);
    stranger.onCall = (call) => {
      called.push(call);
      call.ring();
      call.accept();
    };
    for (let n = 1; n < CHANNELS; n++) calls.push(await colleague.call('5551234'));
    for (const call of calls) assert.equal(await call.answered, true);
    await throttleAll();
    // The last channel: by now only the network can take it.
    colleague.onCall = (call) => {
      calls.push(call);
      call.accept();
    };
    libpri.call('2145550201', '9725550100');
    await eventually(
      'the call from the network is up',
      () => calls.at(-1)?.talking === true && calls.length === CHANNELS,
    );
  });
  after(async () => {
    await colleague?.close();
    await guard?.close();
    await stranger?.close();
    await libpri?.stop();
    await box?.remove();
  });

  /** The D-channel is silent for a while, in which an ordinary call tries every gateway in vain; the calls that are up stay up. */
  async function throttleAll(): Promise<void> {
    libpri.down(8);
    assert.equal(await (await colleague.call('9725551234')).answered, false);
    await box.until('the D-channel is up again', async () => (await box.spans())[0]?.dChannel.up === true, 40);
    const { lines } = await box.json<ExplainView>('/api/v1/explain?from=201&dial=9725551234');
    for (const id of ['core', 'carrier', 'pstn'])
      assert.match(lines.join('\n'), new RegExp(`not ${id}, which is throttled`));
    assert.equal((await box.calls()).length, CHANNELS - 1);
  }

  const idle = async (): Promise<number> =>
    (await box.spans())[0]?.channels.filter(({ state }) => state === 'idle').length ?? 0;

  const setups = (): readonly LibpriEvent[] => libpri.events.filter(({ ev }) => ev === 'setup');

  test('it goes out within two seconds on the channel of the newest call, under the ELIN of the caller’s subnet', async (t) => {
    const [spans] = await box.spans();
    assert.ok(spans?.channels.every(({ state }) => state !== 'idle'));
    const seen = setups().length;
    const since = new FreeTime();
    const call = await stranger.call('9911');
    help.push(call);
    await eventually('the network has the call', () => setups().length > seen);
    const { free, passed } = since;
    t.diagnostic(`with the network after ${passed.toFixed(0)} ms`);
    assert.ok(free < OUT_WITHIN, `${passed} ms, of which ${free} ms were the gateway's`);
    const setup = setups().at(-1);
    assert.equal(setup?.called, '911');
    assert.equal(setup?.calling, ELIN.slice(2));
    assert.equal(await call.answered, true);
    // 8: preemption.
    assert.deepEqual(await calls.at(-1)?.ended, { by: 'far', status: undefined, cause: 8 });
    assert.equal((await box.calls()).length, CHANNELS);
  });

  test('central is told by an event, kept like a call record until it is acknowledged', async () => {
    const reader = new Reader(join(box.folder, 'state'));
    try {
      const events = () => reader.outbox(0, 500).map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
      const found = () => events().find(({ type, id }) => type === 'event' && id === 'emergency.call');
      await eventually('the event stands in the outbox', () => found() !== undefined);
      const { location, elin, dialled } = (found()?.facts ?? {}) as Record<string, unknown>;
      assert.deepEqual({ location, elin, dialled }, { location: 'warehouse', elin: ELIN, dialled: '9911' });
    } finally {
      reader.close();
    }
    assert.match(await box.metrics(), /branchline_emergency_events\{event="emergency\.call"\} 1/);
    assert.equal(await box.metric('branchline_elins_held'), 1);
  });

  test('those who are to know are told by a message', async () => {
    await eventually('the message is there', () => guard.events.some(({ what }) => what.startsWith('MESSAGE')));
  });

  test('an ordinary call that finds no channel is still refused, and ends nobody’s', async () => {
    const more = await colleague.call('5551234');
    assert.equal(await more.answered, false);
    assert.equal((await box.calls()).length, CHANNELS);
  });

  test('the answering point’s call back rings the phone that called, though it never registered', async () => {
    await help[0]?.hangUp();
    await box.until('its channel is free again', async () => (await idle()) === 1);
    const before = libpri.events.length;
    libpri.call(ELIN.slice(2), '911');
    await eventually('the phone rings', () => called.length === 1);
    const { cref } = await libpri.waitFor('connect', { after: before });
    libpri.hangup(Number(cref), 16);
    assert.deepEqual(await called[0]?.ended, { by: 'far', status: undefined, cause: 16 });
  });

  test('and it still does after a kill -9', async () => {
    await box.kill();
    await box.start();
    await box.ready();
    const before = libpri.events.length;
    libpri.call(ELIN.slice(2), '911');
    await eventually('the phone rings', () => called.length === 2);
    await libpri.waitFor('connect', { after: before });
    await called[1]?.hangUp();
  });
});
