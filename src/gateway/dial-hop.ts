import type { Step } from '../call/call.ts';
import type { CallerNumber, PartyNumber } from '../call/number.ts';
import type { Hop } from '../routing/decision.ts';
import type { Binding } from '../sip/registrar/binding.ts';

/** One leg to be made: a hop of the decision, a user's hop taken apart into the contacts that are registered now. */
export type DialHop =
  | (Omit<Extract<Hop, { readonly type: 'user' }>, 'type'> & { readonly type: 'contact'; readonly binding: Binding })
  | Extract<Hop, { readonly type: 'span-group' | 'sip-trunk' }>;

/** The numbers as they go out on this hop; a user is called by the number that was dialled. */
export function numbersOf(hop: DialHop): { called?: PartyNumber; caller: CallerNumber | undefined } {
  return hop.type === 'contact' ? { caller: hop.caller } : { called: hop.called, caller: hop.caller };
}

/** The hop in a few words, for the log and the call record. */
export function nameOf(hop: DialHop): string {
  return hop.type === 'contact' ? `user ${hop.user} at ${hop.binding.contact}` : `${hop.type} ${hop.id}`;
}

/** The decision's hops as the call's steps: one after the other, the contacts of one user together. */
export function stepsOf(
  hops: readonly Hop[],
  contactsOf: (aor: string) => readonly Binding[],
): { readonly steps: readonly Step[]; readonly hops: ReadonlyMap<string, DialHop> } {
  const byName = new Map<string, DialHop>();
  const steps: Step[] = [];
  for (const [i, hop] of hops.entries()) {
    const together: DialHop[] =
      hop.type === 'user' ? contactsOf(hop.aor).map((binding) => ({ ...hop, type: 'contact', binding })) : [hop];
    const names = together.map((one, j) => {
      const name = `${i + 1}.${j + 1}`;
      byName.set(name, one);
      return name;
    });
    if (names.length > 0) steps.push({ hops: names });
  }
  return { steps, hops: byName };
}
