import { fail, ok, type Result } from '../../kernel/result.ts';
import {
  CAN_HARD_HDLC,
  chanConfigOf,
  echoCanOf,
  intOf,
  LAW,
  LINE_CONFIG,
  lineConfigOf,
  REQUEST,
  SIGNALLING,
} from './abi.ts';
import type { DChannelForm } from './d-channel.ts';
import { type ChannelInfo, type DahdiDriver, whyNot } from './driver.ts';

/** A span as it is wanted. */
export interface DahdiSetting {
  readonly id: string;
  /** Its number in the driver, from 1. */
  readonly number: number;
  /** Timeslots of the line. */
  readonly slots: number;
  readonly bSlots: readonly number[];
  readonly dSlot: number | undefined;
  readonly law: 'ulaw' | 'alaw';
  readonly mode: 'channels' | 'bundle';
  /** How the line is set up; undefined where another program has done that, and it is taken as it is. */
  readonly line: LineSetting | undefined;
}

export interface LineSetting {
  readonly framing: 'esf' | 'd4' | 'crc4' | 'fas';
  readonly coding: 'b8zs' | 'ami' | 'hdb3';
  /** 0–7: up to 133, 266, 399, 533, 655 feet of cable, then −7.5, −15 and −22.5 dB. */
  readonly buildOut: number;
  /** 0 for a line that is never the card's clock, otherwise its rank. */
  readonly sync: number;
  /** The name of a module (`mg2`), for cards without their own. */
  readonly echoCanceller: string | undefined;
}

/** What a span's timeslots are in the driver. */
export interface DahdiChannels {
  /** The B-channels' numbers, by their slot. */
  readonly b: ReadonlyMap<number, number>;
  readonly d: { readonly number: number; readonly form: DChannelForm } | undefined;
}

/** Sets a span up as it is wanted, or takes it as it stands; answers its channels, or in one sentence what stands in the way. */
export function configure(driver: DahdiDriver, setting: DahdiSetting): Result<DahdiChannels> {
  const { number, slots, line, bSlots, dSlot } = setting;
  const info = driver.span(number);
  if (!info.ok) {
    const spans = driver.spans.length;
    if (spans === 0) return fail(`there is no DAHDI span ${number}: the driver finds no card`);
    return fail(`there is no DAHDI span ${number}: the driver has ${spans === 1 ? 'one span' : `${spans} spans`}`);
  }
  const channels = driver.channels(number);
  if (channels.length === 0) {
    return fail(`DAHDI span ${number} has no channels: load the driver with auto_assign_spans=1, or assign the span`);
  }
  if (channels.length < slots) {
    return fail(`DAHDI span ${number} has ${channels.length} channels, and the configuration says ${slots}`);
  }
  const at = (slot: number): ChannelInfo | undefined => channels.find(({ position }) => position === slot);
  const b = new Map(bSlots.map((slot) => [slot, at(slot)?.number ?? 0]));
  const d = dSlot === undefined ? undefined : at(dSlot);
  if (line === undefined) return adopt(number, b, d);
  const refused = setUpLine(driver, number, line) ?? setUpVoice(driver, setting, line, b);
  if (refused !== undefined) return fail(refused);
  const form = d === undefined ? ok(undefined) : setUpData(driver, number, d);
  if (!form.ok) return form;
  const started = driver.control(REQUEST.startup, intOf(number));
  if (!started.ok) return fail(whyNot(nameOf(number), started.error));
  return ok({ b, d: d && form.value && { number: d.number, form: form.value } });
}

/** Another program has set the span up: what its D-channel is, it is. */
function adopt(span: number, b: DahdiChannels['b'], d: ChannelInfo | undefined): Result<DahdiChannels> {
  if (d === undefined) return ok({ b, d });
  const form = formOf(d.signalling);
  if (form !== undefined) return ok({ b, d: { number: d.number, form } });
  return fail(
    `channel ${d.number} of ${nameOf(span)} is not set up as a D-channel: say dchan=${d.number} in system.conf`,
  );
}

/** Bits of a signalling that say: the driver, or the card, makes the frames and their FCS. */
const MAKES_FRAMES = (SIGNALLING.hdlcFcs & ~SIGNALLING.hdlcRaw) | (SIGNALLING.hardHdlc & ~SIGNALLING.clear);

function formOf(signalling: number): DChannelForm | undefined {
  if (signalling & MAKES_FRAMES) return 'frames';
  return signalling === SIGNALLING.clear ? 'octets' : undefined;
}

const nameOf = (number: number): string => `DAHDI span ${number}`;

// In the order in which the driver wants it: the line, its channels, then the start. Each answers what was refused.

function setUpLine(driver: DahdiDriver, number: number, line: LineSetting): string | undefined {
  const config = lineConfigOf(number, line.buildOut, lineBits(line), line.sync);
  const configured = driver.control(REQUEST.spanConfig, config);
  // A span without a line of its own (a dynamic one) has nothing to set.
  return configured.ok || configured.error.code === 'ENOSYS' ? undefined : whyNot(nameOf(number), configured.error);
}

function setUpVoice(
  driver: DahdiDriver,
  { number, mode, law }: DahdiSetting,
  { echoCanceller }: LineSetting,
  channels: DahdiChannels['b'],
): string | undefined {
  const span = nameOf(number);
  const master = channels.values().next().value ?? 0;
  for (const channel of channels.values()) {
    const slave = mode === 'bundle' && channel !== master;
    const signalling = slave ? SIGNALLING.slave : SIGNALLING.clear;
    const set = driver.control(
      REQUEST.chanConfig,
      chanConfigOf(channel, signalling, LAW[law], slave ? master : channel),
    );
    if (!set.ok) return whyNot(`channel ${channel} of ${span}`, set.error);
    if (echoCanceller === undefined || mode === 'bundle') continue;
    const attached = driver.control(REQUEST.attachEchoCan, echoCanOf(channel, echoCanceller));
    if (!attached.ok) {
      return `${span}: there is no echo canceller ${echoCanceller}: is its module dahdi_echocan_${echoCanceller} loaded?`;
    }
  }
  return undefined;
}

/** The D-channel: with the card's HDLC controller, else with the driver's, else as bare octets. */
function setUpData(driver: DahdiDriver, span: number, { number, capabilities }: ChannelInfo): Result<DChannelForm> {
  const wanted = [...(capabilities & CAN_HARD_HDLC ? [SIGNALLING.hardHdlc] : []), SIGNALLING.hdlcFcs, SIGNALLING.clear];
  let refused = '';
  for (const signalling of wanted) {
    const set = driver.control(REQUEST.chanConfig, chanConfigOf(number, signalling, LAW.default, number));
    if (set.ok) return ok(signalling === SIGNALLING.clear ? 'octets' : 'frames');
    refused = whyNot(`D-channel ${number} of ${nameOf(span)}`, set.error);
    // Only what the channel can't do is worth another try.
    if (set.error.code !== 'EINVAL') break;
  }
  return fail(refused);
}

function lineBits({ framing, coding }: LineSetting): number {
  const frame =
    framing === 'fas'
      ? LINE_CONFIG.ccs
      : framing === 'crc4'
        ? LINE_CONFIG.crc4 | LINE_CONFIG.ccs
        : LINE_CONFIG[framing];
  return frame | LINE_CONFIG[coding];
}
