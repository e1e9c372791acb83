import { impossible, type Machine } from '../../kernel/machine.ts';
import type { Instant } from '../../kernel/time.ts';
import { Timers } from '../../kernel/timers.ts';
import { decodeFrame, type FrameProblem, I_HEAD, type LapdFrame, type Supervisory, withHead } from './frame.ts';
import { LinkOutput } from './output.ts';
import type { LinkEffect, LinkEvent, LinkSettings, LinkSide, LinkState, MdlErrorCode } from './primitives.ts';
import { following, SendQueue } from './send-queue.ts';

/** What Annex B knows of: the line appears in it as PH-DEACTIVATE indication. */
export type DataLinkEvent = Exclude<LinkEvent, { type: 'line' }> | { readonly type: 'ph-deactivate' };

type InformationFrame = Extract<LapdFrame, { type: 'I' }>;
type SupervisoryFrame = Extract<LapdFrame, { type: Supervisory }>;

/**
 * A data link after the SDL diagrams of Q.921 Annex B: point-to-point, SAPI 0, TEI 0, modulo 128, states 4 to 8. One thing
 * differs: layer 3's own busy condition outlives a reset of the link, since layer 3 may not hear of that reset.
 */
export class DataLink implements Machine<DataLinkEvent, LinkEffect> {
  readonly #settings: LinkSettings;
  readonly #peer: LinkSide;
  readonly #timers = new Timers<'T200' | 'T203'>();
  readonly #queue = new SendQueue();
  readonly #output: LinkOutput;
  #state: LinkState = 'tei-assigned';
  /** RC, how often the frame that T200 guards has been repeated. */
  #retries = 0;
  /** V(R). */
  #vr = 0;
  #layer3Initiated = false;
  /** DL-RELEASE was requested while SABME waits for its answer. */
  #releasePending = false;
  #peerBusy = false;
  #ownBusy = false;
  #rejectException = false;
  #ackPending = false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.#peer = settings.side === 'user' ? 'network' : 'user';
    this.#output = new LinkOutput(settings.side);
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

