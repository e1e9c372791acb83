import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ElementCodec, MAX_ELEMENTS, parseElements } from '../../../src/isdn/q931/element.ts';
import { bearerCapability } from '../../../src/isdn/q931/ie/bearer.ts';
import { causeElement } from '../../../src/isdn/q931/ie/cause.ts';
import { channelIdentification } from '../../../src/isdn/q931/ie/channel.ts';
import { display } from '../../../src/isdn/q931/ie/display.ts';
import { nameFacility } from '../../../src/isdn/q931/ie/facility.ts';
import { calledNumber, callingNumber, connectedNumber, redirectingNumber } from '../../../src/isdn/q931/ie/number.ts';
import { progressIndicator } from '../../../src/isdn/q931/ie/progress.ts';
import { callState, changeStatus, notification, restartIndicator } from '../../../src/isdn/q931/ie/simple.ts';
import { setupIn } from '../../../src/isdn/q931/interpret.ts';
import { type Message, parseMessage, printMessage } from '../../../src/isdn/q931/message.ts';
import { VARIANTS } from '../../../src/isdn/q931/variants.ts';
import { fromHex, toHex } from '../../../src/kernel/bytes.ts';

function parsed(hex: string): Message {
  const result = parseMessage(fromHex(hex));
  assert.ok(result.ok, hex);
  return result.value;
}

/** The Q.931 messages of a capture of link type LAPD: what follows address and control of its I frames. */
function messagesOf(file: string): Uint8Array[] {
  const octets = readFileSync(join(import.meta.dirname, '../../kit/captures', file));
  const out: Uint8Array[] = [];
  for (let at = 24; at < octets.length; ) {
    const length = octets.readUInt32LE(at + 8);
    const frame = octets.subarray(at + 16, at + 16 + length);
    if (length > 4 && ((frame[2] ?? 1) & 1) === 0) out.push(new Uint8Array(frame.subarray(4)));
    at += 16 + length;
  }
  return out;
}

test("libpri's messages are read whole and written back octet by octet", () => {
  const messages = messagesOf('libpri-ni2.pcap');
  assert.equal(messages.length, 8);
  for (const octets of messages) {
    // We write sending complete first (Table 3-15); libpri writes it last.
    const hex = toHex(octets).replace(/^(0802000105)(.*)a1$/, '$1a1$2');
    assert.equal(toHex(printMessage(parsed(toHex(octets)), 2)), hex);
  }
});

test("libpri's SETUP says who calls whom", () => {
  const setup = messagesOf('libpri-ni2.pcap')[0];
  assert.ok(setup !== undefined);
  const words = setupIn(parsed(toHex(setup)).elements, VARIANTS.ni2);
  assert.deepEqual(words, {
    bearer: { capability: 'speech', law: 'ulaw' },
    called: { digits: '19725551234', type: 'national', plan: 'isdn' },
    complete: true,
    caller: {
      digits: '2145550123',
      type: 'national',
      plan: 'isdn',
      presentation: 'allowed',
      screening: 'not-screened',
    },
    callerName: { text: 'Judge One', presentation: 'allowed' },
    redirecting: [],
    progress: [],
    elements: [],
  });
});

