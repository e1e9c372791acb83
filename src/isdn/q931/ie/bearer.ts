/** Bearer capability: Q.931 §4.5.5. */
import type { ElementCodec } from '../element.ts';
import { last } from './codec.ts';
import { codeTable } from './names.ts';

export type Capability = 'speech' | 'audio-3k1' | 'unrestricted' | 'restricted' | 'video';

/** 64 kbit/s circuit mode, which is all that a B-channel carries. `law`: user information layer 1, where given. */
export interface BearerCapability {
  readonly capability: Capability;
  readonly law: 'ulaw' | 'alaw' | undefined;
}

const capabilities = codeTable<Capability>({
  speech: 0x00,
  unrestricted: 0x08,
  restricted: 0x09,
  'audio-3k1': 0x10,
  video: 0x18,
});
/** Octet 5: layer 1 identity and protocol. */
const laws = codeTable<'ulaw' | 'alaw'>({ ulaw: 0x22, alaw: 0x23 });

export const bearerCapability: ElementCodec<BearerCapability> = {
  codeset: 0,
  id: 0x04,
  decode(octets, at = 0, end = octets.length) {
    if (end - at < 2) return undefined;
    const octet3 = octets[at] ?? 0;
    const octet4 = octets[at + 1] ?? 0;
    // ITU-T coding only; the unrestricted capability with tones (17) is taken as audio, as G.722 peers fall back to it.
    if ((octet3 & 0x60) !== 0) return undefined;
    const code = octet3 & 0x1f;
    const capability = code === 0x11 ? 'audio-3k1' : capabilities.word(code);
    if (capability === undefined) return undefined;
    // Octet 4.1 follows a multirate octet 4, or an extended one.
    const layer1 = at + ((octet4 & 0x1f) === 0x18 || !last(octet4) ? 3 : 2);
    const octet5 = layer1 < end ? (octets[layer1] ?? 0) : 0;
    const law = (octet5 & 0x60) === 0x20 ? laws.word(octet5 & 0x7f) : undefined;
    return { capability, law };
  },
  encode({ capability, law }) {
    const octet3 = 0x80 | capabilities.code(capability);
    return law === undefined ? [octet3, 0x90] : [octet3, 0x90, 0x80 | laws.code(law)];
  },
};
