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
  readonly d: ChannelInfo | undefined;
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
  const found: DahdiChannels = {
    b: new Map(bSlots.map((slot) => [slot, at(slot)?.number ?? 0])),
    d: dSlot === undefined ? undefined : at(dSlot),
  };
  if (line !== undefined) {
    const refused = setUp(driver, setting, line, found);
    if (refused !== undefined) return fail(refused);
  }
  return ok(found);
}

/** In the order in which the driver wants it: the span, its channels, then the start. Answers what was refused. */
function setUp(
  driver: DahdiDriver,
  setting: DahdiSetting,
  line: LineSetting,
  found: DahdiChannels,
): string | undefined {
  const { number, mode, law } = setting;
  const span = `DAHDI span ${number}`;
  const config = lineConfigOf(number, line.buildOut, lineBits(line), line.sync);
  const configured = driver.control(REQUEST.spanConfig, config);
  // A span without a line of its own (a dynamic one) has nothing to set.
  if (!configured.ok && configured.error.code !== 'ENOSYS') return whyNot(span, configured.error);
  const master = found.b.values().next().value ?? 0;
  for (const channel of found.b.values()) {
    const slave = mode === 'bundle' && channel !== master;
    const signalling = slave ? SIGNALLING.slave : SIGNALLING.clear;
    const set = driver.control(
      REQUEST.chanConfig,
      chanConfigOf(channel, signalling, LAW[law], slave ? master : channel),
    );
    if (!set.ok) return whyNot(`channel ${channel} of ${span}`, set.error);
    if (line.echoCanceller === undefined || mode === 'bundle') continue;
    const attached = driver.control(REQUEST.attachEchoCan, echoCanOf(channel, line.echoCanceller));
    if (!attached.ok) {
      return `${span}: there is no echo canceller ${line.echoCanceller}: is its module dahdi_echocan_${line.echoCanceller} loaded?`;
    }
  }
  if (found.d !== undefined) {
    const { number: channel, capabilities } = found.d;
    const signalling = capabilities & CAN_HARD_HDLC ? SIGNALLING.hardHdlc : SIGNALLING.hdlcFcs;
    const set = driver.control(REQUEST.chanConfig, chanConfigOf(channel, signalling, LAW.default, channel));
    if (!set.ok) return whyNot(`D-channel ${channel} of ${span}`, set.error);
  }
  const started = driver.control(REQUEST.startup, intOf(number));
  return started.ok ? undefined : whyNot(span, started.error);
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
