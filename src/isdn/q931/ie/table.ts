/** Every identifier of codeset 0 that we recognise (Q.931 Table 4-3 and Q.932, Q.951, AT&T). What isn't here is unrecognised, §5.8.7.1. */

import type { ElementCodec } from '../element.ts';
import { bearerCapability } from './bearer.ts';
import { causeElement } from './cause.ts';
import { channelIdentification } from './channel.ts';
import { calledNumber, callingNumber, connectedNumber, redirectingNumber } from './number.ts';
import { progressIndicator } from './progress.ts';
import { callState, changeStatus, notification, restartIndicator } from './simple.ts';

/** Those whose contents we read: contents that don't decode are a content error (§5.8.6.2, §5.8.7.2). */
const read = [
  bearerCapability,
  causeElement,
  channelIdentification,
  calledNumber,
  callingNumber,
  connectedNumber,
  redirectingNumber,
  progressIndicator,
  callState,
  changeStatus,
  notification,
  restartIndicator,
] as readonly ElementCodec<unknown>[];

const codecs: (ElementCodec<unknown> | undefined)[] = new Array(256).fill(undefined);
for (const codec of read) codecs[codec.id] = codec;

/** Those we hand on as octets: facility, network-specific, display, keypad, subaddresses, LLC, HLC, user-user and their like. */
const handedOn = new Set([
  0x00, 0x02, 0x0c, 0x0d, 0x10, 0x1c, 0x1d, 0x20, 0x24, 0x28, 0x29, 0x2a, 0x2c, 0x32, 0x34, 0x35, 0x36, 0x37, 0x3a,
  0x40, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x4d, 0x6d, 0x71, 0x73, 0x75, 0x76, 0x78, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f,
  0xa0, 0xa1, 0xb0, 0xd0,
]);

export const codecOf = (id: number): ElementCodec<unknown> | undefined => codecs[id];
export const recognised = (id: number): boolean => codecs[id] !== undefined || handedOn.has(id);
