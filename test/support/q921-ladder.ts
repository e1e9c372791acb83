/** Golden sequences of a data link as text: one line is one step, `time  input → outputs`. */
import assert from 'node:assert/strict';
import { decodeFrame, type LapdFrame, type Supervisory } from '../../src/isdn/q921/frame.ts';
import { Q921Link } from '../../src/isdn/q921/link.ts';
import type { LinkEffect, LinkEvent, LinkSettings } from '../../src/isdn/q921/primitives.ts';
import { fromHex, toHex } from '../../src/kernel/bytes.ts';
import type { Instant } from '../../src/kernel/time.ts';
import { encodeFrame } from './q921-frames.ts';

const at = (n: number): Instant => n as Instant;

/**
 * A frame in the ladder's notation: `SABME P`, `UA F`, `DM`, `I 0,3 [0801] P`, and for RR, RNR and REJ the N(R) with `P` (command,
 * P=1), `C` (command, P=0), `F` (response, F=1) or nothing (response, F=0).
 */
function frameOf(text: string): LapdFrame {
  const [type = '', ...rest] = text.split(' ');
  const mark = /^[PFC]$/.test(rest.at(-1) ?? '') ? (rest.pop() ?? '') : '';
  const pf = mark === 'P' || mark === 'F';
  if (type === 'I') {
    const [numbers = '', information = '[]'] = rest;
    const [ns = 0, nr = 0] = numbers.split(',').map(Number);
    return { type, command: true, ns, nr, pf, octets: fromHex(information.slice(1, -1)), at: 0 };
  }
  if (type === 'RR' || type === 'RNR' || type === 'REJ') {
    return { type: type satisfies Supervisory, command: mark === 'P' || mark === 'C', nr: Number(rest[0]), pf };
  }
  assert.ok(type === 'SABME' || type === 'DISC' || type === 'UA' || type === 'DM' || type === 'FRMR', text);
  const information = new Uint8Array(type === 'FRMR' ? 5 : 0);
  return { type, command: type === 'SABME' || type === 'DISC', pf, information };
}

function textOf(frame: LapdFrame): string {
  const mark = frame.pf ? (frame.command ? ' P' : ' F') : '';
  switch (frame.type) {
    case 'I':
      return `I ${frame.ns},${frame.nr} [${toHex(frame.octets.slice(frame.at))}]${mark}`;
    case 'RR':
    case 'RNR':
    case 'REJ':
      return `${frame.type} ${frame.nr}${frame.command && !frame.pf ? ' C' : mark}`;
    default:
      return `${frame.type}${mark}`;
  }
}

function eventOf(input: string, settings: LinkSettings): LinkEvent {
  const [word = '', argument = ''] = input.split(/\s+/);
  switch (word) {
    case '<':
      return {
        type: 'frame',
        frame: encodeFrame(frameOf(input.slice(2)), settings.side === 'user' ? 'network' : 'user'),
      };
    case 'raw':
      return { type: 'frame', frame: fromHex(argument) };
    case 'dl-data':
      return { type: 'dl-data', message: fromHex(argument), at: 0 };
    case 'own-busy':
      return { type: 'own-busy', busy: argument === 'on' };
    case 'line':
      return { type: 'line', active: argument === 'up' };
    default:
      assert.ok(word === 'dl-establish' || word === 'dl-release', input);
      return { type: word };
  }
}

function effectText(effect: LinkEffect, settings: Pick<LinkSettings, 'side' | 'n201'>): string {
  switch (effect.type) {
    case 'frame': {
      const frame = decodeFrame(effect.frame, settings.side, settings.n201);
      assert.ok(frame.ok, toHex(effect.frame));
      return textOf(frame.value);
    }
    case 'dl-established':
    case 'dl-released':
      return `${effect.type}${effect.confirm ? '!' : ''}`;
    case 'dl-data':
      return `dl-data ${toHex(effect.message.slice(effect.at))}`;
    case 'dl-refused':
      return `dl-refused ${effect.why}`;
    case 'mdl-error':
      return `error ${effect.code}`;
  }
}

/**
 * Plays the inputs of a ladder to a new link and compares all it says with what the ladder expects. Times in milliseconds; `wait`
 * stands for a timer, which must be due at exactly that time; no timer may be due before any other input. A confirm carries `!`.
 */
export function ladder(settings: LinkSettings, golden: string): Q921Link {
  const link = new Q921Link(settings);
  const lines = golden
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const actual = lines.map((line) => {
    const [, time = '', input = ''] = /^(\d+)\s+(.*?)\s*→/.exec(line) ?? assert.fail(`no step: ${line}`);
    const now = at(Number(time));
    const due = link.deadline;
    if (input === 'wait') assert.equal(due, now, `timer at ${line}`);
    else assert.ok(due === undefined || due > now, `a timer is due at ${due}, before ${line}`);
    const effects = input === 'wait' ? link.wake(now) : link.feed(eventOf(input, settings), now);
    return `${time} ${input} → ${effects.map((effect) => effectText(effect, settings)).join(' · ')}`.trim();
  });
  assert.equal(actual.join('\n'), lines.map((line) => line.replace(/\s+/g, ' ')).join('\n'));
  return link;
}
