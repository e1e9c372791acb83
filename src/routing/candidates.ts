/**
 * Usages × routes: for each usage of the caller in order, each matching route with that usage in route order; then each
 * route's gateways in the order in which they are tried.
 */
import type { DecisionEffect } from './decision.ts';
import type { IndexedGroup, IndexedRoute } from './directory.ts';
import type { RoutingFacts, Standing } from './query.ts';
import type { Turn } from './stage.ts';

export interface Candidate {
  readonly route: IndexedRoute;
  /** The usage that opened it; undefined: the route is open to all users. */
  readonly usage: string | undefined;
  /** Which of the caller's usages that is; open routes come after all of them. */
  readonly rank: number;
}

/** `routes` in route order and all matching; a route comes once, by the first usage that opens it. */
export function candidatesOf(routes: readonly IndexedRoute[], usages: readonly string[]): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const route of routes) {
    const rank = rankOf(route, usages);
    if (rank === undefined) continue;
    const candidate = { route, usage: usages[rank], rank };
    // Few routes match one number: each is let in behind its equals.
    let at = found.push(candidate) - 1;
    for (let before = found[at - 1]; before !== undefined && before.rank > rank; before = found[at - 1]) {
      found[at--] = before;
    }
    found[at] = candidate;
  }
  return found;
}

/** The place among the caller's usages of the first that opens the route; one beyond them where it is open to all. */
function rankOf(route: IndexedRoute, usages: readonly string[]): number | undefined {
  if (route.usages.length === 0) return usages.length;
  let first: number | undefined;
  for (const usage of route.usages) {
    const rank = usages.indexOf(usage);
    if (rank >= 0 && (first === undefined || rank < first)) first = rank;
  }
  return first;
}

/**
 * The route's gateways as this call tries them; what becomes of its cursors goes to `effects`. Groups follow each other by
 * priority and cost (they are kept in that order), the gateways of a group take turns. A route that ranks sorts them all by
 * availability, quality and price; those that are equal in everything keep taking turns.
 */
export function turnsOf(
  { groups, ranking }: IndexedRoute,
  { cursors, unavailable, standing }: RoutingFacts,
  effects: DecisionEffect[],
): readonly Turn[] {
  const all: Turn[] = [];
  for (const { turns, cursor } of groups) {
    const count = turns.length;
    const first = count > 1 ? firstTurn(turns, cursors.get(cursor) ?? 0, unavailable) : 0;
    for (let step = 0; step < count; step++) {
      const turn = turns[(first + step) % count];
      if (turn !== undefined) all.push(turn);
    }
    if (count > 1) effects.push({ type: 'move-cursor', route: cursor, to: (first + 1) % count });
  }
  return ranking === 'best' && all.length > 1 ? ranked(all, standing) : all;
}

/** Whose turn it is: gateways that can take no call are passed over, so that the next one does not get their share as well. */
function firstTurn(turns: IndexedGroup['turns'], cursor: number, unavailable: ReadonlyMap<string, string>): number {
  const count = turns.length;
  if (unavailable.size === 0) return cursor % count;
  for (let step = 0; step < count; step++) {
    const place = (cursor + step) % count;
    if (!unavailable.has(turns[place]?.gateway ?? '')) return place;
  }
  return cursor % count;
}

/** Differences smaller than this are chance: availability and quality are compared in steps of 5 %. */
const STEPS = 20;
const step = (share: number | undefined): number => Math.round((share ?? 1) * STEPS);

/** The best first. A route has few gateways: each is let in behind its equals. */
function ranked(turns: readonly Turn[], standing: ReadonlyMap<string, Standing>): readonly Turn[] {
  const rows: Ranked[] = [];
  for (const turn of turns) {
    const of = standing.get(turn.gateway);
    const row = { turn, availability: step(of?.availability), quality: step(of?.quality) };
    let at = rows.push(row) - 1;
    for (let before = rows[at - 1]; before !== undefined && isBetter(row, before); before = rows[at - 1]) {
      rows[at--] = before;
    }
    rows[at] = row;
  }
  return rows.map(({ turn }) => turn);
}

interface Ranked {
  readonly turn: Turn;
  readonly availability: number;
  readonly quality: number;
}

const isBetter = (a: Ranked, b: Ranked): boolean =>
  (a.availability - b.availability || a.quality - b.quality || (b.turn.cost ?? 0) - (a.turn.cost ?? 0)) > 0;
