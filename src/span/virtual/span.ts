/** A span without hardware: the D-channel's half of it, with its knobs. Its B-channels are in the media worker. */
import { impossible } from '../../kernel/machine.ts';
import type { Random } from '../../kernel/random.ts';
import { type Clock, earlier, type Instant } from '../../kernel/time.ts';
import type { FarAudio, LineAlarm, LineReading, Loopback, SpanEvent, SpanPort } from '../port.ts';
import { Carrier, type CarrierEffect, type CarrierEvent, type CarrierLine, type InboundCall } from './carrier.ts';
import type { CarrierSettings } from './carrier-plan.ts';
import type { FarEnd } from './far-end.ts';
import { ImpairedLine, type LineKnobs } from './impaired-line.ts';
import { type LineTrouble, NO_TROUBLE, SimulatedFramer } from './trouble.ts';
import { openUdpFar, type UdpAddress } from './udp-far.ts';

export type VirtualFar =
  | ({ readonly type: 'carrier'; readonly settings: Partial<CarrierSettings> } & Omit<CarrierLine, 'span'>)
  | { readonly type: 'udp'; readonly listen: UdpAddress; readonly peer: UdpAddress };

export interface VirtualSpanSpec {
  readonly id: string;
  readonly far: VirtualFar;
  readonly knobs: LineKnobs;
  /** Raised from the start. */
  readonly alarms: readonly LineAlarm[];
}

/** The process's one loop, as far as a span needs it. */
export interface Loop {
  readonly clock: Clock;
  /** Runs a step after the one that is running. */
  run(step: () => void): void;
  /** Takes the deadline of `machine` anew, and wakes it then. */
  watch(machine: Woken): void;
  forget(machine: Woken): void;
}

export interface Woken {
  readonly deadline: Instant | undefined;
  wake(now: Instant): void;
}

export interface VirtualSpanParts {
  readonly loop: Loop;
  /** Decides which frames are lost. */
  readonly random: Random;
  readonly onEvent: (event: SpanEvent) => void;
  /** What the carrier's end of a B-channel does from now on; never called for a far end over UDP. */
  readonly onFar: (slot: number, audio: FarAudio) => void;
  /** The B-channels are looped back from now on, or no longer. */
  readonly onLoop?: (loopback: Loopback | undefined) => void;
}

/** What only a simulated carrier can do. */
export interface CarrierControl {
  /** A call comes in from the network. */
  place(call: InboundCall): void;
  restart(slots: readonly number[] | 'all'): void;
  configure(settings: Partial<CarrierSettings>): void;
}

/** Opens a span. Rejects where its port can't be had. */
export async function openVirtualSpan(spec: VirtualSpanSpec, parts: VirtualSpanParts): Promise<VirtualSpan> {
  const { loop, onEvent } = parts;
  const { far } = spec;
  const span = new VirtualSpan(spec, parts);
  switch (far.type) {
    case 'udp': {
      const onFrame = (frame: Uint8Array): void => loop.run(() => span.fromFar(frame));
      const onFailure = (why: string): void => loop.run(() => onEvent({ type: 'failed', why }));
      span.join(await openUdpFar({ ...far, onFrame, onFailure }));
      break;
    }
    case 'carrier':
      joinCarrier(span, new Carrier({ ...far, span: spec.id }, far.settings), parts);
      break;
    default:
      impossible(far);
  }
  return span;
}

function joinCarrier(span: VirtualSpan, carrier: Carrier, { loop, onFar }: VirtualSpanParts): void {
  const follow = (effects: readonly CarrierEffect[]): void => {
    for (const effect of effects) {
      if (effect.type === 'frame') span.fromFar(effect.frame);
      else onFar(effect.slot, effect.audio);
    }
    loop.watch(span);
  };
  const tell = (event: CarrierEvent): void => loop.run(() => follow(carrier.feed(event, loop.clock.now())));
  span.join(
    {
      get deadline() {
        return carrier.deadline;
      },
      hear: (frame, now) => follow(carrier.feed({ type: 'frame', frame }, now)),
      wake: (now) => follow(carrier.wake(now)),
      close: async () => {},
    },
    {
      place: (call) => tell({ type: 'place', call }),
      restart: (slots) => tell({ type: 'restart', slots }),
      configure: (settings) => tell({ type: 'configure', settings }),
    },
  );
}

