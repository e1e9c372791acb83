/** Phones that are called. */
import type { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import { eventually } from './process.ts';

/** The phone does `take` with every call, by default it answers; the list of them grows. */
export function taking(phone: Phone, take: (call: PhoneCall) => void = (call) => call.accept()): readonly PhoneCall[] {
  const calls: PhoneCall[] = [];
  phone.onCall = (call) => {
    calls.push(call);
    take(call);
  };
  return calls;
}

/** Waits for the first call. */
export async function first(calls: readonly PhoneCall[]): Promise<PhoneCall> {
  await eventually('the phone is called', () => calls.length > 0);
  return calls[0] as PhoneCall;
}
