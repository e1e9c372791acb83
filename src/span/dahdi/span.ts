import { fail, ok, type Result } from '../../kernel/result.ts';
import { after, type Clock, type Instant, ms } from '../../kernel/time.ts';
import type { LineAlarm, LineReading, Loopback, SpanEvent, SpanPort } from '../port.ts';
import { ALARM, bufferInfoOf, EVENT, intOf, LINE_CONFIG, MAINT, maintOf, REQUEST } from './abi.ts';
import { configure, type DahdiSetting } from './configure.ts';
import { type DahdiDChannel, openDChannel } from './d-channel.ts';
import { DahdiDriver, type DeviceNative, type SpanInfo, whyNot } from './driver.ts';
import type { DahdiAttachment } from './media.ts';

/** How often the driver is asked for the line's state: changes among alarms make no event. */
const ASK_EVERY = ms(1000);
/** How long after a failure all is tried again. */
const RETRY = ms(2000);

/** Buffers of a B-channel: 20 ms each, as the media tick has them, and enough for what is primed and what a late tick adds. */
const B_BUFFERS = 8;
const BLOCK = 160;
/** The driver's limit of all buffers of a channel together, in octets. */
const BUFFER_ROOM = 32_768;
const TAPS = 128;

/** The process's one loop, as far as this span needs it. */
export interface DahdiLoop {
  readonly clock: Clock;
  run(step: () => void): void;
  watch(machine: DahdiSpan): void;
  forget(machine: DahdiSpan): void;
}

/** The media worker: gets descriptors to be its own, and gives up those it has. */
export interface DahdiWorker {
  attach(span: string, attachment: DahdiAttachment | undefined): void;
  hear(span: string, listener: ((event: SpanEvent) => void) | undefined): void;
  span(id: string): { readonly slips: number } | undefined;
}

export interface DahdiParts {
  readonly native: DeviceNative;
  readonly loop: DahdiLoop;
  readonly worker: DahdiWorker;
  readonly onEvent: (event: SpanEvent) => void;
}

/** What is open while the span is there. */
interface Line {
  readonly driver: DahdiDriver;
  readonly dChannel: DahdiDChannel | undefined;
  readonly unwatch: () => void;
}

/**
 * A DAHDI span on the main thread: sets it up, carries its D-channel and asks for its state. Whatever is in the way (no driver, no card, a
 * channel that somebody else has) is said once and tried again until it is out of the way.
 */
export class DahdiSpan implements SpanPort {
  readonly id: string;
  readonly #setting: DahdiSetting;
  readonly #parts: DahdiParts;
  readonly #alarms = new Set<LineAlarm>();
  #line: Line | undefined;
  #info: SpanInfo | undefined;
  #trouble = '';
  #framingLosses = 0;
  #askAt: Instant | undefined;
  /** It was never there since the program began. */
  #fresh = true;
  #closed = false;

  constructor(setting: DahdiSetting, parts: DahdiParts) {
    this.id = setting.id;
    this.#setting = setting;
    this.#parts = parts;
    parts.worker.hear(setting.id, (event) => {
      if (event.type === 'failed') this.#lose(event.why);
    });
    this.#attempt();
  }

  get deadline(): Instant | undefined {
    return this.#askAt;
  }

