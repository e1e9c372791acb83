/**
 * The entry of the process that captures packets. It writes a pcapng file to its standard output, and ends when its standard input does,
 * so never later than the box. It is a process since cap calls back on the main loop of its process and nowhere else, with code that
 * reads what strangers send: neither its time nor its end is to be that of calls.
 */
import { readFileSync, writeSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type Caught, loadCap, type OpenTap } from './cap.ts';
import { type Counts, countsBlock, interfaceBlock, join, packetBlock, sectionBlock } from './pcapng.ts';
import { EXIT_CODES, GATHER, readOrder, SAYS, type SniffOrder } from './sniff-order.ts';
import { Sorter } from './sorter.ts';

/** How often packets are handed over, in milliseconds: twice is longer than the kernel gathers. */
const TICK = GATHER;
/** Ticks between two looks at what changes slowly: counts, and whether interfaces are up. */
const SLOW = 10;

/** Calls come first: the kernel keeps packets for two seconds. */
const NICE = 10;

/** Whom we become once the interfaces are open: nobody. */
const NOBODY = 65_534;

/** An interface that is captured. */
interface Open {
  readonly name: string;
  readonly tap: OpenTap;
  counts: Counts;
  said: Counts;
  up: boolean;
}

class Sniffer {
  readonly #order: SniffOrder;
  readonly #open: Open[] = [];
  readonly #sorter = new Sorter();
  #octets = 0;
  #latest = 0;
  #ticks = 0;
  #full = false;

  constructor(order: SniffOrder) {
    this.#order = order;
  }

  /** Opens every interface, and says so; the error is for the operator. */
  begin(): string | undefined {
    const cap = loadCap();
    if (!cap.ok) return cap.error;
    for (const [face, { name, filter }] of this.#order.taps.entries()) {
      const tap = cap.value(name, filter, (packet) => this.#caught(face, packet));
      if (!tap.ok) return tap.error;
      const none = { received: 0, dropped: 0 };
      this.#open.push({ name, tap: tap.value, counts: none, said: none, up: true });
    }
    setPriority(NICE);
    becomeNobody();
    write([sectionBlock(), ...this.#open.map(({ name, tap }) => interfaceBlock({ name, link: tap.link }))]);
    setTimeout(() => this.#end('time'), 1000 * this.#order.seconds);
    // What had come before the timer was due is read before the immediate is.
    setInterval(() => setImmediate(() => this.#tick()), TICK);
    // A pipe closes without an end where its other side broke; a file only ends.
    for (const over of ['end', 'close']) process.stdin.on(over, () => this.#end('asked'));
    process.stdin.on('error', () => {});
    process.stdin.resume();
    return undefined;
  }

  /** What the kernel still gathers comes first. */
  #end(why: 'asked' | 'time'): void {
    setTimeout(() => setImmediate(() => this.#last(why)), 1.5 * GATHER);
  }

  #caught(face: number, { time, length, dropped, octets }: Caught): void {
    const open = this.#open[face];
    if (open === undefined || this.#full) return;
    const block = packetBlock(face, time, octets, { length });
    if (this.#octets + block.length > this.#order.octets) {
      this.#full = true;
      setImmediate(() => this.#last('full'));
      return;
    }
    this.#octets += block.length;
    this.#latest = Math.max(this.#latest, time);
    open.counts = { received: open.counts.received + 1, dropped };
    this.#sorter.add(time, block);
  }

  #tick(): void {
    write(this.#sorter.ripe());
    if (++this.#ticks % SLOW !== 0) return;
    write(this.#news());
    for (const open of this.#open)
      if (open.up && !isUp(open.name)) {
        open.up = false;
        open.tap.close();
        say(`${open.name} went down, and is captured no more`);
      }
    if (this.#open.every(({ up }) => !up)) this.#last('failed');
  }

  /** The counts that have changed since they were said. */
  #news(): readonly Uint8Array[] {
    return this.#open.flatMap((open, face) => {
      if (open.counts === open.said) return [];
      open.said = open.counts;
      return [countsBlock(face, this.#latest, open.counts)];
    });
  }

  #last(why: keyof typeof EXIT_CODES): never {
    write([...this.#sorter.rest(), ...this.#news()]);
    process.exit(EXIT_CODES[why]);
  }
}

/** Waits until all of it is taken: meanwhile the kernel keeps what comes, and counts what it has no room for. */
function write(blocks: readonly Uint8Array[]): void {
  const octets = join(blocks);
  try {
    for (let at = 0; at < octets.length; ) at += writeSync(1, octets, at);
  } catch {
    // Nobody is there to read it.
    process.exit(EXIT_CODES.failed);
  }
}

function say(why: string): void {
  process.stderr.write(`${SAYS}${why}\n`);
}

/** The interfaces stay open; what reads the packets has no rights beside. */
function becomeNobody(): void {
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([NOBODY]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}

/** IFF_UP. An interface that is gone is not. */
function isUp(name: string): boolean {
  try {
    return (Number(readFileSync(`/sys/class/net/${name}/flags`, 'latin1')) & 1) === 1;
  } catch {
    return false;
  }
}

const order = readOrder(process.argv[2]);
const fault = order === undefined ? 'it was not told what to capture' : new Sniffer(order).begin();
if (fault !== undefined) {
  say(fault);
  process.exitCode = EXIT_CODES.failed;
  // Interfaces that are open already would keep it.
  process.exit();
}
