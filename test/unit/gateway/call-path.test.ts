import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS, ourRelease } from '../../../src/call/call.ts';
import { CAUSE } from '../../../src/call/cause.ts';
import type { CallLeg, LegEffect } from '../../../src/call/leg.ts';
import type { LegMediaEvent } from '../../../src/call/media.ts';
import type { Offer, Signal } from '../../../src/call/signal.ts';
import { Admission } from '../../../src/gateway/admission.ts';
import { BoundLeg } from '../../../src/gateway/bound-leg.ts';
import { CallPath, type LegEars } from '../../../src/gateway/call-path.ts';
import { Reactor } from '../../../src/gateway/reactor.ts';
import type { Router } from '../../../src/gateway/router.ts';
import { Supervisor } from '../../../src/gateway/supervise.ts';
import { silent } from '../../../src/kernel/log.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import type { Decision } from '../../../src/routing/decision.ts';
import type { CallRecord, StoreOp } from '../../../src/store/words.ts';
import { DEMO, directoryOf, siteOf } from '../../support/sites.ts';

/** What a puppet hears: the signal it is to say, `open` for its media, `break` for a fault of ours. */
type Cue = Signal | 'open' | 'break';

/** A leg that does as it is told. */
class PuppetLeg implements CallLeg<Cue, never> {
  readonly deadline = undefined;
  readonly told: string[] = [];

  tell(signal: Signal): readonly LegEffect<never>[] {
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
  emergency: false,
  stages: [],
  directoryRevision: 'r1',
  effects: [],
};

const offer: Offer = {
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

function world(options: { readonly calls?: number; readonly dialFails?: boolean } = {}) {
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
    router: { decide: () => hops, follow: () => {}, contactsOf: () => [], directory } as unknown as Router,
    dial: (id, _hop, _offer, ears) => {
      if (options.dialFails) return ourRelease(CAUSE.noChannel);
      const leg = new PuppetLeg();
      const bound = bind(id, leg, ears);
      called.push({ leg, bound });
      return bound;
    },
    legMedia: () => {},
    callMedia: () => {},
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
    onStage: (_call, stage) => stages.push(stage),
    onThreads: () => {},
    onRecord: (record) => records.push(record),
    desk: { decided: () => {}, ended: () => {} },
    phones: { contactsOf: () => [], phone: () => undefined },
    room: { wanted: (_live, _hop): _hop is never => false, make: async () => {}, withholds: () => false },
    watch: {
      answered: () => fared.push('answered'),
      ended: (_hop, release, heard) => fared.push(`ended ${release.cause}${heard ? ' after an answer' : ''}`),
      heardStream: () => fared.push('stream'),
    },
  });
  const place = () => {
    const leg = new PuppetLeg();
    const bound = path.incoming({ type: 'user', id: '201' }, 'its own', (id, ears) => bind(id, leg, ears));
    bound.hear(offer);
    return { leg, bound };
  };
  const pass = (time: number) => {
    now += time;
    for (let rings = 0; armed !== undefined && armed.at <= now; rings++) {
      assert.ok(rings < 100, 'the loop turns and turns');
      const { ring } = armed;
      armed = undefined;
      ring();
    }
  };
  return { path, place, called, written, records, stages, abandoned, fared, supervisor, pass, due: () => armed?.at };
}

const answer: Signal = { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined };
const settled = () => new Promise((done) => setImmediate(done));

test('the eleven stages come in their order, and the record is published only once it is durable', async () => {
  const w = world();
  const a = w.place();
  w.called[0]?.bound.hear({ type: 'alert', inBand: false });
  w.called[0]?.bound.hear(answer);
  a.bound.hear(ourRelease(CAUSE.normalClearing));
  assert.equal(w.stages.at(-1), 'record');
  await settled();
  assert.deepEqual(w.stages, [
    'heardSetup',
    'normalise',
    'admit',
    'route',
    'dial',
    'progress',
    'answer',
    'talk',
    'release',
    'record',
    'publish',
  ]);
  assert.deepEqual(
    w.records.map(({ cause, releasedBy, hops }) => [cause, releasedBy, hops]),
    [[16, 'caller', ['span-group pstn']]],
  );
  assert.equal(w.path.live.size, 0);
});

test('a fault in one leg ends its call with cause 41 at every party, and leaves the next call alone', async () => {
  const w = world();
  const broken = w.place();
  const healthy = w.place();
  const [first, second] = w.called;
  assert.ok(first !== undefined && second !== undefined);
  first.bound.hear(answer);
  second.bound.hear(answer);
  first.bound.hear('break');
  await settled();
  assert.equal(w.supervisor.faults, 1);
  assert.deepEqual(w.abandoned, [first.bound.id]);
  assert.equal(broken.leg.told.at(-1), 'release 41');
  assert.deepEqual(
    w.records.map(({ cause }) => cause),
    [41],
  );
  assert.equal(healthy.leg.told.at(-1), 'answer');
  assert.equal(w.path.live.size, 1);
});

test('a box that is full refuses with cause 42 and leaves no call behind', async () => {
  const w = world({ calls: 1 });
  w.place();
  const refused = w.place();
  await settled();
  assert.equal(refused.leg.told.at(-1), 'release 42');
  assert.equal(w.path.live.size, 1);
});

test('a hop that can not even be dialled ends the call like one that refused', async () => {
  const w = world({ dialFails: true });
  const { leg } = w.place();
  await settled();
  assert.equal(leg.told.at(-1), 'release 34');
  assert.equal(w.path.live.size, 0);
});

test('a call whose streams never say their last gets its record all the same, and is not woken any more', async () => {
  const w = world();
  const a = w.place();
  a.bound.hear('open');
  w.called[0]?.bound.hear(answer);
  a.bound.hear(ourRelease(CAUSE.normalClearing));
  assert.equal(w.path.live.size, 1);
  w.pass(2_000);
  await settled();
  assert.equal(w.path.live.size, 0);
  assert.equal(w.records.length, 1);
  assert.equal(w.due(), undefined);
});

test('how a hop fares is told once: its first answer, or an end that nothing came before', () => {
  const w = world();
  const a = w.place();
  w.called[0]?.bound.hear({ type: 'alert', inBand: false });
  w.called[0]?.bound.hear(answer);
  a.bound.hear(ourRelease(CAUSE.normalClearing));
  assert.deepEqual(w.fared, ['answered']);
  w.place();
  w.called[1]?.bound.hear(ourRelease(CAUSE.timerExpiry));
  assert.deepEqual(w.fared.splice(1), ['ended 102']);
  const failing = world({ dialFails: true });
  failing.place();
  assert.deepEqual(failing.fared, ['ended 34']);
});
