/** Every setting of site.yaml made wrong in turn: each must give its own problem, at its own path. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSite } from '../../../src/config/load.ts';
import { type Problem, pathText } from '../../../src/config/problem.ts';
import { siteJsonSchema } from '../../../src/config/schema.ts';
import { fullSample, siteOf } from '../../support/sites.ts';

type Path = readonly (string | number)[];

interface Place {
  readonly path: Path;
  readonly value: unknown;
}

/** Every setting, blocks and lists included, from the outside in. */
function places(value: unknown, path: Path = []): readonly Place[] {
  const here = path.length === 0 ? [] : [{ path, value }];
  if (Array.isArray(value)) return [...here, ...value.flatMap((item, i) => places(item, [...path, i]))];
  if (typeof value !== 'object' || value === null) return here;
  return [...here, ...Object.entries(value).flatMap(([key, item]) => places(item, [...path, key]))];
}

/** The sample with one place put to another value, or taken out. */
function sampleWith(path: Path, value: unknown): unknown {
  const sample = fullSample();
  let holder: unknown = sample;
  for (const part of path.slice(0, -1)) holder = (holder as Record<string | number, unknown>)[part];
  (holder as Record<string | number, unknown>)[path.at(-1) ?? ''] = value;
  return sample;
}

function problemsOf(settings: unknown): readonly Problem[] {
  const loaded = checkSite(settings);
  return loaded.ok ? [] : loaded.error;
}

/** The problem at `path` itself; fails when there is none or when it says nothing. */
function problemAt(path: Path, settings: unknown, wrong: string): Problem {
  const problems = problemsOf(settings);
  const found = problems.find((problem) => problem.path === pathText(path));
  assert.ok(found, `${pathText(path)} ${wrong} gave no problem of its own: ${JSON.stringify(problems)}`);
  assert.ok(found.what.length > 0 && found.mend.length > 0);
  return found;
}

const SAMPLE = places(fullSample());

test('the sample holds every setting of the schema, so that no new one escapes these tests', () => {
  siteOf(fullSample());
  const known = new Set(
    SAMPLE.map(({ path }) => path.map((part) => (typeof part === 'number' ? '*' : part)).join('.')),
  );
  const missing = schemaPaths(siteJsonSchema() as SchemaNode, []).filter((path) => !known.has(path));
  // What holds for two hashes holds for all, and what holds for a DID's target for the last resort and for diversions.
  assert.deepEqual(
    missing.filter(
      (path) =>
        !path.includes('ha1.SHA-512-256') &&
        !/^lastResort\.(user|number)$/.test(path) &&
        !path.includes('.diversions.'),
    ),
    [],
  );
});

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

function schemaPaths(node: SchemaNode, path: readonly string[]): readonly string[] {
  const branches = node.anyOf ?? node.oneOf;
  if (branches !== undefined) return branches.flatMap((branch) => schemaPaths(branch, path));
  if (node.items !== undefined) return schemaPaths(node.items, [...path, '*']);
  return Object.entries(node.properties ?? {}).flatMap(([key, inner]) => [
    [...path, key].join('.'),
    ...schemaPaths(inner, [...path, key]),
  ]);
}

test('a value of the wrong kind is told at its own path', () => {
  for (const { path, value } of SAMPLE) {
    const isBlock = typeof value === 'object' && !Array.isArray(value);
    const wrongs: readonly unknown[] = isBlock
      ? ['a text', 7, ['a list']]
      : [{ a: 'block' }, typeof value === 'boolean' ? 'a text' : true];
    for (const wrong of wrongs) problemAt(path, sampleWith(path, wrong), `put to ${JSON.stringify(wrong)}`);
  }
});

test('a key without a value is told, not taken for the default', () => {
  for (const { path } of SAMPLE) problemAt(path, sampleWith(path, null), 'left empty');
});

