/** The way of a call with puppets for legs: no protocol, no media, a clock of its own. */
import assert from 'node:assert/strict';
import { ourRelease } from '../../src/call/call.ts';
import { DEFAULT_LIMITS } from '../../src/call/call-words.ts';
import { CAUSE } from '../../src/call/cause.ts';
import type { CallLeg, LegEffect } from '../../src/call/leg.ts';
import type { LegMediaEvent } from '../../src/call/media.ts';
import type { Offer, Release, Signal } from '../../src/call/signal.ts';
import { Admission } from '../../src/gateway/admission.ts';
import { BoundLeg } from '../../src/gateway/bound-leg.ts';
import { CallPath, type LegEars } from '../../src/gateway/call-path.ts';
import type { DialHop, Phones } from '../../src/gateway/dial-hop.ts';
import type { LiveCall, Notice } from '../../src/gateway/live-call.ts';
import { Reactor } from '../../src/gateway/reactor.ts';
import type { Router } from '../../src/gateway/router.ts';
import { Supervisor } from '../../src/gateway/supervise.ts';
import { type LogFields, silent } from '../../src/kernel/log.ts';
import type { Instant, WallTime } from '../../src/kernel/time.ts';
import type { Decision } from '../../src/routing/decision.ts';
import type { RoutingQuery, Source } from '../../src/routing/query.ts';
import type { CallRecord, StoreOp } from '../../src/store/words.ts';
import { DEMO, directoryOf, siteOf } from './sites.ts';

/** What a puppet hears: the signal it is to say, `open` for its media, `break` for a fault of ours. */
type Cue = Signal | 'open' | 'break';

/** A leg that does as it is told. */
export class PuppetLeg implements CallLeg<Cue, never> {
  readonly deadline = undefined;
  readonly told: string[] = [];
  /** How the call was refused or ended to it. */
  release: Release | undefined;

  tell(signal: Signal): readonly LegEffect<never>[] {
    if (signal.type === 'release') this.release = signal;
    this.told.push(signal.type === 'release' ? `release ${signal.cause}` : signal.type);
    return signal.type === 'release' ? [{ type: 'gone' }] : [];
  }

  hear(wire: Cue): readonly LegEffect<never>[] {
    if (wire === 'open') return [{ type: 'media', command: { type: 'open-rtp' } }];
    if (wire === 'break') throw new Error('a fault of ours');
    const say: LegEffect<never> = { type: 'say', signal: wire };
    return wire.type === 'release' ? [say, { type: 'gone' }] : [say];
  }

  media(_event: LegMediaEvent): readonly LegEffect<never>[] {
    return [];
  }

  wake(): readonly LegEffect<never>[] {
    return [];
  }
}

const directory = directoryOf(siteOf(DEMO));

const hops: Decision = {
  type: 'hops',
  hops: [
    {
      type: 'span-group',
      id: 'pstn',
      spans: ['t1'],
      hunting: 'ascending',
      called: { digits: '5551004', type: 'national', plan: 'isdn' },
      caller: undefined,
    },
  ],
  charged: undefined,
  emergency: false,
  stages: [],
  directoryRevision: 'r1',
  effects: [],
};

export const offer: Offer = {
  type: 'offer',
  called: { digits: '5551004', type: 'unknown', plan: 'isdn' },
  complete: true,
  caller: undefined,
  callerName: undefined,
  redirecting: [],
  bearer: { capability: 'speech', law: 'ulaw' },
  codecs: [],
  uri: undefined,
  origin: undefined,
};

