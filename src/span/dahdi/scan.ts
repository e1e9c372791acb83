import { ok, type Result } from '../../kernel/result.ts';
import { DahdiDriver, type DeviceNative } from './driver.ts';
import { alarmsOf } from './span.ts';

/** A span that the driver has, in an installer's words. */
export interface FoundSpan {
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly maker: string;
  readonly model: string;
  readonly location: string;
  readonly channels: number;
  readonly alarms: readonly string[];
}

/** Every span of the driver, whether it is configured or not; the error is a sentence. Touches nothing. */
export function scanSpans(native: DeviceNative): Result<readonly FoundSpan[]> {
  const opened = DahdiDriver.open(native);
  if (!opened.ok) return opened;
  const driver = opened.value;
  const found = driver.spans.map((span) => ({
    number: span.number,
    name: span.name,
    type: span.type,
    maker: span.manufacturer,
    model: span.model === '' ? span.description : span.model,
    location: span.location,
    channels: span.channels,
    alarms: [...alarmsOf(span.alarms, new Set())],
  }));
  driver.close();
  return ok(found);
}
