import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reception } from '../../../src/rtp/reception.ts';
import { RtcpSession } from '../../../src/rtp/rtcp.ts';
import { readCompound } from '../../../src/rtp/rtcp-packet.ts';
import type { SpanMediaSpec } from '../../../src/span/port.ts';
import { MediaRig, toneBlocks } from '../../support/media-rig.ts';

const CARRIER: SpanMediaSpec = { driver: 'carrier', id: 't1', slots: 24 };

test('a closed call leaves neither port nor endpoint behind, and its port rests the longest', () => {
  const rig = new MediaRig([CARRIER], [24_000, 24_007], 4);
  const ports: number[] = [];
  for (let call = 0; call < 10; call++) {
    rig.openTdm(`pri${call}`, 't1', 1);
    rig.openRtp(`sip${call}`, 5000);
    rig.join(`pri${call}`, `sip${call}`);
    rig.run(2);
    const ready = rig.events(`sip${call}`)[0];
    if (ready?.type === 'ready') ports.push(ready.port);
    rig.close(`pri${call}`);
    rig.close(`sip${call}`);
    rig.run(1);
  }
  assert.deepEqual(ports, [24_000, 24_002, 24_004, 24_006, 24_000, 24_002, 24_004, 24_006, 24_000, 24_002]);
  assert.equal(rig.io.bound.size, 0);
  assert.equal(rig.memory.ports.inUse, 0);
  assert.equal(rig.memory.rtpInUse, 0);
  assert.equal(rig.memory.live.length, 0);
  assert.equal(rig.memory.legs.size, 0);
});

test('the range used up is a failure for the new leg and for no other', () => {
  const rig = new MediaRig([], [24_000, 24_003]);
  rig.openRtp('a', 5000);
  rig.openRtp('b', 5002);
  rig.control.leg('c', { type: 'open-rtp' }, rig.moment);
  assert.deepEqual(rig.events('c'), [{ type: 'failed', why: 'every RTP port of the range is in use' }]);
  rig.close('a');
  rig.run(1);
  assert.ok(rig.openRtp('d', 5004));
});

test('a port that another program holds is passed over, as is one whose RTCP port is held', () => {
  const rig = new MediaRig([], [24_000, 24_009]);
  for (const port of [24_000, 24_003, 24_006]) rig.io.taken.add(port);
  rig.openRtp('a', 5000);
  rig.openRtp('b', 5002);
  rig.control.leg('c', { type: 'open-rtp' }, rig.moment);
  const ports = ['a', 'b'].flatMap((leg) => rig.events(leg).map((event) => (event.type === 'ready' ? event.port : 0)));
  assert.deepEqual(ports, [24_004, 24_008]);
  assert.equal(rig.events('c')[0]?.type, 'failed');
  assert.deepEqual([...rig.io.bound.values()].sort(), [24_004, 24_005, 24_008, 24_009]);
});

test('what cannot be opened is refused in words, and late commands to it do nothing', () => {
  const rig = new MediaRig([CARRIER]);
  rig.openTdm('a', 't1', 1);
  rig.openTdm('b', 't1', 1);
  rig.openTdm('c', 't1', 25);
  rig.openTdm('d', 't9', 1);
  rig.openTdm('a', 't1', 2);
  assert.deepEqual(
    ['b', 'c', 'd'].map((leg) => rig.events(leg)[0]),
    [
      { type: 'failed', why: 'B-channel t1/1 is in use' },
      { type: 'failed', why: 'there is no B-channel t1/25' },
      { type: 'failed', why: 'there is no B-channel t9/1' },
    ],
  );
  assert.equal(rig.events('a')[1]?.type, 'failed');
  const said = rig.said.length;
  rig.aim('b', 5000);
  rig.join('b', 'a');
  for (const leg of ['b', 'nobody']) {
    rig.control.leg(leg, { type: 'send-digit', digit: '1', duration: 100 }, rig.moment);
    rig.control.call({ type: 'play', leg, tone: 'busy' });
    rig.control.leg(leg, { type: 'close' }, rig.moment);
  }
  rig.run(2);
  assert.equal(rig.said.length, said);
});

test('a new join ends the one before, on both sides', () => {
  const rig = new MediaRig([]);
  const phones = ['a', 'b', 'c'].map((leg, n) => rig.openRtp(leg, 5000 + 2 * n));
  rig.join('a', 'b');
  rig.join('c', 'a');
  const [a] = phones;
  const say = toneBlocks('ulaw', 700, 0);
  rig.run(20, () => a?.say(say()));
  const loud = phones.map((phone) => phone.samples().some((sample) => Math.abs(sample) > 1000));
  assert.deepEqual(loud, [false, false, true]);
  rig.control.call({ type: 'part', a: 'b', b: 'a' });
  assert.equal(rig.memory.legs.get('a')?.joined, rig.memory.legs.get('c'), 'a pair that is not joined was parted');
  rig.control.call({ type: 'part', a: 'a', b: 'c' });
  assert.equal(rig.memory.legs.get('c')?.joined, undefined);
});

