/** What the T1 doctor will want to know of a D-channel, noted as it happens. */
import type { MdlErrorCode } from '../isdn/q921/primitives.ts';
import { count, emptyTally, type Tally } from '../isdn/q921/tally.ts';
import type { CallIndication, ProblemId, Side } from '../isdn/q931/primitives.ts';
import { type Instant, minutes, seconds } from '../kernel/time.ts';
import type { SpanEvidence } from '../line/evidence.ts';

/** How far back events count. */
const WINDOW = minutes(15);
/** Events remembered of a kind: more of them say nothing new. */
const MOST = 100;

/** By these causes a peer says that it doesn't understand us: protocol errors of Q.850, class 6 but for the recovery on timers. */
const NOT_UNDERSTOOD: ReadonlySet<number> = new Set([95, 96, 97, 98, 99, 100, 101]);
/** By these problems we don't understand the peer. A timer or a late request is no matter of language. */
const NOT_TAKEN: ReadonlySet<ProblemId> = new Set(['unknown-message', 'missing-element', 'bad-element', 'status']);

/** Events of the last quarter hour, each with its name. */
class Recent<Name> {
  #events: { readonly at: Instant; readonly name: Name }[] = [];

  note(name: Name, now: Instant): void {
    this.#events = [...this.#fresh(now).slice(1 - MOST), { at: now, name }];
  }

  total(now: Instant): number {
    return this.#fresh(now).length;
  }

  counts(now: Instant): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { name } of this.#fresh(now)) counts[String(name)] = (counts[String(name)] ?? 0) + 1;
    return counts;
  }

  #fresh(now: Instant): { readonly at: Instant; readonly name: Name }[] {
    return this.#events.filter(({ at }) => at > now - WINDOW);
  }
}

export class LinkEvidence {
  readonly #side: Side;
  readonly #losses = new Recent<'loss'>();
  readonly #causes = new Recent<number>();
  readonly #problems = new Recent<ProblemId>();
  readonly #errors = new Recent<MdlErrorCode>();
  #heard: Tally = emptyTally();
  #sent: Tally = emptyTally();
  #up = false;
  #since: Instant;

  /** `side`: our own. */
  constructor(side: Side, now: Instant) {
    this.#side = side;
    this.#since = now;
  }

  heard(frame: Uint8Array): void {
    count(this.#heard, frame, this.#side === 'user' ? 'network' : 'user');
  }

  sent(frame: Uint8Array): void {
    count(this.#sent, frame, this.#side);
  }

  error(code: MdlErrorCode, now: Instant): void {
    this.#errors.note(code, now);
  }

  problem(id: ProblemId, now: Instant): void {
    if (NOT_TAKEN.has(id)) this.#problems.note(id, now);
  }

  indication(indication: CallIndication, now: Instant): void {
    if (indication.type !== 'release' && indication.type !== 'disconnect') return;
    if (NOT_UNDERSTOOD.has(indication.cause.cause)) this.#causes.note(indication.cause.cause, now);
  }

  /**
   * The data link has gone up or down, on a line that carries frames or not: a link that goes with its line is no loss of its own. The
   * frames that led there are counted no longer.
   */
  turned(up: boolean, lineIsGood: boolean, now: Instant): void {
    if (up === this.#up) return;
    if (!up && lineIsGood) this.#losses.note('loss', now);
    this.#up = up;
    this.#since = now;
    this.#heard = emptyTally();
    this.#sent = emptyTally();
  }

  /** The line has come or gone: what was heard and missed on it before says nothing of it now. */
  lineTurned(now: Instant): void {
    this.#since = now;
    this.#heard = emptyTally();
    this.#sent = emptyTally();
  }

  facts(now: Instant): Pick<SpanEvidence, 'dChannel' | 'layer3'> {
    return {
      dChannel: {
        up: this.#up,
        seconds: (now - this.#since) / seconds(1),
        heard: this.#heard,
        sent: this.#sent,
        losses: this.#losses.total(now),
        errors: this.#errors.counts(now),
      },
      layer3: { causes: this.#causes.counts(now), problems: this.#problems.counts(now) },
    };
  }
}
