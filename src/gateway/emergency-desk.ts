import type { Offer } from '../call/signal.ts';
import type { Site } from '../config/schema.ts';
import type { Log } from '../kernel/log.ts';
import { type Random, token } from '../kernel/random.ts';
import { after, type Clock, type Instant, minutes, type WallTime } from '../kernel/time.ts';
import type { Decision } from '../routing/decision.ts';
import type { Directory } from '../routing/directory.ts';
import type { DirectoryAnnouncement } from '../routing/directory-file.ts';
import { elinNumber, type HeldElin, type HeldElins } from '../routing/elin.ts';
import { noticeOf } from '../routing/emergency.ts';
import type { DirectoryLocation } from '../routing/location.ts';
import type { Flow } from '../sip/message/flow.ts';
import { request } from '../sip/message/message.ts';
import type { OutboxEvent, StoredElin, StoreOp } from '../store/words.ts';

import type { PhoneAddress } from './dial-hop.ts';
import { type LiveCall, type Notice, sourceName } from './live-call.ts';
import type { SipEdge } from './sip-edge.ts';

export interface EmergencyDeskParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly start: readonly StoredElin[];
  readonly persist: (op: StoreOp) => void;
  readonly directory: () => Directory;
  readonly contactsOf: (aor: string) => readonly PhoneAddress[];
  /** The phone at the other end of a SIP leg. */
  readonly phoneOf: (leg: string) => PhoneAddress | undefined;
  readonly edge: () => Pick<SipEdge, 'say'>;
  readonly site: () => Site;
  /** Calls a user, and plays the announcement to him. */
  readonly call: (notice: Notice, of: LiveCall, offer: Offer, announcement: DirectoryAnnouncement) => void;
}

/** What has happened, by the same names in the log, in /metrics and for central. */
export type EmergencyEventId =
  | 'emergency.call'
  | 'emergency.test'
  | 'emergency.call-back'
  | 'emergency.ended'
  | 'emergency.not-told';

interface Held {
  readonly hold: HeldElin;
  readonly phone: PhoneAddress | undefined;
  readonly until: Instant;
}

