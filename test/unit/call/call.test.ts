import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Call, ourRelease } from '../../../src/call/call.ts';
import { type CallEffect, type CallEvent, DEFAULT_LIMITS } from '../../../src/call/call-words.ts';
import { CAUSE, type Cause } from '../../../src/call/cause.ts';
import type { Offer, Release, Signal } from '../../../src/call/signal.ts';
import { type Instant, seconds } from '../../../src/kernel/time.ts';

const at = (n: number) => n as Instant;
const offer = (digits: string, complete = true): Offer => ({
  type: 'offer',
  called: { digits, type: 'unknown', plan: 'isdn' },
  complete,
  caller: undefined,
  callerName: undefined,
  redirecting: [],
  bearer: { capability: 'speech', law: 'ulaw' },
  codecs: [],
  uri: undefined,
  origin: undefined,
});
const release = (cause: number): Release => ourRelease(cause as Cause);
const answer: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };

/** The effects as a ladder: one short line each. */
function ladder(effects: readonly CallEffect[]): string[] {
  return effects.map(rung);
}

function rung(e: CallEffect): string {
  switch (e.type) {
    case 'tell':
      return `${e.leg} ← ${signal(e.signal)}`;
    case 'dial':
      return `dial ${e.leg} ${e.hop} ${e.offer.called.digits}`;
    case 'media':
      return Object.values(e.command).join(' ');
    case 'decide':
      return `decide ${e.offer.called.digits}`;
    case 'released':
      return `released ${e.release.cause} by ${e.by}`;
    case 'progressed':
      return `progressed ${e.leg}${e.inBand ? ' in-band' : ''}`;
    case 'answered':
      return `answered ${e.leg}`;
    case 'transfer':
      return `transfer ${e.of} to ${e.wanted.target}, by ${e.by}`;
    case 'given-back':
      return `given back ${e.leg} ${e.release.cause}`;
    case 'over':
      return 'over';
  }
}

function signal(s: Signal): string {
  if (s.type === 'release') return `release ${s.cause}`;
  if (s.type === 'alert' || s.type === 'progress') return s.inBand ? `${s.type} in-band` : s.type;
  if (s.type === 'digits') return `digits ${s.digits}`;
  return s.type;
}

function start(tones: 'ours' | 'its own', steps: readonly (readonly string[])[]) {
  const call = new Call('c', { leg: 'a', tones });
  call.feed({ type: 'heard', leg: 'a', signal: offer('5551004') }, at(0));
  const dialled = call.feed({ type: 'decided', steps: steps.map((hops) => ({ hops })) }, at(0));
  const heard = (leg: string, s: Signal) => ladder(call.feed({ type: 'heard', leg, signal: s }, at(1)));
  const gone = (leg: string) => ladder(call.feed({ type: 'gone', leg }, at(2)));
  return { call, dialled: ladder(dialled), heard, gone };
}

test('a simple call: proceed, alert, answer, release, and over only when both legs are gone', () => {
  const { dialled, heard, gone } = start('its own', [['span']]);
  assert.deepEqual(dialled, ['a ← proceed', 'dial c.b1 span 5551004']);
  assert.deepEqual(heard('c.b1', { type: 'alert', inBand: false }), ['a ← alert', 'progressed c.b1']);
  assert.deepEqual(heard('c.b1', answer), ['a ← answer', 'join a c.b1', 'answered c.b1']);
  assert.deepEqual(heard('a', release(16)), ['part a c.b1', 'c.b1 ← release 16', 'released 16 by caller']);
  assert.deepEqual(gone('a'), []);
  assert.deepEqual(gone('c.b1'), ['over']);
});

test('a caller on a T1 hears our ring-back, and it stops when somebody answers', () => {
  const { heard } = start('ours', [['phone']]);
  assert.deepEqual(heard('c.b1', { type: 'alert', inBand: false }), [
    'a ← alert in-band',
    'progressed c.b1',
    'play a ringback',
  ]);
  assert.deepEqual(heard('c.b1', answer), ['a ← answer', 'hush a', 'join a c.b1', 'answered c.b1']);
});

