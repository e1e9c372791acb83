import type { Release, Transfer } from '../call/signal.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import { parseReplaces } from '../sip/dialog/replaces.ts';
import { cseqOf } from '../sip/message/fields.ts';
import { paramOf, unescaped } from '../sip/message/grammar.ts';
import type { HeaderPairs, SipRequest } from '../sip/message/message.ts';
import { parseNameAddr } from '../sip/message/name-addr.ts';
import { reasonOf } from '../sip/message/status.ts';
import { parseUri, printUri } from '../sip/message/uri.ts';
import type { CauseOverrides } from './cause-table.ts';
import { numberOfUri } from './sip-leg-identity.ts';
import { refusalOf } from './sip-leg-release.ts';

/** REFER inside a dialog (RFC 3515) as a wish to transfer, and the NOTIFYs that say how it goes. */

/** How long the transferor is told, seconds: longer than any phone rings. */
const EXPIRES = 300;

/** What a REFER asks for; the error is what to refuse it with. */
export function transferIn(
  request: SipRequest,
): Result<Transfer, { readonly status: number; readonly reason: string }> {
  const wrong = (status: number, reason: string) => fail({ status, reason });
  const [value, ...more] = request.headers.all('Refer-To');
  const address = value === undefined ? undefined : parseNameAddr(value);
  if (address?.ok !== true || more.length > 0) return wrong(400, 'Exactly one Refer-To is needed');
  const uri = parseUri(address.value.uri);
  if (!uri.ok) return wrong(400, 'The Refer-To URI can not be read');
  if (uri.value.type === 'tel') return ok(transferTo(address.value.uri, undefined));
  if (uri.value.type !== 'sip') return wrong(416, 'Only sip, sips and tel are called');
  const { params, headers } = uri.value;
  const method = paramOf(params, 'method')?.toUpperCase() ?? 'INVITE';
  if (method !== 'INVITE') return wrong(501, 'A call is transferred by INVITE alone');
  const target = printUri({ ...uri.value, params: params.filter(({ name }) => !/^method$/i.test(name)), headers: [] });
  const escaped = paramOf(headers, 'Replaces');
  if (escaped === undefined) return ok(transferTo(target, undefined));
  const replaces = unescaped(escaped);
  if (replaces === undefined || parseReplaces(replaces) === undefined) return wrong(400, 'Replaces malformed');
  return ok(transferTo(target, replaces));
}

const transferTo = (target: string, replaces: string | undefined): Transfer => ({
  type: 'transfer',
  target,
  called: numberOfUri(target),
  replaces,
});

/** A NOTIFY to be sent. */
export interface Notify {
  readonly headers: HeaderPairs;
  readonly body: Uint8Array;
}

/** One REFER that we have accepted: the subscription that it made, unless its sender wants none (RFC 4488). */
export class Referral {
  readonly #id: number;
  readonly #silent: boolean;
  #over = false;

  constructor(request: SipRequest) {
    this.#id = cseqOf(request)?.number ?? 0;
    this.#silent = /^\s*false\b/i.test(request.headers.get('Refer-Sub') ?? '');
  }

  /** The headers of the 202. */
  get accepted(): HeaderPairs {
    return this.#silent ? [['Refer-Sub', 'false']] : [];
  }

  /** Whether its outcome has been said. */
  get over(): boolean {
    return this.#over;
  }

  /** It is being tried, or the target rings. */
  progress(status: 100 | 180): Notify | undefined {
    return this.#notify(status, reasonOf(status), `active;expires=${EXPIRES}`);
  }

  /** It is done, or has failed; nothing follows. */
  outcome(failure: Release | undefined, causes: CauseOverrides | undefined): Notify | undefined {
    const status = failure === undefined ? 200 : refusalOf(failure, causes).status;
    const said = this.#notify(status, reasonOf(status), 'terminated;reason=noresource');
    this.#over = true;
    return said;
  }

  #notify(status: number, reason: string, state: string): Notify | undefined {
    if (this.#silent || this.#over) return undefined;
    return {
      headers: [
        ['Event', `refer;id=${this.#id}`],
        ['Subscription-State', state],
        ['Content-Type', 'message/sipfrag;version=2.0'],
      ],
      body: fragment(`SIP/2.0 ${status} ${reason}\r\n`),
    };
  }
}

/** RFC 3420: here never more than a status line. */
const fragment = (line: string): Uint8Array => Uint8Array.from(line, (letter) => letter.charCodeAt(0) & 0x7f);
