/**
 * What must survive: bindings, live calls, call records, the outbox. One writer thread commits in groups; the main thread hands
 * it ops and is answered when they are on the medium.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../kernel/log.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Clock } from '../kernel/time.ts';
import type { FromWriter, ToWriter, WriterData } from './messages.ts';
import { Reader } from './reader.ts';
import type { CallRecord, OutboxRow, StoreOp, StoreProblem, StoreStart, StoreStats } from './words.ts';

export interface Store {
  /** What was found at the opening. */
  readonly start: StoreStart;
  /** Resolves when `op` is on the medium, in the order of the calls; rejects with a StoreProblem when it is not. */
  persist(op: StoreOp): Promise<void>;
  /** Call records, the latest first; `before` is the id of the last one seen. At most 500. */
  recentCalls(limit: number, before?: number): readonly (CallRecord & { readonly id: number })[];
  callRecord(callId: string): CallRecord | undefined;
  /** What central has not acknowledged, the oldest first, after the sequence `after`. At most 500. */
  outbox(after: number, limit: number): readonly OutboxRow[];
  stats(): StoreStats;
  /** Writes what waits, then closes the files. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Made when missing; one process at a time. */
  readonly directory: string;
  readonly log: Log;
  readonly clock: Pick<Clock, 'wall'>;
  /** The state file's limit. Default 1 GiB. */
  readonly maxBytes?: number;
  /** How many call records stay on the box. Default 100,000. */
  readonly keep?: number;
  /** How many ops may wait for the disk; one more is refused as `busy`. Default 20,000. */
  readonly queue?: number;
}

/** The most ops of one transaction: it bounds how long the first of a group waits for the last. */
const MOST_IN_GROUP = 1000;

/** Opens the store: locks the directory, checks the file, brings its schema up to date, reads what it holds. */
export async function openStore(options: StoreOptions): Promise<Result<Store, StoreProblem>> {
  const { directory, log, clock, maxBytes = 1024 ** 3, keep = 100_000, queue = 20_000 } = options;
  const workerData: WriterData = { directory, maxBytes, keep, wall: clock.wall() };
  const worker = new Worker(new URL('./writer.ts', import.meta.url), { workerData, name: 'store' });
  const first = await new Promise<Result<StoreStart, StoreProblem>>((resolve) => {
    worker.on('message', (message: FromWriter) => {
      if (message.type === 'log') log[message.level](message.fields, message.what);
      else if (message.type === 'opened') resolve(ok(message.start));
      else if (message.type === 'refused') resolve(fail(message.problem));
    });
    worker.once('error', (error: Error) => resolve(fail({ type: 'failed', what: error.message })));
  });
  if (!first.ok) return first;
  return ok(new GroupStore(worker, first.value, new Reader(directory), log, queue));
}

interface Waiting {
  readonly op: StoreOp;
  readonly resolve: () => void;
  readonly reject: (problem: StoreProblem) => void;
}

class GroupStore implements Store {
  readonly start: StoreStart;
  readonly #worker: Worker;
  readonly #reader: Reader;
  readonly #log: Log;
  readonly #limit: number;
  readonly #ended: Promise<void>;
  #queue: Waiting[] = [];
  #flight: readonly Waiting[] = [];
  #scheduled = false;
  #closed: StoreProblem | undefined;
  #committed = 0;
  #failed = 0;
  #commits = 0;
  #slowest = 0;
  #trouble: StoreProblem | undefined;
  #drained: (() => void) | undefined;

  constructor(worker: Worker, start: StoreStart, reader: Reader, log: Log, limit: number) {
    this.#worker = worker;
    this.start = start;
    this.#reader = reader;
    this.#log = log;
    this.#limit = limit;
    worker.on('message', (message: FromWriter) => {
      if (message.type === 'written') this.#written(message.problems, message.took);
    });
    worker.on('error', (error: Error) => this.#die(error.message));
    this.#ended = new Promise((resolve) =>
      worker.once('exit', () => {
        this.#die('the writer has ended');
        resolve();
      }),
    );
  }

  persist(op: StoreOp): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed);
      } else if (this.#waiting >= this.#limit) {
        reject({ type: 'busy', what: `${this.#waiting} writes wait for the disk` } satisfies StoreProblem);
      } else {
        this.#queue.push({ op, resolve, reject });
        this.#schedule();
      }
    });
  }

  recentCalls(limit: number, before?: number): readonly (CallRecord & { readonly id: number })[] {
    return this.#reader.recent(limit, before);
  }

  callRecord(callId: string): CallRecord | undefined {
    return this.#reader.one(callId);
  }

  outbox(after: number, limit: number): readonly OutboxRow[] {
    return this.#reader.outbox(after, limit);
  }

  stats(): StoreStats {
    return {
      waiting: this.#waiting,
      committed: this.#committed,
      failed: this.#failed,
      commits: this.#commits,
      slowest: this.#slowest,
      trouble: this.#trouble,
    };
  }

  async close(): Promise<void> {
    this.#closed ??= { type: 'closed', what: 'the store is closed' };
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.#reader.close();
    this.#post({ type: 'close' });
    await this.#ended;
  }

  get #waiting(): number {
    return this.#queue.length + this.#flight.length;
  }

  /** A group is what one turn of the event loop brought, or what came while the last group was being written. */
  #schedule(): void {
    if (this.#scheduled || this.#flight.length > 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    this.#flight = this.#queue.splice(0, MOST_IN_GROUP);
    if (this.#flight.length === 0) {
      this.#drained?.();
      return;
    }
    try {
      this.#post({ type: 'write', ops: this.#flight.map(({ op }) => op) });
    } catch (error) {
      // Something in an op is no plain data: our own fault, and no reason to end every other call as well.
      const what = error instanceof Error ? error.message : String(error);
      const group = this.#flight;
      this.#flight = [];
      for (const waiting of group) this.#settle(waiting, { type: 'refused', what });
      this.#flush();
    }
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  #written(problems: readonly (StoreProblem | undefined)[] | undefined, took: number): void {
    const group = this.#flight;
    this.#flight = [];
    this.#commits++;
    this.#slowest = Math.max(this.#slowest, took);
    const trouble = problems?.find((problem) => problem !== undefined && problem.type !== 'refused');
    if (trouble !== undefined && this.#trouble?.type !== trouble.type) {
      this.#log.error({ problem: trouble.type, what: trouble.what }, 'state.trouble');
    } else if (trouble === undefined && this.#trouble !== undefined) {
      this.#log.info({}, 'state.well-again');
    }
    this.#trouble = trouble;
    this.#flush();
    for (const [i, waiting] of group.entries()) this.#settle(waiting, problems?.[i]);
  }

  #settle(waiting: Waiting, problem: StoreProblem | undefined): void {
    if (problem === undefined) {
      this.#committed++;
      waiting.resolve();
    } else {
      this.#failed++;
      waiting.reject(problem);
    }
  }

  /** The writer is gone: everything that waits is told, and nothing more is taken. */
  #die(why: string): void {
    const problem: StoreProblem = { type: 'failed', what: `the store's writer failed: ${why}` };
    if (this.#closed === undefined) {
      this.#closed = problem;
      this.#trouble = problem;
      this.#log.error({ why }, 'state.writer-lost');
    }
    const lost = [...this.#flight, ...this.#queue];
    this.#flight = [];
    this.#queue = [];
    for (const waiting of lost) this.#settle(waiting, problem);
    this.#drained?.();
  }
}
