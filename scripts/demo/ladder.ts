/** A call as text: who said what to whom, and when. Phone on the left, gateway in the middle, carrier on the right. */
import type { TraceEntry } from '../../src/capture/trace.ts';
import type { Demonstration } from './demonstrate.ts';

export interface LadderColumns {
  readonly phone: string;
  readonly gateway: string;
  readonly carrier: string;
}

/** Characters between two columns. */
const GAP = 48;
const INDENT = ' '.repeat(9);

/**
 * The ladder of what the phone saw (`seen`) and what the gateway traced: its D-channel messages and the stages of the call. The
 * gateway's own SIP entries are left out, since they are the phone's from the other side.
 */
export function ladder(seen: readonly TraceEntry[], traced: readonly TraceEntry[], columns: LadderColumns): string {
  const rungs = merged(
    seen.map((entry) => ({ entry, line: phoneRung(entry) })),
    traced.filter(({ protocol }) => protocol !== 'sip').map((entry) => ({ entry, line: gatewayRung(entry) })),
  );
  const start = rungs[0] === undefined ? 0 : whole(rungs[0].entry);
  const head = `${INDENT}${columns.phone.padEnd(GAP + 1)}${columns.gateway.padEnd(GAP + 1)}${columns.carrier}`;
  const lines = rungs.map(({ entry, line }) => `${time(whole(entry) - start)}  ${line}`);
  return `${[head, ...lines].join('\n')}\n`;
}

interface Rung {
  readonly entry: TraceEntry;
  readonly line: string;
}

/**
 * Two sequences as one by time, each keeping its own order. The clocks are one, but the trace counts whole milliseconds: within
 * one, what the phone says comes before the gateway's rungs, and what it hears after them.
 */
function merged(phone: readonly Rung[], gateway: readonly Rung[]): readonly Rung[] {
  const out: Rung[] = [];
  let next = 0;
  for (const rung of phone) {
    const heard = rung.entry.direction === 'in';
    for (let other = gateway[next]; other !== undefined; other = gateway[++next]) {
      const ahead = whole(other.entry) - whole(rung.entry);
      if (ahead > 0 || (ahead === 0 && !heard)) break;
      out.push(other);
    }
    out.push(rung);
  }
  return [...out, ...gateway.slice(next)];
}

/** What the phone heard and how the call ended, one line each. */
export function summary(demonstration: Demonstration): string {
  const { tone, seconds, packets, lost, ending, registered, answered } = demonstration;
  const lines: string[] = [];
  if (registered !== 200) lines.push(`The phone could not register: ${registered ?? 'no answer'}`);
  if (answered) {
    const what = tone === undefined ? 'no tone' : `${tone.frequency.toFixed(1)} Hz at ${tone.level.toFixed(1)} dBm0`;
    lines.push(`The phone heard ${what} (${seconds.toFixed(1)} s, ${packets} RTP packets, ${lost} lost)`);
  }
  const who = ending.by === 'phone' ? 'the phone' : 'the far side';
  const status = ending.status === undefined ? '' : ` with ${ending.status}`;
  const cause = ending.cause === undefined ? '' : `, cause ${ending.cause}`;
  lines.push(`The call was ended by ${who}${status}${cause}`);
  return `${lines.join('\n')}\n`;
}

const whole = ({ at }: TraceEntry): number => Math.floor(at);
const time = (ms: number): string => `${(ms / 1000).toFixed(3).padStart(7)}`;

const phoneRung = ({ direction, what }: TraceEntry): string => `${arrow(direction, what)}${' '.repeat(GAP)}│`;

function gatewayRung({ protocol, direction, peer, what }: TraceEntry): string {
  const left = `│${' '.repeat(GAP)}`;
  if (protocol !== 'stage') return `${left}${arrow(direction, what)}`;
  const text = ` ${peer}${what === '' ? '' : ` ${what}`}`;
  return `${left}│${cut(text, GAP).padEnd(GAP)}│`;
}

/** From one column to the next: `│── SETUP ───▶│` for what goes out, seen from the left. */
function arrow(direction: TraceEntry['direction'], what: string): string {
  const text = ` ${cut(what, GAP - 6)} `;
  const line = '─'.repeat(GAP - 3 - text.length);
  return direction === 'out' ? `│──${text}${line}▶│` : `│◀──${text}${line}│`;
}

const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