  feed(event: DataLinkEvent, now: Instant): readonly LinkEffect[] {
    switch (event.type) {
      case 'frame': {
        const read = decodeFrame(event.frame, this.#peer, this.#settings.n201);
        if (read.ok) this.#receive(read.value, now);
        else this.#reject(read.error, now);
        break;
      }
      case 'dl-establish':
        this.#establishRequest(now);
        break;
      case 'dl-release':
        this.#releaseRequest(now);
        break;
      case 'dl-data':
        this.#dataRequest(event.message, event.at);
        break;
      case 'own-busy':
        this.#setOwnBusy(event.busy);
        break;
      case 'ph-deactivate':
        if (this.#state !== 'tei-assigned') this.#leave();
        break;
      default:
        impossible(event);
    }
    return this.#finish(now);
  }

  wake(now: Instant): readonly LinkEffect[] {
    for (let timer = this.#timers.take(now); timer !== undefined; timer = this.#timers.take(now)) {
      if (timer === 'T200') this.#t200Expired(now);
      else this.#enquire(now);
    }
    return this.#finish(now);
  }

  /** Sends what the window lets go, acknowledges what no I frame has, and hands the step's effects out. */
  #finish(now: Instant): readonly LinkEffect[] {
    if (this.#state === 'multiple-frame-established') this.#sendWaiting(now);
    if (this.#ackPending) this.#sendStatus('response', false);
    return this.#output.take();
  }

  // Requests of layer 3

  #establishRequest(now: Instant): void {
    // A release under way ends first; its confirm tells layer 3 that it may ask again.
    if (this.#state === 'awaiting-release') return;
    this.#queue.discard();
    if (this.#state === 'awaiting-establishment') {
      this.#releasePending = false;
      this.#layer3Initiated = true;
    } else this.#establish(true, now);
  }

  #releaseRequest(now: Instant): void {
    if (this.#isOpen) this.#disconnect(now);
    else if (this.#state === 'awaiting-establishment') this.#releasePending = true;
    else if (this.#state === 'tei-assigned') this.#released(true);
  }

  #dataRequest(message: Uint8Array, at: number): void {
    const resetting = this.#state === 'awaiting-establishment' && !this.#layer3Initiated && !this.#releasePending;
    const refuse = (why: 'no-link' | 'queue-full' | 'too-long') =>
      this.#output.say({ type: 'dl-refused', message, why });
    if (!this.#isOpen && !resetting) refuse('no-link');
    else if (message.length - at > this.#settings.n201) refuse('too-long');
    else if (this.#queue.length >= this.#settings.queueLimit) refuse('queue-full');
    else this.#queue.put(at === I_HEAD ? message : withHead(message, at));
  }

  #setOwnBusy(busy: boolean): void {
    if (busy === this.#ownBusy) return;
    this.#ownBusy = busy;
    if (this.#isOpen) this.#sendStatus('response', false);
  }

  // Frames

  #receive(frame: LapdFrame, now: Instant): void {
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
        this.#disc(frame.pf);
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
  #reject(problem: FrameProblem, now: Instant): void {
    if (problem === 'invalid') return;
    if (this.#isOpen) this.#reestablish(problem, now);
    else this.#output.error(problem);
  }

  #sabme(poll: boolean, now: Instant): void {
    this.#output.response(this.#state === 'awaiting-release' ? 'DM' : 'UA', poll);
    if (this.#isOpen) {
      this.#output.error('F');
      this.#resetNumbers(now);
    } else if (this.#state === 'tei-assigned') {
      this.#enterEstablished(now);
      this.#output.say({ type: 'dl-established', confirm: false });
    }
    // Where both ends begin at once, each has answered the other and waits for its own answer (§5.5.1.1).
  }

  #disc(poll: boolean): void {
    const down = this.#state === 'tei-assigned' || this.#state === 'awaiting-establishment';
    this.#output.response(down ? 'DM' : 'UA', poll);
    if (this.#isOpen) this.#leave();
  }

  #ua(final: boolean, now: Instant): void {
    if (this.#state === 'awaiting-establishment' && final) {
      if (this.#releasePending) this.#disconnect(now);
      else if (this.#layer3Initiated) {
        this.#enterEstablished(now);
        this.#output.say({ type: 'dl-established', confirm: true });
      } else this.#resetNumbers(now);
    } else if (this.#state === 'awaiting-release' && final) this.#released(true);
    else this.#output.error(final ? 'C' : 'D');
  }

  #dm(final: boolean, now: Instant): void {
    switch (this.#state) {
      case 'tei-assigned':
        // The peer asks to be called, §5.5.4.
        if (!final) this.#establish(true, now);
        break;
      case 'awaiting-establishment':
      case 'awaiting-release':
        if (final) this.#leave();
        break;
      case 'multiple-frame-established':
        if (final) this.#output.error('B');
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
    const expected = frame.ns === this.#vr && !this.#ownBusy;
    if (expected) {
      this.#vr = following(this.#vr);
      this.#rejectException = false;
      this.#ackPending = true;
      this.#output.say({ type: 'dl-data', message: frame.octets, at: frame.at });
    }
    if (!expected && !this.#ownBusy && !this.#rejectException) {
      this.#rejectException = true;
      this.#sendSupervisory('REJ', 'response', frame.pf);
    } else if (frame.pf) this.#sendStatus('response', true);
    this.#acknowledge(frame.nr, now);
  }

  #supervisory(frame: SupervisoryFrame, now: Instant): void {
    this.#peerBusy = frame.type === 'RNR';
    if (frame.command && frame.pf) this.#sendStatus('response', true);
    const answered = !frame.command && frame.pf;
    const recovering = this.#state === 'timer-recovery';
    if (answered && !recovering) this.#output.error('A');
    if (!this.#acknowledge(frame.nr, now)) return;
    if (recovering ? answered : frame.type === 'REJ') {
      this.#state = 'multiple-frame-established';
      this.#queue.rewind();
      this.#watch(now);
    } else if (!recovering && this.#peerBusy) this.#watch(now);
  }

  /** Takes N(R) in; an impossible one resets the link, and the answer is false (§5.8.5). */
  #acknowledge(nr: number, now: Instant): boolean {
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

  /** T200 runs while an acknowledgement is due or the peer is busy; otherwise T203 watches an idle link (§5.6.7, §5.10). */
  #watch(now: Instant): void {
    if (this.#peerBusy || this.#queue.unacknowledged > 0) this.#startT200(now);
    else {
      this.#timers.stop('T200');
      this.#timers.start('T203', now, this.#settings.t203);
    }
  }

  #startT200(now: Instant): void {
    this.#timers.stop('T203');
    this.#timers.start('T200', now, this.#settings.t200);
  }

  #t200Expired(now: Instant): void {
    const exhausted = this.#retries >= this.#settings.n200;
    switch (this.#state) {
      case 'awaiting-establishment':
        if (exhausted) {
          this.#output.error('G');
          this.#leave();
        } else this.#repeat('SABME', now);
        break;
      case 'awaiting-release':
        if (exhausted) {
          this.#output.error('H');
          this.#leave();
        } else this.#repeat('DISC', now);
        break;
      case 'timer-recovery':
        if (exhausted) this.#reestablish('I', now);
        else this.#repeat('enquiry', now);
        break;
      case 'multiple-frame-established':
        this.#enquire(now);
        break;
      case 'tei-assigned':
        break;
      default:
        impossible(this.#state);
    }
  }

  /** Timer recovery, §5.6.7: the peer is asked for its state before anything is sent again. */
  #enquire(now: Instant): void {
    this.#state = 'timer-recovery';
    this.#retries = 0;
    this.#sendStatus('command', true);
    this.#startT200(now);
  }

  #repeat(what: 'SABME' | 'DISC' | 'enquiry', now: Instant): void {
    this.#retries++;
    if (what === 'enquiry') this.#sendStatus('command', true);
    else this.#output.command(what);
    this.#startT200(now);
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
    this.#output.command('SABME');
    this.#startT200(now);
  }

  #reestablish(code: MdlErrorCode, now: Instant): void {
    this.#output.error(code);
    this.#establish(false, now);
  }

  #disconnect(now: Instant): void {
    this.#queue.discard();
    this.#clearExceptions();
    this.#releasePending = false;
    this.#retries = 0;
    this.#state = 'awaiting-release';
    this.#output.command('DISC');
    this.#startT200(now);
  }

  /** The numbers begin again on a link that layer 3 takes for established: it is told where messages may be lost (§5.7). */
  #resetNumbers(now: Instant): void {
    const lossy = this.#queue.unacknowledged > 0;
    if (lossy) this.#queue.discard();
    this.#enterEstablished(now);
    if (lossy) this.#output.say({ type: 'dl-established', confirm: false });
  }

  #enterEstablished(now: Instant): void {
    this.#clearExceptions();
    this.#queue.renumber();
    this.#vr = 0;
    this.#layer3Initiated = false;
    this.#state = 'multiple-frame-established';
    this.#watch(now);
  }

  /** The link ends; an answer to a release where one was asked for. */
  #leave(): void {
    this.#released(this.#state === 'awaiting-release' || this.#releasePending);
  }

  #released(confirm: boolean): void {
    this.#queue.discard();
    this.#clearExceptions();
    this.#releasePending = false;
    this.#layer3Initiated = false;
    this.#state = 'tei-assigned';
    this.#timers.stopAll();
    this.#output.say({ type: 'dl-released', confirm });
  }

  #clearExceptions(): void {
    this.#peerBusy = false;
    this.#rejectException = false;
    this.#ackPending = false;
  }

  // Sending

  #sendWaiting(now: Instant): void {
    while (!this.#peerBusy) {
      const next = this.#queue.next(this.#settings.k);
      if (next === undefined) return;
      this.#output.information(next.ns, this.#vr, next.frame);
      this.#ackPending = false;
      if (!this.#timers.runs('T200')) this.#startT200(now);
    }
  }

  /** RR, or RNR where layer 3 is busy. */
  #sendStatus(as: 'command' | 'response', pf: boolean): void {
    this.#sendSupervisory(this.#ownBusy ? 'RNR' : 'RR', as, pf);
  }

  #sendSupervisory(type: Supervisory, as: 'command' | 'response', pf: boolean): void {
    this.#ackPending = false;
    this.#output.supervisory(type, as === 'command', this.#vr, pf);
  }
}
