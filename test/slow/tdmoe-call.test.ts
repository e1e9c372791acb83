/**
 * Whole calls from a SIP phone over TDM over Ethernet, through the kernel's DAHDI in a guest, to libpri there and back, with sound
 * that is compared octet by octet; then a minute of eight spans with those calls up.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import { statesOf } from '../../src/gateway/spans.ts';
import { type Box, startBox } from '../../src/main.ts';
import { loadNative } from '../../src/native/native.ts';
import { DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { makeTap, type Tap } from '../support/ethernet.ts';
import { CYCLE } from '../support/known-sound.ts';
import type { LibpriEvent } from '../support/libpri.ts';
import { eventually } from '../support/process.ts';
import { type BankCall, RtpBank } from '../support/rtp-bank.ts';
import { GUEST_NODE, guestLibpri, guestProgram } from '../support/vm/bundled.ts';
import { STREAM } from '../support/vm/streams.ts';
import { type Guest, noGuest, startGuest } from '../support/vm.ts';

const SPANS = Array.from({ length: 8 }, (_, n) => n);
const CALLS = 23;
/** Of them from a phone; libpri makes the others. */
const OURS = 12;
const SECONDS = 60;
const MAC = '02:00:00:00:00:02';
const [SIP, HTTP, MEDIA, PHONES] = [25_500, 25_501, '25510-25899', 25_900];

/** What the far end in the guest has said. */
type Said = LibpriEvent & { readonly sinks?: readonly number[]; readonly told?: readonly string[] };

class FarEnd {
  readonly #guest: Guest;

  private constructor(guest: Guest) {
    this.#guest = guest;
  }

  static async start(guest: Guest): Promise<FarEnd> {
    const { folder, main } = await guestProgram('far');
    for (const file of ['command', 'far']) writeFileSync(`${guest.share}/${file}`, '');
    await guest.must(`${GUEST_NODE} ${main} ${folder} ${await guestLibpri()} /share/command >>/share/far 2>&1 &`);
    return new FarEnd(guest);
  }

  get said(): readonly Said[] {
    const lines = readFileSync(`${this.#guest.share}/far`, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      assert.ok(line.startsWith('{'), `the far end failed: ${lines.slice(-20).join('\n')}`);
      return JSON.parse(line) as Said;
    });
  }

  count(ev: string): number {
    return this.said.filter((one) => one.ev === ev).length;
  }

  tell(command: string): void {
    appendFileSync(`${this.#guest.share}/command`, `${command}\n`);
  }

  /** Channels whose call we have ended; a DISCONNECT that a link's reset has swallowed is followed by a RELEASE (Q.931 §5.3.3, T305). */
  get endings(): number {
    const ended = this.said.filter(({ ev }) => ev === 'disconnect' || ev === 'release');
    return new Set(ended.map(({ ch }) => ch)).size;
  }

  /** The octets of each slot that were heard without a fault in one piece, the most of them. */
  get longest(): readonly number[] {
    return this.#lastHeard?.sinks ?? [];
  }

  /** Octets that came altered or out of step. */
  get faults(): readonly string[] {
    return this.#lastHeard?.told ?? [];
  }

  get #lastHeard(): Said | undefined {
    return this.said.findLast(({ ev }) => ev === 'heard');
  }
}

const SYSTEM = [
  ...SPANS.map((n) => `dynamic=eth,eth0/TAP/${n},24,${n === 0 ? 1 : 0}`),
  ...SPANS.flatMap((n) => [`bchan=${24 * n + 1}-${24 * n + 23}`, `dchan=${24 * n + 24}`]),
];

function siteOf(tap: Tap, folder: string): Readonly<Record<string, unknown>> {
  const common = { driver: 'tdmoe', interface: tap.name, peer: MAC, side: 'user' };
  return {
    ...settingsOf({ sip: SIP, http: HTTP, media: MEDIA }, {}),
    store: { directory: join(folder, 'state') },
    log: { level: 'error' },
    limits: { callsPerUser: 50 },
    users: [userOf('201', '+12145550201')],
    dids: [{ number: '+12145550201', to: { user: '201' } }],
    spans: SPANS.map((n) => ({ id: `t${n}`, ...common, subAddress: n })),
    spanGroups: [{ id: 'pstn', spans: ['t0'], hunting: 'descending' }],
  };
}

