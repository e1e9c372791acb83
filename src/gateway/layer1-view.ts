/** A span's layer 1 in the words of the HTTP API. */
import type { BinView, Layer1View, PerformanceView } from '../console/views.ts';
import type { Clock } from '../kernel/time.ts';
import type { BinView as Bin, LedgerView } from '../line/ledger.ts';
import { iso, isoOf } from './iso.ts';
import type { LineState } from './line-watch.ts';

export function layer1View({ alarms, service, loopback, performance }: LineState, clock: Clock): Layer1View {
  return {
    alarms: alarms.map(({ id, since }) => ({ id, since: isoOf(since, clock) })),
    service,
    loopback:
      loopback === undefined
        ? undefined
        : {
            type: loopback.type,
            until: loopback.until === undefined ? undefined : isoOf(loopback.until, clock),
          },
    near: endView(performance.near),
    far: endView(performance.far),
  };
}

const endView = ({ available, current, day }: LedgerView): Layer1View['near'] => ({
  available,
  current: binView(current),
  day,
});

export const performanceView = ({ performance: { near, far } }: LineState): PerformanceView => ({
  near: { ...endView(near), past: near.past.map(binView) },
  far: { ...endView(far), past: far.past.map(binView) },
});

const binView = ({ start, seconds: counted, counts, crossed, valid }: Bin): BinView => ({
  start: iso(start),
  seconds: counted,
  valid,
  counts,
  crossed,
});
