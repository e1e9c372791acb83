import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { before, test } from 'node:test';
import { addressText, addressWords } from '../../../src/media/address.ts';
import { PacketBatch, PER_SOCKET, STRIDE } from '../../../src/media/packet-io.ts';
import { ADDON_PATH, errnoName, loadNative, type Native } from '../../../src/native/native.ts';
import { ROOT } from '../../support/tree.ts';

let native: Native;

before(() => {
  execFileSync(`${ROOT}scripts/build-native`);
  const loaded = loadNative();
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error);
  native = loaded.value;
});

const words = (text: string): Int32Array => addressWords(text) ?? assert.fail(text);

function open(address: string, port: number): number {
  const opened = native.udpOpen(words(address), port, 0xb8);
  assert.ok(opened.ok, opened.ok ? '' : opened.error.code);
  return opened.value;
}

test('an addon that is not built is said in words, with the mend', () => {
  const loaded = loadNative('/nonexistent/branchline.node');
  assert.ok(!loaded.ok);
  assert.match(loaded.error, /not built.*scripts\/build-native/);
});

test('a file that is no addon is said in words, with the mend', () => {
  const loaded = loadNative(`${ROOT}src/native/branchline.c`);
  assert.ok(!loaded.ok);
  assert.match(loaded.error, /does not load.*scripts\/build-native/s);
});

for (const address of ['127.0.0.1', '::1']) {
  test(`datagrams cross between two sockets on ${address} with their length, sender and time of arrival`, () => {
    const epoll = native.epollOpen();
    assert.ok(epoll.ok);
    const [a, b] = [open(address, 24_990), open(address, 24_992)];
    assert.ok(native.epollAdd(epoll.value, b, 77).ok);
    const out = new PacketBatch();
    for (let n = 0; n < 20; n++) {
      out.open()?.fill(n, 0, 100 + n);
      out.close(a, 100 + n, words(address), 24_992);
    }
    const sentAt = native.monotonic();
    assert.equal(native.send(out.data, out.meta, STRIDE, out.count), 0);
    const inbox = new PacketBatch();
    const receive = (): number =>
      native.receive(epoll.value, inbox.data, inbox.meta, inbox.arrival, STRIDE, PER_SOCKET);
    inbox.count = receive();
    assert.equal(inbox.count, PER_SOCKET, 'one socket filled the batch');
    for (let n = 0; n < inbox.count; n++) {
      assert.equal(inbox.tag(n), 77);
      assert.equal(inbox.length(n), 100 + n);
      assert.equal(inbox.port(n), 24_990);
      assert.equal(addressText(inbox.meta, inbox.addressAt(n)), addressText(words(address)));
      assert.ok(inbox.views[n]?.subarray(0, 100 + n).every((octet) => octet === n));
      const age = (inbox.arrival[n] ?? 0) - sentAt;
      assert.ok(age > -5 && age < 500, `${age} ms`);
    }
    assert.equal(receive(), 4);
    assert.equal(receive(), 0);
    for (const fd of [a, b, epoll.value]) assert.ok(native.close(fd).ok);
  });
}

test('what the system refuses is a value with the name of its error', () => {
  const held = open('127.0.0.1', 24_994);
  const again = native.udpOpen(words('127.0.0.1'), 24_994, 0);
  assert.deepEqual(again, { ok: false, error: { errno: 98, code: 'EADDRINUSE' } });
  const foreign = native.udpOpen(words('192.0.2.1'), 24_994, 0);
  assert.equal(foreign.ok ? '' : foreign.error.code, 'EADDRNOTAVAIL');
  assert.ok(native.close(held).ok);
  const closed = native.close(held);
  assert.equal(closed.ok ? '' : closed.error.code, 'EBADF');
  assert.equal(native.receive(held, new Uint8Array(1500), new Int32Array(7), new Float64Array(1), 1500, 16), -9);
  assert.equal(errnoName(12_345), 'errno 12345');
});

test('a datagram that cannot be sent is counted, and those after it are sent', () => {
  const epoll = native.epollOpen();
  assert.ok(epoll.ok);
  const [a, b] = [open('127.0.0.1', 24_990), open('127.0.0.1', 24_992)];
  native.epollAdd(epoll.value, b, 1);
  const out = new PacketBatch();
  for (const [fd, address] of [
    [a, '127.0.0.1'],
    [a, '255.255.255.255'],
    [a, '127.0.0.1'],
    [9999, '127.0.0.1'],
    [a, '127.0.0.1'],
  ] as const) {
    out.open();
    out.close(fd, 10, words(address), 24_992);
  }
  assert.equal(native.send(out.data, out.meta, STRIDE, out.count), 2);
  const inbox = new PacketBatch();
  assert.equal(native.receive(epoll.value, inbox.data, inbox.meta, inbox.arrival, STRIDE, PER_SOCKET), 3);
  for (const fd of [a, b, epoll.value]) native.close(fd);
});

test('a batch that is full leaves the rest in the socket', () => {
  const epoll = native.epollOpen();
  assert.ok(epoll.ok);
  const [a, b] = [open('127.0.0.1', 24_990), open('127.0.0.1', 24_992)];
  native.epollAdd(epoll.value, b, 1);
  const out = new PacketBatch();
  for (let n = 0; n < 5; n++) {
    out.open();
    out.close(a, 10, words('127.0.0.1'), 24_992);
  }
  native.send(out.data, out.meta, STRIDE, out.count);
  const [data, meta, arrival] = [new Uint8Array(3 * 100), new Int32Array(3 * 7), new Float64Array(3)];
  assert.equal(native.receive(epoll.value, data, meta, arrival, 100, 16), 3);
  assert.equal(native.receive(epoll.value, data, meta, arrival, 100, 16), 2);
  for (const fd of [a, b, epoll.value]) native.close(fd);
});

test('the sleep ends at its time and not before, and at once when that is past', () => {
  const began = native.monotonic();
  assert.equal(native.sleepUntil(began + 30), 0);
  const slept = native.monotonic() - began;
  assert.ok(slept >= 30 && slept < 200, `${slept} ms`);
  assert.equal(native.sleepUntil(began), 0);
  assert.ok(Math.abs(native.realtime() - Date.now()) < 100);
});

test('a wrong argument is our own fault and throws, whatever it is', () => {
  const addon = createRequire(import.meta.url)(ADDON_PATH) as Record<string, (...values: unknown[]) => number>;
  const odd: readonly unknown[] = [
    undefined,
    null,
    'x',
    -1,
    -1.5,
    Number.NaN,
    2 ** 40,
    {},
    [],
    new Uint8Array(0),
    new Float32Array(4),
    new Int32Array(2),
    Symbol('x'),
    10n,
  ];
  for (const name of ['udpOpen', 'closeDescriptor', 'epollAdd', 'receive', 'send', 'sleepUntil', 'scheduleFifo']) {
    const call = addon[name];
    assert.ok(call !== undefined, name);
    for (const value of odd) {
      for (let count = 0; count <= 7; count++) {
        assert.throws(
          () => call(...Array<unknown>(count).fill(value)),
          TypeError,
          `${name} with ${count} × ${String(value)}`,
        );
      }
    }
  }
  const tooMany = (): number | undefined => addon.send?.(new Uint8Array(1500), new Int32Array(7), 1500, 2);
  assert.throws(tooMany, /more datagrams/);
  const tooLong = Int32Array.of(1, 1501, 1, 0, 0, 0, 0);
  assert.throws(() => addon.send?.(new Uint8Array(1500), tooLong, 1500, 1), /out of range/);
});
