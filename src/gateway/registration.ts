import type { Log } from '../kernel/log.ts';
import { type Random, token } from '../kernel/random.ts';
import type { Instant } from '../kernel/time.ts';
import type { Directory } from '../routing/directory.ts';
import type { DirectoryUser } from '../routing/directory-file.ts';
import { toOf } from '../sip/message/fields.ts';
import type { Flow } from '../sip/message/flow.ts';
import type { SipRequest, SipResponse } from '../sip/message/message.ts';
import { parseUri } from '../sip/message/uri.ts';
import type { Binding, PersistBinding } from '../sip/registrar/binding.ts';
import type { Registrar } from '../sip/registrar/registrar.ts';
import { heardAt } from '../sip/transaction/servers.ts';
import type { StoreOp } from '../store/words.ts';
import type { Reactor, Wakeable } from './reactor.ts';

export interface RegistrationParts {
  readonly registrar: Registrar;
  readonly reactor: Reactor;
  readonly random: Random;
  readonly log: Log;
  readonly directory: () => Directory;
  readonly persist: (op: StoreOp) => Promise<void>;
}

/** The registrar at work: its bindings are in memory for the router, on disk before the phone hears 200. */
export class Registration implements Wakeable {
  readonly #parts: RegistrationParts;
  /** Addresses of record with a live binding, kept along so that a decision needn't look them all up. */
  readonly #online = new Set<string>();

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
    const now = parts.reactor.clock.now();
    for (const [aor] of parts.registrar.registered(now)) this.#note(aor, now);
    parts.reactor.watch(this);
  }

  get online(): ReadonlySet<string> {
    return this.#online;
  }

  get size(): number {
    return this.#parts.registrar.size;
  }

  get deadline(): Instant | undefined {
    return this.#parts.registrar.deadline;
  }

  wake(now: Instant): void {
    this.#gone(this.#parts.registrar.wake(now), now);
  }

  /** A connection has closed, and with it who is reached over it alone. */
  closed(flow: Flow): void {
    this.#gone(this.#parts.registrar.closed(flow), this.#parts.reactor.clock.now());
  }

  #gone(ops: readonly PersistBinding[], now: Instant): void {
    for (const op of ops) this.#write(op);
    for (const aor of new Set(ops.map(aorOf))) this.#note(aor, now);
  }

  contactsOf(aor: string): readonly Binding[] {
    return this.#parts.registrar.bindings(aor, this.#parts.reactor.clock.now());
  }

  /** Handles the REGISTER of a proven user; `answer` is called once what it promises is on disk. */
  register(user: DirectoryUser, request: SipRequest, from: Flow, answer: (response: SipResponse) => void): void {
    const { registrar, reactor, random } = this.#parts;
    const now = reactor.clock.now();
    const { aor } = user;
    const flow = heardAt(request, from);
    const toTag = token(random, 6);
    const { response, persist } = registrar.register({ aor, request, flow, toTag }, now, reactor.clock.wall());
    this.#note(aor, now);
    reactor.watch(this);
    if (persist.length === 0) return answer(response);
    Promise.all(persist.map((op) => this.#parts.persist(op))).then(
      () => reactor.run(() => answer(response)),
      (problem: unknown) => reactor.run(() => this.#notWritten(problem, () => answer({ ...response, ...NOT_STORED }))),
    );
  }

  /** Whether this REGISTER's To is an address of the user: nobody registers for another (RFC 3261 §10.3 step 4). */
  owns(user: DirectoryUser, request: SipRequest): boolean {
    const to = toOf(request);
    const uri = to === undefined ? undefined : parseUri(to.uri);
    if (uri === undefined || !uri.ok || uri.value.type !== 'sip' || uri.value.user === undefined) return false;
    const { directory } = this.#parts;
    return directory().userByName(uri.value.user)?.id === user.id;
  }

  #note(aor: string, now: Instant): void {
    if (this.#parts.registrar.bindings(aor, now).length > 0) this.#online.add(aor);
    else this.#online.delete(aor);
  }

  #write(op: PersistBinding): void {
    this.#parts.persist(op).catch((problem: unknown) => this.#notWritten(problem, () => {}));
  }

  #notWritten(problem: unknown, then: () => void): void {
    const what = problem instanceof Object && 'what' in problem ? String(problem.what) : String(problem);
    this.#parts.log.error({ what }, 'registration.not-written');
    then();
  }
}

/** The phone must not believe in a binding that a restart would forget. */
const NOT_STORED = { status: 500, reason: 'Not Stored' } as const;

const aorOf = (op: PersistBinding): string => (op.type === 'bind' ? op.binding.aor : op.aor);
