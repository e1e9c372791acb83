import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Call, ourRelease } from '../../../src/call/call.ts';
import type { CallEffect, CallEvent, Caller } from '../../../src/call/call-words.ts';
import { CAUSE, type Cause } from '../../../src/call/cause.ts';
import type { Signal } from '../../../src/call/signal.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import { offer } from '../../support/puppet-calls.ts';

const at = (n: number) => n as Instant;
const answer: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };
const transfer: Signal = {
  type: 'transfer',
  target: 'sip:203@box',
  called: { digits: '203', type: 'unknown', plan: 'unknown' },
  replaces: undefined,
};

function rung(e: CallEffect): string {
  switch (e.type) {
    case 'tell': {
      const { signal: s } = e;
      const more =
        s.type === 'release' ? ` ${s.cause}` : s.type === 'transferred' ? ` ${s.failure?.cause ?? 'well'}` : '';
      return `${e.leg} ← ${s.type}${more}`;
    }
    case 'dial':
      return `dial ${e.leg} ${e.hop}`;
    case 'media':
      return Object.values(e.command).join(' ');
    case 'released':
      return `released ${e.release.cause} by ${e.by}`;
    case 'transfer':
      return `transfer ${e.of} by ${e.by}`;
    case 'given-back':
      return `given back ${e.leg} ${e.release.cause}`;
    case 'decide':
    case 'progressed':
    case 'answered':
    case 'over':
      return e.type;
  }
}

/** A call that its first hop has answered, or that is still being set up. */
function call(caller: Caller, answered: boolean) {
  const machine = new Call('c', caller);
  const feed = (event: CallEvent) => machine.feed(event, at(1)).map(rung);
  const heard = (leg: string, signal: Signal) => feed({ type: 'heard', leg, signal });
  heard(caller.leg, offer);
  feed({ type: 'decided', steps: [{ hops: ['x'] }] });
  if (answered) heard('c.b1', answer);
  return { machine, feed, heard };
}

const talking = () => call({ leg: 'a', tones: 'its own' }, true);
const brought = () => call({ leg: 'r', tones: 'ours', inCall: true }, false);

test('a party that is lent is off hold and unheard; when it comes back both are as they were', () => {
  const { feed, heard } = talking();
  heard('a', { type: 'hold' });
  assert.deepEqual(heard('a', transfer), ['transfer c.b1 by a']);
  assert.deepEqual(feed({ type: 'lend', leg: 'c.b1' }), ['part a c.b1', 'c.b1 ← resume']);
  assert.deepEqual(heard('a', transfer), ['a ← transferred 21'], 'one transfer at a time');
  assert.deepEqual(feed({ type: 'returned', leg: 'c.b1' }), ['join a c.b1', 'c.b1 ← hold']);
  assert.deepEqual(heard('c.b1', ourRelease(CAUSE.normalClearing)), [
    'part a c.b1',
    'a ← release 16',
    'released 16 by called',
  ]);
});

test('once the lent party has somebody else, only who transferred is released', () => {
  for (const [of, by, side] of [
    ['c.b1', 'a', 'caller'],
    ['a', 'c.b1', 'called'],
  ] as const) {
    const { feed } = talking();
    feed({ type: 'lend', leg: of });
    const release = ourRelease(CAUSE.normalClearing);
    assert.deepEqual(feed({ type: 'parted', leg: of, release, by: side }), [
      `${by} ← release 16`,
      `released 16 by ${side}`,
    ]);
    assert.deepEqual(feed({ type: 'gone', leg: by }), ['over']);
  }
});

test('who transfers may hang up at once: the call is over, and the lent party is not touched', () => {
  const { feed, heard } = talking();
  feed({ type: 'lend', leg: 'c.b1' });
  assert.deepEqual(heard('a', ourRelease(CAUSE.normalClearing)), ['released 16 by caller']);
  assert.deepEqual(feed({ type: 'gone', leg: 'a' }), ['over']);
});

test('who is transferred hears our ring-back, is told nothing of the set-up, and then who has answered', () => {
  const { heard } = brought();
  assert.deepEqual(heard('c.b1', { type: 'alert', inBand: false }), ['progressed', 'play r ringback']);
  assert.deepEqual(heard('c.b1', answer), ['r ← identity', 'hush r', 'join r c.b1', 'answered']);
});

test('a target that is not reached gives the party back instead of releasing it', () => {
  const { feed, heard } = brought();
  assert.deepEqual(heard('c.b1', ourRelease(CAUSE.userBusy)), ['released 17 by called', 'given back r 17']);
  assert.deepEqual(feed({ type: 'gone', leg: 'c.b1' }), ['over']);
  const refused = new Call('c', { leg: 'r', tones: 'ours', inCall: true });
  refused.feed({ type: 'heard', leg: 'r', signal: offer }, at(0));
  assert.deepEqual(refused.feed({ type: 'refused', release: ourRelease(CAUSE.rejected) }, at(0)).map(rung), [
    'released 21 by us',
    'given back r 21',
    'over',
  ]);
});

