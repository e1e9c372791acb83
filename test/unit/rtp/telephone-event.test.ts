import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../../src/kernel/bytes.ts';
import { seeded } from '../../../src/kernel/random.ts';
import { DIGITS, type DigitChange } from '../../../src/rtp/digit.ts';
import { advance } from '../../../src/rtp/packet.ts';
import { EVENT_PAYLOAD, EventReceiver, EventSender, writeEvent } from '../../../src/rtp/telephone-event.ts';

interface Vectors {
  readonly events: Readonly<Record<string, number>>;
  readonly payload_examples: readonly { digit: string; e: number; duration: number; hex: string }[];
}
const vectors: Vectors = JSON.parse(readFileSync(new URL('../../kit/vectors/rfc4733.json', import.meta.url), 'utf8'));

interface Packet {
  readonly marker: boolean;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly tick: number;
}

/** What a sender sends for `digits` from timestamp `start` on; presses come one after another. */
function send(digits: readonly (readonly [string, number])[], start: number): Packet[] {
  const sender = new EventSender();
  const packets: Packet[] = [];
  for (const [digit, duration] of digits) assert.ok(sender.press(digit, duration));
  for (let tick = 0; sender.busy; tick++) {
    const payload = new Uint8Array(EVENT_PAYLOAD);
    if (!sender.tick(advance(start, tick * 160), payload, 0)) continue;
    packets.push({ marker: sender.marker, timestamp: sender.timestamp, payload, tick });
  }
  return packets;
}

const durationOf = ({ payload }: Packet): number => (payload[2] ?? 0) * 256 + (payload[3] ?? 0);
const isEnd = ({ payload }: Packet): boolean => (payload[1] ?? 0) >= 0x80;

test('payloads are as published', () => {
  for (const { digit, e, duration, hex } of vectors.payload_examples) {
    const bytes = new Uint8Array(4);
    writeEvent(bytes, 0, DIGITS.indexOf(digit), e === 1, duration);
    assert.equal(toHex(bytes), hex);
  }
  for (const [digit, code] of Object.entries(vectors.events)) assert.equal(DIGITS.indexOf(digit), code);
});

test('one timestamp, a growing duration, the marker once, three ends alike', () => {
  const packets = send([['5', 800]], 0xffff_ff00);
  assert.deepEqual(packets.map(durationOf), [160, 320, 480, 640, 800, 800, 800]);
  assert.deepEqual(packets.map(isEnd), [false, false, false, false, true, true, true]);
  assert.deepEqual(
    packets.map(({ marker }) => marker),
    [true, false, false, false, false, false, false],
  );
  assert.deepEqual(new Set(packets.map(({ timestamp }) => timestamp)), new Set([0xffff_ff00]));
});

test('a digit that isn’t a whole number of blocks keeps its own length', () => {
  assert.deepEqual(send([['1', 500]], 0).map(durationOf), [160, 320, 480, 500, 500, 500]);
});

test('a digit of more than 0xffff samples goes on in segments without a new marker, and ends once', () => {
  const packets = send([['9', 150_000]], 1000);
  assert.deepEqual([...new Set(packets.map(({ timestamp }) => timestamp))], [1000, 1000 + 0xffff, 1000 + 2 * 0xffff]);
  assert.equal(packets.filter(({ marker }) => marker).length, 1);
  const ends = packets.filter(isEnd);
  assert.equal(ends.length, 3);
  assert.ok(
    ends.every((packet) => packet.timestamp === 1000 + 2 * 0xffff && durationOf(packet) === 150_000 - 2 * 0xffff),
  );
  assert.equal(packets.filter((packet) => packet.timestamp === 1000 && durationOf(packet) === 0xffff).length, 3);
  let last = { timestamp: 0, duration: 0 };
  for (const packet of packets) {
    const now = { timestamp: packet.timestamp, duration: durationOf(packet) };
    assert.ok(now.timestamp > last.timestamp || now.duration >= last.duration, 'a duration shrank');
    last = now;
  }
});

