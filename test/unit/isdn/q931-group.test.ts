import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChannelChoice } from '../../../src/isdn/q931/primitives.ts';
import { summarise } from '../../../src/isdn/q931/summary.ts';
import { E1_SLOTS, T1_SLOTS, VARIANTS } from '../../../src/isdn/q931/variants.ts';
import { Ladder } from '../../support/q931-ladder.ts';
import { End, Pair, SETUP, SPAN, talking } from '../../support/q931-pair.ts';

const slot = (n: number, exclusive = true): ChannelChoice => ({
  type: 'one',
  channel: { span: 't1', slot: n },
  exclusive,
});
const any = (order: 'ascending' | 'descending' | 'round-robin'): ChannelChoice => ({
  type: 'any',
  order,
  exclusive: true,
});

/** The slots that calls of these choices get, one after the other. */
function slots(choices: readonly ChannelChoice[]): (number | undefined)[] {
  const ladder = new Ladder('user');
  return choices.map((channel) => ladder.group.record(ladder.call({ channel }))?.slot);
}

test('channels are hunted in the order that was asked for', () => {
  assert.deepEqual(slots([any('ascending'), any('ascending'), any('descending'), any('descending')]), [1, 2, 23, 22]);
  assert.deepEqual(slots([slot(2), any('round-robin'), any('round-robin'), any('round-robin')]), [2, 1, 3, 4]);
});

test('round robin goes on where it was although channels have come free behind it', () => {
  const ladder = new Ladder('user');
  for (let call = 1; call <= 24; call++) {
    const handle = ladder.call({ channel: any('round-robin') });
    assert.equal(ladder.group.record(handle)?.slot, ((call - 1) % 23) + 1);
    ladder.hear(`08028${call.toString(16).padStart(3, '0')}5a08028291`);
  }
});

test('a channel that is taken is refused with 44, a full group with 34', () => {
  const ladder = new Ladder('user');
  ladder.call({ channel: slot(3) });
  ladder.lines();
  ladder.call({ channel: slot(3) });
  assert.deepEqual(ladder.lines(), ['! release 44']);
  for (let i = 0; i < 22; i++) ladder.call();
  ladder.lines();
  ladder.call();
  assert.deepEqual(ladder.lines(), ['! release 34']);
});

test('§5.1.2: a preferred channel may be changed by the answer, an exclusive one may not', () => {
  const ladder = new Ladder('user');
  const preferred = ladder.call({ channel: slot(1, false) });
  ladder.hear('08028001' + '02' + '1803a98385').lines();
  assert.equal(ladder.group.record(preferred)?.slot, 5);
  assert.equal(ladder.state(1), 'idle');
  ladder.call({ channel: slot(2) });
  ladder.lines();
  ladder.hear('08028002' + '02' + '1803a98386');
  assert.deepEqual(ladder.lines(), ['> 2 disconnect 08:80ac', '! disconnect 44']);
});

test('a channel that the answer names but another call holds is not shared', () => {
  const ladder = new Ladder('user');
  ladder.call({ channel: slot(5) });
  ladder.call({ channel: slot(1, false) });
  ladder.lines();
  ladder.hear('08028002' + '02' + '1803a98385');
  assert.deepEqual(ladder.lines(), ['> 2 disconnect 08:80ac', '! disconnect 44']);
});

const incoming = (ref: number, channel: string): string =>
  `080200${ref.toString(16).padStart(2, '0')}0504038090a2${channel}`;

test('§5.2.3.1: an incoming call gets the channel it prefers or another, and exactly the one it insists on', () => {
  const ladder = new Ladder('network');
  ladder.call({ channel: slot(1) });
  ladder.hear(incoming(1, '1803a18381')).lines();
  assert.deepEqual(ladder.hear(incoming(2, '1803a98382')).lines(), ['> ~2 release-complete 08:82ac']);
  // The first took 2 in place of the 1 that it preferred; the second insisted on 2.
  assert.deepEqual(
    ladder.group.records().map((r) => r.slot),
    [1, 2],
  );
  assert.deepEqual(ladder.hear(incoming(3, '1803a98381')).lines(), ['> ~3 release-complete 08:82ac']);
  assert.deepEqual(ladder.hear(incoming(4, '1803a9839f')).lines(), ['> ~4 release-complete 08:82d2']);
});

