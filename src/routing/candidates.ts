/**
 * Usages × routes: for each usage of the caller in order, each matching route with that usage in route order; then each
 * route's gateways in the order in which they are tried.
 */
import type { DecisionEffect } from './decision.ts';
import type { IndexedRoute } from './directory.ts';
import type { DirectoryCarrierGroup } from './directory-file.ts';
import type { RoutingFacts, Standing } from './query.ts';

export interface Candidate {
  readonly route: IndexedRoute;
  /** The usage that opened it; undefined: the route is open to all users. */
  readonly usage: string | undefined;
}

/** `routes` in route order and all matching; a route comes once, by the first usage that opens it. */
export function candidatesOf(routes: readonly IndexedRoute[], usages: readonly string[]): readonly Candidate[] {
  const found: Candidate[] = [];
  const isNew = (route: IndexedRoute): boolean => !found.some((candidate) => candidate.route === route);
  for (const usage of usages) {
    for (const route of routes) if (route.usages.includes(usage) && isNew(route)) found.push({ route, usage });
  }
  for (const route of routes) if (route.usages.length === 0) found.push({ route, usage: undefined });
  return found;
}

/** A gateway in its turn, with the carrier and the price at which the route takes it. */
export interface Turn {
  readonly gateway: string;
  readonly carrier: string | undefined;
  readonly cost: number;
}

/**
 * The route's gateways as this call tries them, and what becomes of its cursors. Groups follow each other by priority and
 * cost (they are kept in that order), the gateways of a group take turns. A route that ranks sorts them all by availability,
 * quality and price; those that are equal in everything keep taking turns.
 */
export function turnsOf(
  { id, groups, ranking }: IndexedRoute,
  { cursors, unavailable, standing }: RoutingFacts,
): { readonly turns: readonly Turn[]; readonly effects: readonly DecisionEffect[] } {
  const effects: DecisionEffect[] = [];
  const turns: Turn[] = [];
  for (const group of groups) {
    const { carrier, cost, gateways } = group;
    const count = gateways.length;
    const cursor = cursorOf(id, carrier);
    const first = count > 1 ? firstTurn(group, cursors.get(cursor) ?? 0, unavailable) : 0;
    for (let step = 0; step < count; step++) {
      turns.push({ gateway: gateways[(first + step) % count] ?? '', carrier, cost });
    }
    if (count > 1) effects.push({ type: 'move-cursor', route: cursor, to: (first + 1) % count });
  }
  if (ranking === 'best') turns.sort((a, b) => compare(a, b, standing));
  return { turns, effects };
}

const cursorOf = (route: string, carrier: string | undefined): string =>
  carrier === undefined ? route : `${route}/${carrier}`;

/** Whose turn it is: gateways that can take no call are passed over, so that the next one does not get their share as well. */
function firstTurn(
  { gateways }: DirectoryCarrierGroup,
  cursor: number,
  unavailable: ReadonlyMap<string, string>,
): number {
  const count = gateways.length;
  for (let step = 0; step < count; step++) {
    const place = (cursor + step) % count;
    if (!unavailable.has(gateways[place] ?? '')) return place;
  }
  return cursor % count;
}

/** Differences smaller than this are chance: availability and quality are compared in steps of 5 %. */
const STEPS = 20;

function compare(a: Turn, b: Turn, standing: ReadonlyMap<string, Standing>): number {
  const step = (share: number | undefined): number => Math.round((share ?? 1) * STEPS);
  const one = standing.get(a.gateway);
  const other = standing.get(b.gateway);
  return (
    step(other?.availability) - step(one?.availability) || step(other?.quality) - step(one?.quality) || a.cost - b.cost
  );
}
