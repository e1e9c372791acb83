/** What the gateway shows of itself, for the HTTP API, the command line and Prometheus. It only reads. */

import { clockOf, dChannelOf } from '../config/line.ts';
import type { CallView, SpanView, StatusView } from '../console/views.ts';
import type { Clock, Instant, WallTime } from '../kernel/time.ts';
import { PARAMETERS } from '../line/second.ts';
import type { MetricsFacts } from '../telemetry/metrics.ts';
import type { Gateway } from './gateway.ts';
import { iso, isoOf } from './iso.ts';
import { layer1View } from './layer1-view.ts';
import type { LineState } from './line-watch.ts';
import type { LiveCall } from './live-call.ts';
import { countStates, statesOf } from './spans.ts';
import { knownBy } from './trunk-identity.ts';
import type { WatchedSpan } from './watch-line.ts';

export interface StatusFacts {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly version: string;
  readonly started: WallTime;
  /** When a configuration on trial is given up, unless it is confirmed. */
  readonly confirmBy: Instant | undefined;
}

export function statusView({ gateway, clock, version, started, confirmBy }: StatusFacts): StatusView {
  const { site, router, registration, path } = gateway;
  return {
    version,
    site: { name: site.site.name, domain: site.site.domain },
    startedAt: iso(started),
    uptimeSeconds: Math.round((clock.wall() - started) / 1000),
    directoryRevision: router.directory.revision,
    health: gateway.health(),
    calls: { inProgress: path.live.size, limit: site.limits.calls },
    gateways: gatewayViews(gateway),
    registrations: [...registration.online].map((user) => ({
      user,
      contacts: registration
        .contactsOf(user)
        .map(({ contact, deadline }) => ({ uri: contact, expiresAt: isoOf(deadline, clock) })),
    })),
    confirmBy: confirmBy === undefined ? undefined : isoOf(confirmBy, clock),
  };
}

function gatewayViews({ site, router, admission, waysOut }: Gateway): StatusView['gateways'] {
  const down = waysOut.filter(({ up }) => !up).map(({ id, why }) => [id, why] as const);
  const out = new Map([...down, ...router.unavailable]);
  const common = (id: string) => ({ id, calls: admission.carried.get(id) ?? 0, out: out.get(id) });
  return [
    ...site.spanGroups.map(({ id }) => ({ type: 'span-group', ...common(id), known: undefined }) as const),
    ...site.sipTrunks.map(
      (trunk) => ({ type: 'sip-trunk', ...common(trunk.id), known: knownBy(trunk, site) }) as const,
    ),
  ];
}

export function callViews({ gateway }: StatusFacts): readonly CallView[] {
  return [...gateway.path.live.values()].map((live) => ({
    id: live.id,
    stage: live.stage ?? '',
    from: live.call.offer?.caller?.digits ?? '',
    to: live.call.offer?.called.digits ?? '',
    startedAt: iso(live.started),
    answeredAt: live.answered === undefined ? undefined : iso(live.answered),
    legs: legsOf(live),
  }));
}

function legsOf(live: LiveCall): CallView['legs'] {
  return [...live.legs.keys()].map((id) => {
    const channel = live.channels.get(id);
    return {
      id,
      with: live.with.get(id) ?? '',
      channel: channel === undefined ? undefined : `${channel.span}/${channel.slot}`,
    };
  });
}

export function spanViews({ gateway, clock }: StatusFacts): readonly SpanView[] {
  const calls = new Map<string, string>();
  for (const live of gateway.path.live.values()) {
    for (const { span, slot } of live.channels.values()) calls.set(`${span}/${slot}`, live.id);
  }
  const { reference } = gateway.spans;
  return gateway.spans.all.map((span) => {
    const { setting, dChannel, watch } = span;
    return {
      id: setting.id,
      line: setting.line,
      side: setting.side,
      variant: setting.variant,
      alarms: [...dChannel.alarms],
      trouble: dChannel.trouble,
      clock: { source: clockOf(setting), reference: setting.id === reference },
      layer1: layer1View(watch.state(), clock),
      dChannel: { slot: dChannelOf(setting), up: dChannel.up },
      nfas: nfasView(span),
      channels: statesOf(span).map(({ channel, state }) => ({
        slot: channel.slot,
        state,
        call: calls.get(`${channel.span}/${channel.slot}`),
      })),
    };
  });
}