type Case<T> = readonly [codec: ElementCodec<T>, hex: string, value: T];
const number = { digits: '100', type: 'national', plan: 'isdn' } as const;
const channel = { interface: undefined, exclusive: true, slots: [1], coding: 'number' } as const;
const CASES: readonly Case<unknown>[] = [
  [bearerCapability, '8090a2', { capability: 'speech', law: 'ulaw' }],
  [bearerCapability, '9090a3', { capability: 'audio-3k1', law: 'alaw' }],
  [bearerCapability, '8890', { capability: 'unrestricted', law: undefined }],
  [channelIdentification, 'a98381', channel],
  [channelIdentification, 'a18397', { ...channel, exclusive: false, slots: [23] }],
  [channelIdentification, 'e9828397', { ...channel, interface: 2, slots: [23] }],
  [channelIdentification, 'a3', { ...channel, exclusive: false, slots: 'any' }],
  [channelIdentification, 'a8', { ...channel, slots: 'none' }],
  [channelIdentification, 'a98301028a', { ...channel, slots: [1, 2, 10] }],
  [channelIdentification, 'a993400001', { ...channel, slots: [1, 23], coding: 'map' }],
  [channelIdentification, 'a99380020002', { ...channel, slots: [1, 17, 31], coding: 'map' }],
  [causeElement, '8290', { cause: 16, location: 'public-local', diagnostics: undefined }],
  [causeElement, '8ae4' + '18', { cause: 100, location: 'beyond', diagnostics: fromHex('18') }],
  [progressIndicator, '8188', { location: 'private-local', description: 8 }],
  [calledNumber, 'a1313030', number],
  [calledNumber, '80', { digits: '', type: 'unknown', plan: 'unknown' }],
  [callingNumber, '21a3313030', { ...number, presentation: 'restricted', screening: 'network' }],
  [connectedNumber, '2181313030', { ...number, presentation: 'allowed', screening: 'passed' }],
  [
    redirectingNumber,
    '210182313030',
    { number: { ...number, presentation: 'allowed', screening: 'passed' }, reason: 'no-answer' },
  ],
  [callState, '0a', 10],
  [notification, 'f9', 0x79],
  [restartIndicator, '86', 6],
  [changeStatus, 'c2', 2],
  [display, 'b141', { text: 'A', typed: true }],
  [display, '416e6e', { text: 'Ann', typed: false }],
  [
    nameFacility,
    '9f8b0100a10d02010102010080054a75646765',
    { operation: 'calling-name', name: { text: 'Judge', presentation: 'allowed' }, profile: 0x1f, invokeId: 1 },
  ],
  [
    nameFacility,
    '918b0100a108020102020100' + '8700',
    { operation: 'calling-name', name: { text: '', presentation: 'restricted' }, profile: 0x11, invokeId: 2 },
  ],
];

for (const [codec, hex, value] of CASES) {
  test(`element ${codec.id.toString(16).padStart(2, '0')} ${hex} means what the clause says, both ways`, () => {
    assert.deepEqual(codec.decode(fromHex(hex)), value);
    assert.equal(toHex(Uint8Array.from(codec.encode(value))), hex);
  });
}

const READ_ONLY: readonly Case<unknown>[] = [
  // G.722 with fallback, rate multiplier and octet 4.1 before layer 1.
  [bearerCapability, '9190a5', { capability: 'audio-3k1', law: undefined }],
  [bearerCapability, '889882a2', { capability: 'unrestricted', law: 'ulaw' }],
  // A lone channel number without bit 8, as some switches send it.
  [channelIdentification, 'a98305', { ...channel, slots: [5] }],
  // Octet 3a of a cause names the recommendation.
  [causeElement, '028090', { cause: 16, location: 'public-local', diagnostics: undefined }],
  // Without octet 3a a number may be shown and nobody vouches for it.
  [callingNumber, 'a1313030', { ...number, presentation: 'allowed', screening: 'not-screened' }],
  // Q.SIG: network facility extension, object identifier, name in a sequence with its character set.
  [
    nameFacility,
    '9faa06800100820100a11602010106042b0c0900300b' + 'a109040441' + '6e6e65020101',
    { operation: 'calling-name', name: { text: 'Anne', presentation: 'allowed' }, profile: 0x1f, invokeId: 1 },
  ],
  // An operation that isn't a name.
  [nameFacility, '9f8b0100a10f02010106072a8648ce1500040a0100', undefined],
  // A length that runs past the end; an indefinite one.
  [nameFacility, '9f8b0100a17f020101', undefined],
  [nameFacility, '9fa180020101', undefined],
];

for (const [codec, hex, value] of READ_ONLY) {
  test(`element ${codec.id.toString(16).padStart(2, '0')} ${hex} is understood as peers send it`, () => {
    assert.deepEqual(codec.decode(fromHex(hex)), value);
  });
}

test('names that may not be shown keep their text and say so', () => {
  for (const presentation of ['allowed', 'restricted', 'unavailable'] as const) {
    const text = presentation === 'unavailable' ? '' : 'Ann';
    const word = { operation: 'connected-name', name: { text, presentation }, profile: 0x1f, invokeId: 1 } as const;
    assert.deepEqual(nameFacility.decode(Uint8Array.from(nameFacility.encode(word))), word);
  }
});

