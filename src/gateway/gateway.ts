/**
 * The gateway put together: every part is made here from the configuration and what `main.ts` hands in, and joined to the
 * others. `start.ts` starts things in the order in which they need each other; here they stop in the reverse.
 */
import { DEFAULT_LIMITS } from '../call/call-words.ts';
import { CAUSE } from '../call/cause.ts';
import { Recorder } from '../capture/recorder.ts';
import { realmOf } from '../config/compile.ts';
import { signallingsOf } from '../config/line.ts';
import { compilePattern } from '../config/pattern.ts';
import type { SipTrunkSetting, Site } from '../config/schema.ts';
import { impossible } from '../kernel/machine.ts';
import { token } from '../kernel/random.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import { seconds } from '../kernel/time.ts';
import { CONTENT_TYPES, EXTENSIONS, METHODS } from '../leg/sip-leg-kit.ts';
import type { MediaPlane, MediaPlaneEvent } from '../media/plane.ts';
import { type SipTransport, sameTls, type TlsSetup } from '../net/words.ts';
import type { Directory } from '../routing/directory.ts';
import type { Spent } from '../routing/permissions.ts';
import { DigestServer } from '../sip/digest/server.ts';
import type { Flow, Target } from '../sip/message/flow.ts';
import type { StoredBinding } from '../sip/registrar/binding.ts';
import { Registrar } from '../sip/registrar/registrar.ts';
import { TransactionLayer } from '../sip/transaction/layer.ts';
import type { Store } from '../store/store.ts';
import type { StoreOp } from '../store/words.ts';
import { type GatewayFacts, type Health, judgeHealth } from '../telemetry/health.ts';
import { Admission } from './admission.ts';
import { announcementLeg, noticeLeg } from './announcement.ts';
import { CallPath } from './call-path.ts';
import { cutOff } from './cut-off.ts';
import { Dispatch } from './dispatch.ts';
import { EmergencyDesk } from './emergency-desk.ts';
import { FloodGate } from './flood-gate.ts';
import { GatewayWatch } from './gateway-watch.ts';
import { Ledger } from './ledger.ts';
import { admissionOf, floodLimits, fullGateways, peerSetting, registrarSetup } from './limits.ts';
import { LineBooks } from './line-books.ts';
import { LongRequests } from './long-requests.ts';
import { ownPlace } from './own-place.ts';
import { waitUntil } from './patience.ts';
import { PeerWatch } from './peer-watch.ts';
import { probe } from './probe.ts';
import { QuotaWatch } from './quota-watch.ts';
import type { Reactor } from './reactor.ts';
import { closeRecords, endDialogs, q931Records, recoveriesOf } from './recovery.ts';
import { Registration } from './registration.ts';
import { RoomMaker } from './room-maker.ts';
import { Router } from './router.ts';
import { peerUri, SipCalls } from './sip-calls.ts';
import { SipEdge } from './sip-edge.ts';
import { Spans } from './spans.ts';
import type { Supervisor } from './supervise.ts';
import { Tracer } from './tracer.ts';
import { type KnownTrunk, trunkOf } from './trunk-identity.ts';
import { type Listeners, listenFault, type World } from './world.ts';

/** Requests worked on at once; more is more than a box of this size can mean. */
const MAX_SERVER_TRANSACTIONS = 20_000;

/** Octets of a capture: a busy hour of eight D-channels is some 10 MB. */
const MOST_CAPTURED = 16 * 1024 * 1024;

/** Option tags that may be required of us: those of a call, RFC 3327, 5626. */
const ALL_EXTENSIONS = [...EXTENSIONS, 'path', 'outbound'] as const;

/** How long calls may take to end in order when the box stops. */
const GOODBYE = seconds(3);

/** What has been started already when the parts are joined. */
export interface Started {
  readonly reactor: Reactor;
  readonly supervisor: Supervisor;
  readonly store: Store;
  readonly directory: Directory;
  readonly transport: SipTransport;
  readonly media: MediaPlane;
  readonly tls: TlsSetup | undefined;
}

