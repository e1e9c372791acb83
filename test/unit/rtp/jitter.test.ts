import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seeded } from '../../../src/kernel/random.ts';
import { BLOCK } from '../../../src/rtp/g711.ts';
import { JITTER_LIMITS, JitterBuffer, SILENT, WHOLE } from '../../../src/rtp/jitter.ts';

const SSRC = 7;

interface Arrival {
  readonly sequence: number;
  readonly timestamp: number;
  readonly length: number;
  /** Samples of our clock. */
  readonly at: number;
  readonly ssrc?: number;
}

interface Stream {
  readonly packets: number;
  /** Samples a packet. */
  readonly length?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  /** Samples of delay of packet n; undefined: lost. */
  readonly delay?: (n: number) => number | undefined;
  /** The sender's clock against ours. */
  readonly pace?: number;
}

/** A stream's packets in the order of their arrival. */
function arrivals({
  packets,
  length = BLOCK,
  sequence = 65_500,
  timestamp = 0xffff_0000,
  delay = () => 40,
  pace = 1,
}: Stream): Arrival[] {
  const list: Arrival[] = [];
  for (let n = 0; n < packets; n++) {
    const wait = delay(n);
    if (wait === undefined) continue;
    list.push({
      sequence: (sequence + n) & 0xffff,
      timestamp: (timestamp + n * length) >>> 0,
      length,
      at: n * length * pace + wait,
    });
  }
  return list.sort((a, b) => a.at - b.at);
}

/** The octet at a timestamp: what was sent when, so that what is played can be dated. 251 is prime to the blocks. */
const octetAt = (timestamp: number): number => timestamp % 251;

interface Played {
  readonly buffer: JitterBuffer;
  readonly taken: number[];
  /** For each whole block: how long after its first sample was sent it began to play, in samples; else undefined. */
  readonly delays: (number | undefined)[];
}

function play(list: readonly Arrival[], ticks: number, base = 0xffff_0000): Played {
  const buffer = new JitterBuffer();
  const out = new Uint8Array(BLOCK);
  const taken: number[] = [];
  const delays: (number | undefined)[] = [];
  let next = 0;
  for (let tick = 1; tick <= ticks; tick++) {
    for (let packet = list[next]; packet !== undefined && packet.at < tick * BLOCK; packet = list[++next]) {
      const { ssrc = SSRC, sequence, timestamp, length } = packet;
      const bytes = Uint8Array.from({ length: length + 3 }, (_, i) => octetAt((timestamp + i - 3) >>> 0));
      buffer.put(ssrc, sequence, timestamp, bytes, 3, length);
    }
    out.fill(255);
    const got = buffer.take(out, 0);
    taken.push(got);
    delays.push(got === WHOLE ? delayOf(out, tick * BLOCK, base) : undefined);
  }
  return { buffer, taken, delays };
}

/** Finds the timestamp whose octets these are, within the last second, and checks that they follow each other. */
function delayOf(out: Uint8Array, now: number, base: number): number {
  for (let delay = 0; delay < 8000; delay++) {
    const timestamp = (base + now - delay) >>> 0;
    if (out[0] !== octetAt(timestamp) || out[1] !== octetAt((timestamp + 1) >>> 0)) continue;
    if (out.every((octet, i) => octet === octetAt((timestamp + i) >>> 0))) return delay;
  }
  return Number.NaN;
}

const count = (list: readonly number[], value: number): number => list.filter((each) => each === value).length;
const worst = (delays: readonly (number | undefined)[]): number =>
  Math.max(...delays.filter((delay) => delay !== undefined));

test('a steady stream is played whole and soon, over the wrap of sequence and timestamp', () => {
  for (const length of [80, 160, 240, 320, 400, 480]) {
    const blocks = 1000;
    const { buffer, taken, delays } = play(arrivals({ packets: (blocks * BLOCK) / length, length }), blocks);
    const heard = taken.slice(10);
    assert.equal(count(heard, WHOLE), heard.length, `${length}: ${heard}`);
    assert.equal(buffer.late + buffer.dropped, 0);
    assert.ok(worst(delays) <= length + 2 * BLOCK, `${length}: ${worst(delays)}`);
  }
});

test('at 20 ms a block plays at most 40 ms after its packet was whole', () => {
  const { delays } = play(arrivals({ packets: 200, delay: () => BLOCK + 8 }), 200);
  assert.ok(worst(delays) - BLOCK <= 320, `${worst(delays)}`);
});

