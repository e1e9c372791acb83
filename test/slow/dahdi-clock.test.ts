/** The media tick and a DAHDI span: its clock is given from outside, over Ethernet, and the tick must follow it up and down. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadNative, type Native } from '../../src/native/native.ts';
import {
  ETHERTYPE,
  LONGEST_FRAME,
  SAMPLES,
  singleLength,
  writeEthernet,
  writeSingle,
} from '../../src/span/tdmoe/frame.ts';
import { makeTap } from '../support/ethernet.ts';
import { eventually } from '../support/process.ts';
import { GUEST_NODE, guestProgram } from '../support/vm/bundled.ts';
import { noGuest, startGuest } from '../support/vm.ts';

const MAC = '02:00:00:00:00:02';
const SLOTS = 24;
/** Frames that are sent in one go, at most: what a machine that is held up has to make up for. */
const MOST = 100;
/** What the line's clock is off by, in parts per million: far beyond what is followed, so that no other cause is as strong. */
const OFF = 5000;
/**
 * How far the tick goes along at least: a buffer that runs over is a block and a half too full, and one that runs dry half a block too empty,
 * since the block that is taken next has been counted.
 */
const FOLLOWED = { ahead: 100, behind: -30 };

/** Sends a span's frames: the DAHDI that hears them has no other clock. */
class LineClock {
  /** How far it runs ahead of this machine's, in parts per million. */
  ppm = 0;
  readonly #native: Native;
  readonly #fd: number;
  readonly #frames = new Uint8Array(MOST * LONGEST_FRAME);
  readonly #lengths = new Int32Array(MOST).fill(singleLength(SLOTS));
  readonly #address = new Uint8Array(6);
  #at = performance.now();
  #due = 0;
  #sequence = 0;

  constructor(native: Native, tap: string) {
    const opened = native.packetOpen(tap, ETHERTYPE, this.#address);
    assert.ok(opened.ok);
    this.#native = native;
    this.#fd = opened.value;
  }

  tick(): void {
    const now = performance.now();
    this.#due += (now - this.#at) * (1 + this.ppm * 1e-6);
    this.#at = now;
    const count = Math.min(MOST, Math.floor(this.#due));
    this.#due -= Math.floor(this.#due);
    const peer = Uint8Array.from(MAC.split(':'), (octet) => Number.parseInt(octet, 16));
    for (let n = 0; n < count; n++) {
      const frame = this.#frames.subarray(n * LONGEST_FRAME, (n + 1) * LONGEST_FRAME);
      writeEthernet(frame, peer, this.#address);
      const payload = writeSingle(frame, 0, SLOTS, this.#sequence, false);
      frame.fill(0xff, payload, payload + SLOTS * SAMPLES);
      this.#sequence = (this.#sequence + 1) & 0xffff;
    }
    if (count > 0) this.#native.packetSend(this.#fd, this.#frames, this.#lengths, LONGEST_FRAME, count);
  }

  close(): void {
    this.#native.close(this.#fd);
  }
}

test('the media tick follows a DAHDI span whose clock runs ahead, and one that runs behind', async (context) => {
  const why = noGuest();
  if (why !== undefined) return context.skip(why);
  const tap = makeTap();
  if (typeof tap === 'string') return context.skip(tap);
  const ends: (() => unknown)[] = [() => tap.remove()];
  try {
    const native = loadNative();
    assert.ok(native.ok);
    const { folder, main } = await guestProgram('clock');
    const guest = await startGuest({ network: { tap: tap.name, mac: MAC } });
    ends.push(() => guest.stop());
    await guest.must('ip link set eth0 up');
    for (const line of [`dynamic=eth,eth0/${tap.address}/0,24,1`, 'bchan=1-23', 'dchan=24']) {
      await guest.must(`echo '${line}' >>/etc/dahdi/system.conf`);
    }
    await guest.must('dahdi_cfg');
    const clock = new LineClock(native.value, tap.name);
    ends.push(() => clock.close());
    const timer = setInterval(() => clock.tick(), 5);
    ends.push(() => clearInterval(timer));
    const said = `${guest.share}/said`;
    writeFileSync(said, '');
    await guest.must(`${GUEST_NODE} ${main} ${folder} >>/share/said 2>&1 &`);
    const last = (): { readonly ppm: number; readonly slips: number; readonly alarms?: readonly string[] } => {
      const lines = readFileSync(said, 'utf8').split('\n').slice(0, -1);
      const text = lines.at(-1) ?? '{}';
      assert.ok(text.startsWith('{'), lines.join('\n'));
      return JSON.parse(text);
    };
    await eventually('the span is there', () => last().alarms?.length === 0, 60);
    for (const way of ['ahead', 'behind', 'ahead'] as const) {
      clock.ppm = way === 'ahead' ? OFF : -OFF;
      const from = performance.now();
      const follows = (): boolean => (way === 'ahead' ? last().ppm >= FOLLOWED.ahead : last().ppm <= FOLLOWED.behind);
      await eventually(`the tick follows a line that runs ${way}`, follows, 60).catch((error: unknown) =>
        assert.fail(`${error}: ${JSON.stringify(last())}\n${guest.console}`),
      );
      const took = Math.round((performance.now() - from) / 100) / 10;
      context.diagnostic(`the line runs ${way}: followed within ${took} s, ${JSON.stringify(last())}`);
    }
  } finally {
    for (const end of ends.toReversed()) await end();
  }
});
