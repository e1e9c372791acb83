/**
 * A whole branch in one process and from one seed: the real gateway, its simulated carrier and SIP phones made of the real stack,
 * on a clock that jumps from event to event. Only sockets, threads and disks are replaced.
 */
import { createHash } from 'node:crypto';
import { ourRelease } from '../../src/call/call.ts';
import { type Cause, causeOf } from '../../src/call/cause.ts';
import type { LegMediaCommand } from '../../src/call/media.ts';
import type { Offer, Signal } from '../../src/call/signal.ts';
import { compileDirectory } from '../../src/config/compile.ts';
import { indexDirectory } from '../../src/config/directory-file.ts';
import { channelsOf } from '../../src/config/line.ts';
import type { Site } from '../../src/config/schema.ts';
import { BoundLeg } from '../../src/gateway/bound-leg.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { type Alarm, Reactor } from '../../src/gateway/reactor.ts';
import { SipEdge, type SipUser } from '../../src/gateway/sip-edge.ts';
import { startGateway } from '../../src/gateway/start.ts';
import { Supervisor } from '../../src/gateway/supervise.ts';
import type { World } from '../../src/gateway/world.ts';
import { type Log, silent } from '../../src/kernel/log.ts';
import { type Random, seeded } from '../../src/kernel/random.ts';
import { fail, ok } from '../../src/kernel/result.ts';
import { type Instant, ms, seconds, type WallTime } from '../../src/kernel/time.ts';
import { SipLeg } from '../../src/leg/sip-leg.ts';
import type { SipIn, SipOut } from '../../src/leg/sip-leg-words.ts';
import type { MediaPlane, MediaPlaneEvent } from '../../src/media/plane.ts';
import type { SipTransport } from '../../src/net/words.ts';
import { DigestClient } from '../../src/sip/digest/client.ts';
import type { Hash, HashName } from '../../src/sip/digest/response.ts';
import type { Endpoint, Flow } from '../../src/sip/message/flow.ts';
import { TransactionLayer } from '../../src/sip/transaction/layer.ts';
import { openVirtualSpan, type VirtualSpan } from '../../src/span/virtual/span.ts';
import type { Store } from '../../src/store/store.ts';
import type { CallRecord } from '../../src/store/words.ts';
import { Agenda, type Due } from './agenda.ts';

const HASHES: Readonly<Record<HashName, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };
const hash: Hash = (name, octets) => createHash(HASHES[name]).update(octets).digest('hex');

const GATEWAY: Endpoint = { address: '127.0.0.1', port: 5060 };

/** Share of datagrams that never arrive, and the longest that one takes, in milliseconds. */
export interface NetworkFaults {
  readonly loss: number;
  readonly delay: number;
}

export class Simulation {
  readonly agenda = new Agenda();
  readonly random: ReturnType<typeof seeded>;
  readonly clock = { now: () => this.agenda.now as Instant, wall: () => (1e12 + this.agenda.now) as WallTime };
  readonly records: CallRecord[] = [];
  readonly stages: string[] = [];
  readonly endpoints = new Set<string>();
  readonly phones = new Map<string, SimulatedPhone>();
  readonly spans: VirtualSpan[] = [];
  readonly #ports = new Map<number, (octets: Uint8Array, from: Endpoint) => void>();
  readonly #faults: NetworkFaults;
  /** Announcements that can't be played, as the world tells of them. */
  unplayable: readonly string[] = [];
  #gateway: Gateway | undefined;

  constructor(seed: number, faults: NetworkFaults) {
    this.random = seeded(seed);
    this.#faults = faults;
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('the simulation is not started');
    return this.#gateway;
  }

  /** A whole number from `from` to `to`. */
  pick(from: number, to: number): number {
    return from + Math.floor(this.random.next() * (to - from + 1));
  }

  choose<T>(list: readonly T[]): T {
    const one = list[this.pick(0, list.length - 1)];
    if (one === undefined) throw new Error('nothing to choose from');
    return one;
  }

  alarm(): Alarm {
    let due: Due | undefined;
    const clear = (): void => {
      if (due !== undefined) this.agenda.drop(due);
      due = undefined;
    };
    return {
      clear,
      set: (at, ring) => {
        clear();
        due = this.agenda.at(at, () => {
          due = undefined;
          ring();
        });
      },
    };
  }

