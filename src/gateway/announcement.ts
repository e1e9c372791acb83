import type { Offer } from '../call/signal.ts';
import { AnnouncementLeg } from '../leg/announcement-leg.ts';
import { NoticeLeg } from '../leg/notice-leg.ts';
import type { DirectoryAnnouncement } from '../routing/directory-file.ts';
import { BoundLeg, type LegHandle } from './bound-leg.ts';
import type { LegEars } from './call-path.ts';
import type { DialHop } from './dial-hop.ts';
import type { Reactor } from './reactor.ts';

/** The leg of a hop to an announcement. Nothing of it is on any wire, so that a crash leaves nothing to end. */
export function announcementLeg(
  id: string,
  hop: Extract<DialHop, { readonly type: 'announcement' }>,
  offer: Offer,
  ears: LegEars,
  reactor: Reactor,
): LegHandle {
  const { id: recording, answers, times, cause } = hop;
  const leg = new BoundLeg<never, never>(
    id,
    new AnnouncementLeg({ recording, answers, times, cause }),
    { ...ears, ...NO_WIRE },
    reactor,
  );
  leg.tell(offer);
  return leg;
}

/** The leg that speaks for the box where it calls somebody itself; `hear` begins the call. */
export const noticeLeg = (
  id: string,
  offer: Offer,
  { id: recording, times }: Pick<DirectoryAnnouncement, 'id' | 'times'>,
  ears: LegEars,
  reactor: Reactor,
): BoundLeg<'begin', never> =>
  new BoundLeg(id, new NoticeLeg(offer, recording, times), { ...ears, ...NO_WIRE }, reactor);

const NO_WIRE = { wire: () => {}, recovery: () => undefined, thread: () => undefined, abandon: () => {} } as const;
