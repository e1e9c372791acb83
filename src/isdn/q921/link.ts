import { impossible, type Machine } from '../../kernel/machine.ts';
import type { Instant } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import {
  decodeFrame,
  encodeFrame,
  type FrameProblem,
  type LapdFrame,
  type Supervisory,
  type Unnumbered,
} from './frame.ts';
import {
  LINK_DEFAULTS,
  type LinkEffect,
  type LinkEvent,
  type LinkSettings,
  type LinkSide,
  type LinkState,
  type MdlErrorCode,
} from './primitives.ts';
import { following, SendQueue } from './send-queue.ts';

type Timer = 'T200' | 'T203' | 'retry';
type InformationFrame = Extract<LapdFrame, { type: 'I' }>;
type SupervisoryFrame = Extract<LapdFrame, { type: Supervisory }>;
type UnnumberedFrame = Extract<LapdFrame, { type: Unnumbered }>;

const NOTHING = new Uint8Array(0);

/**
 * The data link of a primary rate D-channel: point-to-point, SAPI 0, TEI 0, modulo 128, after the SDL diagrams of Q.921
 * Annex B. Two things go beyond them: DL-ESTABLISH is a standing request (see `LinkEvent`), and layer 3's own busy
 * condition outlives a reset of the link, since layer 3 may not hear of that reset.
 */
export class Q921Link implements Machine<LinkEvent, LinkEffect> {
  readonly #settings: LinkSettings;
  readonly #peer: LinkSide;
  readonly #timers = new Timers<Timer>();
  readonly #queue = new SendQueue();
  #state: LinkState = 'tei-assigned';
  /** RC, how often the frame that T200 guards has been repeated. */
  #retries = 0;
  /** V(R). */
  #vr = 0;
  #layer3Initiated = false;
  #peerBusy = false;
  #ownBusy = false;
  #rejectException = false;
  #ackPending = false;

  /** DL-ESTABLISH request stands. */
  #wanted = false;
  /** DL-RELEASE was requested while SABME waits for its answer. */
  #releasePending = false;
  /** What layer 3 was told last, so that a link that stays down is reported once. */
  #told: 'up' | 'down' | undefined;
  #lineActive = true;
  #effects: LinkEffect[] = [];

