/** The HTTP API: a window on read models, and the door for a new configuration. It decides nothing. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Log } from '../kernel/log.ts';
import { impossible } from '../kernel/machine.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { WallTime } from '../kernel/time.ts';
import type { Health } from '../telemetry/health.ts';
import { type CaptureDesk, captureRoutes } from './capture-routes.ts';
import { type SpanDesk, spanRoutes } from './span-routes.ts';
import type {
  ApplyAnswer,
  CallView,
  ConfirmAnswer,
  ExplainQuestion,
  ExplainView,
  SpanView,
  StatusView,
} from './views.ts';

/** What the gateway shows of itself. */
export interface ReadModel {
  status(): StatusView;
  calls(): readonly CallView[];
  spans(): readonly SpanView[];
  /** Where this call would go as things stand, and why. */
  explain(question: ExplainQuestion): Promise<ExplainView>;
  /** What was decided for a call, in progress or over; undefined: no such call is known. */
  decision(call: string): ExplainView | undefined;
  health(): Health;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What the operator may do. `confirmSeconds`: how long the change waits for its confirmation; 0 keeps it at once. */
export interface Controls {
  readonly spans: SpanDesk;
  readonly capture: CaptureDesk;
  apply(text: string, confirmSeconds: number): Promise<ApplyAnswer>;
  confirm(): Promise<ConfirmAnswer>;
  abandon(): Promise<ConfirmAnswer>;
}

export interface HttpSettings {
  readonly address: string;
  readonly port: number;
  /** Asked of every client where it is set; /healthz alone stays open, for load balancers. */
  readonly token?: string | undefined;
}

export interface HttpConsole {
  /** The port that is really listened on. */
  readonly port: number;
  /** Listens as these settings say. Requests that are under way are answered where they came in; settings that stay change nothing. */
  become(settings: HttpSettings): Promise<Result<void, string>>;
  close(): Promise<void>;
}

/** A configuration of 10,000 users is some 2 MB. */
const BODY_LIMIT = 16 * 1024 * 1024;
const MAX_CONFIRM_SECONDS = 86_400;
const MAX_DIALLED = 256;

/** Listens; the error names the setting that would mend it. */
export async function startHttp(
  settings: HttpSettings,
  model: ReadModel,
  controls: Controls,
  log: Log,
): Promise<Result<HttpConsole, string>> {
  const door = new Door((token) => buildApp(token, model, controls, log));
  const opened = await door.become(settings);
  return opened.ok ? ok(door) : opened;
}

class Door implements HttpConsole {
  readonly #build: (token: string | undefined) => FastifyInstance;
  /** Those that answer their last requests, and the one that listens. */
  readonly #apps = new Set<FastifyInstance>();
  #open: { readonly app: FastifyInstance; readonly settings: HttpSettings } | undefined;

  constructor(build: (token: string | undefined) => FastifyInstance) {
    this.#build = build;
  }

  get port(): number {
    const address = this.#open?.app.server.address();
    return typeof address === 'object' && address !== null ? address.port : (this.#open?.settings.port ?? 0);
  }

  async become(settings: HttpSettings): Promise<Result<void, string>> {
    const old = this.#open;
    const { address, port, token } = settings;
    if (old?.settings.address === address && old.settings.port === port && old.settings.token === token)
      return ok(undefined);
    // Two can't have one port; otherwise the new one is tried before the old one goes.
    if (old?.settings.port === port) this.#retire();
    const app = this.#build(token);
    // Who has asked at the old place is to ask at the new one next time, not over the connection that is still there.
    app.addHook('onSend', async (_request, reply) => {
      if (this.#open?.app !== app) reply.header('connection', 'close');
    });
    try {
      await app.listen({ host: address, port });
    } catch (error) {
      await app.close();
      return fail(listenFault(error, settings));
    }
    this.#retire();
    this.#apps.add(app);
    this.#open = { app, settings };
    return ok(undefined);
  }

  /** Takes nothing new, at once; what is under way is answered, and then its connections go. */
  #retire(): void {
    const app = this.#open?.app;
    this.#open = undefined;
    app?.server.close(() => this.#apps.delete(app));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#apps].map((app) => app.close()));
  }
}

function listenFault(error: unknown, { address, port }: HttpSettings): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `http.port: ${address}:${port} is taken by another program; set http.port to a free one`;
    case 'EACCES':
      return `http.port: not allowed to listen on ${address}:${port}; set http.port to one above 1023`;
    case 'EADDRNOTAVAIL':
      return `http.address: this box does not have ${address}; set http.address to one of its own`;
    default:
      return `http: can't listen on ${address}:${port}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The application without its socket; tests inject requests into it. */
export function buildApp(token: string | undefined, model: ReadModel, controls: Controls, log: Log): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    // A client that sends slowly or not at all does not hold a connection for ever.
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 10_000,
    forceCloseConnections: true,
  });
  refuseOtherSites(app);
  if (token === undefined) refuseOtherNames(app);
  else guard(app, token);
  // A configuration is text, whatever a client calls it; JSON is YAML.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    if (status >= 500)
      log.error({ method: request.method, url: request.url, why: String(error) }, 'HTTP request failed');
    return reply.code(status).send({ error: status >= 500 ? 'internal fault' : String(error) });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `nothing at ${request.method} ${request.url}` }),
  );
  readRoutes(app, model);
  controlRoutes(app, controls);
  spanRoutes(app, controls.spans);
  captureRoutes(app, controls.capture);
  return app;
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 ? status : 500;
}

function guard(app: FastifyInstance, token: string): void {
  // Hashes are of one length, so the comparison tells nothing of the token's.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${token}`);
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url === '/healthz') return undefined;
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), wanted)) return undefined;
    return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'send http.token as bearer token' });
  });
}

