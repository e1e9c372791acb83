import type { Directory } from './directory.ts';
import type { RoutingFacts, RoutingQuery } from './query.ts';
import type { Trace } from './trace.ts';

/** One decision while it is made; it lives no longer than `decide`. */
export interface Resolving {
  readonly query: RoutingQuery;
  readonly directory: Directory;
  readonly facts: RoutingFacts;
  readonly trace: Trace;
}
