import { partsOf } from './body.ts';
import { contentTypeOf, cseqOf, FIELDS, fromOf, parseContentType, toOf, viasOf } from './fields.ts';
import { bitsOf, firstOf } from './header-names.ts';
import type { Headers } from './headers.ts';
import type { HeaderPairs, SipMethod, SipRequest, SipResponse } from './message.ts';
import type { NameAddr } from './name-addr.ts';
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

/** The headers that no message may lack, RFC 3261 §8.1.1. */
const MANDATORY = bitsOf(['To', 'From', 'CSeq', 'Call-ID']);
const MAX_FORWARDS_BIT = bitsOf(['Max-Forwards']);
const CONTENT_TYPE_BIT = bitsOf(['Content-Type']);

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
  const { there, repeated } = headers;
  if ((there & MANDATORY) !== MANDATORY) return `Missing ${firstOf(MANDATORY & ~there)}`;
  return repeated === 0 ? undefined : `Multiple ${firstOf(repeated)}`;
}

function wrongValues({ headers, method }: SipRequest): string | undefined {
  const vias = headers.typed(FIELDS.via);
  if (!vias.ok) return vias.error;
  if (vias.value.length === 0) return 'Missing Via';
  const from = headers.typed(FIELDS.from);
  if (!from.ok) return from.error;
  const to = headers.typed(FIELDS.to);
  if (!to.ok) return to.error;
  const cseq = headers.typed(FIELDS.cseq);
  if (!cseq.ok) return cseq.error;
  if (cseq.value.method !== method) return 'CSeq of another method';
  if (!isCallId(headers.get('Call-ID') ?? '')) return 'Malformed Call-ID';
  const { there } = headers;
  if ((there & MAX_FORWARDS_BIT) !== 0 && !headers.typed(FIELDS.maxForwards).ok) return 'Malformed Max-Forwards';
  if ((there & CONTENT_TYPE_BIT) !== 0 && !headers.typed(FIELDS.contentType).ok) return 'Malformed Content-Type';
  return wrongUri('From', from.value) ?? wrongUri('To', to.value) ?? wrongAddresses(headers);
}

/** One word; real Call-IDs have characters beyond those of the grammar. */
function isCallId(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) <= 0x20) return false;
  return text !== '';
}

const ADDRESSES = [
  ['Contact', FIELDS.contact],
  ['Route', FIELDS.route],
  ['Record-Route', FIELDS.recordRoute],
  ['Path', FIELDS.path],
] as const;

function wrongAddresses(headers: Headers): string | undefined {
  for (const [name, wanted] of ADDRESSES) {
    const addresses = headers.typed(wanted);
    if (!addresses.ok) return addresses.error;
    for (const address of addresses.value) {
      const wrong = wrongUri(name, address);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

function wrongUri(name: string, { uri }: NameAddr): string | undefined {
  const result = parseUri(uri);
  return result.ok ? undefined : `${name}: ${result.error}`;
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
  // One part that we read is enough: what else there is may be for somebody else (RFC 5621 §9).
  const readable = partsOf(request).some((part) => can.contentTypes.includes(part.type));
  return readable ? undefined : refuse(415, undefined, [['Accept', can.contentTypes.join(', ')]]);
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
