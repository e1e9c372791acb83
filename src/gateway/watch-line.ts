import { dChannelOf, framingOf, type MemberSetting } from '../config/line.ts';
import type { SpanSetting } from '../config/schema.ts';
import type { Q931Group } from '../isdn/q931/group.ts';
import type { Log } from '../kernel/log.ts';
import { seconds } from '../kernel/time.ts';
import { DEFAULT_THRESHOLDS } from '../line/performance.ts';
import type { DChannel } from './d-channel.ts';
import type { LineBooks } from './line-books.ts';
import { LineWatch } from './line-watch.ts';
import type { Reactor } from './reactor.ts';
import type { Signalling } from './signalling.ts';

export interface WatchedSpan {
  readonly setting: SpanSetting;
  readonly member: MemberSetting;
  readonly dChannel: DChannel;
  /** Its D-channel, or that of its NFAS group. */
  readonly signalling: Signalling;
  readonly group: Q931Group;
}

/** The watch over a span's layer 1, by its setting and by what the books know of it. */
export function watchLine(
  { setting, dChannel, signalling, group }: WatchedSpan,
  { reactor, log, books }: { readonly reactor: Reactor; readonly log: Log; readonly books: LineBooks },
): LineWatch {
  const { id, line, driver, side, variant, layer1 } = setting;
  const framing = framingOf(setting);
  return new LineWatch({
    id,
    reactor,
    log,
    dChannel,
    signalling,
    books,
    performance: {
      framing,
      thresholds: { ...DEFAULT_THRESHOLDS, ...layer1.thresholds },
      stored: books.bins(id),
    },
    times: { raise: seconds(layer1.raiseSeconds), clear: seconds(layer1.clearSeconds) },
    known: {
      line,
      framing,
      medium: driver === 'tdmoe' ? 'ethernet' : 'wires',
      side,
      variant,
      dSlot: dChannelOf(setting),
    },
    slots: () =>
      group
        .channelStates()
        .filter(({ channel }) => channel.span === id)
        .map(({ channel, state }) => ({ slot: channel.slot, state })),
  });
}
