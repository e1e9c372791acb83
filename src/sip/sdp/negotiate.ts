/** Offer and answer, RFC 3264: values in, values out. The one audio stream of a call is agreed on; other lines are declined. */

import { sameBytes } from '../../kernel/bytes.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import { isIpv4, isIpv6 } from '../message/uri.ts';
import {
  type Attribute,
  attributeOf,
  connectionOf,
  type Direction,
  directionOf,
  type Line,
  type Media,
  type Sdp,
} from './description.ts';
import { printSdp } from './parse.ts';
import { type Payload, payloadsOf } from './payload.ts';

export type AudioCodec = 'PCMU' | 'PCMA';

/** What our media can do. */
export interface MediaCapabilities {
  /** In the order in which we offer them; an answer follows the offerer's order (RFC 3264 §6.1). */
  readonly codecs: readonly AudioCodec[];
  /** Whether digits go as telephone-event (RFC 4733). */
  readonly telephoneEvent: boolean;
  /** Milliseconds of audio in a packet when the peer has no wish: a multiple of 20. */
  readonly packetTime: number;
  /** The longest packet that we make, milliseconds. */
  readonly maxPacketTime: number;
  /** Whether RTCP may share the RTP port (RFC 5761). */
  readonly rtcpMux: boolean;
}

export const G711: MediaCapabilities = {
  codecs: ['PCMU', 'PCMA'],
  telephoneEvent: true,
  packetTime: 20,
  maxPacketTime: 60,
  rtcpMux: true,
};

/** Our end of the session. */
export interface LocalEnd {
  readonly address: string;
  readonly port: number;
  /** The number in our `o=` line, the same through the whole session: digits, below 2^63. */
  readonly session: string;
  /** What we sent last in this session. Its lines keep their places, and the version rises when anything changes (§8). */
  readonly previous?: Sdp | undefined;
  /** What we want: `sendrecv` unless we hold. */
  readonly direction?: Direction;
}

/** The audio stream that both agreed on, seen from us: where to send, and how. */
export interface AgreedAudio {
  readonly address: string;
  readonly port: number;
  /** Undefined: port + 1 (RFC 3550 §11); equal to `port` where rtcp-mux was agreed. */
  readonly rtcpPort: number | undefined;
  readonly codec: AudioCodec;
  /** What we put on what we send. */
  readonly payloadType: number;
  /** The peer's payload type of telephone-event; undefined where it doesn't take it. */
  readonly telephoneEvent: number | undefined;
  /** Our own payload types, as we offered them, where the peer's are others: it sends by ours (RFC 3264 §5.1). */
  readonly heardAs?: { readonly payloadType: number; readonly telephoneEvent: number | undefined };
  readonly direction: Direction;
  /** Milliseconds of audio in a packet that we send: a multiple of 20. */
  readonly packetTime: number;
}

export type Answered =
  | { readonly type: 'answer'; readonly answer: Sdp; readonly agreed: AgreedAudio }
  /** With a warn-code for the Warning header, RFC 3261 §20.43. */
  | { readonly type: 'refused'; readonly status: 488; readonly warning: number; readonly why: string };

const WARN = { addressFormat: 301, protocol: 302, mediaType: 304, mediaFormat: 305 } as const;

const NO_AUDIO: Unfit = { warning: WARN.mediaType, why: 'No audio offered' };

/** The dynamic payload type that we offer for telephone-event; 101 is everyone's habit. */
const EVENT_TYPE = 101;

/** An offer of our audio. */
export function offer(can: MediaCapabilities, local: LocalEnd): Sdp {
  const formats: Payload[] = can.codecs.map((encoding) => payload(encoding === 'PCMU' ? 0 : 8, encoding));
  if (can.telephoneEvent) formats.push(payload(eventType(local.previous), 'telephone-event', '0-15'));
  const audio = audioLine(formats, local, {
    protocol: 'RTP/AVP',
    packetTime: can.packetTime,
    direction: local.direction ?? 'sendrecv',
    rtcpMux: can.rtcpMux,
  });
  // A session's lines never go away (§8): ours takes the place of the audio line of before, the others stay declined.
  const before = local.previous?.media ?? [];
  const place = Math.max(
    0,
    before.findIndex((media) => media.kind === 'audio' && media.port !== 0),
  );
  const media = before.length === 0 ? [audio] : before.map((old, i) => (i === place ? audio : declined(old)));
  return describe(local, media, [{ type: 't', value: '0 0' }]);
}

