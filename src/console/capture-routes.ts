/** The HTTP API of captures: what crosses the D-channels, and packets beside them, for Wireshark. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { CAPTURED, type CaptureAnswer, type CaptureKind, type CaptureView } from './views.ts';

/** What is to be captured, and for how long. */
export interface CaptureWish {
  /** Undefined: all that have a D-channel. */
  readonly spans: readonly string[] | undefined;
  readonly seconds: number;
  readonly packets: readonly CaptureKind[];
  /** Undefined: those that the configuration listens on. */
  readonly interfaces: readonly string[] | undefined;
}

export interface CaptureDesk {
  /** Begins anew. Packets that can't be captured are no reason not to capture the D-channels: the view says why. */
  begin(wish: CaptureWish): Promise<CaptureAnswer>;
  end(): Promise<CaptureAnswer>;
  /** Undefined: nothing was captured. */
  state(): CaptureView | undefined;
  /** In pieces. */
  file(): Iterable<Uint8Array> | undefined;
}

const SECONDS = 300;
const MOST_SECONDS = 86_400;
const MOST_NAMES = 8;

const PARAMETERS = ['spans', 'seconds', 'packets', 'interfaces'] as const;
type Query = Readonly<Record<(typeof PARAMETERS)[number], string | undefined>>;

export function captureRoutes(app: FastifyInstance, desk: CaptureDesk): void {
  const none = (reply: FastifyReply): FastifyReply => reply.code(404).send({ error: 'nothing was captured yet' });
  const send = (reply: FastifyReply, answer: CaptureAnswer): FastifyReply =>
    answer.type === 'done' ? reply.send(answer) : reply.code(409).send({ error: answer.why });
  app.get('/api/v1/capture', (_request, reply) => {
    const state = desk.state();
    return state === undefined ? none(reply) : reply.send(state);
  });
  app.get('/api/v1/capture/file', (_request, reply) => {
    const file = desk.file();
    if (file === undefined) return none(reply);
    return reply.header('content-type', 'application/x-pcapng').send(Readable.from(file, { objectMode: false }));
  });
  app.post<{ Querystring: Query }>('/api/v1/capture', async (request, reply) => {
    const wish = readWish(request.query);
    return typeof wish === 'string' ? reply.code(400).send({ error: wish }) : send(reply, await desk.begin(wish));
  });
  app.post('/api/v1/capture/end', async (_request, reply) => send(reply, await desk.end()));
}

/** What the query asks for, or what is wrong with it. */
function readWish(query: Query): CaptureWish | string {
  const { seconds = String(SECONDS) } = query;
  for (const [name, value] of Object.entries(query))
    if (!PARAMETERS.some((one) => one === name) || typeof value !== 'string')
      return `${name} is no parameter, or stands twice: ${PARAMETERS.join(', ')}`;
  if (!/^[1-9]\d{0,4}$/.test(seconds) || Number(seconds) > MOST_SECONDS) return `seconds must be 1 to ${MOST_SECONDS}`;
  const spans = query.spans?.split(',');
  const interfaces = query.interfaces?.split(',');
  for (const [what, names] of Object.entries({ spans, interfaces }))
    if (names !== undefined && names.length > MOST_NAMES) return `at most ${MOST_NAMES} ${what}`;
  const packets = (query.packets?.split(',') ?? []).map((word) => CAPTURED.find((kind) => kind === word));
  if (!packets.every((kind) => kind !== undefined)) return `packets must be some of ${CAPTURED.join(', ')}`;
  if (interfaces !== undefined && packets.length === 0) return 'interfaces go with packets';
  return { spans, seconds: Number(seconds), packets, interfaces };
}
