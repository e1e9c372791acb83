import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadSite } from '../../../src/config/load.ts';
import type { Problem } from '../../../src/config/problem.ts';
import { DEMO, fullSample, siteOf } from '../../support/sites.ts';

function problemsOf(text: string): readonly Problem[] {
  const loaded = loadSite(text, 'site.yaml');
  return loaded.ok ? [] : loaded.error;
}

test('the demonstration branch is right, and as small settings as these get the defaults of the product', () => {
  const site = siteOf(DEMO);
  assert.deepEqual(site.media.ports, { from: 60000, to: 64000 });
  assert.deepEqual(site.sip.sessionTimer, { expires: 1800, minimum: 90 });
  assert.equal(site.http.address, '127.0.0.1');
  assert.deepEqual(site.emergency.numbers, ['911']);
});

test('broken YAML is told with its line and column', () => {
  const [problem] = problemsOf('site:\n  name: "Redmond\nsip: {}\n');
  assert.match(problem?.path ?? '', /^site\.yaml, line \d+, column \d+$/);
  assert.match(problem?.what ?? '', /^not YAML/);
});

test('a key that stands twice is told, not taken from its last place', () => {
  const twice = DEMO.replace('  timezone: America/Chicago\n', '  timezone: UTC\n  timezone: UTC\n');
  assert.match(problemsOf(twice)[0]?.what ?? '', /duplicate key/);
});

test('an empty file and a file that is no block are told, not thrown', () => {
  assert.equal(problemsOf('')[0]?.path, '(the whole file)');
  assert.equal(problemsOf('- a\n- b\n')[0]?.path, '(the whole file)');
  assert.equal(problemsOf('\u0000')[0] !== undefined, true);
});

test('aliases that would expand to millions of values are refused', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++)
    bomb.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  assert.match(problemsOf(bomb.join('\n'))[0]?.what ?? '', /aliases/);
});

test('braces that are missing are told at the first line, not once more for every line behind it', () => {
  const lines = Array.from({ length: 50 }, (_, n) => `  - { from: "201", dial: "${n}", expect: refused`);
  const [first, ...others] = problemsOf(`${DEMO}\nmore:\n${lines.join('\n')}\n`);
  assert.match(first?.path ?? '', new RegExp(`^site.yaml, line ${DEMO.split('\n').length + 3}, `));
  assert.equal(others.length, 3);
  assert.match(others.at(-1)?.what ?? '', /^has \d+ more faults behind these$/);
});

test('an extension that YAML takes for a number is told to be quoted', () => {
  const [problem] = problemsOf(DEMO.replace('id: "201", name', 'id: 201, name'));
  assert.deepEqual(problem, { path: 'users[0].id', what: 'is 201', mend: 'must be a text; put it in quotes' });
});

test('JSON is read as the YAML that it is', () => {
  assert.equal(
    problemsOf('{"site": {"name": 1}}').some(({ path }) => path === 'site.name'),
    true,
  );
});

test('no text at all makes the reader throw, and what it refuses it refuses with a path and a mend', () => {
  const section = fc.constantFrom(...Object.keys(fullSample()));
  const bent = fc
    .tuple(section, fc.jsonValue({ maxDepth: 3 }))
    .map(([key, value]) => JSON.stringify({ ...fullSample(), [key]: value }));
  const cut = fc.nat(DEMO.length).map((length) => DEMO.slice(0, length));
  fc.assert(
    fc.property(fc.oneof(fc.string(), bent, cut), (text) => {
      for (const { path, what, mend } of problemsOf(text)) assert.ok(path !== '' && what !== '' && mend !== '');
    }),
    { numRuns: 200 },
  );
});