/** Why nothing in an offer can be taken: for a 488 and its Warning header (RFC 3261 §20.43). */
export interface Unfit {
  readonly warning: number;
  readonly why: string;
}

/**
 * The codecs that we could answer an offer with, in its order: all that can be said before our own end of the media is known. What
 * can't be is refused before anybody's telephone rings for it.
 */
export function takable(offered: Sdp, can: MediaCapabilities): Result<readonly AudioCodec[], Unfit> {
  let refusal = NO_AUDIO;
  const codecs = new Set<AudioCodec>();
  for (const media of offered.media) {
    if (media.kind !== 'audio') continue;
    const fit = fitAudio(offered, media, can);
    if (!fit.ok) refusal = fit.error;
    else for (const { codec } of fit.value.audio) codecs.add(codec);
  }
  return codecs.size > 0 ? ok([...codecs]) : fail(refusal);
}

/** A number keeps its meaning through the whole session (RFC 3264 §8.3.2): that of before, else one that has meant nothing yet. */
function eventType(previous: Sdp | undefined): number {
  const before = (previous?.media ?? []).flatMap(payloadsOf);
  const known = before.find(isEvent)?.type;
  if (known !== undefined) return known;
  let type = EVENT_TYPE;
  while (before.some((p) => p.type === type)) type = type === 127 ? 96 : type + 1;
  return type;
}

/** Answers an offer: the first audio line that we can do is taken, every other line is declined with port 0 (§6). */
export function answer(offered: Sdp, can: MediaCapabilities, local: LocalEnd): Answered {
  let refusal = NO_AUDIO;
  for (const [place, media] of offered.media.entries()) {
    const taken = take(offered, media, can, local);
    if (!taken.ok) {
      if (media.kind === 'audio') refusal = taken.error;
      continue;
    }
    const { agreed, line } = taken.value;
    const lines = offered.media.map((other, i) => (i === place ? line : declined(other)));
    // The answer's t= is the offer's (§6).
    const times = offered.lines.filter(({ type }) => type === 't' || type === 'r');
    return {
      type: 'answer',
      answer: describe(local, lines, times.length > 0 ? times : [{ type: 't', value: '0 0' }]),
      agreed,
    };
  }
  return { type: 'refused', status: 488, ...refusal };
}

/** Reads the peer's answer to our offer; the error says why there is no audio. */
export function readAnswer(offered: Sdp, answered: Sdp): Result<AgreedAudio> {
  if (answered.media.length !== offered.media.length) return fail('The answer has another number of m= lines');
  const place = offered.media.findIndex((media) => media.kind === 'audio' && media.port !== 0);
  const ours = offered.media[place];
  const theirs = answered.media[place];
  if (ours === undefined || theirs === undefined || theirs.kind !== 'audio') return fail('No audio in the answer');
  if (theirs.port === 0) return fail('The answer declines the audio');
  if (theirs.protocol !== ours.protocol) return fail('The answer has another transport protocol');
  const far = farEnd(answered, theirs);
  if (far === undefined) return fail('The answer has no address for the audio');
  const offeredPayloads = payloadsOf(ours);
  const [codec] = audioOf(payloadsOf(theirs), (encoding) => offeredPayloads.some((p) => p.encoding === encoding));
  if (codec === undefined) return fail('The answer has no codec that was offered');
  const wish = directionOf(offered, ours);
  const ourEvents = offeredPayloads.find(isEvent);
  const events = ourEvents === undefined ? undefined : payloadsOf(theirs).find(isEvent);
  const ourAudio = offeredPayloads.find(({ encoding }) => encoding === codec.codec)?.type ?? codec.payloadType;
  const alike = ourAudio === codec.payloadType && (events === undefined || events.type === ourEvents?.type);
  return ok({
    ...far,
    ...codec,
    rtcpPort: rtcpPort(theirs, attributeOf(ours, 'rtcp-mux') !== undefined),
    telephoneEvent: events?.type,
    ...(alike ? {} : { heardAs: { payloadType: ourAudio, telephoneEvent: events && ourEvents?.type } }),
    direction: both(reverse(heldDirection(answered, theirs)), wish),
    packetTime: packetTime(theirs, Number(attributeOf(ours, 'ptime') ?? 20), MAX_AGREED_PACKET),
  });
}