/** A page of another site, open in a browser on this host, must not change anything here (RFC 6454). */
function refuseOtherSites(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const { origin, host } = request.headers;
    if (request.method === 'GET' || origin === undefined || origin.replace(/^https?:\/\//, '') === host)
      return undefined;
    return reply.code(403).send({ error: 'a page of another site may not do this' });
  });
}

/**
 * Without a token we are there for programs on this host alone. A page whose name was made to point here after it was loaded (DNS
 * rebinding) is of one site with us for its browser; but it asks for us by that name.
 */
function refuseOtherNames(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (isIP(request.hostname.replace(/^\[(.*)\]$/, '$1')) !== 0 || request.hostname === 'localhost') return undefined;
    return reply.code(403).send({ error: 'without http.token ask by address, such as http://127.0.0.1:8080' });
  });
}

function readRoutes(app: FastifyInstance, model: ReadModel): void {
  app.get('/healthz', (_request, reply) => {
    const health = model.health();
    return reply.code(health.verdict === 'down' ? 503 : 200).send(health);
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await model.metrics();
    return reply.header('content-type', contentType).send(text);
  });
  app.get('/api/v1/status', (_request, reply) => reply.send(model.status()));
  app.get('/api/v1/calls', (_request, reply) => reply.send(model.calls()));
  app.get('/api/v1/spans', (_request, reply) => reply.send(model.spans()));
  explainRoutes(app, model);
}

interface ExplainParameters {
  readonly from?: unknown;
  readonly dial?: unknown;
  readonly at?: unknown;
  readonly mode?: unknown;
}

function explainRoutes(app: FastifyInstance, model: ReadModel): void {
  app.get<{ Querystring: ExplainParameters }>('/api/v1/explain', async (request, reply) => {
    const { from, dial, at, mode = 'normal' } = request.query;
    const when = typeof at === 'string' ? Date.parse(at) : undefined;
    if (typeof from !== 'string' || typeof dial !== 'string' || from === '' || dial.length > MAX_DIALLED) {
      return reply.code(400).send({ error: 'say who calls and what is dialled: ?from=201&dial=5551234' });
    }
    if (mode !== 'normal' && mode !== 'survivable') {
      return reply.code(400).send({ error: 'mode must be normal or survivable' });
    }
    if (at !== undefined && (when === undefined || Number.isNaN(when))) {
      return reply.code(400).send({ error: 'at must be a time in ISO 8601' });
    }
    return reply.send(
      await model.explain({ from, dial, at: when as WallTime | undefined, survivable: mode === 'survivable' }),
    );
  });
  app.get<{ Params: { call: string } }>('/api/v1/calls/:call/decision', (request, reply) => {
    const view = model.decision(request.params.call);
    return view === undefined
      ? reply.code(404).send({ error: `no call ${request.params.call} is known, or nothing was decided for it` })
      : reply.send(view);
  });
}

function controlRoutes(app: FastifyInstance, controls: Controls): void {
  app.post<{ Querystring: { confirm?: string } }>('/api/v1/config', async (request, reply) => {
    const seconds = confirmSeconds(request.query.confirm);
    if (seconds === undefined) {
      return reply.code(400).send({ error: `confirm must be 0 to ${MAX_CONFIRM_SECONDS} seconds` });
    }
    if (typeof request.body !== 'string') return reply.code(400).send({ error: 'send the configuration as the body' });
    return sendApply(reply, await controls.apply(request.body, seconds));
  });
  app.post('/api/v1/config/confirm', async (_request, reply) => sendConfirm(reply, await controls.confirm()));
  app.post('/api/v1/config/abandon', async (_request, reply) => sendConfirm(reply, await controls.abandon()));
}

/** 300 s where the client says nothing. */
function confirmSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return 300;
  return /^\d{1,5}$/.test(text) && Number(text) <= MAX_CONFIRM_SECONDS ? Number(text) : undefined;
}

function sendApply(reply: FastifyReply, answer: ApplyAnswer): FastifyReply {
  switch (answer.type) {
    case 'unchanged':
    case 'applied':
      return reply.code(200).send(answer);
    case 'refused':
      return reply.code(422).send(answer);
    case 'kept-back':
      return reply.code(409).send(answer);
    default:
      return impossible(answer);
  }
}

function sendConfirm(reply: FastifyReply, answer: ConfirmAnswer): FastifyReply {
  return reply.code(answer.type === 'refused' ? 409 : 200).send(answer);
}