test('the first attempt with in-band media has the ear; another that answers takes it over', () => {
  const { heard } = start('its own', [['one', 'two']]);
  assert.deepEqual(heard('c.b1', { type: 'progress', inBand: true, cause: undefined }), [
    'a ← progress in-band',
    'join a c.b1',
    'progressed c.b1 in-band',
  ]);
  assert.deepEqual(heard('c.b2', { type: 'alert', inBand: true }), []);
  assert.deepEqual(heard('c.b2', answer), [
    'c.b1 ← release 26',
    'part a c.b1',
    'a ← answer',
    'join a c.b2',
    'answered c.b2',
  ]);
});

test('hunting goes on after early media: the failed hop falls silent and the next one is dialled', () => {
  const { heard } = start('its own', [['one'], ['two']]);
  heard('c.b1', { type: 'progress', inBand: true, cause: undefined });
  assert.deepEqual(heard('c.b1', release(CAUSE.temporaryFailure)), ['part a c.b1', 'dial c.b2 two 5551004']);
  assert.deepEqual(heard('c.b2', { type: 'alert', inBand: false }), [
    'a ← alert in-band',
    'progressed c.b2',
    'play a ringback',
  ]);
});

test('a busy user ends the hunt', () => {
  const { heard } = start('its own', [['one'], ['two']]);
  assert.deepEqual(heard('c.b1', release(CAUSE.userBusy)), ['a ← release 17', 'released 17 by called']);
});

test('an announced network failure is not played while another hop remains', () => {
  const { heard } = start('its own', [['one'], ['two']]);
  assert.deepEqual(heard('c.b1', { type: 'progress', inBand: true, cause: CAUSE.networkOutOfOrder }), [
    'c.b1 ← release 38',
    'dial c.b2 two 5551004',
  ]);
});

test('overlap: digits are collected, # or the pause ends the number', () => {
  const call = new Call('c', { leg: 'a', tones: 'ours' });
  const feed = (event: CallEvent, now: number) => ladder(call.feed(event, at(now)));
  const digits = (text: string): CallEvent => ({
    type: 'heard',
    leg: 'a',
    signal: { type: 'digits', digits: text, complete: false },
  });
  assert.deepEqual(feed({ type: 'heard', leg: 'a', signal: offer('5', false) }, 0), ['decide 5']);
  assert.deepEqual(feed({ type: 'collect' }, 0), ['a ← need-digits']);
  assert.deepEqual(feed(digits('55'), 1000), ['decide 555']);
  assert.deepEqual(feed({ type: 'collect' }, 1000), []);
  assert.deepEqual(ladder(call.wake(at(1000 + DEFAULT_LIMITS.digitPause - 1))), []);
  assert.deepEqual(ladder(call.wake(at(1000 + DEFAULT_LIMITS.digitPause))), ['decide 555']);
});

test('a caller whose digits lead somewhere early may go on dialling until somebody there has enough of them', () => {
  const call = new Call('c', { leg: 'a', tones: 'ours' });
  const feed = (event: CallEvent) => ladder(call.feed(event, at(0)));
  const hear = (leg: string, signal: Signal) => feed({ type: 'heard', leg, signal });
  assert.deepEqual(hear('a', offer('001972', false)), ['decide 001972']);
  assert.deepEqual(feed({ type: 'decided', steps: [{ hops: ['pstn'] }] }), [
    'a ← need-digits',
    'dial c.b1 pstn 001972',
  ]);
  assert.deepEqual(hear('c.b1', { type: 'need-digits' }), []);
  assert.deepEqual(hear('a', { type: 'digits', digits: '555', complete: false }), ['c.b1 ← digits 555']);
  assert.deepEqual(hear('c.b1', { type: 'proceed' }), ['a ← proceed']);
  assert.deepEqual(hear('c.b1', { type: 'proceed' }), []);
});

