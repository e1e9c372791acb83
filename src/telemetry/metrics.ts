/** What Prometheus scrapes. Counters are moved by events; gauges are read from the parts when a scrape asks. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** The state of the moment, asked for once per scrape. Times in seconds. */
export interface MetricsFacts {
  readonly callsInProgress: number;
  readonly channels: readonly { readonly span: string; readonly state: string; readonly count: number }[];
  /** 1 while the data link of the span's D-channel is up. */
  readonly dChannels: readonly { readonly span: string; readonly up: boolean }[];
  readonly alarms: readonly { readonly span: string; readonly alarm: string }[];
  /** Alarms that have stood long enough, by their stable ids. */
  readonly standingAlarms: readonly { readonly span: string; readonly alarm: string }[];
  readonly service: readonly { readonly span: string; readonly state: string }[];
  /** Counts of T1.231 by end (near, far), parameter (es, ses …) and window (quarter-hour, day). */
  readonly lines: readonly {
    readonly span: string;
    readonly end: string;
    readonly parameter: string;
    readonly window: string;
    readonly count: number;
  }[];
  /** Live transactions by kind: the four machines of RFC 3261 §17. */
  readonly sipTransactions: readonly { readonly kind: string; readonly count: number }[];
  readonly sipDialogs: number;
  /** Addresses of record with a binding, and bindings. */
  readonly registrations: { readonly users: number; readonly contacts: number };
  readonly gateways: readonly GatewayFacts[];
  /** Whether anything beyond the branch answers. */
  readonly wanUp: boolean;
  /** Since the start, by the stable ids of the events. */
  readonly emergencies: Readonly<Record<string, number>>;
  readonly elinsHeld: number;
  readonly flood: FloodFacts;
  readonly media: MediaFacts | undefined;
  readonly healthy: boolean;
  /** Faults of our own, each confined to a leg or a call: anything but 0 is to be reported. */
  readonly faults: number;
}

/** A span group or SIP trunk. */
export interface GatewayFacts {
  readonly gateway: string;
  /** Legs through it. */
  readonly calls: number;
  /** How many it may carry; undefined: as many as it can. */
  readonly limit: number | undefined;
  /** It has far more calls than usual. */
  readonly surge: boolean;
  /** It is left out after failures. */
  /** Whether it can carry calls. */
  readonly up: boolean;
  readonly throttled: boolean;
  /** Shares of late, 0–1; undefined while nothing is known. */
  readonly availability: number | undefined;
  readonly quality: number | undefined;
  /** Hops since the start that showed that it lives, or that it does not. */
  readonly good: number;
  readonly failed: number;
}

/** `bans` and `dropped` since the start. */
export interface FloodFacts {
  readonly sources: number;
  readonly banned: number;
  readonly bans: number;
  /** Messages of banned sources, unread. */
  readonly dropped: number;
}

/** Since the worker started, save for `endpoints` and `ports`. */
export interface MediaFacts {
  readonly driver: string;
  readonly endpoints: number;
  /** RTP ports that are bound. */
  readonly ports: number;
  readonly ticks: number;
  /** Ticks that began more than one tick late. */
  readonly lateTicks: number;
  readonly worstLatenessSeconds: number;
  readonly slips: number;
  /** By how many parts per million the tick runs ahead of the host's clock. */
  readonly clockPpm: number;
}

export interface Metrics {
  readonly contentType: string;
  /** A call has reached a stage of its way. */
  stage(name: string): void;
  /** The router or admission said no. */
  refused(id: string): void;
  /** The box has ended a call that was talked in: duration, silence, quota. */
  cutOff(why: string): void;
  /** A diverted call goes on, for this reason. */
  diverted(reason: string): void;
  /** A call is over, with its Q.850 cause. */
  ended(cause: number): void;
  text(): Promise<string>;
}

/** `stages` are the names of the call path, each shown from the start with 0. */
export function createMetrics(stages: readonly string[], facts: () => MetricsFacts): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'branchline_' });
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, label: Label): Counter<Label> =>
    new Counter({ name: `branchline_${name}`, help, labelNames: [label], registers });
  const stageCounter = counter('call_stage_total', 'Calls that reached a stage of their way', 'stage');
  const refusals = counter('call_refusals_total', 'Calls refused, by the id of the refusal', 'refusal');
  const ends = counter('calls_ended_total', 'Calls that ended, by Q.850 cause', 'cause');
  const cutOffs = counter('call_cut_offs_total', 'Calls that the box has ended, by what was used up', 'why');
  const diversions = counter(
    'call_diversions_total',
    'Legs of diverted calls, by the reason of the diversion',
    'reason',
  );
  for (const stage of stages) stageCounter.inc({ stage }, 0);
  const refresh = gauges(registry);
  return {
    contentType: registry.contentType,
    stage: (stage) => stageCounter.inc({ stage }),
    refused: (refusal) => refusals.inc({ refusal }),
    cutOff: (why) => cutOffs.inc({ why }),
    diverted: (reason) => diversions.inc({ reason }),
    ended: (cause) => ends.inc({ cause: String(cause) }),
    text: () => {
      refresh(facts());
      return registry.metrics();
    },
  };
}

