/** Dial-plan patterns matched in one walk must find what RE2 finds, and leave to RE2 what they can't. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { digitMatcher } from '../../../src/config/digit-pattern.ts';

function byRe2(pattern: string, text: string): readonly string[] | undefined {
  const re2 = RE2JS.compile(pattern);
  const matcher = re2.matcher(text);
  if (!matcher.find()) return undefined;
  return Array.from({ length: re2.groupCount() + 1 }, (_, group) => matcher.group(group) ?? '');
}

const atom = fc.constantFrom('\\d', '9', '1', '[2-9]', '[2-46*]', '\\+', '#', '\\*', '0');
const times = fc.constantFrom('', '', '', '?', '+', '*', '{2}', '{1,3}', '{2,}', '{0,2}', '*?', '{2}?');
const piece = fc.tuple(atom, times).map(([one, how]) => one + how);
const part = fc.oneof(
  piece,
  fc.array(piece, { maxLength: 3 }).map((pieces) => `(${pieces.join('')})`),
);
const pattern = fc
  .tuple(fc.constantFrom('^', '^', '^', ''), fc.array(part, { maxLength: 5 }), fc.constantFrom('$', '$', ''))
  .map(([begin, parts, end]) => begin + parts.join('') + end);
const text = fc.string({ unit: fc.constantFrom(...'0123459+*#é'), maxLength: 12 });

test('whatever the pattern and the text, both find the same groups', () => {
  let quick = 0;
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 20 }), (one, texts) => {
      const matcher = digitMatcher(one);
      if (matcher === undefined) return;
      quick++;
      for (const each of texts) assert.deepEqual(matcher(each), byRe2(one, each), `${one} on ${each}`);
    }),
    { numRuns: 3000 },
  );
  assert.ok(quick > 500, `only ${quick} patterns were taken`);
});

test('the patterns of a plan are taken; alternatives, nested or repeated groups and searches are not', () => {
  for (const one of ['^5(\\d{4})$', '^9?1?(\\d{10})$', '^9011(\\d{5,15})$', '^([2-8]11)$', '^\\+1', '^9?(\\d{7})$']) {
    const quick = digitMatcher(one) !== undefined;
    assert.equal(quick, one !== '^9?1?(\\d{10})$', one);
  }
  for (const one of [
    '^([2-8]11|988)$',
    '^((\\d)\\d)$',
    '^(\\d\\d)+$',
    '\\d{4}',
    '^(\\d+)+#$',
    '^(?i)1$',
    '^.*$',
    '^\\$',
  ]) {
    assert.equal(digitMatcher(one), undefined, one);
  }
});
