import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { Offer, Release } from '../call/signal.ts';
import { same } from '../config/diff.ts';
import {
  channelsOf,
  clockOrder,
  lawOf,
  lineKey,
  type MemberSetting,
  type SignallingSetting,
  SLOTS,
  udpOf,
} from '../config/line.ts';
import type { SpanGroupSetting, SpanSetting } from '../config/schema.ts';
import { Q921Link } from '../isdn/q921/link.ts';
import type { DName } from '../isdn/q931/backup.ts';
import { Q931Group } from '../isdn/q931/group.ts';
import type { CallHandle, CallIndication, CallRecord, CallRequest, ChannelState } from '../isdn/q931/primitives.ts';
import { type TimerTable, VARIANTS } from '../isdn/q931/variants.ts';
import type { Log } from '../kernel/log.ts';
import { ok, type Result } from '../kernel/result.ts';
import { type Instant, seconds } from '../kernel/time.ts';
import { IsdnLeg } from '../leg/isdn-leg.ts';
import { MAX_SPANS } from '../media/span-room.ts';
import type { Source } from '../routing/query.ts';
import type { SpanEvent, SpanPort } from '../span/port.ts';
import { BoundLeg, type LegHandle } from './bound-leg.ts';
import type { CallPath, LegEars } from './call-path.ts';
import { DChannel, type LinkNews } from './d-channel.ts';
import type { DialHop } from './dial-hop.ts';
import type { LineBooks } from './line-books.ts';
import type { LineWatch } from './line-watch.ts';
import { waitUntil } from './patience.ts';
import type { Reactor } from './reactor.ts';
import type { LegRecovery } from './recovery.ts';
import { type Member, Signalling } from './signalling.ts';
import { q931Thread } from './tracer.ts';
import { type WatchedSpan, watchLine } from './watch-line.ts';

/** Opens a span, B-channels and all; what it hears goes to `hear`. The error names the setting. */
export type OpenSpan = (span: SpanSetting, hear: (event: SpanEvent) => void) => Promise<Result<SpanPort, string>>;

export interface SpansParts {
  /** Whose clock the media tick follows from now on: the reference, where its driver has a clock; undefined: the host's. */
  readonly follow: (span: string | undefined) => void;
  readonly reactor: Reactor;
  readonly log: Log;
  readonly open: OpenSpan;
  readonly books: LineBooks;
  readonly path: () => CallPath;
  /** One frame crossed a span's D-channel. */
  readonly onFrame: (span: string, direction: 'in' | 'out', frame: Uint8Array) => void;
  /** One Q.931 message, which begins at `at`, crossed the line, of the D-channel of this span or NFAS group. */
  readonly onMessage: (signalling: string, direction: 'in' | 'out', octets: Uint8Array, at: number) => void;
}

interface Span extends WatchedSpan {
  readonly watch: LineWatch;
  readonly trunk: Trunk;
}

/** The spans that one D-channel, or a pair of them, serves: they come and go together. */
interface Trunk {
  readonly setting: SignallingSetting;
  readonly signalling: Signalling;
  readonly group: Q931Group;
  readonly spans: Span[];
  /** Legs that are on them. */
  readonly legs: Set<string>;
  /** They are about to be closed, and take no more calls. */
  leaving: boolean;
}

/** How long the calls of a span that is taken away may take to end in order. */
const GOODBYE = seconds(3);

/** The spans with their D-channels: incoming calls become A-legs, hops to a span group become calls on a free B-channel. */
export class Spans {
  readonly #parts: SpansParts;
  readonly #trunks = new Map<string, Trunk>();
  #groups: readonly SpanGroupSetting[] = [];
  #reference: string | undefined;

  constructor(parts: SpansParts) {
    this.#parts = parts;
  }

  /** Which groups there are, from the next call on. */
  regroup(groups: readonly SpanGroupSetting[]): void {
    this.#groups = groups;
  }

