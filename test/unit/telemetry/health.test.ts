import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HealthFacts, judgeHealth } from '../../../src/telemetry/health.ts';

const WELL: HealthFacts = {
  listeners: [
    { name: 'udp 127.0.0.1:5060', open: true },
    { name: 'tcp 127.0.0.1:5060', open: true },
  ],
  gateways: [
    { id: 'pstn', up: true, why: undefined },
    { id: 'core', up: true, why: undefined },
  ],
  lines: [],
  media: true,
  store: true,
};

const judge = (over: Partial<HealthFacts>) => {
  const { verdict, problems } = judgeHealth({ ...WELL, ...over });
  return [verdict, ...problems.map(({ id }) => id)];
};

test('a box is well only while all of it is', () => {
  assert.deepEqual(judge({}), ['ok']);
});

test('one gateway down is a fault, all of them down is no service', () => {
  const down = WELL.gateways.map((gateway) => ({ ...gateway, up: false, why: 'D-channel down' }));
  const [first, second] = [...WELL.gateways];
  assert.ok(first && second);
  assert.deepEqual(judge({ gateways: [{ ...first, up: false }, second] }), ['degraded', 'gateway-down']);
  assert.deepEqual(judge({ gateways: down }), ['down', 'gateway-down', 'gateway-down', 'no-gateway']);
});

test('a box without any gateway cannot carry calls, so it does not say that it is well', () => {
  assert.deepEqual(judge({ gateways: [] }), ['down', 'no-gateway']);
});

test('an alarm of a line is told even while calls go by another, and alone takes nothing down', () => {
  const lines = [{ span: 't2', alarm: 'line-rai' }];
  assert.deepEqual(judge({ lines }), ['degraded', 'line-alarm']);
  assert.equal(judgeHealth({ ...WELL, lines }).problems[0]?.what, 'span t2: line-rai');
});

test('without media no call has sound: down; a store that fails only puts records at risk', () => {
  assert.deepEqual(judge({ media: false }), ['down', 'media-stopped']);
  assert.deepEqual(judge({ store: false }), ['degraded', 'store-failing']);
});

test('a box that hears on one listener is degraded, on none it is deaf', () => {
  const [udp, tcp] = WELL.listeners;
  assert.ok(udp && tcp);
  assert.deepEqual(judge({ listeners: [udp, { ...tcp, open: false }] }), ['degraded', 'listener-closed']);
  assert.equal(judge({ listeners: WELL.listeners.map(({ name }) => ({ name, open: false })) })[0], 'down');
});