/** A call path whose legs are puppets; every hop that it dials is in `called`, in order. */
export function world(
  options: {
    readonly calls?: number;
    readonly dialFails?: boolean;
    /** What becomes of each query; one span group when not given. */
    readonly decide?: (query: RoutingQuery) => Decision;
    /** Hops wait for room, until these are called. */
    readonly noRoom?: (() => void)[];
    readonly legNamed?: (replaces: string) => string | undefined;
    /** A router of the caller's own instead. */
    readonly router?: (reactor: Reactor) => Router;
    readonly phones?: Phones;
    readonly onDial?: (hop: DialHop, offer: Offer) => void;
    readonly onStage?: (stage: string, fields: LogFields) => void;
  } = {},
) {
  let now = 0;
  let armed: { readonly at: number; readonly ring: () => void } | undefined;
  const reactor = new Reactor(
    { now: () => now as Instant, wall: () => (1_000_000 + now) as WallTime },
    {
      set: (at, ring) => {
        armed = { at, ring };
      },
      clear: () => {
        armed = undefined;
      },
    },
    (error) => assert.fail(String(error)),
  );
  const supervisor = new Supervisor(silent);
  const written: StoreOp[] = [];
  const records: CallRecord[] = [];
  const stages: string[] = [];
  const abandoned: string[] = [];
  const fared: string[] = [];
  const media: string[] = [];
  const called: { readonly leg: PuppetLeg; readonly bound: BoundLeg<Cue, never> }[] = [];
  let ids = 0;
  const bind = (id: string, leg: PuppetLeg, ears: LegEars) =>
    new BoundLeg<Cue, never>(
      id,
      leg,
      {
        ...ears,
        wire: () => {},
        recovery: () => undefined,
        thread: () => undefined,
        abandon: () => abandoned.push(id),
      },
      reactor,
    );
  const path = new CallPath({
    reactor,
    log: silent,
    supervisor,
    router:
      options.router?.(reactor) ??
      ({
        decide: (query: RoutingQuery) => options.decide?.(query) ?? hops,
        follow: () => {},
        contactsOf: () => [],
        directory,
      } as unknown as Router),
    dial: (id, hop, dialled, ears) => {
      options.onDial?.(hop, dialled);
      if (options.dialFails) return ourRelease(CAUSE.noChannel);
      const leg = new PuppetLeg();
      const bound = bind(id, leg, ears);
      called.push({ leg, bound });
      return bound;
    },
    legNamed: (replaces) => options.legNamed?.(replaces),
    legMedia: () => {},
    callMedia: (command) => media.push(Object.values(command).join(' ')),
    persist: async (op) => {
      written.push(op);
    },
    limits: () => DEFAULT_LIMITS,
    admission: new Admission(
      () => ({ calls: options.calls ?? 10, callsPerUser: 10, callsThrough: () => undefined }),
      () => {},
    ),
    ledger: { answered: () => {}, ended: () => {} },
    newCallId: () => `call${++ids}`,
    onStage: (_call, stage, fields) => {
      stages.push(stage);
      options.onStage?.(stage, fields);
    },
    onThreads: () => {},
    onRecord: (record) => records.push(record),
    desk: { decided: () => {}, ended: () => {} },
    phones: options.phones ?? { contactsOf: () => [], phone: () => undefined },
    room: {
      wanted: (_live, _hop): _hop is never => options.noRoom !== undefined,
      make: async (_hop, then) => void options.noRoom?.push(then),
      withholds: () => false,
    },
    watch: {
      answered: () => fared.push('answered'),
      ended: (_hop, release, heard) => fared.push(`ended ${release.cause}${heard ? ' after an answer' : ''}`),
      heardStream: () => fared.push('stream'),
    },
  });
  const place = (source: Source = { type: 'user', id: '201' }, asked: Offer = offer, address?: string) => {
    const leg = new PuppetLeg();
    const bound = path.incoming(source, 'its own', (id, ears) => bind(id, leg, ears), address);
    bound.hear(asked);
    return { leg, bound };
  };
  /** The box itself calls. */
  const ownCall = (notice: Notice, of: LiveCall, leg: PuppetLeg) => ({
    leg,
    bound: path.own(notice, of, (id, ears) => bind(id, leg, ears)),
  });
  const pass = (time: number) => {
    now += time;
    for (let rings = 0; armed !== undefined && armed.at <= now; rings++) {
      assert.ok(rings < 100, 'the loop turns and turns');
      const { ring } = armed;
      armed = undefined;
      ring();
    }
  };
  /** Another leg of the same party puts itself in the place of `old`. */
  const instead = (old: string, source: Source) => {
    const leg = new PuppetLeg();
    const bound = path.instead(old, source, (id, ears) => bind(id, leg, ears), '192.0.2.9');
    bound?.hear(offer);
    return bound === undefined ? undefined : { leg, bound };
  };
  return {
    path,
    place,
    ownCall,
    instead,
    called,
    written,
    records,
    stages,
    abandoned,
    fared,
    media,
    supervisor,
    pass,
    due: () => armed?.at,
  };
}
