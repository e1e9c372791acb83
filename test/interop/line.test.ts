/** The line of a box as an operator meets it: from the command line, over a stop in order, over a crash. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BinView, PerformanceView, SpanView } from '../../src/console/views.ts';
import { BoxProcess, settingsOf } from '../support/box-process.ts';
import { Program } from '../support/process.ts';
import { ROOT } from '../support/tree.ts';

const settings = settingsOf(
  { sip: 32_030, http: 32_031, media: '32100-32199' },
  {
    spans: [
      { id: 't1', driver: 'virtual', far: { carrier: {} } },
      { id: 't2', driver: 'virtual', far: { carrier: {} }, knobs: { alarms: ['RAI'] } },
    ],
    spanGroups: [{ id: 'pstn', spans: ['t1', 't2'] }],
  },
);

let box: BoxProcess;

before(async () => {
  box = await BoxProcess.started(settings);
});

after(() => box.remove());

async function branchline(...args: readonly string[]) {
  return new Program(`${ROOT}scripts/branchline`, [...args, '--url', box.url]).finished;
}

const spanOf = async (id: string): Promise<SpanView> => {
  const span = (await box.spans()).find((one) => one.id === id);
  assert.ok(span !== undefined);
  return span;
};

const currentOf = async (id: string): Promise<BinView> =>
  (await box.json<PerformanceView>(`/api/v1/spans/${id}/performance`)).far.current;

test('a span that the carrier does not hear is an alarm, and the doctor says so in words', {
  timeout: 60_000,
}, async () => {
  await box.until('the alarm', async () => (await spanOf('t2')).layer1.alarms.some(({ id }) => id === 'line-rai'));
  await box.until('the D-channel', async () => (await spanOf('t1')).dChannel.up);
  const all = await branchline('spans', '--diagnose');
  assert.equal(all.code, 0);
  assert.match(all.stdout, /^t1: The span is well/m);
  assert.match(all.stdout, /^t2: We hear the carrier well, but the carrier does not hear us\./m);
  assert.match(all.stdout, /^ {2}\| Trouble on our T1 PRI, span t2/m);
  assert.match((await branchline('spans')).stdout, /^t2 .* line-rai \(RAI\) /m);
  assert.deepEqual([(await spanOf('t1')).clock.reference, (await spanOf('t2')).clock.reference], [true, false]);
  assert.match(await box.metrics(), /^branchline_alarm\{span="t2",alarm="line-rai"\} 1$/m);
});

test('what was counted before a stop is there after the start, and the channels that were taken out stay out', {
  timeout: 90_000,
}, async () => {
  await box.until('some seconds', async () => ((await currentOf('t2')).counts.uas ?? 0) >= 4);
  const busied = await branchline('spans', '--busy-out', 't1', '--slots', '1,2');
  assert.deepEqual([busied.code, busied.stdout.trim()], [0, 'partly']);
  const before = await currentOf('t2');
  await box.program.stop('SIGTERM', 15);
  await box.start();
  const now = await currentOf('t2');
  // At a quarter hour's end the counts are in the bin before.
  if (now.start === before.start) assert.ok((now.counts.uas ?? 0) >= (before.counts.uas ?? 0));
  const out = async (): Promise<number[]> =>
    (await spanOf('t1')).channels.filter(({ state }) => state === 'out-of-service').map(({ slot }) => slot);
  await box.until('the channels to go out again', async () => (await out()).length > 0);
  assert.deepEqual(await out(), [1, 2]);
});

test('a crash forgets no wish of the operator', { timeout: 90_000 }, async () => {
  assert.equal((await branchline('spans', '--busy-out', 't1')).stdout.trim(), 'out-of-service');
  await box.kill();
  await box.start();
  await box.until('all channels to go out again', async () => (await spanOf('t1')).layer1.service === 'out-of-service');
  assert.equal((await branchline('spans', '--in-service', 't1')).stdout.trim(), 'in-service');
  await box.until('all channels to be idle', async () =>
    (await spanOf('t1')).channels.every(({ state }) => state === 'idle'),
  );
});

test('a loopback is made and released from the command line', { timeout: 60_000 }, async () => {
  assert.match(
    (await branchline('spans', '--loopback', 't1', '--type', 'line')).stdout,
    /^in-service, line loopback until /,
  );
  assert.match((await branchline('spans', '--diagnose', 't1')).stdout, /line loopback that was made here/);
  assert.equal((await branchline('spans', '--loopback', 't1', '--type', 'off')).stdout.trim(), 'in-service');
  assert.match((await branchline('spans', '--loopback', 't9')).stderr, /there is no span t9/);
});
