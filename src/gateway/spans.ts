import { ourRelease } from '../call/call.ts';
import { CAUSE } from '../call/cause.ts';
import type { Offer, Release } from '../call/signal.ts';
import { channelsOf, lawOf } from '../config/line.ts';
import type { SpanGroupSetting, SpanSetting } from '../config/schema.ts';
import { Q921Link } from '../isdn/q921/link.ts';
import { Q931Group } from '../isdn/q931/group.ts';
import type { CallHandle, CallIndication, CallRecord, CallRequest, ChannelState } from '../isdn/q931/primitives.ts';
import { type TimerTable, VARIANTS } from '../isdn/q931/variants.ts';
import type { Log } from '../kernel/log.ts';
import { seconds } from '../kernel/time.ts';
import { IsdnLeg } from '../leg/isdn-leg.ts';
import type { Source } from '../routing/query.ts';
import type { SpanEvent, SpanPort } from '../span/port.ts';
import { BoundLeg, type LegHandle } from './bound-leg.ts';
import type { CallPath, LegEars } from './call-path.ts';
import { DChannel } from './d-channel.ts';
import type { DialHop } from './dial-hop.ts';
import type { Reactor } from './reactor.ts';
import type { LegRecovery } from './recovery.ts';
import { q931Thread } from './tracer.ts';

/** Opens a span's port; what it hears goes to `hear`. */
export type OpenSpan = (span: SpanSetting, hear: (event: SpanEvent) => void) => Promise<SpanPort>;

export interface SpansParts {
  readonly reactor: Reactor;
  readonly log: Log;
  readonly open: OpenSpan;
  readonly path: () => CallPath;
  /** One Q.931 message crossed the line; `handle` and its leg may be looked up by the message's call. */
  readonly onMessage: (span: string, direction: 'in' | 'out', message: Uint8Array) => void;
}

interface Span {
  readonly setting: SpanSetting;
  readonly dChannel: DChannel;
  readonly group: Q931Group;
}

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

  get all(): readonly { readonly setting: SpanSetting; readonly dChannel: DChannel; readonly group: Q931Group }[] {
    return [...this.#spans.values()];
  }

  /** Opens a span. `records`: calls that a crash left on it, cleared as soon as the link is up. */
  async add(setting: SpanSetting, records: readonly CallRecord[]): Promise<void> {
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
    });
    const span: Span = { setting, dChannel, group };
    this.#spans.set(setting.id, span);
    if (records.length > 0) dChannel.feed({ type: 'adopt', records });
    const port = await open(setting, (event) => reactor.run(() => dChannel.hear(event)));
    reactor.run(() => dChannel.start(port));
  }

  /** Closes a span; its calls are ended first by the caller. */
  async remove(id: string): Promise<void> {
    const span = this.#spans.get(id);
    this.#spans.delete(id);
    await span?.dChannel.stop();
  }

  async stop(): Promise<void> {
    for (const id of [...this.#spans.keys()]) await this.remove(id);
  }

  /** Why a group can take no call now; undefined when it can. */
  unfit(id: string): string | undefined {
    const spans = this.#of(id);
    if (spans.length === 0) return 'it has no spans';
    if (!spans.some(({ dChannel }) => dChannel.up)) return 'its D-channels are down';
    return spans.some(hasIdle) ? undefined : 'all its B-channels are taken';
  }

  /** True while a group's D-channel is up, busy or not: what health asks. */
  up(id: string): boolean {
    return this.#of(id).some(({ dChannel }) => dChannel.up);
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

  /** Dials a hop to a span group on the first of its spans that has room. */
  dial(leg: string, hop: Extract<DialHop, { type: 'span-group' }>, offer: Offer, ears: LegEars): LegHandle | Release {
    const fit = hop.spans.map((id) => this.#spans.get(id)).find((span) => span?.dChannel.up && hasIdle(span));
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
    { setting, dChannel, group }: Span,
    handle: CallHandle,
    ears: LegEars,
  ): BoundLeg<CallIndication, CallRequest> {
    return new BoundLeg(
      id,
      leg,
      {
        ...ears,
        wire: (request) => dChannel.request(handle, request),
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
    return ids.map((span) => this.#spans.get(span)).filter((span) => span !== undefined);
  }
}

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
