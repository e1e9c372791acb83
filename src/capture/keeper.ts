/** What the sniffer writes, held against what it may write, and kept as it is. */
import { BLOCK, type BlockAt, blockAt, type Counts, countsOf, type Face, faceOf, join, linkOf } from './pcapng.ts';

/** The longest block: a packet of 65,535 octets with what stands around it. */
const MOST_BLOCK = 66_000;

/** An interface that packets are taken from, and what is let through there. */
export interface Tap {
  readonly name: string;
  readonly filter: string;
}

/**
 * Takes the sniffer's stream, a pcapng file that grows: a section, an interface for each tap, then packets in the order of their time
 * and counts between them. The process that writes it reads what strangers send with code that is not ours, so nothing in it is believed.
 */
export class Keeper {
  readonly #taps: readonly Tap[];
  readonly #most: number;
  readonly #links: number[] = [];
  readonly #counts: Counts[];
  readonly #runs: Uint8Array[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #begun = false;
  #packets = 0;
  #octets = 0;
  #latest = 0;

  /** @param most Octets that are kept. */
  constructor(taps: readonly Tap[], most: number) {
    this.#taps = taps;
    this.#most = most;
    this.#counts = taps.map(() => ({ received: 0, dropped: 0 }));
  }

  /** Takes what came; the error says what is wrong with it, and nothing may be fed after it. */
  feed(chunk: Uint8Array): string | undefined {
    const octets = this.#rest.length === 0 ? chunk : join([this.#rest, chunk]);
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
    let at = 0;
    /** Where the packets begin that nothing has parted yet. */
    let run = 0;
    const keep = (to: number): void => {
      if (to > run) this.#runs.push(octets.subarray(run, to));
      this.#octets += to - run;
    };
    for (;;) {
      const block = blockAt(view, at, MOST_BLOCK);
      if (block === 'more') break;
      if (block === 'odd') return 'it wrote what is no block of a capture file';
      if (block.type === BLOCK.packet) {
        const fault = this.#packet(view, block, block.to - run);
        if (fault !== undefined) return fault;
      } else {
        keep(at);
        run = block.to;
        const fault = this.#other(view, block);
        if (fault !== undefined) return fault;
      }
      at = block.to;
    }
    keep(at);
    this.#rest = octets.slice(at);
    return undefined;
  }

  /** Every interface is open: packets may come. */
  get open(): boolean {
    return this.#links.length === this.#taps.length;
  }

  get packets(): number {
    return this.#packets;
  }

  /** In a file. */
  get octets(): number {
    return this.#octets;
  }

  /** By the kernel, because the sniffer was too slow. */
  get dropped(): number {
    return this.#counts.reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** What is kept until now; it does not change any more. */
  snapshot(): Packets {
    const faces = this.#taps.map((tap, i) => ({ ...tap, link: this.#links[i] ?? 0 }));
    return {
      faces: this.open ? faces : [],
      counts: this.#counts.slice(),
      runs: this.#runs.slice(),
      latest: this.#latest,
    };
  }

  #packet(view: DataView, block: BlockAt, unkept: number): string | undefined {
    const face = faceOf(view, block);
    if (!this.open || face === undefined || face >= this.#taps.length) return 'it wrote a packet of no interface';
    if (this.#octets + unkept > this.#most) return 'it wrote more than it was told';
    this.#packets++;
    return undefined;
  }

  #other(view: DataView, block: BlockAt): string | undefined {
    switch (block.type) {
      case BLOCK.section:
        if (this.#begun) return 'it began twice';
        this.#begun = true;
        return undefined;
      case BLOCK.interface: {
        const link = linkOf(view, block);
        if (!this.#begun || this.open || link === undefined) return 'it named an interface out of place';
        this.#links.push(link);
        return undefined;
      }
      case BLOCK.counts: {
        const counts = countsOf(view, block);
        if (counts === undefined || counts.face >= this.#links.length) return 'it counted what is not there';
        const { face, time, received, dropped } = counts;
        this.#counts[face] = { received, dropped };
        this.#latest = Math.max(this.#latest, time);
        return undefined;
      }
      default:
        return `it wrote a block of type ${block.type}`;
    }
  }
}

/** Packets as they are kept: whole blocks, in runs, in the order of their time; `latest`: the time of the counts. */
export interface Packets {
  readonly faces: readonly Face[];
  readonly counts: readonly Counts[];
  readonly runs: readonly Uint8Array[];
  readonly latest: number;
}
