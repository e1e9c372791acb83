/** Channel identification at a primary rate interface: Q.931 §4.5.13. */
import type { ElementCodec } from '../element.ts';
import { last } from './codec.ts';

export interface ChannelIdentification {
  /** Interface identifier (octet 3.1, non-facility associated signalling); undefined: the one that carries the D-channel. */
  readonly interface: number | undefined;
  readonly exclusive: boolean;
  /** The slots named, by number or by map; `any`: any channel will do; `none`: no channel. */
  readonly slots: readonly number[] | 'any' | 'none';
  /** How the slots are written. */
  readonly coding: 'number' | 'map';
  /** It is the interface's D-channel that is meant (octet 3, bit 3): SERVICE with a backup D-channel. */
  readonly dChannel?: true;
}

const PRIMARY_RATE = 0x20;
const INTERFACE_GIVEN = 0x40;
const EXCLUSIVE = 0x08;
const D_CHANNEL = 0x04;
/** Octet 3.2: ITU-T coding, B-channel units, by number; 0x10 more: slot map. */
const B_CHANNEL_UNITS = 0x83;
const MAP = 0x10;

/** The highest slot of an E1. */
const MAX_SLOT = 31;

/** Octets of a slot map, slot 1 in the last octet's lowest bit: three for T1, four for E1 (Figure 4-21). */
function mapSlots(map: Uint8Array): number[] | undefined {
  if (map.length !== 3 && map.length !== 4) return undefined;
  const slots: number[] = [];
  for (let slot = 1; slot <= map.length * 8 && slot <= MAX_SLOT; slot++) {
    const bit = map.length === 3 ? slot - 1 : slot;
    const octet = map[map.length - 1 - (bit >> 3)] ?? 0;
    if ((octet & (1 << (bit & 7))) !== 0) slots.push(slot);
  }
  return slots;
}

function slotMap(slots: readonly number[]): number[] {
  const e1 = slots.some((slot) => slot > 24);
  const map = new Array<number>(e1 ? 4 : 3).fill(0);
  for (const slot of slots) {
    const bit = e1 ? slot : slot - 1;
    const at = map.length - 1 - (bit >> 3);
    map[at] = (map[at] ?? 0) | (1 << (bit & 7));
  }
  return map;
}

/** The channel numbers from `at` on. */
function numberedSlots(octets: Uint8Array, at: number, end: number): number[] | undefined {
  const slots: number[] = [];
  for (let i = at; i < end; i++) {
    const octet = octets[i] ?? 0;
    slots.push(octet & 0x7f);
    if (last(octet)) return slots;
  }
  // Some peers leave bit 8 clear in a lone channel number.
  return slots.length === 1 ? slots : undefined;
}

export const channelIdentification: ElementCodec<ChannelIdentification> = {
  codeset: 0,
  id: 0x18,
  decode(octets, at = 0, end = octets.length) {
    if (at >= end) return undefined;
    const octet3 = octets[at++] ?? 0;
    if ((octet3 & PRIMARY_RATE) === 0) return undefined;
    const exclusive = (octet3 & EXCLUSIVE) !== 0;
    let face: number | undefined;
    if ((octet3 & INTERFACE_GIVEN) !== 0) {
      if (at >= end || !last(octets[at] ?? 0)) return undefined;
      face = (octets[at++] ?? 0) & 0x7f;
    }
    if ((octet3 & D_CHANNEL) !== 0)
      return { interface: face, exclusive, coding: 'number', slots: 'none', dChannel: true };
    const selection = octet3 & 3;
    const any = { interface: face, exclusive, coding: 'number' } as const;
    if (selection === 3) return { ...any, slots: 'any' };
    if (selection === 0) return { ...any, slots: 'none' };
    // RESTART may name an interface alone.
    if (at >= end) return face === undefined ? undefined : { ...any, slots: [] };
    const octet32 = octets[at++] ?? 0;
    if ((octet32 & 0xef) !== B_CHANNEL_UNITS) return undefined;
    const map = (octet32 & MAP) !== 0;
    const slots = map ? mapSlots(octets.slice(at, end)) : numberedSlots(octets, at, end);
    if (slots === undefined || slots.length === 0) return undefined;
    return { interface: face, exclusive, slots, coding: map ? 'map' : 'number' };
  },
  encode({ interface: face, exclusive, slots, coding, dChannel }) {
    let octet3 = 0x80 | PRIMARY_RATE | (exclusive ? EXCLUSIVE : 0);
    if (dChannel) octet3 |= D_CHANNEL;
    octet3 |= slots === 'any' ? 3 : slots === 'none' ? 0 : 1;
    if (face === undefined && coding === 'number' && slots.length === 1 && typeof slots !== 'string')
      return [octet3, B_CHANNEL_UNITS, 0x80 | (slots[0] ?? 0)];
    const head = face === undefined ? [octet3] : [octet3 | INTERFACE_GIVEN, 0x80 | face];
    if (slots === 'any' || slots === 'none' || slots.length === 0) return head;
    if (coding === 'map') return [...head, B_CHANNEL_UNITS | MAP, ...slotMap(slots)];
    const numbers = slots.map((slot, i) => (i === slots.length - 1 ? 0x80 | slot : slot));
    return [...head, B_CHANNEL_UNITS, ...numbers];
  },
};
