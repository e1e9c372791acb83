/** The HTTP API of captures: what crosses the D-channels, for Wireshark. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CaptureAnswer, CaptureView } from './views.ts';

export interface CaptureDesk {
  /** Begins anew: these spans' D-channels, or all of them, for some seconds. */
  begin(spans: readonly string[] | undefined, seconds: number): CaptureAnswer;
  end(): CaptureAnswer;
  /** Undefined: nothing was captured. */
  state(): CaptureView | undefined;
  file(): Uint8Array | undefined;
}

const SECONDS = 300;
const MOST_SECONDS = 86_400;
const MOST_SPANS = 8;

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
    return reply.header('content-type', 'application/x-pcapng').send(Buffer.from(file));
  });
  app.post<{ Querystring: { spans?: string; seconds?: string } }>('/api/v1/capture', (request, reply) => {
    const { spans, seconds = String(SECONDS) } = request.query;
    if (!/^[1-9]\d{0,4}$/.test(seconds) || Number(seconds) > MOST_SECONDS)
      return reply.code(400).send({ error: `seconds must be 1 to ${MOST_SECONDS}` });
    const names = spans?.split(',');
    if (names !== undefined && names.length > MOST_SPANS)
      return reply.code(400).send({ error: `at most ${MOST_SPANS} spans` });
    return send(reply, desk.begin(names, Number(seconds)));
  });
  app.post('/api/v1/capture/end', (_request, reply) => send(reply, desk.end()));
}