/** The gauges, and how to set them all from the facts: what is no longer among them is no longer shown. */
function gauges(registry: Registry): (facts: MetricsFacts) => void {
  const gauge = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Gauge<Label> =>
    new Gauge({ name: `branchline_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const calls = gauge('calls_in_progress', 'Calls from the offer to the last release');
  const healthy = gauge('healthy', '1 while the box can carry calls');
  const faults = gauge('faults', 'Faults of our own, each confined to one leg or call');
  const channels = gauge('b_channels', 'B-channels of a span by state', ['span', 'state']);
  const dChannels = gauge('d_channel_up', '1 while the data link of the D-channel is up', ['span']);
  const alarms = gauge('span_alarm', '1 for each alarm that a line has', ['span', 'alarm']);
  const standing = gauge('alarm', '1 for each alarm that stands on a span and follows from no other', [
    'span',
    'alarm',
  ]);
  const service = gauge('span_service', '1 for the state of service that a span is in', ['span', 'state']);
  const lines = gauge('line_count', 'Counts of a line (T1.231) in the quarter hour that runs, and the day before it', [
    'span',
    'end',
    'parameter',
    'window',
  ]);
  const transactions = gauge('sip_transactions', 'Live SIP transactions by kind', ['kind']);
  const dialogs = gauge('sip_dialogs', 'Live SIP dialogs');
  const users = gauge('registered_users', 'Addresses of record with at least one binding');
  const contacts = gauge('registered_contacts', 'Bindings of all users');
  const carried = gauge('gateway_calls', 'Calls through a span group or SIP trunk', ['gateway']);
  const surges = gauge('gateway_surge', '1 while a gateway has far more calls than usual', ['gateway']);
  const gatewayLimits = gauge('gateway_call_limit', 'Calls that a gateway may carry, where it has a limit', [
    'gateway',
  ]);
  const up = gauge('gateway_up', '1 while a gateway can carry calls: a D-channel is up, the peer answers', ['gateway']);
  const throttled = gauge('gateway_throttled', '1 while a gateway is left out after failures', ['gateway']);
  const availability = gauge('gateway_availability', 'Share of hops of late that a gateway has taken', ['gateway']);
  const quality = gauge('gateway_quality', 'Share of packets of late that could be played as sent', ['gateway']);
  const outcomes = gauge('gateway_hops', 'Hops since the start that showed that a gateway lives, or does not', [
    'gateway',
    'outcome',
  ]);
  const wan = gauge('wan_up', '1 while anything beyond the branch answers');
  const emergencies = gauge('emergency_events', 'Emergency calls and what became of them, since the start', ['event']);
  const elins = gauge('elins_held', 'Emergency numbers of places that are held for a call back');
  const sources = gauge('flood_sources', 'SIP sources whose messages are counted');
  const banned = gauge('flood_sources_banned', 'SIP sources that are not listened to now');
  const bans = gauge('flood_bans', 'Bans of SIP sources since the start');
  const dropped = gauge('flood_messages_dropped', 'Messages of banned SIP sources, unread, since the start');
  const endpoints = gauge('media_endpoints', 'Open media endpoints', ['driver']);
  const ports = gauge('media_ports', 'RTP ports in use');
  const ticks = gauge('media_ticks', 'Ticks of the media worker since it started');
  const late = gauge('media_late_ticks', 'Ticks that began more than one tick late');
  const worst = gauge('media_lateness_worst_seconds', 'The latest that a tick has begun');
  const clockPpm = gauge(
    'media_clock_ppm',
    'How far the media tick runs ahead of the host clock, to follow the reference span',
  );
  const slips = gauge('media_slips', 'Blocks dropped or repeated between span and packet clocks');
  return (facts) => {
    for (const labelled of [
      ...[gatewayLimits, up, throttled, availability, quality, outcomes],
      ...[carried, surges, channels, dChannels, alarms, standing, service, lines, transactions, endpoints],
    ])
      labelled.reset();
    calls.set(facts.callsInProgress);
    healthy.set(facts.healthy ? 1 : 0);
    faults.set(facts.faults);
    for (const { span, state, count } of facts.channels) channels.set({ span, state }, count);
    for (const { span, up } of facts.dChannels) dChannels.set({ span }, up ? 1 : 0);
    for (const { span, alarm } of facts.alarms) alarms.set({ span, alarm }, 1);
    for (const { span, alarm } of facts.standingAlarms) standing.set({ span, alarm }, 1);
    for (const { span, state } of facts.service) service.set({ span, state }, 1);
    for (const { count, ...labels } of facts.lines) lines.set(labels, count);
    for (const { kind, count } of facts.sipTransactions) transactions.set({ kind }, count);
    dialogs.set(facts.sipDialogs);
    users.set(facts.registrations.users);
    contacts.set(facts.registrations.contacts);
    for (const { gateway, ...of } of facts.gateways) {
      carried.set({ gateway }, of.calls);
      surges.set({ gateway }, of.surge ? 1 : 0);
      up.set({ gateway }, of.up ? 1 : 0);
      throttled.set({ gateway }, of.throttled ? 1 : 0);
      if (of.limit !== undefined) gatewayLimits.set({ gateway }, of.limit);
      if (of.availability !== undefined) availability.set({ gateway }, of.availability);
      if (of.quality !== undefined) quality.set({ gateway }, of.quality);
      outcomes.set({ gateway, outcome: 'good' }, of.good);
      outcomes.set({ gateway, outcome: 'failed' }, of.failed);
    }
    wan.set(facts.wanUp ? 1 : 0);
    for (const [event, count] of Object.entries(facts.emergencies)) emergencies.set({ event }, count);
    elins.set(facts.elinsHeld);
    sources.set(facts.flood.sources);
    banned.set(facts.flood.banned);
    bans.set(facts.flood.bans);
    dropped.set(facts.flood.dropped);
    if (facts.media === undefined) return;
    endpoints.set({ driver: facts.media.driver }, facts.media.endpoints);
    ports.set(facts.media.ports);
    ticks.set(facts.media.ticks);
    late.set(facts.media.lateTicks);
    worst.set(facts.media.worstLatenessSeconds);
    slips.set(facts.media.slips);
    clockPpm.set(facts.media.clockPpm);
  };
}
