/** Phones that are called. */
import type { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import type { CallSound } from '../../scripts/demo/phone-media.ts';
import { eventually } from './process.ts';

/** The phone does `take` with every call, by default it answers; the list of them grows. */
export function taking<Sound extends CallSound>(
  phone: Phone<Sound>,
  take: (call: PhoneCall<Sound>) => void = (call) => call.accept(),
): readonly PhoneCall<Sound>[] {
  const calls: PhoneCall<Sound>[] = [];
  phone.onCall = (call) => {
    calls.push(call);
    take(call);
  };
  return calls;
}

/** Waits for the first call. */
export async function first<Sound extends CallSound>(calls: readonly PhoneCall<Sound>[]): Promise<PhoneCall<Sound>> {
  await eventually('the phone is called', () => calls.length > 0);
  return calls[0] as PhoneCall<Sound>;
}