test('a shift counts as far as its kind says, and elements keep their codeset when written', () => {
  // Codeset 0 display; non-locking shift to 6 for one element; back in 0; locking shift to 5 for the rest.
  const message = parsed('08020001' + '62' + '280141' + '9e' + '0102aabb' + '280142' + '95' + '2a0143' + 'a1');
  assert.deepEqual(
    message.elements.map((e) => [e.codeset, e.id]),
    [
      [0, 0x28],
      [6, 0x01],
      [0, 0x28],
      [5, 0x2a],
      [5, 0xa1],
    ],
  );
  const again = parsed(toHex(printMessage(message, 2)));
  const text = (m: Message): string[] => m.elements.map((e) => `${e.codeset}/${e.id}/${toHex(e.contents)}`).sort();
  assert.deepEqual(text(again), text(message));
});

test('call references of one and two octets, global and dummy ones are told apart', () => {
  assert.deepEqual(parsed('080105' + '45').reference, { value: 5, fromOriginator: true });
  assert.deepEqual(parsed('08028105' + '45').reference, { value: 0x105, fromOriginator: false });
  assert.deepEqual(parsed('08020000' + '46').reference, { value: 0, fromOriginator: true });
  assert.equal(parsed('0800' + '62').reference, undefined);
  assert.equal(toHex(printMessage(parsed('080185' + '45'), 1)), '08018545');
});

test('what is too short, foreign or has an impossible call reference is a reason, not a message', () => {
  const why = (hex: string): string => {
    const result = parseMessage(fromHex(hex));
    return result.ok ? 'read' : result.error;
  };
  assert.equal(why(''), 'short');
  assert.equal(why('08'), 'short');
  assert.equal(why('0802'), 'short');
  assert.equal(why('08020001'), 'short');
  assert.equal(why('09020001' + '05'), 'discriminator');
  assert.equal(why('0803000001' + '05'), 'call-reference');
  assert.equal(why('08120001' + '05'), 'call-reference');
});

test('an element that runs past the end is named, and what stands before it counts', () => {
  const message = parsed('08020001' + '45' + '08028090' + '1e08');
  assert.equal(message.elements.length, 1);
  assert.equal(message.cut, 0x1e);
});

test('no message makes us hold more elements than any real one has', () => {
  const { elements } = parseElements(new Uint8Array(1000).fill(0xa1), 0);
  assert.equal(elements.length, MAX_ELEMENTS);
});

test('any octets are a value: every decoder answers, and what it reads it can write and read again', () => {
  const codecs = [...new Set([...CASES, ...READ_ONLY].map(([codec]) => codec))];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...codecs), (octets, codec) => {
      const value = codec.decode(octets);
      if (value === undefined) return;
      const again = codec.decode(Uint8Array.from(codec.encode(value)));
      assert.notEqual(again, undefined);
    }),
    { numRuns: 3000 },
  );
});

test('any octets are a value: a message that is read is written and read as the same', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }).map((rest) => Uint8Array.from([8, 2, 0, 1, 5, ...rest])),
  );
  const key = (m: Message): string[] => m.elements.map((e) => `${e.codeset}/${e.id}/${toHex(e.contents)}`).sort();
  fc.assert(
    fc.property(octets, (bytes) => {
      const message = parseMessage(bytes);
      if (!message.ok) return;
      const length = bytes[1] === 1 ? 1 : 2;
      const again = parseMessage(printMessage(message.value, length));
      assert.ok(again.ok);
      assert.deepEqual(again.value.reference, message.value.reference);
      assert.deepEqual(key(again.value), key(message.value));
    }),
    { numRuns: 2000 },
  );
});

test('elements go out in the order of their identifiers whatever order they were given in, and what is too long is left out (4.5.1)', () => {
  const one = (id: number, length = 1) => ({ codeset: 0, id, contents: new Uint8Array(length) });
  const sent = (...elements: ReturnType<typeof one>[]): string => {
    const message = { discriminator: 8, reference: { value: 1, fromOriginator: true }, type: 5, elements };
    return toHex(printMessage(message, 2).slice(5));
  };
  assert.equal(sent(one(0x70), one(0x04), one(0x18)), '040100180100700100');
  assert.equal(sent(one(0x04), one(0x18), one(0x70)), '040100180100700100');
  assert.equal(sent(one(0x04), one(0x7e, 256), one(0x7f)), '0401007f0100');
});
