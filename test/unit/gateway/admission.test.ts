import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission } from '../../../src/gateway/admission.ts';
import type { DialHop } from '../../../src/gateway/dial-hop.ts';
import { Ledger } from '../../../src/gateway/ledger.ts';
import type { LiveCall } from '../../../src/gateway/live-call.ts';
import type { Decision } from '../../../src/routing/decision.ts';
import type { Spent } from '../../../src/routing/permissions.ts';
import type { Source } from '../../../src/routing/query.ts';
import type { StoreOp } from '../../../src/store/words.ts';

const ADA: Source = { type: 'user', id: '201' };
const PSTN: Source = { type: 'span-group', id: 'pstn' };
const OUT: DialHop = {
  type: 'span-group',
  id: 'pstn',
  spans: ['t1'],
  hunting: 'ascending',
  called: { digits: '1', type: 'unknown', plan: 'isdn' },
  caller: undefined,
};

const NO_WATCH = { answered: () => {}, ended: () => {} };

const decision = (charged: string | undefined, emergency = false): Decision => ({
  type: 'hops',
  hops: [],
  emergency,
  stages: [],
  directoryRevision: 'r',
  effects: [],
  charged,
});

const admission = (through?: number, told: string[] = []) =>
  new Admission(
    () => ({ calls: 10, callsPerUser: 2, callsThrough: (id) => (id === 'pstn' ? through : undefined) }),
    (gateway) => told.push(gateway),
  );

test('a user has so many calls at once, and a call more once one of them is over', () => {
  const room = admission();
  const one = (leg: string) => room.admit(leg, ADA, decision('201'), 1);
  assert.deepEqual([one('a'), one('b'), one('c')], [undefined, undefined, 'user-full']);
  room.left('a');
  assert.equal(one('c'), undefined);
  assert.deepEqual([...room.callsNow], [['201', 2]]);
});

test('a gateway’s limit counts both directions, and a leg that is over leaves its room', () => {
  const room = admission(2);
  assert.equal(room.admit('a', PSTN, decision(undefined), 1), undefined);
  assert.equal(room.dial('b', OUT, false), true);
  assert.equal(room.dial('c', OUT, false), false);
  assert.equal(room.admit('d', PSTN, decision(undefined), 1), 'gateway-full');
  room.left('b');
  assert.equal(room.dial('c', OUT, false), true);
});

test('every call through a gateway is told, also one that is not let in: a surge must show', () => {
  const told: string[] = [];
  const room = admission(1, told);
  room.admit('a', PSTN, decision(undefined), 1);
  room.admit('b', PSTN, decision(undefined), 1);
  room.dial('c', OUT, false);
  room.admit('d', ADA, decision('201'), 1);
  assert.deepEqual(told, ['pstn', 'pstn', 'pstn']);
});

test('an emergency call passes every limit', () => {
  const room = admission(0);
  assert.equal(room.admit('a', PSTN, decision('201', true), 11), undefined);
  assert.equal(room.dial('b', OUT, true), true);
  assert.equal(room.admit('c', ADA, decision('201'), 11), 'box-full');
});

test('an answered call out of the house is counted at once and its seconds at its end, each written down', () => {
  const written: StoreOp[] = [];
  const ledger = new Ledger({
    start: new Map(),
    persist: (op) => written.push(op),
    today: () => '2026-11-21',
    watch: NO_WATCH,
  });
  // The ledger looks at nothing else of a call.
  const live = { decision: decision('201'), spender: undefined } as LiveCall;
  ledger.answered(live, OUT);
  ledger.ended(live, 61);
  const day = { day: '2026-11-21', dayCalls: 1, daySeconds: 61 };
  const spent: Spent = { ...day, month: '2026-11', monthCalls: 1, monthSeconds: 61 };
  assert.deepEqual(ledger.spent.get('201'), spent);
  assert.deepEqual(written.at(-1), { type: 'spent', user: '201', spent });
  assert.equal(written.length, 2);
});

test('who diverted the call to a hop after ringing pays for it, though another began the call', () => {
  const ledger = new Ledger({ start: new Map(), persist: () => {}, today: () => '2026-11-21', watch: NO_WATCH });
  const live = { decision: decision('201'), spender: undefined } as LiveCall;
  ledger.answered(live, { ...OUT, charged: '202' });
  ledger.ended(live, 30);
  assert.deepEqual([...ledger.spent.keys()], ['202']);
});

test('neither a colleague’s call nor an emergency spends anything', () => {
  const ledger = new Ledger({
    start: new Map(),
    persist: () => assert.fail(),
    today: () => '2026-11-21',
    watch: NO_WATCH,
  });
  for (const [hop, emergency] of [
    [undefined, false],
    [OUT, true],
  ] as const) {
    const live = { decision: decision('201', emergency), spender: undefined } as LiveCall;
    ledger.answered(live, hop);
    ledger.ended(live, 61);
  }
});
