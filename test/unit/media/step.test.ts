import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seeded } from '../../../src/kernel/random.ts';
import { BLOCK, IDLE } from '../../../src/rtp/g711.ts';
import { measureLevel, measureTones } from '../../../src/rtp/measure.ts';
import type { SpanMediaSpec } from '../../../src/span/port.ts';
import { MediaRig, toneBlocks } from '../../support/media-rig.ts';

const carrier = (id = 't1', ppm = 0): SpanMediaSpec => ({ driver: 'carrier', id, slots: 24, ppm });
const udp = (id: string, port: number): SpanMediaSpec => ({
  driver: 'udp',
  id,
  slots: 23,
  listen: { address: '127.0.0.1', port },
  peer: { address: '127.0.0.1', port: port + 100 },
});

function assertTone(samples: Int16Array, at: number, law: 'ulaw' | 'alaw', frequency: number, level: number): void {
  const [tone] = measureTones(samples, at, law, 1);
  assert.ok(tone !== undefined, 'no tone was heard');
  assert.ok(Math.abs(tone.frequency - frequency) < 0.5, `${tone.frequency} Hz`);
  assert.ok(Math.abs(tone.level - level) < 0.3, `${tone.level} dBm0`);
}

test('a milliwatt of the far end reaches the phone with its frequency and level, in either law', () => {
  for (const codec of ['PCMU', 'PCMA'] as const) {
    const rig = new MediaRig([carrier()]);
    rig.openTdm('pri', 't1', 3);
    rig.control.far('t1', 3, { type: 'tone', frequency: 1004, level: 0 });
    const phone = rig.openRtp('sip', 5000, { codec });
    rig.join('pri', 'sip');
    rig.run(60);
    assertTone(phone.samples(), 1600, codec === 'PCMU' ? 'ulaw' : 'alaw', 1004, 0);
  }
});

test('each side hears the other and never itself', () => {
  const rig = new MediaRig([]);
  const a = rig.openRtp('a', 5000);
  const b = rig.openRtp('b', 5002, { codec: 'PCMA' });
  rig.join('a', 'b');
  const sayA = toneBlocks('ulaw', 700, -10);
  const sayB = toneBlocks('alaw', 1900, -20);
  rig.run(80, () => {
    a.say(sayA());
    b.say(sayB());
  });
  assertTone(a.samples(), 4000, 'ulaw', 1900, -20);
  assertTone(b.samples(), 4000, 'alaw', 700, -10);
  assert.equal(measureTones(a.samples(), 4000, 'ulaw', 2).length, 1);
});

test('a tandem through two spans changes no bit of 64 kbit/s data', () => {
  const rig = new MediaRig([udp('in', 20_000), udp('out', 22_000)]);
  rig.openTdm('a', 'in', 1);
  rig.openTdm('b', 'out', 7);
  rig.join('a', 'b');
  const random = seeded(3);
  const said: number[] = [];
  rig.run(50, () => {
    const block = random.bytes(BLOCK);
    said.push(...block);
    rig.io.arrive((rig.memory.spans[0]?.firstTag ?? 0) + 1, block, '127.0.0.1', 20_101);
  });
  const out = rig.io.sent.filter(({ port }) => port === 22_107).flatMap(({ bytes }) => [...bytes]);
  const start = out.findIndex((octet) => octet !== IDLE.ulaw);
  assert.ok(start >= 0 && start <= 3 * BLOCK, `began after ${start} octets`);
  assert.deepEqual(out.slice(start), said.slice(0, out.length - start));
  assert.equal(rig.slips(), 0);
});

test('a loop that was held up for 200 ms finds ten blocks at once, and loses none of them', () => {
  const rig = new MediaRig([udp('in', 20_000), udp('out', 22_000)]);
  rig.openTdm('a', 'in', 1);
  rig.openTdm('b', 'out', 7);
  rig.join('a', 'b');
  const random = seeded(3);
  const said: number[] = [];
  rig.run(100, (tick) => {
    // It makes up for the ticks that it missed: ten in a row, of which the first has what came meanwhile.
    for (let n = 0; n < (tick % 10 === 0 ? 10 : 0); n++) {
      const block = random.bytes(BLOCK);
      said.push(...block);
      rig.io.arrive((rig.memory.spans[0]?.firstTag ?? 0) + 1, block, '127.0.0.1', 20_101);
    }
  });
  const out = rig.io.sent.filter(({ port }) => port === 22_107).flatMap(({ bytes }) => [...bytes]);
  const start = out.findIndex((octet) => octet !== IDLE.ulaw);
  assert.ok(start >= 0 && start <= 3 * BLOCK, `began after ${start} octets`);
  assert.deepEqual(out.slice(start), said.slice(0, out.length - start));
  assert.equal(rig.slips(), 0);
});