test('§5.7: of two calls on one channel the network’s wins, at both ends, and neither end hangs', () => {
  for (const exclusive of [true, false]) {
    const pair = new Pair();
    pair.linkUp();
    const ours = pair.call(pair.user, { channel: slot(1, exclusive) });
    const theirs = pair.call(pair.network, { channel: slot(1) });
    pair.settle();
    const at = pair.incoming(pair.user);
    assert.equal(pair.user.group.record(at)?.slot, 1);
    pair.request(pair.user, at, { type: 'connect' });
    pair.settle();
    assert.ok(pair.network.of(theirs).includes('connect'));
    if (exclusive) {
      assert.equal(pair.user.last('release')?.cause.cause, 44);
    } else {
      const other = pair.incoming(pair.network);
      pair.request(pair.network, other, { type: 'connect' });
      pair.settle();
      assert.ok(pair.user.of(ours).includes('connect'));
      assert.equal(pair.user.group.record(ours)?.slot, 2);
    }
  }
});

test('RESTART of one channel clears its call at both ends and nothing else', () => {
  const pair = new Pair();
  pair.linkUp();
  const one = talking(pair, 'user');
  const two = talking(pair, 'network');
  const before = pair.user.group.record(one.caller)?.slot ?? 0;
  pair.feed(pair.network, { type: 'restart', channels: [{ span: 't1', slot: before }] });
  pair.settle();
  assert.equal(pair.user.of(one.caller).at(-1), 'release');
  assert.equal(pair.network.of(one.called).at(-1), 'release');
  assert.equal(pair.user.group.record(two.called)?.state, 10);
  assert.equal(pair.user.busy(), 1);
  assert.equal(pair.network.busy(), 1);
});

test('RESTART of the whole interface clears every call', () => {
  const pair = new Pair();
  pair.linkUp();
  for (const side of ['user', 'network', 'user'] as const) talking(pair, side);
  pair.feed(pair.user, { type: 'restart', channels: 'all' });
  pair.settle();
  assert.deepEqual([pair.user.busy(), pair.network.busy()], [0, 0]);
  assert.ok(pair.user.group.channelStates().every((c) => c.state === 'idle'));
});

test('channels that are being restarted carry no call until the peer has answered', () => {
  const ladder = new Ladder('user');
  ladder.feed({ type: 'restart', channels: 'all' });
  assert.deepEqual(ladder.lines(), ['> 0 restart 79:86']);
  ladder.call();
  assert.deepEqual(ladder.lines(), ['! release 34']);
  ladder.hear('08028000' + '4e' + '790186');
  ladder.call();
  assert.equal(ladder.lines()[0]?.startsWith('> 1 setup'), true);
});

test('a RESTART that was out when the link was lost is sent again', () => {
  const ladder = new Ladder('user');
  ladder.feed({ type: 'restart', channels: [{ span: 't1', slot: 4 }] }).feed({ type: 'dl-released' });
  ladder.wait(500);
  ladder.lines();
  ladder.feed({ type: 'dl-established' });
  assert.deepEqual(ladder.lines(), ['> 0 restart 18:a98384 79:80']);
});

test('RESTART of channels that we don’t have is answered by STATUS 82', () => {
  const ladder = new Ladder('user');
  ladder.hear('08020000' + '46' + '1803a9839f' + '790180');
  assert.deepEqual(ladder.lines(), ['> 0 status 08:80d2 14:00']);
});

test('a group that is told to, restarts everything when its link first comes up', () => {
  const pair = new Pair({ restartAtStart: true });
  pair.linkUp();
  pair.settle();
  assert.ok(pair.user.group.channelStates().every((c) => c.state === 'idle'));
  pair.linkDown();
  pair.linkUp();
  assert.equal(pair.user.sent.length, 0);
});

test('calls of a process that died are cleared by its successor, on the wire and at the far end', () => {
  const pair = new Pair();
  pair.linkUp();
  const outgoing = talking(pair, 'user');
  const ingoing = talking(pair, 'network');
  const records = JSON.parse(JSON.stringify(pair.user.group.records()));
  const next = new Pair();
  pair.linkDown();
  next.feed(next.user, { type: 'adopt', records });
  assert.equal(next.user.busy(), 2);
  next.feed(next.user, { type: 'dl-established' });
  pair.feed(pair.network, { type: 'dl-established' });
  for (const data of next.user.sent) pair.feed(pair.network, { type: 'dl-data', data, at: 0 });
  assert.equal(pair.network.of(outgoing.called).at(-1), 'release');
  assert.equal(pair.network.of(ingoing.caller).at(-1), 'release');
  assert.equal(pair.network.last('release')?.cause.cause, 41);
  for (const data of pair.network.sent) next.feed(next.user, { type: 'dl-data', data, at: 0 });
  assert.deepEqual(next.user.group.records(), []);
  assert.equal(next.user.busy(), 0);
  assert.deepEqual(next.user.indications, []);
});

