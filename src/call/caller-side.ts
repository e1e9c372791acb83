import type { CallEffect, Caller } from './call-words.ts';
import type { Signal } from './signal.ts';

/** The caller's side of a call: who it is, what it has been told of the set-up, and whom it hears. */
export class CallerSide {
  caller: Caller;
  /** The leg whose media the caller hears; undefined before there is any. */
  ear: string | undefined;
  #toldProceed = false;
  #toldAlert = false;
  #toldInBand = false;
  #ringing = false;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  get leg(): string {
    return this.caller.leg;
  }

  /** A caller who talks already hears nothing of a set-up but who has answered. */
  tell(signal: Signal): readonly CallEffect[] {
    const { leg, inCall } = this.caller;
    if (inCall !== true) return [{ type: 'tell', leg, signal }];
    if (signal.type !== 'answer') return [];
    return [{ type: 'tell', leg, signal: { type: 'identity', connected: signal.connected } }];
  }

  /** Once. It ends the caller's digits (Q.931 §5.1.5.2), so while more may come it waits until somebody has enough of them. */
  proceed(): readonly CallEffect[] {
    if (this.#toldProceed) return [];
    this.#toldProceed = true;
    return this.tell({ type: 'proceed' });
  }

  /** An attempt rings without anything to be heard of it. */
  alerting(leg: string): readonly CallEffect[] {
    if (this.ear !== undefined) return [];
    const ours = this.caller.tones === 'ours' || this.#toldInBand;
    const effects: CallEffect[] = [];
    if (!this.#toldAlert) {
      this.#toldAlert = true;
      this.#toldInBand ||= ours;
      effects.push(...this.tell({ type: 'alert', inBand: ours }), { type: 'progressed', leg, inBand: false });
    }
    return ours ? [...effects, ...this.#ringBack()] : effects;
  }

  #ringBack(): readonly CallEffect[] {
    if (this.#ringing) return [];
    this.#ringing = true;
    return [{ type: 'media', command: { type: 'play', leg: this.leg, tone: 'ringback' } }];
  }

  /** The first attempt with in-band media gets the caller's ear; others go on unheard. */
  hear(leg: string, signal: Signal): readonly CallEffect[] {
    if (this.ear !== undefined) return [];
    this.ear = leg;
    this.#toldInBand = true;
    if (signal.type === 'alert') this.#toldAlert = true;
    return [...this.tell(signal), ...this.hush(), this.media('join'), { type: 'progressed', leg, inBand: true }];
  }

  hush(): readonly CallEffect[] {
    if (!this.#ringing) return [];
    this.#ringing = false;
    return [{ type: 'media', command: { type: 'hush', leg: this.leg } }];
  }

  /** Joins or parts the two who hear each other. */
  media(type: 'join' | 'part'): CallEffect {
    return { type: 'media', command: { type, a: this.leg, b: this.ear ?? '' } };
  }

  /** The one that is heard has failed. */
  unhear(): readonly CallEffect[] {
    if (this.ear === undefined) return [];
    const parted = this.media('part');
    this.ear = undefined;
    return [parted];
  }

  /** Somebody has answered. */
  answered(leg: string, answer: Signal): readonly CallEffect[] {
    const heard = this.ear;
    const parted = heard !== undefined && heard !== leg ? this.unhear() : [];
    const told = [...this.tell(answer), ...this.hush()];
    this.ear = leg;
    return [...parted, ...told, ...(heard === leg ? [] : [this.media('join')])];
  }

  /** Somebody who talks already takes the caller's place; where the called phones ring, he hears it from us. */
  replace(leg: string): readonly CallEffect[] {
    const rings = this.#toldAlert && this.ear === undefined;
    const hushed = this.hush();
    const apart = this.ear === undefined ? [] : [this.media('part')];
    this.caller = { leg, tones: 'ours', inCall: true };
    const joined = this.ear === undefined ? [] : [this.media('join')];
    return [...hushed, ...apart, ...joined, ...(rings ? this.#ringBack() : [])];
  }
}
