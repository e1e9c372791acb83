import assert from 'node:assert/strict';
import type { LegEffect } from '../../src/call/leg.ts';
import type { Signal } from '../../src/call/signal.ts';
import { seeded } from '../../src/kernel/random.ts';
import { after, earlier, type Instant, ms } from '../../src/kernel/time.ts';
import { SipLeg } from '../../src/leg/sip-leg.ts';
import type { SipDestination, SipOut, SipSide } from '../../src/leg/sip-leg-words.ts';
import { acknowledgement, dialogOfResponse, nextRequest } from '../../src/sip/dialog/dialog.ts';
import type { DigestClient } from '../../src/sip/digest/client.ts';
import { cseqOf, toOf } from '../../src/sip/message/fields.ts';
import type { Flow } from '../../src/sip/message/flow.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../src/sip/message/message.ts';
import { tagOf } from '../../src/sip/message/name-addr.ts';
import { parseMessage, printMessage } from '../../src/sip/message/parse.ts';
import { TransactionLayer } from '../../src/sip/transaction/layer.ts';
import type { TransactionEffect } from '../../src/sip/transaction/words.ts';

/** Two (or more) SIP stacks on one simulated network and clock: real transactions and legs, messages printed and parsed. */

export const SIDE: SipSide = {
  domain: 'a.example',
  contact: 'sip:10.0.0.1:5060',
  userAgent: 'Branchline',
  codecs: ['PCMU', 'PCMA'],
  packetTime: 20,
  reliable: 'supported',
  sessionTimer: undefined,
  trusted: true,
};

interface Flight {
  readonly at: Instant;
  readonly from: Party;
  readonly to: Party;
  readonly message: SipMessage;
}

/** One stack with its legs. What its legs say is in `said`, in order. */
export class Party {
  readonly name: string;
  readonly rig: SipRig;
  readonly address: string;
  readonly side: SipSide;
  readonly layer: TransactionLayer;
  readonly legs = new Map<string, SipLeg>();
  readonly said: { readonly leg: string; readonly signal: Signal; readonly branch: string | undefined }[] = [];
  readonly media: string[] = [];
  readonly gone: string[] = [];
  readonly random: ReturnType<typeof seeded>;
  /** Requests and responses that this party gets and doesn't hand to a leg, for tests that play a raw peer. */
  raw: ((message: SipMessage, transaction: string | undefined) => void) | undefined;
  readonly #server = new Map<string, string>();
  readonly #parting: string[] = [];
  #legs = 0;

  constructor(rig: SipRig, name: string, index: number, side: Partial<SipSide>) {
    this.rig = rig;
    this.name = name;
    this.address = `10.0.0.${index}`;
    this.random = seeded(index * 7919);
    this.side = { ...SIDE, domain: `${name}.example`, contact: `sip:${this.address}:5060`, ...side };
    const sentBy = (): { host: string; port: number } => ({ host: this.address, port: 5060 });
    this.layer = new TransactionLayer({ random: this.random, sentBy, maxServerTransactions: 1000 });
  }

  newLeg(destination?: SipDestination, digest?: DigestClient): { id: string; leg: SipLeg } {
    const id = `${this.name}${++this.#legs}`;
    const leg = new SipLeg({ id, side: this.side, random: this.random, destination, digest });
    this.legs.set(id, leg);
    return { id, leg };
  }

  /** Calls another party; the answer is the leg's id. */
  call(to: Party, signal: Signal & { type: 'offer' }): string {
    const { id } = this.newLeg({ uri: `sip:100@${to.address}:5060`, domain: `${to.name}.example`, routes: [] });
    this.tell(id, signal);
    return id;
  }

  tell(id: string, signal: Signal): void {
    const leg = this.legs.get(id);
    assert.ok(leg, `no leg ${id}`);
    this.do(id, leg.tell(signal, this.rig.now));
  }

  /** The media plane says that nobody is heard on this leg. */
  quiet(id: string): void {
    const leg = this.legs.get(id);
    assert.ok(leg, `no leg ${id}`);
    this.do(id, leg.media({ type: 'silent', seconds: 5 }, this.rig.now));
  }

  do(id: string, effects: readonly LegEffect<SipOut>[]): void {
    for (const effect of effects) {
      assert.ok(!this.#parting.includes(id), 'gone comes last');
      if (effect.type === 'say') {
        this.said.push({ leg: id, signal: effect.signal, branch: effect.branch });
        this.rig.note(`${this.name} says ${effect.signal.type}`);
      } else if (effect.type === 'gone') this.#gone(id);
      else if (effect.type === 'media') this.#media(id, effect.command);
      else this.#out(effect.message);
    }
  }

  /** As the gateway does: whatever comes late finds nobody. */
  #gone(id: string): void {
    this.gone.push(id);
    this.#parting.push(id);
    for (let n = 1; n <= 20; n++) this.effects(this.layer.abandon(`${id}-${n}`, this.rig.now));
  }

