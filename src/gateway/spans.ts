import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { Offer, Release } from '../call/signal.ts';
import { same } from '../config/diff.ts';
import { channelsOf, lawOf, lineKey, SLOTS, udpOf } from '../config/line.ts';
import type { SpanGroupSetting, SpanSetting } from '../config/schema.ts';
import { Q921Link } from '../isdn/q921/link.ts';
import { Q931Group } from '../isdn/q931/group.ts';
import type { CallHandle, CallIndication, CallRecord, CallRequest, ChannelState } from '../isdn/q931/primitives.ts';
import { type TimerTable, VARIANTS } from '../isdn/q931/variants.ts';
import type { Log } from '../kernel/log.ts';
import { ok, type Result } from '../kernel/result.ts';
import { seconds } from '../kernel/time.ts';
import { IsdnLeg } from '../leg/isdn-leg.ts';
import { MAX_SPANS } from '../media/span-room.ts';
import type { Source } from '../routing/query.ts';
import type { SpanEvent, SpanPort } from '../span/port.ts';
import { BoundLeg, type LegHandle } from './bound-leg.ts';
import type { CallPath, LegEars } from './call-path.ts';
import { DChannel } from './d-channel.ts';
import type { DialHop } from './dial-hop.ts';
import type { LineBooks } from './line-books.ts';
import type { LineWatch } from './line-watch.ts';
import { waitUntil } from './patience.ts';
import type { Reactor } from './reactor.ts';
import type { LegRecovery } from './recovery.ts';
import { q931Thread } from './tracer.ts';
import { type WatchedSpan, watchLine } from './watch-line.ts';

/** Opens a span, B-channels and all; what it hears goes to `hear`. The error names the setting. */
export type OpenSpan = (span: SpanSetting, hear: (event: SpanEvent) => void) => Promise<Result<SpanPort, string>>;

export interface SpansParts {
  readonly reactor: Reactor;
  readonly log: Log;
  readonly open: OpenSpan;
  readonly books: LineBooks;
  readonly path: () => CallPath;
  /** One Q.931 message crossed the line; `handle` and its leg may be looked up by the message's call. */
  readonly onMessage: (span: string, direction: 'in' | 'out', message: Uint8Array) => void;
}

interface Span extends WatchedSpan {
  readonly watch: LineWatch;
  /** Legs that are on it. */
  readonly legs: Set<string>;
  /** It is about to be closed, and takes no more calls. */
  leaving: boolean;
}

/** How long the calls of a span that is taken away may take to end in order. */
const GOODBYE = seconds(3);

