import { BertChecker, BertGenerator, type BertPattern, type BertResult } from '../line/bert.ts';
import { BLOCK } from '../rtp/g711.ts';
import type { TdmChannel } from '../span/media.ts';

/** What is asked of a span's bench. */
export type BertOrder =
  /** These slots send the pattern and hear it; what ran before is over. Answered with the slots that have a call, or are not there. */
  | { readonly type: 'start'; readonly pattern: BertPattern; readonly slots: readonly number[] }
  /** So many single bits are sent wrong in each slot under test: the far end, or we behind a loopback, must count them. */
  | { readonly type: 'inject'; readonly errors: number }
  | { readonly type: 'stop' };

/** One slot's test. Seconds begin with the first step with the pattern; one with an error, a slip or without step is errored. */
export interface BertSlot extends BertResult {
  readonly slot: number;
  readonly seconds: number;
  readonly errorSeconds: number;
  readonly slips: number;
}

const TICKS_PER_SECOND = 50;

/** A bit in the middle of its block, so that an error never falls on what a far end may lose at the edges. */
const WRONG_BIT = 0x10;
const WRONG_OCTET = BLOCK / 2;

/** The test of one B-channel, made at start and used again and again. */
class SlotTest {
  readonly #channel: TdmChannel;
  readonly #generator = new BertGenerator('qrss');
  readonly #checker = new BertChecker('qrss');
  #running = false;
  #begun = false;
  #ticks = 0;
  #seconds = 0;
  #errorSeconds = 0;
  #errors = 0;
  #lost = false;
  #slips = 0;
  #toInject = 0;
  #pastSlips = 0;

  constructor(channel: TdmChannel) {
    this.#channel = channel;
  }

  get isFree(): boolean {
    return !this.#channel.isOpen;
  }

  start(pattern: BertPattern): void {
    this.#channel.open('ulaw');
    this.#generator.reset(pattern);
    this.#checker.reset(pattern);
    this.#running = true;
    this.#begun = false;
    this.#ticks = 0;
    this.#seconds = 0;
    this.#errorSeconds = 0;
    this.#errors = 0;
    this.#slips = 0;
    this.#lost = false;
    this.#toInject = 0;
  }

  /** Slips of tests that are over. */
  get pastSlips(): number {
    return this.#pastSlips;
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#pastSlips += this.#channel.slips;
    this.#channel.close();
  }

  inject(errors: number): void {
    this.#toInject += errors;
  }

  tick(block: Uint8Array): void {
    if (!this.#running) return;
    if (this.#channel.rx.pull(block)) this.#checker.check(block);
    else this.#lost = true;
    this.#generator.fill(block);
    if (this.#toInject > 0) {
      this.#toInject--;
      block[WRONG_OCTET] = (block[WRONG_OCTET] as number) ^ WRONG_BIT;
    }
    this.#channel.tx.push(block);
    this.#count();
  }

  #count(): void {
    const { sync, errors } = this.#checker;
    if (!this.#begun) {
      this.#lost = false;
      this.#begun = sync;
      this.#slips = this.#channel.slips;
      return;
    }
    if (!sync) this.#lost = true;
    if (++this.#ticks < TICKS_PER_SECOND) return;
    this.#ticks = 0;
    this.#seconds++;
    const slips = this.#channel.slips;
    if (this.#lost || errors > this.#errors || slips > this.#slips) this.#errorSeconds++;
    this.#errors = errors;
    this.#slips = slips;
    this.#lost = false;
  }

  result(slot: number): BertSlot {
    return {
      slot,
      ...this.#checker.result,
      seconds: this.#seconds,
      errorSeconds: this.#errorSeconds,
      slips: this.#channel.slips,
    };
  }
}

/** The bit error rate tests of one span, each B-channel for itself (a DS0 each, 64 kbit/s). Nothing here allocates in a tick. */
export class BertBench {
  readonly #tests: readonly SlotTest[];
  readonly #block = new Uint8Array(BLOCK);
  #slots: readonly number[] = [];

  /** @param channels The channel of slot n at n − 1. */
  constructor(channels: readonly TdmChannel[]) {
    this.#tests = channels.map((channel) => new SlotTest(channel));
  }

  /** Answers the slots that can't be tested: they have a call, or the line of so many slots has them not. Then nothing has begun. */
  start(pattern: BertPattern, slots: readonly number[], most: number): readonly number[] {
    this.stop();
    const taken = slots.filter((slot) => slot > most || this.#tests[slot - 1]?.isFree !== true);
    if (taken.length > 0) return taken;
    this.#slots = slots;
    for (const slot of slots) this.#tests[slot - 1]?.start(pattern);
    return [];
  }

  inject(errors: number): void {
    for (const slot of this.#slots) this.#tests[slot - 1]?.inject(errors);
  }

  /** What was counted stays to be read. */
  stop(): void {
    for (const slot of this.#slots) this.#tests[slot - 1]?.stop();
  }

  /** Between what the line has brought and what it takes. */
  tick(): void {
    for (let i = 0; i < this.#slots.length; i++) {
      this.#tests[(this.#slots[i] as number) - 1]?.tick(this.#block);
    }
  }

  /** Slips of tests that are over: a line's count of slips never falls. */
  get pastSlips(): number {
    let slips = 0;
    for (const test of this.#tests) slips += test.pastSlips;
    return slips;
  }

  results(): readonly BertSlot[] {
    return this.#slots.flatMap((slot) => this.#tests[slot - 1]?.result(slot) ?? []);
  }
}
