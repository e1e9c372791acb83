import assert from 'node:assert/strict';
import { test } from 'node:test';
import { channelsOf, clockOrder, signallingsOf } from '../../../src/config/line.ts';
import { fullSample, siteOf } from '../../support/sites.ts';

test('the reference is the carrier’s line of the first rank, then the unranked ones in their order; what takes our clock is none', () => {
  const sample = fullSample();
  const [, far] = sample.spans as Record<string, unknown>[];
  const span = (id: string, more: object, port: number): object => ({
    ...far,
    ...more,
    id,
    far: { listen: `127.0.0.1:${port}`, peer: `127.0.0.1:${port + 100}` },
  });
  const site = siteOf({
    ...sample,
    nfas: [],
    spans: [
      span('t1', {}, 20_000),
      span('pbx', { side: 'network' }, 20_200),
      span('t2', { clockPriority: 2 }, 20_400),
      span('t3', { clockPriority: 1 }, 20_600),
    ],
  });
  assert.deepEqual(clockOrder(site.spans), ['t3', 't2', 't1']);
});

test('spans of an NFAS group stand together where the first of them does, the others each for itself', () => {
  const sample = fullSample();
  const [, far] = sample.spans as Record<string, unknown>[];
  const span = (id: string, port: number, more: object = {}): object => ({
    ...far,
    ...more,
    id,
    far: { listen: `127.0.0.1:${port}`, peer: `127.0.0.1:${port + 100}` },
  });
  const site = siteOf({
    ...sample,
    nfas: [{ id: 'shared', spans: ['t3', 't2', 't4'], backup: 't4', interfaces: [0, 7, 1] }],
    spans: [
      span('t1', 20_000),
      span('t2', 20_200, { dChannel: 'none' }),
      span('t3', 20_400),
      span('t4', 20_600),
      span('t5', 20_800),
    ],
    spanGroups: [
      { id: 'pstn', spans: ['t1'], profile: 'redmond' },
      { id: 'pbx', spans: ['t2'] },
    ],
  });
  assert.deepEqual(
    signallingsOf(site).map(({ id, members }) => [id, members.map((m) => [m.span.id, m.interface, m.role])]),
    [
      ['t1', [['t1', 0, 'primary']]],
      [
        'shared',
        [
          ['t3', 0, 'primary'],
          ['t2', 7, undefined],
          ['t4', 1, 'backup'],
        ],
      ],
      ['t5', [['t5', 0, 'primary']]],
    ],
  );
  assert.deepEqual(
    site.spans.map((one) => channelsOf(one).length),
    [23, 24, 23, 23, 23],
  );
});
