/** Who takes part in how many things at once: users in calls, gateways in legs, addresses in both. */
export class Occupancy {
  readonly #by = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** What somebody is busy with counts once, whoever was there before. */
  enter(what: string, who: string): void {
    this.leave(what);
    this.#by.set(what, who);
    this.#counts.set(who, this.of(who) + 1);
  }

  leave(what: string): void {
    const who = this.#by.get(what);
    if (who === undefined) return;
    this.#by.delete(what);
    const left = this.of(who) - 1;
    if (left > 0) this.#counts.set(who, left);
    else this.#counts.delete(who);
  }

  of(who: string): number {
    return this.#counts.get(who) ?? 0;
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
