/**
 * Runs inside the guest: the product's own bundle over DAHDI spans, as an ordinary user. First what may stand in its way, one thing after
 * the other; then libpri at the far end of one span, with 23 calls, a D-channel that is silent for a while and a cable that is pulled;
 * then 23 calls from one of its own spans to another. Prints a line of JSON for each step; the test outside reads them.
 * Arguments: the folder of this program, the product's bundle, libpri's program.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Phone } from '../../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../../scripts/demo/phone-call.ts';
import type { CallView, SpanView } from '../../../src/console/views.ts';
import { loadNative } from '../../../src/native/native.ts';
import { intOf, REQUEST } from '../../../src/span/dahdi/abi.ts';
import { DOMAIN, settingsOf, userOf } from '../box-process.ts';
import { CYCLE, type KnownSink } from '../known-sound.ts';
import { startLibpri } from '../libpri.ts';
import { Program } from '../process.ts';
import { type BankCall, RtpBank } from '../rtp-bank.ts';
import { compare, type Hindrances } from './compare.ts';
import { createSpan, destroySpan } from './dynamic.ts';
import { FarLine } from './far-line.ts';
import { STREAM } from './streams.ts';

const [, , folder = '', bundle = '', libpriProgram = ''] = process.argv;
const loaded = loadNative(join(folder, 'branchline.node'));
if (!loaded.ok) throw new Error(loaded.error);
const native = loaded.value;

const NOBODY = 65534;
const HTTP = 18_080;
const SIP = 15_060;
const HOME = '/tmp/box';
const CALLS = 23;
const run = (program: string, ...args: readonly string[]): string => execFileSync(program, args, { encoding: 'utf8' });
const began = performance.now();
const passed = (what: string, facts: Readonly<Record<string, unknown>> = {}): void => {
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  process.stdout.write(`${JSON.stringify({ what, seconds, ...facts })}\n`);
};

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, seconds = 30): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) {
      throw new Error(
        `not within ${seconds} s: ${what}\n${JSON.stringify(await spans().catch(() => 'no answer'))}\n${box.said.slice(-4000)}`,
      );
    }
    await sleep(100);
  }
}

/** A connection of its own for each question: one that is kept may be closed while this program is at something else. */
const ask = (path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${HTTP}${path}`, { headers: { connection: 'close' } });
const spans = async (): Promise<readonly SpanView[]> => (await ask('/api/v1/spans')).json() as Promise<SpanView[]>;
const calls = async (): Promise<readonly CallView[]> => (await ask('/api/v1/calls')).json() as Promise<CallView[]>;
const span = async (id: string): Promise<SpanView> => {
  const found = (await spans()).find((one) => one.id === id);
  return found ?? assert.fail(`there is no span ${id}`);
};
const busy = async (id: string): Promise<number[]> =>
  (await span(id)).channels.filter(({ state }) => state !== 'idle').map(({ slot }) => slot);
const figures = async (): Promise<Readonly<Record<'slips' | 'late' | 'ppm', number>>> => {
  const text = await (await ask('/metrics')).text();
  const of = (name: string): number => Number(new RegExp(`^branchline_media_${name} (\\S+)`, 'm').exec(text)?.[1]);
  return { slips: of('slips'), late: of('late_ticks'), ppm: of('clock_ppm') };
};

// The box

const dahdi = (id: string, number: number, side: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  driver: 'dahdi',
  number,
  side,
  clock: side === 'user' ? 'line' : 'ours',
  layer1: { raiseSeconds: 1, clearSeconds: 1 },
  ...more,
});

const settings = {
  ...settingsOf({ sip: SIP, http: HTTP, media: '20000-20399' }, {}),
  store: { directory: join(HOME, 'state') },
  limits: { callsPerUser: 100 },
  users: [userOf('201', '+12145550201'), userOf('202')],
  dids: [
    { number: '+12145550201', to: { user: '201' } },
    { number: '+14695550202', to: { user: '202' } },
  ],
  spans: [
    dahdi('carrier', 1, 'user'),
    // One channel only: an echo canceller in an emulated machine takes the time of all others.
    dahdi('echo', 3, 'user', { echoCanceller: 'mg2', channels: '1' }),
    // One in a bundle; the other as another program has set it up, with bare octets on its D-channel.
    dahdi('pbx', 4, 'user', { mode: 'bundle' }),
    dahdi('desk', 5, 'network', { adopt: true }),
  ],
  spanGroups: [
    { id: 'pstn', spans: ['carrier'], hunting: 'descending' },
    { id: 'pbx', spans: ['pbx'], hunting: 'descending' },
    { id: 'desk', spans: ['desk'] },
  ],
  routes: [
    { id: 'out', prefixes: ['+1972'], gateways: ['pstn'] },
    { id: 'over', prefixes: ['+1469'], gateways: ['pbx'] },
  ],
};

mkdirSync(HOME, { recursive: true });
chownSync(HOME, NOBODY, NOBODY);
const site = join(HOME, 'site.yaml');
writeFileSync(site, JSON.stringify(settings));

// What stands in the way

const modules = readdirSync('/modules').filter((name) => /-dahdi/.test(name));
const module = (name: string): string => `/modules/${modules.find((file) => file.endsWith(`-${name}.ko`))}`;
for (const name of modules.toReversed()) run('/bin/rmmod', name.replace(/^\d+-|\.ko$/g, ''));

// As systemd would start it: no privileges but that of real time.
const asNobody = [
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  '--inh-caps=+sys_nice',
  '--ambient-caps=+sys_nice',
];
const box = new Program('/usr/bin/setpriv', [
  ...asNobody,
  process.execPath,
  join(bundle, 'main.js'),
  'run',
  '-c',
  site,
]);
process.once('exit', () => box.signal('SIGKILL'));
let alive = true;
void box.finished.then(() => {
  alive = false;
});

const trouble = async (id: string, expected: RegExp): Promise<string> =>
  until(`${id}: ${expected}`, async () => {
    if (!alive) throw new Error(`the box has ended: ${box.said}`);
    const view = await span(id).catch(() => undefined);
    if (view?.trouble === undefined || !expected.test(view.trouble)) return undefined;
    assert.ok(view.alarms.includes('LOS'), `${id} has no alarm`);
    return view.trouble;
  });
/** One command at the operator's desk. */
const operator = (...words: readonly string[]): string =>
  run(process.execPath, join(bundle, 'main.js'), ...words, '--url', `http://127.0.0.1:${HTTP}`);

await until(
  'the box answers',
  async () => {
    if (!alive) throw new Error(`the box has ended: ${box.said}`);
    return spans().catch(() => undefined);
  },
  120,
);
passed('no driver', {
  why: await trouble('carrier', /^\/dev\/dahdi\/ctl is not there: the DAHDI driver is not loaded/),
});

run('/bin/insmod', module('dahdi'), 'auto_assign_spans=1');
passed('no permission', {
  why: await trouble('carrier', /^no permission for \/dev\/dahdi\/ctl: the process needs the group/),
});

const nodes = ['ctl', 'channel', 'timer', 'pseudo'].map((name) => `/dev/dahdi/${name}`);
const permit = (mode: number): void => {
  for (const node of nodes) chmodSync(node, mode);
};
permit(0o666);
passed('no card', { why: await trouble('carrier', /^there is no DAHDI span 1: the driver finds no card$/) });

for (const name of ['dahdi_dynamic', 'dahdi_dynamic_loc']) run('/bin/insmod', module(name));
createSpan(native, '1:0', 8);
passed('too few ports', {
  why: await trouble('carrier', /^DAHDI span 1 has 8 channels, and the configuration says 24$/),
});

permit(0o600);
destroySpan(native, '1:0', 1);
for (const address of ['1:0', '1:1', '2:0']) createSpan(native, address);
// A channel that was never configured can't be opened. `dahdi_cfg` is an independent witness of what channels are to be.
const configure = (...lines: readonly string[]): void => {
  writeFileSync('/etc/dahdi/system.conf', `${lines.join('\n')}\n`);
  run('/sbin/dahdi_cfg');
};
configure('bchan=1-23');
const other = native.deviceOpen('/dev/dahdi/channel');
assert.ok(other.ok && native.deviceControl(other.value, REQUEST.specify, intOf(5)).ok);
permit(0o666);
passed('channel in use', { why: await trouble('carrier', /channel 5.* is in use by another program$/) });

const module2 = await trouble(
  'echo',
  /^DAHDI span 3: there is no echo canceller mg2: is its module dahdi_echocan_mg2 loaded/,
);
assert.match(operator('spans'), /^echo: DAHDI span 3: there is no echo canceller mg2/m);
passed('module missing', { why: module2 });
passed('a card with fewer ports', { why: await trouble('pbx', /^there is no DAHDI span 4: the driver has 3 spans$/) });

run('/bin/insmod', module('dahdi_echocan_mg2'));
native.close(other.value);
const well = (view: SpanView): boolean => view.trouble === undefined && view.alarms.length === 0;
await until('carrier is well', async () => well(await span('carrier')) || undefined);
// Nothing is at its other end.
await until('echo has no trouble', async () => (await span('echo')).trouble === undefined || undefined);
passed('mended without a restart');

// libpri at the far end of `carrier`

const FAR = ['bchan=25-47', 'dchan=48'];
configure(...FAR);
const far = await FarLine.open(native, {
  first: 25,
  port: 26_000,
  libpri: 26_001,
  says: (slot) => STREAM.far + slot,
  hears: (slot) => STREAM.phone + slot,
});
const bank = new RtpBank(native, '127.0.0.1', 30_000, 2 * CALLS);
let ticks = 0;
/** Times that the phones' packets were late. */
let lateTicks = 0;
const started = performance.now();
const clock = setInterval(() => {
  far.tick();
  const due = Math.floor((performance.now() - started) / 20) - ticks;
  ticks += due;
  if (due > 1) lateTicks++;
  bank.tick(Math.min(due, 5));
}, 20);

let opening: { n: number; says: number; hears: number } | undefined;
const openPhone = (user: string): Promise<Phone<BankCall>> =>
  Phone.with(
    { registrar: { address: '127.0.0.1', port: SIP }, user, password: `pw-${user}`, domain: DOMAIN },
    async () => {
      if (opening === undefined) throw new Error('a call that nobody expects');
      const { n, says, hears } = opening;
      return bank.open(n, says, hears);
    },
  );
const phone = await openPhone('201');
assert.equal(await phone.register(3600), 200);
const libpri = await startLibpri({
  program: libpriProgram,
  side: 'net',
  listen: 26_001,
  peer: 26_000,
  seconds: 900,
  args: ['-a', 'answer', '-A', '20', '-B', '1', '-X', '1', '-H', '0'],
});
await libpri.waitFor('dchan_up', { seconds: 30 });
await until('the D-channel of carrier is up', async () => (await span('carrier')).dChannel.up);
// libpri sends a SABME of its own after a second; calls begin when that is over.
await sleep(3000);
await until('every channel of carrier is idle', async () => (await busy('carrier')).length === 0);
passed('libpri is up');

const up: PhoneCall<BankCall>[] = [];
const ours = 12;
for (let n = 0; n < CALLS; n++) {
  const slot = n < ours ? CALLS - n : n - ours + 1;
  opening = { n, says: STREAM.phone + slot, hears: STREAM.far + slot };
  const after = libpri.events.length;
  if (n < ours) {
    const call = await phone.call(`9725550${100 + n}`);
    assert.equal(await call.answered, true);
    assert.equal((await libpri.waitFor('setup', { after })).ch, slot);
    up.push(call);
  } else {
    const called = new Promise<PhoneCall<BankCall>>((resolve) => {
      phone.onCall = resolve;
    });
    libpri.call('2145550201', `97255501${10 + n}`);
    const call = await called;
    call.accept();
    await libpri.waitFor('connect', { after, seconds: 20 });
    up.push(call);
  }
}
assert.equal((await busy('carrier')).length, CALLS);
passed('23 calls with libpri', { from: ours, to: CALLS - ours });

async function hindrances(): Promise<Hindrances> {
  const { slips, late } = await figures();
  return { slips, ticksLeftOut: late, farSlips: far.underruns + far.overruns, packetsLate: lateTicks };
}
const judge = (sinks: readonly KnownSink[], wanted?: number) => compare(sinks, hindrances, wanted);
const sinksOf = (): KnownSink[] => [...far.sinks, ...up.map(({ media }) => media.sink)];
passed('sound both ways with libpri', await judge(sinksOf()));

// The box keeps pace with the first line of its clock plan.
assert.deepEqual((await span('carrier')).clock, { source: 'line', reference: true });
const { ppm } = await figures();
assert.ok(ppm !== 0 && Math.abs(ppm) <= 200, `the media tick follows nothing: ${ppm} ppm`);
passed('the media clock follows the carrier', { ppm });

// The D-channel is silent until our end has lost it.
far.cut = true;
await until('the loss is seen', async () => !(await span('carrier')).dChannel.up || undefined, 40);
far.cut = false;
await until('the D-channel is back', async () => (await span('carrier')).dChannel.up, 40);
await sleep(2000);
assert.equal((await calls()).length, CALLS);
assert.equal((await busy('carrier')).length, CALLS);
assert.ok(up.every(({ talking }) => talking));
assert.equal(libpri.count('disconnect') + libpri.count('release'), 0);
passed('calls kept over a silent D-channel', await judge(sinksOf()));

// The cable: the far end's span is destroyed with 23 calls up, and comes back.
far.unplug();
destroySpan(native, '1:1', 2);
await until('LOS', async () => (await span('carrier')).alarms.includes('LOS') || undefined);
await until(
  'its alarm stands',
  async () => (await span('carrier')).layer1.alarms.some(({ id }) => /los/i.test(id)) || undefined,
);
const alarms = (await span('carrier')).layer1.alarms.map(({ id }) => id);
assert.equal((await span('carrier')).clock.reference, false, 'a line without a signal gives the clock');
assert.ok(
  up.every(({ talking }) => talking),
  'a call ended with the cable',
);
createSpan(native, '1:1');
configure(...FAR);
far.plug();
await until('the alarm is cleared', async () => well(await span('carrier')) || undefined);
assert.equal((await span('carrier')).clock.reference, true);
await until('the D-channel is back', async () => (await span('carrier')).dChannel.up, 60);
await sleep(2000);
const kept = up.filter(({ talking }) => talking).length;
assert.equal(kept, CALLS, `${kept} of ${CALLS} calls are left\n${libpri.stderr}`);
passed('a pulled cable', { alarms, kept, ...(await judge(sinksOf())) });

// One call alone leaves an emulated machine the time for more.
await Promise.all(up.slice(1).map((call) => call.hangUp()));
const alone = [far.sinks[CALLS - 1], up[0]?.media.sink].filter((sink) => sink !== undefined);
passed('one call alone, five seconds octet by octet', await judge(alone, 5 * CYCLE));
await up[0]?.hangUp();
await until('every channel of carrier is idle', async () => (await busy('carrier')).length === 0 || undefined);
assert.deepEqual(await calls(), []);
// A DISCONNECT that the reset of a link has swallowed is followed by a RELEASE (Q.931 §5.3.3, T305).
const endings = () => libpri.events.filter(({ ev }) => ev === 'disconnect' || ev === 'release');
await until(
  'libpri has heard every ending',
  () => new Set(endings().map(({ ch }) => ch)).size === CALLS || undefined,
).catch((error: unknown) => {
  throw new Error(`${error}\n${JSON.stringify(libpri.events.slice(-80))}`);
});
up.splice(0);
passed('every channel is free', { disconnects: libpri.count('disconnect'), underruns: far.underruns });

// The line that was pulled takes calls again.
opening = { n: 0, says: STREAM.phone + CALLS, hears: STREAM.far + CALLS };
const again = await phone.call('9725550199');
assert.equal(await again.answered, true);
const talking = [far.sinks[CALLS - 1], again.media.sink].filter((sink) => sink !== undefined);
passed('a call after the cable', await judge(talking));
await again.hangUp();
await until('every channel of carrier is idle', async () => (await busy('carrier')).length === 0 || undefined);

// From one span of ours to the other: the network is ours too.

await libpri.stop();
far.close();
for (const address of ['3:0', '3:1']) createSpan(native, address);
configure('bchan=97-120');
for (const id of ['pbx', 'desk']) {
  await until(`${id} is well`, async () => well(await span(id)) || undefined);
  await until(`the D-channel of ${id} is up`, async () => (await span(id)).dChannel.up || undefined);
}
passed('ports that came later');
const callee = await openPhone('202');
assert.equal(await callee.register(3600), 200);
const rung: PhoneCall<BankCall>[] = [];
for (let n = 0; n < CALLS; n++) {
  const slot = CALLS - n;
  const called = new Promise<PhoneCall<BankCall>>((resolve) => {
    callee.onCall = resolve;
  });
  opening = { n, says: STREAM.caller + slot, hears: STREAM.callee + slot };
  const call = await phone.call('4695550202');
  opening = { n: CALLS + n, says: STREAM.callee + slot, hears: STREAM.caller + slot };
  const ringing = await called;
  ringing.accept();
  assert.equal(await call.answered, true);
  up.push(call);
  rung.push(ringing);
}
assert.equal((await busy('pbx')).length, CALLS);
assert.equal((await busy('desk')).length, CALLS);
passed('23 calls over two spans of ours', await judge([...up, ...rung].map(({ media }) => media.sink)));
await Promise.all(up.map((call) => call.hangUp()));
for (const id of ['pbx', 'desk']) {
  await until(`every channel of ${id} is idle`, async () => (await busy(id)).length === 0 || undefined);
}
await Promise.all(rung.map(({ ended }) => ended));
passed('all channels of both are free');

clearInterval(clock);
await phone.close();
await callee.close();
bank.close();
const ended = await box.stop('SIGTERM', 20);
assert.equal(ended.code, 0, box.said);
const bad = ended.stdout.split('\n').filter((line) => /"level":(50|60)/.test(line) && !line.includes('span.failed'));
assert.deepEqual(bad, []);
passed('done');
process.exit(0);
