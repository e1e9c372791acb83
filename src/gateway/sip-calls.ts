import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { CodecName } from '../call/media.ts';
import type { PartyNumber } from '../call/number.ts';
import type { Offer, Release } from '../call/signal.ts';
import type { SipTrunkSetting, Site } from '../config/schema.ts';
import { type Random, token } from '../kernel/random.ts';
import { type Millis, seconds } from '../kernel/time.ts';
import type { CauseOverrides } from '../leg/cause-table.ts';
import { SipLeg } from '../leg/sip-leg.ts';
import type { SipDestination, SipIn, SipOut, SipSide } from '../leg/sip-leg-words.ts';
import type { Source } from '../routing/query.ts';
import { parseReplaces } from '../sip/dialog/replaces.ts';
import { DigestClient } from '../sip/digest/client.ts';
import type { Hash } from '../sip/digest/response.ts';
import type { Endpoint, Flow, Target } from '../sip/message/flow.ts';
import type { SipRequest } from '../sip/message/message.ts';
import { parseNameAddr } from '../sip/message/name-addr.ts';
import { escapeUser, printHostPort, printUri, sipUri } from '../sip/message/uri.ts';
import { heardAt } from '../sip/transaction/servers.ts';
import { BoundLeg, type LegHandle } from './bound-leg.ts';
import type { CallPath, LegEars } from './call-path.ts';
import type { DialHop, PhoneAddress } from './dial-hop.ts';
import type { Reactor } from './reactor.ts';
import { endDialog, type LegRecovery } from './recovery.ts';
import type { SipEdge, SipUser } from './sip-edge.ts';

/** What we offer and take, best first: a T1 is µ-law. */
const CODECS: readonly CodecName[] = ['PCMU', 'PCMA'];

/** Milliseconds of audio in a packet. */
const PACKET_TIME = 20;

export interface SipCallsParts {
  readonly reactor: Reactor;
  readonly random: Random;
  readonly hash: Hash;
  readonly site: () => Site;
  readonly edge: () => SipEdge;
  readonly path: () => CallPath;
  /** Where the peer at the other end of a flow, or at a target, reaches us. */
  readonly ownPlace: (towards: Flow | Pick<Target, 'transport' | 'address'>) => Endpoint | undefined;
}

/** Calls on SIP: an INVITE becomes an A-leg, a contact or a trunk is called by a leg of its own. */
export class SipCalls {
  readonly #parts: SipCallsParts;

  /** The phones that call us now, by the leg that they are on. */
  readonly #callers = new Map<string, PhoneAddress>();

  /** Legs by what names their dialogs: Call-ID and our tag. */
  readonly #named = new Map<string, { readonly id: string; readonly leg: SipLeg }>();

  constructor(parts: SipCallsParts) {
    this.#parts = parts;
  }

  /** An INVITE whose sender is known. */
  invite(transaction: string, request: SipRequest, from: Flow, source: Source): void {
    const flow = heardAt(request, from);
    const side = this.#side(flow, source.type === 'sip-trunk' ? this.#trunk(source.id) : undefined);
    const make = (id: string, ears: LegEars): BoundLeg<SipIn, SipOut> =>
      this.#bind(id, ears, side, flow, { heard: { transaction, request } });
    const bound = this.#begun(transaction, request, flow, source, make);
    if (bound === undefined) return;
    const user = source.type === 'user' ? { user: source.id } : {};
    const contact = contactUri(request);
    if (contact !== undefined) this.#callers.set(bound.id, { contact, path: [], flow });
    this.#parts.edge().take(transaction, this.#userOf(bound, flow));
    bound.hear({ type: 'request', transaction, request, ...user });
  }

