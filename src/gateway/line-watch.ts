/** Layer 1 of one span, joined to the reactor: read once a second, counted, its alarms raised, its channels taken out of service. */
import type { Log } from '../kernel/log.ts';
import { after, earlier, type Instant, type Millis, seconds, until } from '../kernel/time.ts';
import { Timers } from '../kernel/timers.ts';
import { type AlarmEffect, type AlarmTimes, SpanAlarms, type StandingAlarm } from '../line/alarms.ts';
import { BusyOut, type ServiceOrder, type ServiceState, type SlotState } from '../line/busy-out.ts';
import type { SpanEvidence } from '../line/evidence.ts';
import type { Failure, LedgerView } from '../line/ledger.ts';
import { LookBack } from '../line/look-back.ts';
import { type End, Performance, type PerformanceSetup } from '../line/performance.ts';
import type { LineAlarm, LineReading, Loopback, SpanPort } from '../span/port.ts';
import type { LineBin } from '../store/words.ts';
import type { DChannel } from './d-channel.ts';
import type { LineBooks } from './line-books.ts';
import type { Reactor, Wakeable } from './reactor.ts';
import type { Signalling } from './signalling.ts';

export interface LineWatchParts {
  readonly id: string;
  readonly reactor: Reactor;
  readonly log: Log;
  readonly dChannel: DChannel;
  readonly signalling: Pick<Signalling, 'feed' | 'evidence'>;
  readonly performance: PerformanceSetup;
  readonly times: AlarmTimes;
  readonly books: LineBooks;
  /** What the doctor must know of the span's settings. */
  readonly known: Pick<SpanEvidence, 'line' | 'framing' | 'medium' | 'side' | 'variant' | 'dSlot'>;
  readonly slots: () => readonly SlotState[];
}

/** What is to be seen of a span's layer 1. */
export interface LineState {
  readonly alarms: readonly StandingAlarm[];
  readonly service: ServiceState;
  readonly loopback: { readonly type: Loopback | 'remote'; readonly until: Instant | undefined } | undefined;
  readonly performance: Readonly<Record<End, LedgerView>>;
}

const SECOND = seconds(1);
/** So often the bin that is counted is stored: what a crash may cost is then seen by the bin's missing seconds. */
const STORED_EVERY = 60;
const LINE_ALARMS: readonly LineAlarm[] = ['LOS', 'AIS', 'LOF', 'RAI'];

export class LineWatch implements Wakeable {
  readonly #parts: LineWatchParts;
  readonly #alarms: SpanAlarms;
  readonly #performance: Performance;
  readonly #busyOut: BusyOut;
  readonly #timers = new Timers<'second' | 'release'>();
  #port: SpanPort | undefined;
  #reading: LineReading | undefined;
  #loopback: { readonly type: Loopback; readonly until: Instant } | undefined;
  #seconds = 0;
  /** When the next second ends: seconds follow each other without the delays of the loop adding up. */
  #next: Instant;
  readonly #lookBack = new LookBack();

  constructor(parts: LineWatchParts) {
    this.#parts = parts;
    this.#alarms = new SpanAlarms(parts.times);
    this.#performance = new Performance(parts.performance);
    this.#busyOut = new BusyOut(parts.books.busyOut(parts.id));
    this.#next = parts.reactor.clock.now();
  }