/** The spans with their D-channels: incoming calls become A-legs, hops to a span group become calls on a free B-channel. */
export class Spans {
  readonly #parts: SpansParts;
  readonly #spans = new Map<string, Span>();
  #groups: readonly SpanGroupSetting[] = [];

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
  async become(wanted: readonly SpanSetting[]): Promise<Result<void, string>> {
    const stays = ({ setting }: Span): boolean => wanted.some((one) => same(one, setting));
    const leaving = [...this.#spans.values()].filter((span) => !stays(span));
    const added = wanted.filter(({ id }) => !this.#spans.has(id));
    // What needs nothing of the leaving ones comes first: if it can't be opened, no call has been ended for it.
    const waits = (one: SpanSetting): boolean => leaving.some(({ setting }) => sharePorts(one, setting));
    const room = this.#spans.size + added.length <= MAX_SPANS;
    for (const setting of room ? added.filter((one) => !waits(one)) : []) {
      const opened = await this.add(setting, []);
      if (!opened.ok) return opened;
    }
    await Promise.all(leaving.map(({ setting }) => this.remove(setting.id)));
    for (const setting of wanted) {
      const opened = this.#spans.has(setting.id) ? ok(undefined) : await this.add(setting, []);
      if (!opened.ok) return opened;
    }
    return ok(undefined);
  }

  get all(): readonly (WatchedSpan & { readonly watch: LineWatch })[] {
    return [...this.#spans.values()];
  }

  /** Opens a span. `records`: calls that a crash left on it, cleared as soon as the link is up. */
  async add(setting: SpanSetting, records: readonly CallRecord[]): Promise<Result<void, string>> {
    const { reactor, log, open, onMessage } = this.#parts;
    const group = new Q931Group({
      side: setting.side,
      variant: VARIANTS[setting.variant],
      spans: [{ id: setting.id, interface: 0, slots: channelsOf(setting) }],
      timers: q931Timers(setting),
      restartAtStart: true,
      firstCallReference: 1 + Math.max(0, ...records.map(({ callRef }) => callRef)),
    });
    const { T200, T203 } = setting.timers;
    const link = new Q921Link({
      side: setting.side,
      ...(T200 === undefined ? {} : { t200: seconds(T200) }),
      ...(T203 === undefined ? {} : { t203: seconds(T203) }),
    });
    const dChannel = new DChannel({
      id: setting.id,
      link,
      group,
      reactor,
      log,
      onSetup: (handle) => this.#incoming(span, handle),
      onMessage: (direction, message) => onMessage(setting.id, direction, message),
      onChange: () => reactor.run(() => watch.look()),
    });
    const watch = watchLine({ setting, dChannel, group }, this.#parts);
    const span: Span = { setting, dChannel, group, watch, legs: new Set(), leaving: false };
    this.#spans.set(setting.id, span);
    if (records.length > 0) dChannel.feed({ type: 'adopt', records });
    const port = await open(setting, (event) => reactor.run(() => dChannel.hear(event)));
    if (!port.ok) {
      await dChannel.stop();
      this.#spans.delete(setting.id);
      return port;
    }
    reactor.run(() => {
      dChannel.start(port.value);
      watch.start(port.value);
    });
    return ok(undefined);
  }

  /** Closes a span. It takes no more calls, those on it are ended in order, then the line goes. */
  async remove(id: string): Promise<void> {
    const span = this.#spans.get(id);
    if (span === undefined) return;
    span.leaving = true;
    this.#parts.reactor.run(() => this.#endCalls(span));
    await waitUntil(this.#parts.reactor, () => span.legs.size === 0, GOODBYE);
    this.#spans.delete(id);
    span.watch.stop();
    await span.dChannel.stop();
  }

  /**
   * A call that was answered ends with 31: an operator's act is a normal event (Q.850 §2.2.7.1.21). One that was not ends with 41,
   * which asks for another attempt soon (§2.2.7.3.4), and on SIP is a 503 that an upstream proxy hunts on after.
   */
  #endCalls({ legs }: Span): void {
    const path = this.#parts.path();
    for (const live of [...path.live.values()]) {
      if (![...live.legs.keys()].some((leg) => legs.has(leg))) continue;
      path.end(live.id, live.answered === undefined ? CAUSE.temporaryFailure : CAUSE.normalUnspecified);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#spans.keys()].map((id) => this.remove(id)));
  }

  /** Why a group can take no call now; undefined when it can. */
  unfit(id: string): string | undefined {
    const spans = this.#of(id);
    if (spans.length === 0) return 'it has no spans';
    if (!spans.some(({ dChannel }) => dChannel.up)) return 'its D-channels are down';
    const open = spans.filter(isOpen);
    if (open.length === 0) return 'it is taken out of service';
    return open.some(hasIdle) ? undefined : 'all its B-channels are taken';
  }

  /** True while a group's D-channel is up and in service, busy or not: what health asks. */
  up(id: string): boolean {
    return this.#of(id).some((span) => span.dChannel.up && isOpen(span));
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
      const span = this.#spans.get(id);
      return span?.dChannel.up === true && !span.leaving && hasIdle(span);
    });
  }

  /** Dials a hop to a span group on the first of its spans that has room. */
  dial(leg: string, hop: Extract<DialHop, { type: 'span-group' }>, offer: Offer, ears: LegEars): LegHandle | Release {
    const fit = hop.spans
      .map((id) => this.#spans.get(id))
      .find((span) => span?.dChannel.up && !span.leaving && isOpen(span) && hasIdle(span));
    if (fit === undefined) return ourRelease(this.up(hop.id) ? CAUSE.noChannel : CAUSE.networkOutOfOrder);
    const made = new IsdnLeg({
      channel: { type: 'any', order: hop.hunting, exclusive: true },
      law: lawOf(fit.setting),
    });
    const handle = fit.dChannel.open((indication) => bound.hear(indication));
    const bound = this.#bind(leg, made, fit, handle, ears);
    bound.tell(offer);
    return bound;
  }

  #incoming(span: Span, handle: CallHandle): (indication: CallIndication) => void {
    if (span.leaving) {
      this.#parts.reactor.run(() => span.dChannel.request(handle, { type: 'release', cause: CAUSE.temporaryFailure }));
      return () => {};
    }
    const made = new IsdnLeg({ law: lawOf(span.setting) });
    const bound = this.#parts
      .path()
      .incoming(this.#sourceOf(span.setting.id), 'ours', (id, ears) => this.#bind(id, made, span, handle, ears));
    return (indication) => bound.hear(indication);
  }

  #sourceOf(span: string): Source {
    const group = this.#groups.find(({ spans }) => spans.includes(span));
    return group === undefined ? { type: 'unknown' } : { type: 'span-group', id: group.id };
  }

  #bind(
    id: string,
    leg: IsdnLeg,
    { setting, dChannel, group, legs }: Span,
    handle: CallHandle,
    ears: LegEars,
  ): BoundLeg<CallIndication, CallRequest> {
    legs.add(id);
    return new BoundLeg(
      id,
      leg,
      {
        ...ears,
        wire: (request) => dChannel.request(handle, request),
        gone: () => {
          legs.delete(id);
          ears.gone();
        },
        recovery: (): LegRecovery | undefined => {
          const record = group.record(handle);
          return record === undefined ? undefined : { type: 'q931', span: setting.id, record };
        },
        abandon: () => dChannel.request(handle, { type: 'release', cause: CAUSE.temporaryFailure }),
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
    return ids.flatMap((span) => this.#spans.get(span) ?? []).filter(({ leaving }) => !leaving);
  }
}

/** Whether both want the same line, or the same UDP ports. */
function sharePorts(a: SpanSetting, b: SpanSetting): boolean {
  const line = lineKey(a);
  if (line !== undefined && line === lineKey(b)) return true;
  const [one, other] = [udpOf(a)?.listen.port, udpOf(b)?.listen.port];
  if (one === undefined || other === undefined) return false;
  return one <= other + SLOTS[b.line] && other <= one + SLOTS[a.line];
}

/** Calls may begin on it: it is neither busied out nor looped back. */
const isOpen = ({ watch }: Span): boolean => watch.closed === undefined;

const hasIdle = ({ group }: Span): boolean => group.channelStates().some(({ state }) => state === 'idle');

/** How many B-channels are in each state. */
export function countStates(group: Q931Group): ReadonlyMap<ChannelState, number> {
  const counts = new Map<ChannelState, number>();
  for (const { state } of group.channelStates()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** The span's own timers over its variant's; those of Q.921 are the link's. */
function q931Timers({ timers }: SpanSetting): Partial<TimerTable> {
  const { T200, T203, ...rest } = timers;
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, seconds(value)]));
}