  /**
   * Makes the spans be as in `wanted`: what is new is opened, what is gone or differs is closed, its calls ended in order first,
   * and opened anew; the others are not touched. After a failure the spans before it are as wanted: become what it was goes back.
   */
  async become(wanted: readonly SignallingSetting[]): Promise<Result<void, string>> {
    const stays = ({ setting }: Trunk): boolean => wanted.some((one) => same(one, setting));
    const leaving = [...this.#trunks.values()].filter((trunk) => !stays(trunk));
    const added = wanted.filter(({ id }) => !this.#trunks.has(id));
    // What needs nothing of the leaving ones comes first: if it can't be opened, no call has been ended for it.
    const waits = ({ members }: SignallingSetting): boolean =>
      members.some(({ span }) => leaving.some(({ spans }) => spans.some(({ setting }) => collide(span, setting))));
    const room = this.all.length + added.reduce((sum, { members }) => sum + members.length, 0) <= MAX_SPANS;
    for (const setting of room ? added.filter((one) => !waits(one)) : []) {
      const opened = await this.add(setting, []);
      if (!opened.ok) return opened;
    }
    await Promise.all(leaving.map(({ setting }) => this.#remove(setting.id)));
    for (const setting of wanted) {
      const opened = this.#trunks.has(setting.id) ? ok(undefined) : await this.add(setting, []);
      if (!opened.ok) return opened;
    }
    return ok(undefined);
  }

  get all(): readonly Span[] {
    return [...this.#trunks.values()].flatMap(({ spans }) => spans);
  }

  /** The D-channels, each with the spans that it serves. */
  get trunks(): readonly Pick<Trunk, 'setting' | 'signalling'>[] {
    return [...this.#trunks.values()];
  }

  /** The first line of the clock plan that can be followed; undefined where the box runs on its own clock. */
  get reference(): string | undefined {
    const good = this.all.filter(({ dChannel }) => dChannel.lineUp).map(({ setting }) => setting);
    return clockOrder(good)[0];
  }

  #followClock(): void {
    const { reference } = this;
    if (reference === this.#reference) return;
    this.#parts.log.info({ span: reference, before: this.#reference }, 'clock.reference');
    this.#reference = reference;
    // Over Ethernet the clock is ours to give, and a virtual line has none.
    const hasClock = reference !== undefined && this.#span(reference)?.setting.driver === 'dahdi';
    this.#parts.follow(hasClock ? reference : undefined);
  }

  #span(id: string): Span | undefined {
    return this.all.find(({ setting }) => setting.id === id);
  }

  /** Opens the spans of a D-channel. `records`: calls that a crash left on them, cleared as soon as the link is up. */
  async add(setting: SignallingSetting, records: readonly CallRecord[]): Promise<Result<void, string>> {
    const { reactor, log, open, onMessage } = this.#parts;
    const [first] = setting.members;
    if (first === undefined) return ok(undefined);
    const group = groupOf(setting, first, records);
    const signalling = new Signalling(
      {
        id: setting.id,
        group,
        reactor,
        log,
        onSetup: (handle) => this.#incoming(trunk, handle),
        onMessage: (direction, octets, at) => onMessage(setting.id, direction, octets, at),
        onChange: (span) =>
          reactor.run(() => {
            for (const one of trunk.spans) if (span === undefined || span === one.setting.id) one.watch.look();
          }),
      },
      (hear) =>
        setting.members.map((member) =>
          this.#member(member, hear, (id) => {
            lineChanged(trunk, id, reactor);
            this.#followClock();
          }),
        ),
    );
    const trunk: Trunk = { setting, signalling, group, spans: [], legs: new Set(), leaving: false };
    for (const [i, member] of setting.members.entries()) {
      const { dChannel } = signalling.members[i] as Member;
      const watched: WatchedSpan = { setting: member.span, dChannel, signalling, group, member };
      trunk.spans.push({ ...watched, watch: watchLine(watched, this.#parts), trunk });
    }
    this.#trunks.set(setting.id, trunk);
    if (records.length > 0) signalling.feed({ type: 'adopt', records });
    for (const span of trunk.spans) {
      const { dChannel, watch } = span;
      const port = await open(span.setting, (event) => reactor.run(() => dChannel.hear(event)));
      if (!port.ok) {
        for (const one of trunk.spans) one.watch.stop();
        await signalling.stop();
        this.#trunks.delete(setting.id);
        return port;
      }
      reactor.run(() => {
        dChannel.start(port.value);
        watch.start(port.value);
      });
    }
    this.#followClock();
    return ok(undefined);
  }

  #member(
    { span, interface: face, role }: MemberSetting,
    hear: (role: DName, news: LinkNews, now: Instant) => void,
    onChange: (span: string) => void,
  ): Member {
    const { reactor, log, onFrame } = this.#parts;
    const { T200, T203 } = span.timers;
    const link =
      role === undefined
        ? undefined
        : new Q921Link({
            side: span.side,
            ...(T200 === undefined ? {} : { t200: seconds(T200) }),
            ...(T203 === undefined ? {} : { t203: seconds(T203) }),
          });
    const dChannel = new DChannel({
      id: span.id,
      side: span.side,
      link,
      reactor,
      log,
      onLink: (news, now) => {
        if (role !== undefined) hear(role, news, now);
      },
      onFrame: (direction, frame) => onFrame(span.id, direction, frame),
      onChange: () => onChange(span.id),
    });
    return { dChannel, interface: face, role };
  }

  /** Closes the spans of a D-channel. They take no more calls, those on them are ended in order, then the lines go. */
  async #remove(id: string): Promise<void> {
    const trunk = this.#trunks.get(id);
    if (trunk === undefined) return;
    trunk.leaving = true;
    this.#parts.reactor.run(() => this.#endCalls(trunk));
    await waitUntil(this.#parts.reactor, () => trunk.legs.size === 0, GOODBYE);
    this.#trunks.delete(id);
    for (const { watch } of trunk.spans) watch.stop();
    this.#followClock();
    await trunk.signalling.stop();
  }

  /**
   * A call that was answered ends with 31: an operator's act is a normal event (Q.850 §2.2.7.1.21). One that was not ends with 41,
   * which asks for another attempt soon (§2.2.7.3.4), and on SIP is a 503 that an upstream proxy hunts on after.
   */
  #endCalls({ legs }: Trunk): void {
    const path = this.#parts.path();
    for (const live of [...path.live.values()]) {
      if (![...live.legs.keys()].some((leg) => legs.has(leg))) continue;
      path.end(live.id, live.answered === undefined ? CAUSE.temporaryFailure : CAUSE.normalUnspecified);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#trunks.keys()].map((id) => this.#remove(id)));
  }

  /** Why a group can take no call now; undefined when it can. */
  unfit(id: string): string | undefined {
    const spans = this.#of(id);
    if (spans.length === 0) return 'it has no spans';
    if (!spans.some(({ signalling }) => signalling.up)) return 'its D-channels are down';
    const usable = spans.filter(isUsable);
    if (usable.length === 0) return 'its lines are down';
    const open = usable.filter(isOpen);
    if (open.length === 0) return 'it is taken out of service';
    return open.some(hasIdle) ? undefined : 'all its B-channels are taken';
  }

  /** True while a group's D-channel is up and in service, busy or not: what health asks. */
  up(id: string): boolean {
    return this.#of(id).some((span) => span.signalling.up && isUsable(span) && isOpen(span));
  }

  /** Groups that can take no call now, each with the reason. */
  get unavailable(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const { id } of this.#groups) {
      const why = this.unfit(id);
      if (why !== undefined) found.set(id, why);
    }
    return found;
  }

  /** Whether one of these spans could take a call now. */
  hasIdle(spans: readonly string[]): boolean {
    return spans.some((id) => {
      const span = this.#span(id);
      return span?.signalling.up === true && !span.trunk.leaving && hasIdle(span);
    });
  }

  /** Dials a hop to a span group on the first of its spans that has room. */
  dial(leg: string, hop: Extract<DialHop, { type: 'span-group' }>, offer: Offer, ears: LegEars): LegHandle | Release {
    const fit = hop.spans
      .map((id) => this.#span(id))
      .find((span) => span?.signalling.up && !span.trunk.leaving && isOpen(span) && hasIdle(span));
    if (fit === undefined) return ourRelease(this.up(hop.id) ? CAUSE.noChannel : CAUSE.networkOutOfOrder);
    const made = new IsdnLeg({
      channel: { type: 'any', order: hop.hunting, exclusive: true, span: fit.setting.id },
      law: lawOf(fit.setting),
    });
    const handle = fit.signalling.open((indication) => bound.hear(indication));
    const bound = this.#bind(leg, made, fit.trunk, handle, ears);
    bound.tell(offer);
    return bound;
  }

  #incoming(trunk: Trunk, handle: CallHandle): (indication: CallIndication) => void {
    const { signalling } = trunk;
    if (trunk.leaving) {
      this.#parts.reactor.run(() => signalling.request(handle, { type: 'release', cause: CAUSE.temporaryFailure }));
      return () => {};
    }
    // The channel that SETUP names says which span it came on.
    const on = trunk.group.record(handle)?.span;
    const span = trunk.spans.find(({ setting }) => setting.id === on) ?? (trunk.spans[0] as Span);
    const made = new IsdnLeg({ law: lawOf(span.setting) });
    const bound = this.#parts
      .path()
      .incoming(this.#sourceOf(span.setting.id), 'ours', (id, ears) => this.#bind(id, made, trunk, handle, ears));
    return (indication) => bound.hear(indication);
  }

  #sourceOf(span: string): Source {
    const group = this.#groups.find(({ spans }) => spans.includes(span));
    return group === undefined ? { type: 'unknown' } : { type: 'span-group', id: group.id };
  }

  #bind(
    id: string,
    leg: IsdnLeg,
    { setting, signalling, group, legs }: Trunk,
    handle: CallHandle,
    ears: LegEars,
  ): BoundLeg<CallIndication, CallRequest> {
    legs.add(id);
    return new BoundLeg(
      id,
      leg,
      {
        ...ears,
        wire: (request) => signalling.request(handle, request),
        gone: () => {
          legs.delete(id);
          ears.gone();
        },
        recovery: (): LegRecovery | undefined => {
          const record = group.record(handle);
          return record === undefined ? undefined : { type: 'q931', span: record.span ?? setting.id, record };
        },
        abandon: () => signalling.request(handle, { type: 'release', cause: CAUSE.temporaryFailure }),
        thread: () => {
          const record = group.record(handle);
          return record === undefined ? undefined : q931Thread(setting.id, record.callRef, record.outgoing);
        },
      },
      this.#parts.reactor,
    );
  }

  #of(id: string): readonly Span[] {
    const ids = this.#groups.find((group) => group.id === id)?.spans ?? [];
    return ids.flatMap((span) => this.#span(span) ?? []).filter(({ trunk }) => !trunk.leaving);
  }
}

/** Whether both want the same line, or the same UDP ports. */
function collide(a: SpanSetting, b: SpanSetting): boolean {
  const line = lineKey(a);
  if (line !== undefined && line === lineKey(b)) return true;
  const [one, other] = [udpOf(a)?.listen.port, udpOf(b)?.listen.port];
  if (one === undefined || other === undefined) return false;
  return one <= other + SLOTS[b.line] && other <= one + SLOTS[a.line];
}

/** Calls may begin on it: it is neither busied out nor looped back. */
const isOpen = ({ watch }: Span): boolean => watch.closed === undefined;

/** Of several spans with one D-channel each has a line of its own that may be gone; elsewhere the D-channel goes with it. */
const isUsable = ({ trunk, dChannel }: Span): boolean => trunk.spans.length === 1 || dChannel.lineUp;

const hasIdle = (span: Span): boolean => statesOf(span).some(({ state }) => state === 'idle');

/** What the B-channels of a span are doing. */
export function statesOf({ setting, group }: WatchedSpan): ReturnType<Q931Group['channelStates']> {
  return group.channelStates().filter(({ channel }) => channel.span === setting.id);
}

/** How many of a span's B-channels are in each state. */
export function countStates(span: WatchedSpan): ReadonlyMap<ChannelState, number> {
  const counts = new Map<ChannelState, number>();
  for (const { state } of statesOf(span)) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** A span's link or an alarm of its line has changed. Whose D-channel is elsewhere still has to be told that its own line is gone. */
function lineChanged(trunk: Trunk, id: string, reactor: Reactor): void {
  const span = trunk.spans.find(({ setting }) => setting.id === id);
  if (span === undefined) return;
  if (trunk.spans.length > 1) trunk.signalling.feed({ type: 'line', span: id, up: span.dChannel.lineUp });
  reactor.run(() => span.watch.look());
}

function groupOf(
  { members }: SignallingSetting,
  { span: { side, variant, timers } }: MemberSetting,
  records: readonly CallRecord[],
): Q931Group {
  return new Q931Group({
    side,
    variant: VARIANTS[variant],
    spans: members.map(({ span, interface: face }) => ({ id: span.id, interface: face, slots: channelsOf(span) })),
    timers: q931Timers(timers),
    restartAtStart: true,
    firstCallReference: 1 + Math.max(0, ...records.map(({ callRef }) => callRef)),
  });
}

/** The span's own timers over its variant's; those of Q.921 are the link's. */
function q931Timers(timers: SpanSetting['timers']): Partial<TimerTable> {
  const { T200, T203, ...rest } = timers;
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, seconds(value)]));
}
