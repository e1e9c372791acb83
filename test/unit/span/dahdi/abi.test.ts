import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALARM,
  bufferInfoOf,
  chanConfigOf,
  echoCanOf,
  lineConfigOf,
  maintOf,
  paramsOf,
  REQUEST,
  readText,
  SIZE,
  spanInfoOf,
} from '../../../../src/span/dahdi/abi.ts';
import { alarmsOf } from '../../../../src/span/dahdi/span.ts';
import type { LineAlarm } from '../../../../src/span/port.ts';

test('the requests are the numbers that the compiler makes of the driver’s own header', () => {
  const hex = Object.fromEntries(Object.entries(REQUEST).map(([name, number]) => [name, number.toString(16)]));
  assert.deepEqual(hex, {
    flush: '4004da03',
    getParams: 'c088da05',
    getEvent: '8004da08',
    spanStat: 'c13ada0a',
    maint: '4008da0b',
    spanConfig: '4024da12',
    chanConfig: '404cda13',
    setBufferInfo: '4018da1b',
    audioMode: '4004da20',
    echoCancel: '4004da21',
    specify: '4004da26',
    attachEchoCan: '4014da3b',
    dynamicCreate: 'c048da50',
    dynamicDestroy: '4048da51',
    startup: '4004da63',
    bufferEvents: '4004da69',
  });
});

/** The places of a structure that are not zero, as 32-bit words. */
const words = (octets: Uint8Array): Record<number, number> => {
  const view = new DataView(octets.buffer);
  const found: Record<number, number> = {};
  for (let at = 0; at + 4 <= octets.length; at += 4)
    if (view.getInt32(at, true) !== 0) found[at] = view.getInt32(at, true);
  return found;
};

test('every field stands at its offset, in a structure of its size', () => {
  assert.deepEqual(words(lineConfigOf(3, 2, 0xa0, 1)), { 0: 3, 24: 2, 28: 0xa0, 32: 1 });
  assert.deepEqual(words(chanConfigOf(25, 0x80, 1, 25)), { 0: 25, 44: 0x80, 48: 1, 52: 25 });
  assert.deepEqual(words(bufferInfoOf(8, 160)), { 8: 8, 12: 160 });
  assert.deepEqual(words(maintOf(2, 13)), { 0: 2, 4: 13 });
  assert.deepEqual(words(paramsOf(24)), { 0: 24 });
  assert.equal(paramsOf(24).length, SIZE.params);
  assert.equal(spanInfoOf(1).length, SIZE.spanInfo);
  const canceller = echoCanOf(7, 'a name that is far too long');
  assert.equal(canceller.length, SIZE.echoCan);
  assert.equal(canceller.at(-1), 0, 'the name has no end');
});

test('a text ends at its zero or with its field', () => {
  const octets = new TextEncoder().encode('xxT1\0rubbish');
  assert.equal(readText(octets, [2, 8]), 'T1');
  assert.equal(readText(octets, [2, 2]), 'T1');
});

test('the driver’s alarms are told in our words', () => {
  const none = new Set<LineAlarm>();
  const of = (mask: number, before: ReadonlySet<LineAlarm> = none): string => [...alarmsOf(mask, before)].join();
  assert.equal(of(0, new Set<LineAlarm>(['LOS'])), '');
  assert.equal(of(ALARM.red), 'LOS');
  assert.equal(of(ALARM.red | ALARM.loss), 'LOS');
  assert.equal(of(ALARM.red | ALARM.framing), 'LOF');
  assert.equal(of(ALARM.red | ALARM.loss | ALARM.framing), 'LOS');
  assert.equal(of(ALARM.blue), 'AIS');
  assert.equal(of(ALARM.yellow), 'RAI');
  assert.equal(of(ALARM.notOpen), 'LOS');
  assert.equal(of(ALARM.red | ALARM.yellow), 'LOS,RAI');
  assert.equal(of(ALARM.loopback), '');
  assert.equal(of(ALARM.recovering, new Set<LineAlarm>(['AIS'])), 'AIS', 'it is not clear before the driver says so');
});