  /** A datagram goes its way, or is lost. */
  send(from: Endpoint, to: Endpoint, octets: Uint8Array): void {
    if (this.random.next() < this.#faults.loss) return;
    this.agenda.at(this.agenda.now + this.random.next() * this.#faults.delay, () =>
      this.#ports.get(to.port)?.(octets, from),
    );
  }

  listen(port: number, hear: (octets: Uint8Array, from: Endpoint) => void): void {
    this.#ports.set(port, hear);
  }

  /** Every user has one phone, registered from the start. */
  async start(site: Site): Promise<void> {
    for (const [i, { id, password }] of site.users.entries()) {
      this.phones.set(id, new SimulatedPhone(this, id, password ?? '', site.site.domain, 6000 + i));
    }
    const started = await startGateway(site, this.#world(site), {
      stage: (_call, stage) => this.stages.push(stage),
      record: (record) => this.records.push(record),
    });
    if (!started.ok) throw new Error(started.error);
    this.#gateway = started.value;
  }

  #world(site: Site): World {
    const log: Log = silent;
    return {
      clock: this.clock,
      alarm: this.alarm(),
      random: this.random,
      log,
      hash,
      sign: (octets) => createHash('sha256').update('key').update(octets).digest('hex'),
      openStore: async () => ok(this.#store(site)),
      directory: async (of) => {
        const built = indexDirectory(compileDirectory(of));
        return built.ok ? built : fail(built.error.join('; '));
      },
      startMedia: async (_site, onEvent) => this.#media(onEvent),
      tls: async () => ok(undefined),
      recordings: async () => ({ recordings: new Map(), faults: this.unplayable }),
      openTransport: async (_setup, hear) => {
        this.listen(GATEWAY.port, (octets, remote) =>
          hear.message(octets, { transport: 'udp', local: GATEWAY, remote }),
        );
        return ok(this.#transport());
      },
      openSpan: async (span, loop, media, hear) => {
        if (span.driver !== 'virtual' || !('carrier' in span.far)) throw new Error('only simulated carriers');
        const { level, clearingCause, holdSeconds } = span.far.carrier;
        const opened = await openVirtualSpan(
          {
            id: span.id,
            far: {
              type: 'carrier',
              settings: { level, clearingCause, hold: seconds(holdSeconds) },
              side: 'network',
              variant: span.variant,
              slots: channelsOf(span),
            },
            knobs: { ...span.knobs, delay: ms(span.knobs.delay) },
            alarms: [],
          },
          { loop, random: this.random, onEvent: hear, onFar: (slot, audio) => media.far(span.id, slot, audio) },
        );
        this.spans.push(opened);
        return ok(opened);
      },
      logLevel: () => {},
      locate: async (uri) => fail(`nothing is looked up here: ${uri}`),
      naptr: async (domain) => fail(`nothing is looked up here: ${domain}`),
    };
  }

  #transport(): SipTransport {
    return {
      listening: [{ transport: 'udp', ...GATEWAY }],
      connections: 0,
      send: async (to, octets) => {
        const remote = 'remote' in to ? to.remote : to;
        this.send(GATEWAY, remote, octets);
        return ok({ transport: 'udp', local: GATEWAY, remote });
      },
      ping: () => {},
      proves: () => false,
      become: async () => undefined,
      close: async () => {},
    } as SipTransport;
  }

