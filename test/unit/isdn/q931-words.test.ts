import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PresentedName, PresentedNumber } from '../../../src/isdn/q931/ie/number.ts';
import type { CallIndication, SetupWords } from '../../../src/isdn/q931/primitives.ts';
import { VARIANTS, type VariantName } from '../../../src/isdn/q931/variants.ts';
import { fromHex } from '../../../src/kernel/bytes.ts';
import { type End, Pair, SETUP, talking } from '../../support/q931-pair.ts';

const names = Object.keys(VARIANTS) as VariantName[];

const number: fc.Arbitrary<PresentedNumber> = fc.record({
  digits: fc.stringMatching(/^[0-9*#]{1,20}$/),
  type: fc.constantFrom('unknown', 'international', 'national', 'network', 'subscriber', 'abbreviated'),
  plan: fc.constantFrom('unknown', 'isdn', 'national', 'private'),
  presentation: fc.constantFrom('allowed', 'restricted', 'unavailable'),
  screening: fc.constantFrom('not-screened', 'passed', 'failed', 'network'),
});
const called = number.map(({ digits, type, plan }) => ({ digits, type, plan }));
const bearer = fc.record({
  capability: fc.constantFrom('speech' as const, 'audio-3k1' as const, 'unrestricted' as const),
  law: fc.constantFrom('ulaw' as const, 'alaw' as const, undefined),
});
/** High and low layer compatibility, user-user, network-specific facilities, an element of codeset 6. */
const opaque = fc.uniqueArray(
  fc.record({
    codeset: fc.constant(0),
    id: fc.constantFrom(0x7c, 0x7d, 0x7e, 0x20),
    contents: fc.uint8Array({ minLength: 1, maxLength: 12 }),
  }),
  { selector: (e) => e.id },
);
const foreign = fc.option(
  fc.record({
    codeset: fc.constantFrom(5, 6, 7),
    id: fc.integer({ min: 1, max: 0x7f }),
    contents: fc.uint8Array({ maxLength: 12 }),
  }),
  { nil: undefined },
);

/** What the other end hears of a SETUP. */
function heard(
  pair: Pair,
  from: End,
  words: Partial<SetupWords>,
): Extract<CallIndication, { type: 'setup' }> | undefined {
  pair.call(from, words);
  pair.settle();
  return pair.other(from).last('setup');
}

test('what SETUP says is what is heard, in every variant, from either side', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.boolean(),
      fc.record({ called, bearer, caller: fc.option(number, { nil: undefined }), opaque, foreign, diverted: number }),
      (name, fromUser, { called, bearer, caller, opaque, foreign, diverted }) => {
        const pair = new Pair({ variant: VARIANTS[name] }, { variant: VARIANTS[name] });
        pair.linkUp();
        const elements = foreign === undefined ? opaque : [...opaque, foreign];
        const redirecting = [{ number: { ...diverted }, reason: 'no-answer' }] as const;
        const from = fromUser ? pair.user : pair.network;
        const setup = heard(pair, from, { called, bearer, caller, redirecting, elements });
        assert.ok(setup !== undefined);
        assert.deepEqual(setup.called, called);
        assert.deepEqual(setup.bearer, { ...bearer });
        assert.deepEqual(setup.caller, caller && { ...caller });
        assert.deepEqual(setup.redirecting, redirecting);
        assert.equal(setup.complete, true);
        const key = (list: SetupWords['elements']): string[] =>
          list.map((e) => `${e.codeset}/${e.id}/${e.contents}`).sort();
        assert.deepEqual(key(setup.elements), key(elements));
      },
    ),
    { numRuns: 400 },
  );
});

test('a name arrives wherever the variant has a place for it', () => {
  const callerName: PresentedName = { text: 'Ann Other', presentation: 'allowed' };
  for (const name of names) {
    for (const side of ['user', 'network'] as const) {
      const pair = new Pair({ variant: VARIANTS[name] }, { variant: VARIANTS[name] });
      pair.linkUp();
      const setup = heard(pair, pair[side], { callerName });
      assert.deepEqual(
        setup?.callerName,
        VARIANTS[name].names[side].length > 0 ? callerName : undefined,
        `${name} ${side}`,
      );
    }
  }
});

test('a name that may not be shown is never put where it would be', () => {
  const callerName: PresentedName = { text: 'Secret', presentation: 'restricted' };
  for (const name of names) {
    const pair = new Pair({ variant: VARIANTS[name] }, { variant: VARIANTS[name] });
    pair.linkUp();
    const shown = heard(pair, pair.network, { callerName })?.callerName;
    assert.ok(shown === undefined || shown.presentation === 'restricted', name);
  }
});

test('a name in DISPLAY of a caller who withholds the number is withheld with it', () => {
  const pair = new Pair({ variant: VARIANTS.dms100 }, { variant: VARIANTS.dms100 });
  pair.linkUp();
  const caller = {
    digits: '1',
    type: 'national',
    plan: 'isdn',
    presentation: 'restricted',
    screening: 'network',
  } as const;
  const callerName: PresentedName = { text: 'Ann', presentation: 'allowed' };
  assert.deepEqual(heard(pair, pair.network, { caller, callerName })?.callerName, {
    text: 'Ann',
    presentation: 'restricted',
  });
});