test('when packets end the stream is concealed for 60 ms, then silent', () => {
  const { taken } = play(arrivals({ packets: 20 }), 40);
  const end = taken.lastIndexOf(WHOLE);
  assert.deepEqual(taken.slice(end + 1, end + 6), [0, 0, 0, SILENT, SILENT]);
});

test('before the first packet there is silence, not concealment', () => {
  const buffer = new JitterBuffer();
  assert.equal(buffer.take(new Uint8Array(BLOCK), 0), SILENT);
  buffer.put(SSRC, 1, 0, new Uint8Array(BLOCK), 0, BLOCK);
  assert.equal(buffer.take(new Uint8Array(BLOCK), 0), SILENT);
  assert.equal(buffer.take(new Uint8Array(BLOCK), 0), WHOLE);
  assert.equal(buffer.concealed, 0);
});

test('a lost packet is one block to conceal, and the rest stays in time', () => {
  const { buffer, taken, delays } = play(
    arrivals({ packets: 300, delay: (n) => (n % 50 === 25 ? undefined : 40) }),
    300,
  );
  assert.equal(count(taken, 0), 6);
  assert.equal(buffer.concealed, 6);
  assert.equal(new Set(delays.slice(20).filter((delay) => delay !== undefined)).size, 1);
});

test('a lost packet of 30 ms leaves the half block beside it to be heard', () => {
  const { taken } = play(arrivals({ packets: 100, length: 240, delay: (n) => (n === 50 ? undefined : 40) }), 150);
  const heard = taken.slice(20, 140).filter((got) => got !== WHOLE);
  assert.equal(heard.length, 2);
  assert.ok(heard.includes(0) && (heard.includes(1) || heard.includes(2)), `${heard}`);
});

test('packets out of order and doubled are played in order, once', () => {
  const list = arrivals({ packets: 1000, delay: (n) => 40 + (n % 10 === 5 ? 200 : 0) });
  const doubled = list.flatMap((packet, n) => (n % 7 === 0 ? [packet, packet] : [packet]));
  const { buffer, taken } = play(doubled, 1000);
  assert.equal(buffer.duplicates, Math.ceil(1000 / 7));
  const heard = taken.slice(60);
  assert.equal(count(heard, WHOLE), heard.length);
});

test('jitter makes it wait longer until nearly nothing is late, within its limits', () => {
  const random = seeded(11);
  const { buffer, taken, delays } = play(arrivals({ packets: 3000, delay: () => 40 + 640 * random.next() }), 3000);
  const heard = taken.slice(300);
  assert.ok(count(heard, WHOLE) / heard.length > 0.98, `${count(heard, WHOLE) / heard.length}`);
  assert.ok(worst(delays.slice(300)) <= 40 + 640 + 3 * BLOCK, `${worst(delays)}`);
  assert.ok(buffer.repeated >= 2);
});

test('after jitter has gone the delay comes down again', () => {
  const random = seeded(12);
  const { delays } = play(arrivals({ packets: 4000, delay: (n) => 40 + (n < 500 ? 800 * random.next() : 0) }), 4000);
  assert.ok(worst(delays.slice(400, 600)) > 800);
  assert.ok(worst(delays.slice(3500)) <= 3 * BLOCK, `${worst(delays.slice(3500))}`);
});

test('one packet held up now and then doesn’t make everything wait', () => {
  const { delays } = play(arrivals({ packets: 3000, delay: (n) => (n % 400 === 399 ? 1200 : 40) }), 3000);
  assert.ok(worst(delays.slice(50)) <= 3 * BLOCK);
});

test('jitter beyond all bounds doesn’t make it wait longer than its maximum', () => {
  const random = seeded(13);
  const { delays } = play(arrivals({ packets: 3000, delay: () => 3600 * random.next() }), 3000);
  assert.ok(worst(delays) <= JITTER_LIMITS.maximum + 2 * BLOCK, `${worst(delays)}`);
});

test('a stall and the burst after it cost the stall, and the time stays', () => {
  const hold = (n: number): number => (n >= 500 && n < 515 ? 40 + (515 - n) * BLOCK : 40);
  const { buffer, taken, delays } = play(arrivals({ packets: 1500, delay: hold }), 1500);
  assert.ok(taken.slice(520).every((got) => got === WHOLE || got === 0));
  assert.ok(count(taken.slice(600), WHOLE) >= 900 - 2, `${count(taken.slice(600), WHOLE)}`);
  assert.ok(worst(delays) <= JITTER_LIMITS.maximum + 2 * BLOCK);
  assert.ok(worst(delays.slice(1400)) <= 3 * BLOCK, `${worst(delays.slice(1400))}`);
  assert.equal(buffer.restarts, 0);
});