  #media(id: string, command: { readonly type: string }): void {
    this.media.push(command.type);
    if (command.type !== 'open-rtp') return;
    const leg = this.legs.get(id);
    const ready = { type: 'ready', address: this.address, port: 40000 } as const;
    if (leg !== undefined) this.do(id, leg.media(ready, this.rig.now));
  }

  #out(out: SipOut): void {
    const { now } = this.rig;
    if (out.type === 'respond') this.effects(this.layer.respond(out.transaction, out.response, now));
    else if (out.type === 'cancel') this.effects(this.layer.cancel(out.transaction, out.headers, now));
    else {
      const match = /@?([0-9.]+):5060/.exec(out.nextHop);
      const target = { transport: 'udp', address: match?.[1] ?? '10.0.0.99', port: 5060 } as const;
      if (out.type === 'ack') this.effects(this.layer.sendAlone(out.request, target));
      else this.effects(this.layer.send({ id: out.transaction, request: out.request, targets: [target] }, now));
    }
  }

  effects(effects: readonly TransactionEffect[]): void {
    for (const effect of effects) this.#effect(effect);
  }

  #effect(effect: TransactionEffect): void {
    switch (effect.type) {
      case 'transmit':
        this.rig.send(this, effect.message, 'remote' in effect.to ? effect.to.remote.address : effect.to.address);
        break;
      case 'request':
        this.#request(effect.transaction, effect.request);
        break;
      case 'ack':
        this.#toLeg(this.#find(effect.request), { type: 'ack', request: effect.request }, effect.request);
        break;
      case 'cancelled': {
        const id = this.#server.get(effect.transaction);
        this.#toLeg(
          id,
          { type: 'cancelled', transaction: effect.transaction, request: effect.request },
          effect.request,
        );
        break;
      }
      case 'response':
        this.#toLeg(legOf(effect.transaction), effect, effect.response);
        break;
      case 'timeout':
        this.#toLeg(legOf(effect.transaction) ?? this.#server.get(effect.transaction), effect, undefined);
        break;
      case 'failed':
        this.#toLeg(legOf(effect.transaction) ?? this.#server.get(effect.transaction), effect, undefined);
        break;
      case 'orphan':
        this.#endOrphan(effect.request, effect.response);
        break;
      case 'ended':
        this.#server.delete(effect.transaction);
        break;
    }
  }

  #endOrphan(invite: SipRequest, response: SipResponse): void {
    const dialog = dialogOfResponse(invite, response);
    assert.ok(dialog.ok);
    const ack = acknowledgement(dialog.value, cseqOf(invite)?.number ?? 0, []);
    const bye = nextRequest(dialog.value, 'BYE', []);
    this.#out({ type: 'ack', ...ack });
    this.#out({ type: 'request', transaction: `orphan-${this.rig.now}`, ...bye });
  }

  #request(transaction: string, request: SipRequest): void {
    if (this.raw !== undefined) {
      this.raw(request, transaction);
      return;
    }
    let id = this.#find(request);
    if (id === undefined && request.method === 'INVITE') id = this.newLeg().id;
    if (id !== undefined) this.#server.set(transaction, id);
    this.#toLeg(id, { type: 'request', transaction, request }, request);
  }

  #find(request: SipRequest): string | undefined {
    const to = toOf(request);
    const tag = to === undefined ? undefined : tagOf(to);
    for (const [id, leg] of this.legs) {
      const { key } = leg;
      if (key !== undefined && key.callId === request.headers.get('Call-ID') && key.localTag === tag) return id;
    }
    return undefined;
  }

  #toLeg(id: string | undefined, event: Parameters<SipLeg['hear']>[0], message: SipMessage | undefined): void {
    const leg = id === undefined ? undefined : this.legs.get(id);
    if (leg !== undefined && id !== undefined && !this.#parting.includes(id))
      this.do(id, leg.hear(event, this.rig.now));
    else if (message !== undefined) this.raw?.(message, undefined);
  }

  respond(transaction: string, response: SipResponse, by: 'uas' | 'proxy' = 'uas'): void {
    this.effects(this.layer.respond(transaction, response, this.rig.now, by));
  }

  get deadline(): Instant | undefined {
    let first = this.layer.deadline;
    for (const leg of this.legs.values()) first = earlier(first, leg.deadline);
    return first;
  }

  wake(): void {
    this.effects(this.layer.wake(this.rig.now));
    for (const [id, leg] of this.legs) if (!this.#parting.includes(id)) this.do(id, leg.wake(this.rig.now));
  }

  /** The last signal of this type that a leg has said. */
  heard<T extends Signal['type']>(type: T): Signal & { type: T } {
    const signal = this.said.findLast((entry) => entry.signal.type === type)?.signal;
    assert.ok(signal !== undefined, `${this.name} has not said ${type}`);
    return signal as Signal & { type: T };
  }

  /** What one leg has said, by name. */
  words(id: string): string[] {
    return this.said.filter((entry) => entry.leg === id).map(({ signal }) => signal.type);
  }
}

