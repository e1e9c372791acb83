/** A box as the HTTP API shows it, with nothing behind it. */
import type { Controls, ReadModel } from '../../src/console/http.ts';
import type { SpanDesk } from '../../src/console/span-routes.ts';
import type {
  BertView,
  CallView,
  CaptureView,
  EndView,
  PacketsView,
  SpanView,
  StatusView,
} from '../../src/console/views.ts';
import type { Health } from '../../src/telemetry/health.ts';

export const HEALTHY: Health = { verdict: 'ok', problems: [] };

export const STATUS: StatusView = {
  version: '0.1.0',
  site: { name: 'Redmond', domain: 'redmond.example' },
  startedAt: '2026-11-21T22:00:00.000Z',
  uptimeSeconds: 300,
  directoryRevision: '0123456789abcdef',
  health: HEALTHY,
  calls: { inProgress: 1, limit: 400 },
  gateways: [],
  registrations: [
    { user: '201', contacts: [{ uri: 'sip:201@127.0.0.1:5070', expiresAt: '2026-11-21T23:00:00.000Z' }] },
  ],
  confirmBy: undefined,
};

export const CALL: CallView = {
  id: 'c1',
  stage: 'talk',
  from: '201',
  to: '12145551234',
  startedAt: '2026-11-21T22:04:00.000Z',
  answeredAt: '2026-11-21T22:04:05.000Z',
  legs: [
    { id: 'c1.a', with: 'user 201', channel: undefined },
    { id: 'c1.1', with: 'span-group pstn', channel: 't1/23' },
  ],
};

const END: EndView = {
  available: true,
  current: { start: '2026-11-21T22:00:00.000Z', seconds: 300, valid: true, counts: { es: 2, css: 0 }, crossed: [] },
  day: { es: 1 },
};

export const SPAN: SpanView = {
  id: 't1',
  line: 't1',
  side: 'user',
  variant: 'ni2',
  alarms: [],
  trouble: undefined,
  layer1: {
    alarms: [],
    service: 'in-service',
    loopback: undefined,
    near: END,
    far: END,
  },
  clock: { source: 'line', reference: true },
  dChannel: { slot: 24, up: true },
  nfas: undefined,
  channels: [
    { slot: 22, state: 'idle', call: undefined },
    { slot: 23, state: 'busy', call: 'c1' },
  ],
};

/** A read model of one call on one span; `over` puts other answers in place. */
export const readModel = (over: Partial<ReadModel> = {}): ReadModel => ({
  status: () => STATUS,
  calls: () => [CALL],
  spans: () => [SPAN],
  explain: async ({ from, dial }) => ({
    decision: { type: 'hops' },
    lines: [`source          user ${from}`, `→ pstn ${dial}`],
  }),
  decision: (call) =>
    call === 'c1' ? { decision: { type: 'refusal' }, lines: ['→ refused no-route 404'] } : undefined,
  health: () => HEALTHY,
  metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'branchline_healthy 1\n' }),
  ...over,
});

const counted = { ...END, past: [{ ...END.current, valid: false }] };

const BERT: BertView = {
  span: 't1',
  pattern: 'qrss',
  running: true,
  until: '2026-11-21T22:05:00.000Z',
  channels: [{ slot: 1, sync: true, bits: 64_000, errors: 2, seconds: 1, errorSeconds: 1, losses: 0, slips: 0 }],
};