/** Both ways of the D-channel, with their knobs, between our side and the far end. */
export class VirtualSpan implements SpanPort, Woken {
  readonly id: string;
  readonly #parts: VirtualSpanParts;
  readonly #out: ImpairedLine;
  readonly #in: ImpairedLine;
  readonly #alarms: Set<LineAlarm>;
  readonly #framer: SimulatedFramer;
  #loopback: Loopback | undefined;
  #far: FarEnd | undefined;
  #carrier: CarrierControl | undefined;

  constructor({ id, knobs, alarms }: VirtualSpanSpec, parts: VirtualSpanParts) {
    this.id = id;
    this.#parts = parts;
    this.#out = new ImpairedLine(knobs, parts.random);
    this.#in = new ImpairedLine(knobs, parts.random);
    this.#alarms = new Set(alarms);
    this.#framer = new SimulatedFramer(parts.loop.clock.now());
    for (const alarm of this.#alarms) this.#say({ type: 'alarm', alarm, raised: true });
  }

  get deadline(): Instant | undefined {
    return earlier(earlier(this.#out.deadline, this.#in.deadline), this.#far?.deadline);
  }

  /** Undefined for a far end over UDP. */
  get carrier(): CarrierControl | undefined {
    return this.#carrier;
  }

  join(far: FarEnd, carrier?: CarrierControl): void {
    this.#far = far;
    this.#carrier = carrier;
  }

  send(frame: Uint8Array): void {
    if (this.#loopback === undefined) this.#carry(this.#out, frame);
    else if (this.#loopback === 'local') this.#carry(this.#in, frame);
  }

  fromFar(frame: Uint8Array): void {
    if (this.#loopback === undefined) this.#carry(this.#in, frame);
    else if (this.#loopback !== 'local') this.#carry(this.#out, frame);
  }

  read(): LineReading {
    return this.#framer.read([...this.#alarms], this.#loopback, this.#parts.loop.clock.now());
  }

  loop(loopback: Loopback | undefined): undefined {
    this.#loopback = loopback;
    this.#parts.onLoop?.(loopback);
  }

  /** What the line has besides alarms from now on; what is left out is well. */
  suffer(trouble: Partial<LineTrouble>): void {
    this.#framer.turn({ ...NO_TROUBLE, ...trouble }, this.#parts.loop.clock.now());
  }

  wake(now: Instant): void {
    for (const frame of this.#out.take(now)) this.#far?.hear(frame, now);
    this.#far?.wake(now);
    for (const frame of this.#in.take(now)) this.#say({ type: 'frame', frame });
    this.#parts.loop.watch(this);
  }

  /** Raises or clears an alarm. All but RAI cut the D-channel. `told` is false for a change that only a reading shows. */
  alarm(alarm: LineAlarm, raised: boolean, told = true): void {
    if (this.#alarms.has(alarm) === raised) return;
    if (raised) this.#alarms.add(alarm);
    else this.#alarms.delete(alarm);
    if (this.#isCut) {
      this.#in.cut();
      this.#out.cut();
    }
    if (told) this.#say({ type: 'alarm', alarm, raised });
  }

  turn(knobs: LineKnobs): void {
    this.#in.turn(knobs);
    this.#out.turn(knobs);
  }

  async close(): Promise<void> {
    this.#parts.loop.forget(this);
    const far = this.#far;
    this.#far = undefined;
    await far?.close();
  }

  get #isCut(): boolean {
    return this.#framer.trouble.dChannelIn !== undefined || [...this.#alarms].some((alarm) => alarm !== 'RAI');
  }

  #carry(line: ImpairedLine, frame: Uint8Array): void {
    if (this.#isCut || this.#far === undefined) return;
    line.put(frame, this.#parts.loop.clock.now());
    this.#parts.loop.watch(this);
  }

  /** In a step of its own: whoever caused it has finished his. */
  #say(event: SpanEvent): void {
    this.#parts.loop.run(() => this.#parts.onEvent(event));
  }
}
