import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, type MetricsFacts } from '../../../src/telemetry/metrics.ts';

const FACTS: MetricsFacts = {
  callsInProgress: 2,
  channels: [
    { span: 't1', state: 'busy', count: 2 },
    { span: 't1', state: 'idle', count: 21 },
  ],
  dChannels: [{ span: 't1', up: true }],
  alarms: [{ span: 't1', alarm: 'RAI' }],
  standingAlarms: [{ span: 't1', alarm: 'line-rai' }],
  service: [{ span: 't1', state: 'draining' }],
  lines: [{ span: 't1', end: 'near', parameter: 'es', window: 'day', count: 7 }],
  sipTransactions: [{ kind: 'invite-server', count: 3 }],
  sipDialogs: 4,
  registrations: { users: 1, contacts: 2 },
  gateways: [
    {
      gateway: 'pstn',
      calls: 2,
      limit: 20,
      surge: false,
      up: false,
      throttled: true,
      availability: 0.75,
      quality: undefined,
      good: 30,
      failed: 10,
    },
  ],
  wanUp: true,
  emergencies: { 'emergency.call': 1 },
  elinsHeld: 1,
  flood: { sources: 3, banned: 1, bans: 2, dropped: 70 },
  media: {
    driver: 'native',
    endpoints: 4,
    ports: 2,
    ticks: 1000,
    lateTicks: 1,
    worstLatenessSeconds: 0.021,
    slips: 5,
    clockPpm: -12.5,
  },
  healthy: true,
  faults: 0,
};

/** The value of one sample, by its whole name with labels; undefined where it isn't shown. */
const sample = (text: string, name: string): string | undefined =>
  text
    .split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.slice(name.length + 1);

test('every stage is shown from the start, so that a rate can be taken before the first call', async () => {
  const metrics = createMetrics(['heardSetup', 'publish'], () => FACTS);
  metrics.stage('heardSetup');
  metrics.stage('heardSetup');
  metrics.refused('no-route');
  metrics.ended(16);
  metrics.cutOff('quota');
  metrics.diverted('busy');
  const text = await metrics.text();
  assert.equal(sample(text, 'branchline_call_stage_total{stage="heardSetup"}'), '2');
  assert.equal(sample(text, 'branchline_call_stage_total{stage="publish"}'), '0');
  assert.equal(sample(text, 'branchline_call_refusals_total{refusal="no-route"}'), '1');
  assert.equal(sample(text, 'branchline_call_cut_offs_total{why="quota"}'), '1');
  assert.equal(sample(text, 'branchline_call_diversions_total{reason="busy"}'), '1');
  assert.equal(sample(text, 'branchline_calls_ended_total{cause="16"}'), '1');
});

test('gauges say what is so at the scrape, and what is gone is no longer shown', async () => {
  let facts = FACTS;
  const metrics = createMetrics([], () => facts);
  const first = await metrics.text();
  assert.equal(sample(first, 'branchline_calls_in_progress'), '2');
  assert.equal(sample(first, 'branchline_b_channels{span="t1",state="busy"}'), '2');
  assert.equal(sample(first, 'branchline_span_alarm{span="t1",alarm="RAI"}'), '1');
  assert.equal(sample(first, 'branchline_alarm{span="t1",alarm="line-rai"}'), '1');
  assert.equal(sample(first, 'branchline_span_service{span="t1",state="draining"}'), '1');
  assert.equal(sample(first, 'branchline_line_count{span="t1",end="near",parameter="es",window="day"}'), '7');
  assert.equal(sample(first, 'branchline_sip_transactions{kind="invite-server"}'), '3');
  assert.equal(sample(first, 'branchline_sip_dialogs'), '4');
  assert.equal(sample(first, 'branchline_media_endpoints{driver="native"}'), '4');
  assert.equal(sample(first, 'branchline_media_ports'), '2');
  assert.equal(sample(first, 'branchline_gateway_up{gateway="pstn"}'), '0');
  assert.equal(sample(first, 'branchline_gateway_throttled{gateway="pstn"}'), '1');
  assert.equal(sample(first, 'branchline_gateway_call_limit{gateway="pstn"}'), '20');
  assert.equal(sample(first, 'branchline_gateway_availability{gateway="pstn"}'), '0.75');
  assert.equal(sample(first, 'branchline_gateway_quality{gateway="pstn"}'), undefined);
  assert.equal(sample(first, 'branchline_gateway_hops{gateway="pstn",outcome="failed"}'), '10');
  assert.equal(sample(first, 'branchline_emergency_events{event="emergency.call"}'), '1');
  assert.equal(sample(first, 'branchline_wan_up'), '1');
  facts = {
    ...FACTS,
    callsInProgress: 0,
    channels: [],
    alarms: [],
    standingAlarms: [],
    service: [{ span: 't1', state: 'out-of-service' }],
    dChannels: [{ span: 't1', up: false }],
    healthy: false,
    faults: 0,
  };
  const second = await metrics.text();
  assert.equal(sample(second, 'branchline_calls_in_progress'), '0');
  assert.equal(sample(second, 'branchline_b_channels{span="t1",state="busy"}'), undefined);
  assert.equal(sample(second, 'branchline_span_alarm{span="t1",alarm="RAI"}'), undefined);
  assert.equal(sample(second, 'branchline_alarm{span="t1",alarm="line-rai"}'), undefined);
  assert.equal(sample(second, 'branchline_span_service{span="t1",state="draining"}'), undefined);
  assert.equal(sample(second, 'branchline_d_channel_up{span="t1"}'), '0');
  assert.equal(sample(second, 'branchline_healthy'), '0');
});

test('two boxes in one process keep their figures apart', async () => {
  const one = createMetrics(['dial'], () => FACTS);
  const other = createMetrics(['dial'], () => FACTS);
  one.stage('dial');
  assert.equal(sample(await other.text(), 'branchline_call_stage_total{stage="dial"}'), '0');
});
