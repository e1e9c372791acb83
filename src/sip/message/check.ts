import { callIdOf, contentTypeOf, cseqOf, fromOf, maxForwardsOf, parseContentType, toOf, viasOf } from './fields.ts';
import type { Headers } from './headers.ts';
import type { HeaderPairs, SipMethod, SipRequest, SipResponse } from './message.ts';
import { parseNameAddr } from './name-addr.ts';
import { reasonOf } from './status.ts';
import { parseUri } from './uri.ts';

/** Why a request is refused before anyone acts on it: `responseTo(request, status, refusal)` makes the answer. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderPairs;
}

const refuse = (status: number, reason = reasonOf(status), headers: HeaderPairs = []): Refusal => ({
  status,
  reason,
  headers,
});

/** Headers that may stand only once (RFC 3261 §7.3.1); the first four must be there (§8.1.1). */
const MANDATORY = ['To', 'From', 'CSeq', 'Call-ID'] as const;
const SINGLE = [
  ...MANDATORY,
  'Max-Forwards',
  'Content-Type',
  'Expires',
  'Date',
  'Event',
  'RAck',
  'RSeq',
  'Refer-To',
] as const;
const ADDRESSES = ['Contact', 'Route', 'Record-Route', 'Path'] as const;

/**
 * Whether a request makes sense at all, for a proxy and a server alike: 400 with what is wrong, or 416. A missing Max-Forwards,
 * tag or branch is RFC 2543's and no fault. Undefined: nothing to complain about. An ACK is never answered, only dropped.
 */
export function checkRequest(request: SipRequest): Refusal | undefined {
  const wrong = wrongHeaders(request.headers) ?? wrongValues(request);
  if (wrong !== undefined) return refuse(400, wrong);
  const uri = parseUri(request.uri);
  if (!uri.ok) return refuse(400, `Request-URI: ${uri.error}`);
  if (uri.value.type === 'other') return refuse(416);
  // Headers in a Request-URI are not allowed (§19.1.1); acting on them would let a caller write our headers.
  if (uri.value.type === 'sip' && uri.value.headers.length > 0) return refuse(400, 'Request-URI with headers');
  return undefined;
}

/** Whether a response can be matched and used; one that can't is dropped. */
export function checkResponse(response: SipResponse): boolean {
  return (
    wrongHeaders(response.headers) === undefined &&
    cseqOf(response) !== undefined &&
    fromOf(response) !== undefined &&
    toOf(response) !== undefined &&
    (viasOf(response)?.length ?? 0) > 0
  );
}

function wrongHeaders(headers: Headers): string | undefined {
  for (const name of MANDATORY) if (!headers.has(name)) return `Missing ${name}`;
  for (const name of SINGLE) if (headers.count(name) > 1) return `Multiple ${name}`;
  return undefined;
}

function wrongValues(request: SipRequest): string | undefined {
  const { headers } = request;
  const vias = viasOf(request);
  if (vias === undefined) return 'Malformed Via';
  if (vias.length === 0) return 'Missing Via';
  for (const name of ['From', 'To'] as const) {
    const wrong = wrongAddress(headers.get(name) ?? '');
    if (wrong !== undefined) return `${name}: ${wrong}`;
  }
  const cseq = cseqOf(request);
  if (cseq === undefined) return 'Malformed CSeq';
  if (cseq.method !== request.method) return 'CSeq of another method';
  if (!/^\S+$/.test(callIdOf(request) ?? '')) return 'Malformed Call-ID';
  if (headers.has('Max-Forwards') && maxForwardsOf(request) === undefined) return 'Malformed Max-Forwards';
  for (const name of ADDRESSES) {
    for (const value of headers.all(name)) {
      const wrong = name === 'Contact' && value === '*' ? undefined : wrongAddress(value);
      if (wrong !== undefined) return `${name}: ${wrong}`;
    }
  }
  if (headers.has('Content-Type') && contentTypeOf(request) === undefined) return 'Malformed Content-Type';
  return undefined;
}

function wrongAddress(value: string): string | undefined {
  const address = parseNameAddr(value);
  if (!address.ok) return address.error;
  const uri = parseUri(address.value.uri);
  return uri.ok ? undefined : uri.error;
}

/** What we can do, as far as a request may ask for it. */
export interface Capabilities {
  readonly methods: readonly SipMethod[];
  /** Option tags, lower case. */
  readonly extensions: readonly string[];
  /** Media types of bodies, lower case. */
  readonly contentTypes: readonly string[];
}

const KNOWN_METHODS: readonly string[] = [
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'INVITE',
  'MESSAGE',
  'NOTIFY',
  'OPTIONS',
  'PRACK',
  'PUBLISH',
  'REFER',
  'REGISTER',
  'SUBSCRIBE',
  'UPDATE',
] satisfies SipMethod[];

/** Whether we as the server can do what a sound request asks (RFC 3261 §8.2): 405, 501, 420, 415 or 406. */
export function checkSupport(request: SipRequest, can: Capabilities): Refusal | undefined {
  if (!can.methods.some((method) => method === request.method)) {
    return refuse(KNOWN_METHODS.includes(request.method) ? 405 : 501, undefined, [['Allow', can.methods.join(', ')]]);
  }
  // ACK and CANCEL may not be refused for a Require (§8.2.2.3); their bodies are nobody's concern.
  if (request.method === 'ACK' || request.method === 'CANCEL') return undefined;
  return checkExtensions(request, 'Require', can.extensions) ?? checkBody(request, can) ?? checkAccept(request, can);
}

/** 420 with the option tags that are not among `extensions`; a proxy asks it of Proxy-Require, a server of Require. */
export function checkExtensions(
  request: SipRequest,
  header: 'Require' | 'Proxy-Require',
  extensions: readonly string[],
): Refusal | undefined {
  const missing = request.headers.all(header).filter((tag) => tag !== '' && !extensions.includes(tag.toLowerCase()));
  return missing.length === 0 ? undefined : refuse(420, undefined, [['Unsupported', missing.join(', ')]]);
}

function checkBody(request: SipRequest, can: Capabilities): Refusal | undefined {
  if (request.body.length === 0) return undefined;
  const encoding = request.headers.get('Content-Encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return refuse(415, undefined, [['Accept-Encoding', 'identity']]);
  }
  // A body that its sender calls optional may be ignored (§20.11).
  if (/;\s*handling\s*=\s*optional/i.test(request.headers.get('Content-Disposition') ?? '')) return undefined;
  const type = contentTypeOf(request);
  if (type === undefined) return refuse(400, 'Missing Content-Type');
  return can.contentTypes.includes(type.type)
    ? undefined
    : refuse(415, undefined, [['Accept', can.contentTypes.join(', ')]]);
}

/** An INVITE or OPTIONS is answered with SDP: 406 when its Accept doesn't take that. */
function checkAccept(request: SipRequest, can: Capabilities): Refusal | undefined {
  if (request.method !== 'INVITE' && request.method !== 'OPTIONS') return undefined;
  const accepted = request.headers.all('Accept').filter((value) => value !== '');
  if (!request.headers.has('Accept')) return undefined;
  const takes = accepted.some((value) => {
    const type = parseContentType(value)?.type;
    return type === '*/*' || type === 'application/*' || type === 'application/sdp';
  });
  return takes ? undefined : refuse(406, undefined, [['Accept', can.contentTypes.join(', ')]]);
}
