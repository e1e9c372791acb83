/** Two Q.931 groups on one D-channel without layer 2: what one sends waits in a queue until the test lets it arrive. */
import { Q931Group } from '../../src/isdn/q931/group.ts';
import type { GroupConfig } from '../../src/isdn/q931/group-config.ts';
import type {
  CallHandle,
  CallIndication,
  CallRequest,
  GroupEffect,
  GroupEvent,
  ProblemId,
  SetupWords,
  Side,
} from '../../src/isdn/q931/primitives.ts';
import { T1_SLOTS, VARIANTS } from '../../src/isdn/q931/variants.ts';
import type { Instant } from '../../src/kernel/time.ts';

export const SPAN = { id: 't1', interface: 0, slots: T1_SLOTS };

/** A SETUP with nothing special in it. */
export const SETUP: SetupWords = {
  bearer: { capability: 'speech', law: 'ulaw' },
  called: { digits: '9725551234', type: 'national', plan: 'isdn' },
  complete: true,
  caller: undefined,
  callerName: undefined,
  redirecting: [],
  progress: [],
  elements: [],
};

/** One end: its group and all that came out of it. */
export class End {
  readonly group: Q931Group;
  readonly indications: { readonly handle: CallHandle; readonly indication: CallIndication }[] = [];
  readonly problems: ProblemId[] = [];
  /** Messages that wait to be delivered to the other end. */
  readonly sent: Uint8Array[] = [];

  constructor(side: Side, config: Partial<GroupConfig> = {}) {
    this.group = new Q931Group({ side, variant: VARIANTS.ni2, spans: [SPAN], ...config });
  }

  take(effects: readonly GroupEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'dl-data') this.sent.push(effect.data.slice(effect.at));
      else if (effect.type === 'call') this.indications.push(effect);
      else if (effect.type === 'problem') this.problems.push(effect.id);
    }
  }

  /** The indications of one call, by type. */
  of(handle: CallHandle): string[] {
    return this.indications.filter((i) => i.handle === handle).map((i) => i.indication.type);
  }

  last<T extends CallIndication['type']>(type: T): Extract<CallIndication, { type: T }> | undefined {
    const found = this.indications.findLast(({ indication }) => indication.type === type)?.indication;
    return found as Extract<CallIndication, { type: T }> | undefined;
  }

  busy(): number {
    return this.group.channelStates().filter((c) => c.state === 'busy').length;
  }
}

export class Pair {
  readonly user: End;
  readonly network: End;
  now = 0 as Instant;

  constructor(user: Partial<GroupConfig> = {}, network: Partial<GroupConfig> = {}) {
    this.user = new End('user', user);
    this.network = new End('network', network);
  }

  other(end: End): End {
    return end === this.user ? this.network : this.user;
  }

  feed(end: End, event: GroupEvent): void {
    end.take(end.group.feed(event, this.now));
  }

  request(end: End, handle: CallHandle, request: CallRequest): void {
    this.feed(end, { type: 'request', handle, request });
  }

  /** Begins a call and answers its handle. */
  call(end: End, setup: Partial<Extract<CallRequest, { type: 'setup' }>> = {}): CallHandle {
    const handle = end.group.allot();
    const channel = { type: 'any', order: 'ascending', exclusive: true } as const;
    this.request(end, handle, { type: 'setup', channel, ...SETUP, ...setup });
    return handle;
  }

  /** The handle of the call that came in last. */
  incoming(end: End): CallHandle {
    return end.indications.findLast(({ indication }) => indication.type === 'setup')?.handle ?? -1;
  }

  linkUp(): void {
    for (const end of [this.user, this.network]) this.feed(end, { type: 'dl-established' });
  }

  /** The link goes: what was on its way is lost. */
  linkDown(): void {
    for (const end of [this.user, this.network]) {
      end.sent.length = 0;
      this.feed(end, { type: 'dl-released' });
    }
  }

  /** One message arrives, if one waits; false: none did. */
  deliver(from: End): boolean {
    const data = from.sent.shift();
    if (data === undefined) return false;
    this.feed(this.other(from), { type: 'dl-data', data, at: 0 });
    return true;
  }

  /** Everything on its way arrives. */
  settle(): void {
    let more = true;
    while (more) {
      const one = this.deliver(this.user);
      more = this.deliver(this.network) || one;
    }
  }

  /** Lets time pass, with every timer in its turn and every message delivered at once. */
  pass(milliseconds: number): void {
    const end = (this.now + milliseconds) as Instant;
    for (;;) {
      const due = [this.user, this.network].flatMap((e) => e.group.deadline ?? []);
      const next = Math.min(...due);
      if (next > end) break;
      this.now = Math.max(this.now, next) as Instant;
      this.tick();
      this.settle();
    }
    this.now = end;
  }

  /** Fires what is due now. */
  tick(): void {
    for (const end of [this.user, this.network]) end.take(end.group.wake(this.now));
  }
}

/** A pair whose link is up, with a call from one end answered. */
export function talking(
  pair: Pair,
  from: 'user' | 'network',
): { readonly caller: CallHandle; readonly called: CallHandle } {
  const [a, b] = from === 'user' ? [pair.user, pair.network] : [pair.network, pair.user];
  const caller = pair.call(a);
  pair.settle();
  const called = pair.incoming(b);
  pair.request(b, called, { type: 'proceeding' });
  pair.request(b, called, { type: 'alerting' });
  pair.request(b, called, { type: 'connect' });
  pair.settle();
  return { caller, called };
}
