import { fail, ok, type Result } from '../../kernel/result.ts';
import type { Native, SystemFault } from '../../native/native.ts';
import {
  EVENT,
  EVENT_QUEUE,
  intOf,
  PARAMS,
  paramsOf,
  REQUEST,
  readInt,
  readText,
  SIZE,
  SPAN_INFO,
  spanInfoOf,
} from './abi.ts';

const CONTROL = '/dev/dahdi/ctl';
const CHANNEL = '/dev/dahdi/channel';

/** The highest channel number there is. */
const MOST_CHANNELS = 1024;
const MOST_SPANS = 128;

export type DeviceNative = Pick<
  Native,
  'deviceOpen' | 'deviceControl' | 'deviceRead' | 'deviceWrite' | 'watch' | 'close'
>;

/** One span as the driver shows it. */
export interface SpanInfo {
  readonly number: number;
  readonly name: string;
  readonly description: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly location: string;
  /** `T1`, `E1`, `DYNAM`, … */
  readonly type: string;
  readonly channels: number;
  /** The mask ALARM. */
  readonly alarms: number;
  /** The mask LINE_CONFIG. */
  readonly lineConfig: number;
  readonly lineCode: number;
  readonly crcErrors: number;
  readonly framingErrors: number;
  readonly irqMisses: number;
  /** How many spans the driver has. */
  readonly spans: number;
}

/** A channel of a span. */
export interface ChannelInfo {
  readonly number: number;
  /** From 1: the timeslot. */
  readonly position: number;
  readonly signalling: number;
  readonly capabilities: number;
}

/** The kernel's DAHDI driver: what its control device answers. Refusals are whole sentences for the operator. */
export class DahdiDriver {
  readonly #native: DeviceNative;
  readonly #control: number;

  private constructor(native: DeviceNative, control: number) {
    this.#native = native;
    this.#control = control;
  }

  static open(native: DeviceNative): Result<DahdiDriver> {
    const opened = native.deviceOpen(CONTROL);
    return opened.ok ? ok(new DahdiDriver(native, opened.value)) : fail(whyNot(CONTROL, opened.error));
  }

  close(): void {
    this.#native.close(this.#control);
  }

  /** A request of the control device. */
  control(number: number, argument: Uint8Array): Result<number, SystemFault> {
    return this.#native.deviceControl(this.#control, number, argument);
  }

  span(number: number): Result<SpanInfo, SystemFault> {
    const info = spanInfoOf(number);
    const asked = this.control(REQUEST.spanStat, info);
    if (!asked.ok) return asked;
    const int = (at: number): number => readInt(info, at);
    return ok({
      number,
      name: readText(info, SPAN_INFO.name),
      description: readText(info, SPAN_INFO.description),
      manufacturer: readText(info, SPAN_INFO.manufacturer),
      model: readText(info, SPAN_INFO.deviceType),
      location: readText(info, SPAN_INFO.location),
      type: readText(info, SPAN_INFO.spanType),
      channels: int(SPAN_INFO.totalChannels),
      alarms: int(SPAN_INFO.alarms),
      lineConfig: int(SPAN_INFO.lineConfig),
      // Cards of one family count in the one field of each pair, those of another in the other.
      lineCode: int(SPAN_INFO.bipolarViolations) + int(SPAN_INFO.codeViolations),
      crcErrors: int(SPAN_INFO.crcErrors),
      framingErrors: int(SPAN_INFO.alignmentErrors) + int(SPAN_INFO.framingErrors),
      irqMisses: int(SPAN_INFO.irqMisses),
      spans: int(SPAN_INFO.totalSpans),
    });
  }

  /** Every span there is. */
  get spans(): readonly SpanInfo[] {
    const found: SpanInfo[] = [];
    for (let number = 1; number <= MOST_SPANS; number++) {
      const info = this.span(number);
      if (info.ok) found.push(info.value);
      if (found.length > 0 && found.length === found[0]?.spans) break;
    }
    return found;
  }

  /** A span's channels, by their place in it. */
  channels(span: number): readonly ChannelInfo[] {
    const found: ChannelInfo[] = [];
    for (let number = 1; number <= MOST_CHANNELS; number++) {
      const params = paramsOf(number);
      if (!this.control(REQUEST.getParams, params).ok || readInt(params, PARAMS.span) !== span) continue;
      found.push({
        number,
        position: readInt(params, PARAMS.position),
        signalling: readInt(params, PARAMS.signalling),
        capabilities: readInt(params, PARAMS.capabilities),
      });
    }
    return found.sort((a, b) => a.position - b.position);
  }

  /** A descriptor of a channel; who has it, has it alone. */
  openChannel(number: number): Result<number> {
    const opened = this.#native.deviceOpen(CHANNEL);
    if (!opened.ok) return fail(whyNot(CHANNEL, opened.error));
    const specified = this.#native.deviceControl(opened.value, REQUEST.specify, intOf(number));
    if (specified.ok) return ok(opened.value);
    this.#native.close(opened.value);
    return fail(whyNot(`channel ${number}`, specified.error));
  }
}

/** A fault in the operator's words. */
export function whyNot(what: string, { code }: SystemFault): string {
  switch (code) {
    case 'ENOENT':
    case 'ENXIO':
      return `${what} is not there: the DAHDI driver is not loaded, or it has no such device`;
    case 'EACCES':
    case 'EPERM':
      return `no permission for ${what}: the process needs the group that owns /dev/dahdi`;
    case 'EBUSY':
      return `${what} is in use by another program`;
    case 'ENODEV':
      return `${what} has gone`;
    default:
      return `${what}: ${code}`;
  }
}

/** Takes a channel's events off its queue, the oldest first. */
export function drainEvents(native: DeviceNative, fd: number): readonly number[] {
  const events: number[] = [];
  const event = new Uint8Array(SIZE.int);
  while (events.length < EVENT_QUEUE) {
    const asked = native.deviceControl(fd, REQUEST.getEvent, event);
    const which = asked.ok ? readInt(event) : EVENT.none;
    if (which === EVENT.none) break;
    events.push(which);
  }
  return events;
}
