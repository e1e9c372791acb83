import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, fromHex, toHex } from '../../../src/kernel/bytes.ts';
import type { WallTime } from '../../../src/kernel/time.ts';
import { Reception } from '../../../src/rtp/reception.ts';
import { RTCP_ROOM, RtcpSession, rtcpInterval } from '../../../src/rtp/rtcp.ts';
import { ntpMiddle, readCompound, writeCompound } from '../../../src/rtp/rtcp-packet.ts';

const wall = (ms: number): WallTime => ms as WallTime;
const T0 = Date.UTC(2024, 0, 1);

const read = (hex: string): ReturnType<typeof readCompound> => {
  const bytes = fromHex(hex);
  return readCompound(bytes, 0, bytes.length);
};

/** A reception that heard `sequences` from source 7, 160 samples apart, each on time. */
function heard(...sequences: readonly number[]): Reception {
  const reception = new Reception();
  for (const sequence of sequences) reception.receive(7, sequence & 0xffff, sequence * 160, sequence * 160);
  return reception;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);

test('NTP time is seconds since 1900 and their fraction', () => {
  const bytes = new Uint8Array(60);
  const sender = { wall: wall(T0 + 250), timestamp: 1, packets: 2, octets: 3 };
  writeCompound(bytes, 0, { ssrc: 9, sender, reports: [], cname: 'a', bye: false });
  // 2024-01-01 is 3,913,056,000 s after 1900.
  assert.equal(toHex(bytes.subarray(8, 16)), `${(3_913_056_000).toString(16)}40000000`);
  assert.equal(ntpMiddle(wall(T0 + 250)), ((3_913_056_000 % 65_536) * 65_536 + 16_384) >>> 0);
});

test('a compound reads back as it was written', () => {
  const report = {
    source: 0xffff_fffe,
    fractionLost: 255,
    cumulativeLost: -5,
    highest: 0xffff_0001,
    jitter: 12,
    lastReport: 0xabcd_ef01,
    delay: 0xffff_ffff,
  };
  const sender = { wall: wall(T0), timestamp: 0xffff_ffff, packets: 0xffff_ffff, octets: 5 };
  for (let length = 0; length < 70; length++) {
    const cname = 'x'.repeat(length);
    const bytes = new Uint8Array(300).fill(0xee);
    const size = writeCompound(bytes, 3, { ssrc: 42, sender, reports: [report], cname, bye: true });
    assert.ok(size <= RTCP_ROOM && size % 4 === 0 && bytes[3 + size] === 0xee);
    const compound = readCompound(bytes, 3, size);
    assert.deepEqual(compound.ok && compound.value, [
      {
        type: 'sender-report',
        ssrc: 42,
        time: ntpMiddle(wall(T0)),
        timestamp: 0xffff_ffff,
        packets: 0xffff_ffff,
        octets: 5,
        reports: [report],
      },
      { type: 'source-description', names: [{ ssrc: 42, cname: cname.slice(0, 64) }] },
      { type: 'bye', ssrcs: [42] },
    ]);
  }
});

const EMPTY_RR = '80c90001 00000007';

test('what fails the checks of A.2 is refused with its reason', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['80c9', 'short'],
    ['40c90001 00000007', 'version'],
    ['80ca0001 00000007', 'not a report first'],
    ['80c90002 00000007', 'length'],
    ['81c90001 00000007', 'length'],
    ['80c80001 00000007', 'length'],
    ['80c90000 80c90000', 'length'],
    [`${EMPTY_RR} 40cb0000`, 'version'],
    [`${EMPTY_RR} 82cb0001 00000007`, 'length'],
    [`${EMPTY_RR} 81ca0002 00000007 01ff4141`, 'length'],
    [`${EMPTY_RR} 81ca0002 00000007 01024141`, 'length'],
    [`${EMPTY_RR} 80`, 'length'],
    [`a0c90001 00000008 ${EMPTY_RR}`, 'padding'],
    [`${EMPTY_RR} a0cb0001 00000000`, 'padding'],
    [`${EMPTY_RR} a0cb0001 00000008`, 'padding'],
    [EMPTY_RR.repeat(17), 'too many'],
  ];
  for (const [hex, error] of cases) assert.deepEqual(read(hex), { ok: false, error }, hex);
});

test('padding at the end and packets of other kinds are passed over', () => {
  const compound = read(`${EMPTY_RR} 81cf0001 00000000 a1cb0002 00000007 00000004`);
  assert.deepEqual(compound.ok && compound.value.slice(1), [
    { type: 'other', packetType: 207 },
    { type: 'bye', ssrcs: [7] },
  ]);
});

test('no octets whatever break the reading', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(200, 201, 202, 203), (tail, type) => {
      const bytes = concat(fromHex(EMPTY_RR), Uint8Array.of(0x81, type, 0, Math.floor(tail.length / 4)), tail);
      readCompound(bytes, 0, bytes.length);
      readCompound(tail, 0, tail.length);
    }),
    { seed: 21, numRuns: 3000 },
  );
});

test('loss is what was expected less what came, over the wrap of the sequence', () => {
  const reception = heard(...range(65_500, 65_700).filter((sequence) => sequence % 10 !== 3));
  assert.equal(reception.highest, 0x1_0000 + 65_699 - 65_536);
  assert.equal(reception.cumulativeLost, 20);
  assert.equal(reception.fractionLost(), Math.floor((20 * 256) / 199));
  assert.equal(reception.fractionLost(), 0);
});

test('a fraction is of the packets since the report before', () => {
  const reception = heard(...range(0, 100));
  reception.fractionLost();
  for (const sequence of range(150, 200)) reception.receive(7, sequence, sequence * 160, sequence * 160);
  assert.equal(reception.fractionLost(), 128);
});