/** A desk of one span, t1, that notes what it was told; its slot 99 can't be served and its payload not looped. */
const spanDesk = (told: string[]): SpanDesk => ({
  performance: (span) => (span === 't1' ? { near: counted, far: counted } : undefined),
  diagnose: (span = 't1') =>
    span === 't1'
      ? [
          {
            span,
            farEnd: 'carrier',
            diagnoses: [
              {
                id: 'not-heard',
                party: 'wiring',
                what: 'They do not hear us.',
                checks: ['Check it.'],
                because: ['RAI'],
              },
            ],
            letter: 'Trouble\n\nPlease look.',
          },
        ]
      : undefined,
  serve(span, slots, inService) {
    if (span !== 't1') return { type: 'unknown' };
    told.push(`serve ${slots?.join(' ') ?? 'all'} ${inService}`);
    if (slots?.includes(99)) return { type: 'refused', why: 'no such slot' };
    return { type: 'done', layer1: { ...SPAN.layer1, service: inService ? 'in-service' : 'draining' } };
  },
  bert: async (span) => (span === 't1' ? { type: 'done', bert: BERT } : { type: 'unknown' }),
  async startBert(span, slots, pattern, seconds) {
    told.push(`bert ${span} ${slots?.join(' ') ?? 'all'} ${pattern} ${seconds}`);
    return slots?.includes(23) ? { type: 'refused', why: 'timeslot 23 has a call' } : { type: 'done', bert: BERT };
  },
  async stopBert(span) {
    told.push(`bert ${span} off`);
    return { type: 'done', bert: { ...BERT, running: false } };
  },
  async injectErrors(span, errors) {
    told.push(`inject ${span} ${errors}`);
    return { type: 'done', bert: BERT };
  },
  switchOver(group) {
    if (group !== 'shared') return { type: 'unknown' };
    told.push('switch');
    return told.filter((one) => one === 'switch').length > 1
      ? { type: 'refused', why: 'the primary D-channel is not in standby' }
      : { type: 'done', active: 'backup' };
  },
  loop(span, type, seconds) {
    if (span !== 't1') return { type: 'unknown' };
    told.push(`loop ${type} ${seconds}`);
    if (type === 'payload') return { type: 'refused', why: 'the driver can’t' };
    return { type: 'done', layer1: { ...SPAN.layer1, loopback: { type, until: '2026-11-21T22:05:00.000Z' } } };
  },
});

/** Controls that note what they were told and take every configuration. */
const CAPTURE: CaptureView = {
  running: true,
  until: '2026-11-21T22:05:00.000Z',
  spans: ['t1'],
  frames: 12,
  octets: 900,
  ended: undefined,
  packets: undefined,
};
const PACKETS: PacketsView = {
  interfaces: [{ name: 'lo', filter: 'udp port 5060' }],
  packets: 40,
  octets: 8000,
  dropped: 1,
  ended: undefined,
  why: undefined,
};

export function controls(over: Partial<Controls> = {}): Controls & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    spans: spanDesk(told),
    capture: {
      async begin({ spans, seconds, packets, interfaces }) {
        const which = packets.length === 0 ? '' : ` ${packets} on ${interfaces ?? 'those of the listeners'}`;
        told.push(`capture ${spans?.join(' ') ?? 'all'} ${seconds}${which}`);
        if (spans?.includes('t9')) return { type: 'refused', why: 'there is no D-channel on a span t9' };
        const failed = interfaces?.includes('eth9') ? ({ ended: 'failed', why: 'no right to capture' } as const) : {};
        return {
          type: 'done',
          capture: packets.length === 0 ? CAPTURE : { ...CAPTURE, packets: { ...PACKETS, ...failed } },
        };
      },
      end: async () => ({
        type: 'done',
        capture: { ...CAPTURE, running: false, ended: 'asked', packets: { ...PACKETS, ended: 'full' } },
      }),
      state: () => CAPTURE,
      file: () => [Uint8Array.of(1, 2), Uint8Array.of(3)],
    },
    apply: async (text, seconds) => {
      told.push(`apply ${text} ${seconds}`);
      const confirmBy = seconds === 0 ? undefined : '2026-11-21T22:10:00.000Z';
      const details = ['number: "+12145550203" → "+12145550299"'];
      return {
        type: 'applied',
        changes: [{ section: 'users', id: '203', kind: 'changed', reach: 'directory', details }],
        confirmBy,
      };
    },
    confirm: async () => {
      told.push('confirm');
      return { type: 'kept' };
    },
    abandon: async () => {
      told.push('abandon');
      return { type: 'kept-back', why: 'it was abandoned' };
    },
    ...over,
  };
}
