import { fail, ok, type Result } from '../../kernel/result.ts';
import { contactsOf, expiresOf, tagsOf } from '../message/fields.ts';
import { type Params, paramOf, parseNumber, withoutParam } from '../message/grammar.ts';
import type { SipRequest } from '../message/message.ts';
import type { NameAddr } from '../message/name-addr.ts';
import { parseUri } from '../message/uri.ts';

/** One contact as a REGISTER asks for it. */
export interface WantedContact {
  readonly uri: string;
  readonly params: Params;
  /** Seconds; 0 takes the binding away. */
  readonly expires: number;
  readonly q: number;
  readonly instance: string | undefined;
  /** Only where instance and Supported: outbound stand beside it; else it means nothing (RFC 5626 §6). */
  readonly regId: number | undefined;
}

export type Wanted =
  | { readonly type: 'query' }
  | { readonly type: 'remove-all' }
  | { readonly type: 'update'; readonly contacts: readonly WantedContact[] };

/** A contact URI longer than this isn't one, octets. */
const MAX_URI = 1_024;

/** What a REGISTER wants of its bindings (RFC 3261 §10.3 steps 6 and 7); the error is the reason phrase of a 400. */
export function readContacts(request: SipRequest, usual: number): Result<Wanted> {
  const values = request.headers.all('Contact').filter((value) => value !== '');
  if (values.length === 0) return ok({ type: 'query' });
  if (values.includes('*')) {
    const alone = values.length === 1 && expiresOf(request) === 0;
    return alone ? ok({ type: 'remove-all' }) : fail('Contact: * goes alone, with Expires: 0');
  }
  // A malformed Expires counts as absent (§20.19).
  const general = expiresOf(request) ?? usual;
  const outbound = tagsOf(request.headers, 'Supported').includes('outbound');
  const contacts: WantedContact[] = [];
  for (const contact of contactsOf(request) ?? []) {
    const wanted = readContact(contact, general, usual, outbound);
    if (!wanted.ok) return wanted;
    contacts.push(wanted.value);
  }
  if (contacts.length === 0) return fail('Malformed Contact');
  // One flow carries one registration: several would share its reg-id (RFC 5626 §6).
  const flows = contacts.filter(({ regId, expires }) => regId !== undefined && expires > 0);
  if (flows.length > 0 && contacts.filter(({ expires }) => expires > 0).length > 1) {
    return fail('Contact: several beside a reg-id');
  }
  return ok({ type: 'update', contacts });
}

function readContact(
  { uri, params }: NameAddr,
  general: number,
  usual: number,
  outbound: boolean,
): Result<WantedContact> {
  const parsed = parseUri(uri);
  if (!parsed.ok || parsed.value.type !== 'sip' || uri.length > MAX_URI) return fail('Contact: not a SIP URI');
  const given = paramOf(params, 'expires');
  const expires = given === undefined ? general : (parseNumber(given, 2 ** 32 - 1) ?? usual);
  const q = paramOf(params, 'q') ?? '1';
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q)) return fail('Contact: malformed q');
  const instance = paramOf(params, '+sip.instance') || undefined;
  const regId = parseNumber(paramOf(params, 'reg-id') ?? '', 2 ** 31 - 1);
  return ok({
    uri,
    params: withoutParam(withoutParam(params, 'expires'), 'q'),
    expires,
    q: Number(q),
    instance,
    regId: outbound && instance !== undefined && regId !== undefined && regId > 0 ? regId : undefined,
  });
}