  #store(site: Site): Store {
    const bindings = [...this.phones.values()].map((phone) => ({
      aor: `sip:${phone.user}@${site.site.domain}`,
      key: phone.contact,
      contact: phone.contact,
      path: [],
      instance: undefined,
      regId: undefined,
      callId: phone.user,
      cseq: 1,
      q: 1,
      userAgent: undefined,
      flow: { transport: 'udp', local: GATEWAY, remote: phone.place },
      expires: (1e12 + 86_400_000) as WallTime,
      left: seconds(86_400),
    }));
    return {
      start: {
        bindings,
        calls: [],
        cursors: new Map(),
        spent: new Map(),
        elins: [],
        lineBins: [],
        stream: 'simulated',
        setAside: undefined,
      },
      persist: async () => {},
      recentCalls: () => [],
      callRecord: () => undefined,
      outbox: () => [],
      stats: () => ({ waiting: 0, committed: 0, failed: 0, commits: 0, slowest: 0, trouble: undefined }),
      close: async () => {},
    };
  }

  /** Endpoints open and close after a moment; no sound is made. */
  #media(onEvent: (event: MediaPlaneEvent) => void): MediaPlane {
    let port = 60_000;
    const soon = (event: MediaPlaneEvent): void => void this.agenda.at(this.agenda.now + 1, () => onEvent(event));
    return {
      leg: (leg, command) => {
        if (command.type.startsWith('open-')) this.endpoints.add(leg);
        if (command.type === 'open-recording') {
          soon({ type: 'leg', leg, event: { type: 'ready', address: command.recording, port: 0 } });
          // Every recording lasts so long.
          this.agenda.at(this.agenda.now + RECORDING, () => {
            if (this.endpoints.has(leg)) onEvent({ type: 'leg', leg, event: { type: 'played' } });
          });
        }
        if (command.type === 'open-rtp') {
          port = port >= 64_000 ? 60_000 : port + 2;
          soon({ type: 'leg', leg, event: { type: 'ready', address: '127.0.0.1', port } });
        }
        if (command.type === 'close' && this.endpoints.delete(leg)) soon({ type: 'closed', leg, stats: NO_STATS });
      },
      call: () => {},
      recordings: () => {},
      far: () => {},
      frame: () => {},
      attach: () => {},
      hear: () => {},
      loop: () => {},
      reference: () => {},
      bert: async () => ({ taken: [], slots: [] }),
      span: () => undefined,
      addSpan: async () => ok(undefined),
      removeSpan: async () => {},
      stats: () => {
        throw new Error('not asked for in a simulation');
      },
      stream: async () => undefined,
      stop: async () => {},
    } as MediaPlane;
  }
}

const RECORDING = 3000;

const NO_STATS = {
  sent: 0,
  received: 0,
  lost: 0,
  late: 0,
  concealed: 0,
  jitter: 0,
  roundTrip: undefined,
  slips: 0,
};

/** How a phone's owner treats a call that comes in. */
export type Manners =
  | { readonly type: 'answer'; readonly after: number; readonly talk: number }
  | { readonly type: 'refuse'; readonly cause: number }
  | { readonly type: 'ignore' };

/** A phone made of the same SIP stack as the gateway, with its own transactions and its own clockwork. */
export class SimulatedPhone {
  readonly user: string;
  readonly place: Endpoint;
  readonly contact: string;
  /** Asked for each call that comes in. */
  manners: () => Manners = () => ({ type: 'ignore' });
  /** Calls that have neither ended nor been given up. */
  calls = 0;
  readonly #simulation: Simulation;
  readonly #reactor: Reactor;
  readonly #edge: SipEdge;
  readonly #supervisor = new Supervisor(silent);
  readonly #digest: DigestClient;
  readonly #domain: string;
  readonly #flow: Flow;
  #legs = 0;

