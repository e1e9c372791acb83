/** What a hop shows of the caller besides the number: the name, and for whom the call was meant before. */
import type { CallerNumber, Redirecting } from '../call/number.ts';
import type { Offer } from '../call/signal.ts';
import type { Directory } from './directory.ts';
import { formed, wholeCaller } from './outward.ts';
import type { Source } from './query.ts';

/**
 * A user goes by the directory's name, as hidden as the number; anybody else as heard. Diverting numbers are made whole by
 * the trunk they came in by and put into the form of the one they leave by: `gateway`, undefined for a phone.
 */
export function identityFor(
  { caller, callerName, redirecting }: Pick<Offer, 'caller' | 'callerName' | 'redirecting'>,
  source: Source,
  gateway: string | undefined,
  directory: Directory,
): Pick<Offer, 'callerName' | 'redirecting'> {
  const user = source.type === 'user' ? directory.userById(source.id) : undefined;
  const from = 'id' in source ? directory.gateways.get(source.id) : undefined;
  const to = gateway === undefined ? undefined : directory.gateways.get(gateway);
  const put = (number: CallerNumber): CallerNumber => {
    const whole = from === undefined ? number : wholeCaller(from, number);
    return to === undefined ? whole : formed(to, whole);
  };
  const diversions: readonly Redirecting[] = redirecting.map(({ number, reason }) => ({ number: put(number), reason }));
  if (user === undefined) return { callerName, redirecting: diversions };
  const presentation = caller?.presentation ?? 'allowed';
  return { callerName: { text: user.name, presentation }, redirecting: diversions };
}
