/** A capturing process that does what it must not: what it wrote until then is kept, and why it ended is said. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readOrder, type SniffOrder } from '../../../src/capture/sniff-order.ts';
import { Sniffing, type SniffState } from '../../../src/capture/sniffing.ts';

const ORDER: SniffOrder = { taps: [{ name: 'lo', filter: 'udp port 5060' }], seconds: 60, octets: 200 };
const PCAPNG = new URL('../../../src/capture/pcapng.ts', import.meta.url).href;
/** What a stand-in may say: the head of a file, and a packet. */
const WORDS = `
  import { writeSync } from 'node:fs';
  import { interfaceBlock, packetBlock, sectionBlock } from '${PCAPNG}';
  const head = () => { writeSync(1, sectionBlock()); writeSync(1, interfaceBlock({ name: 'lo', link: 1 })); };
  const packet = () => writeSync(1, packetBlock(0, 1, new Uint8Array(20)));
  const stay = () => setInterval(() => {}, 1000);
`;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'branchline-sniffing-'));
});
after(() => rm(folder, { recursive: true }));

/** Runs a stand-in that does this; comes when it is open or over. */
async function sniffing(what: string): Promise<Sniffing> {
  const program = join(folder, `${what.replaceAll(/\W+/g, '-').slice(0, 60)}.mjs`);
  await writeFile(program, WORDS + what);
  const one = new Sniffing(ORDER, program);
  await one.ready;
  return one;
}

async function endOf(what: string): Promise<SniffState> {
  const one = await sniffing(what);
  await one.end();
  return one.state;
}

test('it runs until it is asked to end, and ends as it says', async () => {
  const one = await sniffing('head(); packet(); process.stdin.on("end", () => process.exit(0)).resume();');
  assert.equal(one.state.ended, undefined);
  await one.end();
  const { taps, packets, octets, ended, why } = one.state;
  assert.deepEqual([taps, packets, octets, ended, why], [ORDER.taps, 1, 52, 'asked', undefined]);
  assert.equal((await endOf('head(); process.exit(3)')).ended, 'time');
  assert.equal((await endOf('head(); process.exit(4)')).ended, 'full');
});

test('what it can’t do it says in its own words, and other words are not shown', async () => {
  const { ended, why } = await endOf(
    'console.error("Warning: something"); console.error("capture: no right\\x1b to capture on lo"); console.error("x"); process.exit(1)',
  );
  assert.deepEqual([ended, why], ['failed', 'no right to capture on lo']);
});

test('a crash is told by its signal or code, and what was written before stays', async () => {
  const crashed = await endOf('head(); packet(); process.kill(process.pid, "SIGSEGV"); stay()');
  assert.deepEqual([crashed.ended, crashed.packets], ['failed', 1]);
  assert.equal(crashed.why, 'the capturing process ended by SIGSEGV');
  assert.equal((await endOf('process.exit(7)')).why, 'the capturing process ended with 7');
});

test('one that writes something else, or more than it was told, is killed', async () => {
  const odd = await endOf('head(); packet(); writeSync(1, Buffer.from("Hello, this is no capture file")); stay()');
  assert.deepEqual([odd.ended, odd.packets], ['failed', 1]);
  assert.match(odd.why ?? '', /not to be believed: it wrote what is no block/);
  const much = await endOf('head(); for (;;) packet();');
  assert.equal(much.ended, 'failed');
  assert.match(much.why ?? '', /more than it was told/);
  assert.ok(much.octets <= ORDER.octets);
});

test('it has nothing of our environment', async () => {
  process.env.BRANCHLINE_TEST_TOKEN = 'secret';
  const { why } = await endOf('console.error("capture: " + JSON.stringify(process.env)); process.exit(1)');
  delete process.env.BRANCHLINE_TEST_TOKEN;
  assert.ok(why?.startsWith('{') && !why.includes('secret'), why);
});

test('an order that is none, or that would let everything through, is not followed', () => {
  assert.deepEqual(readOrder(JSON.stringify(ORDER)), ORDER);
  const [tap] = ORDER.taps;
  const wrong: readonly unknown[] = [
    undefined,
    'nothing',
    { ...ORDER, taps: [] },
    { ...ORDER, taps: Array(9).fill(tap) },
    { ...ORDER, taps: [{ ...tap, filter: '' }] },
    { ...ORDER, taps: [{ ...tap, name: '../lo' }] },
    { ...ORDER, taps: [{ ...tap, name: 'lo; reboot' }] },
    { ...ORDER, taps: { length: 1 } },
    { ...ORDER, seconds: 0 },
    { ...ORDER, octets: '1e9' },
    { ...ORDER, octets: 1.5 },
  ];
  for (const one of wrong) assert.equal(readOrder(JSON.stringify(one)), undefined, JSON.stringify(one));
  assert.equal(readOrder('{'), undefined);
});
