import { fromLatin1, toLatin1 } from '../../kernel/bytes.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
import { CHAR, runEnd } from '../message/chars.ts';
import { parseNumber } from '../message/grammar.ts';
import type { Attribute, Connection, Line, Media, Sdp, SdpOrigin } from './description.ts';

/** What a peer may describe at most; a description beyond it is malformed. */
const LIMITS = { octets: 32_768, lines: 1_000, media: 32, formats: 64 } as const;

/** A section while it is being read. */
interface Draft {
  media: Omit<Media, 'connection' | 'lines' | 'attributes'> | undefined;
  connection: Connection | undefined;
  readonly lines: Line[];
  readonly attributes: Attribute[];
}

const draft = (media: Draft['media']): Draft => ({ media, connection: undefined, lines: [], attributes: [] });

/**
 * Reads a description; the error says which line is wrong. Lines may end in CRLF, LF or CR (RFC 8866 §5). A missing `s=` or `t=`
 * is forgiven; an `o=` is not, since without it nobody can tell whether an offer has changed.
 */
export function parseSdp(bytes: Uint8Array): Result<Sdp> {
  if (bytes.length > LIMITS.octets) return fail('SDP too long');
  const text = toLatin1(bytes);
  return parseLines(text) ?? parseLines(`${text.trimEnd().split(LINE_END).join('\r\n')}\r\n`) ?? fail('SDP malformed');
}

const LINE_END = /\r\n|\r|\n/;

/** Undefined where a line doesn't end in CRLF. */
function parseLines(text: string): Result<Sdp> | undefined {
  let origin: SdpOrigin | undefined;
  let name = '-';
  let section = draft(undefined);
  const sections: [Draft, ...Draft[]] = [section];
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    const end = text.indexOf('\r', at);
    if (end < 0 || text.indexOf('\n', at) !== end + 1) return undefined;
    const type = text.charAt(at);
    const value = text.slice(at + 2, end);
    if (count >= LIMITS.lines) return fail('SDP has too many lines');
    if (count === 0 && (type !== 'v' || value.trimEnd() !== '0')) return fail('SDP must begin with v=0');
    if (end === at && text.slice(at).trim() === '') break;
    if (end < at + 2 || text.charCodeAt(at + 1) !== 0x3d)
      return fail(`SDP line malformed: ${text.slice(at, Math.min(end, at + 40))}`);
    at = end + 2;
    const session = sections.length === 1;
    if (type === 'o' && session) {
      origin = parseOrigin(value);
      if (origin === undefined) return fail('SDP o= malformed');
    } else if (type === 's' && session) name = value;
    else if (type === 'm') {
      const media = parseMedia(value);
      if (media === undefined) return fail(`SDP m= malformed: ${value.slice(0, 40)}`);
      if (sections.length > LIMITS.media) return fail('SDP has too many m= lines');
      section = draft(media);
      sections.push(section);
    } else if (count > 0) {
      const wrong = readLine(section, type, value);
      if (wrong !== undefined) return fail(wrong);
    }
  }
  if (origin === undefined) return fail(count === 0 ? 'SDP must begin with v=0' : 'SDP without o=');
  const [{ connection, lines: rest, attributes }, ...media] = sections;
  return ok({ origin, name, connection, lines: rest, attributes, media: media.flatMap(finish) });
}

/** The words between blanks. (`split` would look every word up in the engine's table of strings.) */
function words(value: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < value.length; ) {
    const blank = value.indexOf(' ', at);
    const end = blank < 0 ? value.length : blank;
    if (end > at) found.push(value.slice(at, end));
    at = end + 1;
  }
  return found;
}

const finish = ({ media, connection, lines, attributes }: Draft): Media[] =>
  media === undefined ? [] : [{ ...media, connection, lines, attributes }];

function readLine(section: Draft, type: string, value: string): string | undefined {
  if (type === 'a') {
    const colon = value.indexOf(':');
    const name = colon < 0 ? value.trimEnd() : value.slice(0, colon);
    if (name === '') return 'SDP a= without a name';
    section.attributes.push({ name, value: colon < 0 ? undefined : value.slice(colon + 1) });
    return undefined;
  }
  if (type === 'c' && section.connection === undefined) {
    section.connection = parseConnection(value);
    return section.connection === undefined ? 'SDP c= malformed' : undefined;
  }
  if (type < 'a' || type > 'z') return 'SDP line of an unknown type';
  section.lines.push({ type, value });
  return undefined;
}

function parseOrigin(value: string): SdpOrigin | undefined {
  const parts = words(value);
  const [username, session, version, net, family, address] = [
    parts[0],
    parts[1],
    parts[2],
    parts[3],
    parts[4],
    parts[5],
  ];
  if (username === undefined || session === undefined || version === undefined || address === undefined)
    return undefined;
  if (net !== 'IN' || (family !== 'IP4' && family !== 'IP6') || parts.length > 6) return undefined;
  if (!isSessionNumber(session) || !isSessionNumber(version)) return undefined;
  return { username, session, version, family, address };
}

const isSessionNumber = (text: string): boolean =>
  text.length <= 20 && text !== '' && runEnd(text, 0, text.length, CHAR.digit) === text.length;

function parseConnection(value: string): Connection | undefined {
  const parts = words(value);
  const [net, family, address] = [parts[0], parts[1], parts[2]];
  if (net !== 'IN' || (family !== 'IP4' && family !== 'IP6') || address === undefined) return undefined;
  return parts.length > 3 ? undefined : { family, address };
}

function parseMedia(value: string): Draft['media'] {
  const parts = words(value);
  const [kind, where, protocol] = [parts[0], parts[1], parts[2]];
  if (kind === undefined || where === undefined || protocol === undefined) return undefined;
  const slash = where.indexOf('/');
  const port = parseNumber(where, 65535, 0, slash < 0 ? where.length : slash);
  const ports = slash < 0 ? 1 : parseNumber(where, 65535, slash + 1);
  if (port === undefined || ports === undefined) return undefined;
  const formats = parts.slice(3);
  if (formats.length === 0 || formats.length > LIMITS.formats) return undefined;
  return { kind, port, ports, protocol, formats };
}

/** The order in which the lines of a section stand, RFC 8866 §5. */
const ORDER = 'iuepcbtrzk';

/** The octets of a description, its lines in the order of RFC 8866 §5, each ended by CR LF. */
export function printSdp(sdp: Sdp): Uint8Array {
  const { username, session, version, family, address } = sdp.origin;
  let text = `v=0\r\no=${username} ${session} ${version} IN ${family} ${address}\r\ns=${sdp.name}\r\n`;
  text += printSection(sdp);
  for (const media of sdp.media) {
    const where = media.ports === 1 ? media.port : `${media.port}/${media.ports}`;
    text += `m=${media.kind} ${where} ${media.protocol} ${media.formats.join(' ')}\r\n${printSection(media)}`;
  }
  return fromLatin1(text);
}

function printSection({ connection, lines, attributes }: Sdp | Media): string {
  const all = connection === undefined ? lines : [connectionLine(connection), ...lines];
  const sorted = all.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type));
  let text = '';
  for (const { type, value } of sorted) text += `${type}=${value}\r\n`;
  for (const { name, value } of attributes) text += value === undefined ? `a=${name}\r\n` : `a=${name}:${value}\r\n`;
  return text;
}

const connectionLine = ({ family, address }: Connection): Line => ({ type: 'c', value: `IN ${family} ${address}` });
