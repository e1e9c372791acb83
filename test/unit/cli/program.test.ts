import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../../../src/cli/program.ts';
import { showSpans } from '../../../src/cli/show.ts';
import type { CliWorld } from '../../../src/cli/world.ts';
import { loadSite } from '../../../src/config/load.ts';
import { type HttpConsole, startHttp } from '../../../src/console/http.ts';
import { silent } from '../../../src/kernel/log.ts';
import { fail, ok } from '../../../src/kernel/result.ts';
import type { WallTime } from '../../../src/kernel/time.ts';
import { controls, readModel, SPAN } from '../../support/box.ts';
import { DEMO } from '../../support/sites.ts';

let folder = '';
let box: HttpConsole;
let missing: Awaited<ReturnType<CliWorld['files']>> = [];
let cards: ReturnType<CliWorld['scan']> = ok([]);
const told = controls();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'branchline-cli-'));
  const started = await startHttp({ address: '127.0.0.1', port: 0, token: 'right' }, readModel(), told, silent);
  assert.ok(started.ok);
  box = started.value;
  await writeFile(join(folder, 'good.yaml'), DEMO);
  await writeFile(
    join(folder, 'bad.yaml'),
    DEMO.replace('variant: ni2', 'variant: ni3').replace('port: 8080', 'port: 0'),
  );
});

after(async () => {
  await box.close();
  await rm(folder, { recursive: true });
});

/** Runs one command line: its exit code and what it printed. */
async function branchline(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const ran: string[] = [];
  const code = await runCli(args, {
    version: '9.8.7',
    environment: { BRANCHLINE_URL: `http://127.0.0.1:${box.port}`, BRANCHLINE_TOKEN: 'right', ...environment },
    now: () => Date.UTC(2026, 10, 21, 12) as WallTime,
    print: (text) => out.push(text),
    complain: (text) => err.push(text),
    run: async (file) => {
      ran.push(file);
      return 7;
    },
    scan: () => cards,
    files: async () => missing,
  });
  return { code, out: out.join('\n'), err: err.join('\n'), ran };
}

const file = (name: string): string => join(folder, name);

test('run hands the configuration on and ends with the gateway’s own exit code', async () => {
  assert.deepEqual(await branchline(['run', '--config', 'x.yaml']), { code: 7, out: '', err: '', ran: ['x.yaml'] });
  assert.deepEqual((await branchline(['run'])).ran, ['site.yaml']);
});

test('check is content with the demonstration branch', async () => {
  const { code, out } = await branchline(['check', file('good.yaml')]);
  assert.equal(code, 0);
  assert.match(out, /is right: 3 users, 1 span, 1 route/);
});

test('check tells all problems at once, and ends with 1', async () => {
  const { code, err } = await branchline(['check', file('bad.yaml')]);
  assert.equal(code, 1);
  assert.match(err, /^http\.port is 0\n {4}→ must be at least 1$/m);
  assert.match(err, /^spans\[0\]\.variant is "ni3"\n {4}→ .*did you mean "ni2"/m);
  assert.match(err, /2 problems in/);
  const machine = await branchline(['check', file('bad.yaml'), '--json']);
  assert.equal(JSON.parse(machine.out).problems.length, 2);
  assert.equal(machine.code, 1);
});

test('check tells what is wrong with the files that a right configuration names', async () => {
  missing = [{ path: 'announcements[0].file', what: 'closed.wav is no WAV file', mend: 'save it as WAV' }];
  const { code, out, err } = await branchline(['check', file('good.yaml')]);
  missing = [];
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /announcements\[0\]\.file.*closed\.wav is no WAV file[\s\S]*1 problem in/);
});

test('a file that is not there is told by its name', async () => {
  for (const args of [
    ['check', file('none.yaml')],
    ['apply', file('none.yaml')],
  ]) {
    const { code, err } = await branchline(args);
    assert.equal(code, 1);
    assert.match(err, /none\.yaml can’t be read/);
  }
});

