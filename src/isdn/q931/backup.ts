/** Which of two D-channels carries the calls of several spans, and how the other takes over (Q.931 Annex F, T1.607, TR 41459, SR-4994). */
import { assert, impossible, type Machine } from '../../kernel/machine.ts';
import { type Instant, seconds } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';

/** The primary is preferred where both can be had at once; after a loss it comes back as the one in standby. */
export type DName = 'primary' | 'backup';

/** `waiting`: it carries the calls, and the peer has not acknowledged that yet. */
export type DState = 'out-of-service' | 'standby' | 'waiting' | 'in-service';

export type BackupEvent =
  /** The data link of one has come up or gone. */
  | { readonly type: 'link'; readonly d: DName; readonly up: boolean }
  /** The peer's SERVICE for one, acknowledged already. */
  | { readonly type: 'service'; readonly d: DName; readonly inService: boolean }
  /** SERVICE ACKNOWLEDGE for what we said of one. */
  | { readonly type: 'acknowledged'; readonly d: DName };

export type BackupEffect =
  /** SERVICE, in service, goes out on this one's own link. */
  | { readonly type: 'service'; readonly d: DName }
  /** From here on this one carries the calls; undefined: none can. Said for each change, and once more for a link that was reset. */
  | { readonly type: 'active'; readonly d: DName | undefined }
  /** The peer did not acknowledge SERVICE. Its link is up all the same, so it stays in use: no D-channel at all is worse. */
  | { readonly type: 'unanswered'; readonly d: DName };

interface Row {
  up: boolean;
  /** The peer has taken it out of service. */
  busied: boolean;
  /** SERVICE was sent so many times without an answer; 0: none is open. */
  asked: number;
}

/** How long the backup alone waits for the primary before it is taken: D1 goes first where neither is in service. */
const PREFERENCE = seconds(5);
/** How long SERVICE ACKNOWLEDGE may take, and how often SERVICE is said. */
const ANSWER = seconds(4);
const ATTEMPTS = 2;

const other = (d: DName): DName => (d === 'primary' ? 'backup' : 'primary');

export class Backup implements Machine<BackupEvent, BackupEffect> {
  /** The peer is told by SERVICE who carries the calls. */
  readonly #announces: boolean;
  readonly #rows: Readonly<Record<DName, Row>> = { primary: fresh(), backup: fresh() };
  readonly #timers = new Timers<'preference' | DName>();
  #active: DName | undefined;

  /** @param announces False without a backup, and where the variant has no SERVICE: then an established link is enough. */
  constructor(announces: boolean) {
    this.#announces = announces;
  }

  /** Which one carries the calls. */
  get active(): DName | undefined {
    return this.#active;
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  state(d: DName): DState {
    const { up, busied, asked } = this.#rows[d];
    if (this.#active === d) return asked > 0 ? 'waiting' : 'in-service';
    return up && !busied ? 'standby' : 'out-of-service';
  }

  feed(event: BackupEvent, now: Instant): readonly BackupEffect[] {
    switch (event.type) {
      case 'link':
        return event.up ? this.#up(event.d, now) : this.#down(event.d, now);
      case 'service':
        return event.inService ? this.#wanted(event.d) : this.#refused(event.d, now);
      case 'acknowledged':
        this.#answered(event.d);
        return [];
      default:
        return impossible(event);
    }
  }

  /** The one in standby takes over, by an operator's wish. The error says why it can't. */
  switchOver(now: Instant): readonly BackupEffect[] | string {
    if (this.#active === undefined) return 'no D-channel is in service';
    const to = other(this.#active);
    if (this.state(to) !== 'standby') return `the ${to} D-channel is not in standby`;
    return this.#take(to, now);
  }

  wake(now: Instant): readonly BackupEffect[] {
    const effects: BackupEffect[] = [];
    for (let due = this.#timers.take(now); due !== undefined; due = this.#timers.take(now)) {
      if (due === 'preference') {
        if (this.#active === undefined && this.#usable('backup')) effects.push(...this.#take('backup', now));
      } else effects.push(...this.#silent(due, now));
    }
    return effects;
  }

  #usable(d: DName): boolean {
    const { up, busied } = this.#rows[d];
    return up && !busied;
  }

  #up(d: DName, now: Instant): readonly BackupEffect[] {
    const row = this.#rows[d];
    // An establishment out of the blue: what was on its way on this link may be lost.
    const reset = row.up && this.#active === d;
    row.up = true;
    row.busied = false;
    if (reset || this.#active === undefined) {
      if (d === 'primary' || reset) return this.#take(d, now);
      this.#timers.start('preference', now, PREFERENCE);
    }
    return [];
  }

  #down(d: DName, now: Instant): readonly BackupEffect[] {
    this.#rows[d].up = false;
    this.#answered(d);
    return this.#active === d ? this.#replace(d, now) : [];
  }

  /** The peer wants this one: it has switched over, or answers us with its own word. */
  #wanted(d: DName): readonly BackupEffect[] {
    const row = this.#rows[d];
    row.busied = false;
    this.#answered(d);
    if (this.#active === d || !row.up) return [];
    // Both ends chose at once: the primary goes first.
    if (this.#active === 'primary' && this.#rows.primary.asked > 0) return [];
    if (this.#active !== undefined) this.#answered(this.#active);
    this.#active = d;
    this.#timers.stop('preference');
    return [{ type: 'active', d }];
  }

  #refused(d: DName, now: Instant): readonly BackupEffect[] {
    this.#rows[d].busied = true;
    this.#answered(d);
    return this.#active === d ? this.#replace(d, now) : [];
  }

  #replace(d: DName, now: Instant): readonly BackupEffect[] {
    const next = other(d);
    if (this.#usable(next)) return this.#take(next, now);
    this.#active = undefined;
    return [{ type: 'active', d: undefined }];
  }

  #take(d: DName, now: Instant): readonly BackupEffect[] {
    this.#timers.stop('preference');
    if (this.#active !== undefined) this.#answered(this.#active);
    this.#active = d;
    return [...this.#announce(d, now), { type: 'active', d }];
  }

  #announce(d: DName, now: Instant): readonly BackupEffect[] {
    if (!this.#announces) return [];
    this.#rows[d].asked++;
    this.#timers.start(d, now, ANSWER);
    return [{ type: 'service', d }];
  }

  #silent(d: DName, now: Instant): readonly BackupEffect[] {
    assert(this.#active === d, 'only what carries the calls was announced');
    if (this.#rows[d].asked < ATTEMPTS) return this.#announce(d, now);
    this.#answered(d);
    return [{ type: 'unanswered', d }];
  }

  #answered(d: DName): void {
    this.#rows[d].asked = 0;
    this.#timers.stop(d);
  }
}

const fresh = (): Row => ({ up: false, busied: false, asked: 0 });