test('a name that comes late is an identity of the call it belongs to', () => {
  for (const name of ['ni2', 'dms100', '4ess', 'qsig'] as const) {
    const pair = new Pair({ variant: VARIANTS[name] }, { variant: VARIANTS[name] });
    pair.linkUp();
    const call = pair.call(pair.network);
    pair.settle();
    pair.request(pair.network, call, { type: 'identity', name: { text: 'Late', presentation: 'allowed' } });
    pair.settle();
    assert.deepEqual(pair.user.last('identity')?.name, { text: 'Late', presentation: 'allowed' }, name);
  }
});

test('who has answered is told with CONNECT', () => {
  const pair = new Pair();
  pair.linkUp();
  pair.call(pair.user);
  pair.settle();
  const connected: PresentedNumber = {
    digits: '2145550001',
    type: 'national',
    plan: 'isdn',
    presentation: 'restricted',
    screening: 'passed',
  };
  const connectedName: PresentedName = { text: 'Bo', presentation: 'allowed' };
  pair.request(pair.network, pair.incoming(pair.network), { type: 'connect', connected, connectedName });
  pair.settle();
  const connect = pair.user.last('connect');
  assert.deepEqual([connect?.connected, connect?.connectedName], [connected, connectedName]);
});

test('a data call keeps the octets of its bearer that our words don’t hold', () => {
  const pair = new Pair();
  pair.linkUp();
  // 64 kbit/s unrestricted, rate adapted to 56: octet 5a.
  const contents = Uint8Array.from([0x88, 0x90, 0x21, 0x8f]);
  const elements = [{ codeset: 0, id: 4, contents }];
  const setup = heard(pair, pair.network, { bearer: { capability: 'unrestricted', law: undefined }, elements });
  assert.deepEqual(setup?.elements, elements);
});

test('what is handed on of a message outlives the array that brought it', () => {
  const pair = new Pair();
  pair.linkUp();
  const data = fromHex('08020001' + '05' + '04038090a2' + '1803a98381' + '7004a1313030' + '7c02bbcc');
  pair.feed(pair.network, { type: 'dl-data', data, at: 0 });
  data.fill(0xff);
  const setup = pair.network.last('setup');
  assert.deepEqual(setup?.called, { digits: '100', type: 'national', plan: 'isdn' });
  assert.deepEqual(setup?.elements, [{ codeset: 0, id: 0x7c, contents: Uint8Array.of(0xbb, 0xcc) }]);
});

test('origination not ISDN goes through a tandem', () => {
  const pair = new Pair();
  pair.linkUp();
  const setup = heard(pair, pair.network, { progress: [{ location: 'user', description: 3 }] });
  assert.deepEqual(setup?.progress, [{ location: 'user', description: 3 }]);
  const next = new Pair();
  next.linkUp();
  const again = heard(next, next.user, { elements: setup.elements });
  assert.deepEqual(again?.progress, setup.progress);
});

test('in overlap, digits asked before and after SETUP ACKNOWLEDGE arrive in order', () => {
  const pair = new Pair({ overlap: true }, { overlap: true });
  pair.linkUp();
  const call = pair.call(pair.user, { complete: false, called: { ...SETUP.called, digits: '9' } });
  pair.request(pair.user, call, { type: 'information', digits: '1', complete: false });
  pair.request(pair.user, call, { type: 'information', digits: '2', complete: false });
  pair.settle();
  assert.equal(pair.network.last('setup')?.complete, false);
  pair.request(pair.network, pair.incoming(pair.network), { type: 'setup-acknowledge' });
  pair.settle();
  pair.request(pair.user, call, { type: 'information', digits: '3', complete: false });
  pair.request(pair.user, call, { type: 'information', digits: '', complete: true });
  pair.settle();
  const digits = pair.network.indications.flatMap(({ indication: i }) =>
    i.type === 'setup' ? [i.called.digits] : i.type === 'information' ? [`${i.digits}${i.complete ? '.' : ''}`] : [],
  );
  assert.deepEqual(digits, ['9', '12', '3', '.']);
});

test('PROGRESS is never the first answer to SETUP', () => {
  const pair = new Pair();
  pair.linkUp();
  const call = pair.call(pair.user);
  pair.settle();
  pair.request(pair.network, pair.incoming(pair.network), {
    type: 'progress',
    progress: [{ location: 'public-local', description: 8 }],
    cause: { cause: 17, location: 'public-local', diagnostics: undefined },
  });
  pair.settle();
  assert.deepEqual(pair.user.of(call), ['channel', 'proceeding', 'progress']);
  assert.equal(pair.user.last('progress')?.cause?.cause, 17);
});

test('a notification crosses a call that talks', () => {
  const pair = new Pair();
  pair.linkUp();
  const { caller } = talking(pair, 'user');
  pair.request(pair.user, caller, { type: 'notify', indicator: 0x79 });
  pair.settle();
  assert.equal(pair.network.last('notify')?.indicator, 0x79);
});