test('explain says each stage and where the call goes', async () => {
  const asked = ['explain', '--config', file('good.yaml'), '--from', '201', '--dial'];
  const out = await branchline([...asked, '5551234']);
  assert.equal(out.code, 0);
  assert.match(out.out, /^profile {9}rule 5 of 7 of branch/m);
  assert.match(
    out.out,
    /^1\. pstn \(spans t1, descending\): 2145551234 \(national\), caller 2145550201 \(national, vouched for by us\)$/m,
  );
  const refused = await branchline([...asked, '202', '--absent', '202']);
  assert.equal(refused.code, 1);
  assert.match(
    refused.out,
    /^refused: user 202 has no phone registered \[user-not-registered\] \(SIP 480, cause 20\)$/m,
  );
  const down = await branchline([...asked, '5551234', '--down', 'pstn', '--json']);
  assert.equal(JSON.parse(down.out).decision.refusal.id, 'no-gateway-available');
});

test('explain ends with the outcome, needs no configuration of its own, and knows modes and services by name', async () => {
  const last = async (...args: readonly string[]) => (await branchline(['explain', ...args])).out.split('\n').at(-1);
  assert.equal(await last('--from', '201', '--dial', '88'), '→ refused no-rule-matches 404');
  assert.equal(await last('--from', '201', '--dial', '915551234'), '→ pstn 2145551234');
  assert.equal(await last('--from', '201', '--dial', 'urn:service:sos'), '→ emergency pstn 911');
  const mode = await branchline([
    'explain',
    '--from',
    '201',
    '--dial',
    '202',
    '--mode',
    'survivable',
    '--at',
    '2026-01-01',
  ]);
  assert.equal(mode.code, 0);
  assert.equal((await branchline(['explain', '--from', '201', '--dial', '202', '--at', 'soon'])).code, 2);
  const half = await branchline(['explain', '--from', '201']);
  assert.deepEqual([half.code, half.out], [2, '']);
});

test('explain says which of the names it was given are nobody’s', async () => {
  const args = ['explain', '--from', '2010', '--dial', '911', '--absent', '20l', '--down', 'pstm'];
  const { code, out, err } = await branchline(args);
  assert.equal(code, 0);
  assert.match(out, /→ emergency pstn 911$/);
  assert.deepEqual(err.split('\n'), [
    'there is no user, span group or SIP trunk 2010: explained for a caller whom nobody knows',
    'there is no user 20l who could be absent',
    'there is no span group or SIP trunk pstm to be down',
  ]);
  assert.equal((await branchline(['explain', '--from', '201', '--dial', '911', '--down', 'pstn'])).err, '');
});

test('explain asks the running box how things stand, and why a call went where it did', async () => {
  const live = await branchline(['explain', '--live', '--from', '201', '--dial', '5551234']);
  assert.deepEqual([live.code, live.out], [0, 'source          user 201\n→ pstn 5551234']);
  const past = await branchline(['explain', '--call', 'c1']);
  assert.deepEqual([past.code, past.out], [1, '→ refused no-route 404']);
  const unknown = await branchline(['explain', '--call', 'c2']);
  assert.deepEqual(
    [unknown.code, unknown.err],
    [1, 'the box says: no call c2 is known, or nothing was decided for it'],
  );
});

test('a dial plan to begin with is right, its tests pass, and they can fail', async () => {
  for (const extensions of ['3', '4', '5', '6']) {
    const { code, out } = await branchline(['plan', '--country', 'US', '--area', '425', '--extensions', extensions]);
    assert.equal(code, 0);
    const loaded = loadSite(out, 'site.yaml');
    assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.error));
    assert.ok(loaded.value.tests.length >= 20);
    const wrong = loadSite(out.replace('translation: "+1425$1"', 'translation: "+1426$1"'), 'site.yaml');
    assert.ok(!wrong.ok);
    assert.match(wrong.error[0]?.what ?? '', /expected pstn 4255559876, got pstn 4265559876/);
  }
  assert.equal((await branchline(['plan', '--area', '911'])).code, 2);
  assert.equal((await branchline(['plan', '--area', '425', '--extensions', '7'])).code, 2);
  assert.equal((await branchline(['plan'])).code, 2);
});

