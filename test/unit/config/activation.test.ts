import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Activation, type ActivationEffect, CONFIRM_WITHIN } from '../../../src/config/activation.ts';
import { type Change, diffSites } from '../../../src/config/diff.ts';
import { loadSite } from '../../../src/config/load.ts';
import { siteSchema } from '../../../src/config/schema.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import { ms } from '../../../src/kernel/time.ts';
import { DEMO, fullSample, siteOf } from '../../support/sites.ts';

const at = (time: number): Instant => time as Instant;
const names = (changes: readonly Change[]) =>
  changes.map(({ section, id, kind, reach }) => `${kind} ${section} ${id} (${reach})`);
const types = (effects: readonly ActivationEffect[]) => effects.map(({ type }) => type);

/** The demonstration branch with one text replaced; fails when the text isn't in it. */
function demoWith(from: string, to: string): string {
  assert.ok(DEMO.includes(from), from);
  return DEMO.replace(from, to);
}

const CHANGED = demoWith('number: "+12145550203", password', 'number: "+12145550299", password');

test('a changed number touches that user and nothing else', () => {
  const changes = diffSites(siteOf(DEMO), siteOf(CHANGED));
  assert.deepEqual(names(changes), ['changed users 203 (directory)']);
  assert.deepEqual(changes[0]?.details, ['number: "+12145550203" → "+12145550299"']);
});

test('a configuration written in another way is no change', () => {
  const json = JSON.stringify(fullSample());
  const reordered = JSON.stringify(Object.fromEntries(Object.entries(fullSample()).reverse()));
  assert.deepEqual(diffSites(siteOf(json), siteOf(reordered)), []);
});

test('listeners and spans are named one by one, so that the others stay up', () => {
  const more = demoWith(
    '- { transport: tcp, address: 127.0.0.1, port: 5060 }',
    '- { transport: tcp, address: 127.0.0.1, port: 5070 }',
  );
  assert.deepEqual(names(diffSites(siteOf(DEMO), siteOf(more))), [
    'removed sip.listen tcp 127.0.0.1:5060 (listener)',
    'added sip.listen tcp 127.0.0.1:5070 (listener)',
  ]);
  const span = demoWith('holdSeconds: 30', 'holdSeconds: 31');
  assert.deepEqual(names(diffSites(siteOf(DEMO), siteOf(span))), ['changed spans t1 (span)']);
});

test('routes in another order are a change, since the first that matches is taken', () => {
  const settings = fullSample();
  settings.routes = (settings.routes as unknown[]).toReversed();
  const [change] = diffSites(siteOf(fullSample()), siteOf(settings));
  assert.deepEqual(change?.details, ['their order']);
});

test('the differences never show a secret', () => {
  const settings = fullSample() as {
    users: Record<string, unknown>[];
    http: Record<string, unknown>;
    sipTrunks: Record<string, unknown>[];
  };
  for (const block of [settings.users[0], settings.http]) {
    for (const key of ['password', 'token']) if (block?.[key] !== undefined) block[key] = 'NEW-SECRET';
  }
  const trunk = settings.sipTrunks[0];
  if (trunk !== undefined) trunk.credentials = { user: 'box', password: 'NEW-SECRET' };
  const changes = diffSites(siteOf(fullSample()), siteOf(settings as Record<string, unknown>));
  assert.equal(changes.length, 3);
  assert.doesNotMatch(JSON.stringify(changes), /NEW-SECRET|a-token|a-user-password|a-trunk-password/);
  assert.ok(changes.every(({ details }) => details.length === 1));
});

test('every setting of the schema shows in the differences', () => {
  const before = fullSample();
  const changed: Record<string, unknown> = {
    site: { ...(before.site as object), timezone: 'UTC' },
    sip: { ...(before.sip as object), userAgent: 'x' },
    http: { ...(before.http as object), port: 8090 },
    media: { ...(before.media as object), driver: 'native' },
    store: { directory: 'x' },
    log: { level: 'warn' },
    limits: { calls: 7 },
    flood: { banSeconds: 30 },
    lastResort: { user: '201' },
    throttle: { failures: 3 },
    wan: { probeSeconds: 20 },
    emergency: { numbers: ['112'] },
  };
  for (const section of Object.keys(siteSchema.shape)) {
    const list = before[section];
    const after = section in changed ? changed[section] : renamed(list as Record<string, unknown>[]);
    const bent = { ...siteOf(before), ...pick(section, after, before) };
    const sections = diffSites(siteOf(before), bent).map((change) => change.section);
    assert.ok(
      sections.some((name) => name === section),
      `${section} is compared nowhere`,
    );
  }
});

/** The list without its last entry. */
const renamed = (list: Record<string, unknown>[]) => list.slice(0, -1);

/** The section alone, as the schema makes it. */
function pick(section: string, value: unknown, before: Record<string, unknown>) {
  const parsed = siteSchema.safeParse({ ...before, profiles: before.profiles, [section]: value });
  // An empty list of profiles is no site, but still a difference.
  return parsed.success ? { [section]: parsed.data[section as keyof typeof parsed.data] } : { [section]: value };
}