  constructor(simulation: Simulation, user: string, password: string, domain: string, port: number) {
    this.#simulation = simulation;
    this.user = user;
    this.#domain = domain;
    this.place = { address: '127.0.0.1', port };
    this.contact = `sip:${user}@127.0.0.1:${port}`;
    this.#flow = { transport: 'udp', local: this.place, remote: GATEWAY };
    const random: Random = simulation.random;
    this.#digest = new DigestClient(hash, random, () => ({ username: user, secret: { type: 'password', password } }));
    this.#reactor = new Reactor(simulation.clock, simulation.alarm(), (error) => {
      throw error;
    });
    this.#edge = new SipEdge({
      layer: new TransactionLayer({
        random,
        maxServerTransactions: 1000,
        sentBy: () => ({ host: '127.0.0.1', port }),
      }),
      reactor: this.#reactor,
      log: silent,
      send: async (octets) => {
        simulation.send(this.place, GATEWAY, octets);
        return ok(undefined);
      },
      resolve: async () => fail('not looked up'),
      onRequest: (transaction, request) => {
        if (request.method !== 'INVITE') return this.#edge.respond(transaction, request, 481);
        const leg = this.#leg({ answering: this.manners() });
        this.#edge.take(transaction, this.#userOf(leg));
        leg.hear({ type: 'request', transaction, request });
      },
      admits: () => true,
      onMessage: () => {},
    });
    simulation.listen(port, (octets, remote) =>
      this.#reactor.run(() => this.#edge.receive(octets, { transport: 'udp', local: this.place, remote })),
    );
  }

  /** Faults of ours that this phone's copy of the stack has shown. */
  get faults(): number {
    return this.#supervisor.faults;
  }

  get load(): SipEdge['load'] {
    return this.#edge.load;
  }

  /** Calls a number; after `patience` it gives up, after `talk` of conversation it hangs up. */
  call(digits: string, patience: number, talk: number): void {
    const leg = this.#leg({ patience, talk, uri: `sip:${digits}@${this.#domain}` });
    const offer: Offer = {
      type: 'offer',
      called: { digits, type: 'unknown', plan: 'unknown' },
      complete: true,
      caller: {
        digits: this.user,
        type: 'unknown',
        plan: 'unknown',
        presentation: 'allowed',
        screening: 'not-screened',
      },
      callerName: undefined,
      redirecting: [],
      bearer: { capability: 'speech', law: 'ulaw' },
      codecs: ['PCMU'],
      uri: undefined,
      origin: undefined,
    };
    this.#reactor.run(() => leg.tell(offer));
  }

  #userOf(leg: BoundLeg<SipIn, SipOut>): SipUser {
    return { hear: (wire) => this.#reactor.run(() => leg.hear(wire)), flow: this.#flow };
  }

  #leg(habit: {
    readonly answering?: Manners;
    readonly patience?: number;
    readonly talk?: number;
    readonly uri?: string;
  }): BoundLeg<SipIn, SipOut> {
    const { agenda, random } = this.#simulation;
    const id = `${this.user}-${++this.#legs}`;
    const leg = new SipLeg({
      id,
      random,
      digest: this.#digest,
      side: {
        domain: this.#domain,
        contact: this.contact,
        userAgent: 'simulated',
        codecs: ['PCMU', 'PCMA'],
        packetTime: 20,
        reliable: 'supported',
        sessionTimer: undefined,
        trusted: false,
      },
      destination: { uri: habit.uri, domain: this.#domain, routes: [] },
    });
    let joined: { readonly callId: string; readonly localTag: string } | undefined;
    let talking = false;
    const later = (wait: number, act: () => void): void =>
      void agenda.at(agenda.now + wait, () => this.#reactor.run(act));
    const hangUp = (): void => bound.tell(ourRelease(causeOf(16)));
    const hear = (signal: Signal): void => {
      if (signal.type === 'answer') {
        talking = true;
        later(habit.talk ?? 1000, hangUp);
      }
      if (signal.type === 'offer') this.#obey(habit.answering ?? { type: 'ignore' }, bound, later, hangUp);
    };
    this.calls++;
    const bound: BoundLeg<SipIn, SipOut> = new BoundLeg(
      id,
      leg,
      {
        supervisor: this.#supervisor,
        say: (signal) => this.#reactor.run(() => hear(signal)),
        wire: (out) => {
          if (joined === undefined && leg.key !== undefined) {
            joined = leg.key;
            this.#edge.join(joined.callId, joined.localTag, this.#userOf(bound));
          }
          this.#edge.say(out, this.#userOf(bound));
        },
        media: (command: LegMediaCommand) => {
          if (command.type !== 'open-rtp') return;
          later(1, () => bound.media({ type: 'ready', address: '127.0.0.1', port: 40_000 }));
        },
        gone: () => {
          this.calls--;
          if (joined !== undefined) this.#edge.leave(joined.callId, joined.localTag);
        },
        recovery: () => undefined,
        thread: () => undefined,
        abandon: () => {},
      },
      this.#reactor,
    );
    if (habit.patience !== undefined) {
      later(habit.patience, () => {
        if (!talking) hangUp();
      });
    }
    return bound;
  }

  #obey(
    manners: Manners,
    leg: BoundLeg<SipIn, SipOut>,
    later: (wait: number, act: () => void) => void,
    hangUp: () => void,
  ): void {
    switch (manners.type) {
      case 'refuse':
        leg.tell(ourRelease(manners.cause as Cause));
        break;
      case 'answer':
        leg.tell({ type: 'alert', inBand: false });
        later(manners.after, () => {
          leg.tell({ type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined });
          later(manners.talk, hangUp);
        });
        break;
      case 'ignore':
        leg.tell({ type: 'alert', inBand: false });
        break;
    }
  }
}
