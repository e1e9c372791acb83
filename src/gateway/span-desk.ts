/** What the HTTP API shows of a span's layer 1 and does with it. */
import { channelsOf } from '../config/line.ts';
import type { SpanDesk } from '../console/span-routes.ts';
import type { SpanAnswer } from '../console/views.ts';
import { type Clock, seconds } from '../kernel/time.ts';
import { diagnose } from '../line/doctor.ts';
import { BertDesk } from './bert-desk.ts';
import type { Gateway } from './gateway.ts';
import { layer1View, performanceView } from './layer1-view.ts';
import type { LineWatch } from './line-watch.ts';
import type { WatchedSpan } from './watch-line.ts';

type Watched = WatchedSpan & { readonly watch: LineWatch };

export function spanDesk(gateway: Gateway, clock: Clock): SpanDesk {
  const tests = new BertDesk(gateway, clock);
  const find = (id: string): Watched | undefined => gateway.spans.all.find(({ setting }) => setting.id === id);
  /** A step of the reactor, as everything that touches a machine. */
  const step = (id: string, act: (span: Watched) => string | undefined): SpanAnswer => {
    const span = find(id);
    if (span === undefined) return { type: 'unknown' };
    let why: string | undefined;
    gateway.reactor.run(() => {
      why = act(span);
    });
    return why === undefined
      ? { type: 'done', layer1: layer1View(span.watch.state(), clock) }
      : { type: 'refused', why };
  };
  return {
    performance(id) {
      const state = find(id)?.watch.state();
      return state === undefined ? undefined : performanceView(state);
    },
    diagnose(id) {
      const spans = id === undefined ? gateway.spans.all : [find(id)].filter((span) => span !== undefined);
      if (id !== undefined && spans.length === 0) return undefined;
      return spans.map(({ watch }) => diagnose(watch.evidence()));
    },
    serve: (id, slots, inService) =>
      step(id, ({ setting, watch }) => {
        const channels = channelsOf(setting);
        const odd = slots?.find((slot) => !channels.includes(slot));
        if (odd !== undefined) return `timeslot ${odd} is no B-channel of span ${id}`;
        const held = inService ? tests.holds(id, slots ?? channels) : undefined;
        if (held !== undefined) return held;
        watch.serve(slots ?? channels, inService);
        return undefined;
      }),
    bert: (id) => tests.view(id),
    startBert: (id, slots, pattern, time) => tests.start(id, slots, pattern, time),
    stopBert: (id) => tests.stop(id),
    injectErrors: (id, errors) => tests.inject(id, errors),
    switchOver(id) {
      const trunk = gateway.spans.trunks.find(
        ({ signalling }) => signalling.id === id && signalling.members.length > 1,
      );
      if (trunk === undefined) return { type: 'unknown' };
      let why: string | undefined;
      gateway.reactor.run(() => {
        why = trunk.signalling.switchOver();
      });
      const { active } = trunk.signalling;
      return why !== undefined || active === undefined
        ? { type: 'refused', why: why ?? 'no D-channel is in service' }
        : { type: 'done', active };
    },
    loop: (id, loopback, time) =>
      step(id, ({ watch }) => (loopback === 'off' ? watch.release() : watch.loop(loopback, seconds(time)))),
  };
}