test('check runs the dial plan’s own tests, and explain still explains a plan whose tests fail', async () => {
  const failing = DEMO.replace('expect: user 202', 'expect: user 203');
  await writeFile(join(folder, 'failing.yaml'), failing);
  const checked = await branchline(['check', file('failing.yaml')]);
  assert.equal(checked.code, 1);
  assert.match(checked.err, /^tests\[0\]\.expect 201 dials 202: expected user 203, got user 202/m);
  assert.match(checked.err, /branchline explain --from 201 --dial 202/);
  assert.equal(
    (await branchline(['explain', '-c', file('failing.yaml'), '--from', '201', '--dial', '5551234'])).code,
    0,
  );
});

test('schema prints a JSON Schema that an editor can use', async () => {
  const schema = JSON.parse((await branchline(['schema'])).out);
  assert.equal(schema.properties.site.properties.domain.type, 'string');
  assert.deepEqual(schema.required.sort(), ['profiles', 'sip', 'site']);
});

test('status, calls and spans are tables for people and JSON for programs', async () => {
  const status = await branchline(['status']);
  assert.match(status.out, /^Redmond \(redmond\.example\): ok$/m);
  assert.match(status.out, /^201 {3}sip:201@127\.0\.0\.1:5070 {2}2026/m);
  assert.match(
    (await branchline(['calls'])).out,
    /^c1 {4}201 {3}12145551234 {2}talk {3}\S+ {2}user 201 \| span-group pstn \(t1\/23\)$/m,
  );
  assert.match(
    (await branchline(['spans'])).out,
    /^t1 {4}t1 {4}user {2}ni2 {6}line \* {2}24 up {6}none {4}1 idle, 1 busy {2}in-service {2}es 3$/m,
  );
  assert.equal(JSON.parse((await branchline(['calls', '--json'])).out)[0].id, 'c1');
});

test('the spans of the cards are listed without a box, and what stands in the way is said', async () => {
  const span = {
    number: 1,
    name: 'WCT1/0',
    type: 'T1',
    maker: 'Digium',
    model: 'TE133',
    location: 'PCI',
    channels: 24,
    alarms: ['LOS'],
  };
  cards = ok([span]);
  const found = await branchline(['spans', '--scan']);
  assert.match(found.out, /^NUMBER +TYPE +CHANNELS +ALARMS.*\n1 +T1 +24 +LOS +WCT1\/0 +Digium +TE133 +PCI$/);
  assert.deepEqual(JSON.parse((await branchline(['spans', '--scan', '--json'])).out), [span]);
  cards = ok([]);
  assert.equal((await branchline(['spans', '--scan'])).out, 'the driver has no spans');
  cards = fail('the driver is not loaded');
  const none = await branchline(['spans', '--scan']);
  assert.deepEqual([none.err, none.code], ['the driver is not loaded', 1]);
  assert.equal((await branchline(['spans', '--scan', '--diagnose'])).code, 2);
});

test('what stands in the way of a span follows the table', () => {
  const why = 'there is no DAHDI span 1: the driver finds no card';
  const lines = showSpans([SPAN, { ...SPAN, id: 't2', trouble: why }]).split('\n');
  assert.equal(lines.length, 4);
  assert.equal(lines[3], `t2: ${why}`);
});