function nfasView({ member, signalling }: WatchedSpan): SpanView['nfas'] {
  if (signalling.members.length === 1) return undefined;
  const { role, interface: face } = member;
  return {
    group: signalling.id,
    interface: face,
    role: role ?? 'none',
    state: role === undefined ? undefined : signalling.stateOf(role),
  };
}

export function metricsFacts(gateway: Gateway): MetricsFacts {
  const { spans, edge, registration, path, media, site } = gateway;
  const { ticks, overruns, lateness, clockPpm, rtpEndpoints, tdmEndpoints, portsInUse, spans: lines } = media.stats();
  const { clients, servers, dialogs } = edge.load;
  const up = new Set(gateway.waysOut.filter((way) => way.up).map(({ id }) => id));
  return {
    callsInProgress: path.live.size,
    channels: spans.all.flatMap((span) =>
      [...countStates(span)].map(([state, count]) => ({ span: span.setting.id, state, count })),
    ),
    dChannels: spans.all
      .filter(({ dChannel }) => dChannel.exists)
      .map(({ setting, dChannel }) => ({ span: setting.id, up: dChannel.up })),
    alarms: spans.all.flatMap(({ setting, dChannel }) =>
      [...dChannel.alarms].map((alarm) => ({ span: setting.id, alarm })),
    ),
    standingAlarms: spans.all.flatMap(({ setting, watch }) =>
      watch.state().alarms.map(({ id }) => ({ span: setting.id, alarm: id })),
    ),
    service: spans.all.map(({ setting, watch }) => ({ span: setting.id, state: watch.service })),
    lines: spans.all.flatMap(({ setting, watch }) => lineCounts(setting.id, watch.state().performance)),
    sipTransactions: [
      { kind: 'client', count: clients },
      { kind: 'server', count: servers },
    ],
    sipDialogs: dialogs,
    registrations: { users: registration.online.size, contacts: registration.size },
    gateways: [...site.spanGroups, ...site.sipTrunks].map(({ id, callsAtOnce }) => ({
      gateway: id,
      calls: gateway.admission.carried.get(id) ?? 0,
      limit: callsAtOnce,
      surge: gateway.watch.surging.includes(id),
      up: up.has(id),
      throttled: gateway.watch.throttled.has(id),
      availability: gateway.watch.standing.get(id)?.availability,
      quality: gateway.watch.standing.get(id)?.quality,
      ...gateway.watch.outcomes(id),
    })),
    wanUp: gateway.peers.wanUp,
    emergencies: gateway.desk.counts,
    elinsHeld: gateway.desk.elins.size,
    flood: gateway.flood.counts,
    media: {
      driver: site.media.driver,
      endpoints: rtpEndpoints + tdmEndpoints,
      ports: portsInUse,
      ticks,
      lateTicks: overruns,
      worstLatenessSeconds: lateness.max / 1000,
      slips: lines.reduce((sum, { slips }) => sum + slips, 0),
      clockPpm,
    },
    healthy: gateway.unfit() === undefined,
    faults: gateway.supervisor.faults,
  };
}

/** The quarter hour that runs, and the 24 hours before it. */
function lineCounts(span: string, performance: LineState['performance']): MetricsFacts['lines'] {
  return (['near', 'far'] as const).flatMap((end) => {
    const { current, day } = performance[end];
    return PARAMETERS.flatMap((parameter) => [
      { span, end, parameter, window: 'quarter-hour', count: current.counts[parameter] },
      { span, end, parameter, window: 'day', count: day[parameter] },
    ]);
  });
}
