import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CallHandle, CallRecord, CallRequest, Side } from '../../../src/isdn/q931/primitives.ts';
import { VARIANTS } from '../../../src/isdn/q931/variants.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import { type End, Pair } from '../../support/q931-pair.ts';

/** What may happen next; numbers pick a call or a message among those there are. */
type Move =
  | {
      readonly type: 'call';
      readonly user: boolean;
      readonly slot: number;
      readonly exclusive: boolean;
      readonly complete: boolean;
    }
  | { readonly type: 'ask'; readonly user: boolean; readonly pick: number; readonly request: CallRequest }
  | { readonly type: 'deliver'; readonly user: boolean }
  | { readonly type: 'pass'; readonly milliseconds: number }
  | { readonly type: 'drop' | 'up' | 'reset' }
  | { readonly type: 'garble'; readonly user: boolean; readonly at: number; readonly octet: number }
  | { readonly type: 'noise'; readonly user: boolean; readonly data: Uint8Array }
  | { readonly type: 'restart'; readonly user: boolean; readonly slot: number };

const user = fc.boolean();
const inBand = [{ location: 'user', description: 8 }] as const;
const requests = fc.constantFrom<CallRequest>(
  { type: 'setup-acknowledge' },
  { type: 'proceeding' },
  { type: 'alerting' },
  { type: 'progress', progress: inBand },
  { type: 'connect' },
  { type: 'information', digits: '5', complete: false },
  { type: 'information', digits: '', complete: true },
  { type: 'notify', indicator: 0 },
  { type: 'identity', name: { text: 'Late', presentation: 'allowed' } },
  { type: 'release', cause: 16 },
  { type: 'release', cause: 17, progress: inBand },
);