/** Every octet there is, in an order that no two blocks share. */
function everyOctet(blocks: number): Uint8Array[] {
  const random = seeded(11);
  const all = Uint8Array.from({ length: blocks * BLOCK }, (_, n) => n & 0xff);
  for (let n = all.length - 1; n > 0; n--) {
    const other = Math.floor(random.next() * (n + 1));
    [all[n], all[other]] = [all[other] ?? 0, all[n] ?? 0];
  }
  return Array.from({ length: blocks }, (_, n) => all.subarray(n * BLOCK, (n + 1) * BLOCK));
}

for (const [codec, law] of [
  ['PCMU', 'ulaw'],
  ['PCMA', 'alaw'],
] as const) {
  test(`all 256 octets of ${codec} cross between a phone and a B-channel of its law as they are, both ways`, () => {
    const rig = new MediaRig([udp('t1', 20_000)]);
    rig.openTdm('pri', 't1', 1, law);
    const phone = rig.openRtp('sip', 5000, { codec });
    rig.join('pri', 'sip');
    const blocks = everyOctet(48);
    const said = Buffer.concat(blocks);
    assert.equal(new Set(said).size, 256);
    // What begins after silence is led over into, as after a loss.
    const leadIn = 5;
    rig.run(60, (tick) => {
      const block = blocks[tick - leadIn] ?? new Uint8Array(BLOCK).fill(IDLE[law]);
      phone.say(block);
      rig.io.arrive((rig.memory.spans[0]?.firstTag ?? 0) + 1, block, '127.0.0.1', 20_101);
    });
    const toLine = Buffer.concat(rig.io.sent.filter(({ port }) => port === 20_101).map(({ bytes }) => bytes));
    assert.ok(toLine.includes(said), 'what the phone said was altered on its way to the line');
    assert.ok(Buffer.from(phone.octets()).includes(said), 'what the line brought was altered on its way to the phone');
    assert.equal(rig.slips(), 0);
  });
}

test('around a packet that was lost only what is made up and led over differs, octet by octet', () => {
  const rig = new MediaRig([udp('t1', 20_000)]);
  rig.openTdm('pri', 't1', 1);
  const phone = rig.openRtp('sip', 5000);
  rig.join('pri', 'sip');
  const blocks = everyOctet(32);
  const lost = 15;
  rig.run(50, (tick) => {
    const block = blocks[tick] ?? new Uint8Array(BLOCK).fill(IDLE.ulaw);
    if (tick === lost) phone.skip();
    else phone.say(block);
  });
  const toLine = Buffer.concat(rig.io.sent.filter(({ port }) => port === 20_101).map(({ bytes }) => bytes));
  const said = Buffer.concat(blocks);
  const start = toLine.indexOf(said.subarray(2 * BLOCK, 4 * BLOCK)) - 2 * BLOCK;
  const altered = [...said.keys()].filter((n) => n >= BLOCK && toLine[start + n] !== said[n]);
  const [first = 0, last = 0] = [altered[0], altered.at(-1)];
  // A quarter of the longest pitch before the loss and ten milliseconds after it (G.711 Appendix I.2.4, I.2.8).
  assert.ok(first >= lost * BLOCK - 30 && last < (lost + 1) * BLOCK + 80, `${first}…${last} of ${lost * BLOCK}`);
});

test('the echo of a looped B-channel comes back within 100 ms', () => {
  const rig = new MediaRig([carrier()]);
  rig.openTdm('pri', 't1', 1);
  rig.control.far('t1', 1, { type: 'echo', delay: 0 });
  const phone = rig.openRtp('sip', 5000);
  rig.join('pri', 'sip');
  const say = toneBlocks('ulaw', 1000, -3);
  const quiet = new Uint8Array(BLOCK).fill(IDLE.ulaw);
  rig.run(100, (tick) => phone.say(tick >= 50 && tick < 75 ? say() : quiet));
  const samples = phone.samples();
  const heard = samples.findIndex((sample) => Math.abs(sample) > 1000);
  const delay = (heard - 50 * BLOCK) / 8;
  assert.ok(delay > 0 && delay <= 100, `${delay} ms`);
  assertTone(samples, heard + 400, 'ulaw', 1000, -3);
});

