/**
 * The way of a call, from top to bottom:
 * heardSetup → normalise → admit → route → dial → progress → answer → talk → release → record → publish.
 * The same eleven names are the log events, the metrics and the rungs of the ladders. Which protocol a leg speaks is not
 * known here.
 */
import { Call, type CallEffect, type CallEvent, type CallLimits, ourRelease, type ReleasedBy } from '../call/call.ts';
import { CAUSE, type Cause } from '../call/cause.ts';
import type { CallMediaCommand, LegMediaCommand, StreamStats } from '../call/media.ts';
import type { Offer, Release, Signal } from '../call/signal.ts';
import type { Log, LogFields } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import { after, type Instant, seconds } from '../kernel/time.ts';
import type { Decision } from '../routing/decision.ts';
import { type EnumAnswers, queryOf, type RoutingQuery, type Source } from '../routing/query.ts';
import { dialledText } from '../routing/trace.ts';
import type { CallRecord, LiveCallChange, StoreOp } from '../store/words.ts';
import type { Admission } from './admission.ts';
import type { LegHandle, LegWorld } from './bound-leg.ts';
import { recordOf, rowOf, sourceName, talkSeconds } from './call-record.ts';
import { type DialHop, nameOf, offerOn, type Phones, stepsOf } from './dial-hop.ts';
import type { EmergencyDesk } from './emergency-desk.ts';
import type { GatewayWatch } from './gateway-watch.ts';
import type { Ledger } from './ledger.ts';
import type { LiveCall } from './live-call.ts';
import type { Reactor, Wakeable } from './reactor.ts';
import type { LegRecovery } from './recovery.ts';
import { namedRelease } from './refused.ts';
import type { RoomMaker } from './room-maker.ts';
import type { Router } from './router.ts';
import type { Supervisor } from './supervise.ts';

export const STAGES = [
  'heardSetup',
  'normalise',
  'admit',
  'route',
  'dial',
  'progress',
  'answer',
  'talk',
  'release',
  'record',
  'publish',
] as const;
export type Stage = (typeof STAGES)[number];

/** What a leg says to the path; the rest is its maker's own business. */
export type LegEars = Omit<LegWorld<unknown>, 'wire' | 'recovery' | 'thread' | 'abandon'>;

/** Makes and starts the leg of a hop, or says why it can't be. */
export type Dialler = (leg: string, hop: DialHop, offer: Offer, ears: LegEars) => LegHandle | Release;

export interface CallPathParts {
  readonly reactor: Reactor;
  readonly log: Log;
  readonly supervisor: Supervisor;
  readonly router: Router;
  readonly dial: Dialler;
  readonly legMedia: (leg: string, command: LegMediaCommand) => void;
  readonly callMedia: (command: CallMediaCommand) => void;
  readonly persist: (op: StoreOp) => Promise<void>;
  readonly limits: () => CallLimits;
  readonly admission: Admission;
  readonly newCallId: () => string;
  readonly onStage: (call: string, stage: Stage, fields: LogFields) => void;
  /** Which threads of messages belong to this call, as they become known. */
  readonly onThreads: (call: string, threads: readonly string[]) => void;
  readonly onRecord: (record: CallRecord) => void;
  /** What users spend of their quotas. */
  readonly ledger: Pick<Ledger, 'answered' | 'ended'>;
  readonly desk: Pick<EmergencyDesk, 'decided' | 'ended'>;
  readonly phones: Phones;
  readonly room: Pick<RoomMaker, 'wanted' | 'make' | 'withholds'>;
  /** Is told how hops fare. */
  readonly watch: Pick<GatewayWatch, 'answered' | 'ended' | 'heardStream'>;
}

/** A decision that neither more digits nor an answer from outside can change. */
type Settled = Exclude<Decision, { readonly type: 'collect' | 'ask' }>;

/** How long the streams' last figures are awaited before the record is written without them. */
const SETTLE = seconds(2);