  /** A call of its own, or one in the place of another (RFC 3891 §3); undefined when it was refused. */
  #begun(
    transaction: string,
    request: SipRequest,
    flow: Flow,
    source: Source,
    make: (id: string, ears: LegEars) => BoundLeg<SipIn, SipOut>,
  ): BoundLeg<SipIn, SipOut> | undefined {
    const { path, edge, random } = this.#parts;
    const { address } = flow.remote;
    const replaces = request.headers.all('Replaces');
    if (replaces.length === 0) return path().incoming(source, 'its own', make, address);
    const refuse = (status: number): undefined => {
      edge().respond(transaction, request, status, { toTag: token(random, 6) });
    };
    const [value = ''] = replaces;
    const reference = parseReplaces(value);
    if (replaces.length > 1 || reference === undefined) return refuse(400);
    const named = this.legNamed(value);
    if (named === undefined) return refuse(481);
    if (reference.earlyOnly && named.dialog === 'confirmed') return refuse(486);
    return path().instead(named.leg, source, make, address) ?? refuse(403);
  }

  /** The leg with the dialog that a Replaces header names, as its sender sees it: our tag is its to-tag. */
  legNamed(replaces: string): { readonly leg: string; readonly dialog: 'early' | 'confirmed' } | undefined {
    const reference = parseReplaces(replaces);
    if (reference === undefined) return undefined;
    const found = this.#named.get(nameOf(reference.callId, reference.toTag));
    const dialog = found?.leg.dialogWith(reference.fromTag);
    return found === undefined || dialog === undefined ? undefined : { leg: found.id, dialog };
  }

  /** The phone that has called us on this leg: where it can be called back as long as its NAT lets us through. */
  phoneOf(leg: string): PhoneAddress | undefined {
    return this.#callers.get(leg);
  }

  /** Calls one phone. */
  contact(id: string, { binding, aor }: Extract<DialHop, { type: 'contact' }>, offer: Offer, ears: LegEars): LegHandle {
    // A Path leads through somebody else's flow; otherwise the phone is behind the one it registered over.
    const flow = binding.path.length === 0 ? binding.flow : undefined;
    const domain = aor.slice(aor.indexOf('@') + 1);
    const destination: SipDestination = { uri: binding.contact, domain, routes: binding.path };
    const side = this.#side(binding.flow);
    return this.#call(this.#bind(id, ears, side, flow, { destination }), offer);
  }

  /** Calls through a SIP trunk. */
  trunk(id: string, hop: Extract<DialHop, { type: 'sip-trunk' }>, offer: Offer, ears: LegEars): LegHandle | Release {
    const trunk = this.#trunk(hop.id);
    if (trunk === undefined || this.#parts.ownPlace(trunk) === undefined) {
      return ourRelease(CAUSE.networkOutOfOrder);
    }
    const destination: SipDestination = {
      uri: hop.uri ?? trunkUri(trunk, hop.called),
      domain: trunk.address,
      routes: [],
    };
    const { credentials } = trunk;
    const digest =
      credentials === undefined
        ? undefined
        : new DigestClient(this.#parts.hash, this.#parts.random, () => ({
            username: credentials.user,
            secret: { type: 'password', password: credentials.password },
          }));
    const side = this.#side(trunk, trunk);
    const patience = seconds(trunk.patienceSeconds);
    return this.#call(this.#bind(id, ears, side, undefined, { destination, digest, patience }), offer);
  }

  #trunk(id: string): SipTrunkSetting | undefined {
    return this.#parts.site().sipTrunks.find((one) => one.id === id);
  }

  #call(bound: BoundLeg<SipIn, SipOut>, offer: Offer): LegHandle {
    bound.tell(offer);
    return bound;
  }

  #bind(
    id: string,
    ears: LegEars,
    side: SipSide,
    flow: Flow | undefined,
    more: {
      /** Of a leg that was called: its INVITE. */
      heard?: { readonly transaction: string; readonly request: SipRequest };
      destination?: SipDestination;
      digest?: DigestClient | undefined;
      patience?: Millis;
    },
  ): BoundLeg<SipIn, SipOut> {
    const { reactor, random, edge } = this.#parts;
    const { patience, ...setup } = more;
    const leg = new SipLeg({ id, side, random, ...setup });
    const sent: string[] = [];
    let joined: { readonly callId: string; readonly localTag: string } | undefined;
    const bound: BoundLeg<SipIn, SipOut> = new BoundLeg(
      id,
      leg,
      {
        ...ears,
        wire: (out) => {
          const user = { ...this.#userOf(bound, flow), ...(patience === undefined ? {} : { patience }) };
          if (joined === undefined && leg.key !== undefined) {
            joined = leg.key;
            edge().join(joined.callId, joined.localTag, user);
            this.#named.set(nameOf(joined.callId, joined.localTag), { id, leg });
          }
          if (out.type === 'request') sent.push(out.transaction);
          edge().say(out, user);
        },
        gone: () => {
          for (const transaction of sent) edge().abandon(transaction);
          if (joined !== undefined) {
            edge().leave(joined.callId, joined.localTag);
            this.#named.delete(nameOf(joined.callId, joined.localTag));
          }
          this.#callers.delete(id);
          ears.gone();
        },
        recovery: (): LegRecovery | undefined => {
          const record = leg.dialogRecord();
          if (record !== undefined) return { type: 'sip', record, flow };
          const invite = leg.inviteRecord();
          return invite === undefined || flow === undefined ? undefined : { type: 'invite', invite, flow };
        },
        thread: () => leg.key?.callId,
        abandon: () => {
          const record = leg.dialogRecord();
          if (record !== undefined) return endDialog(record, flow, edge());
          const { heard } = more;
          const toTag = leg.inviteRecord()?.toTag ?? token(random, 6);
          if (heard !== undefined) edge().respond(heard.transaction, heard.request, 500, { toTag });
        },
      },
      reactor,
    );
    return bound;
  }

  #userOf(bound: BoundLeg<SipIn, SipOut>, flow: Flow | undefined): SipUser {
    return { hear: (wire) => this.#parts.reactor.run(() => bound.hear(wire)), flow };
  }

  #side(towards: Flow | Pick<Target, 'transport' | 'address'>, trunk?: SipTrunkSetting): SipSide {
    const { sip, site } = this.#parts.site();
    const place = this.#parts.ownPlace(towards);
    const { transport } = towards;
    const suffix = transport === 'udp' ? '' : `;transport=${transport}`;
    const contact = `sip:${printHostPort(sip.external ?? place?.address ?? site.domain, place?.port)}${suffix}`;
    return {
      domain: site.domain,
      contact,
      userAgent: sip.userAgent,
      codecs: CODECS,
      packetTime: PACKET_TIME,
      reliable: 'supported',
      sessionTimer: { expires: sip.sessionTimer.expires, min: sip.sessionTimer.minimum },
      trusted: trunk?.trusted === true,
      ...(trunk === undefined ? {} : { identity: trunk.identity }),
      ...(sip.causes.length === 0 ? {} : { causes: causeOverrides(sip.causes) }),
    };
  }
}