test('a configuration with a problem is refused whole, and nothing is applied', () => {
  const activation = new Activation(siteOf(DEMO));
  const bad = loadSite(CHANGED.replace('variant: ni2', 'variant: ni3'), 'site.yaml');
  const effects = activation.feed({ type: 'offered', loaded: bad, confirmWithin: CONFIRM_WITHIN }, at(0));
  assert.deepEqual(types(effects), ['refused']);
  assert.equal(activation.deadline, undefined);
});

test('what needs a restart is refused by name, with all that comes with it, and another change may follow', () => {
  const activation = new Activation(siteOf(DEMO));
  const both = CHANGED.replace('60000-64000', '60000-62000');
  assert.notEqual(both, CHANGED);
  const [refused] = activation.feed({ type: 'offered', loaded: loadSite(both, ''), confirmWithin: ms(0) }, at(0));
  assert.ok(refused?.type === 'refused');
  assert.deepEqual(
    refused.problems.map(({ path }) => path),
    ['media'],
  );
  assert.match(refused.problems[0]?.what ?? '', /starts again.*64000 → 62000/);
  const next = activation.feed({ type: 'offered', loaded: loadSite(CHANGED, ''), confirmWithin: ms(0) }, at(1));
  assert.deepEqual(types(next), ['apply']);
});

/** A machine that has applied the changed number and waits. */
function waiting(): Activation {
  const activation = new Activation(siteOf(DEMO));
  const loaded = loadSite(CHANGED, 'site.yaml');
  const offered = activation.feed({ type: 'offered', loaded, confirmWithin: CONFIRM_WITHIN }, at(1000));
  assert.deepEqual(types(offered), ['apply']);
  assert.deepEqual(types(activation.feed({ type: 'applied' }, at(2000))), ['waiting']);
  assert.equal(activation.deadline, 302_000);
  return activation;
}

test('a confirmed configuration is kept, and its time no longer runs', () => {
  const activation = waiting();
  const [kept] = activation.feed({ type: 'confirmed' }, at(3000));
  assert.ok(kept?.type === 'kept' && kept.site.users[2]?.number === '+12145550299');
  assert.equal(activation.deadline, undefined);
  assert.deepEqual(activation.wake(at(400_000)), []);
});

test('a configuration that nobody confirms is undone, and only what it had touched', () => {
  const activation = waiting();
  assert.deepEqual(activation.wake(at(301_999)), []);
  const [back] = activation.wake(at(302_000));
  assert.ok(back?.type === 'apply');
  assert.equal(back.site.users[2]?.number, '+12145550203');
  assert.deepEqual(names(back.changes), ['changed users 203 (directory)']);
  assert.deepEqual(types(activation.feed({ type: 'applied' }, at(302_100))), ['kept-back']);
  assert.deepEqual(types(activation.feed({ type: 'confirmed' }, at(302_200))), ['refused']);
});

test('a configuration that the box cannot take is undone at once', () => {
  const activation = new Activation(siteOf(DEMO));
  activation.feed({ type: 'offered', loaded: loadSite(CHANGED, ''), confirmWithin: ms(0) }, at(0));
  const [back] = activation.feed({ type: 'apply-failed', why: 'port taken' }, at(1));
  assert.ok(back?.type === 'apply' && back.site.users[2]?.number === '+12145550203');
  assert.deepEqual(activation.feed({ type: 'applied' }, at(2)), [{ type: 'kept-back', why: 'port taken' }]);
});

test('when not even the old configuration can be applied, it is said', () => {
  const activation = waiting();
  activation.feed({ type: 'abandoned' }, at(3000));
  assert.deepEqual(activation.feed({ type: 'apply-failed', why: 'port taken' }, at(3001)), [
    { type: 'stuck', why: 'port taken' },
  ]);
});

test('a second change is refused while the first waits, and the first can still be confirmed', () => {
  const activation = waiting();
  const second = activation.feed({ type: 'offered', loaded: loadSite(DEMO, ''), confirmWithin: ms(0) }, at(2500));
  assert.deepEqual(types(second), ['refused']);
  assert.deepEqual(types(activation.feed({ type: 'confirmed' }, at(2600))), ['kept']);
});

test('without a time to confirm in, what was applied is kept; what is equal is not applied', () => {
  const activation = new Activation(siteOf(DEMO));
  activation.feed({ type: 'offered', loaded: loadSite(CHANGED, ''), confirmWithin: ms(0) }, at(0));
  assert.deepEqual(types(activation.feed({ type: 'applied' }, at(1))), ['kept']);
  const again = activation.feed({ type: 'offered', loaded: loadSite(CHANGED, ''), confirmWithin: ms(0) }, at(2));
  assert.deepEqual(types(again), ['unchanged']);
});
