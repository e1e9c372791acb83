/** G.711: both companding laws, as tables made once. Linear samples are 16 bits, the law's own range in the upper bits. */

export type Law = 'ulaw' | 'alaw';

/** Samples in a block: 20 ms at 8 kHz. */
export const BLOCK = 160;

/** What an idle channel carries: the octet of the smallest positive level, sign bit first on the wire. */
export const IDLE: Readonly<Record<Law, number>> = { ulaw: 0xff, alaw: 0xd5 };

/**
 * The peak on the 16-bit scale of a sine of 0 dBm0. The law's end, 8159·4 or 4096·8, stands for +3.17 and +3.14 dBm0 (G.711 §5); so
 * the two laws' scales lie 0.06 dB apart.
 */
export const ZERO_DBM0: Readonly<Record<Law, number>> = {
  ulaw: 32_636 / 10 ** (3.17 / 20),
  alaw: 32_768 / 10 ** (3.14 / 20),
};

/** µ-law adds 33 (of 8159) before it takes the chord, so that the chords are powers of two. */
const ULAW_BIAS = 33 << 2;
const ULAW_CLIP = 8158 << 2;

/** A-law inverts the even bits on the wire (G.711 table 1a, note 2); µ-law inverts all of them. */
const ALAW_INVERTED = 0x55;

function ulawLinear(octet: number): number {
  const bits = ~octet & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + ULAW_BIAS) << ((bits >> 4) & 7)) - ULAW_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

function alawLinear(octet: number): number {
  const bits = octet ^ ALAW_INVERTED;
  const chord = (bits >> 4) & 7;
  const step = ((bits & 0x0f) << 4) + 8;
  const magnitude = chord === 0 ? step : (step + 0x100) << (chord - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

/** Both halves of the characteristic get equally wide steps: a negative sample's magnitude is its ones' complement. */
const magnitudeOf = (sample: number): number => (sample < 0 ? ~sample : sample);

function ulawOctet(sample: number): number {
  const biased = Math.min(magnitudeOf(sample), ULAW_CLIP) + ULAW_BIAS;
  const chord = 24 - Math.clz32(biased);
  return ~((sample < 0 ? 0x80 : 0) | (chord << 4) | ((biased >> (chord + 3)) & 0x0f)) & 0xff;
}

function alawOctet(sample: number): number {
  const magnitude = magnitudeOf(sample) >> 4;
  const chord = Math.max(0, 28 - Math.clz32(magnitude));
  const step = (chord === 0 ? magnitude : magnitude >> (chord - 1)) & 0x0f;
  return ((sample < 0 ? 0 : 0x80) | (chord << 4) | step) ^ ALAW_INVERTED;
}

/** Octet → linear sample. */
export const LINEAR: Readonly<Record<Law, Int16Array>> = {
  ulaw: Int16Array.from({ length: 256 }, (_, octet) => ulawLinear(octet)),
  alaw: Int16Array.from({ length: 256 }, (_, octet) => alawLinear(octet)),
};

/** Linear sample, its 16 bits taken as the index, → octet. */
export const OCTET: Readonly<Record<Law, Uint8Array>> = {
  ulaw: Uint8Array.from({ length: 65_536 }, (_, bits) => ulawOctet((bits << 16) >> 16)),
  alaw: Uint8Array.from({ length: 65_536 }, (_, bits) => alawOctet((bits << 16) >> 16)),
};

/** Decodes `count` octets of `law` into `samples`. */
export function decode(
  law: Law,
  octets: Uint8Array,
  from: number,
  samples: Int16Array,
  at: number,
  count: number,
): void {
  const table = LINEAR[law];
  for (let i = 0; i < count; i++) samples[at + i] = table[octets[from + i] as number] as number;
}

/** Encodes `count` linear samples into octets of `law`. */
export function encode(
  law: Law,
  samples: Int16Array,
  from: number,
  octets: Uint8Array,
  at: number,
  count: number,
): void {
  const table = OCTET[law];
  for (let i = 0; i < count; i++) octets[at + i] = table[(samples[from + i] as number) & 0xffff] as number;
}

/**
 * G.711 table 3: the A-law value (1…128, counted from the smallest) for each µ-law value 0…127. It isn't the nearest level
 * everywhere: it is chosen so that µ → A → µ gives back every value above the lowest chord.
 */
const A_OF_ULAW = [
  ...[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8],
  ...[9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24],
  ...[25, 27, 29, 31, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44],
  ...[46, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62],
  ...[64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79],
  ...[81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96],
  ...[97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112],
  ...[113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128],
];

/** G.711 table 4: the µ-law value (0…127) for each A-law value 1…128. */
const ULAW_OF_A = [
  ...[1, 3, 5, 7, 9, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23],
  ...[24, 25, 26, 27, 28, 29, 30, 31, 32, 32, 33, 33, 34, 34, 35, 35],
  ...[36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 48, 49, 49],
  ...[50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 64],
  ...[65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 79],
  ...[80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95],
  ...[96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111],
  ...[112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127],
];

/** µ-law octets hold the value inverted, A-law octets with the even bits inverted; the sign bit is alike in both. */
const ALAW_OF_ULAW_OCTET = Uint8Array.from(
  { length: 256 },
  (_, octet) => ((octet & 0x80) | ((A_OF_ULAW[~octet & 0x7f] as number) - 1)) ^ ALAW_INVERTED,
);
const ULAW_OF_ALAW_OCTET = Uint8Array.from(
  { length: 256 },
  (_, octet) => (octet & 0x80) | (~(ULAW_OF_A[(octet ^ ALAW_INVERTED) & 0x7f] as number) & 0x7f),
);

/** Carries `count` octets over from one law to the other by the Recommendation's tables; between equal laws it copies. */
export function convert(
  law: Law,
  octets: Uint8Array,
  from: number,
  toLaw: Law,
  out: Uint8Array,
  at: number,
  count: number,
): void {
  if (law === toLaw) {
    for (let i = 0; i < count; i++) out[at + i] = octets[from + i] as number;
    return;
  }
  const table = law === 'ulaw' ? ALAW_OF_ULAW_OCTET : ULAW_OF_ALAW_OCTET;
  for (let i = 0; i < count; i++) out[at + i] = table[octets[from + i] as number] as number;
}