test('RTP is sent from the first tick after aim, with nothing joined, at 50 packets a second', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  rig.run(25);
  const packets = phone.packets();
  assert.equal(packets.length, 25);
  assert.equal(packets[0]?.marker, true);
  assert.ok(packets.slice(1).every(({ marker }) => !marker));
  packets.forEach((packet, n) => {
    const first = packets[0] ?? packet;
    assert.equal(packet.sequence, (first.sequence + n) & 0xffff);
    assert.equal(packet.timestamp, (first.timestamp + n * BLOCK) >>> 0);
    assert.equal(packet.port, 5000);
  });
  assert.ok(phone.octets().every((octet) => octet === IDLE.ulaw));
});

test('a packet time of 60 ms makes one packet of three blocks', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000, { packetTime: 60 });
  rig.run(30);
  assert.deepEqual(
    phone.packets().map(({ payloadLength }) => payloadLength),
    Array<number>(10).fill(480),
  );
});

test('hold stops what we send, and resuming goes on with the same stream', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  rig.run(10);
  rig.aim('sip', 5000, { direction: 'recvonly' });
  rig.run(10);
  rig.aim('sip', 5000);
  rig.run(10);
  const packets = phone.packets();
  assert.equal(packets.length, 20);
  assert.equal((packets[10]?.timestamp ?? 0) - (packets[9]?.timestamp ?? 0), 11 * BLOCK);
  assert.equal((packets[10]?.sequence ?? 0) - (packets[9]?.sequence ?? 0), 1);
  assert.equal(packets[10]?.marker, true);
  rig.aim('sip', 5000, { address: '0.0.0.0' });
  rig.run(10);
  assert.equal(phone.packets().length, 20);
});

test('what a peer says while it may not is not passed on', () => {
  const rig = new MediaRig([]);
  const a = rig.openRtp('a', 5000, { direction: 'sendonly' });
  const b = rig.openRtp('b', 5002);
  rig.join('a', 'b');
  const say = toneBlocks('ulaw', 700, -10);
  rig.run(30, () => a.say(say()));
  assert.ok(b.octets().every((octet) => octet === IDLE.ulaw));
});

test('ring-back sounds two seconds in six over the joined audio, until it is hushed', () => {
  const rig = new MediaRig([carrier()]);
  rig.openTdm('pri', 't1', 1);
  rig.control.far('t1', 1, { type: 'tone', frequency: 1004, level: 0 });
  const phone = rig.openRtp('sip', 5000);
  rig.join('pri', 'sip');
  rig.control.call({ type: 'play', leg: 'sip', tone: 'ringback' });
  rig.run(300);
  const samples = phone.samples();
  const tones = measureTones(samples, 800, 'ulaw', 2);
  assert.deepEqual(
    tones.map(({ frequency }) => Math.round(frequency)),
    [440, 480],
  );
  assert.ok(measureLevel(samples, 8 * 2100, 8 * 3800, 'ulaw') < -60);
  rig.control.call({ type: 'hush', leg: 'sip' });
  rig.run(50);
  assertTone(phone.samples(), samples.length + BLOCK, 'ulaw', 1004, 0);
});

test('a span whose clock is off loses or repeats a block now and then, and each slip is counted', () => {
  for (const ppm of [2000, -2000]) {
    const rig = new MediaRig([carrier('t1', ppm)]);
    rig.openTdm('pri', 't1', 1);
    rig.run(6000);
    // 2000 ppm is a block of 20 ms in 500 ticks: 12 in all, of which the buffers take up at most two in each direction.
    const slips = rig.slips() / 2;
    assert.ok(slips >= 10 && slips <= 12, `${slips} slips at ${ppm} ppm`);
    assert.equal(rig.close('pri').slips, slips * 2);
  }
});

