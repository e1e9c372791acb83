/** Our side of a stream's RTCP session: when to report, what to report, and what the peer's reports tell us. */

import { type Millis, ms, type WallTime } from '../kernel/time.ts';
import type { Reception } from './reception.ts';
import {
  ntpMiddle,
  type ReceptionReport,
  type RtcpFault,
  readCompound,
  type SenderInfo,
  writeCompound,
} from './rtcp-packet.ts';

/** The longest compound that we write: SR with one block, a CNAME of 64 octets, BYE. */
export const RTCP_ROOM = 28 + 24 + 76 + 8;

/** Five seconds: with two members and 5 % of 64 kbit/s the bandwidth rule alone would allow less (§6.2). */
const INTERVAL = 5000;
/** The reconsideration's mean is longer than the interval by this, e − 3/2 (§6.3.1). */
const COMPENSATION = Math.E - 1.5;
/** A round trip beyond this is a peer's slip of the pen: 30 s in 1/65,536 s. */
const ROUND_TRIP_LIMIT = 30 * 65_536;

/** The wait before the next report; `random` is 0…1. The first one comes in half the time (§6.2). */
export function rtcpInterval(random: number, first: boolean): Millis {
  return ms(((first ? INTERVAL / 2 : INTERVAL) * (0.5 + random)) / COMPENSATION);
}

/** One stream's session: keeps what a report needs to know between two of them, and what the peer's reports said. */
export class RtcpSession {
  readonly #ssrc: number;
  readonly #cname: string;
  /** The peer's last sender report: of whom, its time, and when it came. */
  #peer: number | undefined;
  #peerTime = 0;
  #peerHeard = 0;
  /** What we had sent at the last report and at the one before. */
  #sentLast = 0;
  #sentBefore = 0;

  /** Milliseconds, by the peer's last report on us; undefined before one came. */
  roundTrip: number | undefined = undefined;
  /** What the peer says of our stream. */
  heardByPeer: ReceptionReport | undefined = undefined;
  /** The peer said BYE for the stream that we receive. */
  gone = false;

  /** `cname` names us to the peer for as long as the call lasts, and tells nothing else (RFC 7022). */
  constructor(ssrc: number, cname: string) {
    this.#ssrc = ssrc;
    this.#cname = cname;
  }

  /**
   * Writes the report that is due now into `bytes` from `at` on and answers its length, at most RTCP_ROOM. It is a sender's report
   * when we sent anything since the report before the last (§6.4).
   */
  report(bytes: Uint8Array, at: number, sender: SenderInfo, reception: Reception, bye = false): number {
    const isSender = sender.packets !== this.#sentBefore;
    this.#sentBefore = this.#sentLast;
    this.#sentLast = sender.packets;
    const reports = reception.isValid && reception.receivedSinceReport > 0 ? [this.#block(reception, sender.wall)] : [];
    const compound = { ssrc: this.#ssrc, sender: isSender ? sender : undefined, reports, cname: this.#cname, bye };
    return writeCompound(bytes, at, compound);
  }

  /** Takes the peer's compound. */
  receive(bytes: Uint8Array, at: number, length: number, wall: WallTime): RtcpFault | undefined {
    const read = readCompound(bytes, at, length);
    if (!read.ok) return read.error;
    for (const packet of read.value) {
      if (packet.type === 'sender-report') {
        this.#peer = packet.ssrc;
        this.#peerTime = packet.time;
        this.#peerHeard = ntpMiddle(wall);
      }
      if (packet.type === 'sender-report' || packet.type === 'receiver-report') {
        for (const report of packet.reports) if (report.source === this.#ssrc) this.#heard(report, wall);
      }
      if (packet.type === 'bye' && this.#peer !== undefined && packet.ssrcs.includes(this.#peer)) this.gone = true;
    }
    return undefined;
  }

  #block(reception: Reception, wall: WallTime): ReceptionReport {
    const source = reception.source ?? 0;
    const known = source === this.#peer;
    return {
      source,
      fractionLost: reception.fractionLost(),
      cumulativeLost: reception.cumulativeLost,
      highest: reception.highest,
      jitter: Math.floor(reception.jitter),
      lastReport: known ? this.#peerTime : 0,
      delay: known ? (ntpMiddle(wall) - this.#peerHeard) >>> 0 : 0,
    };
  }

  /** §6.4.1, figure 2: now, less when we sent the report that the peer names, less how long it kept it. */
  #heard(report: ReceptionReport, wall: WallTime): void {
    this.heardByPeer = report;
    if (report.lastReport === 0) return;
    const trip = (ntpMiddle(wall) - report.lastReport - report.delay) | 0;
    if (trip >= 0 && trip <= ROUND_TRIP_LIMIT) this.roundTrip = (trip * 1000) / 65_536;
  }
}
