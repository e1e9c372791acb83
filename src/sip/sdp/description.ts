/** A session description as RFC 8866 writes it. What we don't understand is kept, so that nothing is lost on the way through. */

/** `a=name` or `a=name:value`. */
export interface Attribute {
  readonly name: string;
  readonly value: string | undefined;
}

/** A line that is carried but not read: `i`, `u`, `e`, `p`, `b`, `t`, `r`, `z`, `k`, and further `c` lines. */
export interface Line {
  readonly type: string;
  readonly value: string;
}

/** `c=IN IP4 192.0.2.1`: where media is to be sent. */
export interface Connection {
  readonly family: 'IP4' | 'IP6';
  /** An address or a name; a multicast address keeps its `/ttl`. */
  readonly address: string;
}

/** `o=`: who made the session, and which version of it this is. The numbers stay text: they may have 64 bits. */
export interface SdpOrigin {
  readonly username: string;
  readonly session: string;
  readonly version: string;
  readonly family: 'IP4' | 'IP6';
  readonly address: string;
}

export interface Media {
  /** `audio`, `video`, `image`, `application`… */
  readonly kind: string;
  /** 0: rejected, or no longer used (RFC 3264 §6, §8.2). */
  readonly port: number;
  /** How many ports follow each other; 1 unless `port/n` is written. */
  readonly ports: number;
  /** `RTP/AVP`, `RTP/SAVP`, `udptl`… */
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly connection: Connection | undefined;
  readonly lines: readonly Line[];
  readonly attributes: readonly Attribute[];
}

export interface Sdp {
  readonly origin: SdpOrigin;
  readonly name: string;
  readonly connection: Connection | undefined;
  readonly lines: readonly Line[];
  readonly attributes: readonly Attribute[];
  readonly media: readonly Media[];
}

/** Seen from the one who describes it, RFC 3264 §5.1. */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** The value of the first attribute of this name; an empty string for one without a value. */
export function attributeOf(section: Sdp | Media, name: string): string | undefined {
  const found = section.attributes.find((attribute) => attribute.name === name);
  return found === undefined ? undefined : (found.value ?? '');
}

export const attributesOf = (section: Sdp | Media, name: string): string[] =>
  section.attributes.flatMap((attribute) => (attribute.name === name ? [attribute.value ?? ''] : []));

/** The direction as written: the media line's own, else the session's, else both ways. */
export function directionOf(sdp: Sdp, media: Media): Direction {
  for (const section of [media, sdp]) {
    const found = DIRECTIONS.find((direction) => section.attributes.some(({ name }) => name === direction));
    if (found !== undefined) return found;
  }
  return 'sendrecv';
}

/** Where a media line's packets go: its own `c=`, else the session's. */
export const connectionOf = (sdp: Sdp, media: Media): Connection | undefined => media.connection ?? sdp.connection;