  wake(now: Instant): void {
    if (this.#askAt === undefined || now < this.#askAt) return;
    if (this.#line === undefined) this.#attempt();
    else this.#ask();
  }

  send(frame: Uint8Array): void {
    this.#line?.dChannel?.send(frame);
  }

  read(): LineReading | undefined {
    const info = this.#info;
    if (info === undefined) return undefined;
    return {
      alarms: [...this.#alarms],
      counters: {
        lineCode: info.lineCode,
        pathCode: info.lineConfig & (LINE_CONFIG.esf | LINE_CONFIG.crc4) ? info.crcErrors : info.framingErrors,
        outOfFrame: this.#framingLosses,
        slips: this.#parts.worker.span(this.id)?.slips ?? 0,
      },
      far: undefined,
      loopback: info.alarms & ALARM.loopback ? 'remote' : undefined,
    };
  }

  loop(loopback: Loopback | undefined): string | undefined {
    if (this.#line === undefined) return this.#trouble;
    const made = this.#line.driver.control(REQUEST.maint, maintOf(this.#setting.number, MAINT[loopback ?? 'none']));
    if (made.ok) return undefined;
    return made.error.code === 'ENOSYS'
      ? `DAHDI span ${this.#setting.number} can make no loopback: its card, or the driver without a card, has no framer that could`
      : whyNot('the loopback', made.error);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#askAt = undefined;
    this.#parts.loop.forget(this);
    this.#parts.worker.hear(this.id, undefined);
    this.#drop();
  }

  #attempt(): void {
    const opened = this.#open();
    if (!opened.ok) {
      this.#lose(opened.error);
      return;
    }
    this.#line = opened.value;
    if (this.#trouble !== '') this.#parts.onEvent({ type: 'mended' });
    this.#trouble = '';
    this.#ask();
    // One that a crash has left in the card has no timer any more that would end it.
    if (this.#fresh && this.read()?.loopback !== undefined) this.loop(undefined);
    this.#fresh = false;
  }

  /** Sets the span up and opens all its channels; what can't be had whole is given back. */
  #open(): Result<Line> {
    const { native, loop, worker } = this.#parts;
    const driver = DahdiDriver.open(native);
    if (!driver.ok) return driver;
    const opened: number[] = [];
    const refuse = (why: string): Result<Line> => {
      for (const fd of opened) native.close(fd);
      driver.value.close();
      return fail(why);
    };
    const channels = configure(driver.value, this.#setting);
    if (!channels.ok) return refuse(channels.error);
    const { mode, line } = this.#setting;
    const slots = [...channels.value.b.keys()];
    const wanted = [...channels.value.b.values()].slice(0, mode === 'bundle' ? 1 : undefined);
    for (const number of wanted) {
      const fd = driver.value.openChannel(number);
      if (!fd.ok) return refuse(`DAHDI span ${this.#setting.number}: ${fd.error}`);
      opened.push(fd.value);
      const size = mode === 'bundle' ? BLOCK * slots.length : BLOCK;
      const count = Math.min(B_BUFFERS, Math.floor(BUFFER_ROOM / size));
      native.deviceControl(fd.value, REQUEST.setBufferInfo, bufferInfoOf(count, size));
      if (mode === 'bundle' || line?.echoCanceller === undefined) continue;
      native.deviceControl(fd.value, REQUEST.audioMode, intOf(1));
      native.deviceControl(fd.value, REQUEST.echoCancel, intOf(TAPS));
    }
    const descriptors = [...opened];
    const { d } = channels.value;
    if (d === undefined) {
      worker.attach(this.id, { mode, slots, descriptors });
      return ok({ driver: driver.value, dChannel: undefined, unwatch: () => {} });
    }
    const dChannel = driver.value.openChannel(d.number);
    if (!dChannel.ok) return refuse(`DAHDI span ${this.#setting.number}: the D-channel, ${dChannel.error}`);
    opened.push(dChannel.value);
    const parts = {
      native,
      descriptor: dChannel.value,
      frame: (frame: Uint8Array) => this.#parts.onEvent({ type: 'frame', frame }),
      events: (events: readonly number[]) => this.#events(events),
      gone: () => this.#lose(`the D-channel of DAHDI span ${this.#setting.number} has gone`),
    };
    const joined = openDChannel(d.form, parts);
    const watched = native.watch(dChannel.value, () => loop.run(() => joined.ready()));
    if (!watched.ok) return refuse(`DAHDI span ${this.#setting.number}: the D-channel: ${watched.error.code}`);
    worker.attach(this.id, { mode, slots, descriptors });
    return ok({ driver: driver.value, dChannel: joined, unwatch: watched.value });
  }

  /** Events of the D-channel's descriptor; the span may go with them. */
  #events(events: readonly number[]): void {
    if (events.includes(EVENT.removed)) {
      this.#lose(`DAHDI span ${this.#setting.number} was removed`);
    } else if (events.includes(EVENT.alarm) || events.includes(EVENT.noAlarm)) this.#ask();
  }

  /** How is the line? */
  #ask(): void {
    const { number } = this.#setting;
    const info = this.#line?.driver.span(number);
    if (info === undefined) return;
    if (!info.ok) {
      this.#lose(`DAHDI span ${number} was removed`);
      return;
    }
    this.#info = info.value;
    this.#setAlarms(alarmsOf(info.value.alarms, this.#alarms));
    this.#again(ASK_EVERY);
  }

  #setAlarms(now: ReadonlySet<LineAlarm>): void {
    for (const alarm of [...this.#alarms]) {
      if (now.has(alarm)) continue;
      this.#alarms.delete(alarm);
      this.#parts.onEvent({ type: 'alarm', alarm, raised: false });
    }
    for (const alarm of now) {
      if (this.#alarms.has(alarm)) continue;
      this.#alarms.add(alarm);
      if (alarm === 'LOF') this.#framingLosses++;
      this.#parts.onEvent({ type: 'alarm', alarm, raised: true });
    }
  }

  /** The span isn't there: its line is as good as cut, and all is tried again in a while. */
  #lose(why: string): void {
    this.#drop();
    if (this.#closed) return;
    if (why !== this.#trouble) this.#parts.onEvent({ type: 'failed', why });
    this.#trouble = why;
    this.#setAlarms(new Set<LineAlarm>(['LOS']));
    this.#again(RETRY);
  }

  #drop(): void {
    const line = this.#line;
    this.#line = undefined;
    this.#info = undefined;
    if (line === undefined) return;
    this.#parts.worker.attach(this.id, undefined);
    line.unwatch();
    line.dChannel?.close();
    line.driver.close();
  }

  #again(wait: typeof RETRY): void {
    this.#askAt = after(this.#parts.loop.clock.now(), wait);
    this.#parts.loop.watch(this);
  }
}

/** The driver's mask in our words. While it recovers, what stood still stands: the driver holds that for its settling time. */
export function alarmsOf(mask: number, before: ReadonlySet<LineAlarm>): ReadonlySet<LineAlarm> {
  const now = new Set<LineAlarm>();
  if (mask & ALARM.blue) now.add('AIS');
  if (mask & (ALARM.red | ALARM.notOpen))
    now.add(!(mask & ALARM.loss) && mask & (ALARM.framing | ALARM.multiframe) ? 'LOF' : 'LOS');
  if (mask & ALARM.yellow) now.add('RAI');
  if (mask & ALARM.recovering && now.size === 0) return before;
  return now;
}
