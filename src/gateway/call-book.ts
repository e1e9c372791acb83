import type { Offer } from '../call/signal.ts';
import type { Log } from '../kernel/log.ts';
import type { CallRecord, LiveCallChange, StoreOp } from '../store/words.ts';
import { rowOf } from './call-record.ts';
import type { LiveCall } from './live-call.ts';
import type { LegRecovery } from './recovery.ts';

export interface CallBookParts {
  readonly log: Log;
  readonly persist: (op: StoreOp) => Promise<void>;
  /** Which threads of messages belong to this call, as they become known. */
  readonly onThreads: (call: string, threads: readonly string[]) => void;
}

/** What the store knows of the calls: the row of one that is under way, and the record of one that is over. */
export class CallBook {
  readonly #parts: CallBookParts;
  /** The records that are on their way to the medium. */
  readonly #closing = new Map<string, CallRecord>();

  constructor(parts: CallBookParts) {
    this.#parts = parts;
  }

  /** The call's row is written. */
  open(live: LiveCall, offer: Offer): void {
    live.stored = true;
    const dialogs = this.#recoveries(live);
    this.#write({ type: 'call-open', call: rowOf(live, offer, dialogs) });
  }

  /** Brings the call's row up to date: where it stands, and what a restart would need to end it. */
  note(live: LiveCall, change: LiveCallChange): void {
    if (!live.stored || live.release !== undefined) return;
    const dialogs = this.#recoveries(live);
    this.#write({ type: 'call-update', callId: live.id, change: { ...change, state: live.call.state, dialogs } });
  }

  /** The record takes the place of the row; `durable` is called once it is safe, and its outbox row with it. */
  close(record: CallRecord, durable: () => void): void {
    this.#closing.set(record.callId, record);
    this.#parts
      .persist({ type: 'call-close', record })
      .finally(() => this.#closing.delete(record.callId))
      .then(durable, (problem: unknown) => this.#notWritten(problem));
  }

  /** The record of a call that has ended, while the store does not have it yet. */
  closing(call: string): CallRecord | undefined {
    return this.#closing.get(call);
  }

  /** What a restart after a crash needs of every leg. */
  #recoveries(live: LiveCall): readonly LegRecovery[] {
    const legs = [...live.legs.values()];
    this.#parts.onThreads(
      live.id,
      legs.map((leg) => leg.thread()).filter((thread) => thread !== undefined),
    );
    const records = legs.map((leg) => leg.recovery()).filter((record) => record !== undefined);
    for (const record of records) if (record.type === 'sip') live.sipCallIds.add(record.record.dialog.callId);
    return records;
  }

  #write(op: StoreOp): void {
    this.#parts.persist(op).catch((problem: unknown) => this.#notWritten(problem));
  }

  #notWritten(problem: unknown): void {
    const what = problem instanceof Object && 'what' in problem ? String(problem.what) : String(problem);
    this.#parts.log.error({ what }, 'call.not-written');
  }
}
