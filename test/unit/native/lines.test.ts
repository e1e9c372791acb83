import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadNative, type Native } from '../../../src/native/native.ts';
import { eventually } from '../../support/process.ts';
import { ROOT } from '../../support/tree.ts';

let native: Native;
let folder: string;

before(() => {
  execFileSync(`${ROOT}scripts/build-native`);
  const loaded = loadNative();
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error);
  native = loaded.value;
  folder = mkdtempSync(join(tmpdir(), 'branchline-lines-'));
});

after(() => rmSync(folder, { recursive: true }));

function open(path: string): number {
  const opened = native.deviceOpen(path);
  assert.ok(opened.ok, opened.ok ? '' : opened.error.code);
  return opened.value;
}

function pipe(name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

test('a device that is not there is a value with the errno’s name', () => {
  const opened = native.deviceOpen(join(folder, 'none'));
  assert.deepEqual(opened, { ok: false, error: { errno: 2, code: 'ENOENT' } });
});

test('a request that a device does not know, and one whose argument is too short', () => {
  const fd = open('/dev/null');
  const asked = native.deviceControl(fd, 0x8004da08, new Uint8Array(4));
  assert.ok(!asked.ok);
  assert.equal(asked.error.code, 'ENOTTY');
  assert.throws(() => native.deviceControl(fd, 0x8004da08, new Uint8Array(3)), /too short/);
  native.close(fd);
});

test('one sweep reads each descriptor into its own place, passes over those that are none, and tells who refused', () => {
  const [zero, empty] = [open('/dev/zero'), open(pipe('empty'))];
  const data = new Uint8Array(4 * 8).fill(7);
  const lengths = new Int32Array(4);
  assert.equal(native.deviceRead(Int32Array.of(zero, -1, empty, zero), data, lengths, 8), 2);
  assert.deepEqual([...lengths], [8, 0, -11, 8]);
  const expected = [...new Array(8).fill(0), ...new Array(16).fill(7), ...new Array(8).fill(0)];
  assert.deepEqual([...data], expected);
  assert.throws(() => native.deviceRead(Int32Array.of(zero, zero), data, lengths, 17), /room/);
  for (const fd of [zero, empty]) native.close(fd);
});

test('one sweep writes to each descriptor what is its own, and a length beyond its place is our fault', () => {
  const fd = open(pipe('written'));
  const lengths = Int32Array.of(3, 0, 2);
  const data = Uint8Array.of(1, 2, 3, 0, 9, 9, 9, 9, 4, 5, 0, 0);
  assert.equal(native.deviceWrite(Int32Array.of(fd, fd, fd), data, lengths, 4), 2);
  assert.deepEqual([...lengths], [3, 0, 2]);
  const back = new Uint8Array(8);
  native.deviceRead(Int32Array.of(fd), back, lengths.subarray(0, 1), 8);
  assert.deepEqual([...back.subarray(0, 5)], [1, 2, 3, 4, 5]);
  assert.throws(() => native.deviceWrite(Int32Array.of(fd), data, Int32Array.of(5), 4), /out of range/);
  native.close(fd);
});

test('who watches a descriptor is told while it has something, and no more when he has stopped', async () => {
  const path = pipe('watched');
  const fd = open(path);
  let told = 0;
  const into = new Uint8Array(8);
  const length = new Int32Array(1);
  const watched = native.watch(fd, () => {
    told++;
    native.deviceRead(Int32Array.of(fd), into, length, 8);
  });
  assert.ok(watched.ok);
  const writer = openSync(path, 'r+');
  writeSync(writer, 'one');
  await eventually('the callback', () => told === 1, 3);
  writeSync(writer, 'two');
  await eventually('the next', () => told === 2, 3);
  assert.equal(Buffer.from(into.subarray(0, 3)).toString(), 'two');
  watched.value();
  watched.value();
  writeSync(writer, 'three');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(told, 2);
  closeSync(writer);
  native.close(fd);
});

test('an Ethernet interface that is not there, or that we may not use, is a value', () => {
  const opened = native.packetOpen('no-such-one', 0xd00d, new Uint8Array(6));
  assert.ok(!opened.ok);
  assert.ok(['ENODEV', 'EPERM'].includes(opened.error.code), opened.error.code);
  assert.throws(() => native.packetOpen('a-name-that-is-too-long', 0xd00d, new Uint8Array(6)), /length/);
  assert.throws(() => native.packetOpen('eth0', 0xd00d, new Uint8Array(5)), /too short/);
});