test('who restarts everything still releases the calls of the process that died by their references, and before that', () => {
  const pair = new Pair();
  pair.linkUp();
  talking(pair, 'user');
  talking(pair, 'network');
  const records = pair.user.group.records();
  const next = new Pair({ restartAtStart: true });
  next.feed(next.user, { type: 'adopt', records });
  next.feed(next.user, { type: 'dl-established' });
  const said = next.user.sent.map((data) => summarise(data, 0).text);
  assert.deepEqual(said, ['RELEASE cause 41', 'RELEASE cause 41', 'RESTART']);
});

test('SERVICE takes a channel out at both ends and back', () => {
  const pair = new Pair();
  pair.linkUp();
  const states = (): (string | undefined)[] =>
    [pair.user, pair.network].map((e) => e.group.channelStates().find((c) => c.channel.slot === 9)?.state);
  pair.feed(pair.user, { type: 'service', channel: { span: 't1', slot: 9 }, inService: false });
  pair.settle();
  assert.deepEqual(states(), ['out-of-service', 'out-of-service']);
  // A peer that lost the link is told again.
  pair.linkDown();
  pair.linkUp();
  assert.equal(pair.user.sent.length, 1);
  pair.feed(pair.user, { type: 'service', channel: { span: 't1', slot: 9 }, inService: true });
  pair.settle();
  assert.deepEqual(states(), ['idle', 'idle']);
});

test('SERVICE that a reset of the link has swallowed is said again, and once the peer has heard it no more', () => {
  const pair = new Pair();
  pair.linkUp();
  const states = (): (string | undefined)[] =>
    [pair.user, pair.network].map((e) => e.group.channelStates().find((c) => c.channel.slot === 9)?.state);
  const service = (inService: boolean): void =>
    pair.feed(pair.user, { type: 'service', channel: { span: 't1', slot: 9 }, inService });
  service(false);
  pair.settle();
  service(true);
  // It was on its way.
  pair.user.sent.length = 0;
  pair.linkDown();
  pair.linkUp();
  pair.settle();
  assert.deepEqual(states(), ['idle', 'idle']);
  pair.user.sent.length = 0;
  pair.linkDown();
  pair.linkUp();
  assert.equal(pair.user.sent.length, 0);
});

test('SERVICE is in the octets that the switch types use', () => {
  for (const [name, pd, type] of [
    ['ni2', 0x43, 0x07],
    ['4ess', 0x03, 0x0f],
    ['5ess', 0x03, 0x0f],
  ] as const) {
    const pair = new Pair({ variant: VARIANTS[name] });
    pair.linkUp();
    pair.feed(pair.user, { type: 'service', channel: { span: 't1', slot: 9 }, inService: false });
    assert.deepEqual([...(pair.user.sent[0] ?? [])], [pd, 2, 0, 0, type, 1, 1, 0xc2, 0x18, 3, 0xa9, 0x83, 0x89]);
  }
});

test('a call on a channel that goes out of service lives on; the channel rests after it', () => {
  const pair = new Pair();
  pair.linkUp();
  const { caller } = talking(pair, 'user');
  pair.feed(pair.network, { type: 'service', channel: { span: 't1', slot: 1 }, inService: false });
  pair.settle();
  assert.equal(pair.user.group.record(caller)?.state, 10);
  pair.request(pair.user, caller, { type: 'release', cause: 16 });
  pair.settle();
  pair.request(pair.network, pair.incoming(pair.network), { type: 'release', cause: 16 });
  pair.settle();
  assert.equal(pair.user.group.channelStates()[0]?.state, 'out-of-service');
});

test('NFAS: one D-channel carries the calls of several spans, named by interface', () => {
  const spans = [
    { id: 'a', interface: 0, slots: T1_SLOTS },
    { id: 'b', interface: 1, slots: [...T1_SLOTS, 24] },
  ];
  const pair = new Pair({ spans }, { spans });
  pair.linkUp();
  const handle = pair.call(pair.user, { channel: { type: 'any', order: 'descending', exclusive: true } });
  const [setup] = pair.user.sent;
  assert.ok(setup !== undefined && Buffer.from(setup).toString('hex').includes('1804e9818398'));
  pair.settle();
  assert.deepEqual(pair.network.last('setup')?.channel, { span: 'b', slot: 24 });
  assert.deepEqual(pair.user.group.record(handle)?.span, 'b');
});

