/** kill -9 in the middle of calls, and a restart: nothing that was promised is lost, and nobody is left with half a call. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { Phone } from '../../scripts/demo/phone.ts';
import type { Ending, PhoneCall } from '../../scripts/demo/phone-call.ts';
import { STATE_FILE } from '../../src/store/database.ts';
import { Reader } from '../../src/store/reader.ts';
import type { CallRecord } from '../../src/store/words.ts';
import { Baresip } from '../support/baresip.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { type Libpri, startLibpri } from '../support/libpri.ts';
import { eventually } from '../support/process.ts';
import { FreeTime } from '../support/stalled.ts';

const SIP = { address: '127.0.0.1', port: 28_030 };
const SPAN = { ours: 28_200, libpri: 28_250 };
/** Q.850: temporary failure, the cause of a fault of ours. */
const FAULT = 41;
/** Both sides are to know so many seconds after the new start, on a machine that has nothing else to do. */
const TOLD_WITHIN = 5;

const settings = settingsOf(
  { sip: SIP.port, http: 28_031, media: '61000-61999' },
  {
    spans: [
      {
        id: 't1',
        driver: 'virtual',
        far: { listen: `127.0.0.1:${SPAN.ours}`, peer: `127.0.0.1:${SPAN.libpri}` },
      },
    ],
    spanGroups: [{ id: 'pstn', spans: ['t1'] }],
    users: [userOf('201', '+12145550201'), userOf('202', '+12145550202'), userOf('203', '+12145550203')],
    dids: [
      { number: '+12145550201', to: { user: '201' } },
      { number: '+12145550202', to: { user: '202' } },
    ],
  },
);

const phoneOf = (user: string): Promise<Phone> =>
  Phone.open({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN });

