/**
 * Three spans under one D-channel: the primary, one of B-channels alone in the middle, and the backup, with interface identifiers that
 * do not follow their order. libpri is the network.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { SpanView } from '../../src/console/views.ts';
import type { Libpri } from '../support/libpri.ts';
import { PriBranch } from '../support/pri-branch.ts';
import { eventually } from '../support/process.ts';
import { taking } from '../support/taking.ts';

const BASE = 28_300;
const API = `http://127.0.0.1:${BASE + 1}/api/v1`;
/** How the carrier names the spans. */
const FACE = { a: 0, b: 2, c: 1 } as const;
type Name = keyof typeof FACE;
const NAMES: readonly Name[] = ['a', 'b', 'c'];

let branch: PriBranch;
let far: Libpri;

before(async () => {
  const timers = { T200: 0.3, T203: 1 };
  branch = await PriBranch.start({
    base: BASE,
    spans: [
      { id: 'a', side: 'user', timers },
      { id: 'b', side: 'user', timers, dChannel: 'none' },
      { id: 'c', side: 'user', timers },
    ],
    settings: {
      media: { address: '127.0.0.1', driver: 'native', ports: `${BASE + 300}-${BASE + 449}` },
      nfas: [{ id: 'carrier', spans: NAMES, backup: 'c', interfaces: NAMES.map((name) => FACE[name]) }],
      spanGroups: NAMES.map((name) => ({ id: `only-${name}`, spans: [name], hunting: 'descending' })),
      // 9725550 goes to a, 9725551 to b, 9725552 to c.
      routes: NAMES.map((name, i) => ({ id: name, prefixes: [`+1972555${i}`], gateways: [`only-${name}`] })),
    },
  });
  far = await branch.farOfBoth('a', 'c', '-m', '-T', '2000', '-a', 'answer', '-A', '20', '-H', '0');
  await waitForStates('in-service', 'standby');
});
afterEach(async () => {
  await branch.tidy();
  await branch.idle(20);
});
after(() => branch.stop());

const spans = async (): Promise<readonly SpanView[]> =>
  (await (await fetch(`${API}/spans`)).json()) as readonly SpanView[];

const states = (): readonly unknown[] =>
  branch.spans.flatMap(({ member, signalling }) => (member.role === undefined ? [] : signalling.stateOf(member.role)));

async function waitForStates(...wanted: readonly string[]): Promise<void> {
  const reached = (): boolean => JSON.stringify(states()) === JSON.stringify(wanted);
  await eventually(`the D-channels are ${wanted}`, reached, 20).catch(() => assert.deepEqual(states(), wanted));
}

/** The states of a span's B-channels, each once. */
const channels = (name: Name): readonly string[] => {
  const { group } = branch.spans.find(({ setting }) => setting.id === name) ?? {};
  const all = (group?.channelStates() ?? []).filter(({ channel }) => channel.span === name);
  return [...new Set(all.map(({ state }) => state))];
};

const numberOn = (name: Name, last: number): string => `9972555${NAMES.indexOf(name)}00${last}`;

test('what the carrier is told of a channel is the interface’s own identifier, both ways, on all three spans', async () => {
  assert.deepEqual(
    (await spans()).map(({ id, nfas, channels: all, dChannel }) => [
      ...[id, nfas?.interface, nfas?.role, nfas?.state],
      ...[all.length, dChannel.up],
    ]),
    [
      ['a', 0, 'primary', 'in-service', 23, true],
      ['b', 2, 'none', undefined, 24, false],
      ['c', 1, 'backup', 'standby', 23, true],
    ],
  );
  const phone = await branch.phone('201');
  const incoming = taking(phone);
  for (const name of NAMES) {
    const since = far.events.length;
    const call = await phone.call(numberOn(name, 1));
    assert.equal(await call.answered, true);
    const setup = await far.waitFor('setup', { after: since });
    assert.deepEqual([setup.ds1, setup.ch, setup.d], [FACE[name], name === 'b' ? 24 : 23, 0]);
    far.on(FACE[name]);
    far.call('2145550201', '4695550123');
    const connect = await far.waitFor('connect', { after: since });
    assert.deepEqual([connect.ds1, connect.d], [FACE[name], 0]);
    assert.deepEqual(branch.busy(name), [connect.ch, setup.ch]);
    await call.hangUp();
    await incoming.at(-1)?.hangUp();
    await branch.idle(20);
  }
});

