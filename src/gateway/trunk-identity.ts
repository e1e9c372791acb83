import type { Site } from '../config/schema.ts';
import type { Flow } from '../sip/message/flow.ts';

/**
 * How a trunk is known. A certificate is proof; the rest is weak, since whoever has the peer's address has it: a listener of
 * its own, the very port that we call, or the address alone.
 */
const PROOFS = ['certificate', 'listener', 'port', 'address'] as const;
type Proof = (typeof PROOFS)[number];

export interface KnownTrunk {
  readonly id: string;
  readonly proof: Proof;
}

type Trunks = Pick<Site, 'sipTrunks' | 'sip'>;
type Trunk = Site['sipTrunks'][number];

/** Only where we ask peers for certificates does one prove anything. */
const isProvenByCertificate = ({ transport }: Trunk, { sip }: Pick<Trunks, 'sip'>): boolean =>
  transport === 'tls' && sip.tls?.ca !== undefined;

/** For people: what is looked at when this trunk calls. */
export function knownBy(trunk: Trunk, site: Pick<Trunks, 'sip'>): string {
  const { address, certificateName = address, listenPort } = trunk;
  if (isProvenByCertificate(trunk, site)) return `by its certificate for ${certificateName}`;
  return listenPort === undefined ? 'by its address alone (weak)' : `by its address and port ${listenPort} (weak)`;
}

/** The trunk that whoever is at the other end of this flow is, by the best proof that there is; `proves`: his certificate has this name. */
export function trunkOf(flow: Flow, site: Trunks, proves: (name: string) => boolean): KnownTrunk | undefined {
  let best: KnownTrunk | undefined;
  for (const trunk of site.sipTrunks) {
    const proof = proofOf(trunk, flow, site, proves);
    if (proof === undefined) continue;
    if (best === undefined || PROOFS.indexOf(proof) < PROOFS.indexOf(best.proof)) best = { id: trunk.id, proof };
  }
  return best;
}

function proofOf(
  trunk: Trunk,
  { transport, remote, local }: Flow,
  site: Trunks,
  proves: (name: string) => boolean,
): Proof | undefined {
  const { address, sources, port, listenPort, certificateName } = trunk;
  if (trunk.transport !== transport || (listenPort !== undefined && listenPort !== local.port)) return undefined;
  if (isProvenByCertificate(trunk, site)) return proves(certificateName ?? address) ? 'certificate' : undefined;
  if (address !== remote.address && !sources.includes(remote.address)) return undefined;
  if (listenPort !== undefined) return 'listener';
  return remote.port === port ? 'port' : 'address';
}
