import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { probePorts } from '../../../src/media/probe.ts';

async function taken(...ports: readonly number[]): Promise<readonly Socket[]> {
  return Promise.all(
    ports.map(async (port) => {
      const socket = createSocket('udp4').bind(port, '127.0.0.1');
      await once(socket, 'listening');
      return socket;
    }),
  );
}

test('a range without a free pair is refused by the name of its setting; one free pair is enough', async () => {
  // The RTCP port of the first pair, the RTP port of the second.
  const sockets = await taken(28_961, 28_962);
  try {
    const full = await probePorts('127.0.0.1', [28_960, 28_963]);
    assert.ok(!full.ok);
    assert.match(full.error, /^media\.ports: .*28960 to 28963 .*; set media\.ports to/);
    assert.ok((await probePorts('127.0.0.1', [28_960, 28_965])).ok);
  } finally {
    for (const socket of sockets) socket.close();
  }
});

test('an address that is not this box’s is refused by the name of its setting', async () => {
  const other = await probePorts('192.0.2.1', [28_960, 28_963]);
  assert.ok(!other.ok);
  assert.match(other.error, /^media\.address: this box does not have 192\.0\.2\.1; set media\.address/);
});
