import { fromLatin1, toLatin1 } from '../../kernel/bytes.ts';
import { fail, ok, type Result } from '../../kernel/result.ts';
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
  const lines = toLatin1(bytes).split(/\r\n|\r|\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  if (lines.length > LIMITS.lines) return fail('SDP has too many lines');
  if (lines[0]?.trimEnd() !== 'v=0') return fail('SDP must begin with v=0');
  let origin: SdpOrigin | undefined;
  let name = '-';
  const sections: [Draft, ...Draft[]] = [draft(undefined)];
  for (const text of lines.slice(1)) {
    if (text[1] !== '=') return fail(`SDP line malformed: ${text.slice(0, 40)}`);
    const type = text.slice(0, 1);
    const value = text.slice(2);
    const session = sections.length === 1;
    if (type === 'o' && session) {
      origin = parseOrigin(value);
      if (origin === undefined) return fail('SDP o= malformed');
    } else if (type === 's' && session) name = value;
    else if (type === 'm') {
      const media = parseMedia(value);
      if (media === undefined) return fail(`SDP m= malformed: ${value.slice(0, 40)}`);
      if (sections.length > LIMITS.media) return fail('SDP has too many m= lines');
      sections.push(draft(media));
    } else {
      const wrong = readLine(sections.at(-1) ?? sections[0], type, value);
      if (wrong !== undefined) return fail(wrong);
    }
  }
  if (origin === undefined) return fail('SDP without o=');
  const [{ connection, lines: rest, attributes }, ...media] = sections;
  return ok({ origin, name, connection, lines: rest, attributes, media: media.flatMap(finish) });
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
  if (!/^[a-z]$/.test(type)) return 'SDP line of an unknown type';
  section.lines.push({ type, value });
  return undefined;
}

function parseOrigin(value: string): SdpOrigin | undefined {
  const [username, session, version, net, family, address, ...more] = value.trim().split(/ +/);
  if (username === undefined || session === undefined || version === undefined || address === undefined)
    return undefined;
  if (net !== 'IN' || (family !== 'IP4' && family !== 'IP6') || more.length > 0) return undefined;
  if (!/^\d{1,20}$/.test(session) || !/^\d{1,20}$/.test(version)) return undefined;
  return { username, session, version, family, address };
}

function parseConnection(value: string): Connection | undefined {
  const [net, family, address, ...more] = value.trim().split(/ +/);
  if (net !== 'IN' || (family !== 'IP4' && family !== 'IP6') || address === undefined) return undefined;
  return more.length > 0 ? undefined : { family, address };
}

function parseMedia(value: string): Draft['media'] {
  const [kind, where, protocol, ...formats] = value.trim().split(/ +/);
  const match = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(where ?? '');
  if (kind === undefined || match === null || protocol === undefined) return undefined;
  const port = Number(match[1]);
  if (port > 65535 || formats.length === 0 || formats.length > LIMITS.formats) return undefined;
  return { kind, port, ports: Number(match[2] ?? 1), protocol, formats };
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
