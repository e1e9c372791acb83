import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DtmfGenerator } from '../../../src/rtp/dtmf.ts';
import { DtmfDetector } from '../../../src/rtp/dtmf-detector.ts';
import { BLOCK, decode, encode, IDLE } from '../../../src/rtp/g711.ts';
import { RTP_HEADER, writeRtp } from '../../../src/rtp/packet.ts';
import { EventReceiver, writeEvent } from '../../../src/rtp/telephone-event.ts';
import type { SpanMediaSpec } from '../../../src/span/port.ts';
import { kit } from '../../support/bchan.ts';
import { type FakePeer, MediaRig } from '../../support/media-rig.ts';
import { readWav } from '../../support/wav.ts';

const EVENT = 101;
const SPAN: SpanMediaSpec = {
  driver: 'udp',
  id: 't1',
  slots: 23,
  listen: { address: '127.0.0.1', port: 20_000 },
  peer: { address: '127.0.0.1', port: 21_000 },
};
const CARRIER: SpanMediaSpec = { driver: 'carrier', id: 'c1', slots: 23 };

/** The digits in a run of octets as a detector of its own hears them. */
function inBand(octets: Uint8Array): string {
  const detector = new DtmfDetector();
  const samples = new Int16Array(BLOCK);
  let digits = '';
  for (let at = 0; at + BLOCK <= octets.length; at += BLOCK) {
    decode('ulaw', octets, at, samples, 0, BLOCK);
    for (const change of detector.block(samples, 0)) if (change.type === 'begin') digits += change.digit;
  }
  return digits;
}

/** The digits in the telephone events that were sent to a phone. */
function events(phone: FakePeer): string {
  const receiver = new EventReceiver();
  let digits = '';
  for (const { timestamp, payload } of phone.packets(EVENT)) {
    for (const change of receiver.receive(timestamp, payload, 0, payload.length)) {
      if (change.type === 'begin') digits += change.digit;
    }
  }
  return digits;
}

/** What was sent on the first B-channel of SPAN. */
const onTheLine = (rig: MediaRig): Uint8Array =>
  Uint8Array.from(rig.io.sent.filter(({ port }) => port === 21_001).flatMap(({ bytes }) => [...bytes]));

/** A phone presses a digit for 100 ms: six packets as RFC 4733 has them, the last sent three times. */
function press(rig: MediaRig, phone: FakePeer, event: number): void {
  const began = phone.timestamp;
  const quiet = new Uint8Array(BLOCK).fill(IDLE.ulaw);
  for (let n = 1; n <= 7; n++) {
    const bytes = new Uint8Array(RTP_HEADER + 4);
    writeRtp(bytes, 0, n === 1, EVENT, phone.sequence, began, phone.ssrc);
    writeEvent(bytes, RTP_HEADER, event, n >= 5, Math.min(n, 5) * BLOCK);
    phone.skip();
    phone.throwIn(bytes);
    rig.run(1);
  }
  rig.run(10, () => phone.say(quiet));
}

test('a phone that takes digits under another number than ours sends them under ours', () => {
  const rig = new MediaRig([SPAN]);
  rig.openTdm('pri', 't1', 1);
  const heardAs = { payloadType: 0, telephoneEvent: EVENT };
  const phone = rig.openRtp('sip', 5000, { telephoneEvent: 96, heardAs });
  rig.join('pri', 'sip');
  press(rig, phone, 5);
  rig.run(20);
  assert.equal(rig.digits('sip'), '5');
});

test('a digit from a phone is heard in band on the line, once', () => {
  const rig = new MediaRig([SPAN]);
  rig.openTdm('pri', 't1', 1);
  const phone = rig.openRtp('sip', 5000, { telephoneEvent: EVENT });
  rig.join('pri', 'sip');
  for (const event of [1, 1, 10, 15]) press(rig, phone, event);
  rig.run(20);
  assert.equal(rig.digits('sip'), '11*D');
  assert.equal(rig.digits('pri'), '');
  assert.equal(inBand(onTheLine(rig)), '11*D');
});

test('a digit in band on the line becomes a telephone event, and is not in the audio as well', () => {
  const rig = new MediaRig([CARRIER]);
  rig.openTdm('pri', 'c1', 1);
  const phone = rig.openRtp('sip', 5000, { telephoneEvent: EVENT });
  rig.join('pri', 'sip');
  rig.run(5);
  rig.control.far('c1', 1, { type: 'digits', digits: '0123456789*#ABCD' });
  rig.run(200);
  assert.equal(rig.digits('pri'), '0123456789*#ABCD');
  assert.equal(events(phone), '0123456789*#ABCD');
  assert.equal(inBand(phone.octets()), '');
});

