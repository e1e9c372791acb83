/** Display, used for a name: Q.931 §4.5.16, and with the octet 3 of NI-2 (SR-4994) and Q.SIG-era switches before the text. */
import { fromLatin1, toLatin1 } from '../../../kernel/bytes.ts';
import type { ElementCodec } from '../element.ts';
import { last } from './codec.ts';

export interface Display {
  readonly text: string;
  /** Octet 3 says `calling party name` (NI-2, DMS-100); plain text otherwise. */
  readonly typed: boolean;
}

/** Bit 8 set, associated information included, display type calling party name. */
const CALLING_NAME = 0xb1;
const MAX_NAME = 82;

export const display: ElementCodec<Display> = {
  codeset: 0,
  id: 0x28,
  decode(octets, at = 0, end = octets.length) {
    const typed = at < end && last(octets[at] ?? 0);
    let text = typed ? at + 1 : at;
    // NI-2 may put one more extended octet before the text; no text character has bit 8 set.
    while (typed && text < end && text < at + 3 && (octets[text] ?? 0) >= 0x80) text += 1;
    if (end - text > MAX_NAME) return undefined;
    return { text: toLatin1(octets, text, end).trim(), typed };
  },
  encode({ text, typed }) {
    return fromLatin1((typed ? String.fromCharCode(CALLING_NAME) : '') + text.slice(0, MAX_NAME));
  },
};
