/** Display, used for a name: Q.931 §4.5.16, and with the octet 3 of NI-2 (SR-4994) and Q.SIG-era switches before the text. */
import { fromLatin1, toLatin1 } from '../../../kernel/bytes.ts';
import { type ElementCodec, last } from './codec.ts';

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
  decode(contents) {
    const octet3 = contents[0];
    if (octet3 === undefined) return { text: '', typed: false };
    const typed = last(octet3);
    // NI-2 may put one more extended octet before the text; no text character has bit 8 set.
    let at = typed ? 1 : 0;
    while (typed && at < 3 && (contents[at] ?? 0) >= 0x80) at += 1;
    if (contents.length - at > MAX_NAME) return undefined;
    return { text: toLatin1(contents, at).trim(), typed };
  },
  encode({ text, typed }) {
    return fromLatin1((typed ? String.fromCharCode(CALLING_NAME) : '') + text.slice(0, MAX_NAME));
  },
};
