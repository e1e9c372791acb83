import { after, type Instant, type Millis, ms } from '../kernel/time.ts';
import type { Reactor } from './reactor.ts';

/** How often is looked. */
const GLANCE = ms(50);

/** Resolves as soon as `done` says so, at the latest after `within`. */
export function waitUntil(reactor: Reactor, done: () => boolean, within: Millis): Promise<void> {
  if (done()) return Promise.resolve();
  const last = after(reactor.clock.now(), within);
  return new Promise((resolve) => {
    const look = {
      deadline: undefined as Instant | undefined,
      wake: (now: Instant): void => {
        const over = done() || now >= last;
        look.deadline = over ? undefined : after(now, GLANCE);
        if (over) resolve();
      },
    };
    look.deadline = reactor.clock.now();
    reactor.watch(look);
  });
}
