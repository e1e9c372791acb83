import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WallTime } from '../../../src/kernel/time.ts';
import { decide } from '../../../src/routing/decide.ts';
import { whyOf } from '../../../src/routing/explain.ts';
import { PrefixTable } from '../../../src/routing/prefix-table.ts';
import type { RoutingFacts, RoutingQuery, Source } from '../../../src/routing/query.ts';
import { DEMO, directoryOf, fullSample, siteOf } from '../../support/sites.ts';

const directories = [directoryOf(siteOf(DEMO)), directoryOf(siteOf(fullSample()))];

const source: fc.Arbitrary<Source> = fc.oneof(
  fc.constantFrom<Source>({ type: 'user', id: '201' }, { type: 'user', id: 'bob' }, { type: 'unknown' }),
  fc.constantFrom('pstn', 'pbx', 'gone').map((id): Source => ({ type: 'span-group', id })),
  fc.constantFrom('core', 'gone').map((id): Source => ({ type: 'sip-trunk', id })),
);

const digits = fc.string({ unit: fc.constantFrom(...'0123456789*#+') });

const dialled: fc.Arbitrary<RoutingQuery['dialled']> = fc.oneof(
  fc
    .oneof(fc.string(), digits, fc.constantFrom('201', '911', '9911', ';phone-context=', '+12145550201', '%00'))
    .map((text) => ({ type: 'user-part' as const, text })),
  fc.record({
    type: fc.constant('number' as const),
    number: fc.record({
      digits,
      type: fc.constantFrom('unknown' as const, 'international' as const, 'national' as const, 'subscriber' as const),
      plan: fc.constant('isdn' as const),
    }),
  }),
);

const facts: fc.Arbitrary<RoutingFacts> = fc.record({
  registered: fc.subarray(['sip:201@demo.branchline.example', 'sip:bob@redmond.example']).map((list) => new Set(list)),
  at: fc.nat().map((n) => n as WallTime),
  unavailable: fc.subarray(['pstn', 'pbx', 'core']).map((list) => new Map(list.map((id) => [id, 'is down']))),
  standing: fc.constant(new Map()),
  wan: fc.boolean(),
  callsNow: fc.constant(new Map()),
  spent: fc.constant(new Map()),
  enumAnswers: fc.constant(new Map()),
  cursors: fc.nat().map((n) => new Map([['local', n]])),
});

test('whatever is dialled, the answer is a decision: hops without repetition, or a refusal with a reason', () => {
  fc.assert(
    fc.property(
      source,
      dialled,
      fc.boolean(),
      facts,
      fc.constantFrom(...directories),
      (who, what, complete, now, directory) => {
        const decision = decide({ source: who, dialled: what, complete, caller: undefined }, directory, now);
        assert.ok(decision.stages.length > 0);
        if (decision.type === 'refusal') assert.ok(decision.refusal.status >= 400 && whyOf(decision) !== '');
        if (decision.type === 'collect') assert.equal(complete, false);
        if (decision.type !== 'hops') return;
        const names = decision.hops.map((hop) => (hop.type === 'user' ? `user ${hop.user}` : hop.id));
        assert.ok(names.length > 0);
        assert.equal(new Set(names).size, names.length, names.join());
        if (!decision.emergency) assert.ok(!names.some((name) => now.unavailable.has(name)));
      },
    ),
  );
});

test('the same question and facts give the same decision', () => {
  fc.assert(
    fc.property(source, dialled, facts, (who, what, now) => {
      const query: RoutingQuery = { source: who, dialled: what, complete: true, caller: undefined };
      const [directory] = directories;
      if (directory !== undefined) assert.deepEqual(decide(query, directory, now), decide(query, directory, now));
    }),
  );
});

test('a trie finds what a scan over all prefixes finds', () => {
  const word = fc.string({ unit: fc.constantFrom('1', '2', '3'), maxLength: 5 });
  fc.assert(
    fc.property(fc.array(word), word, (prefixes, text) => {
      const table = new PrefixTable<number>();
      for (const [i, prefix] of prefixes.entries()) table.add(prefix, i);
      const scanned = prefixes.flatMap((prefix, i) => (text.startsWith(prefix) ? [i] : []));
      const found: number[] = [];
      table.along(text, (value) => found.push(value));
      assert.deepEqual(
        found.toSorted((a, b) => a - b),
        scanned,
      );
    }),
  );
});