/** No wish of a peer makes longer packets than this, milliseconds. */
const MAX_AGREED_PACKET = 60;

interface FitAudio {
  readonly far: { readonly address: string; readonly port: number };
  readonly payloads: readonly Payload[];
  /** What both can do, in the offerer's order. */
  readonly audio: readonly [AudioPayload, ...AudioPayload[]];
}

function fitAudio(offered: Sdp, media: Media, can: MediaCapabilities): Result<FitAudio, Unfit> {
  if (media.kind !== 'audio' || media.port === 0) return fail(NO_AUDIO);
  if (media.protocol !== 'RTP/AVP')
    return fail({ warning: WARN.protocol, why: `No ${media.protocol.slice(0, 32)} here` });
  const far = farEnd(offered, media);
  if (far === undefined) return fail({ warning: WARN.addressFormat, why: 'The media address is no IP address' });
  const payloads = payloadsOf(media);
  const [first, ...more] = audioOf(payloads, (encoding) => can.codecs.includes(encoding));
  if (first === undefined) return fail({ warning: WARN.mediaFormat, why: 'No codec in common' });
  return ok({ far, payloads, audio: [first, ...more] });
}

function take(
  offered: Sdp,
  media: Media,
  can: MediaCapabilities,
  local: LocalEnd,
): Result<{ agreed: AgreedAudio; line: Media }, Unfit> {
  const fit = fitAudio(offered, media, can);
  if (!fit.ok) return fit;
  const {
    far,
    payloads,
    audio: [codec],
  } = fit.value;
  if (isIpv6(far.address) !== isIpv6(local.address)) {
    return fail({ warning: WARN.addressFormat, why: 'The media address is of another family' });
  }
  const events = can.telephoneEvent ? payloads.find(isEvent) : undefined;
  const agreed: AgreedAudio = {
    ...far,
    ...codec,
    rtcpPort: rtcpPort(media, can.rtcpMux),
    telephoneEvent: events?.type,
    direction: both(reverse(heldDirection(offered, media)), local.direction ?? 'sendrecv'),
    packetTime: packetTime(media, can.packetTime, can.maxPacketTime),
  };
  const formats = [payload(codec.payloadType, codec.codec)];
  if (events !== undefined) formats.push(payload(events.type, 'telephone-event', '0-15'));
  const line = audioLine(formats, local, {
    protocol: media.protocol,
    packetTime: agreed.packetTime,
    direction: agreed.direction,
    rtcpMux: can.rtcpMux && attributeOf(media, 'rtcp-mux') !== undefined,
  });
  return ok({ agreed, line });
}

const payload = (type: number, encoding: string, format?: string): Payload => ({
  type,
  encoding,
  rate: 8000,
  channels: 1,
  format,
});

const isEvent = (p: Payload): boolean => p.encoding === 'TELEPHONE-EVENT' && p.rate === 8000;

interface AudioPayload {
  readonly codec: AudioCodec;
  readonly payloadType: number;
}

