/**
 * Runs inside the guest: libpri and known sounds at the far end of a span that `dahdi_cfg` has configured from channel 1 on. Says what
 * happens as lines of JSON, libpri's events and each second what was heard; does what the lines of the file `command` say.
 * Arguments: the folder of this program, libpri's program, the file of commands.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadNative } from '../../../src/native/native.ts';
import { startLibpri } from '../libpri.ts';
import { FarLine } from './far-line.ts';
import { STREAM } from './streams.ts';

const [, , folder = '', program = '', command = ''] = process.argv;
const native = loadNative(join(folder, 'branchline.node'));
if (!native.ok) throw new Error(native.error);

const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const far = await FarLine.open(native.value, {
  first: 1,
  port: 26_000,
  libpri: 26_001,
  says: (slot) => STREAM.far + slot,
  hears: (slot) => STREAM.phone + slot,
});
setInterval(() => far.tick(), 20);
const libpri = await startLibpri({
  program,
  side: 'net',
  listen: 26_001,
  peer: 26_000,
  seconds: 900,
  args: ['-a', 'answer', '-A', '20', '-B', '1', '-X', '1', '-H', '0'],
});

let told = 0;
let done = 0;
for (let round = 0; ; round++) {
  for (; told < libpri.events.length; told++) say(libpri.events[told]);
  const commands = readFileSync(command, 'utf8').split('\n').slice(0, -1);
  for (const line of commands.slice(done)) {
    const [word, called = '', calling] = line.split(' ');
    if (word === 'call') libpri.call(called, calling);
    else for (const sink of far.sinks) sink.begin();
  }
  done = commands.length;
  if (round % 5 === 0) {
    say({ ev: 'heard', sinks: far.sinks.map(({ longest }) => longest), told: far.sinks.flatMap(({ told }) => told) });
  }
  await sleep(200);
}