test('digits that were pressed at once are sent apart', () => {
  const packets = send(
    [
      ['1', 400],
      ['1', 400],
      ['2', 400],
    ],
    0,
  );
  const starts = packets.filter(({ marker }) => marker);
  assert.equal(starts.length, 3);
  for (let n = 1; n < starts.length; n++) {
    const gap = (starts[n]?.timestamp ?? 0) - (starts[n - 1]?.timestamp ?? 0) - 400;
    assert.ok(gap >= 320 && gap <= 800, `${gap} samples between digits`);
  }
});

test('what is no digit is refused, and more than can wait', () => {
  const sender = new EventSender();
  for (const digit of ['', 'x', '12', 'a']) assert.equal(sender.press(digit, 800), false);
  let taken = 0;
  while (sender.press('0', 800)) taken++;
  assert.equal(taken, 64);
});

/** Plays packets to a receiver at their ticks, and waits afterwards. */
function receive(packets: readonly Packet[]): DigitChange[] {
  const receiver = new EventReceiver();
  const changes: DigitChange[] = [];
  const ticks = Math.max(0, ...packets.map(({ tick }) => tick)) + 20;
  for (let tick = 0; tick < ticks; tick++) {
    for (const packet of packets) {
      if (packet.tick === tick) changes.push(...receiver.receive(packet.timestamp, packet.payload, 0, EVENT_PAYLOAD));
    }
    changes.push(...receiver.tick());
  }
  return changes;
}

const script = (changes: readonly DigitChange[]): string =>
  changes.map((change) => (change.type === 'begin' ? change.digit : '.')).join('');

test('each digit begins once and ends once, whatever is lost, doubled or out of order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...DIGITS), fc.integer({ min: 320, max: 3000 })), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.nat(),
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      (digits, seed, loss) => {
        const random = seeded(seed);
        const sent = send(digits, seed);
        const kept = sent.filter((packet, n) => {
          // One packet of each event has to come through, or nobody could know of it.
          const isLast = sent[n + 1]?.timestamp !== packet.timestamp;
          return isLast || random.next() >= loss;
        });
        const heard = kept.flatMap((packet) => {
          const copies =
            random.next() < 0.3 ? [packet, { ...packet, tick: packet.tick + Math.floor(8 * random.next()) }] : [packet];
          return copies;
        });
        const swapped = heard.map((packet, n) => {
          const other = heard[n + 1];
          return other !== undefined && other.timestamp === packet.timestamp && random.next() < 0.2
            ? { ...packet, tick: other.tick }
            : packet;
        });
        assert.equal(script(receive(swapped)), digits.map(([digit]) => `${digit}.`).join(''));
      },
    ),
    { seed: 6, numRuns: 300 },
  );
});

test('the duration told is the one sent when an end came through, across segments too', () => {
  for (const duration of [320, 800, 12_345, 150_000]) {
    const packets = send([['7', duration]], 77).filter((packet, n) => n % 3 === 0 || isEnd(packet));
    assert.deepEqual(receive(packets).at(-1), { type: 'end', digit: '7', duration });
  }
});

test('an end that is lost is told after 160 ms, and its late packets say nothing more', () => {
  const packets = send([['3', 800]], 0);
  const late = packets.slice(4).map((packet) => ({ ...packet, tick: packet.tick + 30 }));
  const changes = receive([...packets.slice(0, 3), ...late]);
  assert.deepEqual(changes, [
    { type: 'begin', digit: '3' },
    { type: 'end', digit: '3', duration: 480 },
  ]);
});

test('an event packed behind another in one packet is heard too', () => {
  const receiver = new EventReceiver();
  const payload = new Uint8Array(8);
  writeEvent(payload, 0, 1, true, 400);
  writeEvent(payload, 4, 2, false, 160);
  assert.equal(script(receiver.receive(5000, payload, 0, 8)), '1.2');
});

test('events that are no digits, and scraps, are passed over', () => {
  const receiver = new EventReceiver();
  for (const event of [16, 36, 255]) assert.deepEqual(receiver.receive(1, Uint8Array.of(event, 10, 0, 160), 0, 4), []);
  for (let length = 0; length < 4; length++) assert.deepEqual(receiver.receive(1, new Uint8Array(4), 0, length), []);
});