describe('kill -9 with calls up', () => {
  let box: BoxProcess;
  let libpri: Libpri;
  let caller: Phone;
  let callee: Phone;
  let baresip: Baresip;
  const calls: PhoneCall[] = [];
  /** Calls that reach the callee: the first is answered, what comes later rings. */
  const called: PhoneCall[] = [];
  /** A call that nobody has answered. */
  let waiting: PhoneCall | undefined;
  /** Since the box was started again. */
  let restarted = new FreeTime();
  let seen = 0;

  before(async () => {
    libpri = await startLibpri({
      side: 'net',
      listen: SPAN.libpri,
      peer: SPAN.ours,
      args: ['-a', 'answer', '-A', '20', '-H', '0', '-B', '20'],
    });
    box = await BoxProcess.started(settings);
    await box.ready();
    caller = await phoneOf('201');
    callee = await phoneOf('202');
    assert.equal(await caller.register(600), 200);
    assert.equal(await callee.register(600), 200);
    callee.onCall = (call) => {
      call.ring();
      if (called.length === 0) call.accept();
      called.push(call);
    };
    const account = { user: '203', password: 'pw-203', domain: DOMAIN, proxy: SIP };
    baresip = await Baresip.start({ ...account, sipPort: 28_040, rtpPort: 28_050 });
    await baresip.registered();
  });
  after(async () => {
    await baresip?.stop();
    await caller?.close();
    await callee?.close();
    await libpri?.stop();
    await box?.remove();
  });

  test('eight calls are up, both ways, by three phones, two of them still ringing', async () => {
    for (let n = 0; n < 3; n++) calls.push(await caller.call('5551234'));
    for (const call of calls) assert.equal(await call.answered, true);
    baresip.dial(`sip:5551234@${DOMAIN}`);
    await baresip.until('CALL_ESTABLISHED');
    libpri.call('2145550202');
    await libpri.waitFor('connect');
    const inside = await caller.call('202');
    calls.push(inside);
    await eventually('the second call rings', () => called.length === 2);
    called[1]?.accept();
    assert.equal(await inside.answered, true);
    libpri.call('2145550202');
    await libpri.waitFor('alerting');
    await box.until('every call stands in the table', async () => (await box.calls()).length === 7);
    await eventually('the last call from outside rings', () => called.length === 3);
    waiting = await caller.call('202');
    await eventually('and one from inside', () => called.length === 4 && waiting?.statuses.includes(180) === true);
  });

  test('after the kill the store is sound, with a row for every live call', async () => {
    await box.kill();
    const db = new Database(join(box.folder, 'state', STATE_FILE), { readonly: true });
    try {
      assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
      assert.deepEqual(db.prepare('SELECT count(*) AS n FROM live_call').get(), { n: 8 });
      assert.deepEqual(db.prepare('SELECT count(*) AS n FROM binding').get(), { n: 3 });
    } finally {
      db.close();
    }
    seen = libpri.events.length;
    restarted = new FreeTime();
    await box.start();
  });

  test('within five seconds of the restart every SIP party that talks or rings has its BYE with the cause, and who waits a refusal', async () => {
    const endings: Ending[] = [];
    for (const call of [...calls, ...called]) void call.ended.then((ending) => endings.push(ending));
    await eventually('every phone is told', () => endings.length === calls.length + called.length);
    for (const ending of endings) assert.deepEqual(ending, { by: 'far', status: undefined, cause: FAULT });
    assert.deepEqual(await waiting?.ended, { by: 'far', status: 503, cause: FAULT });
    await baresip.until('CALL_CLOSED');
    toldInTime();
  });

  test('within five seconds of the restart libpri has every call released by its call reference, and a RESTART', async (t) => {
    await eventually('six releases', () => libpri.events.slice(seen).filter(isRelease).length >= 6);
    const releases = libpri.events.slice(seen).filter(isRelease);
    assert.equal(new Set(releases.map(({ cref }) => cref)).size, 6);
    for (const { cause } of releases) assert.equal(cause, FAULT);
    await libpri.waitFor('restart', { after: seen });
    t.diagnostic(`both sides were told ${(restarted.passed / 1000).toFixed(1)} s after the restart`);
    toldInTime();
  });

  test('every call that was up has its record with the cause, once, and its outbox row', async () => {
    const reader = new Reader(join(box.folder, 'state'));
    try {
      const rows = (): readonly CallRecord[] => reader.recent(100, undefined);
      await eventually('eight records', () => rows().length === 8);
      for (const { cause, releasedBy, ended, started } of rows()) {
        assert.deepEqual({ cause, releasedBy }, { cause: FAULT, releasedBy: 'crash' });
        assert.ok(ended >= started);
      }
      assert.equal(rows().filter(({ answered }) => answered !== undefined).length, 6);
      assert.equal(new Set(rows().map(({ callId }) => callId)).size, 8);
      assert.equal(reader.outbox(0, 100).length, 8);
    } finally {
      reader.close();
    }
    const db = new Database(join(box.folder, 'state', STATE_FILE), { readonly: true });
    assert.deepEqual(db.prepare('SELECT count(*) AS n FROM live_call').get(), { n: 0 });
    db.close();
  });

  test('no channel is busy on either side: libpri takes and makes calls on all of them', async () => {
    await box.ready();
    const before = libpri.count('setup');
    const again = await Promise.all(Array.from({ length: 10 }, () => caller.call('5551234')));
    for (const call of again) assert.equal(await call.answered, true);
    assert.equal(libpri.count('setup'), before + 10);
    for (const call of again) await call.hangUp();
  });

  test('the registrations have survived: a call from the network reaches the phone, which has not registered again', async () => {
    const before = called.length;
    const after = libpri.events.length;
    libpri.call('2145550202');
    await eventually('the phone rings', () => called.length > before);
    called.at(-1)?.accept();
    const { cref } = await libpri.waitFor('connect', { after });
    libpri.hangup(Number(cref), 16);
    assert.deepEqual(await called.at(-1)?.ended, { by: 'far', status: undefined, cause: 16 });
    await box.quiet();
  });

  function toldInTime(): void {
    const { free, passed } = restarted;
    assert.ok(free < TOLD_WITHIN * 1000, `told after ${passed} ms, of which ${free} ms were the gateway's`);
  }
});

const isRelease = ({ ev }: { readonly ev: string }): boolean =>
  ev === 'release' || ev === 'release_complete' || ev === 'disconnect';