async function until(what: string, look: () => Promise<boolean>, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await look())) {
    assert.ok(performance.now() < deadline, `not within ${seconds} s: ${what}`);
    await sleep(500);
  }
}

/** What the box has counted of its lines. */
function figuresOf({ gateway }: Box): Readonly<Record<'received' | 'lost' | 'restarts' | 'slips', number>> {
  const { spans } = gateway.media.stats();
  const sum = (name: 'received' | 'lost' | 'restarts' | 'slips'): number =>
    spans.reduce((all, span) => all + span[name], 0);
  return { received: sum('received'), lost: sum('lost'), restarts: sum('restarts'), slips: sum('slips') };
}

test('23 calls between a SIP phone and libpri in a guest, over Ethernet: sound both ways, and a minute in which every missing frame is counted', async (context) => {
  const why = noGuest();
  if (why !== undefined) return context.skip(why);
  const tap = makeTap();
  if (typeof tap === 'string') return context.skip(tap);
  const ends: (() => unknown)[] = [() => tap.remove()];
  try {
    const guest = await startGuest({ memory: 768, network: { tap: tap.name, mac: MAC } });
    ends.push(() => guest.stop());
    const folder = mkdtempSync(join(tmpdir(), 'branchline-tdmoe-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const native = loadNative();
    assert.ok(native.ok);
    const site = join(folder, 'site.yaml');
    writeFileSync(site, JSON.stringify(siteOf(tap, folder)));
    const started = await startBox(site);
    assert.ok(started.ok, started.ok ? '' : started.error.join('\n'));
    const box = started.value;
    ends.push(() => box.stop());
    const { spans, path } = box.gateway;
    const span = spans.all.find(({ setting }) => setting.id === 't0') ?? assert.fail();
    const busy = (): number => statesOf(span).filter(({ state }) => state !== 'idle').length;

    await guest.must('ip link set eth0 up');
    for (const line of SYSTEM) await guest.must(`echo '${line.replace('TAP', tap.address)}' >>/etc/dahdi/system.conf`);
    await guest.must('dahdi_cfg');
    const far = await FarEnd.start(guest);
    await eventually('no alarm on any span', () => spans.all.every(({ dChannel }) => dChannel.alarms.size === 0), 60);
    await eventually('libpri is up', () => far.count('dchan_up') > 0 && span.dChannel.up, 60);
    // libpri sends a SABME of its own after a second; calls begin when that is over.
    await sleep(3000);
    await eventually('every channel is idle', () => busy() === 0, 30);

    const bank = new RtpBank(native.value, '127.0.0.1', PHONES, CALLS);
    ends.push(() => bank.close());
    let ticks = 0;
    const from = performance.now();
    const clock = setInterval(() => {
      const due = Math.floor((performance.now() - from) / 20) - ticks;
      ticks += due;
      bank.tick(Math.min(due, 5));
    }, 5);
    ends.push(() => clearInterval(clock));
    let slot = CALLS;
    const phone = await Phone.with(
      { registrar: { address: '127.0.0.1', port: SIP }, user: '201', password: 'pw-201', domain: DOMAIN },
      async () => bank.open(slot - 1, STREAM.phone + slot, STREAM.far + slot),
    );
    ends.push(() => phone.close());
    assert.equal(await phone.register(600), 200);
    const calls: PhoneCall<BankCall>[] = [];
    for (let n = 0; n < CALLS; n++) {
      slot = n < OURS ? CALLS - n : n - OURS + 1;
      if (n < OURS) {
        const call = await phone.call(`9725550${100 + n}`);
        assert.equal(await call.answered, true);
        calls.push(call);
        continue;
      }
      const called = new Promise<PhoneCall<BankCall>>((resolve) => {
        phone.onCall = resolve;
      });
      far.tell(`call 2145550201 9725550${100 + n}`);
      const call = await called;
      call.accept();
      await eventually('libpri hears the answer', () => far.count('connect') === n - OURS + 1, 20);
      calls.push(call);
    }
    assert.equal(busy(), CALLS);

    // A second of each direction of each call without a fault.
    const compare = async (): Promise<void> => {
      const [told, before] = [far.count('heard'), performance.now()];
      far.tell('begin');
      for (const { media } of calls) media.sink.begin();
      // What it says of before it was told so is not meant.
      await eventually('the far end to begin', () => far.count('heard') >= told + 2, 20);
      const exact = (): readonly number[] => [...far.longest, ...calls.map(({ media }) => media.sink.longest)];
      await eventually('a second of every stream', () => exact().every((longest) => longest >= CYCLE), 120).catch(
        (error: unknown) => assert.fail(`${error}: ${exact().join(' ')}, ${JSON.stringify(figuresOf(box))}`),
      );
      const took = Math.round((performance.now() - before) / 1000);
      context.diagnostic(
        `46 streams: a second of each without a fault within ${took} s, ${JSON.stringify(figuresOf(box))}`,
      );
      assert.deepEqual(far.faults, []);
      // A frame that was lost on its way here is filled with the millisecond before it, in all timeslots.
      const faults = calls.flatMap(({ media }) => media.sink.told);
      if (figuresOf(box).lost === 0) assert.deepEqual(faults, []);
    };
    await compare();

    // A minute of eight spans.
    const sentBy = async (): Promise<number> =>
      Number(await guest.must('cat /sys/class/net/eth0/statistics/tx_packets'));
    const before = { ...figuresOf(box), sent: await sentBy() };
    const cpu = box.gateway.media.stats().cpu;
    await sleep(SECONDS * 1000);
    const after = { ...figuresOf(box), sent: await sentBy() };
    const [sent, received, lost] = [
      after.sent - before.sent,
      after.received - before.received,
      after.lost - before.lost,
    ];
    const share = (box.gateway.media.stats().cpu - cpu) / (SECONDS * 10);
    context.diagnostic(
      `${SECONDS} s: ${sent} frames sent by the guest, ${received} received, ${lost} lost, media loop ${share.toFixed(1)} % of a core`,
    );
    assert.ok(received > 0.5 * SPANS.length * 1000 * SECONDS, `${received} frames in ${SECONDS} s`);
    // Between the two questions for both figures frames go on, at 8000 a second.
    assert.ok(Math.abs(sent - received - lost) < 4000, `${sent - received - lost} frames are unaccounted for`);
    assert.equal(after.restarts, before.restarts);
    assert.ok(calls.every(({ talking }) => talking));
    assert.equal(path.live.size, CALLS);

    // The cable is pulled with 23 calls up, for long enough that both ends say so.
    tap.plug(false);
    await eventually('LOS on every span', () => spans.all.every(({ dChannel }) => dChannel.alarms.has('LOS')), 20);
    const red = async (): Promise<boolean> => /RED/.test(await guest.must('cat /proc/dahdi/1'));
    await until('RED at the far end', red, 20);
    tap.plug(true);
    await eventually('no alarm on any span', () => spans.all.every(({ dChannel }) => dChannel.alarms.size === 0), 30);
    await until('no RED at the far end', async () => !(await red()), 20);
    await eventually('the D-channel is back', () => span.dChannel.up, 60);
    await sleep(2000);
    assert.ok(
      calls.every(({ talking }) => talking),
      'a call ended with the cable',
    );
    assert.equal(path.live.size, CALLS);
    await compare();

    // And a new call on the channel that one gives back.
    await calls.pop()?.hangUp();
    await eventually('a channel is free', () => busy() === CALLS - 1, 30);
    slot = statesOf(span).find(({ state }) => state === 'idle')?.channel.slot ?? assert.fail();
    const again = await phone.call('9725550199');
    assert.equal(await again.answered, true);
    calls.push(again);
    await compare();

    await Promise.all(calls.map((call) => call.hangUp()));
    await eventually('no call and no channel is left', () => busy() === 0 && path.live.size === 0, 30);
    await eventually('libpri has heard every ending', () => far.endings === CALLS, 30);
  } finally {
    for (const end of ends.toReversed()) await end();
  }
});
