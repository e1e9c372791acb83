import type { LineAlarm, LineReading, Loopback, SpanEvent, SpanPort } from '../port.ts';

/** The media worker as this span needs it. */
export interface WorkerLine {
  frame(span: string, frame: Uint8Array): void;
  hear(span: string, listener: ((event: SpanEvent) => void) | undefined): void;
  loop(span: string, loopback: Loopback | undefined): void;
  span(id: string): { readonly lost: number; readonly slips: number } | undefined;
}

/** A line loopback returns the line's signal in the line's own time (T1.403), and here the time is ours to give. */
const NO_LINE_LOOPBACK =
  'a span over Ethernet can make no line loopback: frames go out by our own clock, whatever comes in; a payload loopback sends the octets of all its timeslots back';

/** The main thread's half of a span over Ethernet: all of the line is in the worker, here its frames and events come and go. */
export function openTdmoeSpan(id: string, worker: WorkerLine, onEvent: (event: SpanEvent) => void): SpanPort {
  const alarms = new Set<LineAlarm>();
  let losses = 0;
  let loopback: Loopback | undefined;
  worker.hear(id, (event) => {
    if (event.type === 'alarm') {
      if (event.raised) alarms.add(event.alarm);
      else alarms.delete(event.alarm);
      if (event.alarm === 'LOS' && event.raised) losses++;
    }
    onEvent(event);
  });
  return {
    id,
    send: (frame) => worker.frame(id, frame),
    read(): LineReading | undefined {
      const counts = worker.span(id);
      if (counts === undefined) return undefined;
      const counters = { lineCode: 0, pathCode: counts.lost, outOfFrame: losses, slips: counts.slips };
      return { alarms: [...alarms], counters, far: undefined, loopback };
    },
    loop(wanted): string | undefined {
      if (wanted === 'line') return NO_LINE_LOOPBACK;
      loopback = wanted;
      worker.loop(id, wanted);
      return undefined;
    },
    async close() {
      worker.hear(id, undefined);
    },
  };
}