test('spans are diagnosed, served and looped, each with its own words', async () => {
  const doctor = await branchline(['spans', '--diagnose', 't1']);
  assert.equal(doctor.code, 0);
  assert.match(doctor.out, /^t1: They do not hear us\. Look first at the cable\. \[not-heard\]$/m);
  assert.match(doctor.out, /^ {4}seen: RAI\n {4}1\. Check it\.$/m);
  assert.match(doctor.out, /^To send to the carrier:\n {2}\| Trouble\n {2}\|\n {2}\| Please look\.$/m);
  assert.equal(JSON.parse((await branchline(['spans', '--diagnose', '--json'])).out)[0].diagnoses[0].id, 'not-heard');
  assert.deepEqual((await branchline(['spans', '--diagnose', 't9'])).err, 'the box says: there is no span t9');
  told.told.length = 0;
  assert.equal((await branchline(['spans', '--busy-out', 't1'])).out, 'draining');
  assert.equal((await branchline(['spans', '--in-service', 't1', '--slots', '1,2'])).out, 'in-service');
  assert.equal(
    (await branchline(['spans', '--loopback', 't1', '--type', 'local', '--for', '60'])).out,
    'in-service, local loopback until 2026-11-21T22:05:00.000Z',
  );
  assert.deepEqual(told.told, ['serve all false', 'serve 1 2 true', 'loop local 60']);
  assert.equal((await branchline(['spans', '--switch', 'shared'])).out, 'the backup D-channel carries the calls');
  assert.equal(
    (await branchline(['spans', '--switch', 'shared'])).err,
    'the box says: the primary D-channel is not in standby',
  );
  assert.equal((await branchline(['spans', '--switch', 't1'])).err, 'the box says: there is no NFAS group t1');
  told.told.length = 0;
  assert.match(
    (await branchline(['spans', '--bert', 't1'])).out,
    /^t1: qrss, until 2026-11-21T22:05:00.000Z, 2 errors in 64000 bits \(3\.1e-5\)\nSLOT .*\n1 +yes +64000 +2 +1 +1 +0 +0$/,
  );
  await branchline(['spans', '--bert', 't1', '--pattern', 'qrss', '--slots', '1,2', '--for', '60']);
  await branchline(['spans', '--bert', 't1', '--pattern', 'all-ones']);
  await branchline(['spans', '--bert', 't1', '--inject', '5']);
  assert.match((await branchline(['spans', '--bert', 't1', '--pattern', 'off'])).out, /^t1: qrss, over,/);
  assert.deepEqual(told.told, ['bert t1 1 2 qrss 60', 'bert t1 all all-ones 900', 'inject t1 5', 'bert t1 off']);
  const taken = await branchline(['spans', '--bert', 't1', '--pattern', 'qrss', '--slots', '23']);
  assert.deepEqual([taken.code, taken.err], [1, 'the box says: timeslot 23 has a call']);
  assert.equal((await branchline(['spans', '--bert', 't9'])).err, 'the box says: there is no span t9');
  assert.equal((await branchline(['spans', '--bert', 't1', '--inject', '0'])).code, 2);
  assert.equal((await branchline(['spans', '--loopback', 't1', '--for', '3601'])).code, 1);
  const refused = await branchline(['spans', '--loopback', 't1', '--type', 'payload']);
  assert.deepEqual([refused.code, refused.err], [1, 'the box says: the driver can’t']);
  assert.equal((await branchline(['spans', '--busy-out', 't1', '--in-service', 't1'])).code, 2);
  assert.equal((await branchline(['spans', '--loopback', 't1', '--for', '0'])).code, 2);
});

test('a capture is begun, looked at, ended and saved', async () => {
  told.told.length = 0;
  assert.equal((await branchline(['capture'])).out, 't1: 12 frames, 900 octets, until 2026-11-21T22:05:00.000Z');
  await branchline(['capture', '--begin', '--spans', 't1,t2', '--for', '60']);
  await branchline(['capture', '--begin']);
  assert.deepEqual(told.told, ['capture t1 t2 60', 'capture all 300']);
  assert.equal(
    (await branchline(['capture', '--begin', '--spans', 't9'])).err,
    'the box says: there is no D-channel on a span t9',
  );
  assert.equal(
    (await branchline(['capture', '--end'])).out,
    't1: 12 frames, 900 octets, over\nlo: 40 packets, 8000 octets, 1 dropped, over: it is full',
  );
  const path = join(folder, 'd.pcapng');
  assert.equal((await branchline(['capture', '--save', path])).out, `${path}: 3 octets`);
  assert.deepEqual([...(await readFile(path))], [1, 2, 3]);
  assert.equal((await branchline(['capture', '--save', join(folder, 'none', 'd.pcapng')])).code, 1);
  assert.equal((await branchline(['capture', '--for', '0'])).code, 2);
});