function audioOf(payloads: readonly Payload[], wanted: (codec: AudioCodec) => boolean): AudioPayload[] {
  return payloads.flatMap(({ type, encoding, rate, channels }) =>
    (encoding === 'PCMU' || encoding === 'PCMA') && rate === 8000 && channels === 1 && wanted(encoding)
      ? [{ codec: encoding, payloadType: type }]
      : [],
  );
}

/** The peer's address and port; undefined when it isn't a unicast address (a name would need a look-up nobody does). */
function farEnd(sdp: Sdp, media: Media): { address: string; port: number } | undefined {
  const address = connectionOf(sdp, media)?.address;
  if (address === undefined || !(isIpv4(address) || isIpv6(address))) return undefined;
  return { address, port: media.port };
}

/** The peer's direction, where the old way to hold, an address of zeros (RFC 3264 §8.4), means that it wants nothing. */
function heldDirection(sdp: Sdp, media: Media): Direction {
  const written = directionOf(sdp, media);
  const address = connectionOf(sdp, media)?.address;
  return address === '0.0.0.0' || address === '::' ? both(written, 'sendonly') : written;
}

/** What the peer calls sending we call receiving. */
function reverse(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}

/** What both allow. */
function both(a: Direction, b: Direction): Direction {
  if (a === 'sendrecv') return b;
  return b === 'sendrecv' || a === b ? a : 'inactive';
}

/** `a=rtcp` (RFC 3605), or the RTP port itself where both want rtcp-mux. */
function rtcpPort(media: Media, mux: boolean): number | undefined {
  if (mux && attributeOf(media, 'rtcp-mux') !== undefined) return media.port;
  const port = Number(/^\s*(\d{1,5})/.exec(attributeOf(media, 'rtcp') ?? '')?.[1] ?? 0);
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** The peer's wish (`ptime`, bounded by `maxptime`) as a multiple of 20 that we can make. */
function packetTime(media: Media, usual: number, most: number): number {
  const wish = Number.parseInt(attributeOf(media, 'ptime') ?? '', 10) || usual;
  const bound = Number.parseInt(attributeOf(media, 'maxptime') ?? '', 10) || most;
  return Math.max(20, Math.floor(Math.min(wish, bound, most) / 20) * 20);
}

interface LineParts {
  readonly protocol: string;
  readonly packetTime: number;
  readonly direction: Direction;
  readonly rtcpMux: boolean;
}

function audioLine(formats: readonly Payload[], local: LocalEnd, parts: LineParts): Media {
  const attributes: Attribute[] = formats.map(({ type, encoding, rate }) => ({
    name: 'rtpmap',
    value: `${type} ${encoding}/${rate}`,
  }));
  for (const { type, format } of formats)
    if (format !== undefined) attributes.push({ name: 'fmtp', value: `${type} ${format}` });
  attributes.push({ name: 'ptime', value: String(parts.packetTime) }, { name: parts.direction, value: undefined });
  if (parts.rtcpMux) attributes.push({ name: 'rtcp-mux', value: undefined });
  return {
    kind: 'audio',
    port: local.port,
    ports: 1,
    protocol: parts.protocol,
    formats: formats.map(({ type }) => String(type)),
    connection: undefined,
    lines: [],
    attributes,
  };
}

const declined = (media: Media): Media => ({
  ...media,
  port: 0,
  ports: 1,
  connection: undefined,
  lines: [],
  attributes: [],
});

/** The whole description, its version one above the last one's unless it says the same (RFC 3264 §8). */
function describe(local: LocalEnd, media: readonly Media[], lines: readonly Line[]): Sdp {
  const family = isIpv6(local.address) ? 'IP6' : 'IP4';
  const { previous, session, address } = local;
  const version = previous?.origin.version ?? '1';
  const sdp: Sdp = {
    origin: { username: '-', session, version, family, address },
    name: '-',
    connection: { family, address },
    lines,
    attributes: [],
    media,
  };
  if (previous === undefined || sameBytes(printSdp(previous), printSdp(sdp))) return sdp;
  return { ...sdp, origin: { ...sdp.origin, version: String(BigInt(version) + 1n) } };
}
