import { impossible } from '../kernel/machine.ts';
import type { DecisionEffect, Hop, Refusal, RefusalId } from './decision.ts';
import type { Dialled } from './query.ts';
import { refusal } from './refusals.ts';
import type { Stage } from './stage.ts';

/** What a part of the resolver comes to; the whole decision is made of it. */
export type Outcome =
  | { readonly type: 'hops'; readonly hops: readonly Hop[] }
  | { readonly type: 'refusal'; readonly refusal: Refusal }
  | { readonly type: 'collect' };

/** What is noted while a decision is made; it lives no longer than that. */
export class Trace {
  readonly stages: Stage[] = [];
  readonly effects: DecisionEffect[] = [];

  note(stage: Stage): void {
    this.stages.push(stage);
  }

  /** The stage is the reason, and the last of its decision. */
  refuse(id: RefusalId, stage: Stage): Extract<Outcome, { type: 'refusal' }> {
    this.note(stage);
    return { type: 'refusal', refusal: refusal(id) };
  }
}

export const list = (words: readonly string[]): string => words.join(', ');

/** For people: a user by his id, a gateway by its own. */
export const hopName = (hop: Hop): string => (hop.type === 'user' ? hop.user : hop.id);

/** What was dialled, for people. */
export function dialledText(dialled: Dialled): string {
  switch (dialled.type) {
    case 'user-part':
      return dialled.text;
    case 'number':
      return dialled.number.digits;
    case 'emergency-service':
      return dialled.urn;
    default:
      return impossible(dialled);
  }
}
