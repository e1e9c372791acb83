/** The emergency desk with a clock of its own: what it has the store keep, and whom it tells what. */
import type { PhoneAddress } from '../../src/gateway/dial-hop.ts';
import { EmergencyDesk } from '../../src/gateway/emergency-desk.ts';
import type { LiveCall } from '../../src/gateway/live-call.ts';
import { silent } from '../../src/kernel/log.ts';
import { seeded } from '../../src/kernel/random.ts';
import type { Instant, WallTime } from '../../src/kernel/time.ts';
import type { Decision } from '../../src/routing/decision.ts';
import type { Directory } from '../../src/routing/directory.ts';
import { outcomeOf } from '../../src/routing/explain.ts';
import type { StoredElin, StoreOp } from '../../src/store/words.ts';
import { DEMO, siteOf } from './sites.ts';

/** A phone at an address of its own. */
export const phoneAt = (address: string): PhoneAddress => ({
  contact: `sip:phone@${address}`,
  path: [],
  flow: { transport: 'udp', local: { address: '192.0.2.1', port: 5060 }, remote: { address, port: 5060 } },
});

export function emergencyDesk(directory: Directory, start: readonly StoredElin[] = [], caller = phoneAt('192.0.2.77')) {
  let now = 0;
  const kept: StoreOp[] = [];
  const messages: string[] = [];
  const calls: string[] = [];
  const desk = new EmergencyDesk({
    clock: { now: () => now as Instant, wall: () => (1e12 + now) as WallTime },
    log: silent,
    random: seeded(1),
    start,
    persist: (op) => kept.push(op),
    directory: () => directory,
    contactsOf: (aor) => [phoneAt(aor)],
    phoneOf: () => caller,
    edge: () => ({
      say: (out) => {
        if (out.type !== 'request') return;
        messages.push(`${out.request.method} ${out.request.uri}: ${new TextDecoder().decode(out.request.body)}`);
      },
    }),
    site: () => siteOf(DEMO),
    call: ({ decision }, _of, { caller, callerName }, { id }) =>
      calls.push(`${outcomeOf(decision)} hears ${id}, shown ${caller?.digits} “${callerName?.text}”`),
  });
  // The desk looks at nothing else of a call.
  const callOf = (decision: Decision) =>
    ({
      id: 'c1',
      decision,
      call: { offer: { called: { digits: '911' }, caller: undefined, callerName: undefined } },
      source: { type: 'unknown' },
      tried: [],
    }) as unknown as LiveCall;
  return {
    desk,
    kept,
    messages,
    calls,
    decided: (decision: Decision) => desk.decided(callOf(decision), decision),
    ended: (decision: Decision) => desk.ended(callOf(decision)),
    /** ELINs as the store would hand them to a gateway that starts `after` so many milliseconds. */
    stored: (after: number): readonly StoredElin[] =>
      kept.flatMap((op) =>
        op.type === 'elin' ? [{ ...op.elin, left: (op.elin.left - after) as StoredElin['left'] }] : [],
      ),
    pass: (time: number) => {
      now += time;
    },
  };
}
