/** What a span's line settles where the span's own setting says nothing. */
import type { Site, SpanSetting } from './schema.ts';

/** Timeslots of a line, counted from 1. */
export const SLOTS: Readonly<Record<SpanSetting['line'], number>> = { t1: 24, e1: 31 };

/** Spans that share a multi-frame of TDM over Ethernet, at most. */
export const MULTI_PLACES = 4;

const D_CHANNEL: Readonly<Record<SpanSetting['line'], number>> = { t1: 24, e1: 16 };

/** Undefined: another span carries the D-channel (NFAS). */
export const dChannelOf = ({ dChannel, line }: SpanSetting): number | undefined =>
  dChannel === 'none' ? undefined : (dChannel ?? D_CHANNEL[line]);

/** A span, and its part among those that share a D-channel. */
export interface MemberSetting {
  readonly span: SpanSetting;
  /** By which both ends name it in channel identification. */
  readonly interface: number;
  /** The D-channel that it carries. */
  readonly role: 'primary' | 'backup' | undefined;
}

/** One D-channel, or a primary and its backup, with the spans that it serves. */
export interface SignallingSetting {
  /** That of the NFAS group, or of the span that has its D-channel for itself. */
  readonly id: string;
  readonly members: readonly MemberSetting[];
}

/** All spans of a site by the D-channels that serve them, in the order of the spans. */
export function signallingsOf({ spans, nfas }: Pick<Site, 'spans' | 'nfas'>): readonly SignallingSetting[] {
  return spans.flatMap((span): readonly SignallingSetting[] => {
    const group = nfas.find((one) => one.spans.includes(span.id));
    if (group === undefined) return [{ id: span.id, members: [{ span, interface: 0, role: 'primary' }] }];
    // The group stands where its first span does.
    const present = spans.filter(({ id }) => group.spans.includes(id));
    if (present[0] !== span) return [];
    const members = group.spans.flatMap((name, i): readonly MemberSetting[] => {
      const member = present.find(({ id }) => id === name);
      if (member === undefined) return [];
      const role = i === 0 ? 'primary' : name === group.backup ? 'backup' : undefined;
      return [{ span: member, interface: group.interfaces?.[i] ?? i, role }];
    });
    return [{ id: group.id, members }];
  });
}

/** The timeslots of the B-channels: what the setting says, or all but the D-channel. */
export function channelsOf(span: SpanSetting): readonly number[] {
  if (span.channels !== undefined) return span.channels;
  return Array.from({ length: SLOTS[span.line] }, (_, i) => i + 1).filter((slot) => slot !== dChannelOf(span));
}

export const framingOf = ({ framing, line }: SpanSetting): 'esf' | 'd4' | 'crc4' | 'fas' =>
  framing ?? (line === 't1' ? 'esf' : 'crc4');

/** The network gives the clock and the user takes it, unless the setting says otherwise. */
export const clockOf = ({ clock, side }: SpanSetting): 'line' | 'ours' => clock ?? (side === 'user' ? 'line' : 'ours');

/** The spans whose line may be the box's reference, the one to use first at the front; the rest is what to fall back on. */
export function clockOrder(spans: readonly SpanSetting[]): readonly string[] {
  const lines = spans.filter((span) => clockOf(span) === 'line');
  const rank = ({ clockPriority = 9 }: SpanSetting): number => clockPriority;
  return lines.toSorted((a, b) => rank(a) - rank(b)).map(({ id }) => id);
}

export const lawOf = ({ law, line }: SpanSetting): 'ulaw' | 'alaw' => law ?? (line === 't1' ? 'ulaw' : 'alaw');

export const codingOf = ({ coding, line }: Extract<SpanSetting, { driver: 'dahdi' }>): 'b8zs' | 'ami' | 'hdb3' =>
  coding ?? (line === 't1' ? 'b8zs' : 'hdb3');

/** What names the line of a span that is hardware; undefined for a virtual one. */
export function lineKey(span: SpanSetting): string | undefined {
  if (span.driver === 'virtual') return undefined;
  if (span.driver === 'dahdi') return `dahdi ${span.number}`;
  return `tdmoe ${span.interface} ${span.peer} ${span.frames} ${span.subAddress}`;
}

/** Our end and the far end of a span over UDP; undefined for every other span. */
export const udpOf = (span: SpanSetting): UdpEnds | undefined =>
  span.driver === 'virtual' && 'listen' in span.far ? span.far : undefined;

interface UdpEnds {
  readonly listen: { readonly address: string; readonly port: number };
  readonly peer: { readonly address: string; readonly port: number };
}