test('the middle span’s calls outlive the change to the backup and back', async () => {
  const phone = await branch.phone('201');
  const call = await phone.call(numberOn('b', 1));
  assert.equal(await call.answered, true);
  const cut = far.events.length;
  far.cut(0, 14);
  await waitForStates('out-of-service', 'in-service');
  assert.deepEqual([call.talking, channels('b')], [true, ['idle', 'busy']]);
  await far.waitFor('dchan_up', { fields: { d: 1 }, after: cut });
  const next = await phone.call(numberOn('b', 2));
  assert.equal(await next.answered, true);
  const setup = await far.waitFor('setup', { after: cut });
  assert.deepEqual([setup.ds1, setup.ch, setup.d], [FACE.b, 23, 1]);
  await waitForStates('standby', 'in-service');
  const answer = await fetch(`${API}/nfas/carrier/switch`, { method: 'POST' });
  assert.deepEqual(await answer.json(), { type: 'done', active: 'primary' });
  await waitForStates('in-service', 'standby');
  const back = far.events.length;
  await call.hangUp();
  const { d, cause } = await far.waitFor('disconnect', { after: back });
  assert.deepEqual([d, cause, next.talking], [0, 16, true]);
  await next.hangUp();
});

test('the line of the middle span fails: its channels rest and no D-channel does, and they come back with the line', async () => {
  const phone = await branch.phone('201');
  const call = await phone.call(numberOn('b', 1));
  assert.equal(await call.answered, true);
  const line = branch.box.virtualSpans.get('b');
  const since = far.events.length;
  branch.box.gateway.reactor.run(() => line?.alarm('LOS', true));
  assert.deepEqual([channels('b'), channels('a'), channels('c')], [['out-of-service', 'busy'], ['idle'], ['idle']]);
  assert.deepEqual(states(), ['in-service', 'standby']);
  assert.equal(call.talking, true);
  const refused = await phone.call(numberOn('b', 2));
  assert.equal(await refused.answered, false);
  const other = await phone.call(numberOn('c', 1));
  assert.equal(await other.answered, true);
  const setup = await far.waitFor('setup', { after: since });
  assert.deepEqual([setup.ds1, setup.d], [FACE.c, 0]);
  // The network knows nothing of our alarm, and offers a channel there: another is not to be had on an exclusive one.
  far.on(FACE.b);
  const offered = far.events.length;
  far.call('2145550201', '4695550124');
  const { cause } = await far.waitFor('release', { after: offered });
  assert.equal(cause, 44);
  branch.box.gateway.reactor.run(() => line?.alarm('LOS', false));
  await eventually('its channels are back', () => !channels('b').includes('out-of-service'), 20);
  assert.deepEqual(channels('b'), ['idle', 'busy']);
  const again = far.events.length;
  const next = await phone.call(numberOn('b', 3));
  assert.equal(await next.answered, true);
  assert.equal((await far.waitFor('setup', { after: again })).ds1, FACE.b);
  await Promise.all([call, other, next].map((one) => one.hangUp()));
});

test('the doctor asks no D-channel of the span that has none', async () => {
  const verdicts = (await (await fetch(`${API}/diagnosis`)).json()) as { span: string; diagnoses: { id: string }[] }[];
  assert.deepEqual(
    verdicts.map(({ span, diagnoses }) => [span, diagnoses.map(({ id }) => id)]),
    NAMES.map((name) => [name, ['well']]),
  );
});

test('nothing that crossed the D-channels is malformed', async () => {
  assert.deepEqual(await branch.faults(), []);
});
