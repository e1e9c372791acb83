/** Our data link against libpri's, over UDP: one datagram is one LAPD frame. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, suite, test } from 'node:test';
import { Q921Link } from '../../src/isdn/q921/link.ts';
import type { LinkEffect, LinkEvent, LinkSide } from '../../src/isdn/q921/primitives.ts';
import { fromHex, toHex } from '../../src/kernel/bytes.ts';
import { type Random, seeded } from '../../src/kernel/random.ts';
import type { Instant } from '../../src/kernel/time.ts';
import { startLibpri } from '../support/libpri.ts';
import { eventually } from '../support/process.ts';

const clock = (): Instant => performance.now() as Instant;

/** Our end: the link on a socket, losing some of what it sends and hears. */
class Ours {
  readonly link: Q921Link;
  readonly told: string[] = [];
  readonly errors: string[] = [];
  readonly heard: string[] = [];
  /** When libpri's last SABME came; undefined before its first. */
  sabmeAt: number | undefined;
  readonly #socket = createSocket('udp4');
  readonly #peer: number;
  readonly #loss: () => boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor(side: LinkSide, peer: number, loss: () => boolean) {
    this.link = new Q921Link({ side });
    this.#peer = peer;
    this.#loss = loss;
  }

  async open(port: number): Promise<void> {
    this.#socket.on('message', (frame) => {
      if (frame.length === 3 && frame[2] === 0x7f) this.sabmeAt = performance.now();
      if (!this.#loss()) this.feed({ type: 'frame', frame: new Uint8Array(frame) });
    });
    await new Promise<void>((resolve) => this.#socket.bind(port, '127.0.0.1', resolve));
    this.feed({ type: 'dl-establish' });
  }

  feed(event: LinkEvent): void {
    this.#take(this.link.feed(event, clock()));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #take(effects: readonly LinkEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'frame') {
        if (!this.#loss()) this.#socket.send(effect.frame, this.#peer, '127.0.0.1');
      } else if (effect.type === 'dl-data') this.heard.push(toHex(effect.message.slice(effect.at)));
      else if (effect.type === 'mdl-error') this.errors.push(effect.code);
      else this.told.push(effect.type === 'dl-established' ? 'up' : effect.type === 'dl-released' ? 'down' : 'refused');
    }
    clearTimeout(this.#timer);
    const due = this.link.deadline;
    if (due !== undefined)
      this.#timer = setTimeout(() => this.#take(this.link.wake(clock())), Math.max(1, due - clock() + 1));
  }
}

const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers) await close();
});

let nextPort = 21000;

async function pair(side: LinkSide, options: { readonly loss?: number; readonly args?: readonly string[] } = {}) {
  const ours = nextPort++;
  const theirs = nextPort++;
  const random: Random & { next(): number } = seeded(ours);
  const us = new Ours(side, theirs, () => random.next() < (options.loss ?? 0));
  closers.push(() => us.close());
  await us.open(ours);
  const libpri = await startLibpri({
    side: side === 'user' ? 'net' : 'cpe',
    listen: theirs,
    peer: ours,
    args: options.args ?? [],
  });
  closers.push(() => libpri.stop());
  return { us, libpri };
}

/** STATUS ENQUIRY for a call that doesn't exist: libpri answers each with a message of its own. */
const enquiry = (call: number): Uint8Array => fromHex(`080200${call.toString(16).padStart(2, '0')}75`);

// The waits are libpri's own time: all of them together take no longer than the longest.
suite('against libpri', { concurrency: true }, () => {
  for (const side of ['user', 'network'] as const) {
    test(`libpri and we, as ${side}, bring the link up and survive its second SABME`, async () => {
      const { us, libpri } = await pair(side);
      await libpri.waitFor('dchan_up');
      await eventually('our link is up', () => us.told.includes('up'));
      // libpri calls again after its first second; what goes out then must still arrive.
      await eventually('libpri has called', () => us.sabmeAt !== undefined);
      for (let i = 1; i <= 20; i++) us.feed({ type: 'dl-data', message: enquiry(i), at: 0 });
      await eventually('all is acknowledged', () => us.link.queued === 0);
      await eventually('libpri answers each', () => us.heard.length >= 20);
      assert.equal(us.link.state, 'multiple-frame-established');
      assert.equal(libpri.count('dchan_down'), 0);
      assert.deepEqual(
        us.told.filter((word) => word === 'down'),
        [],
      );
      await libpri.stop();
    });

    test(`a tenth of the frames lost, as ${side}: every message arrives and is answered`, {
      concurrency: true,
    }, async () => {
      const { us, libpri } = await pair(side, { loss: 0.1 });
      await libpri.waitFor('dchan_up', { seconds: 40 });
      await eventually('our link is up', () => us.told.includes('up'), 40);
      // Its second SABME, which may be lost and repeated, would take messages with it: that is another test's business.
      await eventually('libpri calls no more', () => performance.now() - (us.sabmeAt ?? Number.NaN) > 2500);
      const calls = Array.from({ length: 40 }, (_, i) => i + 1);
      for (const call of calls) us.feed({ type: 'dl-data', message: enquiry(call), at: 0 });
      await eventually('all is acknowledged', () => us.link.queued === 0, 40);
      await eventually('libpri answers each', () => us.heard.length >= calls.length, 40);
      assert.deepEqual(
        us.told.filter((word) => word !== 'up'),
        [],
      );
      await libpri.stop();
    });

    test(`libpri silent for 18 s, as ${side}: the loss is reported, and the link comes back`, {
      concurrency: true,
    }, async () => {
      const { us, libpri } = await pair(side);
      await libpri.waitFor('dchan_up');
      await eventually('our link is up', () => us.told.includes('up'));
      await eventually('libpri has called', () => us.sabmeAt !== undefined);
      libpri.down(18);
      // A message under way makes the silence noticed after T200 instead of T203.
      await eventually('libpri is silent', () => {
        if (us.link.queued === 0) us.feed({ type: 'dl-data', message: enquiry(1), at: 0 });
        return us.link.state === 'timer-recovery';
      });
      await eventually('the loss is reported', () => us.told.includes('down'), 40);
      assert.deepEqual(us.errors.slice(-2), ['I', 'G']);
      await eventually('the link is back', () => us.told.at(-1) === 'up', 40);
      const before = us.heard.length;
      // libpri may still call for the link itself, which resets it and drops what was under way (Annex B): layer 3 asks again then.
      await eventually('libpri answers again', () => {
        if (us.link.queued === 0) us.feed({ type: 'dl-data', message: enquiry(2), at: 0 });
        return us.heard.length > before;
      });
      assert.equal(us.told.filter((word) => word === 'down').length, 1);
      await libpri.stop();
    });
  }
});
