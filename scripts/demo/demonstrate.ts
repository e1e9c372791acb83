/** One real call by the demonstration phone: registers, dials, listens, hangs up, and measures what it heard. */
import type { TraceEntry } from '../../src/capture/trace.ts';
import { MEASURED, type MeasuredTone, measureTones } from '../../src/rtp/measure.ts';
import { Phone, type PhoneOptions } from './phone.ts';
import type { Ending } from './phone-call.ts';

export interface DemonstrationOptions extends PhoneOptions {
  /** The number to dial. */
  readonly dial: string;
  /** How long the phone listens before it hangs up, in seconds of sound; the far side may end the call earlier. Default 2. */
  readonly listen?: number;
}

export interface Demonstration {
  /** Everything that crossed the phone's wire, in order. */
  readonly events: readonly TraceEntry[];
  /** The Call-ID of the call. */
  readonly callId: string;
  /** The status that the REGISTER came to; undefined when nobody answered. */
  readonly registered: number | undefined;
  /** Every status of the INVITE, in order. */
  readonly statuses: readonly number[];
  readonly answered: boolean;
  readonly ending: Ending;
  /** Hz and dBm0 of the strongest tone in the RTP that came; undefined when there was none. */
  readonly tone: MeasuredTone | undefined;
  /** Seconds of sound, RTP packets, and packets that never came. */
  readonly seconds: number;
  readonly packets: number;
  readonly lost: number;
}

export async function demonstrate(options: DemonstrationOptions): Promise<Demonstration> {
  const phone = await Phone.open(options);
  try {
    const registered = await phone.register(60);
    const call = await phone.call(options.dial);
    const answered = await call.answered;
    if (answered) await Promise.race([call.media.listen(options.listen ?? 2), call.ended]);
    await call.hangUp();
    const ending = await call.ended;
    await phone.register(0);
    const { samples, law, packets, lost } = call.media.heard;
    // The middle: what stands at the ends may be cut.
    const [tone] = measureTones(samples, Math.max(0, Math.floor((samples.length - MEASURED) / 2)), law, 1);
    const { events } = phone;
    const { callId, statuses } = call;
    return {
      events,
      callId,
      registered,
      statuses,
      answered,
      ending,
      tone,
      seconds: samples.length / 8000,
      packets,
      lost,
    };
  } finally {
    await phone.close();
  }
}
