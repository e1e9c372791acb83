/** Something that is to happen at a time; `order` says which of two goes first. */
export interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Simulated time, and what is to happen in it. */
export class Agenda {
  now = 0;
  #order = 0;
  #due: Due[] = [];

  at(time: number, run: () => void): Due {
    const due = { at: Math.max(time, this.now), order: this.#order++, run };
    const place = this.#due.findIndex((other) => other.at > due.at);
    if (place < 0) this.#due.push(due);
    else this.#due.splice(place, 0, due);
    return due;
  }

  drop(due: Due): void {
    const place = this.#due.indexOf(due);
    if (place >= 0) this.#due.splice(place, 1);
  }

  /** Lets everything happen up to `until`. What waits for a promise gets its turn now and then, as it would in real time. */
  async run(until: number): Promise<void> {
    for (let n = 0; ; n++) {
      const next = this.#due[0];
      if (next === undefined || next.at > until) break;
      this.#due.shift();
      this.now = next.at;
      next.run();
      if (n % 50 === 0) await new Promise((turn) => setImmediate(turn));
    }
    this.now = until;
    await new Promise((turn) => setImmediate(turn));
  }
}