export class Gateway {
  readonly reactor: Reactor;
  readonly supervisor: Supervisor;
  readonly store: Store;
  readonly transport: SipTransport;
  readonly media: MediaPlane;
  readonly registration: Registration;
  readonly router: Router;
  readonly watch: GatewayWatch;
  readonly peers: PeerWatch;
  readonly desk: EmergencyDesk;
  readonly spans: Spans;
  readonly edge: SipEdge;
  readonly path: CallPath;
  readonly flood: FloodGate;
  readonly admission = new Admission(
    () => admissionOf(this.#site),
    (id) => this.watch.called(id),
  );
  readonly tracer: Tracer;
  /** What crosses the D-channels, while somebody wants it. */
  readonly recorder = new Recorder(MOST_CAPTURED);
  readonly #registrar: Registrar;
  readonly #world: World;
  #site: Site;
  #mediaAlive = true;
  #stopping = false;
  /** What our TLS shows and trusts, and what it did before the last change. */
  #tls: TlsSetup | undefined;
  #formerTls: TlsSetup | undefined;

  /** Joins the parts; `begin` sets them going. */
  constructor(site: Site, world: World, listeners: Listeners, started: Started) {
    const { clock, log, random, hash } = world;
    const { reactor, store } = started;
    const persist = store.persist.bind(store);
    this.#site = site;
    this.#world = world;
    this.reactor = reactor;
    this.supervisor = started.supervisor;
    this.store = store;
    this.transport = started.transport;
    this.media = started.media;
    this.#tls = started.tls;
    this.tracer = new Tracer(clock);
    this.#registrar = new Registrar(registrarSetup(site));
    this.#registrar.load(store.start.bindings as readonly StoredBinding[], clock.now());
    this.registration = new Registration({
      registrar: this.#registrar,
      reactor,
      random,
      log,
      persist,
      directory: () => this.router.directory,
    });
    const quietly = (op: StoreOp): void =>
      void persist(op).catch(() => log.error({ op: op.type }, 'store.not-written'));
    this.spans = new Spans({
      reactor,
      log,
      books: new LineBooks(store.start, quietly),
      follow: (span) => this.media.reference(span),
      onFrame: (span, direction, frame) => this.recorder.frame(span, direction, frame, clock.now()),
      open: (span, hear) => world.openSpan(span, reactor, this.media, hear),
      path: () => this.path,
      onMessage: (span, direction, octets, at) => this.tracer.q931(span, direction, octets, at),
    });
    this.watch = new GatewayWatch({
      reactor,
      log,
      up: (id) => this.#trunkSetting(id) !== undefined || this.spans.up(id),
      probe: (id, done) => this.#probe(id, done),
    });
    this.#configureWatch(site);
    this.peers = new PeerWatch({ reactor, log, probe: (id, done) => this.#probe(id, done) });
    const today = (): string => this.router.directory.siteClock(clock.wall()).date;
    const quotas = new QuotaWatch({
      reactor,
      spent: () => ledger.spent,
      quotaOf: (user) => this.router.directory.userById(user)?.outward?.quota,
      today,
      end: (call) => this.path.cutOff(call, 'quota', CAUSE.normalClearing),
    });
    const ledger: Ledger = new Ledger({
      start: store.start.spent as ReadonlyMap<string, Spent>,
      persist: quietly,
      today,
      watch: quotas,
    });
    this.router = new Router({
      reactor,
      directory: started.directory,
      cursors: store.start.cursors,
      contactsOf: (aor) => this.registration.contactsOf(aor),
      registered: () => this.registration.online,
      unavailable: () =>
        new Map([...fullGateways(this.#site, this.admission), ...this.watch.throttled, ...this.spans.unavailable]),
      standing: () => this.watch.standing,
      callsNow: () => this.admission.callsNow,
      spent: () => ledger.spent,
      elins: () => this.desk.elins,
      wan: () => this.peers.wanUp,
      naptr: (domain) => world.naptr(domain),
      compile: compilePattern,
      persist: quietly,
    });
    this.flood = new FloodGate({
      log,
      now: () => clock.now(),
      limits: floodLimits(site),
      isPeer: (flow) => this.#trunkAt(flow) !== undefined,
      hasCalls: (address) => this.admission.callsFrom(address),
      isEmergency: (uri, address) => dispatch.isEmergency(uri, address),
    });
    this.edge = new SipEdge({
      layer: new TransactionLayer({
        random,
        maxServerTransactions: MAX_SERVER_TRANSACTIONS,
        sentBy: (to) => this.#sentBy(to),
      }),
      reactor,
      log,
      send: (octets, to) => this.transport.send(to, octets),
      resolve: (uri) => world.locate(uri),
      long: new LongRequests(
        () => clock.now(),
        () => ownPlace(this.transport.listening, { transport: 'tcp', address: '' }) !== undefined,
      ),
      admits: (octets, flow) => this.flood.admits(octets, flow),
      onRequest: (transaction, request, flow, merged) => {
        // Nothing begins that we could not end any more.
        const late = this.#stopping && request.method !== 'OPTIONS';
        if (!late) return dispatch.request(transaction, request, flow, merged);
        const parts = { toTag: token(random, 6), headers: [['Retry-After', '10'] as const] };
        this.edge.respond(transaction, request, 503, parts, 'refuser');
      },
      onMessage: (direction, message, remote) => this.tracer.sip(direction, message, remote),
    });
    const sipCalls = new SipCalls({
      reactor,
      random,
      hash,
      site: () => this.#site,
      edge: () => this.edge,
      path: () => this.path,
      ownPlace: (towards) => ownPlace(this.transport.listening, towards),
    });
    this.desk = new EmergencyDesk({
      clock,
      log,
      random,
      start: store.start.elins,
      persist: quietly,
      directory: () => this.router.directory,
      contactsOf: (aor) => this.registration.contactsOf(aor),
      phoneOf: (leg) => sipCalls.phoneOf(leg),
      edge: () => this.edge,
      site: () => this.#site,
      // Only after the emergency call itself has been dialled.
      call: (notice, of, offer, announcement) =>
        reactor.run(() =>
          this.path.own(notice, of, (id, ears) => noticeLeg(id, offer, announcement, ears, reactor)).hear('begin'),
        ),
    });
    const dispatch = new Dispatch({
      reactor,
      log,
      random,
      digest: new DigestServer({ realm: () => realmOf(this.#site), hash, sign: world.sign, random }),
      registration: this.registration,
      directory: () => this.router.directory,
      capabilities: { methods: [...METHODS, 'REGISTER'], extensions: ALL_EXTENSIONS, contentTypes: CONTENT_TYPES },
      algorithms: () => this.#site.sip.digest,
      trunkAt: (flow) => this.#trunkAt(flow),
      digestFailed: (flow, answered) => this.flood.digestFailed(flow, answered),
      unfit: () => this.unfit(),
      respond: (transaction, request, status, parts) =>
        this.edge.respond(transaction, request, status, parts, 'refuser'),
      answer: (transaction, response) => this.edge.answer(transaction, response),
      invite: (transaction, request, flow, source) => sipCalls.invite(transaction, request, flow, source),
    });
    this.path = new CallPath({
      reactor,
      log,
      supervisor: this.supervisor,
      router: this.router,
      dial: (leg, hop, offer, ears) => {
        switch (hop.type) {
          case 'span-group':
            return this.spans.dial(leg, hop, offer, ears);
          case 'sip-trunk':
            return sipCalls.trunk(leg, hop, offer, ears);
          case 'contact':
            return sipCalls.contact(leg, hop, offer, ears);
          case 'announcement':
            return announcementLeg(leg, hop, offer, ears, reactor);
          default:
            return impossible(hop);
        }
      },
      legMedia: (leg, command) => this.media.leg(leg, command),
      callMedia: (command) => this.media.call(command),
      persist,
      limits: () => ({ ...DEFAULT_LIMITS, duration: seconds(this.#site.limits.callSeconds) }),
      legNamed: (replaces) => sipCalls.legNamed(replaces)?.leg,
      admission: this.admission,
      newCallId: () => token(random, 8),
      onStage: (call, stage, fields) => {
        this.tracer.stage(call, stage, fields);
        listeners.stage(call, stage, fields);
      },
      onThreads: (call, threads) => this.tracer.join(call, threads),
      onRecord: (record) => listeners.record(record),
      ledger,
      desk: this.desk,
      phones: { contactsOf: (aor) => this.registration.contactsOf(aor), phone: (elin) => this.desk.phone(elin) },
      room: new RoomMaker({
        reactor,
        log,
        path: () => this.path,
        spans: this.spans,
        order: () => this.#site.emergency.makeRoom,
      }),
      watch: this.watch,
    });
  }

  get site(): Site {
    return this.#site;
  }

  /** Closes what a crash left open, then opens the spans. */
  async begin(): Promise<Result<void, string>> {
    const { start } = this.store;
    const left = recoveriesOf(start.calls);
    this.reactor.run(() => endDialogs(left, this.edge));
    this.reactor.run(() => this.peers.configure(peerSetting(this.#site)));
    closeRecords(start.calls, this.store, this.#world);
    this.spans.regroup(this.#site.spanGroups);
    for (const signalling of signallingsOf(this.#site)) {
      const records = signalling.members.flatMap(({ span }) => q931Records(left, span.id));
      const opened = await this.spans.add(signalling, records);
      if (!opened.ok) return opened;
    }
    return ok(undefined);
  }

  mediaEvent(event: MediaPlaneEvent): void {
    switch (event.type) {
      case 'leg':
        cutOff(this.path, event.leg, event.event, this.#site.limits, this.#world.clock.now());
        return this.path.legOf(event.leg)?.media(event.event);
      case 'closed':
        return this.path.streamClosed(event.leg, event.stats);
      case 'failed':
        this.#mediaAlive = false;
        for (const call of [...this.path.live.keys()]) this.path.end(call, CAUSE.temporaryFailure);
        return;
      default:
        return impossible(event);
    }
  }

  /** The ways out of the enterprise, and which of them can carry no call now. */
  get waysOut(): readonly GatewayFacts[] {
    const out = new Map([...this.watch.throttled, ...this.peers.silent]);
    return [
      ...this.#site.spanGroups.map(({ id }) => {
        const up = this.spans.up(id);
        return { id, up, why: up ? undefined : this.spans.unfit(id) };
      }),
      ...this.#site.sipTrunks.map(({ id }) => ({ id, up: !out.has(id), why: out.get(id) })),
    ];
  }

  /** A connection is gone. Those that we close ourselves when we stop say nothing of their phones, whose bindings survive. */
  flowClosed(flow: Flow): void {
    if (!this.#stopping) this.registration.closed(flow);
  }

  health(): Health {
    return judgeHealth({
      listeners: this.transport.listening.map(({ transport, address, port }) => ({
        name: `${transport} ${address}:${port}`,
        open: true,
      })),
      gateways: this.waysOut,
      lines: this.spans.all.flatMap(({ setting, watch }) =>
        watch.alarms.map(({ id }) => ({ span: setting.id, alarm: id })),
      ),
      media: this.#mediaAlive,
      store: this.store.stats().trouble === undefined,
    });
  }

  /** Why calls can't be carried: what OPTIONS answers. */
  unfit(): string | undefined {
    if (this.#stopping) return 'the gateway is stopping';
    const { verdict, problems } = this.health();
    return verdict === 'down' ? (problems[0]?.id ?? 'down') : undefined;
  }

  /**
   * Takes a new configuration: listeners and spans that differ are closed and opened, the numbers are swapped between two
   * calls, settings are read by what comes next; nothing else is touched. After a failure some of it may be done: `become` what it was goes back.
   */
  async become(site: Site, back = false): Promise<Result<void, string>> {
    if (!back) this.#formerTls = this.#tls;
    const directory = await this.#world.directory(site);
    if (!directory.ok) return directory;
    // Going back needs no file: they may hold the very thing that could not be used.
    const tls = back ? ok(this.#formerTls) : await this.#world.tls(site);
    if (!tls.ok) return tls;
    const { recordings, faults } = await this.#world.recordings(site);
    if (faults.length > 0 && !back) return fail(faults.join('; '));
    this.#tls = tls.value;
    const problem = await this.transport.become(site.sip.listen, tls.value);
    if (problem !== undefined) return fail(listenFault(problem));
    const spans = await this.spans.become(signallingsOf(site));
    if (!spans.ok) return spans;
    this.reactor.run(() => {
      this.#site = site;
      this.media.recordings(recordings);
      this.router.swap(directory.value);
      this.#configureWatch(site);
      this.peers.configure(peerSetting(site));
      this.spans.regroup(site.spanGroups);
      this.#registrar.configure(registrarSetup(site));
      this.flood.configure(floodLimits(site));
      this.#world.logLevel(site.log.level);
    });
    return ok(undefined);
  }

  /** Whether the files that the site names hold another certificate, key or authority than what is in force. */
  async certificateRenewed(site: Site): Promise<boolean> {
    const tls = await this.#world.tls(site);
    return tls.ok && !sameTls(tls.value, this.#tls);
  }

  /** Ends every call in order, then everything that was started, the last first. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.reactor.run(() => {
      for (const call of [...this.path.live.keys()]) this.path.end(call, CAUSE.normalUnspecified);
    });
    await waitUntil(this.reactor, () => this.path.live.size === 0, GOODBYE);
    await this.spans.stop();
    await this.media.stop();
    await this.transport.close();
    this.reactor.stop();
    await this.store.close();
  }

  #trunkAt(flow: Flow): KnownTrunk | undefined {
    return trunkOf(flow, this.#site, (name) => this.transport.proves(flow, name));
  }

  #trunkSetting(id: string): SipTrunkSetting | undefined {
    return this.#site.sipTrunks.find((trunk) => trunk.id === id);
  }

  #configureWatch({ spanGroups, sipTrunks, throttle }: Site): void {
    const ids = [...spanGroups, ...sipTrunks].map(({ id }) => id);
    this.watch.configure(ids, throttle);
  }

  /** A SIP trunk is asked with OPTIONS; a span group lives as long as its D-channel is up. */
  #probe(id: string, done: (alive: boolean) => void): void {
    const trunk = this.#trunkSetting(id);
    if (trunk === undefined) return done(this.spans.up(id));
    const { site, sip } = this.#site;
    const peer = { uri: peerUri(trunk), domain: site.domain, userAgent: sip.userAgent };
    probe(this.edge, this.#world.random, peer, done);
  }

  #sentBy(to: Flow | Target): { readonly host: string; readonly port: number } {
    const place = ownPlace(this.transport.listening, to);
    const host = this.#site.sip.external ?? place?.address ?? this.#site.site.domain;
    return { host, port: place?.port ?? 5060 };
  }
}
