import assert from 'node:assert/strict';
import { Reactor } from '../../src/gateway/reactor.ts';
import type { Instant, WallTime } from '../../src/kernel/time.ts';

/** A reactor whose time passes when a test says so. */
export class ReactorRig {
  now = 0;
  /** By how much the wall clock has been set ahead or back. */
  step = 0;
  #ring: { readonly at: number; readonly then: () => void } | undefined;
  readonly reactor = new Reactor(
    { now: () => this.now as Instant, wall: () => (1e12 + this.now + this.step) as WallTime },
    {
      set: (at, then) => {
        this.#ring = { at, then };
      },
      clear: () => {
        this.#ring = undefined;
      },
    },
    (error) => assert.fail(String(error)),
  );

  /** Everything that is due up to `milliseconds` from now happens in its time. */
  pass(milliseconds: number): void {
    const until = this.now + milliseconds;
    while (this.#ring !== undefined && this.#ring.at <= until) {
      const { at, then } = this.#ring;
      this.#ring = undefined;
      this.now = Math.max(this.now, at);
      then();
    }
    this.now = until;
  }
}