test('an E1 has no call on slot 16', () => {
  const pair = new Pair({ spans: [{ ...SPAN, slots: E1_SLOTS }] });
  pair.linkUp();
  for (let i = 0; i < 30; i++) pair.call(pair.user);
  const used = pair.user.group.records().map((r) => r.slot);
  assert.equal(new Set(used).size, 30);
  assert.ok(!used.includes(16));
});

test('more calls at once than the group may hold are refused with 42, both ways', () => {
  const ladder = new Ladder('user', { maxCalls: 1 });
  ladder.call();
  ladder.lines();
  ladder.call();
  assert.deepEqual(ladder.lines(), ['! release 42']);
  assert.deepEqual(ladder.hear(incoming(1, '1803a98385')).lines(), ['? limit', '> ~1 release-complete 08:80aa']);
});

test('a call reference is not given to a second call while the first lives', () => {
  const variant = { ...VARIANTS.ni2, callReferenceLength: 1 } as const;
  const ladder = new Ladder('user', { variant, firstCallReference: 126 });
  ladder.call();
  ladder.call();
  ladder.call();
  assert.deepEqual(
    ladder.group.records().map((r) => r.callRef),
    [126, 127, 1],
  );
});

test('a group with more channels than call references runs out of references, not of time', () => {
  const variant = { ...VARIANTS.ni2, callReferenceLength: 1 } as const;
  const spans = Array.from({ length: 8 }, (_, i) => ({ ...SPAN, id: `t${i}`, interface: i }));
  const ladder = new Ladder('user', { variant, spans });
  for (let i = 0; i < 127; i++) ladder.call();
  ladder.lines();
  ladder.call();
  assert.deepEqual(ladder.lines(), ['! release 42']);
});

describe('a group of several spans', () => {
  const spans = [
    { id: 't1', interface: 0, slots: T1_SLOTS },
    { id: 't2', interface: 1, slots: [1, 2] },
  ];
  const anywhere = { type: 'any', order: 'ascending', exclusive: true } as const;
  const upPair = (): Pair => {
    const pair = new Pair({ spans }, { spans });
    pair.linkUp();
    return pair;
  };

  test('a call that asks for one span has a channel of that span, and both ends name it alike', () => {
    const pair = upPair();
    pair.call(pair.user, { channel: { ...anywhere, span: 't2' } });
    pair.settle();
    assert.deepEqual(pair.network.last('setup')?.channel, { span: 't2', slot: 1 });
    assert.deepEqual(pair.network.group.record(pair.incoming(pair.network))?.span, 't2');
  });

  test('where the line of a span is gone no call begins, whoever asks; with the line its channels are back', () => {
    const pair = upPair();
    const states = (): readonly string[] =>
      pair.user.group.channelStates().flatMap(({ channel, state }) => (channel.span === 't2' ? [state] : []));
    pair.feed(pair.user, { type: 'line', span: 't2', up: false });
    assert.deepEqual(states(), ['out-of-service', 'out-of-service']);
    const handle = pair.call(pair.user, { channel: { ...anywhere, span: 't2' } });
    assert.equal(pair.user.last('release')?.cause.cause, 34);
    assert.deepEqual(pair.user.of(handle), ['release']);
    pair.call(pair.network, { channel: { ...anywhere, span: 't2' } });
    pair.settle();
    assert.equal(pair.network.last('release')?.cause.cause, 44);
    pair.feed(pair.user, { type: 'line', span: 't2', up: true });
    assert.deepEqual(states(), ['idle', 'idle']);
  });

  test('a channel without an interface is meant of the span whose D-channel carries the message', () => {
    const pair = upPair();
    const bare = (): void => {
      const channel = { type: 'one', channel: { span: 't1', slot: 1 }, exclusive: true } as const;
      const alone = new End('network', { spans: [{ id: 't1', interface: 0, slots: T1_SLOTS }] });
      alone.take(alone.group.feed({ type: 'dl-established' }, pair.now));
      alone.take(
        alone.group.feed(
          { type: 'request', handle: alone.group.allot(), request: { type: 'setup', channel, ...SETUP } },
          pair.now,
        ),
      );
      pair.feed(pair.user, { type: 'dl-data', data: alone.sent.at(-1) ?? new Uint8Array(0), at: 0 });
    };
    pair.feed(pair.user, { type: 'home', span: 't2' });
    bare();
    assert.deepEqual(pair.user.last('setup')?.channel, { span: 't2', slot: 1 });
  });
});
