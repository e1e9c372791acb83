/** Bit error rate test: a known pattern is sent, and what comes back is held against it (O.150, O.151, T1.403 Annex). */

/** QRSS: 2^20 − 1 with zero suppression (O.151). All ones: the unframed keep-alive, with the framing around it. */
export type BertPattern = 'qrss' | 'all-ones';

const LENGTH = 20;
const MASK = 2 ** LENGTH - 1;
/** The last 14 bits: where all of them are zeros the output is a one, so that never more than 14 zeros follow each other. */
const SUPPRESS = 0x3fff;

/**
 * The shift register of x^20 + x^17 + 1, the latest bit lowest. A step feeds stage 17 xor stage 20 back; the bit that goes out is
 * that of the last stage, or a one where the fourteen bits after it are zeros.
 */
const next = (state: number): number => ((state << 1) & MASK) | (((state >> 16) ^ (state >> 19)) & 1);
const bitOf = (state: number): number => ((state >> 19) & 1) | (((state >> 5) & SUPPRESS) === 0 ? 1 : 0);

/** Makes the pattern, octet by octet, the bit that is sent first highest. It runs on over all slots of a frame. */
export class BertGenerator {
  #pattern: BertPattern;
  #state = MASK;

  constructor(pattern: BertPattern) {
    this.#pattern = pattern;
  }

  /** Begins anew, so that the media loop need not make another. */
  reset(pattern: BertPattern): void {
    this.#pattern = pattern;
    this.#state = MASK;
  }

  /** Fills `octets`: whole frames, the test's slots of each in their order. */
  fill(octets: Uint8Array): void {
    if (this.#pattern === 'all-ones') {
      octets.fill(0xff);
      return;
    }
    let state = this.#state;
    for (let i = 0; i < octets.length; i++) {
      let octet = 0;
      for (let bit = 0; bit < 8; bit++) {
        octet = (octet << 1) | bitOf(state);
        state = next(state);
      }
      octets[i] = octet;
    }
    this.#state = state;
  }
}

/** Since the test began; `bits` and `errors` only while in step with the pattern. */
export interface BertResult {
  readonly sync: boolean;
  readonly bits: number;
  readonly errors: number;
  /** How often the step was lost after it had been found. */
  readonly losses: number;
}

/** Bits that must agree before the checker is in step: a chance agreement is one in four thousand million. */
const PROOF = 32;
/** Of so many bits, so many wrong: the step is lost (O.151: an error ratio of 0.2). */
const WINDOW = 512;
const LOST = 102;

/**
 * Holds what comes back against the pattern. It takes the register's state from the bits themselves, so it needs to know neither
 * when nor how the far end began; a bit that suppression has changed spoils an attempt, and the next one succeeds.
 */
export class BertChecker {
  #pattern: BertPattern;
  #state = 0;
  #loaded = 0;
  #proved = 0;
  #sync = false;
  #bits = 0;
  #errors = 0;
  #losses = 0;
  #windowBits = 0;
  #windowErrors = 0;

  constructor(pattern: BertPattern) {
    this.#pattern = pattern;
  }

  reset(pattern: BertPattern): void {
    this.#pattern = pattern;
    this.#again();
    this.#sync = false;
    this.#bits = 0;
    this.#errors = 0;
    this.#losses = 0;
    this.#windowBits = 0;
    this.#windowErrors = 0;
  }

  get sync(): boolean {
    return this.#sync;
  }

  get errors(): number {
    return this.#errors;
  }

  get result(): BertResult {
    return { sync: this.#sync, bits: this.#bits, errors: this.#errors, losses: this.#losses };
  }

  check(octets: Uint8Array): void {
    for (let i = 0; i < octets.length; i++) {
      const octet = octets[i] as number;
      for (let shift = 7; shift >= 0; shift--) this.#bit((octet >> shift) & 1);
    }
  }

  #bit(bit: number): void {
    if (this.#pattern === 'qrss' && this.#loaded < LENGTH) {
      this.#state = (this.#state << 1) | bit;
      if (++this.#loaded === LENGTH) this.#begin();
      return;
    }
    const wrong = bit !== (this.#pattern === 'all-ones' ? 1 : bitOf(this.#state));
    if (this.#pattern === 'qrss') this.#state = next(this.#state);
    if (this.#sync) this.#count(wrong);
    else if (wrong) this.#again();
    else if (++this.#proved === PROOF) this.#sync = true;
  }

  /** Twenty bits are the register as it was; it goes on to where the next bit is its last stage. */
  #begin(): void {
    if (this.#state === 0) {
      this.#again();
      return;
    }
    for (let i = 0; i < LENGTH; i++) this.#state = next(this.#state);
  }

  #again(): void {
    this.#state = 0;
    this.#loaded = 0;
    this.#proved = 0;
  }

  #count(wrong: boolean): void {
    this.#bits++;
    this.#windowBits++;
    if (wrong) {
      this.#errors++;
      this.#windowErrors++;
    }
    if (this.#windowErrors > LOST) {
      this.#sync = false;
      this.#losses++;
      this.#again();
    } else if (this.#windowBits < WINDOW) return;
    this.#windowBits = 0;
    this.#windowErrors = 0;
  }
}
