import assert from 'node:assert/strict';
import { isIPv6, SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressText, addressWords } from '../../../src/media/address.ts';

const cases: readonly (readonly [string, readonly number[]])[] = [
  ['127.0.0.1', [0, 0, 0xffff, 0x7f000001]],
  ['255.255.255.255', [0, 0, 0xffff, 0xffffffff]],
  ['::1', [0, 0, 0, 1]],
  ['::', [0, 0, 0, 0]],
  ['2001:db8::5:0:1', [0x20010db8, 0, 0x5, 0x1]],
  ['1:2:3:4:5:6:7:8', [0x10002, 0x30004, 0x50006, 0x70008]],
  ['::ffff:192.0.2.1', [0, 0, 0xffff, 0xc0000201]],
  ['fe80::', [0xfe800000, 0, 0, 0]],
];

for (const [text, words] of cases) {
  test(`${text} is not mistaken for another address`, () => {
    assert.deepEqual(
      [...(addressWords(text) ?? [])].map((word) => word >>> 0),
      words,
    );
  });
}

test('what is not a literal address has no words', () => {
  for (const text of ['', 'localhost', '1.2.3', '1.2.3.4.5', '::1::', 'fe80::1%eth0', '256.1.1.1']) {
    assert.equal(addressWords(text), undefined, text);
  }
});

test('words become the text of the same address', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const words = addressWords(text);
      assert.ok(words !== undefined);
      const back = addressText(words);
      assert.deepEqual(addressWords(back), words);
      if (isIPv6(text) && isIPv6(back)) {
        const canonical = (address: string) => new SocketAddress({ address, family: 'ipv6' }).address;
        assert.equal(canonical(back), canonical(text));
      }
    }),
  );
});
