import type { Instant } from '../../kernel/time.ts';

/** What stands at the other end of a virtual span's D-channel. */
export interface FarEnd {
  readonly deadline: Instant | undefined;
  /** A frame from us has arrived there. */
  hear(frame: Uint8Array, now: Instant): void;
  wake(now: Instant): void;
  close(): Promise<void>;
}