test('packets are captured as asked; that they can’t be is said with its reason, and ends with 1', async () => {
  told.told.length = 0;
  const { out } = await branchline(['capture', '--begin', '--packets', 'sip,rtp']);
  assert.match(out, /\nlo: 40 packets, 8000 octets, 1 dropped, until 2026-11-21T22:05:00.000Z$/);
  const failed = await branchline(['capture', '--begin', '--packets', 'sip', '--interfaces', 'lo,eth9', '--for', '60']);
  assert.equal(failed.code, 1);
  assert.match(failed.err, /^t1: 12 frames.*\nlo: 40 packets, 8000 octets, 1 dropped, over: no right to capture$/);
  assert.deepEqual(told.told, ['capture all 300 sip,rtp on those of the listeners', 'capture all 60 sip on lo,eth9']);
  for (const [words, fault] of [
    [['--packets', 'sip,everything'], 'the box says: packets must be some of sip, rtp, tdmoe'],
    [['--interfaces', 'lo'], 'the box says: interfaces go with packets'],
    [['--packets', 'sip', '--interfaces', 'a,b,c,d,e,f,g,h,i'], 'the box says: at most 8 interfaces'],
  ] as const) {
    const { code, err } = await branchline(['capture', '--begin', ...words]);
    assert.deepEqual([code, err], [1, fault]);
  }
  assert.match((await branchline(['capture', '--help'])).out, /TLS stays ciphertext/);
});

test('apply shows what changes and how to keep it; confirm and abandon settle it', async () => {
  told.told.length = 0;
  const applied = await branchline(['apply', file('good.yaml')]);
  assert.equal(applied.code, 0);
  assert.match(applied.out, /^~ users 203\n {4}number: "\+12145550203" → "\+12145550299"$/m);
  assert.match(applied.out, /undone at 2026-11-21T22:10:00.000Z unless you say "branchline confirm"/);
  assert.match((await branchline(['apply', file('good.yaml'), '--confirm-within', '0'])).out, /in force, and kept/);
  assert.match((await branchline(['confirm'])).out, /^confirmed/);
  assert.match((await branchline(['abandon'])).out, /in force again: it was abandoned/);
  assert.deepEqual(
    told.told.map((line) => line.replace(DEMO, 'DEMO')),
    ['apply DEMO 300', 'apply DEMO 0', 'confirm', 'abandon'],
  );
});

test('a refused configuration shows its problems and that nothing was touched, and ends with 1', async () => {
  const apply = told.apply;
  const problems = [{ path: 'site.name', what: 'is missing', mend: 'give a text' }];
  told.apply = async () => ({ type: 'refused', problems });
  const { code, err } = await branchline(['apply', file('good.yaml')]);
  told.apply = apply;
  assert.equal(code, 1);
  assert.match(err, /^site\.name is missing\n {4}→ give a text\n\nrefused: nothing was touched$/);
});

test('a box that is not there is told with what to do, and ends with 3', async () => {
  const { code, err } = await branchline(['status', '--url', 'http://127.0.0.1:25999']);
  assert.equal(code, 3);
  assert.match(err, /^no box answers at http:\/\/127\.0\.0\.1:25999: start it with "branchline run"/);
});

test('a missing token, a page that is no box and a bad URL are each told as what they are', async () => {
  const noToken = await branchline(['status'], { BRANCHLINE_TOKEN: 'wrong' });
  assert.match(noToken.err, /BRANCHLINE_TOKEN/);
  assert.match((await branchline(['status', '--url', 'nonsense'])).err, /can't be reached/);
  const page = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await new Promise((ready) => page.once('listening', ready));
  const address = page.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const other = await branchline(['status', '--url', `http://127.0.0.1:${port}`]);
  page.close();
  assert.match(other.err, /is not a Branchline box/);
  assert.equal(other.code, 3);
});

test('a slip on the command line is answered with help and 2, help and version with 0', async () => {
  const slip = await branchline(['stauts']);
  assert.equal(slip.code, 2);
  assert.match(slip.err, /Did you mean status/);
  assert.equal((await branchline(['apply', 'x', '--confirm-within', 'soon'])).code, 2);
  assert.deepEqual(await branchline(['--version']), { code: 0, out: '9.8.7', err: '', ran: [] });
  assert.equal((await branchline(['--help'])).code, 0);
});