const legOf = (transaction: string): string | undefined => /^([a-z]+\d+)-\d+$/.exec(transaction)?.[1];

export class SipRig {
  now = 1000 as Instant;
  readonly ladder: string[] = [];
  readonly #parties: Party[] = [];
  #flights: Flight[] = [];
  /** Says which messages are lost on the way. */
  drop: (message: SipMessage, from: Party) => boolean = () => false;
  /** Milliseconds on the way. */
  delay: (message: SipMessage, from: Party) => number = () => 5;
  /** Every message sent, as parsed. */
  readonly sent: { readonly from: string; readonly message: SipMessage }[] = [];

  party(name: string, side: Partial<SipSide> = {}): Party {
    const party = new Party(this, name, this.#parties.length + 1, side);
    this.#parties.push(party);
    return party;
  }

  note(line: string): void {
    this.ladder.push(line);
  }

  send(from: Party, message: SipMessage, address: string): void {
    const parsed = parseMessage(printMessage(message));
    assert.ok(parsed.ok, 'what we send can be parsed');
    this.sent.push({ from: from.name, message: parsed.value });
    const lost = this.drop(parsed.value, from);
    const to = this.#parties.find((party) => party.address === address);
    this.note(`${from.name} → ${to?.name ?? address} ${nameOf(parsed.value)}${lost ? ' (lost)' : ''}`);
    if (lost || to === undefined) return;
    const at = after(this.now, ms(this.delay(message, from)));
    this.#flights.push({ at, from, to, message: parsed.value });
  }

  /** Lets `duration` milliseconds pass. */
  run(duration: number): void {
    const end = after(this.now, ms(duration));
    for (let guard = 0; guard < 100_000; guard++) {
      let next: Instant | undefined;
      for (const party of this.#parties) next = earlier(next, party.deadline);
      for (const flight of this.#flights) next = earlier(next, flight.at);
      if (next === undefined || next > end) {
        this.now = end;
        return;
      }
      if (next > this.now) this.now = next;
      const due = this.#flights.filter(({ at }) => at <= this.now);
      this.#flights = this.#flights.filter(({ at }) => at > this.now);
      for (const flight of due) this.#deliver(flight);
      for (const party of this.#parties) party.wake();
    }
    assert.fail('the rig never comes to rest');
  }

  #deliver({ from, to, message }: Flight): void {
    const flow: Flow = {
      transport: 'udp',
      remote: { address: from.address, port: 5060 },
      local: { address: to.address, port: 5060 },
    };
    to.effects(to.layer.receive(message, flow, this.now));
  }

  /** Compares the ladder since the last call, one line per message or signal, with the golden one. */
  expect(golden: string): void {
    const wanted = golden.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
    assert.deepEqual(this.ladder.splice(0), wanted);
  }
}

function nameOf(message: SipMessage): string {
  const sdp = message.body.length > 0 ? ' +sdp' : '';
  if (message.type === 'request') return `${message.method}${sdp}`;
  return `${message.status} ${cseqOf(message)?.method ?? ''}${sdp}`;
}

/** A rig with two parties; `a1`, `b1` are their first legs. */
export function pair(a: Partial<SipSide> = {}, b: Partial<SipSide> = {}): { rig: SipRig; a: Party; b: Party } {
  const rig = new SipRig();
  return { rig, a: rig.party('a', a), b: rig.party('b', b) };
}

/** A call from a1 to b1 that has been answered; the ladder begins after it. */
export function talking(a: Partial<SipSide> = {}, b: Partial<SipSide> = {}): { rig: SipRig; a: Party; b: Party } {
  const made = pair(a, b);
  made.a.call(made.b, offerOf());
  made.rig.run(50);
  made.b.tell('b1', ANSWER);
  made.rig.run(50);
  made.rig.ladder.length = 0;
  return made;
}

/** An ordinary offer: 200 calls 100. */
export function offerOf(parts: Partial<Signal & { type: 'offer' }> = {}): Signal & { type: 'offer' } {
  return {
    type: 'offer',
    called: { digits: '100', type: 'unknown', plan: 'unknown' },
    complete: true,
    caller: {
      digits: '14255550100',
      type: 'international',
      plan: 'isdn',
      presentation: 'allowed',
      screening: 'network',
    },
    callerName: { text: 'Alice', presentation: 'allowed' },
    redirecting: [],
    bearer: { capability: 'speech', law: 'ulaw' },
    codecs: [],
    uri: undefined,
    origin: undefined,
    ...parts,
  };
}

export const releaseOf = (cause: number, location = 'user'): Signal =>
  ({ type: 'release', cause, location, origin: undefined }) as never;

export const RING: Signal = { type: 'alert', inBand: false };
export const RING_IN_BAND: Signal = { type: 'alert', inBand: true };
export const ANSWER: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };
