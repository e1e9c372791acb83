import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE } from '../../../src/call/cause.ts';
import type { LegEffect } from '../../../src/call/leg.ts';
import type { Signal } from '../../../src/call/signal.ts';
import { NoticeLeg } from '../../../src/leg/notice-leg.ts';
import { offer } from '../../support/puppet-calls.ts';

const ANSWER: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };

const words = (effects: readonly LegEffect<never>[]): readonly string[] =>
  effects.map((effect) => {
    if (effect.type === 'media') return Object.values(effect.command).join(' ');
    if (effect.type !== 'say') return effect.type;
    return `say ${effect.signal.type}${effect.signal.type === 'release' ? ` ${effect.signal.cause}` : ''}`;
  });

test('it calls once, plays when it is answered and not before, and hangs up when that is over', () => {
  const leg = new NoticeLeg(offer, 'help', 2);
  assert.deepEqual(words(leg.hear()), ['say offer']);
  assert.deepEqual(words(leg.hear()), []);
  for (const type of ['proceed', 'hold'] as const) assert.deepEqual(words(leg.tell({ type })), []);
  assert.deepEqual(words(leg.tell({ type: 'alert', inBand: false })), []);
  assert.deepEqual(words(leg.tell(ANSWER)), ['open-recording help 2']);
  assert.deepEqual(words(leg.tell(ANSWER)), []);
  assert.deepEqual(words(leg.media({ type: 'ready', address: 'help', port: 0 })), []);
  assert.deepEqual(words(leg.media({ type: 'played' })), ['say release 16', 'close', 'gone']);
  assert.deepEqual(words(leg.tell(ourRelease(CAUSE.normalClearing))), []);
});

test('whom it can’t reach, who hangs up, and what can’t be played each end it', () => {
  const refused = new NoticeLeg(offer, 'help', 1);
  refused.hear();
  assert.deepEqual(words(refused.tell(ourRelease(CAUSE.userBusy))), ['gone']);
  const heard = new NoticeLeg(offer, 'help', 1);
  heard.hear();
  heard.tell(ANSWER);
  assert.deepEqual(words(heard.tell(ourRelease(CAUSE.normalClearing))), ['close', 'gone']);
  const unheard = new NoticeLeg(offer, 'help', 1);
  unheard.hear();
  unheard.tell(ANSWER);
  assert.deepEqual(words(unheard.media({ type: 'failed', why: 'no player is left' })), [
    'say release 41',
    'close',
    'gone',
  ]);
});
