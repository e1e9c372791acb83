import type { Step } from '../call/call-words.ts';
import { type CallerNumber, numberText, type PartyNumber } from '../call/number.ts';
import type { Offer } from '../call/signal.ts';
import type { Hop } from '../routing/decision.ts';
import type { Directory } from '../routing/directory.ts';
import { identityFor } from '../routing/identity.ts';
import type { Source } from '../routing/query.ts';
import type { Binding } from '../sip/registrar/binding.ts';

/** A phone that can be called: as a binding, whether it is registered or not. */
export type PhoneAddress = Pick<Binding, 'contact' | 'path' | 'flow'>;

/** Where phones are now. */
export interface Phones {
  contactsOf(aor: string): readonly PhoneAddress[];
  /** The phone that called for help under this ELIN. */
  phone(elin: string): PhoneAddress | undefined;
}

/** One leg to be made: a hop of the decision, a user's hop taken apart into the phones that there are now. */
export type DialHop =
  | (Omit<Extract<Hop, { readonly type: 'user' }>, 'type'> & {
      readonly type: 'contact';
      readonly binding: PhoneAddress;
    })
  | Extract<Hop, { readonly type: 'span-group' | 'sip-trunk' | 'announcement' }>;

/** A hop that leaves by a span group or a SIP trunk. */
export type GatewayHop = Extract<DialHop, { readonly type: 'span-group' | 'sip-trunk' }>;

export const isGateway = (hop: DialHop): hop is GatewayHop => hop.type === 'span-group' || hop.type === 'sip-trunk';

/** The offer as it goes out on this hop: with the numbers and names in its form, and who has diverted the call to it. */
export function offerOn(hop: DialHop, offer: Offer, source: Source, directory: Directory): Offer {
  const redirecting = [...(hop.diverted ?? []), ...offer.redirecting];
  const gateway = isGateway(hop) ? hop.id : undefined;
  const place = 'place' in hop && hop.place !== undefined ? { place: hop.place } : {};
  return {
    ...offer,
    ...identityFor({ ...offer, redirecting }, source, gateway, directory),
    ...numbersOf(hop),
    ...place,
  };
}

/** A user is called by the number that was dialled. */
function numbersOf(hop: DialHop): { called?: PartyNumber; caller: CallerNumber | undefined } {
  return isGateway(hop) ? { called: hop.called, caller: hop.caller } : { caller: hop.caller };
}

/** The hop in a few words, for the log and the call record. */
export function nameOf(hop: DialHop): string {
  return hop.type === 'contact' ? `user ${hop.user} at ${hop.binding.contact}` : `${hop.type} ${hop.id}`;
}

/**
 * The decision's hops as the call's steps: one after the other, the phones of one user together, with what follows each. The
 * same number by the same gateway has one name wherever it stands, so that the call tries it once.
 */
export function stepsOf(
  hops: readonly Hop[],
  phones: Phones,
): { readonly steps: readonly Step[]; readonly hops: ReadonlyMap<string, DialHop> } {
  const byName = new Map<string, DialHop>();
  const byWay = new Map<string, string>();
  let count = 0;
  const step = (hop: Hop): readonly Step[] => {
    const { together = [], ring, after } = hop;
    const place = ++count;
    const names = [hop, ...together]
      .flatMap((one) => legsOf(one, phones))
      .map((one, j) => {
        const way = wayOf(one);
        const name = (way === undefined ? undefined : byWay.get(way)) ?? `${place}.${j + 1}`;
        if (way !== undefined) byWay.set(way, name);
        if (!byName.has(name)) byName.set(name, one);
        return name;
      });
    const then = (ending: 'busy' | 'noAnswer' | 'any') => after?.[ending]?.flatMap(step);
    const [busy, noAnswer, any] = [then('busy'), then('noAnswer'), then('any')];
    // Its phones may have gone since the decision: then what follows in any case follows at once.
    if (names.length === 0) return any ?? [];
    const following = {
      ...(busy === undefined ? {} : { busy }),
      ...(noAnswer === undefined ? {} : { noAnswer }),
      ...(any === undefined ? {} : { any }),
    };
    return [
      { hops: names, ...(ring === undefined ? {} : { ring }), ...(after === undefined ? {} : { after: following }) },
    ];
  };
  return { steps: hops.flatMap(step), hops: byName };
}

/** A gateway with what is called by it; undefined for a phone, which may ring again, and for what is ours. */
const wayOf = (hop: DialHop): string | undefined =>
  isGateway(hop) ? `${hop.id} ${'uri' in hop && hop.uri !== undefined ? hop.uri : numberText(hop.called)}` : undefined;

function legsOf(hop: Hop, { contactsOf, phone }: Phones): readonly DialHop[] {
  if (hop.type !== 'user') return [hop];
  const bindings = [...contactsOf(hop.aor)];
  const caller = hop.elin === undefined ? undefined : phone(hop.elin);
  if (caller !== undefined && bindings.every(({ contact }) => contact !== caller.contact)) bindings.push(caller);
  return bindings.map((binding) => ({ ...hop, type: 'contact', binding }));
}
