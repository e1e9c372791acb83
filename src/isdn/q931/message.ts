/** Q.931 messages as octets: protocol discriminator, call reference, message type, elements (§4.1–4.4). */
import { fail, ok, type Result } from '../../kernel/result.ts';
import { type HeardElement, inWireOrder, parseElements, type SaidElement, sizeOf, writeElements } from './element.ts';

/** §4.2. */
export const CALL_CONTROL = 0x08;
/** The discriminators of maintenance messages: AT&T's and the national one. */
const MAINTENANCE = [0x03, 0x43] as const;

/** `fromOriginator`: flag 0, sent by the side that allotted the value (§4.3). Value 0 is the global call reference. */
export interface CallReference {
  readonly value: number;
  readonly fromOriginator: boolean;
}

/** A message to be written. */
export interface SaidMessage {
  readonly discriminator: number;
  /** Undefined: the dummy call reference. */
  readonly reference: CallReference | undefined;
  readonly type: number;
  readonly elements: readonly SaidElement[];
}

/** A message that was read. */
export interface Message extends SaidMessage {
  readonly elements: readonly HeardElement[];
  /** An element whose length ran past the end. */
  readonly cut: number | undefined;
}

/** Why nothing can be said about an octet string: it is ignored (§5.8.1, §5.8.2, §5.8.3.1). */
export type Unreadable = 'short' | 'discriminator' | 'call-reference';

/** Longest message taken: layer 2's N201 is 260. */
const MAX_MESSAGE = 1024;

/** Reads the message that begins at `at`. Call references of up to two octets; what is longer, or has spare bits set, is ignored by the standard. */
export function parseMessage(bytes: Uint8Array, at = 0): Result<Message, Unreadable> {
  const discriminator = bytes[at];
  const octet2 = bytes[at + 1];
  if (discriminator === undefined || octet2 === undefined || bytes.length - at > MAX_MESSAGE) return fail('short');
  if (discriminator !== CALL_CONTROL && discriminator !== MAINTENANCE[0] && discriminator !== MAINTENANCE[1])
    return fail('discriminator');
  const length = octet2 & 0x0f;
  if ((octet2 & 0xf0) !== 0 || length > 2) return fail('call-reference');
  const type = bytes[at + 2 + length];
  if (type === undefined) return fail('short');
  let reference: CallReference | undefined;
  if (length > 0) {
    const octet3 = bytes[at + 2] ?? 0;
    const value = length === 1 ? octet3 & 0x7f : ((octet3 & 0x7f) << 8) | (bytes[at + 3] ?? 0);
    reference = { value, fromOriginator: (octet3 & 0x80) === 0 };
  }
  const { elements, cut } = parseElements(bytes, at + 3 + length);
  return ok({ discriminator, reference, type, elements, cut });
}

/** Writes a message with a call reference of `length` octets, behind `room` octets that are layer 2's. */
export function printMessage(message: SaidMessage, length: 1 | 2, room = 0): Uint8Array {
  const { reference } = message;
  const elements = inWireOrder(message.elements);
  const referenceLength = reference === undefined ? 0 : length;
  const out = new Uint8Array(room + 3 + referenceLength + sizeOf(elements));
  let at = room;
  out[at++] = message.discriminator;
  out[at++] = referenceLength;
  if (reference !== undefined) {
    const flag = reference.fromOriginator ? 0 : 0x80;
    out[at++] = flag | ((length === 1 ? reference.value : reference.value >> 8) & 0x7f);
    if (length === 2) out[at++] = reference.value;
  }
  out[at++] = message.type;
  writeElements(elements, out, at);
  return out;
}
