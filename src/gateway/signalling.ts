import { CAUSE } from '../call/cause.ts';
import { Backup, type BackupEffect, type BackupEvent, type DName, type DState } from '../isdn/q931/backup.ts';
import { printDService, readDService } from '../isdn/q931/d-service.ts';
import type { Q931Group } from '../isdn/q931/group.ts';
import type { CallHandle, CallIndication, CallRequest, GroupEffect, GroupEvent } from '../isdn/q931/primitives.ts';
import type { Log } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import { earlier, type Instant } from '../kernel/time.ts';
import type { DChannel, LinkNews } from './d-channel.ts';
import type { LinkEvidence } from './link-evidence.ts';
import type { Reactor, Wakeable } from './reactor.ts';

/** A span's part in its group. */
export interface Member {
  readonly dChannel: DChannel;
  /** The identifier by which both ends name the span in the group. */
  readonly interface: number;
  /** Which of the group's D-channels it carries. */
  readonly role: DName | undefined;
}

export interface SignallingParts {
  /** The span's id, or that of the NFAS group. */
  readonly id: string;
  readonly group: Q931Group;
  readonly reactor: Reactor;
  readonly log: Log;
  /** A call comes in; answers who listens to it. */
  readonly onSetup: (handle: CallHandle) => (indication: CallIndication) => void;
  /** For the trace: one Q.931 message as it crosses the line. */
  readonly onMessage: (direction: 'in' | 'out', octets: Uint8Array, at: number) => void;
  /** The D-channel in service, or a B-channel of this span, has changed; without a span: of all. */
  readonly onChange: (span?: string) => void;
}

/** What is left of a call when its line is taken away. */
const GONE: CallIndication = {
  type: 'release',
  cause: { cause: CAUSE.networkOutOfOrder, location: 'private-local', diagnostics: undefined },
  elements: [],
};

/**
 * The calls of one D-channel, or of a primary and its backup (NFAS): Q.931 joined to the data link that is in service. Messages are
 * taken from either link, since a peer may notice a loss before we do; ours go over the one in service.
 */
export class Signalling implements Wakeable {
  readonly id: string;
  readonly members: readonly Member[];
  readonly #parts: SignallingParts;
  readonly #backup: Backup;
  readonly #users = new Map<CallHandle, (indication: CallIndication) => void>();
  #stopped = false;

  /** @param members Makes each span's line, which tells its news to `hear`. */
  constructor(
    parts: SignallingParts,
    members: (hear: (role: DName, news: LinkNews, now: Instant) => void) => readonly Member[],
  ) {
    this.id = parts.id;
    this.#parts = parts;
    this.members = members((role, news, now) => this.#hear(role, news, now));
    const { maintenance } = parts.group.variant;
    this.#backup = new Backup(this.hasBackup && maintenance !== undefined);
  }

  get hasBackup(): boolean {
    return this.members.some(({ role }) => role === 'backup');
  }

  /** A D-channel is in service. */
  get up(): boolean {
    return this.#backup.active !== undefined;
  }

  /** Which D-channel carries the calls. */
  get active(): DName | undefined {
    return this.#backup.active;
  }

  stateOf(role: DName): DState {
    return this.#backup.state(role);
  }

  /** Of the D-channel that serves the group now, or of the primary where none does. */
  get evidence(): LinkEvidence | undefined {
    return this.#member(this.#backup.active ?? 'primary')?.dChannel.evidence;
  }

  get deadline(): Instant | undefined {
    if (this.#stopped) return undefined;
    return earlier(this.#parts.group.deadline, this.#backup.deadline);
  }

  wake(now: Instant): void {
    if (this.#stopped) return;
    this.#follow(this.#backup.wake(now), now);
    this.#groupEffects(this.#parts.group.wake(now), now);
  }

  /** Begins an outgoing call; its indications go to `listen` until the release. */
  open(listen: (indication: CallIndication) => void): CallHandle {
    const handle = this.#parts.group.allot();
    this.#users.set(handle, listen);
    return handle;
  }

  request(handle: CallHandle, request: CallRequest): void {
    this.feed({ type: 'request', handle, request });
  }

  feed(event: GroupEvent): void {
    if (this.#stopped) return;
    this.#group(event, this.#parts.reactor.clock.now());
  }

  /** The D-channel in standby takes over; answers why it can't. */
  switchOver(): string | undefined {
    const now = this.#parts.reactor.clock.now();
    const effects = this.#backup.switchOver(now);
    if (typeof effects === 'string') return effects;
    this.#follow(effects, now);
    this.#parts.reactor.watch(this);
    return undefined;
  }

  /** Takes the D-channels down: the far end is told, and so is who still has a call. */
  async stop(): Promise<void> {
    const { reactor } = this.#parts;
    await Promise.all(this.members.map(({ dChannel }) => dChannel.release()));
    this.#stopped = true;
    reactor.forget(this);
    const left = [...this.#users.values()];
    this.#users.clear();
    for (const listen of left) reactor.run(() => listen(GONE));
    await Promise.all(this.members.map(({ dChannel }) => dChannel.close()));
  }

  #member(role: DName | undefined): Member | undefined {
    return role === undefined ? undefined : this.members.find((member) => member.role === role);
  }

  #hear(role: DName, news: LinkNews, now: Instant): void {
    if (this.#stopped) return;
    if (news.type === 'link') this.#decide({ type: 'link', d: role, up: news.up }, now);
    else this.#data(role, news.data, news.at, now);
    this.#parts.reactor.watch(this);
  }

  #data(role: DName, data: Uint8Array, at: number, now: Instant): void {
    const { group, onMessage } = this.#parts;
    onMessage('in', data, at);
    const service = readDService(data, at, group.variant);
    if (service === undefined) {
      this.#groupEffects(group.feed({ type: 'dl-data', data, at }, now), now);
      return;
    }
    const { answer, inService } = service;
    if (answer !== undefined) this.#say(role, answer, 0);
    const named = this.members.find((member) => member.interface === service.interface)?.role ?? role;
    if (service.acknowledges) this.#decide({ type: 'acknowledged', d: named }, now);
    // A D-channel without a backup is in service for as long as its link is up, whatever is said of it.
    else if (this.hasBackup) this.#decide({ type: 'service', d: named, inService }, now);
  }

  #decide(event: BackupEvent, now: Instant): void {
    this.#follow(this.#backup.feed(event, now), now);
  }

  #follow(effects: readonly BackupEffect[], now: Instant): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'service':
          this.#announce(effect.d);
          break;
        case 'active':
          this.#turn(effect.d, now);
          break;
        case 'unanswered':
          this.#parts.log.warn({ group: this.id, dChannel: effect.d }, 'd-channel.service-unanswered');
          break;
        default:
          impossible(effect);
      }
    }
  }

