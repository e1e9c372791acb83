import type { Instant, Millis, WallTime } from '../../kernel/time.ts';
import type { Flow } from '../message/flow.ts';
import type { Params } from '../message/grammar.ts';
import { parseUri, printUri, type SipUri, sameUri, sipUri } from '../message/uri.ts';

/** What one contact of an address of record is, whoever keeps it. */
interface BindingBody {
  /** The address of record, canonical: see `addressOfRecord`. */
  readonly aor: string;
  /** Tells the bindings of an address apart: the contact URI, or instance and reg-id (RFC 5626 §6). */
  readonly key: string;
  /** The contact URI as heard. */
  readonly contact: string;
  /** The Path values, top first: a request to the contact takes them as its routes (RFC 3327 §5.3). */
  readonly path: readonly string[];
  /** `+sip.instance`, without quotes. */
  readonly instance: string | undefined;
  readonly regId: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  /** 0–1; where it was not given, 1. */
  readonly q: number;
  readonly userAgent: string | undefined;
  /** Where the REGISTER came from: how to reach a phone behind a NAT. */
  readonly flow: Flow;
}

/** A binding in memory. */
export interface Binding extends BindingBody {
  /** The contact's parameters as heard, but for `expires` and `q`; none after a restart but those named above. */
  readonly params: Params;
  readonly deadline: Instant;
}

/** A binding as the store keeps it: wall time for another boot, and what was left for this one. */
export interface StoredBinding extends BindingBody {
  readonly expires: WallTime;
  readonly left: Millis;
}

/** What must be committed before the answer goes out. */
export type PersistBinding =
  | { readonly type: 'bind'; readonly binding: StoredBinding }
  | { readonly type: 'unbind'; readonly aor: string; readonly key: string };

/** The canonical form of an address of record: scheme, user without needless escapes, host in lower case (RFC 3261 §10.3). */
export function addressOfRecord(uri: SipUri): string {
  const user = uri.user?.replace(/%([0-9A-Fa-f]{2})/g, (escaped, hex: string) => {
    const c = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9\-_.!~*'()]/.test(c) ? c : escaped.toUpperCase();
  });
  return printUri(sipUri(uri.host.toLowerCase(), { secure: uri.secure, user, port: uri.port }));
}

/** Whether two contact URIs are the same binding (§10.2.4 compares them as §19.1.4 says). */
export function sameContact(a: string, b: string): boolean {
  if (a === b) return true;
  const one = parseUri(a);
  const other = parseUri(b);
  return one.ok && other.ok && sameUri(one.value, other.value);
}

export function stored(binding: Binding, now: Instant, wall: WallTime): StoredBinding {
  const { params: _, deadline, ...body } = binding;
  // Whole milliseconds: the clock has fractions, and what is left of a round time after them seldom is round.
  const left = Math.max(0, Math.round(deadline - now)) as Millis;
  return { ...body, left, expires: (wall + left) as WallTime };
}
