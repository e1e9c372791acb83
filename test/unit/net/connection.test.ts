import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { fromLatin1 } from '../../../src/kernel/bytes.ts';
import { Connection } from '../../../src/net/connection.ts';
import { STREAM_LIMITS } from '../../../src/net/words.ts';
import type { Flow } from '../../../src/sip/message/flow.ts';

const FLOW: Flow = {
  transport: 'tcp',
  remote: { address: '192.0.2.9', port: 40_000 },
  local: { address: '192.0.2.1', port: 5060 },
  connection: 'tcp-1',
};

/** The end of a connection whose far side takes nothing that is written to it. */
function deaf(): Duplex {
  const socket = new Duplex({ read: () => {}, write: () => {} });
  return Object.assign(socket, { setNoDelay: () => socket });
}

test('a peer that pings and reads no answer is owed no more of them than a buffer holds', () => {
  const socket = deaf();
  const hear = { onMessage: () => {}, onBroken: () => {}, onClosed: () => {} };
  const connection = new Connection(socket as unknown as Socket, FLOW, false, STREAM_LIMITS, hear);
  const pings = fromLatin1('\r\n\r\n'.repeat(10_000));
  for (let n = 0; n < 20; n++) socket.emit('data', pings);
  assert.equal(connection.open, true);
  assert.equal(socket.writableLength <= socket.writableHighWaterMark + 2, true, `${socket.writableLength} octets`);
  connection.close();
});