const TYPES = [
  0x01, 0x02, 0x03, 0x05, 0x07, 0x0d, 0x0f, 0x45, 0x46, 0x4d, 0x4e, 0x5a, 0x62, 0x6e, 0x75, 0x7b, 0x7d, 0x55,
];

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('call' as const),
      user,
      slot: fc.integer({ min: 1, max: 4 }),
      exclusive: fc.boolean(),
      complete: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('ask' as const), user, pick: fc.nat(9), request: requests }) },
  { weight: 12, arbitrary: fc.record({ type: fc.constant('deliver' as const), user }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('pass' as const), milliseconds: fc.integer({ min: 1, max: 40_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('drop' as const, 'up' as const, 'reset' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('garble' as const), user, at: fc.nat(40), octet: fc.nat(255) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('noise' as const),
      user,
      data: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        // A message type on a small call reference, so that it is likely to meet a call.
        fc
          .record({
            flag: fc.constantFrom(0, 0x80),
            ref: fc.nat(4),
            type: fc.constantFrom(...TYPES),
            rest: fc.uint8Array({ maxLength: 20 }),
          })
          .map(({ flag, ref, type, rest }) => Uint8Array.from([8, 2, flag, ref, type, ...rest])),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('restart' as const), user, slot: fc.integer({ min: 1, max: 4 }) }),
  },
);

/** Handles of an end that were heard of and not released. */
function live(end: End): CallHandle[] {
  const released = new Set(end.indications.filter((i) => i.indication.type === 'release').map((i) => i.handle));
  return [...new Set(end.indications.map((i) => i.handle).concat(end.group.records().map((r) => r.handle)))].filter(
    (h) => !released.has(h),
  );
}

function play(pair: Pair, move: Move): void {
  const end = 'user' in move && move.user ? pair.user : pair.network;
  switch (move.type) {
    case 'call':
      pair.call(end, {
        channel: { type: 'one', channel: { span: 't1', slot: move.slot }, exclusive: move.exclusive },
        complete: move.complete,
      });
      return;
    case 'ask': {
      const handles = live(end);
      const handle = handles[move.pick % Math.max(1, handles.length)];
      if (handle !== undefined) pair.request(end, handle, move.request);
      return;
    }
    case 'deliver':
      pair.deliver(end);
      return;
    case 'pass':
      pair.pass(move.milliseconds);
      return;
    case 'drop':
      pair.linkDown();
      return;
    case 'up':
      pair.linkUp();
      return;
    case 'reset':
      pair.user.sent.length = 0;
      pair.network.sent.length = 0;
      pair.linkUp();
      return;
    case 'garble': {
      const data = end.sent[0];
      if (data !== undefined && move.at < data.length) data[move.at] = move.octet;
      return;
    }
    case 'noise':
      pair.feed(end, { type: 'dl-data', data: move.data, at: 0 });
      return;
    case 'restart':
      pair.feed(end, { type: 'restart', channels: [{ span: 't1', slot: move.slot }] });
      return;
  }
}

/** What must hold after every step. */
function sound(pair: Pair): void {
  for (const end of [pair.user, pair.network]) {
    const holders = new Set(end.group.records().flatMap((r) => (r.slot === undefined ? [] : [r.slot])));
    assert.equal(end.busy(), holders.size, 'every busy channel belongs to one call');
  }
}

/** What must hold once the link is up, the users have hung up and every timer has had its time. */
function over(pair: Pair): void {
  for (const end of [pair.user, pair.network]) {
    assert.deepEqual(end.group.records(), [], 'no call is left');
    assert.equal(end.busy(), 0, 'no channel is left busy');
    assert.ok(
      end.group.channelStates().every((c) => c.state === 'idle'),
      'every channel can be used again',
    );
    const ends = new Map<CallHandle, number>();
    for (const { handle, indication } of end.indications) {
      assert.ok(!ends.has(handle), `nothing is said of call ${handle} after its release, but ${indication.type}`);
      if (indication.type === 'release') ends.set(handle, 1);
    }
    for (const { handle } of end.indications) assert.ok(ends.has(handle), `call ${handle} was released`);
  }
}

test('no interleaving of messages, losses, noise and timers leaves a channel stuck or a call half released', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('ni2', 'euroisdn', 'qsig'),
      fc.array(move, { minLength: 1, maxLength: 60 }),
      (name, moves) => {
        const variant = VARIANTS[name as keyof typeof VARIANTS];
        const pair = new Pair({ variant }, { variant });
        pair.linkUp();
        for (const m of moves) {
          play(pair, m);
          sound(pair);
        }
        // The link comes back for good; then the users hang up, and all is quiet for ten minutes.
        pair.linkUp();
        pair.settle();
        for (const end of [pair.user, pair.network])
          for (const handle of live(end)) pair.request(end, handle, { type: 'release', cause: 16 });
        pair.settle();
        pair.pass(600_000);
        over(pair);
      },
    ),
    { numRuns: 1000 },
  );
});

/** Whether it is for our own user to speak; it may take its time. */
function usersTurn({ outgoing, state }: CallRecord, side: Side): boolean {
  const incoming = side === 'user' ? [6, 25, 9, 7] : [1, 2, 3, 4];
  return (!outgoing && incoming.includes(state)) || state === (side === 'user' ? 12 : 11);
}

test('a peer that falls silent leaves no call behind: every state in which we wait for it has its timer', () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 1, maxLength: 40 }), (moves) => {
      const variant = VARIANTS.euroisdn;
      const pair = new Pair({ variant }, { variant });
      pair.linkUp();
      for (const m of moves) play(pair, m);
      for (const end of [pair.user, pair.network]) {
        pair.linkUp();
        for (let minute = 0; minute < 20; minute++) {
          pair.user.sent.length = 0;
          pair.network.sent.length = 0;
          pair.now = (pair.now + 60_000) as Instant;
          pair.tick();
        }
        for (const record of end.group.records()) {
          assert.ok(usersTurn(record, end.group.side), `a call waits in state ${record.state}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});
