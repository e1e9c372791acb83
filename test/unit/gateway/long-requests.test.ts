import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LongRequests } from '../../../src/gateway/long-requests.ts';
import { ownPlace } from '../../../src/gateway/own-place.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import type { Flow, Target } from '../../../src/sip/message/flow.ts';
import { request } from '../../../src/sip/message/message.ts';

const UDP: Target = { transport: 'udp', address: '192.0.2.7', port: 5060 };
const TCP: Target = { ...UDP, transport: 'tcp' };
const NAT: Flow = {
  transport: 'udp',
  remote: { address: '192.0.2.9', port: 5070 },
  local: { address: '192.0.2.1', port: 5060 },
};
const of = (octets: number) => request('INVITE', 'sip:100@192.0.2.7', [], new Uint8Array(octets));

test('a request of more than 1,300 octets goes over TCP first; short ones, and those through a NAT, stay', () => {
  const long = new LongRequests(
    () => 0 as Instant,
    () => true,
  );
  assert.deepEqual(long.overTcp(of(1_300), [UDP]), [TCP, UDP]);
  assert.deepEqual(long.overTcp(of(500), [UDP]), [UDP]);
  assert.deepEqual(long.overTcp(of(1_300), [NAT]), [NAT]);
  assert.deepEqual(
    new LongRequests(
      () => 0 as Instant,
      () => false,
    ).overTcp(of(1_300), [UDP]),
    [UDP],
  );
});

test('a peer without TCP is not asked for it again for ten minutes, and not many of them are remembered', () => {
  let now = 0;
  const long = new LongRequests(
    () => now as Instant,
    () => true,
  );
  long.unreachable(TCP);
  assert.deepEqual(long.overTcp(of(1_300), [UDP]), [UDP]);
  now = 601_000;
  assert.deepEqual(long.overTcp(of(1_300), [UDP]), [TCP, UDP]);
  long.unreachable(TCP);
  for (let n = 0; n < 500; n++) long.unreachable({ ...TCP, address: `198.51.100.${n}` });
  assert.deepEqual(long.overTcp(of(1_300), [UDP]), [TCP, UDP]);
});

test('a peer is told of the listener that it came through, not of the first one', () => {
  const listeners = [
    { transport: 'udp', address: '192.0.2.1', port: 5060 },
    { transport: 'udp', address: '10.0.0.1', port: 5080 },
    { transport: 'udp', address: '2001:db8::1', port: 5060 },
    { transport: 'tcp', address: '0.0.0.0', port: 5062 },
  ] as const;
  const flow = (transport: Flow['transport'], address: string, port: number): Flow => ({
    transport,
    remote: { address: '10.0.0.9', port: 40_000 },
    local: { address, port },
  });
  const place = (towards: Parameters<typeof ownPlace>[1]) => {
    const found = ownPlace(listeners, towards);
    return found === undefined ? undefined : `${found.address} ${found.port}`;
  };
  assert.equal(place(flow('udp', '10.0.0.1', 5080)), '10.0.0.1 5080');
  assert.equal(place(flow('udp', '192.0.2.1', 5060)), '192.0.2.1 5060');
  assert.equal(place(flow('tcp', '10.0.0.1', 5062)), '10.0.0.1 5062', 'the address that the connection was made to');
  assert.equal(place(flow('tcp', '10.0.0.1', 49_152)), '0.0.0.0 5062', 'a connection of our own');
  assert.equal(place({ transport: 'udp', address: '2001:db8::9' }), '2001:db8::1 5060');
  assert.equal(place({ transport: 'udp', address: '198.51.100.1' }), '192.0.2.1 5060');
  assert.equal(place({ transport: 'tls', address: '198.51.100.1' }), undefined);
});
