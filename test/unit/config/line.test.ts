import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockOrder } from '../../../src/config/line.ts';
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
    spans: [
      span('t1', {}, 20_000),
      span('pbx', { side: 'network' }, 20_200),
      span('t2', { clockPriority: 2 }, 20_400),
      span('t3', { clockPriority: 1 }, 20_600),
    ],
  });
  assert.deepEqual(clockOrder(site.spans), ['t3', 't2', 't1']);
});