export class CallPath {
  readonly #parts: CallPathParts;
  readonly #calls = new Map<string, LiveCall>();
  readonly #byLeg = new Map<string, LiveCall>();
  readonly #wakes = new Map<string, Wakeable>();

  constructor(parts: CallPathParts) {
    this.#parts = parts;
  }

  get live(): ReadonlyMap<string, LiveCall> {
    return this.#calls;
  }

  legOf(leg: string): LegHandle | undefined {
    return this.#byLeg.get(leg)?.legs.get(leg);
  }

  /** Someone wants to call: `make` builds the A-leg, which then speaks through the ears it was given. */
  incoming<Leg extends LegHandle>(
    source: Source,
    tones: 'ours' | 'its own',
    make: (id: string, ears: LegEars) => Leg,
    address?: string,
  ): Leg {
    const { reactor, newCallId, limits } = this.#parts;
    const id = newCallId();
    const leg = `${id}.a`;
    const live: LiveCall = {
      id,
      call: new Call(id, { leg, tones }, limits()),
      source,
      address,
      started: reactor.clock.wall(),
      answered: undefined,
      ended: undefined,
      decision: undefined,
      revision: undefined,
      spender: undefined,
      stored: false,
      hops: new Map(),
      tried: [],
      legs: new Map(),
      stage: undefined,
      dialled: new Map(),
      with: new Map([[leg, sourceName(source)]]),
      endpoints: new Set(),
      channels: new Map(),
      sipCallIds: new Set(),
      stats: new Map(),
      release: undefined,
      settleBy: undefined,
    };
    this.#calls.set(id, live);
    this.#byLeg.set(leg, live);
    if (address !== undefined) this.#parts.admission.heardFrom(address, leg);
    const handle = make(leg, this.#ears(live, leg));
    live.legs.set(leg, handle);
    return handle;
  }

  /** The box ends a call: an operator, a fault, a shutdown. */
  end(id: string, cause: Cause): void {
    const live = this.#calls.get(id);
    if (live !== undefined) this.#feed(live, { type: 'end', cause });
  }

  callOf(leg: string): LiveCall | undefined {
    return this.#byLeg.get(leg);
  }

  /** The media plane has closed a leg's endpoint. */
  streamClosed(leg: string, stats: StreamStats): void {
    const live = this.#byLeg.get(leg);
    if (live === undefined) return;
    live.stats.set(leg, stats);
    const dialled = live.dialled.get(leg);
    if (dialled !== undefined) this.#parts.watch.heardStream(dialled.hop, stats);
    live.endpoints.delete(leg);
    this.#maySettle(live);
  }

  // ── heardSetup ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #heardSetup(live: LiveCall, offer: Offer): void {
    this.#stage(live, 'heardSetup', {
      from: offer.caller?.digits ?? 'unknown',
      to: offer.called.digits,
      source: sourceName(live.source),
    });
  }

  // ── normalise: what was dialled, and who asks ────────────────────────────────────────────────────────────────────────

  /** Decides, and decides again once the outside has answered what the decision asked of it. */
  #setup(live: LiveCall, offer: Offer, answers?: EnumAnswers): void {
    const { router, reactor } = this.#parts;
    const query = queryOf(offer, live.source, live.address);
    const decision = router.decide(query, answers);
    if (decision.type === 'collect') return this.#feed(live, { type: 'collect' });
    if (decision.type === 'ask') {
      return router.ask(decision, (found) =>
        reactor.run(() => {
          if (live.call.state === 'deciding') this.#setup(live, offer, found);
        }),
      );
    }
    this.#normalise(live, query);
    const refused = this.#admit(live, decision);
    if (refused !== undefined) return this.#feed(live, { type: 'refused', release: refused });
    this.#route(live, offer, decision);
  }

  #normalise(live: LiveCall, query: RoutingQuery): void {
    this.#stage(live, 'normalise', { dialled: dialledText(query.dialled) });
  }

  // ── admit: is there room; an emergency call is never asked ──────────────────────────────────────────────────────────

  #admit(live: LiveCall, decision: Settled): Release | undefined {
    const full = this.#parts.admission.admit(`${live.id}.a`, live.source, decision, this.#calls.size);
    const refused = full === undefined ? {} : { refused: full };
    this.#stage(live, 'admit', { ...refused, emergency: decision.emergency, calls: this.#calls.size });
    return full === undefined ? undefined : namedRelease({ id: full, status: 503, cause: CAUSE.congestion });
  }

  // ── route: the decision becomes steps, and the call's row is written ────────────────────────────────────────────────

  #route(live: LiveCall, offer: Offer, decision: Settled): void {
    const { router } = this.#parts;
    live.decision = decision;
    live.revision = decision.directoryRevision;
    this.#open(live, offer);
    router.follow(decision);
    this.#parts.desk.decided(live, decision);
    switch (decision.type) {
      case 'refusal': {
        const { refusal } = decision;
        this.#stage(live, 'route', { refused: refusal.id, why: refusal.why });
        return this.#feed(live, { type: 'refused', release: namedRelease(refusal) });
      }
      case 'hops': {
        const { steps, hops } = stepsOf(decision.hops, this.#parts.phones);
        for (const [name, hop] of hops) live.hops.set(name, hop);
        this.#stage(live, 'route', { hops: [...hops.values()].map(nameOf) });
        return this.#feed(live, { type: 'decided', steps });
      }
      default:
        return impossible(decision);
    }
  }

  #open(live: LiveCall, offer: Offer): void {
    live.stored = true;
    const dialogs = this.#recoveries(live);
    this.#write({ type: 'call-open', call: rowOf(live, offer, dialogs) });
  }

  // ── dial ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** An emergency call may have to wait until room has been made for it. */
  #tryHop(live: LiveCall, leg: string, name: string, dialled: Offer): void {
    const hop = live.hops.get(name);
    if (hop === undefined) return impossible(name as never);
    const { room } = this.#parts;
    if (!room.wanted(live, hop)) return this.#dial(live, leg, hop, dialled);
    void room.make(hop, () => {
      if (live.call.state === 'dialling') this.#dial(live, leg, hop, dialled);
      else this.#gone(live, leg);
    });
  }

  #dial(live: LiveCall, leg: string, hop: DialHop, dialled: Offer): void {
    live.tried.push(nameOf(hop));
    live.with.set(leg, nameOf(hop));
    live.dialled.set(leg, { hop, heard: false });
    this.#byLeg.set(leg, live);
    const offer = offerOn(hop, dialled, live.source, this.#parts.router.directory);
    this.#stage(live, 'dial', { leg, hop: nameOf(hop), number: offer.called.digits });
    const made = this.#made(live, leg, hop, offer);
    if ('tell' in made) {
      live.legs.set(leg, made);
      this.#note(live, { hops: live.tried });
      return;
    }
    const { reactor } = this.#parts;
    reactor.run(() => this.#heard(live, leg, made, undefined));
    reactor.run(() => this.#gone(live, leg));
  }

  /** A gateway that has filled up since the decision is passed over. */
  #made(live: LiveCall, leg: string, hop: DialHop, offer: Offer): LegHandle | Release {
    const room = this.#parts.admission.dial(leg, hop, live.decision?.emergency === true);
    if (!room || this.#parts.room.withholds(live, hop)) return ourRelease(CAUSE.noChannel);
    return this.#parts.dial(leg, hop, offer, this.#ears(live, leg));
  }

  // ── progress ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #progress(live: LiveCall, leg: string, inBand: boolean): void {
    this.#stage(live, 'progress', { leg, inBand });
    this.#note(live, {});
  }

  // ── answer, talk ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #answer(live: LiveCall, leg: string): void {
    live.answered = this.#parts.reactor.clock.wall();
    live.talkingSince = this.#parts.reactor.clock.now();
    this.#parts.ledger.answered(live, live.dialled.get(leg)?.hop);
    this.#stage(live, 'answer', { leg });
    this.#note(live, { answered: live.answered });
    this.#talk(live, leg);
  }

  #talk(live: LiveCall, leg: string): void {
    this.#stage(live, 'talk', { with: leg });
  }

  // ── release ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #release(live: LiveCall, signal: Release, by: ReleasedBy): void {
    live.ended = this.#parts.reactor.clock.wall();
    live.release = { signal, by };
    this.#parts.desk.ended(live);
    this.#stage(live, 'release', { cause: signal.cause, location: signal.location, by });
  }

  // ── record: once every leg is gone and the streams have said their last ─────────────────────────────────────────────

  #over(live: LiveCall): void {
    live.settleBy = after(this.#parts.reactor.clock.now(), SETTLE);
    this.#maySettle(live);
  }

  #maySettle(live: LiveCall): void {
    if (live.settleBy === undefined) return;
    if (live.endpoints.size === 0) this.#record(live);
    else this.#watch(live);
  }

  #record(live: LiveCall): void {
    if (!this.#calls.delete(live.id)) return;
    for (const leg of live.with.keys()) {
      this.#byLeg.delete(leg);
      this.#parts.admission.left(leg);
    }
    const watched = this.#wakes.get(live.id);
    if (watched !== undefined) this.#parts.reactor.forget(watched);
    this.#wakes.delete(live.id);
    const record = recordOf(live, this.#parts.reactor.clock.wall());
    this.#parts.ledger.ended(live, talkSeconds(record));
    this.#stage(live, 'record', { cause: record.cause, seconds: talkSeconds(record) });
    this.#parts.persist({ type: 'call-close', record }).then(
      () => this.#publish(live, record),
      (problem: unknown) => this.#notWritten(problem),
    );
  }

  // ── publish: the record is durable, and its outbox row with it ──────────────────────────────────────────────────────

  #publish(live: LiveCall, record: CallRecord): void {
    this.#stage(live, 'publish', {});
    this.#parts.onRecord(record);
  }

  // ── what moves a call along ──────────────────────────────────────────────────────────────────────────────────────────

  #ears(live: LiveCall, leg: string): LegEars {
    const { reactor, supervisor } = this.#parts;
    return {
      supervisor,
      say: (signal, branch) => reactor.run(() => this.#heard(live, leg, signal, branch)),
      media: (command) => {
        this.#noteMedia(live, leg, command);
        this.#parts.legMedia(leg, command);
      },
      gone: () => reactor.run(() => this.#gone(live, leg)),
    };
  }

  #heard(live: LiveCall, leg: string, signal: Signal, branch: string | undefined): void {
    if (signal.type === 'offer') this.#heardSetup(live, signal);
    this.#watchHop(live, leg, signal);
    this.#feed(live, { type: 'heard', leg, signal, ...(branch === undefined ? {} : { branch }) });
    // Only now has the caller's dialog been confirmed, and can be ended after a crash.
    if (signal.type === 'confirm') this.#note(live, {});
  }

  #gone(live: LiveCall, leg: string): void {
    this.#parts.admission.left(leg);
    this.#feed(live, { type: 'gone', leg });
  }

  /** What a hop's first words say of its gateway; a call that was answered ends for other reasons. */
  #watchHop(live: LiveCall, leg: string, signal: Signal): void {
    const dialled = live.dialled.get(leg);
    if (dialled === undefined) return;
    const { hop, heard } = dialled;
    if (signal.type !== 'release') {
      if (!heard) this.#parts.watch.answered(hop);
      live.dialled.set(leg, { hop, heard: true });
    } else if (live.answered === undefined) this.#parts.watch.ended(hop, signal, heard);
  }

  #noteMedia(live: LiveCall, leg: string, command: LegMediaCommand): void {
    if (command.type === 'open-rtp' || command.type === 'open-tdm') live.endpoints.add(leg);
    if (command.type !== 'open-tdm') return;
    live.channels.set(leg, command.channel);
    this.#note(live, { channels: [...live.channels.values()] });
  }

  #feed(live: LiveCall, event: CallEvent): void {
    const now = this.#parts.reactor.clock.now();
    this.#guarded(live, () => live.call.feed(event, now));
    this.#watch(live);
  }

  #guarded(live: LiveCall, what: () => readonly CallEffect[]): void {
    this.#parts.supervisor.guard(
      'call',
      live.id,
      () => {
        for (const effect of what()) this.#carryOut(live, effect);
      },
      () => this.#drop(live),
    );
  }

  /** After a fault of ours: every leg is told, and the call is recorded without its machine. */
  #drop(live: LiveCall): void {
    const signal = ourRelease(CAUSE.temporaryFailure);
    live.release ??= { signal, by: 'us' };
    for (const leg of live.legs.values()) leg.tell(signal);
    live.settleBy = this.#parts.reactor.clock.now();
  }

  #wake(live: LiveCall, now: Instant): void {
    if (live.settleBy !== undefined && live.settleBy <= now) return this.#record(live);
    this.#guarded(live, () => live.call.wake(now));
  }

  #watch(live: LiveCall): void {
    if (!this.#calls.has(live.id)) return;
    let wakeable = this.#wakes.get(live.id);
    if (wakeable === undefined) {
      const calls = this.#calls;
      wakeable = {
        get deadline() {
          return calls.has(live.id) ? (live.settleBy ?? live.call.deadline) : undefined;
        },
        wake: (now) => this.#wake(live, now),
      };
      this.#wakes.set(live.id, wakeable);
    }
    this.#parts.reactor.watch(wakeable);
  }

  #carryOut(live: LiveCall, effect: CallEffect): void {
    switch (effect.type) {
      case 'decide':
        return this.#setup(live, effect.offer);
      case 'dial':
        return this.#tryHop(live, effect.leg, effect.hop, effect.offer);
      case 'tell':
        return live.legs.get(effect.leg)?.tell(effect.signal);
      case 'media':
        return this.#parts.callMedia(effect.command);
      case 'progressed':
        return this.#progress(live, effect.leg, effect.inBand);
      case 'answered':
        return this.#answer(live, effect.leg);
      case 'released':
        return this.#release(live, effect.release, effect.by);
      case 'over':
        return this.#over(live);
      default:
        return impossible(effect);
    }
  }

  #stage(live: LiveCall, stage: Stage, fields: LogFields): void {
    live.stage = stage;
    this.#parts.log.info({ call: live.id, ...fields }, stage);
    this.#parts.onStage(live.id, stage, fields);
  }

  /** Brings the call's row up to date: where it stands, and what a restart would need to end it. */
  #note(live: LiveCall, change: LiveCallChange): void {
    if (!live.stored || live.release !== undefined) return;
    const dialogs = this.#recoveries(live);
    this.#write({ type: 'call-update', callId: live.id, change: { ...change, state: live.call.state, dialogs } });
  }

  /** What a restart after a crash needs of every leg. */
  #recoveries(live: LiveCall): readonly LegRecovery[] {
    const legs = [...live.legs.values()];
    this.#parts.onThreads(
      live.id,
      legs.map((leg) => leg.thread()).filter((thread) => thread !== undefined),
    );
    const records = legs.map((leg) => leg.recovery()).filter((record) => record !== undefined);
    for (const record of records) if (record.type === 'sip') live.sipCallIds.add(record.record.dialog.callId);
    return records;
  }

  #write(op: StoreOp): void {
    this.#parts.persist(op).catch((problem: unknown) => this.#notWritten(problem));
  }

  #notWritten(problem: unknown): void {
    const what = problem instanceof Object && 'what' in problem ? String(problem.what) : String(problem);
    this.#parts.log.error({ what }, 'call.not-written');
  }
}