test('reports go to the peer with what we sent and heard, and BYE ends the stream', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  const say = toneBlocks('ulaw', 700, -10);
  rig.run(600, (tick) => (tick % 50 === 49 ? phone.skip() : phone.say(say())));
  const { lost } = rig.close('sip');
  rig.run(1);
  const compounds = phone.reports().map(({ bytes, port }) => {
    assert.equal(port, 5001);
    const read = readCompound(bytes, 0, bytes.length);
    assert.ok(read.ok);
    return read.value;
  });
  assert.ok(compounds.length >= 3, `${compounds.length} reports in 12 s`);
  const report = compounds.at(-2)?.[0];
  assert.ok(report?.type === 'sender-report');
  assert.ok(report.packets > 300 && report.octets === report.packets * 160);
  assert.equal(report.reports[0]?.source, phone.ssrc);
  assert.ok((report.reports[0]?.cumulativeLost ?? 0) >= 5);
  assert.equal(lost, 11);
  assert.deepEqual(
    compounds.at(-1)?.map(({ type }) => type),
    ['sender-report', 'source-description', 'bye'],
  );
  assert.equal(
    compounds
      .slice(0, -1)
      .flat()
      .filter(({ type }) => type === 'bye').length,
    0,
  );
});

test("the round trip is known from the peer's report on ours", () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  const far = new RtcpSession(phone.ssrc, 'far');
  const say = toneBlocks('ulaw', 700, -10);
  rig.run(300, () => phone.say(say()));
  const ours = phone.reports()[0]?.bytes;
  const ssrc = phone.packets()[0]?.ssrc ?? 0;
  assert.ok(ours !== undefined);
  // A receiver report of the far end that names our last report and was on its way for 60 ms.
  far.receive(ours, 0, ours.length, rig.moment.wall);
  const read = readCompound(ours, 0, ours.length);
  assert.ok(read.ok && read.value[0]?.type === 'sender-report');
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  const now = Math.floor(((rig.moment.wall / 1000 + 2_208_988_800) % 65_536) * 65_536) >>> 0;
  bytes.set([0x81, 201, 0, 7]);
  view.setUint32(4, phone.ssrc);
  view.setUint32(8, ssrc);
  view.setUint32(24, read.value[0].time);
  view.setUint32(28, (now - read.value[0].time) >>> 0);
  phone.throwIn(bytes, phone.tag + 1, 5001);
  rig.run(3);
  const trip = rig.close('sip').roundTrip;
  assert.ok(trip !== undefined && trip >= 19 && trip <= 21, `${trip} ms`);
});

test('reports share the RTP port with a peer that agreed to it', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000, { rtcpPort: 5000 });
  rig.run(300);
  rig.close('sip');
  rig.run(1);
  assert.equal(phone.reports().length, 0, 'something came from the RTCP socket');
  const compounds = rig.io.sent.filter(({ bytes }) => (bytes[1] ?? 0) >= 200);
  assert.ok(compounds.length >= 2);
  assert.ok(compounds.every(({ tag, port }) => tag === phone.tag && port === 5000));
});

test('reports of a phone behind a NAT go where its own come from', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  const say = toneBlocks('ulaw', 700, -10);
  const outside = { address: '198.51.100.9', port: 33_333 };
  rig.run(200, () => phone.say(say(), outside));
  const before = phone.reports().at(-1);
  assert.deepEqual([before?.address, before?.port], [outside.address, 33_334]);
  const far = new RtcpSession(phone.ssrc, 'far');
  const bytes = new Uint8Array(200);
  const length = far.report(
    bytes,
    0,
    { wall: rig.moment.wall, timestamp: 0, packets: 1, octets: 160 },
    new Reception(),
  );
  rig.io.arrive(phone.tag + 1, bytes.subarray(0, length), outside.address, 40_404);
  rig.io.arrive(phone.tag + 1, bytes.subarray(0, length), '203.0.113.66', 6666);
  rig.run(400, () => phone.say(say(), outside));
  const after = phone.reports().at(-1);
  assert.deepEqual([after?.address, after?.port], [outside.address, 40_404]);
});

test('a phone that never was sent anything is not told BYE', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000, { direction: 'inactive' });
  rig.run(5);
  rig.close('sip');
  rig.run(1);
  assert.equal(phone.reports().length, 0);
});

test('a codec that changes in the call is not decoded by the old law', () => {
  const rig = new MediaRig([]);
  const a = rig.openRtp('a', 5000);
  const b = rig.openRtp('b', 5002);
  rig.join('a', 'b');
  const ulaw = toneBlocks('ulaw', 700, -30);
  const alaw = toneBlocks('alaw', 700, -30);
  rig.run(30, () => a.say(ulaw()));
  rig.aim('a', 5000, { codec: 'PCMA' });
  rig.run(30, () => a.say(alaw(), undefined, 8));
  // −30 dBm0 has a peak of about 700; a misread octet would be ten times as loud.
  assert.ok(b.samples().every((sample) => Math.abs(sample) < 1200));
  assert.ok(
    b
      .samples()
      .subarray(-1600)
      .some((sample) => Math.abs(sample) > 500),
  );
});
