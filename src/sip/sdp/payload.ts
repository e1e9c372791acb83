import { attributesOf, type Media } from './description.ts';

/** What a payload type means, from `rtpmap` and `fmtp` or from the static table. */
export interface Payload {
  readonly type: number;
  /** In upper case: names ignore case (RFC 8866 §6.6). */
  readonly encoding: string;
  /** Hz. */
  readonly rate: number;
  readonly channels: number;
  readonly format: string | undefined;
}

/** Static payload types that phones send without a rtpmap, RFC 3551 §6. G722's rate is 8000 by an old mistake that stays. */
const STATIC: ReadonlyMap<number, readonly [encoding: string, rate: number]> = new Map([
  [0, ['PCMU', 8000]],
  [3, ['GSM', 8000]],
  [4, ['G723', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [13, ['CN', 8000]],
  [15, ['G728', 8000]],
  [18, ['G729', 8000]],
]);

/** A media line's payload types in its order of preference; those without a meaning are left out. */
export function payloadsOf(media: Media): Payload[] {
  const maps = byType(attributesOf(media, 'rtpmap'));
  const formats = byType(attributesOf(media, 'fmtp'));
  return media.formats.flatMap((text) => {
    const type = Number(text);
    if (!/^\d{1,3}$/.test(text) || type > 127) return [];
    const format = formats.get(type);
    const mapped = maps.get(type);
    if (mapped === undefined) {
      const known = STATIC.get(type);
      return known === undefined ? [] : [{ type, encoding: known[0], rate: known[1], channels: 1, format }];
    }
    const match = /^([^\s/]+)\/(\d{1,6})(?:\/(\d{1,2}))?\s*$/.exec(mapped);
    if (match?.[1] === undefined) return [];
    return [
      { type, encoding: match[1].toUpperCase(), rate: Number(match[2]), channels: Number(match[3] ?? 1), format },
    ];
  });
}

/** `0 PCMU/8000` → 0 and the rest; the first one of a type counts. */
function byType(values: readonly string[]): Map<number, string> {
  const map = new Map<number, string>();
  for (const value of values) {
    const match = /^\s*(\d{1,3})\s+(.*)$/.exec(value);
    if (match?.[2] === undefined) continue;
    const type = Number(match[1]);
    if (!map.has(type)) map.set(type, match[2]);
  }
  return map;
}
