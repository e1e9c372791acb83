import { CAUSE } from '../call/cause.ts';
import type { Q921Link } from '../isdn/q921/link.ts';
import type { LinkEffect, LinkEvent } from '../isdn/q921/primitives.ts';
import type { Q931Group } from '../isdn/q931/group.ts';
import type { CallHandle, CallIndication, CallRequest, GroupEffect, GroupEvent } from '../isdn/q931/primitives.ts';
import type { Log } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import { earlier, type Instant, seconds } from '../kernel/time.ts';
import type { LineAlarm, SpanEvent, SpanPort } from '../span/port.ts';
import { LinkEvidence } from './link-evidence.ts';
import { waitUntil } from './patience.ts';
import type { Reactor, Wakeable } from './reactor.ts';

export interface DChannelParts {
  readonly id: string;
  readonly link: Q921Link;
  readonly group: Q931Group;
  readonly reactor: Reactor;
  readonly log: Log;
  /** A call comes in; answers who listens to it. */
  readonly onSetup: (handle: CallHandle) => (indication: CallIndication) => void;
  /** For the trace: one Q.931 message as it crosses the line. */
  readonly onMessage: (direction: 'in' | 'out', message: Uint8Array) => void;
  /** The link, an alarm of the line or a B-channel has changed. */
  readonly onChange: () => void;
}

/** How long the far end may take to let go of the link: T200 and one answer. */
const GOODBYE = seconds(1);

/** What is left of a call when its line is taken away. */
const GONE: CallIndication = {
  type: 'release',
  cause: { cause: CAUSE.networkOutOfOrder, location: 'private-local', diagnostics: undefined },
  elements: [],
};

/** One D-channel: the span's port, its data link and the Q.931 calls on it, joined. */
export class DChannel implements Wakeable {
  readonly id: string;
  readonly evidence: LinkEvidence;
  readonly #parts: DChannelParts;
  readonly #users = new Map<CallHandle, (indication: CallIndication) => void>();
  readonly #alarms = new Set<LineAlarm>();
  #port: SpanPort | undefined;
  #up = false;
  #stopped = false;

  constructor(parts: DChannelParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.evidence = new LinkEvidence(parts.group.side, parts.reactor.clock.now());
  }

  /** The data link is established. */
  get up(): boolean {
    return this.#up;
  }

  get alarms(): ReadonlySet<LineAlarm> {
    return this.#alarms;
  }

  get deadline(): Instant | undefined {
    if (this.#stopped) return undefined;
    return earlier(this.#parts.link.deadline, this.#parts.group.deadline);
  }

  wake(now: Instant): void {
    if (this.#stopped) return;
    this.#linkEffects(this.#parts.link.wake(now), now);
    this.#groupEffects(this.#parts.group.wake(now), now);
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
        return this.#link({ type: 'frame', frame: event.frame });
      case 'alarm':
        return this.#alarm(event.alarm, event.raised);
      case 'failed':
        return this.#parts.log.error({ span: this.id, why: event.why }, 'span.failed');
      default:
        return impossible(event);
    }
  }

  /** Begins an outgoing call; its indications go to `listen` until the release. */
  open(listen: (indication: CallIndication) => void): CallHandle {
    const handle = this.#parts.group.allot();
    this.#users.set(handle, listen);
    return handle;
  }

  request(handle: CallHandle, request: CallRequest): void {
    this.feed({ type: 'request', handle, request });
  }

  feed(event: GroupEvent): void {
    if (this.#stopped) return;
    const now = this.#parts.reactor.clock.now();
    this.#groupEffects(this.#parts.group.feed(event, now), now);
    this.#parts.reactor.watch(this);
  }

  /** Takes the D-channel down: the far end is told (DISC), and so is who still has a call on it. */
  async stop(): Promise<void> {
    const { reactor } = this.#parts;
    reactor.run(() => this.#link({ type: 'dl-release' }));
    await waitUntil(reactor, () => !this.#up, GOODBYE);
    this.#stopped = true;
    reactor.forget(this);
    const left = [...this.#users.values()];
    this.#users.clear();
    for (const listen of left) reactor.run(() => listen(GONE));
    await this.#port?.close();
  }

  #link(event: LinkEvent): void {
    const now = this.#parts.reactor.clock.now();
    this.#linkEffects(this.#parts.link.feed(event, now), now);
    this.#parts.reactor.watch(this);
  }

  /** RAI alone leaves what we receive intact, and the D-channel with it; the others take the line away. */
  #alarm(alarm: LineAlarm, raised: boolean): void {
    if (this.#alarms.has(alarm) === raised) return;
    if (raised) this.#alarms.add(alarm);
    else this.#alarms.delete(alarm);
    this.#parts.log.warn({ span: this.id, alarm, raised }, 'span.alarm');
    this.evidence.lineTurned(this.#parts.reactor.clock.now());
    this.#link({ type: 'line', active: ![...this.#alarms].some((one) => one !== 'RAI') });
    this.#parts.onChange();
  }

  #linkEffects(effects: readonly LinkEffect[], now: Instant): void {
    const { group, log, onMessage } = this.#parts;
    for (const effect of effects) {
      switch (effect.type) {
        case 'frame':
          this.evidence.sent(effect.frame);
          this.#port?.send(effect.frame);
          break;
        case 'dl-established':
          this.#turn(true, now);
          log.info({ span: this.id }, 'd-channel.up');
          this.#groupEffects(group.feed({ type: 'dl-established' }, now), now);
          break;
        case 'dl-released':
          if (this.#up) log[effect.confirm ? 'info' : 'warn']({ span: this.id }, 'd-channel.down');
          this.#turn(false, now);
          this.#groupEffects(group.feed({ type: 'dl-released' }, now), now);
          break;
        case 'dl-data':
          onMessage('in', effect.message);
          this.#groupEffects(group.feed({ type: 'dl-data', data: effect.message }, now), now);
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

  #groupEffects(effects: readonly GroupEffect[], now: Instant): void {
    const { link, log, onMessage } = this.#parts;
    for (const effect of effects) {
      switch (effect.type) {
        case 'dl-data':
          onMessage('out', effect.data);
          this.#linkEffects(link.feed({ type: 'dl-data', message: effect.data }, now), now);
          break;
        case 'call':
          this.evidence.indication(effect.indication, now);
          this.#indicate(effect.handle, effect.indication);
          break;
        case 'channel':
          log.debug({ span: effect.channel.span, slot: effect.channel.slot, state: effect.state }, 'b-channel.state');
          this.#parts.onChange();
          break;
        case 'restarted':
          log.info(
            { span: this.id, channels: effect.channels.length, acknowledged: effect.acknowledged },
            'span.restarted',
          );
          break;
        case 'problem':
          this.evidence.problem(effect.id, now);
          log.warn({ span: this.id, problem: effect.id, what: effect.what }, 'd-channel.problem');
          break;
        default:
          impossible(effect);
      }
    }
  }

  #turn(up: boolean, now: Instant): void {
    this.#up = up;
    this.evidence.turned(up, now);
    this.#parts.onChange();
  }

  #indicate(handle: CallHandle, indication: CallIndication): void {
    if (indication.type === 'setup') this.#users.set(handle, this.#parts.onSetup(handle));
    this.#users.get(handle)?.(indication);
    if (indication.type === 'release') this.#users.delete(handle);
  }
}
