import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINEAR, OCTET } from '../../../src/rtp/g711.ts';
import { parseWav } from '../../../src/rtp/wav.ts';

const MOST_SECONDS = 60;

interface Form {
  readonly tag: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

const LINEAR_16: Form = { tag: 1, channels: 1, rate: 8000, bits: 16 };

const chunk = (name: string, body: Uint8Array): Buffer => {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
};

function format({ tag, channels, rate, bits }: Form, sub?: number): Buffer {
  const body = Buffer.alloc(sub === undefined ? 16 : 40);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt16LE(bits, 14);
  if (sub !== undefined) body.writeUInt16LE(sub, 24);
  return chunk('fmt ', body);
}

const riff = (...chunks: readonly Uint8Array[]): Buffer =>
  Buffer.concat([chunk('RIFF', Buffer.concat([Buffer.from('WAVE', 'latin1'), ...chunks]))]);

const samplesOf = (samples: readonly number[]): Uint8Array => new Uint8Array(Int16Array.from(samples).buffer);

function octetsOf(file: Uint8Array): Uint8Array {
  const read = parseWav(file, MOST_SECONDS);
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

const SAMPLES = [0, 1000, -1000, 32_000, -32_000];
const ULAW = Uint8Array.from(SAMPLES, (sample) => OCTET.ulaw[sample & 0xffff] as number);

test('sixteen bits, µ-law and A-law each become µ-law, whatever parts stand around the sound', () => {
  const notes = chunk('LIST', new Uint8Array(7));
  assert.deepEqual(octetsOf(riff(notes, format(LINEAR_16), notes, chunk('data', samplesOf(SAMPLES)), notes)), ULAW);
  assert.deepEqual(octetsOf(riff(format({ ...LINEAR_16, tag: 7, bits: 8 }), chunk('data', ULAW))), ULAW);
  const alaw = Uint8Array.from(SAMPLES, (sample) => OCTET.alaw[sample & 0xffff] as number);
  const heard = octetsOf(riff(format({ ...LINEAR_16, tag: 6, bits: 8 }), chunk('data', alaw)));
  heard.forEach((octet, i) => {
    const [linear, meant] = [LINEAR.ulaw[octet] as number, LINEAR.alaw[alaw[i] as number] as number];
    assert.ok(Math.abs(linear - meant) <= Math.max(16, Math.abs(meant) / 16), `${linear} for ${meant}`);
  });
  const extensible = format({ ...LINEAR_16, tag: 0xfffe }, 1);
  assert.deepEqual(octetsOf(riff(extensible, chunk('data', samplesOf(SAMPLES)))), ULAW);
});

test('a file that can’t be played is told by what it is, and how to mend it', () => {
  const sound = chunk('data', samplesOf(SAMPLES));
  const cases: readonly (readonly [file: Uint8Array, what: RegExp])[] = [
    [new Uint8Array(0), /^is no WAV file$/],
    [Buffer.from('ID3 and the rest of an MP3'), /^is no WAV file$/],
    [riff(format({ ...LINEAR_16, channels: 2 }), sound), /^has 2 channels$/],
    [riff(format({ ...LINEAR_16, rate: 44_100 }), sound), /^is sampled at 44100 Hz$/],
    [riff(format({ ...LINEAR_16, bits: 24 }), sound), /^has samples of 24 bits$/],
    [riff(format({ ...LINEAR_16, tag: 85 }), sound), /format tag 85/],
    [riff(sound, format(LINEAR_16)), /^does not say how/],
    [riff(chunk('fmt ', new Uint8Array(4)), sound), /^does not say how/],
    [riff(format(LINEAR_16)), /^holds no sound$/],
    [riff(format(LINEAR_16), chunk('data', new Uint8Array(1))), /^holds no sound$/],
    [riff(format(LINEAR_16), sound).subarray(0, -2), /^is cut off in its part "data"$/],
    [riff(format(LINEAR_16), chunk('data', new Uint8Array(16_000 * 60 + 2))), /^is 61 s long$/],
  ];
  for (const [file, what] of cases) {
    const read = parseWav(file, MOST_SECONDS);
    assert.ok(!read.ok, `${what} was read`);
    assert.match(read.error.what, what);
    assert.notEqual(read.error.mend, '');
  }
});

test('no file of any length or content makes it throw', () => {
  const whole = riff(format(LINEAR_16), chunk('data', samplesOf(SAMPLES)));
  for (let length = 0; length <= whole.length; length++) parseWav(whole.subarray(0, length), MOST_SECONDS);
  for (let at = 0; at < whole.length; at++) {
    for (const octet of [0, 0x7f, 0xff]) {
      const bent = Buffer.from(whole);
      bent[at] = octet;
      parseWav(bent, MOST_SECONDS);
    }
  }
});