  constructor(settings: Partial<LinkSettings> & Pick<LinkSettings, 'side'>) {
    this.#settings = { ...LINK_DEFAULTS, ...settings };
    this.#peer = settings.side === 'user' ? 'network' : 'user';
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Messages that wait for their turn or for their acknowledgement. */
  get queued(): number {
    return this.#queue.length;
  }

  get deadline(): Instant | undefined {
    return this.#timers.deadline;
  }

  feed(event: LinkEvent, now: Instant): readonly LinkEffect[] {
    switch (event.type) {
      case 'frame':
        if (this.#lineActive) this.#receive(event.frame, now);
        break;
      case 'dl-establish':
        this.#establishRequest(now);
        break;
      case 'dl-release':
        this.#releaseRequest(now);
        break;
      case 'dl-data':
        this.#dataRequest(event.message);
        break;
      case 'own-busy':
        this.#setOwnBusy(event.busy);
        break;
      case 'line':
        this.#line(event.active, now);
        break;
      default:
        impossible(event);
    }
    return this.#finish(now);
  }

  wake(now: Instant): readonly LinkEffect[] {
    for (let timer = this.#timers.take(now); timer !== undefined; timer = this.#timers.take(now)) {
      switch (timer) {
        case 'T200':
          this.#t200Expired(now);
          break;
        case 'T203':
          this.#enquire(now);
          break;
        case 'retry':
          this.#establish(true, now);
          break;
        default:
          impossible(timer);
      }
    }
    return this.#finish(now);
  }

  /** Sends what the window lets go, acknowledges what no I frame has, and hands the step's effects out. */
  #finish(now: Instant): readonly LinkEffect[] {
    if (this.#state === 'multiple-frame-established') this.#sendWaiting(now);
    if (this.#ackPending) this.#sendStatus(false, false);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  // Requests of layer 3 and of the line

  #establishRequest(now: Instant): void {
    this.#wanted = true;
    this.#releasePending = false;
    this.#told = undefined;
    if (!this.#lineActive) this.#lost(now);
    else if (this.#state === 'awaiting-establishment') {
      this.#queue.discard();
      this.#layer3Initiated = true;
    } else if (this.#state !== 'awaiting-release') {
      this.#queue.discard();
      this.#establish(true, now);
    }
    // A release under way is finished first: #released sees the new wish.
  }

  #releaseRequest(now: Instant): void {
    this.#wanted = false;
    switch (this.#state) {
      case 'tei-assigned':
        this.#released(now);
        break;
      case 'awaiting-establishment':
        this.#releasePending = true;
        break;
      case 'awaiting-release':
        break;
      case 'multiple-frame-established':
      case 'timer-recovery':
        this.#disconnect(now);
        break;
      default:
        impossible(this.#state);
    }
  }

  #dataRequest(message: Uint8Array): void {
    const refuse = (why: 'no-link' | 'queue-full' | 'too-long'): void => {
      this.#effects.push({ type: 'dl-refused', message, why });
    };
    const open =
      this.#state === 'multiple-frame-established' ||
      this.#state === 'timer-recovery' ||
      (this.#state === 'awaiting-establishment' && !this.#layer3Initiated && !this.#releasePending);
    if (!open) refuse('no-link');
    else if (message.length > this.#settings.n201) refuse('too-long');
    else if (this.#queue.length >= this.#settings.queueLimit) refuse('queue-full');
    else this.#queue.put(message);
  }

  #setOwnBusy(busy: boolean): void {
    if (busy === this.#ownBusy) return;
    this.#ownBusy = busy;
    if (this.#isOpen) this.#sendStatus(false, false);
  }

  #line(active: boolean, now: Instant): void {
    if (active === this.#lineActive) return;
    this.#lineActive = active;
    if (!active) {
      this.#queue.discard();
      if (this.#state === 'awaiting-release' || this.#releasePending) this.#released(now);
      else if (this.#state !== 'tei-assigned' || this.#wanted) this.#lost(now);
    } else if (this.#wanted) this.#establish(true, now);
  }

  // Frames

  #receive(octets: Uint8Array, now: Instant): void {
    const read = decodeFrame(octets, this.#peer, this.#settings.n201);
    if (read.ok) this.#received(read.value, now);
    else this.#rejected(read.error, now);
  }

  #received(frame: LapdFrame, now: Instant): void {
    switch (frame.type) {
      case 'I':
        if (this.#isOpen) this.#information(frame, now);
        break;
      case 'RR':
      case 'RNR':
      case 'REJ':
        if (this.#isOpen) this.#supervisory(frame, now);
        break;
      case 'SABME':
        this.#sabme(frame.pf, now);
        break;
      case 'DISC':
        this.#disc(frame.pf, now);
        break;
      case 'UA':
        this.#ua(frame.pf, now);
        break;
      case 'DM':
        this.#dm(frame.pf, now);
        break;
      case 'FRMR':
        if (this.#isOpen) this.#reestablish('K', now);
        break;
      // Unnumbered information and identification belong to TEI management, which a fixed TEI has no use for.
      case 'UI':
      case 'XID':
        break;
      default:
        impossible(frame);
    }
  }

  /** Frame rejection, §5.8.5: an established link is reset; otherwise the condition is only reported. */
  #rejected(problem: FrameProblem, now: Instant): void {
    if (problem === 'invalid') return;
    if (this.#isOpen) this.#reestablish(problem, now);
    else this.#error(problem);
  }

  #sabme(poll: boolean, now: Instant): void {
    switch (this.#state) {
      case 'tei-assigned':
        this.#sendUnnumbered('UA', false, poll);
        this.#queue.discard();
        this.#enterEstablished(now);
        this.#tellEstablished(false);
        break;
      // Both ends begin at once: each answers the other and waits for its own answer (§5.5.1.1).
      case 'awaiting-establishment':
        this.#sendUnnumbered('UA', false, poll);
        break;
      case 'awaiting-release':
        this.#sendUnnumbered('DM', false, poll);
        break;
      case 'multiple-frame-established':
      case 'timer-recovery':
        this.#sendUnnumbered('UA', false, poll);
        this.#error('F');
        this.#resetNumbers(now);
        break;
      default:
        impossible(this.#state);
    }
  }

  #disc(poll: boolean, now: Instant): void {
    switch (this.#state) {
      case 'tei-assigned':
      case 'awaiting-establishment':
        this.#sendUnnumbered('DM', false, poll);
        break;
      case 'awaiting-release':
        this.#sendUnnumbered('UA', false, poll);
        break;
      case 'multiple-frame-established':
      case 'timer-recovery':
        this.#sendUnnumbered('UA', false, poll);
        this.#lost(now);
        break;
      default:
        impossible(this.#state);
    }
  }

  #ua(final: boolean, now: Instant): void {
    if (this.#state === 'awaiting-establishment' && final) {
      if (this.#releasePending) this.#disconnect(now);
      else if (this.#layer3Initiated) {
        this.#queue.renumber();
        this.#enterEstablished(now);
        this.#tellEstablished(true);
      } else this.#resetNumbers(now);
    } else if (this.#state === 'awaiting-release' && final) this.#released(now);
    else this.#error(final ? 'C' : 'D');
  }

  #dm(final: boolean, now: Instant): void {
    switch (this.#state) {
      case 'tei-assigned':
        // The peer asks to be called, §5.5.4.
        if (!final) this.#establish(true, now);
        break;
      case 'awaiting-establishment':
        if (final) this.#lost(now);
        break;
      case 'awaiting-release':
        if (final) this.#released(now);
        break;
      case 'multiple-frame-established':
        if (final) this.#error('B');
        else this.#reestablish('E', now);
        break;
      case 'timer-recovery':
        this.#reestablish(final ? 'B' : 'E', now);
        break;
      default:
        impossible(this.#state);
    }
  }

  #information(frame: InformationFrame, now: Instant): void {
    if (this.#ownBusy) {
      if (frame.pf) this.#sendStatus(false, true);
    } else if (frame.ns === this.#vr) {
      this.#vr = following(this.#vr);
      this.#rejectException = false;
      this.#effects.push({ type: 'dl-data', message: frame.information });
      if (frame.pf) this.#sendStatus(false, true);
      else this.#ackPending = true;
    } else if (!this.#rejectException) {
      this.#rejectException = true;
      this.#sendSupervisory('REJ', false, frame.pf);
    } else if (frame.pf) this.#sendStatus(false, true);

    this.#acknowledged(frame.nr, now);
  }

  #supervisory(frame: SupervisoryFrame, now: Instant): void {
    this.#peerBusy = frame.type === 'RNR';
    if (frame.command && frame.pf) this.#sendStatus(false, true);
    const answered = !frame.command && frame.pf;
    const recovering = this.#state === 'timer-recovery';
    if (answered && !recovering) this.#error('A');
    if (!this.#acknowledged(frame.nr, now)) return;
    if (recovering ? answered : frame.type === 'REJ') {
      this.#state = 'multiple-frame-established';
      this.#queue.rewind();
      this.#watch(now);
    } else if (!recovering && this.#peerBusy) this.#watch(now);
  }

  /** Takes N(R) in; an impossible one resets the link, and the answer is false (§5.8.5). */
  #acknowledged(nr: number, now: Instant): boolean {
    if (!this.#queue.accepts(nr)) {
      this.#reestablish('J', now);
      return false;
    }
    const count = this.#queue.acknowledge(nr);
    const moved = count > 0 || this.#queue.unacknowledged === 0;
    if (this.#state === 'multiple-frame-established' && !this.#peerBusy && moved) this.#watch(now);
    return true;
  }

  // Timers

  /** T200 runs while an answer is due, or a busy peer's recovery; otherwise T203 watches an idle link (§5.6.7, §5.10). */
  #watch(now: Instant): void {
    if (this.#peerBusy || this.#queue.unacknowledged > 0) {
      this.#timers.stop('T203');
      this.#timers.start('T200', now, this.#settings.t200);
    } else {
      this.#timers.stop('T200');
      this.#timers.start('T203', now, this.#settings.t203);
    }
  }

  #t200Expired(now: Instant): void {
    const exhausted = this.#retries >= this.#settings.n200;
    switch (this.#state) {
      case 'tei-assigned':
        break;
      case 'awaiting-establishment':
        if (exhausted) this.#unanswered(now);
        else this.#repeat('SABME', now);
        break;
      case 'awaiting-release':
        if (exhausted) {
          this.#error('H');
          this.#released(now);
        } else this.#repeat('DISC', now);
        break;
      case 'multiple-frame-established':
        this.#enquire(now);
        break;
      case 'timer-recovery':
        if (exhausted) this.#reestablish('I', now);
        else {
          this.#retries++;
          this.#sendStatus(true, true);
          this.#timers.start('T200', now, this.#settings.t200);
        }
        break;
      default:
        impossible(this.#state);
    }
  }

  #repeat(type: 'SABME' | 'DISC', now: Instant): void {
    this.#retries++;
    this.#sendUnnumbered(type, true, true);
    this.#timers.start('T200', now, this.#settings.t200);
  }

  /** N200 SABMEs without an answer: layer 3 is told, and where its request stands the next round follows at once. */
  #unanswered(now: Instant): void {
    this.#error('G');
    this.#lost(now);
    if (this.#wanted) this.#establish(true, now);
  }

  /** Timer recovery, §5.6.7: the peer is asked for its state before anything is sent again. */
  #enquire(now: Instant): void {
    this.#state = 'timer-recovery';
    this.#retries = 0;
    this.#sendStatus(true, true);
    this.#timers.stop('T203');
    this.#timers.start('T200', now, this.#settings.t200);
  }

  // Transitions

  get #isOpen(): boolean {
    return this.#state === 'multiple-frame-established' || this.#state === 'timer-recovery';
  }

  #establish(layer3Initiated: boolean, now: Instant): void {
    this.#clearExceptions();
    this.#layer3Initiated = layer3Initiated;
    this.#retries = 0;
    this.#state = 'awaiting-establishment';
    this.#sendUnnumbered('SABME', true, true);
    this.#timers.stopAll();
    this.#timers.start('T200', now, this.#settings.t200);
  }

  #reestablish(code: MdlErrorCode, now: Instant): void {
    this.#error(code);
    this.#establish(false, now);
  }

  #disconnect(now: Instant): void {
    this.#queue.discard();
    this.#clearExceptions();
    this.#releasePending = false;
    this.#retries = 0;
    this.#state = 'awaiting-release';
    this.#sendUnnumbered('DISC', true, true);
    this.#timers.stopAll();
    this.#timers.start('T200', now, this.#settings.t200);
  }

  /** The numbers begin again on a link that layer 3 takes for established: it is told where messages may be lost (§5.7). */
  #resetNumbers(now: Instant): void {
    const lossy = this.#queue.unacknowledged > 0;
    if (lossy) this.#queue.discard();
    this.#queue.renumber();
    this.#enterEstablished(now);
    if (lossy) this.#tellEstablished(false);
  }

  #enterEstablished(now: Instant): void {
    this.#clearExceptions();
    this.#vr = 0;
    this.#layer3Initiated = false;
    this.#state = 'multiple-frame-established';
    this.#timers.stopAll();
    this.#timers.start('T203', now, this.#settings.t203);
  }

  /** The link is down without our asking. A peer that refused or released is called again after T200, not at once. */
  #lost(now: Instant): void {
    if (this.#releasePending) {
      this.#released(now);
      return;
    }
    this.#enterTeiAssigned();
    if (this.#told !== 'down') this.#effects.push({ type: 'dl-released', confirm: false });
    this.#told = 'down';
    if (this.#wanted && this.#lineActive) this.#timers.start('retry', now, this.#settings.t200);
  }

  #released(now: Instant): void {
    this.#enterTeiAssigned();
    this.#effects.push({ type: 'dl-released', confirm: true });
    this.#told = 'down';
    if (this.#wanted && this.#lineActive) this.#establish(true, now);
  }

  #enterTeiAssigned(): void {
    this.#queue.discard();
    this.#clearExceptions();
    this.#releasePending = false;
    this.#layer3Initiated = false;
    this.#state = 'tei-assigned';
    this.#timers.stopAll();
  }

  #clearExceptions(): void {
    this.#peerBusy = false;
    this.#rejectException = false;
    this.#ackPending = false;
  }

  #tellEstablished(confirm: boolean): void {
    this.#told = 'up';
    this.#effects.push({ type: 'dl-established', confirm });
  }

  // Sending

  #sendWaiting(now: Instant): void {
    while (!this.#peerBusy) {
      const next = this.#queue.next(this.#settings.k);
      if (next === undefined) return;
      this.#send({ type: 'I', command: true, ns: next.ns, nr: this.#vr, pf: false, information: next.message });
      this.#ackPending = false;
      if (!this.#timers.runs('T200')) this.#watch(now);
    }
  }

  /** RR, or RNR where layer 3 is busy. */
  #sendStatus(command: boolean, pf: boolean): void {
    this.#sendSupervisory(this.#ownBusy ? 'RNR' : 'RR', command, pf);
  }

  #sendSupervisory(type: Supervisory, command: boolean, pf: boolean): void {
    this.#ackPending = false;
    this.#send({ type, command, nr: this.#vr, pf });
  }

  #sendUnnumbered(type: Exclude<UnnumberedFrame['type'], 'UI' | 'XID' | 'FRMR'>, command: boolean, pf: boolean): void {
    this.#send({ type, command, pf, information: NOTHING });
  }

  #send(frame: LapdFrame): void {
    this.#effects.push({ type: 'frame', frame: encodeFrame(frame, this.#settings.side) });
  }

  #error(code: MdlErrorCode): void {
    this.#effects.push({ type: 'mdl-error', code });
  }
}
