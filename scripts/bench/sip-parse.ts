/**
 * CPU time to take in a SIP message, against libosip2: parse it, read the headers that signalling needs, and the description in
 * it. Both work on the same octets in turn; the median of the ratios is printed. What our full check of a request (which
 * libosip2 has no counterpart for) costs on top is printed beside it. Needs libosip2-dev and cc.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toLatin1 } from '../../src/kernel/bytes.ts';
import { checkRequest } from '../../src/sip/message/check.ts';
import {
  callIdOf,
  contactsOf,
  cseqOf,
  expiresOf,
  fromOf,
  maxForwardsOf,
  toOf,
  topVia,
} from '../../src/sip/message/fields.ts';
import { tagOf } from '../../src/sip/message/name-addr.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { parseUri } from '../../src/sip/message/uri.ts';
import { branchOf } from '../../src/sip/message/via.ts';
import { parseSdp } from '../../src/sip/sdp/parse.ts';
import { INVITE, REGISTER, sip } from '../../test/support/sip-messages.ts';
import { cpuOf, median, report } from './lib/figures.ts';

const REPEATS = 15;
const ROUNDS = 8_000;
const WARM_UP = 30_000;

/** The limit that the project has set itself. */
const GOAL = 1.0;

const sets: Readonly<Record<string, readonly Uint8Array[]>> = {
  REGISTER: [sip(REGISTER)],
  'INVITE with SDP': [sip(INVITE)],
  both: [sip(REGISTER), sip(INVITE)],
};

/** What the work found, so that none of it can be left out. */
let found = 0;

function readMessage(bytes: Uint8Array, checked: boolean): void {
  const result = parseMessage(bytes);
  if (!result.ok || result.value.type !== 'request') throw new Error('not parsed');
  const request = result.value;
  if (checked && checkRequest(request) !== undefined) throw new Error('not accepted');
  const via = topVia(request);
  const from = fromOf(request);
  const to = toOf(request);
  if (via === undefined || from === undefined || to === undefined) throw new Error('headers missing');
  found += (branchOf(via)?.length ?? 0) + (tagOf(from)?.length ?? 0) + (tagOf(to)?.length ?? 0);
  found += (callIdOf(request)?.length ?? 0) + (cseqOf(request)?.number ?? 0) + (contactsOf(request)?.length ?? 0);
  found += (maxForwardsOf(request) ?? 0) + (expiresOf(request) ?? 0);
  found += parseUri(request.uri).ok ? 1 : 0;
  if (request.body.length === 0) return;
  const sdp = parseSdp(request.body);
  if (!sdp.ok) throw new Error(sdp.error);
  found += sdp.value.media.length;
}

/** µs of CPU for one round over the messages, garbage collection and compilation included. */
function ours(messages: readonly Uint8Array[], rounds: number, checked: boolean): number {
  const spent = cpuOf(() => {
    for (let round = 0; round < rounds; round++) for (const bytes of messages) readMessage(bytes, checked);
  });
  return spent / rounds;
}

function theirs(peer: string, messages: readonly Uint8Array[], rounds: number): number {
  const input = messages.map((bytes) => `${bytes.length}\n${toLatin1(bytes)}`).join('\n');
  const run = spawnSync(peer, {
    input: Buffer.from(`${rounds} ${messages.length}\n${input}`, 'latin1'),
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`libosip2: ${run.stderr}`);
  return Number(run.stdout);
}

const dir = mkdtempSync(join(tmpdir(), 'branchline-bench-'));
try {
  const peer = join(dir, 'osip-parse');
  const source = new URL('peers/osip-parse.c', import.meta.url).pathname;
  execFileSync('cc', ['-O2', '-o', peer, source, '-losipparser2']);
  for (const messages of Object.values(sets)) for (const checked of [true, false]) ours(messages, WARM_UP, checked);
  for (const [name, messages] of Object.entries(sets)) {
    const rows = Array.from({ length: REPEATS }, () => ({
      ours: ours(messages, ROUNDS, false),
      theirs: theirs(peer, messages, ROUNDS),
      checked: ours(messages, ROUNDS, true),
    }));
    const of = (key: 'ours' | 'theirs' | 'checked'): number => median(rows.map((row) => row[key]));
    report({
      name: `taking in ${name}`,
      unit: 'µs of CPU',
      ours: of('ours'),
      peer: { name: 'libosip2', value: of('theirs') },
      ratio: median(rows.map((row) => row.ours / row.theirs)),
      goal: { of: 'ratio', limit: GOAL },
    });
    report({ name: `${name} with all checks`, unit: 'µs of CPU', ours: of('checked') });
  }
  if (found === 0) throw new Error('nothing was read');
} finally {
  rmSync(dir, { recursive: true });
}
