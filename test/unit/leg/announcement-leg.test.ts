import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE, causeOf } from '../../../src/call/cause.ts';
import type { LegEffect } from '../../../src/call/leg.ts';
import { AnnouncementLeg } from '../../../src/leg/announcement-leg.ts';
import { offer } from '../../support/puppet-calls.ts';

const leg = (answers: boolean): AnnouncementLeg =>
  new AnnouncementLeg({ recording: 'closed', answers, times: 2, cause: causeOf(20) });

const words = (effects: readonly LegEffect<never>[]): readonly string[] =>
  effects.map((effect) => {
    if (effect.type === 'media') return Object.values(effect.command).join(' ');
    if (effect.type !== 'say') return effect.type;
    const { signal } = effect;
    return `say ${signal.type}${signal.type === 'release' ? ` ${signal.cause}` : ''}${signal.type === 'progress' ? ` in band ${signal.inBand}` : ''}`;
  });

const READY = { type: 'ready', address: 'closed', port: 0 } as const;

test('before an answer: progress with sound, then the cause; as an answer: answered first', () => {
  for (const [answers, begins] of [
    [false, 'say progress in band true'],
    [true, 'say answer'],
  ] as const) {
    const one = leg(answers);
    assert.deepEqual(words(one.tell(offer)), ['open-recording closed 2']);
    assert.deepEqual(words(one.tell(offer)), [], 'once');
    assert.deepEqual(words(one.media(READY)), [begins]);
    assert.deepEqual(words(one.media({ type: 'digit', digit: '1', duration: 100 })), []);
    assert.deepEqual(words(one.media({ type: 'played' })), ['say release 20', 'close', 'gone']);
    assert.deepEqual(words(one.tell(ourRelease(CAUSE.normalClearing))), [], 'gone is gone');
    assert.deepEqual(words(one.media({ type: 'played' })), []);
  }
});

test('a caller who hangs up ends it, and what can’t be played fails as a hop, so that the next is tried', () => {
  const heard = leg(true);
  heard.tell(offer);
  assert.deepEqual(words(heard.tell(ourRelease(CAUSE.normalClearing))), ['close', 'gone']);
  const unheard = leg(true);
  unheard.tell(offer);
  assert.deepEqual(words(unheard.media({ type: 'failed', why: 'no player is left' })), [
    'say release 41',
    'close',
    'gone',
  ]);
});

test('words of a call mean nothing to a recording, but a new offer of codecs is taken', () => {
  const one = leg(true);
  one.tell(offer);
  one.media(READY);
  assert.deepEqual(words(one.tell({ type: 'hold' })), []);
  assert.deepEqual(words(one.tell({ type: 'update', codecs: ['PCMA'] })), ['say accepted']);
});