test('a digit in band goes through to a phone that takes no events', () => {
  const rig = new MediaRig([CARRIER]);
  rig.openTdm('pri', 'c1', 1);
  const phone = rig.openRtp('sip', 5000);
  rig.join('pri', 'sip');
  rig.run(5);
  rig.control.far('c1', 1, { type: 'digits', digits: '42#' });
  rig.run(60);
  assert.equal(rig.digits('pri'), '42#');
  assert.equal(inBand(phone.octets()), '42#');
  assert.equal(phone.packets(EVENT).length, 0);
});

test('an event goes on as an event between phones, and in band to one that takes none', () => {
  for (const telephoneEvent of [EVENT, undefined]) {
    const rig = new MediaRig([]);
    const a = rig.openRtp('a', 5000, { telephoneEvent: EVENT });
    const b = rig.openRtp('b', 5002, { telephoneEvent });
    rig.join('a', 'b');
    press(rig, a, 7);
    press(rig, a, 11);
    rig.run(20);
    assert.equal(telephoneEvent === undefined ? inBand(b.octets()) : events(b), '7#');
    assert.equal(rig.digits('a'), '7#');
  }
});

test('digits that the call sends go out in order, in the way that each line takes', () => {
  const rig = new MediaRig([SPAN]);
  rig.openTdm('pri', 't1', 1);
  const phone = rig.openRtp('sip', 5000, { telephoneEvent: EVENT });
  for (const digit of '159*') {
    for (const leg of ['pri', 'sip']) rig.control.leg(leg, { type: 'send-digit', digit, duration: 80 }, rig.moment);
  }
  rig.run(60);
  assert.equal(inBand(onTheLine(rig)), '159*');
  assert.equal(events(phone), '159*');
});

test('no audio is sent beside a telephone event', () => {
  const rig = new MediaRig([CARRIER]);
  rig.openTdm('pri', 'c1', 1);
  rig.control.far('c1', 1, { type: 'tone', frequency: 1004, level: 0 });
  const phone = rig.openRtp('sip', 5000, { telephoneEvent: EVENT });
  rig.join('pri', 'sip');
  rig.run(10);
  rig.control.leg('sip', { type: 'send-digit', digit: '5', duration: 100 }, rig.moment);
  rig.run(20);
  const tens = phone.packets(EVENT);
  const [first, last] = [tens[0], tens.at(-1)];
  assert.ok(first !== undefined && last !== undefined);
  assert.ok(tens.filter(({ payload }) => (payload[1] ?? 0) >= 0x80).length === 3, 'the end is said three times');
  const between = phone.packets().filter(({ sequence }) => sequence > first.sequence && sequence < last.sequence);
  assert.equal(between.length, 0);
  const after = phone.packets().find(({ sequence }) => sequence > last.sequence);
  assert.equal(after?.marker, true);
});

test('voice is not kept back because it sounds a little like a digit', () => {
  for (const marker of ['markerA', 'markerB']) {
    const rig = new MediaRig([SPAN]);
    rig.openTdm('pri', 't1', 1);
    const phone = rig.openRtp('sip', 5000, { telephoneEvent: EVENT });
    rig.join('pri', 'sip');
    const voice = readWav(kit(`audio/${marker}.wav`));
    const said = new Uint8Array(voice.length);
    encode('ulaw', voice, 0, said, 0, voice.length);
    const firstTag = rig.memory.spans[0]?.firstTag ?? 0;
    rig.run(said.length / BLOCK, (tick) =>
      rig.io.arrive(firstTag + 1, said.subarray(tick * BLOCK, (tick + 1) * BLOCK), '127.0.0.1', 21_001),
    );
    const heard = phone.octets();
    const start = heard.findIndex((octet) => octet !== IDLE.ulaw);
    const begin = said.findIndex((octet) => octet !== IDLE.ulaw);
    const kept = heard.length - start;
    assert.deepEqual(heard.subarray(start), said.subarray(begin, begin + kept), marker);
  }
});

test('what of an in-band digit escapes into the audio is too short for any receiver', () => {
  for (let offset = 0; offset < BLOCK; offset += 13) {
    const rig = new MediaRig([SPAN]);
    rig.openTdm('pri', 't1', 1);
    const phone = rig.openRtp('sip', 5000, { telephoneEvent: EVENT });
    rig.join('pri', 'sip');
    const digit = new DtmfGenerator('ulaw');
    digit.press('5', 800);
    const samples = new Int16Array(15 * BLOCK);
    digit.fill(samples, 3 * BLOCK + offset, 960);
    const said = new Uint8Array(samples.length);
    encode('ulaw', samples, 0, said, 0, samples.length);
    const firstTag = rig.memory.spans[0]?.firstTag ?? 0;
    rig.run(15, (tick) =>
      rig.io.arrive(firstTag + 1, said.subarray(tick * BLOCK, (tick + 1) * BLOCK), '127.0.0.1', 21_001),
    );
    rig.run(15);
    const loud = phone.samples().filter((sample) => Math.abs(sample) > 500).length;
    assert.ok(loud < 23 * 8, `${loud / 8} ms at offset ${offset}`);
    assert.equal(events(phone), '5');
  }
});