test('nobody answers within T301: cause 19 both ways', () => {
  const { call, heard } = start('its own', [['phone']]);
  heard('c.b1', { type: 'alert', inBand: false });
  assert.deepEqual(ladder(call.wake(at(DEFAULT_LIMITS.ring))), [
    'c.b1 ← release 19',
    'a ← release 19',
    'released 19 by us',
  ]);
});

const anySignal = fc.oneof(
  fc.constant(answer),
  fc.constant(offer('1')),
  fc.boolean().map((inBand): Signal => ({ type: 'alert', inBand })),
  fc
    .tuple(fc.boolean(), fc.constantFrom(undefined, 17, 41))
    .map(([inBand, cause]): Signal => ({ type: 'progress', inBand, cause: cause as Cause | undefined })),
  fc.constantFrom(16, 17, 34, 41).map((c): Signal => release(c)),
  fc.constant<Signal>({ type: 'hold' }),
  fc.constant<Signal>({ type: 'digits', digits: '9', complete: true }),
);

test('whatever legs say in whatever order, every leg hears one ending and the call ends once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'c.b1', 'c.b2', 'c.b3'), anySignal), { maxLength: 30 }),
      fc.constantFrom<'ours' | 'its own'>('ours', 'its own'),
      (script, tones) => {
        const call = new Call('c', { leg: 'a', tones });
        const legs = new Set(['a']);
        const ended = new Set<string>();
        const told = new Map<string, number>();
        const joined = new Set<string>();
        let over = 0;
        let released = 0;
        const note = (effects: readonly CallEffect[]) => {
          for (const e of effects) {
            if (e.type === 'dial') legs.add(e.leg);
            if (e.type === 'tell' && e.signal.type === 'release') told.set(e.leg, (told.get(e.leg) ?? 0) + 1);
            if (e.type === 'media' && e.command.type === 'join') joined.add(e.command.b);
            if (e.type === 'media' && e.command.type === 'part') joined.delete(e.command.b);
            if (e.type === 'released') released++;
            if (e.type === 'over') over++;
          }
          assert.ok(joined.size <= 1, 'the caller hears one party');
        };
        const feed = (e: CallEvent) => note(call.feed(e, at(0)));
        feed({ type: 'heard', leg: 'a', signal: offer('1') });
        feed({ type: 'decided', steps: [{ hops: ['x', 'y'] }, { hops: ['z'] }] });
        for (const [leg, s] of script) {
          if (!legs.has(leg) || ended.has(leg) || told.has(leg)) continue;
          if (s.type === 'release') ended.add(leg);
          feed({ type: 'heard', leg, signal: s });
        }
        feed({ type: 'end', cause: CAUSE.normalClearing });
        for (const leg of legs) {
          const endings = (ended.has(leg) ? 1 : 0) + (told.get(leg) ?? 0);
          assert.equal(endings, 1, `${leg} heard ${endings} endings`);
          feed({ type: 'gone', leg });
        }
        assert.equal(over, 1);
        assert.equal(released, 1);
        assert.equal(joined.size, 0);
        assert.equal(call.deadline, undefined);
      },
    ),
  );
});

test('a busy step is followed by its diversion, not by what stands behind it for failures', () => {
  const call = new Call('c', { leg: 'a', tones: 'its own' });
  call.feed({ type: 'heard', leg: 'a', signal: offer('202') }, at(0));
  const after = { busy: [{ hops: ['voicemail'] }], noAnswer: [{ hops: ['colleague'] }] };
  call.feed({ type: 'decided', steps: [{ hops: ['phone'], after }, { hops: ['backup'] }] }, at(0));
  const heard = (leg: string, s: Signal) => ladder(call.feed({ type: 'heard', leg, signal: s }, at(1)));
  assert.deepEqual(heard('c.b1', release(17)), ['dial c.b2 voicemail 202']);
  // The diversion's own hop fails, so the line goes on.
  assert.deepEqual(heard('c.b2', release(34)), ['dial c.b3 backup 202']);
});

