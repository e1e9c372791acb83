/**
 * SIPp calls through three SIP gateways (SIPp as well) and a PRI, while one gateway dies and returns: turns, fail-over, throttle, and
 * its prompt return. What happened is read from the box's call records and from the gateways' own logs.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ExplainView } from '../../src/console/views.ts';
import { Reader } from '../../src/store/reader.ts';
import type { CallRecord } from '../../src/store/words.ts';
import { BoxProcess, branchline, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { credentials, Sipp, type SippResult } from '../support/sipp.ts';

const SIP = { address: '127.0.0.1', port: 30_060 };
const CALLER = { address: '127.0.0.5', port: 30_005 };
const GATEWAYS = { g1: '127.0.0.11', g2: '127.0.0.12', g3: '127.0.0.13' } as const;
type Name = keyof typeof GATEWAYS;
const GATEWAY_PORT = 30_010;
/** Answered by SIPp and by the carrier behind the PRI. */
const ANSWERED = '5551004';
/** Busy at the SIP gateways. */
const BUSY = '5550486';
/** Milliseconds that a gateway may leave an INVITE without any answer: the default. */
const PATIENCE = 4000;

const scenario = (name: string): string => new URL(`./scenarios/${name}.xml`, import.meta.url).pathname;

describe('three SIP gateways and a PRI behind one route', () => {
  let box: BoxProcess;
  let reader: Reader;
  const folder = mkdtempSync(join(tmpdir(), 'branchline-trunks-'));
  const gateways = new Map<Name, Sipp>();

  /** A gateway comes up, with an empty log. */
  async function come(name: Name): Promise<void> {
    rmSync(logFile(name), { force: true });
    gateways.set(
      name,
      await Sipp.start({
        scenario: scenario('gateway'),
        local: { address: GATEWAYS[name], port: GATEWAY_PORT },
        mediaPort: 30_400,
        extra: ['-trace_logs', '-log_file', logFile(name)],
      }),
    );
  }

  async function die(name: Name): Promise<void> {
    await gateways.get(name)?.kill();
    gateways.delete(name);
  }

  const logFile = (name: Name): string => join(folder, `${name}.log`);

  /** The Call-IDs that began with such a request at this gateway, as it wrote them down. */
  const logged = (name: Name, method: 'INVITE' | 'OPTIONS'): readonly string[] =>
    readFileSync(logFile(name), 'latin1')
      .split('\n')
      .filter((line) => line.startsWith(`${method} `))
      .map((line) => line.slice(method.length + 1).trim());

  before(async () => {
    const names = Object.keys(GATEWAYS) as Name[];
    for (const name of names) await come(name);
    const settings = settingsOf(
      { sip: SIP.port, http: 30_080, media: '30100-30399' },
      {
        spans: [{ id: 't1', driver: 'virtual', far: { carrier: {} } }],
        spanGroups: [{ id: 'pstn', spans: ['t1'] }],
        // Asked only while they are left out, so that every OPTIONS is the throttle's.
        sipTrunks: names.map((id) => ({ id, address: GATEWAYS[id], port: GATEWAY_PORT, probe: false })),
        users: [userOf('201', '+12145550201')],
        limits: { callsPerUser: 100 },
        routes: [
          { id: 'lost', prefixes: ['+44'], gateways: ['g1', 'g2'] },
          { id: 'out', prefixes: ['+1'], gateways: [...names, 'pstn'] },
        ],
        throttle: { probeSeconds: 5 },
      },
    );
    box = await BoxProcess.started(settings);
    await box.ready();
    reader = new Reader(join(box.folder, 'state'));
  });

  after(async () => {
    for (const name of [...gateways.keys()]) await die(name);
    reader?.close();
    rmSync(folder, { recursive: true, force: true });
    await box?.remove();
  });

  /** Calls, twenty in a second, and their records in the order in which they began. */
  async function calls(count: number, service: string, holdMs = 300): Promise<SippResult & { records: CallRecord[] }> {
    const before = reader.recent(1, undefined)[0]?.id ?? 0;
    const caller = await Sipp.start({
      scenario: scenario('call'),
      remote: SIP,
      local: CALLER,
      mediaPort: 30_500,
      echo: true,
      service,
      holdMs,
      calls: count,
      rate: 20,
      inject: [['201', credentials('201', 'pw-201'), DOMAIN]],
    });
    const result = await caller.done;
    const recorded = () => reader.recent(count + 1, undefined).filter(({ id }) => id > before);
    const { successful, failed, errors } = result;
    const account = `${successful} went well, ${failed} failed: ${errors.slice(0, 2000)}`;
    await box.until(`every call has its record; ${account}`, async () => recorded().length === count);
    return { ...result, records: recorded().sort((a, b) => a.started - b.started) };
  }

  const ways = (records: readonly CallRecord[]): readonly string[] =>
    records.map(({ hops }) => hops.map((hop) => String(hop).replace(/^\S+ /, '')).join(' '));

  const tally = (words: readonly string[]): Readonly<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
    return counts;
  };

  const outcome = async (): Promise<string> =>
    (await box.json<ExplainView>(`/api/v1/explain?from=201&dial=${ANSWERED}`)).lines.join('\n');

  test('calls take turns exactly', async () => {
    const { successful, records, errors } = await calls(40, ANSWERED);
    assert.equal(successful, 40, errors.slice(0, 1000));
    assert.deepEqual(tally(ways(records)), { g1: 10, g2: 10, g3: 10, pstn: 10 });
    for (const name of gateways.keys()) assert.equal(logged(name, 'INVITE').length, 10);
  });

  test('the decision of a call is there while it lasts', async () => {
    const talking = calls(1, ANSWERED, 2000);
    let id: string | undefined;
    await box.until('the call is up', async () => {
      id = (await box.calls())[0]?.id;
      return id !== undefined;
    });
    const { lines } = await box.json<ExplainView>(`/api/v1/calls/${id}/decision`);
    assert.match(lines.join('\n'), /^1\. (g\d|pstn) .*2145551004/m);
    assert.equal((await talking).records[0]?.callId, id);
  });

  test('what a gateway itself refuses is not tried at another', async () => {
    const { successful, failed, records } = await calls(4, BUSY);
    assert.deepEqual([successful, failed], [1, 3]);
    assert.deepEqual(tally(ways(records)), { g1: 1, g2: 1, g3: 1, pstn: 1 });
  });

  test('without a 100 Trying in 4 s the next one is tried, and after nine failures the gateway is still in the line', async () => {
    await die('g2');
    const { successful, records, errors } = await calls(36, ANSWERED);
    assert.equal(successful, 36, errors.slice(0, 1000));
    assert.deepEqual(tally(ways(records)), { g1: 9, 'g2 g3': 9, g3: 9, pstn: 9 });
    for (const { hops, started, answered } of records) {
      const took = (answered ?? 0) - started;
      assert.ok(hops.length === 1 ? took < PATIENCE : took >= PATIENCE - 100, `${hops} answered after ${took} ms`);
    }
    assert.doesNotMatch(await outcome(), /throttled/);
  });

  test('the tenth failure in a row takes it out of the line', async () => {
    assert.deepEqual(tally(ways((await calls(4, ANSWERED)).records)), { g1: 1, 'g2 g3': 1, g3: 1, pstn: 1 });
    assert.match(await outcome(), /not g2, which is throttled after failures for \d+ s more/);
    const { successful, records } = await calls(12, ANSWERED);
    assert.equal(successful, 12);
    assert.deepEqual(tally(ways(records)), { g1: 4, g3: 4, pstn: 4 });
  });

  test('its first good answer to a probe brings it back', async () => {
    await come('g2');
    await box.until('g2 is back', async () => !(await outcome()).includes('throttled'), 40);
    assert.equal(logged('g2', 'OPTIONS').length, 1);
    assert.equal(logged('g1', 'OPTIONS').length, 0, 'who is well is left in peace');
    assert.deepEqual(tally(ways((await calls(8, ANSWERED)).records)), { g1: 2, g2: 2, g3: 2, pstn: 2 });
  });

  test('no call has tried a gateway twice: neither its record says so, nor its decision, nor any gateway', () => {
    const records = reader.recent(500, undefined);
    assert.equal(records.length, 40 + 1 + 4 + 36 + 4 + 12 + 8);
    const byCallId = new Map(records.flatMap((record) => record.sipCallIds.map((id) => [id, record] as const)));
    for (const { hops, decision } of records) {
      assert.equal(new Set(hops).size, hops.length, String(hops));
      const decided = (decision as { readonly hops: readonly { readonly id: string }[] }).hops.map(({ id }) => id);
      assert.equal(new Set(decided).size, decided.length, String(decided));
    }
    for (const name of gateways.keys()) {
      const calls = logged(name, 'INVITE').map((id) => byCallId.get(id)?.callId);
      const answered = calls.filter((id) => id !== undefined);
      assert.equal(new Set(answered).size, answered.length, `${name} was called twice for one call`);
      // A call that was refused keeps no dialog; there was one at each.
      const sent = records.filter(({ hops }) => hops.includes(`sip-trunk ${name}`)).length;
      assert.equal(calls.length, name === 'g2' ? 2 : sent, name);
    }
  });

  test('with all gateways of a route dead every one is tried once, and the caller is told', async () => {
    for (const name of [...gateways.keys()]) await die(name);
    const { failed, errors, records } = await calls(1, '+442071838750');
    assert.equal(failed, 1);
    assert.deepEqual(tally(ways(records)), { 'g1 g2': 1 });
    assert.match(errors, /SIP\/2\.0 (408|5\d\d) /);
  });

  test('a refusal of the router carries its name; explain --call reads the decision of a call that is over', async () => {
    const { failed, errors, records } = await calls(1, '+33142685300');
    assert.equal(failed, 1);
    assert.match(errors, /SIP\/2\.0 404 /);
    assert.match(errors, /Reason: Q\.850;cause=3;text="no-route"/);
    const refused = await branchline('explain', '--call', records[0]?.callId ?? '', '--url', box.url);
    assert.match(refused.stdout, /refused no-route 404$/m);
  });
});
