import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ladder, summary } from '../../../scripts/demo/ladder.ts';
import type { TraceEntry } from '../../../src/capture/trace.ts';
import type { WallTime } from '../../../src/kernel/time.ts';

const entry = (
  at: number,
  protocol: TraceEntry['protocol'],
  direction: TraceEntry['direction'],
  what: string,
  peer = '',
) => ({ at: at as WallTime, thread: 'c', protocol, direction, peer, what }) satisfies TraceEntry;

test('a ladder keeps cause before effect within one millisecond, and never grows beyond its columns', () => {
  const seen = [
    entry(1000.4, 'sip', 'out', 'INVITE sip:5551004@a-domain-that-is-much-too-long.example'),
    entry(1000.9, 'sip', 'in', '100 Trying, INVITE'),
    entry(1012.2, 'sip', 'in', '200 OK, INVITE'),
  ];
  const traced = [
    entry(1000, 'sip', 'in', 'INVITE sip:5551004@a-domain-that-is-much-too-long.example'),
    entry(1000, 'stage', undefined, 'group pstn', 'route'),
    entry(1000, 'q931', 'out', 'SETUP t1/1 called 5551004'),
    entry(1012, 'q931', 'in', 'CONNECT'),
  ];
  assert.equal(
    ladder(seen, traced, { phone: '201', gateway: 'Branchline', carrier: 't1' }),
    `
         201                                              Branchline                                       t1
  0.000  │── INVITE sip:5551004@a-domain-that-is-much-… ─▶│                                                │
  0.000  │                                                │ route group pstn                               │
  0.000  │                                                │── SETUP t1/1 called 5551004 ──────────────────▶│
  0.000  │◀── 100 Trying, INVITE ─────────────────────────│                                                │
  0.012  │                                                │◀── CONNECT ────────────────────────────────────│
  0.012  │◀── 200 OK, INVITE ─────────────────────────────│                                                │
`.slice(1),
  );
});

test('the summary tells the measured tone and the cause, not the ones that were hoped for', () => {
  const demonstration = {
    events: [],
    callId: 'c',
    registered: 200,
    statuses: [200],
    answered: true,
    ending: { by: 'far', status: undefined, cause: 41 } as const,
    tone: { frequency: 1003.96, level: -16.04 },
    seconds: 1.98,
    packets: 99,
    lost: 1,
  };
  assert.equal(
    summary(demonstration),
    'The phone heard 1004.0 Hz at -16.0 dBm0 (2.0 s, 99 RTP packets, 1 lost)\nThe call was ended by the far side, cause 41\n',
  );
  const refused = { ...demonstration, answered: false, tone: undefined };
  assert.equal(
    summary({ ...refused, registered: 403, ending: { by: 'far', status: 486, cause: 17 } }),
    'The phone could not register: 403\nThe call was ended by the far side with 486, cause 17\n',
  );
});