test('a path that became longer is followed within half a second', () => {
  const { taken } = play(arrivals({ packets: 1000, delay: (n) => (n < 500 ? 40 : 1000) }), 1000);
  const heard = taken.slice(530, 1000);
  assert.equal(count(heard, WHOLE), heard.length);
});

test('clocks that drift apart cost one counted slip per block, and no packet', () => {
  for (const pace of [1 + 500e-6, 1 - 500e-6]) {
    const packets = 10_000;
    const { buffer, taken } = play(arrivals({ packets, pace }), Math.floor(packets * pace) - 5);
    // 500 ppm of 200 s are 100 ms, five blocks.
    const slips = pace > 1 ? buffer.repeated : buffer.dropped;
    assert.ok(slips >= 4 && slips <= 7, `${pace}: ${slips}`);
    assert.ok((pace > 1 ? buffer.dropped : buffer.repeated) <= 1);
    assert.equal(buffer.late, 0);
    assert.equal(count(taken.slice(20), WHOLE), taken.length - 20 - (pace > 1 ? buffer.repeated : 0));
  }
});

test('another source takes over after two packets, a stray one doesn’t', () => {
  const first = arrivals({ packets: 100 });
  const stray = { ssrc: 99, sequence: 5, timestamp: 123_456, length: BLOCK, at: 50 * BLOCK + 50 };
  const calm = play([...first.slice(0, 51), stray, ...first.slice(51)], 100);
  assert.equal(calm.buffer.restarts, 0);
  assert.equal(count(calm.taken.slice(10, 100), WHOLE), 90);

  const other = arrivals({ packets: 100, sequence: 9, timestamp: 5_000 }).map((packet) => ({
    ...packet,
    ssrc: 8,
    at: packet.at + 100 * BLOCK,
  }));
  const { buffer, taken } = play([...first, ...other], 200);
  assert.equal(buffer.restarts, 1);
  assert.ok(count(taken.slice(100), WHOLE) >= 96);
});

test('a timestamp that jumps is a new time base, however far it is', () => {
  for (const jump of [4_000_000, -4_000_000, 5_000, -3_000, 0x8000_0000]) {
    const before = arrivals({ packets: 100, timestamp: 10_000_000, sequence: 0 });
    const after = arrivals({ packets: 200, timestamp: (10_000_000 + 100 * BLOCK + jump) >>> 0, sequence: 100 }).map(
      (packet) => ({
        ...packet,
        at: packet.at + 100 * BLOCK,
      }),
    );
    const { buffer, taken } = play([...before, ...after], 300, 10_000_000);
    assert.ok(buffer.restarts <= 1, `${jump}: ${buffer.restarts}`);
    const heard = taken.slice(130, 300);
    assert.equal(count(heard, WHOLE), heard.length, `${jump}: ${heard}`);
  }
});

test('speech after a pause without packets is heard from its first packet', () => {
  for (const gap of [10, 100, 1000]) {
    const list = arrivals({ packets: 200 + gap, delay: (n) => (n >= 100 && n < 100 + gap ? undefined : 40) });
    const { taken } = play(list, 200 + gap);
    assert.equal(count(taken.slice(100 + gap + 2), WHOLE), 98, `${gap}`);
  }
});

test('nothing that arrives breaks it: every tick gives a block in bounds', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          ssrc: fc.integer({ min: 1, max: 2 }),
          sequence: fc.nat(65_535),
          timestamp: fc.oneof(fc.nat(20_000), fc.integer({ min: 0, max: 0xffff_ffff })),
          length: fc.nat(1480),
          ticks: fc.nat(4),
        }),
        { maxLength: 100 },
      ),
      (packets) => {
        const buffer = new JitterBuffer();
        const out = new Uint8Array(BLOCK + 2).fill(77);
        const bytes = new Uint8Array(1480);
        for (const { ssrc, sequence, timestamp, length, ticks } of packets) {
          buffer.put(ssrc, sequence, timestamp, bytes, 0, length);
          for (let n = 0; n < ticks; n++) {
            assert.ok([-1, 0, 1, 2, 3].includes(buffer.take(out, 1)));
            assert.ok(buffer.depth >= 0 && buffer.depth <= 4096);
          }
        }
        assert.ok(out[0] === 77 && out[BLOCK + 1] === 77);
      },
    ),
    { seed: 8, numRuns: 300 },
  );
});