  #announce(role: DName): void {
    const member = this.#member(role);
    const message = member && printDService(this.#parts.group.variant, member.interface);
    if (message !== undefined) this.#say(role, message, 0);
  }

  /** What was on its way over the one before may be lost: Q.931 hears of an establishment, and asks (§5.8.8). */
  #turn(role: DName | undefined, now: Instant): void {
    const member = this.#member(role);
    if (member !== undefined) {
      const { id } = member.dChannel;
      if (this.hasBackup) this.#parts.log.warn({ group: this.id, dChannel: role, span: id }, 'd-channel.active');
      this.#group({ type: 'home', span: id }, now);
    }
    this.#group(member === undefined ? { type: 'dl-released' } : { type: 'dl-established' }, now);
    this.#parts.onChange();
  }

  #group(event: GroupEvent, now: Instant): void {
    this.#groupEffects(this.#parts.group.feed(event, now), now);
    this.#parts.reactor.watch(this);
  }

  #say(role: DName | undefined, message: Uint8Array, at: number): void {
    this.#parts.onMessage('out', message, at);
    this.#member(role)?.dChannel.send(message, at);
  }

  #groupEffects(effects: readonly GroupEffect[], now: Instant): void {
    const { log, onChange } = this.#parts;
    for (const effect of effects) {
      switch (effect.type) {
        case 'dl-data':
          this.#say(this.#backup.active, effect.data, effect.at);
          break;
        case 'call':
          this.evidence?.indication(effect.indication, now);
          this.#indicate(effect.handle, effect.indication);
          break;
        case 'channel': {
          const { span, slot } = effect.channel;
          log.debug({ span, slot, state: effect.state }, 'b-channel.state');
          onChange(span);
          break;
        }
        case 'restarted':
          log.info(
            { span: this.id, channels: effect.channels.length, acknowledged: effect.acknowledged },
            'span.restarted',
          );
          break;
        case 'problem':
          this.evidence?.problem(effect.id, now);
          log.warn({ span: this.id, problem: effect.id, what: effect.what }, 'd-channel.problem');
          break;
        default:
          impossible(effect);
      }
    }
  }

  #indicate(handle: CallHandle, indication: CallIndication): void {
    if (indication.type === 'setup') this.#users.set(handle, this.#parts.onSetup(handle));
    this.#users.get(handle)?.(indication);
    if (indication.type === 'release') this.#users.delete(handle);
  }
}
