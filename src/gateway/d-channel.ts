import type { Q921Link } from '../isdn/q921/link.ts';
import type { LinkEffect, LinkEvent } from '../isdn/q921/primitives.ts';
import type { Side } from '../isdn/q931/primitives.ts';
import type { Log } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import { type Instant, seconds } from '../kernel/time.ts';
import type { LineAlarm, SpanEvent, SpanPort } from '../span/port.ts';
import { LinkEvidence } from './link-evidence.ts';
import { waitUntil } from './patience.ts';
import type { Reactor, Wakeable } from './reactor.ts';

/** What a data link has to say to the layer above. */
export type LinkNews =
  | { readonly type: 'link'; readonly up: boolean }
  /** One layer 3 message, which begins at `at`. */
  | { readonly type: 'data'; readonly data: Uint8Array; readonly at: number };

export interface DChannelParts {
  readonly id: string;
  readonly side: Side;
  /** Undefined: the span has no D-channel of its own (NFAS). */
  readonly link: Q921Link | undefined;
  readonly reactor: Reactor;
  readonly log: Log;
  readonly onLink: (news: LinkNews, now: Instant) => void;
  /** One frame of LAPD, as it crosses the line. */
  readonly onFrame: (direction: 'in' | 'out', frame: Uint8Array) => void;
  /** The link or an alarm of the line has changed. */
  readonly onChange: () => void;
}

/** How long the far end may take to let go of the link: T200 and one answer. */
const GOODBYE = seconds(1);

/** One span's line as the main thread has it: its port, its alarms, and the data link where it carries a D-channel. */
export class DChannel implements Wakeable {
  readonly id: string;
  readonly evidence: LinkEvidence;
  readonly #parts: DChannelParts;
  readonly #alarms = new Set<LineAlarm>();
  /** Those that stood at any moment since `stood` was asked. */
  readonly #stood = new Set<LineAlarm>();
  #port: SpanPort | undefined;
  #trouble: string | undefined;
  #up = false;
  #looped = false;
  #stopped = false;

  constructor(parts: DChannelParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.evidence = new LinkEvidence(parts.side, parts.reactor.clock.now());
  }

  /** The data link is established. */
  get up(): boolean {
    return this.#up;
  }

  /** Whether the span carries a D-channel at all. */
  get exists(): boolean {
    return this.#parts.link !== undefined;
  }

  /** What the driver says stands in the way: a sentence; undefined while nothing does. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  get alarms(): ReadonlySet<LineAlarm> {
    return this.#alarms;
  }

  /** All alarms that stood since this was asked before, if only for a moment. */
  stood(): readonly LineAlarm[] {
    const stood = [...this.#stood];
    this.#stood.clear();
    for (const alarm of this.#alarms) this.#stood.add(alarm);
    return stood;
  }

  /** What we receive is intact: RAI alone says something of the other direction only. */
  get lineUp(): boolean {
    return ![...this.#alarms].some((one) => one !== 'RAI');
  }

  get deadline(): Instant | undefined {
    return this.#stopped ? undefined : this.#parts.link?.deadline;
  }

  wake(now: Instant): void {
    const { link } = this.#parts;
    if (!this.#stopped && link !== undefined) this.#effects(link.wake(now), now);
  }

  /** The port is open: the link is called up and stays wanted. */
  start(port: SpanPort): void {
    this.#port = port;
    this.#link({ type: 'dl-establish' });
  }

  /** What the span says. */
  hear(event: SpanEvent): void {
    if (this.#stopped) return;
    switch (event.type) {
      case 'frame':
        this.evidence.heard(event.frame);
        this.#parts.onFrame('in', event.frame);
        return this.#link({ type: 'frame', frame: event.frame });
      case 'alarm':
        return this.#alarm(event.alarm, event.raised);
      case 'failed':
        this.#trouble = event.why;
        return this.#parts.log.error({ span: this.id, why: event.why }, 'span.failed');
      case 'mended':
        this.#trouble = undefined;
        return this.#parts.log.warn({ span: this.id }, 'span.mended');
      default:
        return impossible(event);
    }
  }

  /** The line is looped back by us, or no longer: what is heard meanwhile is not the far end's. */
  loop(looped: boolean): void {
    this.#looped = looped;
    this.evidence.lineTurned(this.#parts.reactor.clock.now());
  }

  /** Sends the layer 3 message that begins at `at`. Without a link it is lost, as on a line. */
  send(message: Uint8Array, at: number): void {
    this.#link({ type: 'dl-data', message, at });
  }

  /** Lets go of the link: the far end is told (DISC). */
  async release(): Promise<void> {
    const { reactor } = this.#parts;
    reactor.run(() => this.#link({ type: 'dl-release' }));
    await waitUntil(reactor, () => !this.#up, GOODBYE);
    this.#stopped = true;
    reactor.forget(this);
  }

  /** The line goes, behind `release`. */
  async close(): Promise<void> {
    await this.#port?.close();
  }

  #link(event: LinkEvent): void {
    const { link, reactor } = this.#parts;
    if (link === undefined || this.#stopped) return;
    const now = reactor.clock.now();
    this.#effects(link.feed(event, now), now);
    reactor.watch(this);
  }

  #alarm(alarm: LineAlarm, raised: boolean): void {
    if (this.#alarms.has(alarm) === raised) return;
    if (raised) this.#alarms.add(alarm);
    else this.#alarms.delete(alarm);
    this.#stood.add(alarm);
    this.#parts.log.warn({ span: this.id, alarm, raised }, 'span.alarm');
    this.evidence.lineTurned(this.#parts.reactor.clock.now());
    this.#link({ type: 'line', active: this.lineUp });
    this.#parts.onChange();
  }

  #effects(effects: readonly LinkEffect[], now: Instant): void {
    const { log, onLink, onFrame } = this.#parts;
    for (const effect of effects) {
      switch (effect.type) {
        case 'frame':
          this.evidence.sent(effect.frame);
          onFrame('out', effect.frame);
          this.#port?.send(effect.frame);
          break;
        case 'dl-established':
          this.#turn(true, now);
          log.info({ span: this.id }, 'd-channel.up');
          onLink({ type: 'link', up: true }, now);
          break;
        case 'dl-released':
          if (this.#up) log[effect.confirm ? 'info' : 'warn']({ span: this.id }, 'd-channel.down');
          this.#turn(false, now);
          onLink({ type: 'link', up: false }, now);
          break;
        case 'dl-data':
          onLink({ type: 'data', data: effect.message, at: effect.at }, now);
          break;
        case 'dl-refused':
          log.debug({ span: this.id, why: effect.why }, 'd-channel.refused');
          break;
        case 'mdl-error':
          this.evidence.error(effect.code, now);
          log.debug({ span: this.id, code: effect.code }, 'd-channel.error');
          break;
        default:
          impossible(effect);
      }
    }
  }

  #turn(up: boolean, now: Instant): void {
    this.#up = up;
    this.evidence.turned(up, this.#alarms.size === 0 && !this.#looped, now);
    this.#parts.onChange();
  }
}
