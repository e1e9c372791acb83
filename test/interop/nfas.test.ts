/** Two spans under one D-channel with a backup, libpri with `pri_enslave` at the far end: what is lost when one is cut. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { SpanView } from '../../src/console/views.ts';
import type { Libpri } from '../support/libpri.ts';
import { PriBranch } from '../support/pri-branch.ts';
import { eventually, Program } from '../support/process.ts';
import { taking } from '../support/taking.ts';
import { judge } from '../support/tshark.ts';

const BASE = 27_500;
const API = `http://127.0.0.1:${BASE + 1}/api/v1`;

let branch: PriBranch;
let far: Libpri;

before(async () => {
  // By the standard's own timers a link that is cut is known to be down after some 13 s; here it need not last so long.
  const timers = { T200: 0.5, T203: 1 };
  branch = await PriBranch.start({
    base: BASE,
    spans: [
      { id: 'a', side: 'user', timers },
      { id: 'b', side: 'user', timers },
    ],
    settings: {
      nfas: [{ id: 'carrier', spans: ['a', 'b'], backup: 'b' }],
      spanGroups: [{ id: 'pstn', spans: ['a', 'b'], hunting: 'descending' }],
      routes: [{ id: 'out', prefixes: ['+1'], gateways: ['pstn'] }],
    },
  });
  far = await branch.farOfBoth('a', 'b', '-m', '-T', '2000', '-a', 'answer', '-A', '20', '-H', '0');
  await waitForStates('in-service', 'standby');
});
afterEach(async () => {
  await branch.tidy();
  await branch.idle();
});
after(() => branch.stop());

async function spans(): Promise<readonly SpanView[]> {
  return (await (await fetch(`${API}/spans`)).json()) as readonly SpanView[];
}

const states = (): readonly unknown[] =>
  branch.spans.map(({ member, signalling }) => member.role && signalling.stateOf(member.role));

async function waitForStates(...wanted: readonly string[]): Promise<void> {
  const reached = (): boolean => JSON.stringify(states()) === JSON.stringify(wanted);
  await eventually(`the D-channels are ${wanted}`, reached, 40).catch(() => assert.deepEqual(states(), wanted));
}

test('one D-channel carries the calls of both spans, each named by its interface', async () => {
  const phone = await branch.phone('201');
  const incoming = taking(phone);
  const out = await phone.call('99725551234');
  assert.equal(await out.answered, true);
  far.on(1);
  far.call('2145550201', '4695550123');
  const { ch, ds1, d } = await far.waitFor('connect', { fields: { ds1: 1 } });
  assert.deepEqual([ds1, d], [1, 0]);
  assert.deepEqual([branch.busy('a'), branch.busy('b')], [[23], [ch]]);
  const setup = await far.waitFor('setup');
  assert.deepEqual([setup.ds1, setup.ch, setup.d], [0, 23, 0]);
  assert.deepEqual(
    (await spans()).map(({ nfas, dChannel }) => [nfas?.group, nfas?.interface, nfas?.role, nfas?.state, dChannel.up]),
    [
      ['carrier', 0, 'primary', 'in-service', true],
      ['carrier', 1, 'backup', 'standby', true],
    ],
  );
  await Promise.all([out, ...incoming].map((call) => call.hangUp()));
});

test('the primary D-channel is cut: calls stay, new ones go over the backup, and by command it goes back', async () => {
  const phone = await branch.phone('201');
  const incoming = taking(phone);
  const out = await phone.call('99725551234');
  assert.equal(await out.answered, true);
  far.on(1);
  const before = far.events.length;
  far.call('2145550201', '4695550123');
  await far.waitFor('connect', { fields: { ds1: 1 }, after: before });
  const cut = far.events.length;
  far.cut(0, 14);
  await waitForStates('out-of-service', 'in-service');
  // libpri is told by SERVICE that the backup carries the calls from here on.
  await far.waitFor('dchan_up', { fields: { d: 1 }, after: cut });
  await far.waitFor('dchan_down', { fields: { d: 0 }, after: cut });
  assert.deepEqual([out.talking, incoming[0]?.talking], [true, true]);

  const next = await phone.call('99725551235');
  assert.equal(await next.answered, true);
  assert.equal((await far.waitFor('setup', { after: cut })).d, 1);
  far.call('2145550201', '4695550124');
  assert.equal((await far.waitFor('connect', { after: cut })).d, 1);
  await eventually('the alarm of the cut one stands', () => alarmsOf('a').includes('d-channel-down'));
  assert.deepEqual(alarmsOf('b'), []);

  // What began over the primary ends over the backup.
  await out.hangUp();
  assert.deepEqual(pick(await far.waitFor('disconnect', { after: cut })), { d: 1, cause: 16 });
  await waitForStates('standby', 'in-service');

  const answer = await fetch(`${API}/nfas/carrier/switch`, { method: 'POST' });
  assert.deepEqual(await answer.json(), { type: 'done', active: 'primary' });
  await waitForStates('in-service', 'standby');
  const switched = far.events.length;
  const last = await phone.call('99725551236');
  assert.equal(await last.answered, true);
  assert.equal((await far.waitFor('setup', { after: switched })).d, 0);
  assert.deepEqual([next.talking, ...incoming.map(({ talking }) => talking)], [true, true, true]);
  await Promise.all([next, last, ...incoming].map((call) => call.hangUp()));
});

const alarmsOf = (id: string): readonly string[] =>
  branch.spans
    .find(({ setting }) => setting.id === id)
    ?.watch.state()
    .alarms.map((alarm) => alarm.id) ?? [];

const pick = ({ d, cause }: Readonly<Record<string, unknown>>): unknown => ({ d, cause });

test('both D-channels are cut: a call that was answered waits for them, and goes on', async () => {
  const phone = await branch.phone('201');
  const call = await phone.call('99725551234');
  assert.equal(await call.answered, true);
  far.cut(0, 8);
  far.cut(1, 8);
  await waitForStates('out-of-service', 'out-of-service');
  assert.equal(call.talking, true);
  assert.deepEqual([...branch.box.gateway.spans.unavailable.values()], ['its D-channels are down']);
  await eventually('a D-channel is in service', () => states().includes('in-service'), 40);
  const back = far.events.length;
  await call.hangUp();
  assert.equal((await far.waitFor('disconnect', { after: back })).cause, 16);
});

test('the line of the primary fails: its calls stay, its channels rest, new calls are on the other span', async () => {
  const phone = await branch.phone('201');
  const call = await phone.call('99725551234');
  assert.equal(await call.answered, true);
  assert.deepEqual(branch.busy('a'), [23]);
  const line = branch.box.virtualSpans.get('a');
  branch.box.gateway.reactor.run(() => line?.alarm('LOS', true));
  await waitForStates('out-of-service', 'in-service');
  assert.equal(call.talking, true);
  const since = far.events.length;
  const next = await phone.call('99725551235');
  assert.equal(await next.answered, true);
  const setup = await far.waitFor('setup', { after: since });
  assert.deepEqual([setup.d, setup.ds1], [1, 1]);
  const resting = (await spans())[0]?.channels.filter(({ state }) => state === 'out-of-service').length;
  assert.equal(resting, 22);
  await eventually('one alarm stands, the one that explains the rest', () => alarmsOf('a').join() === 'line-los');
  await call.hangUp();
  assert.deepEqual(pick(await far.waitFor('disconnect', { after: since })), { d: 1, cause: 16 });
  branch.box.gateway.reactor.run(() => line?.alarm('LOS', false));
  await waitForStates('standby', 'in-service');
  await next.hangUp();
});

test('a configuration without the group parts the spans, and with it they are one again', async () => {
  const file = join(branch.folder, 'site.yaml');
  const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const apply = async (site: unknown): Promise<unknown> =>
    (await (await fetch(`${API}/config?confirm=0`, { method: 'POST', body: JSON.stringify(site) })).json()) as unknown;
  const groups = async (): Promise<unknown> => (await spans()).map(({ nfas }) => nfas?.group);
  const parted = (await apply({ ...settings, nfas: [] })) as { readonly type: string };
  assert.equal(parted.type, 'applied', JSON.stringify(parted));
  assert.deepEqual(await groups(), [undefined, undefined]);
  await eventually('each has its own D-channel', () => branch.up('a') && branch.up('b'), 40);
  const joined = (await apply(settings)) as { readonly type: string };
  assert.equal(joined.type, 'applied', JSON.stringify(joined));
  assert.deepEqual(await groups(), ['carrier', 'carrier']);
  await eventually('a D-channel is in service', () => states().includes('in-service'), 40);
});

test('a switch-over that is asked of nobody, or of a group that is not there, is refused', async () => {
  const answer = await fetch(`${API}/nfas/nobody/switch`, { method: 'POST' });
  assert.deepEqual([answer.status, await answer.json()], [404, { error: 'there is no NFAS group nobody' }]);
});

test('a capture of both D-channels is read by tshark, each its own interface, with both directions', async () => {
  const begun = await fetch(`${API}/capture?seconds=60`, { method: 'POST' });
  assert.equal(begun.status, 200);
  const phone = await branch.phone('201');
  const call = await phone.call('99725551234');
  assert.equal(await call.answered, true);
  await call.hangUp();
  await branch.idle();
  await fetch(`${API}/capture/end`, { method: 'POST' });
  const file = join(branch.folder, 'd.pcapng');
  writeFileSync(file, new Uint8Array(await (await fetch(`${API}/capture/file`)).arrayBuffer()));
  const fields = ['frame.interface_name', 'frame.packet_flags_direction', 'q931.message_type'];
  const { stdout } = await new Program('tshark', [
    ...['-r', file, '-Y', 'q931.message_type', '-T', 'fields'],
    ...fields.flatMap((field) => ['-e', field]),
  ]).finished;
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const seen = lines.map(([face, direction, type]) => [face, Number(direction), Number(type)].join(' '));
  // SETUP goes out, CONNECT comes in, over the D-channel in service.
  const serving = branch.spans.find(({ member, signalling }) => member.role === signalling.active)?.setting.id;
  assert.ok(seen.includes(`${serving} 2 5`) && seen.includes(`${serving} 1 7`), stdout);
  assert.deepEqual((await judge(file)).faults, []);
});

test('nothing that crossed the D-channels is malformed', async () => {
  assert.deepEqual(await branch.faults(), []);
});
