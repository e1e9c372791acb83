import type { Native } from '../../native/native.ts';
import {
  ETHERTYPE,
  FRAMES_PER_BLOCK,
  isFrom,
  isMulti,
  LONGEST_FRAME,
  multiLength,
  multiSpans,
  readMultiSpan,
  readSingle,
  type SpanPart,
  singleLength,
  subAddressOf,
  writeEthernet,
  writeMulti,
  writeMultiSpan,
  writeSingle,
} from './frame.ts';
import type { TdmoeMedia } from './media.ts';

/** Room for one frame. */
const STRIDE = LONGEST_FRAME;

/** Frames in one batch. */
const BATCH = 256;

/** Frames that are taken in one go, at most: what a flood brings beyond them waits, and in the end the kernel drops it. */
const MOST = 4 * BATCH;

/** How long a broken wire is left alone before it is tried again, in milliseconds. */
const RETRY = 1000;

const NONE = -1;

export type WireNative = Pick<Native, 'packetOpen' | 'packetReceive' | 'packetSend' | 'close'>;

/** The spans behind one peer that share their frames: one of them, or up to four in a multi-frame. */
interface Bundle {
  readonly peer: Uint8Array;
  readonly multi: boolean;
  /** In a multi-frame by their sub-address, with gaps. */
  readonly spans: (TdmoeMedia | undefined)[];
}

/**
 * One Ethernet interface with the spans on it. Our clock is the line's: every millisecond of it a frame goes to each span, whatever comes
 * back (a DAHDI peer sends one for each that it gets; who answers frame by frame in turn makes a loop that runs away).
 */
export class TdmoeWire {
  readonly #native: WireNative;
  readonly #name: string;
  readonly #errorName: (errno: number) => string;
  readonly #bundles: Bundle[] = [];
  readonly #address = new Uint8Array(6);
  readonly #inbox = new Uint8Array(BATCH * STRIDE);
  readonly #outbox = new Uint8Array(BATCH * STRIDE);
  readonly #lengths = new Int32Array(BATCH);
  readonly #outLengths = new Int32Array(BATCH);
  /** One view per frame, made once. */
  readonly #frames: readonly Uint8Array[];
  readonly #outFrames: readonly Uint8Array[];
  readonly #part: SpanPart = { payload: 0, sequence: 0, yellow: false };
  #fd = NONE;
  #retryAt = 0;
  #trouble = '';
  /** The next frame of the block, and how many wait in the outbox. */
  #place = 0;
  #waiting = 0;
  /** Frames that were none of ours, not well-formed, or could not be sent. */
  readonly counts = { strange: 0, malformed: 0, unsent: 0 };

  constructor(native: WireNative, name: string, errorName: (errno: number) => string) {
    this.#native = native;
    this.#name = name;
    this.#errorName = errorName;
    const views = (slab: Uint8Array): Uint8Array[] =>
      Array.from({ length: BATCH }, (_, n) => slab.subarray(n * STRIDE, (n + 1) * STRIDE));
    this.#frames = views(this.#inbox);
    this.#outFrames = views(this.#outbox);
  }

  get idle(): boolean {
    return this.#bundles.length === 0;
  }

  add(span: TdmoeMedia): void {
    const { peer, variant, subAddress } = span.spec;
    const octets = octetsOf(peer);
    const same = ({ peer: other, multi }: Bundle): boolean => multi && other.every((octet, n) => octet === octets[n]);
    let bundle = variant === 'multi' ? this.#bundles.find(same) : undefined;
    if (bundle === undefined) {
      bundle = { peer: octets, multi: variant === 'multi', spans: [] };
      this.#bundles.push(bundle);
    }
    bundle.spans[bundle.multi ? subAddress : 0] = span;
  }

  remove(span: TdmoeMedia): void {
    for (const bundle of this.#bundles) {
      const at = bundle.spans.indexOf(span);
      if (at >= 0) bundle.spans[at] = undefined;
    }
    const left = this.#bundles.filter(({ spans }) => spans.some((other) => other !== undefined));
    this.#bundles.splice(0, this.#bundles.length, ...left);
  }

