/** What crossed a D-channel, frame by frame as text: for tests that say what we sent, and for the reader of one that failed. */
import { decodeFrame, type LapdFrame } from '../../src/isdn/q921/frame.ts';
import { LINK_DEFAULTS, type LinkSide } from '../../src/isdn/q921/primitives.ts';

const PCAP_HEADER = 24;
const RECORD_HEADER = 16;

/** Q.931 Table 4-2, as far as tests speak of it. */
const TITLES: Readonly<Record<number, string>> = {
  1: 'ALERTING',
  2: 'CALL PROCEEDING',
  5: 'SETUP',
  7: 'CONNECT',
  15: 'CONNECT ACKNOWLEDGE',
  69: 'DISCONNECT',
  77: 'RELEASE',
  90: 'RELEASE COMPLETE',
};

/**
 * The frames of a capture in libpri's form, `> I 3,7 DISCONNECT` or `< RR 4`: `>` is ours. A supervisory frame does not show who sent it
 * (C/R says command of one or response of the other, Q.921 §3.3.2): it is taken for a response, save with P.
 */
export function ladderOf(capture: Uint8Array, ours: LinkSide): readonly string[] {
  const view = new DataView(capture.buffer, capture.byteOffset, capture.byteLength);
  const lines: string[] = [];
  for (let at = PCAP_HEADER; at + RECORD_HEADER <= capture.length; ) {
    const length = view.getUint32(at + 8, true);
    const frame = capture.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    // The last one may be still under way to the disk.
    if (frame.length === length) lines.push(lineOf(frame, ours));
    at += RECORD_HEADER + length;
  }
  return lines;
}

function lineOf(octets: Uint8Array, ours: LinkSide): string {
  const peers = ours === 'user' ? 'network' : 'user';
  for (const [side, mark] of [
    [ours, '>'],
    [peers, '<'],
  ] as const) {
    const read = decodeFrame(octets, side, LINK_DEFAULTS.n201);
    if (read.ok && isOf(read.value)) return `${mark} ${textOf(read.value)}`;
  }
  return `? ${Buffer.from(octets).toString('hex')}`;
}

/** Whether a frame that is read as one side's can be that side's. */
function isOf(frame: LapdFrame): boolean {
  const isSupervisory = frame.type === 'RR' || frame.type === 'RNR' || frame.type === 'REJ';
  return !isSupervisory || !frame.command || frame.pf;
}

function textOf(frame: LapdFrame): string {
  const mark = frame.pf ? (frame.command ? ' P' : ' F') : '';
  if (frame.type === 'I') {
    const { octets, at } = frame;
    const type = octets[at + 2 + ((octets[at + 1] ?? 0) & 0x0f)] ?? 0;
    return `I ${frame.ns},${frame.nr} ${TITLES[type] ?? `message ${type}`}${mark}`;
  }
  return `${frame.type}${'nr' in frame ? ` ${frame.nr}` : ''}${mark}`;
}
