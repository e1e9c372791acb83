import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stunAnswer } from '../../../src/net/stun.ts';

const octets = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (octet) => Number.parseInt(octet, 16));

/** The transaction of RFC 5769 §2. */
const ID = 'b7 e7 a7 01 bc 34 d6 86 fa 87 df ae';
const REQUEST = octets(`00 01 00 00 21 12 a4 42 ${ID}`);

test('a Binding Request is answered with the address that it came from, as RFC 5769 2.2 and 2.3 have it', () => {
  assert.deepEqual(
    stunAnswer(REQUEST, { address: '192.0.2.1', port: 32_853 }),
    octets(`01 01 00 0c 21 12 a4 42 ${ID} 00 20 00 08 00 01 a1 47 e1 12 a6 43`),
  );
  assert.deepEqual(
    stunAnswer(REQUEST, { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 }),
    octets(`01 01 00 18 21 12 a4 42 ${ID} 00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9`),
  );
});

test('an address is the same in each way of writing it', () => {
  const answer = (address: string): Uint8Array | undefined => stunAnswer(REQUEST, { address, port: 5060 });
  assert.deepEqual(answer('::ffff:192.0.2.1'), answer('192.0.2.1'));
  assert.deepEqual(answer('fe80::1%eth0'), answer('fe80:0:0:0:0:0:0:1'));
  assert.deepEqual(answer('::1'), answer('0:0:0:0:0:0:0:1'));
  assert.deepEqual(answer('2001:db8::'), answer('2001:db8:0:0:0:0:0:0'));
});

test('what is no Binding Request is not answered, least of all an answer', () => {
  const source = { address: '192.0.2.1', port: 5060 };
  const changed = (at: number, value: number): Uint8Array => REQUEST.with(at, value);
  const others = [
    REQUEST.subarray(0, 19),
    changed(0, 1),
    changed(1, 0x11),
    changed(3, 4),
    changed(7, 0),
    new Uint8Array(4),
  ];
  for (const bytes of [...others, stunAnswer(REQUEST, source) ?? REQUEST])
    assert.equal(stunAnswer(bytes, source), undefined);
});