/** The site's own rows of the cause table, by direction. */
function causeOverrides(rows: Site['sip']['causes']): CauseOverrides {
  const toSip = rows.filter(({ direction }) => direction !== 'to-isdn');
  const toIsdn = rows.filter(({ direction }) => direction !== 'to-sip');
  return {
    toSip: new Map(toSip.map(({ cause, status }) => [cause, status])),
    toQ850: new Map(toIsdn.map(({ cause, status }) => [status, cause])),
  };
}

const nameOf = (callId: string, localTag: string): string => `${callId}\n${localTag}`;

/** Where the sender of a request wants to be reached (RFC 3261 §8.1.1.8). */
function contactUri(message: SipRequest): string | undefined {
  const contact = message.headers.get('Contact');
  const parsed = contact === undefined ? undefined : parseNameAddr(contact);
  return parsed?.ok ? parsed.value.uri : undefined;
}

function trunkUri(trunk: SipTrunkSetting, { digits, type }: PartyNumber): string {
  return peerUri(trunk, escapeUser(type === 'international' ? `+${digits}` : digits));
}

/** The trunk's peer itself, or a user there. */
export function peerUri({ address, port, transport }: SipTrunkSetting, user?: string): string {
  const params = transport === 'udp' ? [] : [{ name: 'transport', value: transport }];
  return printUri(sipUri(address, { ...(user === undefined ? {} : { user }), port, params }));
}