/** What the gateway does about emergency calls: it keeps who called under which ELIN, also over a restart, and tells people. */
export class EmergencyDesk {
  readonly #parts: EmergencyDeskParts;
  /** The one taken longest ago first. */
  readonly #held = new Map<string, Held>();
  readonly #counts: Record<EmergencyEventId, number> = {
    'emergency.call': 0,
    'emergency.test': 0,
    'emergency.call-back': 0,
    'emergency.ended': 0,
    'emergency.not-told': 0,
  };

  constructor(parts: EmergencyDeskParts) {
    this.#parts = parts;
    const now = parts.clock.now();
    for (const { held, phone, left } of parts.start) {
      if (isHold(held)) this.#held.set(held.elin, { hold: held, phone: phoneFrom(phone), until: after(now, left) });
    }
  }

  /** ELINs in use now. */
  get elins(): HeldElins {
    const now = this.#parts.clock.now();
    for (const [elin, { until }] of this.#held) if (until <= now) this.#held.delete(elin);
    return new Map([...this.#held].map(([elin, { hold }]) => [elin, hold]));
  }

  /** Since the start. */
  get counts(): Readonly<Record<EmergencyEventId, number>> {
    return this.#counts;
  }

  /** The phone that called for help under this ELIN. */
  phone(elin: string): PhoneAddress | undefined {
    return this.#held.get(elin)?.phone;
  }

  /** A call's decision is being followed: an emergency call takes its ELIN, and those who are to know are told. */
  decided(live: LiveCall, decision: Decision): void {
    const test = isTest(decision);
    if (!(decision.emergency || test) || decision.type !== 'hops') return;
    const back = decision.effects.find((effect) => effect.type === 'call-back');
    if (back !== undefined) return this.#report(live, 'emergency.call-back', { elin: back.elin });
    const hold = holdOf(decision);
    const { directory } = this.#parts;
    const location = hold === undefined ? undefined : directory().locations.byId(hold.location);
    this.#report(live, test ? 'emergency.test' : 'emergency.call', {
      dialled: live.call.offer?.called.digits,
      caller: live.call.offer?.caller?.digits,
      holder: hold?.holder ?? sourceName(live.source),
      location: location?.id,
      elin: hold?.elin,
    });
    if (hold === undefined) return;
    this.#hold(hold, this.#parts.phoneOf(`${live.id}.a`));
    if (location !== undefined) this.#notify(location, hold, live);
  }

  /** The time for a call back counts from the end of the call. */
  ended(live: LiveCall): void {
    const { notice } = live;
    if (notice !== undefined && live.answered === undefined) {
      this.#report(live, 'emergency.not-told', { user: notice.user, by: 'call' });
    }
    const { decision, release } = live;
    if (decision !== undefined && (decision.emergency || isTest(decision))) {
      const cause = release?.signal.cause;
      const how = { answered: live.answered !== undefined, hop: live.tried.at(-1), cause, test: isTest(decision) };
      this.#report(live, 'emergency.ended', how);
    }
    const hold = decision === undefined ? undefined : holdOf(decision);
    const held = hold === undefined ? undefined : this.#held.get(hold.elin);
    if (held !== undefined && held.hold.holder === hold?.holder) this.#hold(held.hold, held.phone);
  }

  /** To the log, the metrics and central alike. */
  #report(live: LiveCall, id: EmergencyEventId, facts: OutboxEvent['facts']): void {
    const { log, clock, persist } = this.#parts;
    log.warn({ call: live.id, ...facts }, id);
    this.#counts[id]++;
    persist({ type: 'event', event: { id, at: clock.wall(), callId: live.id, facts } });
  }

  #hold(hold: HeldElin, phone: PhoneAddress | undefined): void {
    const { clock, persist, site } = this.#parts;
    const left = minutes(site().emergency.elinMinutes);
    this.#held.delete(hold.elin);
    this.#held.set(hold.elin, { hold, phone, until: after(clock.now(), left) });
    const expires = (clock.wall() + left) as WallTime;
    persist({ type: 'elin', elin: { elin: hold.elin, held: hold, phone, expires, left } });
  }

  /** A MESSAGE to every phone of those who are to know (RFC 3428), whose answers nobody waits for; and a call where the place has an announcement. */
  #notify(location: DirectoryLocation, hold: HeldElin, live: LiveCall): void {
    const { directory, contactsOf } = this.#parts;
    const who = live.call.offer?.callerName?.text ?? live.call.offer?.caller?.digits ?? 'an unknown caller';
    const what = live.decision !== undefined && isTest(live.decision) ? 'TEST of an emergency call' : 'Emergency call';
    const text = `${what} to ${live.call.offer?.called.digits ?? 'the emergency service'} from ${who} (${hold.holder}) at ${location.name}; call back ${hold.elin}`;
    for (const id of location.notify) {
      const aor = directory().userById(id)?.aor;
      const phones = aor === undefined ? [] : contactsOf(aor);
      if (phones.length === 0) this.#report(live, 'emergency.not-told', { user: id });
      for (const phone of phones) this.#message(aor ?? '', phone, text);
      if (phones.length > 0) this.#call(id, location, hold, live, what);
    }
  }

  #call(id: string, location: DirectoryLocation, hold: HeldElin, live: LiveCall, what: string): void {
    const directory = this.#parts.directory();
    const announcement = directory.announcement(location.announcement ?? '');
    const user = directory.userById(id);
    // Who has just called for help himself is not rung meanwhile.
    if (announcement === undefined || user === undefined || user.aor === hold.aor) return;
    const decision = noticeOf(user, hold, location, directory.revision);
    const offer: Offer = {
      type: 'offer',
      called: { digits: user.extension ?? user.id, type: 'unknown', plan: 'private' },
      complete: true,
      caller: elinNumber(hold.elin),
      callerName: { text: `${what}, ${location.name}`, presentation: 'allowed' },
      redirecting: [],
      bearer: { capability: 'speech', law: 'ulaw' },
      codecs: [],
      uri: undefined,
      origin: undefined,
    };
    this.#parts.call({ user: id, decision }, live, offer, announcement);
  }

  #message(aor: string, { contact, path, flow }: PhoneAddress, text: string): void {
    const { random, directory, edge, site } = this.#parts;
    const message = request(
      'MESSAGE',
      contact,
      [
        ['Max-Forwards', '70'],
        ...path.map((value) => ['Route', value] as const),
        ['From', `<sip:${directory().domain}>;tag=${token(random, 8)}`],
        ['To', `<${aor}>`],
        ['Call-ID', token(random, 16)],
        ['CSeq', '1 MESSAGE'],
        ['Content-Type', 'text/plain;charset=utf-8'],
        ['Priority', 'emergency'],
        ['User-Agent', site().sip.userAgent],
      ],
      new TextEncoder().encode(text),
    );
    const transaction = `emergency-${token(random, 8)}`;
    const out = { type: 'request', transaction, request: message, nextHop: path[0] ?? contact } as const;
    edge().say(out, { hear: () => {}, flow: path.length === 0 ? flow : undefined });
  }
}

const isTest = ({ effects }: Decision): boolean => effects.some(({ type }) => type === 'emergency-test');

function holdOf({ effects }: Decision): HeldElin | undefined {
  for (const effect of effects) if (effect.type === 'hold-elin') return effect.hold;
  return undefined;
}

const isBlock = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** What an older release wrote differently is passed over. */
const isHold = (value: unknown): value is HeldElin =>
  isBlock(value) && ['elin', 'location', 'holder'].every((key) => typeof value[key] === 'string');

function phoneFrom(value: unknown): PhoneAddress | undefined {
  if (!isBlock(value) || typeof value.contact !== 'string' || !Array.isArray(value.path)) return undefined;
  return isBlock(value.flow)
    ? { contact: value.contact, path: value.path, flow: value.flow as unknown as Flow }
    : undefined;
}
