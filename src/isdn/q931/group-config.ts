import type { GroupSpan } from './channels.ts';
import type { Side } from './primitives.ts';
import type { TimerTable, Variant } from './variants.ts';

/** What a group is told at the start. */
export interface GroupConfig {
  readonly side: Side;
  readonly variant: Variant;
  /** The first one carries the D-channel. */
  readonly spans: readonly GroupSpan[];
  /** Channel identification names the interface; by default where there is more than one span. */
  readonly explicitInterface?: boolean;
  /** Calls at once, in any state; by default twice the channels, at most the call references that there are. */
  readonly maxCalls?: number;
  /** Timers that differ from the variant's. */
  readonly timers?: Partial<TimerTable>;
  /** Whether SETUP may leave digits to INFORMATION; by default the variant's habit. */
  readonly overlap?: boolean;
  /** RESTART everything when the link first comes up: calls that another life of this box left behind are cleared. */
  readonly restartAtStart?: boolean;
  /** The call reference to begin with, so that a new life doesn't repeat the last one's. */
  readonly firstCallReference?: number;
}