  get deadline(): Instant | undefined {
    return earlier(this.#timers.deadline, this.#alarms.deadline);
  }

  start(port: SpanPort): void {
    const { reactor } = this.#parts;
    this.#port = port;
    // One that a crash has left in the hardware has no timer any more that would end it.
    const left = port.read?.()?.loopback;
    if (left !== undefined && left !== 'remote') port.loop?.(undefined);
    // Who asks in the first second is not to be told that the port is silent.
    this.#reading = port.read?.();
    this.#schedule(reactor.clock.now());
    this.look();
  }

  /** Nothing is watched any more; what was counted is stored. */
  stop(): void {
    this.#parts.reactor.forget(this);
    if (this.#port !== undefined) this.#store();
    // Nobody would end it any more.
    if (this.#loopback !== undefined) this.#port?.loop?.(undefined);
    this.#loopback = undefined;
    this.#port = undefined;
  }

  wake(now: Instant): void {
    for (let due = this.#timers.take(now); due !== undefined; due = this.#timers.take(now)) {
      if (due === 'second') this.#second(now);
      else this.release();
    }
    this.#say(this.#alarms.wake(now));
  }

  /** The D-channel, an alarm or a B-channel has changed. */
  look(): void {
    if (this.#port === undefined) return;
    const { reactor, dChannel, slots } = this.#parts;
    const now = reactor.clock.now();
    this.#say(this.#alarms.feed({ type: 'line', alarms: [...dChannel.alarms] }, now));
    this.#say(this.#alarms.feed({ type: 'd-channel', up: dChannel.up || !dChannel.exists }, now));
    if (this.#busyOut.any) this.#order(this.#busyOut.follow(slots()));
    reactor.watch(this);
  }

  // Service

  /** Why no call may begin on this span; undefined while it may. */
  get closed(): string | undefined {
    if ((this.#loopback ?? this.#reading?.loopback) !== undefined) return 'it is looped back';
    const state = this.service;
    return state === 'in-service' || state === 'partly' ? undefined : 'it is taken out of service';
  }

  get service(): ServiceState {
    return this.#busyOut.any ? this.#busyOut.state(this.#parts.slots()) : 'in-service';
  }

  /** Whether an operator wants this slot out of service. */
  isOut(slot: number): boolean {
    return ((this.#busyOut.mask >>> slot) & 1) === 1;
  }

  /** Takes channels out of service, each as soon as it has no call, or back into service. It outlasts a restart. */
  serve(slots: readonly number[], inService: boolean): void {
    const { id, log, books } = this.#parts;
    log.info({ span: id, inService, slots }, 'span.service');
    const orders = this.#busyOut.want(slots, inService, this.#parts.slots());
    books.setBusyOut(id, this.#busyOut.mask);
    this.#order(orders);
  }

  #order(orders: readonly ServiceOrder[]): void {
    const { id, signalling } = this.#parts;
    for (const { slot, inService } of orders) {
      signalling.feed({ type: 'service', channel: { span: id, slot }, inService });
    }
  }

  // Loopback

  /** Makes a loopback that ends by itself; answers why it can't. */
  loop(type: Loopback, time: Millis): string | undefined {
    const { id, reactor, log, dChannel } = this.#parts;
    const port = this.#port;
    if (port?.loop === undefined) return 'this span’s driver can make no loopback';
    const why = port.loop(type);
    if (why !== undefined) return why;
    const now = reactor.clock.now();
    this.#loopback = { type, until: after(now, time) };
    dChannel.loop(true);
    this.#timers.start('release', now, time);
    log.warn({ span: id, loopback: type, seconds: time / SECOND }, 'span.loopback');
    reactor.watch(this);
    return undefined;
  }

  /** Takes a loopback away, ours or another; answers why it stays. */
  release(): string | undefined {
    if ((this.#loopback ?? this.#reading?.loopback) === undefined) return undefined;
    const why = this.#port?.loop?.(undefined);
    if (why !== undefined) {
      // It must not stay for want of a second try.
      this.#timers.start('release', this.#parts.reactor.clock.now(), SECOND);
      return why;
    }
    this.#loopback = undefined;
    this.#parts.dChannel.loop(false);
    this.#reading = this.#port?.read?.();
    this.#timers.stop('release');
    this.#parts.log.info({ span: this.#parts.id }, 'span.loopback-released');
    return undefined;
  }

  // Once a second

  #second(now: Instant): void {
    const { reactor, log, id, dChannel } = this.#parts;
    if (!this.#schedule(now)) this.#performance.resume();
    this.#reading = this.#port?.read?.();
    this.#compare(this.#reading);
    const wall = reactor.clock.wall();
    const crossings = this.#performance.second(this.#reading, dChannel.stood(), this.#failures(), wall);
    for (const { end, parameter, count, threshold } of crossings) {
      log.warn({ span: id, end, parameter, count, threshold }, 'line-threshold');
    }
    if (++this.#seconds % STORED_EVERY !== 1) return;
    this.#lookBack.mark(this.#performance.counted(), now);
    this.#store();
  }

  /** Answers false where seconds were slept through: they are missing from their bin, and not made up for. */
  #schedule(now: Instant): boolean {
    this.#next = after(this.#next, SECOND);
    const inTime = this.#next > now;
    if (!inTime) this.#next = after(now, SECOND);
    this.#timers.start('second', now, until(now, this.#next));
    return inTime;
  }

  /** What the line shows without having said so: an event is only made when alarms come to be or all go. */
  #compare(reading: LineReading | undefined): void {
    if (reading === undefined) return;
    const { dChannel } = this.#parts;
    for (const alarm of LINE_ALARMS) {
      const raised = reading.alarms.includes(alarm);
      if (dChannel.alarms.has(alarm) !== raised) dChannel.hear({ type: 'alarm', alarm, raised });
    }
  }

  #failures(): Readonly<Record<End, Failure>> {
    const of = (alarms: readonly LineAlarm[]): Failure => ({
      present: alarms.some((alarm) => this.#alarms.present(alarm)),
      declared: alarms.some((alarm) => this.#alarms.declared(alarm)),
    });
    return { near: of(['LOS', 'AIS', 'LOF']), far: of(['RAI']) };
  }

  #store(): void {
    const { id, reactor, books } = this.#parts;
    const records = this.#performance.records(reactor.clock.wall());
    const bins = (['near', 'far'] as const).flatMap((end) =>
      records[end].map((record): LineBin => ({ span: id, end, ...record })),
    );
    books.write(bins);
  }

  #say(effects: readonly AlarmEffect[]): void {
    const { log, id, reactor } = this.#parts;
    for (const { type, id: alarm } of effects) {
      if (type === 'raised') log.warn({ span: id, alarm }, 'alarm.raised');
      else log.info({ span: id, alarm }, 'alarm.cleared');
      if (type === 'cleared' && alarm !== 'd-channel-down')
        this.#lookBack.begin(this.#performance.counted(), reactor.clock.now());
    }
  }

  // What is to be seen

  get alarms(): readonly StandingAlarm[] {
    return this.#alarms.visible;
  }

  state(): LineState {
    const remote = this.#reading?.loopback;
    return {
      alarms: this.alarms,
      service: this.service,
      loopback: this.#loopback ?? (remote === undefined ? undefined : { type: remote, until: undefined }),
      performance: this.#performance.view(this.#parts.reactor.clock.wall()),
    };
  }

  evidence(): SpanEvidence {
    const { id, known, reactor, dChannel, signalling } = this.#parts;
    const now = reactor.clock.now();
    return {
      span: id,
      ...known,
      trouble: dChannel.trouble,
      port: this.#port !== undefined && (this.#port.read === undefined || this.#reading !== undefined),
      alarms: LINE_ALARMS.filter((alarm) => this.#alarms.present(alarm) || this.#alarms.declared(alarm)),
      loopback: this.#loopback?.type ?? this.#reading?.loopback,
      ...this.#lookBack.facts(this.#performance.counted(), this.#reading?.far !== undefined, now),
      flagsIn: this.#reading?.flagsIn,
      ...(dChannel.exists ? dChannel.evidence : (signalling.evidence ?? dChannel.evidence)).facts(now),
    };
  }
}
