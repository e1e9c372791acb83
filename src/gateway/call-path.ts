/**
 * The way of a call, from top to bottom:
 * heardSetup → normalise → admit → route → dial → progress → answer → talk → release → record → publish.
 * Which protocol a leg speaks is not known here.
 */
import { ourRelease } from '../call/call.ts';
import type { CallEffect, CallLimits, ReleasedBy } from '../call/call-words.ts';
import { CAUSE, type Cause } from '../call/cause.ts';
import type { CallMediaCommand, LegMediaCommand, StreamStats } from '../call/media.ts';
import type { Offer, Release, Signal } from '../call/signal.ts';
import type { LogFields } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import { after, seconds } from '../kernel/time.ts';
import type { Decision } from '../routing/decision.ts';
import { whyOf } from '../routing/explain.ts';
import { type EnumAnswers, queryOf, type RoutingQuery, type Source } from '../routing/query.ts';
import { dialledText } from '../routing/trace.ts';
import type { CallRecord } from '../store/words.ts';
import type { Admission } from './admission.ts';
import type { LegHandle, LegWorld } from './bound-leg.ts';
import { CallBook, type CallBookParts } from './call-book.ts';
import { recordOf, talkSeconds } from './call-record.ts';
import { type DialHop, nameOf, offerOn, type Phones, stepsOf } from './dial-hop.ts';
import type { EmergencyDesk } from './emergency-desk.ts';
import type { GatewayWatch } from './gateway-watch.ts';
import type { Ledger } from './ledger.ts';
import { type CutOff, type LiveCall, type Notice, newLiveCall, sourceName } from './live-call.ts';
import { LiveCalls } from './live-calls.ts';
import { calledParty, callingParty } from './party.ts';
import type { Reactor } from './reactor.ts';
import { namedRelease } from './refused.ts';
import type { RoomMaker } from './room-maker.ts';
import type { Router } from './router.ts';
import type { Stage } from './stage.ts';
import type { Supervisor } from './supervise.ts';
import { mayReplace, Transfers } from './transfers.ts';

/** What a leg says to the path; the rest is its maker's own business. */
export type LegEars = Omit<LegWorld<unknown>, 'wire' | 'recovery' | 'thread' | 'abandon'>;

/** Makes and starts the leg of a hop, or says why it can't be. */
export type Dialler = (leg: string, hop: DialHop, offer: Offer, ears: LegEars) => LegHandle | Release;

interface CallPathParts extends CallBookParts {
  readonly reactor: Reactor;
  readonly supervisor: Supervisor;
  readonly router: Router;
  readonly dial: Dialler;
  readonly legMedia: (leg: string, command: LegMediaCommand) => void;
  readonly callMedia: (command: CallMediaCommand) => void;
  readonly limits: () => CallLimits;
  /** The leg that a Replaces header names as one of ours. */
  readonly legNamed: (replaces: string) => string | undefined;
  readonly admission: Admission;
  readonly newCallId: () => string;
  readonly onStage: (call: string, stage: Stage, fields: LogFields) => void;
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
  readonly #calls: LiveCalls;
  readonly #book: CallBook;
  readonly #transfers: Transfers;