test('a number out of all range is told, and so is a word that is none of the choices', () => {
  // Names of people and files, and secrets, may be any text.
  const free =
    /^(site\.name|sip\.(tls\..*|realm|userAgent)|announcements\[0\]\.file|.*\.civic\.[A-Z]+\d?|store\.directory|.*\.name|.*password|http\.token|.*credentials\.user)$/;
  // Names of our own making are checked against what they refer to, not for their form.
  for (const { path, value } of SAMPLE) {
    if (typeof value === 'number') {
      for (const wrong of [-1e9, 1e9]) problemAt(path, sampleWith(path, wrong), `put to ${wrong}`);
    }
    if (typeof value === 'string' && !free.test(pathText(path))) {
      // Begins a group that never ends, and is no word, no number, no address.
      problemAt(path, sampleWith(path, '(?? no'), 'put to nonsense');
    }
    if (typeof value === 'string') problemAt(path, sampleWith(path, 'x'.repeat(600)), 'put to a very long text');
  }
});

test('no text can end a line, and with it a header of a message', () => {
  const texts = SAMPLE.filter(
    ({ path, value }) => typeof value === 'string' && !/password|token|pattern/i.test(pathText(path)),
  );
  for (const { path, value } of texts) problemAt(path, sampleWith(path, `${value}\r\nVia: x`), 'put to two lines');
  problemAt(['sip', 'realm'], sampleWith(['sip', 'realm'], 'x", domain="y'), 'put to what ends a quoted string');
});

test('an unknown key is told in every block, and a slip of the pen gets the right word', () => {
  for (const { path, value } of SAMPLE) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const odd = problemAt([...path, 'qqqqqqqq'], sampleWith([...path, 'qqqqqqqq'], 1), 'added');
    assert.equal(odd.what, 'is not a setting');
    for (const key of Object.keys(value)) {
      if (key.length < 5 || 'ha1' === path.at(-1)) continue;
      const slip = `${key.slice(0, 2)}${key.slice(3)}`;
      const told = problemAt([...path, slip], sampleWith([...path, slip], 1), 'added');
      assert.equal(told.mend, `did you mean "${key}"?`);
    }
  }
});

test('a setting that must be there is missed at its own path', () => {
  const required = [
    ['site'],
    ['site', 'name'],
    ['site', 'domain'],
    ['site', 'profile'],
    ['sip'],
    ['sip', 'listen'],
    ['sip', 'listen', 0, 'transport'],
    ['sip', 'tls', 'certificate'],
    ['spans', 0, 'id'],
    ['spans', 0, 'driver'],
    ['spans', 0, 'far'],
    ['spans', 1, 'far', 'peer'],
    ['spanGroups', 0, 'spans'],
    ['sipTrunks', 0, 'address'],
    ['sipTrunks', 0, 'credentials', 'password'],
    ['users', 0, 'id'],
    ['users', 0, 'name'],
    ['users', 0, 'password'],
    ['profiles'],
    ['profiles', 0, 'rules', 0, 'pattern'],
    ['dids', 0, 'to'],
    ['routes', 2, 'carriers', 0, 'carrier'],
    ['carriers', 0, 'gateways'],
    ['tests', 0, 'expect'],
  ];
  for (const path of required) {
    const told = problemAt(path, sampleWith(path, undefined), 'taken out');
    assert.match(told.what, /^is missing/);
  }
});

test('no problem ever repeats a secret', () => {
  const secrets = SAMPLE.filter(({ path }) => path.some((part) => /password|token|ha1|credentials/.test(String(part))));
  assert.ok(secrets.length >= 6);
  for (const { path } of secrets) {
    for (const wrong of [9876543210, ['TOP-SECRET'], { 'TOP-SECRET': 'TOP-SECRET' }, 'TOP-SECRET'.repeat(60)]) {
      for (const { what, mend } of problemsOf(sampleWith(path, wrong))) {
        assert.doesNotMatch(`${what} ${mend}`, /TOP-SECRET|9876543210/, `${pathText(path)}: ${what} ${mend}`);
      }
    }
  }
});