test('a step that has rung out stops ringing, and what follows no answer is dialled; an answer stops the clock', () => {
  const call = new Call('c', { leg: 'a', tones: 'its own' });
  call.feed({ type: 'heard', leg: 'a', signal: offer('202') }, at(0));
  const ring = seconds(20);
  const after = { any: [{ hops: ['second'], ring, after: { any: [{ hops: ['third'] }] } }] };
  call.feed({ type: 'decided', steps: [{ hops: ['first', 'also'], ring, after }] }, at(0));
  assert.equal(call.deadline, 20_000);
  assert.deepEqual(ladder(call.wake(at(20_000))), ['c.b1 ← release 19', 'c.b2 ← release 19', 'dial c.b3 second 202']);
  assert.deepEqual(ladder(call.feed({ type: 'heard', leg: 'c.b3', signal: answer }, at(21_000))), [
    'a ← answer',
    'join a c.b3',
    'answered c.b3',
  ]);
  assert.equal(call.deadline, undefined);
});

test('a step without anything behind it rings on as long as any call may', () => {
  const call = new Call('c', { leg: 'a', tones: 'its own' });
  call.feed({ type: 'heard', leg: 'a', signal: offer('202') }, at(0));
  call.feed(
    { type: 'decided', steps: [{ hops: ['phone'], ring: seconds(20), after: { busy: [{ hops: ['x'] }] } }] },
    at(0),
  );
  assert.deepEqual(call.wake(at(20_000)), []);
  assert.deepEqual(ladder(call.wake(at(DEFAULT_LIMITS.ring))).slice(0, 2), ['c.b1 ← release 19', 'a ← release 19']);
});

test('a hop that stands in several places of the line is tried once, and the caller is told of its failure', () => {
  const call = new Call('c', { leg: 'a', tones: 'its own' });
  call.feed({ type: 'heard', leg: 'a', signal: offer('202') }, at(0));
  const after = { busy: [{ hops: ['pstn'] }] };
  call.feed({ type: 'decided', steps: [{ hops: ['phone'], after }, { hops: ['pstn'] }] }, at(0));
  const heard = (leg: string, s: Signal) => ladder(call.feed({ type: 'heard', leg, signal: s }, at(1)));
  assert.deepEqual(heard('c.b1', release(17)), ['dial c.b2 pstn 202']);
  assert.deepEqual(heard('c.b2', release(34)).slice(0, 1), ['a ← release 34']);
});

test('a phone that names another place does not silence the others; alone, it is what the caller hears', () => {
  const redirect: Signal = { type: 'redirect', targets: ['sip:204@branch.example'], origin: undefined };
  const moved: Release = {
    ...release(23),
    origin: { protocol: 'sip', status: 302, reason: undefined, headers: [] },
  };
  const { heard } = start('its own', [['one', 'two']]);
  heard('c.b2', { type: 'alert', inBand: false });
  assert.deepEqual([...heard('c.b1', redirect), ...heard('c.b1', moved)], []);
  assert.deepEqual(heard('c.b2', answer), ['a ← answer', 'join a c.b2', 'answered c.b2']);
  const alone = start('its own', [['one']]);
  assert.deepEqual(
    [...alone.heard('c.b1', redirect), ...alone.heard('c.b1', moved)],
    ['a ← redirect', 'a ← release 23', 'released 23 by called'],
  );
  const busy = start('its own', [['one', 'two']]);
  busy.heard('c.b1', redirect);
  busy.heard('c.b1', moved);
  assert.deepEqual(busy.heard('c.b2', release(CAUSE.userBusy)), ['a ← release 17', 'released 17 by called']);
});