test('a box that ends the call, and a party that hangs up, end it for good', () => {
  assert.deepEqual(brought().feed({ type: 'end', cause: CAUSE.normalUnspecified }), [
    'c.b1 ← release 31',
    'r ← release 31',
    'released 31 by us',
  ]);
  assert.deepEqual(brought().heard('r', ourRelease(CAUSE.normalClearing)), [
    'c.b1 ← release 16',
    'released 16 by caller',
  ]);
});

test('another takes the place of either party, of a caller who still waits, and of a phone that rings', () => {
  assert.deepEqual(talking().feed({ type: 'replace', leg: 'a', by: 'n' }), [
    'a ← release 16',
    'part a c.b1',
    'join n c.b1',
  ]);
  const called = talking();
  called.heard('c.b1', { type: 'hold' });
  assert.deepEqual(called.feed({ type: 'replace', leg: 'c.b1', by: 'n' }), [
    'c.b1 ← release 16',
    'part a c.b1',
    'join a n',
    'a ← resume',
  ]);
  const waiting = call({ leg: 'a', tones: 'its own' }, false);
  waiting.heard('c.b1', { type: 'alert', inBand: false });
  assert.deepEqual(waiting.feed({ type: 'replace', leg: 'a', by: 'n' }), ['a ← release 16', 'play n ringback']);
  assert.deepEqual(waiting.heard('c.b1', answer), ['n ← identity', 'hush n', 'join n c.b1', 'answered']);
  const ringing = call({ leg: 'a', tones: 'its own' }, false);
  assert.deepEqual(ringing.feed({ type: 'replace', leg: 'c.b1', by: 'n' }), [
    'c.b1 ← release 26',
    'a ← answer',
    'join a n',
    'answered',
  ]);
});

test('whatever is transferred, lent, replaced and said in whatever order: each leg hears one ending, and the call ends once', () => {
  const legs = ['a', 'c.b1', 'c.b2', 'n1', 'n2'];
  const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
    fc
      .tuple(
        fc.constantFrom(...legs),
        fc.constantFrom<Signal>(answer, transfer, { type: 'hold' }, ourRelease(17 as Cause)),
      )
      .map(([leg, signal]) => ({ type: 'heard', leg, signal }) as const),
    fc
      .tuple(fc.constantFrom('lend', 'returned') as fc.Arbitrary<'lend' | 'returned'>, fc.constantFrom(...legs))
      .map(([type, leg]) => ({ type, leg }) as const),
    fc
      .constantFrom(...legs)
      .map((leg) => ({ type: 'parted', leg, release: ourRelease(16 as Cause), by: 'caller' }) as const),
    fc
      .tuple(fc.constantFrom(...legs), fc.constantFrom('n1', 'n2'))
      .map(([leg, by]) => ({ type: 'replace', leg, by }) as const),
  );
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.boolean(), (script, inCall) => {
      const machine = new Call('c', { leg: 'a', tones: 'ours', inCall });
      const here = new Set(['a']);
      const done = new Map<string, number>();
      const away = new Set<string>();
      const counts = { released: 0, over: 0 };
      const count = (leg: string) => done.set(leg, (done.get(leg) ?? 0) + 1);
      const feed = (event: CallEvent): void => {
        for (const e of machine.feed(event, at(0))) {
          if (e.type === 'dial') here.add(e.leg);
          if (e.type === 'tell' && e.signal.type === 'release') count(e.leg);
          if (e.type === 'given-back') away.add(e.leg);
          if (e.type === 'released') counts.released++;
          if (e.type === 'over') counts.over++;
        }
      };
      feed({ type: 'heard', leg: 'a', signal: offer });
      feed({ type: 'decided', steps: [{ hops: ['x', 'y'] }] });
      for (const event of script) {
        const leg = 'leg' in event ? event.leg : '';
        const lent = away.has(leg);
        if (event.type === 'heard' && (!here.has(leg) || done.has(leg) || lent)) continue;
        if (event.type === 'heard' && event.signal.type === 'release') count(leg);
        if (event.type === 'replace') {
          if (here.has(event.by) || machine.standing(event.leg) === undefined) continue;
          here.add(event.by);
        }
        const talks = machine.standing(leg) === 'talks';
        feed(event);
        if (event.type === 'lend' && talks && machine.state === 'transferring') away.add(leg);
        if (event.type === 'returned' && machine.state === 'talking' && machine.standing(leg) === 'talks')
          away.delete(leg);
      }
      feed({ type: 'end', cause: CAUSE.normalClearing });
      for (const leg of here) {
        assert.equal(done.get(leg) ?? 0, away.has(leg) ? 0 : 1, `${leg} hears one ending, or is elsewhere`);
        if (!away.has(leg)) feed({ type: 'gone', leg });
      }
      assert.deepEqual(counts, { released: 1, over: 1 });
      assert.equal(machine.deadline, undefined);
    }),
    { numRuns: 500 },
  );
});
