import { causeElement } from './ie/cause.ts';
import { channelIdentification } from './ie/channel.ts';
import { first } from './ie/codec.ts';
import { calledNumber, callingNumber } from './ie/number.ts';
import { progressIn } from './interpret.ts';
import { CALL_CONTROL, type Message, parseMessage } from './message.ts';
import { MAINTENANCE_TYPES, messageOf } from './message-table.ts';

/** A Q.931 message in one line for traces and ladders, and whose call it is. */
export interface Summary {
  /** `SETUP channel 1 called 5551004`. */
  readonly text: string;
  /** The call reference; undefined for the dummy and the global one. */
  readonly reference: { readonly value: number; readonly fromOriginator: boolean } | undefined;
}

/** The message that begins at `at`. Octets that are no message are summarised too. */
export function summarise(octets: Uint8Array, at: number): Summary {
  const parsed = parseMessage(octets, at);
  if (!parsed.ok) return { text: `unreadable (${parsed.error})`, reference: undefined };
  const message = parsed.value;
  const { reference } = message;
  const own = reference !== undefined && reference.value !== 0 ? reference : undefined;
  return { text: [nameOf(message), ...details(message)].join(' '), reference: own };
}

function nameOf({ discriminator, type }: Message): string {
  if (discriminator !== CALL_CONTROL)
    return type === MAINTENANCE_TYPES[discriminator]?.service ? 'SERVICE' : 'SERVICE ACKNOWLEDGE';
  return messageOf(type)?.title ?? `MESSAGE ${type}`;
}

function details({ elements }: Message): string[] {
  const out: string[] = [];
  const channel = first(elements, channelIdentification);
  if (channel !== undefined)
    out.push(`channel ${typeof channel.slots === 'string' ? channel.slots : channel.slots.join(',')}`);
  const called = first(elements, calledNumber);
  if (called !== undefined) out.push(`called ${called.digits}`);
  const calling = first(elements, callingNumber);
  if (calling !== undefined) out.push(`calling ${calling.presentation === 'allowed' ? calling.digits : 'withheld'}`);
  const cause = first(elements, causeElement);
  if (cause !== undefined) out.push(`cause ${cause.cause}`);
  for (const { description } of progressIn(elements)) out.push(`progress ${description}`);
  return out;
}
