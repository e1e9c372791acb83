/** Bit error rate tests as an operator runs them: on B-channels without a call, which rest meanwhile, and with an end. */
import { channelsOf } from '../config/line.ts';
import type { BertAnswer } from '../console/views.ts';
import { after, type Clock, type Instant, seconds } from '../kernel/time.ts';
import type { BertPattern } from '../line/bert.ts';
import type { Gateway } from './gateway.ts';
import { isoOf } from './iso.ts';
import { statesOf } from './spans.ts';

interface Test {
  readonly span: string;
  readonly pattern: BertPattern;
  readonly slots: readonly number[];
  readonly until: Instant;
  running: boolean;
}

type Watched = Gateway['spans']['all'][number];

export class BertDesk {
  readonly #gateway: Gateway;
  readonly #clock: Clock;
  readonly #tests = new Map<string, Test>();

  constructor(gateway: Gateway, clock: Clock) {
    this.#gateway = gateway;
    this.#clock = clock;
  }

  async start(
    id: string,
    wanted: readonly number[] | undefined,
    pattern: BertPattern,
    time: number,
  ): Promise<BertAnswer> {
    const span = this.#span(id);
    if (span === undefined) return { type: 'unknown' };
    const slots = wanted ?? channelsOf(span.setting);
    const why = this.#obstacle(span, slots);
    if (why !== undefined) return { type: 'refused', why };
    const test: Test = { span: id, pattern, slots, until: after(this.#clock.now(), seconds(time)), running: true };
    this.#tests.set(id, test);
    this.#serve(span, slots, false);
    const begun = await this.#gateway.media.bert(id, { type: 'start', pattern, slots });
    if (begun === undefined || begun.taken.length > 0) {
      this.#rest(test);
      this.#tests.delete(id);
      const why = begun && `timeslot ${begun.taken.join(' ')} has a call or is looped back`;
      return { type: 'refused', why: why ?? 'the media plane does not answer' };
    }
    this.#gateway.reactor.run(() => this.#endAt(test));
    return this.view(id);
  }

  /** Ends the test on a span; what it has counted stays. */
  async stop(id: string): Promise<BertAnswer> {
    const test = this.#tests.get(id);
    if (test?.running) await this.#end(test);
    return this.view(id);
  }

  async inject(id: string, errors: number): Promise<BertAnswer> {
    if (this.#span(id) !== undefined && this.#tests.get(id)?.running !== true)
      return { type: 'refused', why: 'no test runs on it' };
    await this.#gateway.media.bert(id, { type: 'inject', errors });
    return this.view(id);
  }

  async view(id: string): Promise<BertAnswer> {
    const test = this.#tests.get(id);
    if (this.#span(id) === undefined) return { type: 'unknown' };
    if (test === undefined) return { type: 'refused', why: 'no test has been made on it' };
    const read = await this.#gateway.media.bert(id);
    const { pattern, running, until } = test;
    const channels = read?.slots ?? [];
    return { type: 'done', bert: { span: id, pattern, running, until: isoOf(until, this.#clock), channels } };
  }

  /** Why these slots must stay as they are; undefined where no test is on them. */
  holds(id: string, slots: readonly number[]): string | undefined {
    const test = this.#tests.get(id);
    if (test?.running !== true || !slots.some((slot) => test.slots.includes(slot))) return undefined;
    return this.#runs(test);
  }

  #runs({ until }: Test): string {
    return `a test runs on it until ${isoOf(until, this.#clock)}: end it first`;
  }

  #span(id: string): Watched | undefined {
    return this.#gateway.spans.all.find(({ setting }) => setting.id === id);
  }

  #obstacle(span: Watched, slots: readonly number[]): string | undefined {
    const { id } = span.setting;
    const test = this.#tests.get(id);
    if (test?.running) return this.#runs(test);
    const channels = channelsOf(span.setting);
    const odd = slots.find((slot) => !channels.includes(slot));
    if (odd !== undefined) return `timeslot ${odd} is no B-channel of span ${id}`;
    const busy = statesOf(span).flatMap(({ channel: { slot }, state }) => (state === 'busy' ? [slot] : []));
    const taken = slots.filter((slot) => busy.includes(slot));
    return taken.length === 0
      ? undefined
      : `timeslot ${taken.join(' ')} has a call: name others, or busy them out first`;
  }

  /** The far end is told by SERVICE, where the variant has it; calls keep off the channels in any case. */
  #serve({ setting: { id }, signalling, watch }: Watched, slots: readonly number[], inService: boolean): void {
    this.#gateway.reactor.run(() => {
      for (const slot of slots) {
        if (inService && watch.isOut(slot)) continue;
        signalling.feed({ type: 'service', channel: { span: id, slot }, inService });
      }
    });
  }

  async #end(test: Test): Promise<void> {
    if (!test.running) return;
    test.running = false;
    await this.#gateway.media.bert(test.span, { type: 'stop' });
    this.#rest(test);
  }

  /** Its channels come back. */
  #rest({ span: id, slots }: Test): void {
    const span = this.#span(id);
    if (span !== undefined) this.#serve(span, slots, true);
  }

  #endAt(test: Test): void {
    const timer = {
      deadline: test.until as Instant | undefined,
      wake: (): void => {
        timer.deadline = undefined;
        void this.#end(test);
      },
    };
    this.#gateway.reactor.watch(timer);
  }
}
