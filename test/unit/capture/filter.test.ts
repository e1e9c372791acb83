/** What a capture lets through is what was asked for and no more, by the configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facesOf, filterOf, type Reach } from '../../../src/capture/filter.ts';

const BOX: Reach = {
  listeners: [
    { transport: 'udp', address: '192.0.2.1', port: 5060 },
    { transport: 'tls', address: '192.0.2.1', port: 5061 },
  ],
  peers: [],
  media: { address: '192.0.2.9', from: 20_000, to: 20_399 },
  tdmoe: ['eth1'],
};
const at = (address: string, port = 5060): Reach => ({ ...BOX, listeners: [{ transport: 'udp', address, port }] });

test('signalling is that of the listeners, with the later pieces of long datagrams, and no sound is in it', () => {
  assert.equal(
    filterOf(['sip'], BOX, 'eth0'),
    '(host 192.0.2.1 and udp port 5060) or (host 192.0.2.1 and tcp port 5061) or ' +
      '(host 192.0.2.1 and udp and ip[6:2] & 0x1fff != 0)',
  );
});

test('sound is the ports of media, and stands alone where only it is asked for', () => {
  assert.equal(filterOf(['rtp'], BOX, 'eth0'), '(host 192.0.2.9 and udp portrange 20000-20399)');
});

test('spans over Ethernet are let through on their own interfaces only', () => {
  assert.equal(filterOf(['tdmoe'], BOX, 'eth0'), undefined);
  assert.equal(filterOf(['tdmoe'], BOX, 'eth1'), '(ether proto 0xd00d)');
  assert.match(filterOf(['sip', 'tdmoe'], BOX, 'eth1') ?? '', /port 5060.* or \(ether proto 0xd00d\)$/);
});

test('a listener on every address is not bound to one, but to its family', () => {
  assert.equal(
    filterOf(['sip'], at('0.0.0.0'), 'eth0'),
    '(ip and udp port 5060) or (ip and udp and ip[6:2] & 0x1fff != 0)',
  );
  assert.equal(
    filterOf(['sip'], at('::', 5070), 'eth0'),
    '(udp port 5070) or (udp and ip[6:2] & 0x1fff != 0) or (ip6 proto 44 and ip6[40] = 17)',
  );
});

test('over IPv6 a datagram in pieces is known by its header, and an address is written as libpcap reads it', () => {
  assert.equal(
    filterOf(['sip'], at('FE80:0::1%eth0'), 'eth0'),
    '(host fe80::1 and udp port 5060) or (host fe80::1 and ip6 proto 44 and ip6[40] = 17)',
  );
});

test('connections that the box opens are let through by the peer’s address and port; of a name only the port counts', () => {
  const reach: Reach = {
    ...BOX,
    listeners: [],
    peers: [
      { transport: 'tcp', address: '198.51.100.7', port: 5080 },
      { transport: 'tls', address: 'core.example', port: undefined },
      { transport: 'tls', address: 'other.example', port: undefined },
      { transport: 'tcp', address: '2001:db8::7', port: undefined },
    ],
  };
  assert.equal(
    filterOf(['sip'], reach, 'eth0'),
    '(host 198.51.100.7 and tcp port 5080) or (tcp port 5061) or (host 2001:db8::7 and tcp port 5060)',
  );
});

test('interfaces are those that have the addresses', () => {
  const own = new Map([
    ['lo', ['127.0.0.1', '::1']],
    ['eth0', ['192.0.2.1', 'fe80::5']],
    ['eth1', ['2001:db8::9']],
    ['eth2', ['192.0.2.9']],
  ]);
  assert.deepEqual(facesOf(['sip'], BOX, own), ['eth0']);
  assert.deepEqual(facesOf(['rtp'], BOX, own), ['eth2']);
  assert.deepEqual(facesOf(['sip', 'rtp', 'tdmoe'], BOX, own), ['eth0', 'eth2', 'eth1']);
  assert.deepEqual(facesOf(['sip'], at('127.0.0.21'), own), ['lo']);
  assert.deepEqual(facesOf(['sip'], at('0.0.0.0'), own), ['lo', 'eth0', 'eth2']);
  assert.deepEqual(facesOf(['sip'], at('::'), own), ['lo', 'eth0', 'eth1', 'eth2']);
  assert.deepEqual(facesOf(['sip'], at('2001:DB8:0::9'), own), ['eth1']);
  assert.deepEqual(facesOf(['sip'], at('203.0.113.1'), own), []);
});