test('lost packets are concealed and counted, not played as holes', () => {
  const rig = new MediaRig([]);
  const a = rig.openRtp('a', 5000);
  const b = rig.openRtp('b', 5002);
  rig.join('a', 'b');
  const say = toneBlocks('ulaw', 500, -10);
  const lost = new Set([40, 55, 70]);
  rig.run(100, (tick) => {
    const block = say();
    if (lost.has(tick)) a.skip();
    else a.say(block);
  });
  const samples = b.samples();
  for (let at = 20 * BLOCK; at < 95 * BLOCK; at += BLOCK) {
    const level = measureLevel(samples, at, BLOCK, 'ulaw');
    assert.ok(level > -14 && level < -7, `${level} dBm0 in block ${at / BLOCK}`);
  }
  const stats = rig.close('a');
  assert.equal(stats.lost, 3);
  assert.ok(stats.concealed >= 3 && stats.concealed <= 6, `${stats.concealed} concealed`);
});

test('a peer that has fallen silent is reported every five seconds', () => {
  const rig = new MediaRig([]);
  const phone = rig.openRtp('sip', 5000);
  const quiet = new Uint8Array(BLOCK).fill(IDLE.ulaw);
  const silences = (): number[] =>
    rig.events('sip').flatMap((event) => (event.type === 'silent' ? [event.seconds] : []));
  rig.run(300, () => phone.say(quiet));
  assert.deepEqual(silences(), []);
  rig.run(501);
  assert.deepEqual(silences(), [5, 10]);
  rig.aim('sip', 5000, { direction: 'sendonly' });
  rig.run(600);
  assert.deepEqual(silences(), [5, 10]);
  // A phone that puts us on hold plays music or nothing.
  rig.aim('sip', 5000, { direction: 'recvonly' });
  rig.run(600);
  assert.deepEqual(silences(), [5, 10]);
});

test('a thousand ticks of 46 endpoints leave nothing behind on the heap', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const rig = new MediaRig([carrier()], [24_000, 24_099], 23);
  rig.io.keeps = false;
  const say = new Uint8Array(BLOCK).fill(0x2a);
  const phones = Array.from({ length: 23 }, (_, i) => {
    rig.openTdm(`pri${i}`, 't1', i + 1);
    rig.control.far('t1', i + 1, { type: 'tone', frequency: 1004, level: 0 });
    const phone = rig.openRtp(`sip${i}`, 5000 + 2 * i, { telephoneEvent: 101 });
    rig.join(`pri${i}`, `sip${i}`);
    return phone;
  });
  const talk = (): void => {
    for (const phone of phones) phone.say(say);
  };
  rig.run(500, talk);
  collect();
  const before = process.memoryUsage().heapUsed;
  rig.run(1000, talk);
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 200_000, `${grown} octets more`);
});

test('a thousand ticks of a whole span under test leave nothing behind on the heap', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const rig = new MediaRig([carrier()]);
  rig.io.keeps = false;
  const slots = Array.from({ length: 23 }, (_, i) => i + 1);
  for (const slot of slots) rig.control.far('t1', slot, { type: 'echo', delay: 0 });
  rig.control.obey(
    { type: 'bert', request: 1, span: 't1', order: { type: 'start', pattern: 'qrss', slots } },
    rig.moment,
  );
  rig.run(100);
  collect();
  const before = process.memoryUsage().heapUsed;
  rig.run(1000);
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 200_000, `${grown} octets more`);
  rig.said.length = 0;
  rig.control.obey({ type: 'bert', request: 2, span: 't1', order: undefined }, rig.moment);
  const [said] = rig.said;
  assert.ok(said?.type === 'bert');
  assert.ok(said.answer?.slots.every(({ sync, errors, seconds }) => sync && errors === 0 && seconds >= 20));
});

test('the tick learns from the reference span alone, and only while a call is on it', () => {
  const rig = new MediaRig([carrier('t1', 150), carrier('t2', -150)]);
  const refer = (span: string | undefined): void => rig.control.obey({ type: 'reference', span }, rig.moment);
  rig.openTdm('b', 't2', 1);
  refer('t1');
  rig.run(200);
  assert.equal(rig.memory.follower.ppm, 0);
  rig.openTdm('a', 't1', 1);
  rig.run(200);
  assert.notEqual(rig.memory.follower.ppm, 0);
  refer(undefined);
  rig.run(200);
  assert.equal(rig.memory.follower.ppm, 0);
});
