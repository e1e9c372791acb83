import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerNumber, Redirecting } from '../../../src/call/number.ts';
import { diversionsFor } from '../../../src/leg/sip-leg-diversion.ts';
import { divertersOf, historyFor } from '../../../src/leg/sip-leg-history.ts';
import { type HeaderPairs, request } from '../../../src/sip/message/message.ts';
import { parseMessage, printMessage } from '../../../src/sip/message/parse.ts';
import { SIDE } from '../../support/sip-rig.ts';

const invite = (headers: HeaderPairs) =>
  request('INVITE', 'sip:100@a.example', [['From', '<sip:9@far.example>;tag=1'], ...headers]);
const history = (...values: string[]): HeaderPairs => values.map((value) => ['History-Info', value]);

const by = (reason: Redirecting['reason'], digits: string, parts: Partial<CallerNumber> = {}): Redirecting => ({
  number: {
    digits,
    type: 'international',
    plan: 'isdn',
    presentation: 'allowed',
    screening: 'not-screened',
    ...parts,
  },
  reason,
});

const read = (headers: HeaderPairs): readonly string[] =>
  divertersOf(invite(headers), true).map(({ number, reason }) => `${number.digits} ${reason} ${number.presentation}`);

test('a call that nobody has diverted has no history', () => {
  assert.deepEqual(historyFor([], 'sip:203@a.example', SIDE), []);
  assert.deepEqual(read([]), []);
});

test('the history goes from the first who was called to who is called now, each with the reason why', () => {
  const chain = [by('busy', '12145550202'), by('unconditional', '12145550201', { presentation: 'restricted' })];
  assert.deepEqual(
    historyFor(chain, 'sip:203@192.0.2.3:5060;transport=tcp', SIDE).map(([, value]) => value),
    [
      '<sip:+12145550201@a.example;user=phone?Privacy=history>;index=1',
      '<sip:+12145550202@a.example;user=phone;cause=302>;index=1.1;mp=1',
      '<sip:203@192.0.2.3:5060;transport=tcp;cause=486>;index=1.1.1;mp=1.1',
    ],
  );
});

test('outside the trust domain the history does not name who hides (RFC 7044 10.1.2)', () => {
  const chain = [by('busy', '12145550202'), by('unconditional', '12145550201', { presentation: 'restricted' })];
  const [first, second] = historyFor(chain, 'sip:203@192.0.2.3', { ...SIDE, trusted: false }).map(([, value]) => value);
  assert.equal(first, '<sip:anonymous@anonymous.invalid?Privacy=history>;index=1');
  assert.match(second ?? '', /12145550202/);
});

test('every reason goes out and comes back the same over the wire, the latest first', () => {
  const reasons = ['busy', 'no-answer', 'unconditional', 'deflection', 'out-of-service', 'unknown'] as const;
  for (const reason of reasons) {
    const chain = [by(reason, '12145550202', { presentation: 'restricted' }), by('busy', '12145550201')];
    const sent = printMessage(invite(historyFor(chain, 'sip:+12145550203@a.example', SIDE)));
    const heard = parseMessage(sent);
    assert.ok(heard.ok);
    assert.deepEqual(divertersOf(heard.value, true), chain);
  }
});

test('a history in one line, as RFC 7044 and RFC 7544 write it, is understood', () => {
  const one =
    '<sip:+12145550201@ims.example>;index=1, ' +
    '<sip:+12145550202@ims.example;cause=302>;index=1.1;mp=1, ' +
    '<sip:+12145550203@ims.example;user=phone;cause=408?Privacy=history>;index=1.2;mp=1.1, ' +
    '<sip:+12145550204@192.0.2.4>;index=1.2.1;rc=1.2';
  assert.deepEqual(read(history(one)), ['12145550202 no-answer allowed', '12145550201 unconditional allowed']);
});

test('without mp the index says who sent the call on; a whole request may ask for privacy', () => {
  const entries = history('<sip:+12145550201@x>;index=1', '<sip:+12145550203@x;cause=487>;index=1.1');
  assert.deepEqual(read([...entries, ['Privacy', 'id;history']]), ['12145550201 deflection restricted']);
});

test('a retarget that is no diversion, and what makes no sense, say nothing', () => {
  assert.deepEqual(read(history('<sip:201@x>;index=1', '<sip:201@192.0.2.9>;index=1.1;rc=1')), []);
  assert.deepEqual(read(history('<sip:+12145550201@x;cause=486>;index=1')), [], 'nobody came before it');
  assert.deepEqual(read(history('<sip:201@x;cause=486>;index=one', '<tel:+1;cause=302>;index=2', '<>', 'x')), []);
});

test('of Diversion and history the one that knows of more counts', () => {
  const two = [by('busy', '12145550202'), by('unconditional', '12145550201')];
  const all = historyFor(two, 'sip:203@x', SIDE);
  assert.equal(divertersOf(invite([...diversionsFor(two.slice(0, 1), SIDE), ...all]), true).length, 2);
  const [first] = divertersOf(invite([...diversionsFor(two, SIDE), ...all]), true);
  assert.equal(first?.number.screening, 'not-screened');
  const long = history(
    ...Array.from({ length: 40 }, (_, i) => `<sip:+1214555${1000 + i}@x;cause=302>;index=${'1.'.repeat(i)}1`),
  );
  assert.equal(divertersOf(invite(long), true).length, 5);
});
