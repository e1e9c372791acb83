/** The load of a large branch, from an independent SIP peer: a thousand phones register, fifty calls a second go through PRI. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { kit } from '../support/bchan.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { heapInUse } from '../support/inspector.ts';
import { credentials, sipp } from '../support/sipp.ts';

const SIP = { address: '127.0.0.1', port: 28_000 };
const INSPECTOR = 28_002;
const SPANS = 8;
const RATE = 50;
const SECONDS = 60;
const WARM = 20;
/** With the set-up, fifty a second keep about eighty of the 184 channels busy. */
const HOLD_MS = 1_500;

const ids = Array.from({ length: 1_000 }, (_, i) => String(10_000 + i));
const inject = ids.map((id) => [id, credentials(id, `pw-${id}`), DOMAIN]);

describe('under load', () => {
  let box: BoxProcess;
  before(async () => {
    const spans = Array.from({ length: SPANS }, (_, i) => `t${i + 1}`);
    const settings = settingsOf(
      { sip: SIP.port, http: 28_001, media: '61000-61999' },
      {
        spans: spans.map((id) => ({ id, driver: 'virtual', far: { carrier: {} } })),
        spanGroups: [{ id: 'pstn', spans, hunting: 'round-robin' }],
        users: ids.map((id) => userOf(id)),
      },
    );
    box = await BoxProcess.started(settings, [`--inspect=127.0.0.1:${INSPECTOR}`]);
    await box.ready();
  });
  after(() => box?.remove());

  test('a thousand phones register with digest at two hundred a second, and none fails', async () => {
    const { code, successful, failed, errors } = await sipp({
      scenario: kit('sipp/reg-auth.xml'),
      remote: SIP,
      local: { address: '127.0.0.1', port: 28_010 },
      calls: ids.length,
      rate: 200,
      inject,
    });
    const expected = { code: 0, successful: ids.length, failed: 0 };
    assert.deepEqual({ code, successful, failed }, expected, errors.slice(0, 2_000));
    const { registrations } = await box.status();
    assert.equal(registrations.length, ids.length);
  });

  test('fifty calls a second through eight spans for a minute: none fails, and nothing is left behind', async (t) => {
    const local = { address: '127.0.0.1', port: 28_020 };
    const call = (calls: number, rate: number) =>
      sipp({
        scenario: new URL('./scenarios/call.xml', import.meta.url).pathname,
        remote: SIP,
        local,
        mediaPort: 28_100,
        echo: true,
        service: '5551004',
        holdMs: HOLD_MS,
        calls,
        rate,
        inject,
        seconds: 2 * SECONDS,
      });
    // What is allotted once, is allotted before the heap is measured: buffers, compiled code, the ring of the trace.
    await call(RATE * WARM, RATE);
    await box.quiet();
    const before = await heapInUse(INSPECTOR);
    const cpu = await box.metric('branchline_process_cpu_seconds_total');
    const { code, successful, failed, retransmissions, errors, statistics } = await call(RATE * SECONDS, RATE);
    const used = (await box.metric('branchline_process_cpu_seconds_total')) - cpu;
    const expected = { code: 0, successful: RATE * SECONDS, failed: 0 };
    assert.deepEqual({ code, successful, failed }, expected, errors.slice(0, 2_000));
    await box.quiet();
    const grown = (await heapInUse(INSPECTOR)) - before;
    t.diagnostic(`CPU ${((used / (RATE * SECONDS)) * 1000).toFixed(1)} ms a call, media included`);
    t.diagnostic(
      `${retransmissions} retransmissions, answer after ${statistics['ResponseTime1(C)']}, heap ${grown >> 10} KiB more`,
    );
    // Tables that fill up to their limits grow a little still; a call that leaves two kilobytes behind shows.
    assert.ok(grown < RATE * SECONDS * 2048, `the heap grew by ${grown} octets`);
    const ended = await box.metric('branchline_calls_ended_total');
    assert.equal(ended, RATE * (SECONDS + WARM));
    assert.equal(await box.health(), 200);
  });
});