  constructor(parts: CallPathParts) {
    this.#parts = parts;
    this.#book = new CallBook(parts);
    this.#calls = new LiveCalls({
      ...parts,
      carryOut: (live, effect) => this.#carryOut(live, effect),
      settled: (live) => this.#record(live),
    });
    this.#transfers = new Transfers({
      ...parts,
      calls: this.#calls,
      book: this.#book,
      wall: () => parts.reactor.clock.wall(),
      nameOf: (user) => parts.router.directory.userById(user)?.number ?? user,
      begin: (live, leg, offer) => this.#heard(live, leg, offer, undefined),
      say: (live, fields, what) => parts.log.info({ call: live.id, ...fields }, what),
    });
  }

  get live(): ReadonlyMap<string, LiveCall> {
    return this.#calls.all;
  }

  /** The decision of a call that is under way, or that has ended so lately that the store does not have its record. */
  decisionOf(call: string): unknown {
    return this.live.get(call)?.decision ?? this.#book.closing(call)?.decision;
  }

  legOf(leg: string): LegHandle | undefined {
    return this.#calls.legOf(leg);
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
    const from = { source, address, started: reactor.clock.wall() };
    const live = newLiveCall(id, { leg, tones }, limits(), from);
    this.#calls.add(live, leg);
    if (address !== undefined) this.#parts.admission.heardFrom(address, leg);
    const handle = make(leg, this.#ears(live, leg));
    live.legs.set(leg, handle);
    return handle;
  }

  /** The box itself calls: `make` builds the leg that speaks for it, which has yet to begin. `of`: the call that this is about. */
  own<Leg extends LegHandle>(notice: Notice, of: LiveCall, make: (id: string, ears: LegEars) => Leg): Leg {
    const handle = this.incoming({ type: 'unknown' }, 'its own', make);
    const live = this.#calls.of(handle.id);
    if (live !== undefined) {
      live.notice = notice;
      live.linkedId = of.linkedId;
      live.with.set(handle.id, 'this box');
    }
    return handle;
  }

  /** Someone puts a call of his in the place of a leg (RFC 3891): `make` builds his leg. Undefined when he may not, or there is none. */
  instead<Leg extends LegHandle>(
    old: string,
    source: Source,
    make: (id: string, ears: LegEars) => Leg,
    address: string,
  ): Leg | undefined {
    const live = this.#calls.of(old);
    const standing = live?.call.standing(old);
    if (live === undefined || standing === undefined || !mayReplace(source, live.parties.get(old))) return undefined;
    const leg = `${live.id}.r${++live.replacements}`;
    this.#calls.add(live, leg);
    live.with.set(leg, sourceName(source));
    live.instead.set(leg, old);
    this.#parts.admission.heardFrom(address, leg);
    const handle = make(leg, this.#ears(live, leg));
    live.legs.set(leg, handle);
    return handle;
  }

  /** He is there: the call is his from now on, unless it has ended or changed meanwhile. */
  #replace(live: LiveCall, leg: string, old: string, offer: Offer): void {
    live.instead.delete(leg);
    const there = live.parties.get(old);
    if (live.call.standing(old) === undefined || there === undefined) {
      return live.legs.get(leg)?.tell(ourRelease(CAUSE.invalidCallReference));
    }
    const party = callingParty(there.source, live.address, offer);
    live.parties.set(leg, party);
    this.#parts.log.info({ call: live.id, leg, instead: old }, 'call.replaced');
    const connected = { number: undefined, name: undefined };
    live.legs.get(leg)?.tell({ type: 'answer', connected, origin: undefined });
    this.#calls.feed(live, { type: 'replace', leg: old, by: leg });
    this.#book.note(live, {});
  }

  /** The box ends a call: an operator, a fault, a shutdown. */
  end(id: string, cause: Cause): void {
    const live = this.live.get(id);
    if (live !== undefined) this.#calls.feed(live, { type: 'end', cause });
  }

  /** Something that the call lives on is used up. */
  cutOff(id: string, why: CutOff, cause: Cause): void {
    const live = this.live.get(id);
    if (live === undefined || live.release !== undefined) return;
    live.cutOff = why;
    this.#calls.feed(live, { type: 'end', cause });
  }

  callOf(leg: string): LiveCall | undefined {
    return this.#calls.of(leg);
  }

  /** The media plane has closed a leg's endpoint. */
  streamClosed(leg: string, stats: StreamStats): void {
    const live = this.#calls.of(leg);
    if (live === undefined) return;
    live.stats.set(leg, stats);
    const dialled = live.dialled.get(leg);
    if (dialled !== undefined) this.#parts.watch.heardStream(dialled.hop, stats);
    live.endpoints.delete(leg);
    this.#maySettle(live);
  }

  // ── heardSetup ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #heardSetup(live: LiveCall, leg: string, offer: Offer): void {
    if (!live.parties.has(leg)) live.parties.set(leg, callingParty(live.source, live.address, offer));
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
    const { payer } = live;
    const query = { ...queryOf(offer, live.source, live.address), ...(payer === undefined ? {} : { payer }) };
    const decision = live.notice?.decision ?? router.decide(query, answers);
    if (decision.type === 'collect') return this.#calls.feed(live, { type: 'collect' });
    if (decision.type === 'ask') {
      const again = (found: EnumAnswers): void =>
        reactor.run(() => {
          if (live.call.state === 'deciding') this.#setup(live, offer, found);
        });
      return router.ask(decision, again, answers);
    }
    this.#normalise(live, query);
    const refused = this.#admit(live, decision);
    if (refused !== undefined) return this.#calls.feed(live, { type: 'refused', release: refused });
    this.#route(live, offer, decision);
  }

  #normalise(live: LiveCall, query: RoutingQuery): void {
    this.#stage(live, 'normalise', { dialled: dialledText(query.dialled) });
  }

  // ── admit: is there room; an emergency call is never asked ──────────────────────────────────────────────────────────

  #admit(live: LiveCall, decision: Settled): Release | undefined {
    // Who is transferred is in already, and counted where he came in.
    const source: Source = live.transfers === 0 ? live.source : { type: 'unknown' };
    const full = this.#parts.admission.admit(`${live.id}.a`, source, decision, this.live.size);
    const refused = full === undefined ? {} : { refused: full };
    this.#stage(live, 'admit', { ...refused, emergency: decision.emergency, calls: this.live.size });
    return full === undefined ? undefined : namedRelease({ id: full, status: 503, cause: CAUSE.congestion });
  }

  // ── route: the decision becomes steps, and the call's row is written ────────────────────────────────────────────────

  #route(live: LiveCall, offer: Offer, decision: Settled): void {
    const { router } = this.#parts;
    live.decision = decision;
    live.revision = decision.directoryRevision;
    this.#book.open(live, offer);
    router.follow(decision);
    this.#parts.desk.decided(live, decision);
    switch (decision.type) {
      case 'refusal': {
        const { refusal } = decision;
        this.#stage(live, 'route', { refused: refusal.id, why: whyOf(decision) });
        return this.#calls.feed(live, { type: 'refused', release: namedRelease(refusal) });
      }
      case 'hops': {
        const { steps, hops } = stepsOf(decision.hops, this.#parts.phones);
        for (const [name, hop] of hops) live.hops.set(name, hop);
        this.#stage(live, 'route', { hops: [...hops.values()].map(nameOf) });
        return this.#calls.feed(live, { type: 'decided', steps });
      }
      default:
        return impossible(decision);
    }
  }

  // ── dial ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** An emergency call may have to wait until room has been made for it. */
  #tryHop(live: LiveCall, leg: string, name: string, dialled: Offer): void {
    const hop = live.hops.get(name);
    if (hop === undefined) return impossible(name as never);
    const { room } = this.#parts;
    if (!room.wanted(live, hop)) return this.#dial(live, leg, hop, dialled);
    void room.make(hop, () => {
      // Meanwhile the caller may have gone, or the step may have rung out.
      if (live.call.standing(leg) === 'rings') this.#dial(live, leg, hop, dialled);
      else this.#gone(live, leg);
    });
  }

  #dial(live: LiveCall, leg: string, hop: DialHop, dialled: Offer): void {
    live.tried.push(nameOf(hop));
    live.with.set(leg, nameOf(hop));
    live.dialled.set(leg, { hop, heard: false });
    live.parties.set(leg, calledParty(hop));
    this.#calls.add(live, leg);
    const offer = offerOn(hop, dialled, live.source, this.#parts.router.directory);
    const [by] = hop.diverted ?? [];
    const diverted = by === undefined ? {} : { diverted: by.reason };
    this.#stage(live, 'dial', { leg, hop: nameOf(hop), number: offer.called.digits, ...diverted });
    const made = this.#made(live, leg, hop, offer);
    if ('tell' in made) {
      live.legs.set(leg, made);
      this.#book.note(live, { hops: live.tried });
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
    this.#transfers.rings(live);
    this.#book.note(live, {});
  }

  // ── answer, talk ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #answer(live: LiveCall, leg: string): void {
    live.answered = this.#parts.reactor.clock.wall();
    live.talkingSince = this.#parts.reactor.clock.now();
    this.#parts.ledger.answered(live, live.dialled.get(leg)?.hop);
    this.#stage(live, 'answer', { leg });
    this.#transfers.answered(live);
    this.#book.note(live, { answered: live.answered });
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
    if (by === 'caller') this.#transfers.ended(live, signal);
    // The call's own timer is the only one of ours that clears normally what was answered.
    const overdue = by === 'us' && live.answered !== undefined && signal.cause === CAUSE.normalClearing;
    const cutOff = live.cutOff ?? (overdue ? 'duration' : undefined);
    const why = cutOff === undefined ? {} : { cutOff };
    this.#stage(live, 'release', { cause: signal.cause, location: signal.location, by, ...why });
  }

  // ── record: once every leg is gone and the streams have said their last ─────────────────────────────────────────────

  #over(live: LiveCall): void {
    live.settleBy = after(this.#parts.reactor.clock.now(), SETTLE);
    this.#maySettle(live);
  }

  #maySettle(live: LiveCall): void {
    if (live.settleBy === undefined) return;
    if (live.endpoints.size === 0) this.#record(live);
    else this.#calls.watch(live);
  }

  #record(live: LiveCall): void {
    if (!this.#calls.remove(live)) return;
    this.#transfers.ended(live, live.release?.signal ?? ourRelease(CAUSE.temporaryFailure));
    const legs = [`${live.id}.a`, ...live.with.keys()].filter((leg) => this.#calls.of(leg) === undefined);
    for (const leg of legs) this.#parts.admission.left(leg);
    const record = recordOf(live, this.#parts.reactor.clock.wall());
    this.#parts.ledger.ended(live, talkSeconds(record));
    this.#stage(live, 'record', { cause: record.cause, seconds: talkSeconds(record) });
    this.#book.close(record, () => this.#publish(live, record));
  }

  // ── publish: the record is durable, and its outbox row with it ──────────────────────────────────────────────────────

  #publish(live: LiveCall, record: CallRecord): void {
    this.#stage(live, 'publish', {});
    this.#parts.onRecord(record);
  }

  // ── what moves a call along ──────────────────────────────────────────────────────────────────────────────────────────

  #ears(live: LiveCall, leg: string): LegEars {
    const { reactor, supervisor } = this.#parts;
    // A transfer may have brought the leg into another call.
    const now = (): LiveCall => this.#calls.of(leg) ?? live;
    return {
      supervisor,
      say: (signal, branch) => reactor.run(() => this.#heard(now(), leg, signal, branch)),
      media: (command) => {
        this.#noteMedia(now(), leg, command);
        this.#parts.legMedia(leg, command);
      },
      gone: () => reactor.run(() => this.#gone(now(), leg)),
    };
  }

  #heard(live: LiveCall, leg: string, signal: Signal, branch: string | undefined): void {
    if (signal.type === 'offer') {
      const old = live.instead.get(leg);
      if (old !== undefined) return this.#replace(live, leg, old, signal);
      this.#heardSetup(live, leg, signal);
    }
    this.#watchHop(live, leg, signal);
    this.#calls.feed(live, { type: 'heard', leg, signal, ...(branch === undefined ? {} : { branch }) });
    // Only now has the caller's dialog been confirmed, and can be ended after a crash.
    if (signal.type === 'confirm') this.#book.note(live, {});
  }

  #gone(live: LiveCall, leg: string): void {
    this.#parts.admission.left(leg);
    this.#calls.feed(live, { type: 'gone', leg });
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
    this.#book.note(live, { channels: [...live.channels.values()] });
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
      case 'transfer':
        return this.#transfers.wanted(live, effect.by, effect.of, effect.wanted);
      case 'given-back':
        return this.#transfers.givenBack(live, effect.leg, effect.release);
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
}
