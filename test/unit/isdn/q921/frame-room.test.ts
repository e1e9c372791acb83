/** A message that comes behind room for its frame's head is sent in the array that it came in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { I_HEAD, type LapdFrame } from '../../../../src/isdn/q921/frame.ts';
import { Q921Link } from '../../../../src/isdn/q921/link.ts';
import type { LinkEvent } from '../../../../src/isdn/q921/primitives.ts';
import { toHex } from '../../../../src/kernel/bytes.ts';
import type { Instant } from '../../../../src/kernel/time.ts';
import { encodeFrame } from '../../../support/q921-frames.ts';

const now = 0 as Instant;
const nothing = new Uint8Array(0);

/** The user's end of an established link, and the frames that it sends. */
function established(): { readonly sent: Uint8Array[]; feed(event: LinkEvent): void; hear(frame: LapdFrame): void } {
  const link = new Q921Link({ side: 'user' });
  const sent: Uint8Array[] = [];
  const feed = (event: LinkEvent): void => {
    for (const effect of link.feed(event, now)) if (effect.type === 'frame') sent.push(effect.frame);
  };
  const hear = (frame: LapdFrame): void => feed({ type: 'frame', frame: encodeFrame(frame, 'network') });
  feed({ type: 'dl-establish' });
  hear({ type: 'UA', command: false, pf: true, information: nothing });
  sent.length = 0;
  return { sent, feed, hear };
}

const roomy = (...message: number[]): Uint8Array => Uint8Array.of(0xee, 0xee, 0xee, 0xee, ...message);

test('the same frame goes out, whether there was room before the message or not', () => {
  const { sent, feed } = established();
  const message = roomy(0x08, 0x01);
  feed({ type: 'dl-data', message, at: I_HEAD });
  feed({ type: 'dl-data', message: Uint8Array.of(0x08, 0x02), at: 0 });
  feed({ type: 'dl-data', message: Uint8Array.of(0xee, 0x08, 0x03), at: 1 });
  assert.deepEqual(sent.map(toHex), ['000100000801', '000102000802', '000104000803']);
  assert.equal(sent[0], message);
});

test('a frame that is sent again is another one: the first may still be on its way to the line', () => {
  const { sent, feed, hear } = established();
  feed({ type: 'dl-data', message: roomy(0x08, 0x01), at: I_HEAD });
  hear({ type: 'I', command: true, ns: 0, nr: 0, pf: false, octets: Uint8Array.of(0x08), at: 0 });
  hear({ type: 'REJ', command: false, nr: 0, pf: false });
  assert.deepEqual(sent.map(toHex), ['000100000801', '02010102', '000100020801']);
});

test('a message longer than N201 is refused, however much room stands before it', () => {
  const { sent, feed } = established();
  feed({ type: 'dl-data', message: new Uint8Array(I_HEAD + 260), at: I_HEAD });
  feed({ type: 'dl-data', message: new Uint8Array(I_HEAD + 261), at: I_HEAD });
  assert.deepEqual(
    sent.map(({ length }) => length),
    [I_HEAD + 260],
  );
});