  /** Takes what has come in. */
  receive(now: number): void {
    if (this.#fd === NONE) this.#open(now);
    for (let taken = 0; this.#fd !== NONE && taken < MOST; ) {
      const count = this.#native.packetReceive(this.#fd, this.#inbox, this.#lengths, STRIDE);
      if (count < 0) {
        this.#broke(-count, now);
        break;
      }
      for (let n = 0; n < count; n++) this.#hear(this.#frames[n] as Uint8Array, this.#lengths[n] as number, now);
      taken += count;
      if (count < BATCH) break;
    }
    for (const { spans } of this.#bundles) {
      for (const span of spans) {
        span?.endHearing();
        span?.alarms.look(now);
      }
    }
  }

  /** A new block begins: what is left of the last one goes out before its spans fill theirs. */
  beginBlock(now: number): void {
    this.send(FRAMES_PER_BLOCK, now);
    this.#place = 0;
  }

  /** Sends the next `count` frames of the block, as far as there are so many. */
  send(count: number, now: number): void {
    for (let n = 0; n < count && this.#place < FRAMES_PER_BLOCK; n++, this.#place++) {
      for (const bundle of this.#bundles) {
        if (this.#waiting === BATCH) this.#flush(now);
        this.#speak(bundle);
      }
    }
    this.#flush(now);
  }

  close(): void {
    if (this.#fd !== NONE) this.#native.close(this.#fd);
    this.#fd = NONE;
  }

  #hear(octets: Uint8Array, length: number, now: number): void {
    const bundle = this.#bundleOf(octets, length);
    if (bundle === undefined) {
      this.counts.strange++;
      return;
    }
    if (!bundle.multi) {
      const span = bundle.spans[0];
      if (span === undefined) return;
      if (readSingle(octets, length, span.spec.slots, this.#part)) span.hear(octets, this.#part, now);
      else this.counts.malformed++;
      return;
    }
    const spans = multiSpans(octets, length);
    if (spans === 0) this.counts.malformed++;
    for (let n = 0; n < spans; n++) {
      const span = bundle.spans[n];
      if (span === undefined) continue;
      if (readMultiSpan(octets, spans, n, span.spec.slots, this.#part)) span.hear(octets, this.#part, now);
      else this.counts.malformed++;
    }
  }

  /** Whose frame it is; undefined when it is nobody's. */
  #bundleOf(octets: Uint8Array, length: number): Bundle | undefined {
    if (length < 16) return undefined;
    const multi = isMulti(octets);
    for (const bundle of this.#bundles) {
      if (bundle.multi !== multi || !isFrom(octets, bundle.peer)) continue;
      if (multi || bundle.spans[0]?.spec.subAddress === subAddressOf(octets)) return bundle;
    }
    return undefined;
  }

  #speak({ peer, multi, spans }: Bundle): void {
    const out = this.#outFrames[this.#waiting] as Uint8Array;
    writeEthernet(out, peer, this.#address);
    if (!multi) {
      const span = spans[0];
      if (span === undefined) return;
      const { subAddress, slots } = span.spec;
      const payload = writeSingle(out, subAddress, slots, span.next(), span.alarms.yellow);
      span.speak(this.#place, out, payload);
      this.#outLengths[this.#waiting++] = singleLength(slots);
      return;
    }
    writeMulti(out, spans.length);
    for (let n = 0; n < spans.length; n++) {
      const span = spans[n];
      if (span === undefined) continue;
      const payload = writeMultiSpan(out, spans.length, n, span.spec.slots, span.next(), span.alarms.yellow);
      span.speak(this.#place, out, payload);
    }
    this.#outLengths[this.#waiting++] = multiLength(spans.length);
  }

  #flush(now: number): void {
    const count = this.#waiting;
    this.#waiting = 0;
    if (count === 0) return;
    const sent =
      this.#fd === NONE ? 0 : this.#native.packetSend(this.#fd, this.#outbox, this.#outLengths, STRIDE, count);
    this.counts.unsent += count - Math.max(0, sent);
    if (sent > 0) this.#mended();
    if (sent < 0) this.#broke(-sent, now);
  }

  #open(now: number): void {
    if (now < this.#retryAt) return;
    const opened = this.#native.packetOpen(this.#name, ETHERTYPE, this.#address);
    if (!opened.ok) {
      this.#broke(opened.error.errno, now);
      return;
    }
    this.#fd = opened.value;
  }

  #mended(): void {
    if (this.#trouble === '') return;
    this.#trouble = '';
    for (const { spans } of this.#bundles) for (const span of spans) span?.mended();
  }

  /** The interface is gone or down, or we may not use it: said once, and tried again until it works. */
  #broke(errno: number, now: number): void {
    this.close();
    this.#retryAt = now + RETRY;
    const why = whyOf(this.#name, this.#errorName(errno));
    if (why === this.#trouble) return;
    this.#trouble = why;
    for (const { spans } of this.#bundles) for (const span of spans) span?.failed(why);
  }
}

function whyOf(name: string, code: string): string {
  switch (code) {
    case 'EPERM':
      return `no permission to use Ethernet interface ${name}: the process needs CAP_NET_RAW`;
    case 'ENODEV':
    case 'ENXIO':
      return `there is no Ethernet interface ${name}`;
    case 'ENETDOWN':
      return `Ethernet interface ${name} is down`;
    default:
      return `Ethernet interface ${name}: ${code}`;
  }
}

/** The octets of an Ethernet address such as `02:00:00:00:00:01`. */
const octetsOf = (address: string): Uint8Array =>
  Uint8Array.from(address.split(':'), (octet) => Number.parseInt(octet, 16));