test('duplicates make the cumulative loss negative but neither the fraction nor the sum', () => {
  const reception = heard(...range(0, 50), ...range(40, 50));
  assert.equal(reception.cumulativeLost, 1 - 10 - 1);
  assert.equal(reception.fractionLost(), 0);
  assert.equal(reception.lost, 0);
});

test('a stray sequence number isn’t counted, two in a row are a new start', () => {
  const reception = heard(...range(0, 100));
  assert.equal(reception.receive(7, 30_000, 0, 0), false);
  assert.equal(reception.receive(7, 100, 0, 0), true);
  assert.equal(reception.cumulativeLost, 0);
  assert.equal(reception.receive(7, 30_000, 0, 0), false);
  assert.equal(reception.receive(7, 30_001, 0, 0), true);
  assert.equal(reception.highest, 30_001);
  assert.equal(reception.cumulativeLost, 0);
  assert.equal(reception.received, 101);
});

test('one packet isn’t a source, and another source starts afresh', () => {
  const reception = new Reception();
  reception.receive(7, 10, 0, 0);
  assert.equal(reception.isValid, false);
  reception.receive(7, 11, 160, 160);
  assert.equal(reception.isValid, true);
  reception.receive(8, 500, 0, 0);
  assert.equal(reception.isValid, false);
  reception.receive(8, 501, 0, 0);
  assert.equal(reception.source, 8);
  assert.equal(reception.highest, 501);
});

test('jitter settles at the mean difference of the transit times', () => {
  const reception = new Reception();
  for (let n = 0; n < 500; n++) reception.receive(7, n, 0xffff_f000 + n * 160, n * 160 + (n % 2) * 40);
  assert.ok(Math.abs(reception.jitter - 40) < 0.5, `${reception.jitter}`);
});

test('two sessions learn the round trip and each other’s losses', () => {
  const [a, b] = [new RtcpSession(1, 'a'), new RtcpSession(7, 'b')];
  const bytes = new Uint8Array(RTCP_ROOM);
  const none = new Reception();
  const reception = heard(...range(0, 100).filter((sequence) => sequence !== 50));

  // b's sender report reaches a after 30 ms; a answers 2 s later, and that takes 50 ms.
  let size = b.report(bytes, 0, { wall: wall(T0), timestamp: 0, packets: 100, octets: 16_000 }, none);
  assert.equal(a.receive(bytes, 0, size, wall(T0 + 30)), undefined);
  size = a.report(bytes, 0, { wall: wall(T0 + 2030), timestamp: 0, packets: 0, octets: 0 }, reception);
  assert.equal(bytes[1], 201, 'who sent nothing reports as a receiver');
  b.receive(bytes, 0, size, wall(T0 + 2080));
  assert.ok(Math.abs((b.roundTrip ?? 0) - 80) < 0.1, `${b.roundTrip}`);
  assert.equal(b.heardByPeer?.cumulativeLost, 1);
  assert.equal(b.heardByPeer?.highest, 99);
  assert.equal(a.roundTrip, undefined);
});

test('a round trip that can’t be is not believed', () => {
  const session = new RtcpSession(1, 'a');
  const bytes = new Uint8Array(RTCP_ROOM);
  const report = { source: 1, fractionLost: 0, cumulativeLost: 0, highest: 0, jitter: 0 };
  const heardAt = (lastReport: number, delay: number): number | undefined => {
    const reports = [{ ...report, lastReport: lastReport >>> 0, delay }];
    const size = writeCompound(bytes, 0, { ssrc: 2, sender: undefined, reports, cname: 'b', bye: false });
    session.receive(bytes, 0, size, wall(T0));
    return session.roundTrip;
  };
  const now = ntpMiddle(wall(T0));
  assert.equal(heardAt(0, 0), undefined);
  assert.equal(heardAt(now + 65_536, 0), undefined);
  assert.equal(heardAt(now - 65_536, 2 * 65_536), undefined);
  assert.equal(heardAt(now - 100 * 65_536, 0), undefined);
  assert.equal(heardAt(now - 65_536, 32_768), 500);
});

test('who sends no more reports as a receiver from the second report on', () => {
  const session = new RtcpSession(1, 'a');
  const bytes = new Uint8Array(RTCP_ROOM);
  const types = [10, 20, 20, 20, 20, 30].map((packets) => {
    session.report(bytes, 0, { wall: wall(T0), timestamp: 0, packets, octets: 0 }, new Reception());
    return bytes[1];
  });
  assert.deepEqual(types, [200, 200, 200, 201, 201, 200]);
});

test('a BYE of the peer’s stream is noticed, another’s isn’t', () => {
  const [a, b] = [new RtcpSession(1, 'a'), new RtcpSession(7, 'b')];
  const bytes = new Uint8Array(RTCP_ROOM);
  const size = b.report(bytes, 0, { wall: wall(T0), timestamp: 0, packets: 1, octets: 160 }, new Reception(), true);
  const other = bytes.slice();
  other.set(fromHex('00000009'), size - 4);
  a.receive(other, 0, size, wall(T0));
  assert.equal(a.gone, false);
  a.receive(bytes, 0, size, wall(T0));
  assert.equal(a.gone, true);
});

test('reports are 2 to 6 s apart, the first one in half the time', () => {
  assert.ok(Math.abs(rtcpInterval(0, false) - 2052) < 1 && Math.abs(rtcpInterval(1, false) - 6156) < 1);
  assert.equal(rtcpInterval(0.5, true), rtcpInterval(0.5, false) / 2);
});
