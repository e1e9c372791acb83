/** What the store's two threads say to each other. */
import type { LogFields } from '../kernel/log.ts';
import type { WallTime } from '../kernel/time.ts';
import type { StoreOp, StoreProblem, StoreStart } from './words.ts';

/** Handed to the writer when it starts. */
export interface WriterData {
  readonly directory: string;
  readonly maxBytes: number;
  readonly keep: number;
  readonly wall: WallTime;
}

export type ToWriter = { readonly type: 'write'; readonly ops: readonly StoreOp[] } | { readonly type: 'close' };

export type FromWriter =
  | { readonly type: 'log'; readonly level: 'info' | 'error'; readonly fields: LogFields; readonly what: string }
  | { readonly type: 'opened'; readonly start: StoreStart }
  | { readonly type: 'refused'; readonly problem: StoreProblem }
  /** The answer to one `write`: undefined when all of it stands, else one entry per op. `took` in milliseconds. */
  | {
      readonly type: 'written';
      readonly problems: readonly (StoreProblem | undefined)[] | undefined;
      readonly took: number;
    };
