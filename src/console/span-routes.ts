/** The HTTP API of a single span: how its line has been, what ails it, and what an operator does with it. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { impossible } from '../kernel/machine.ts';
import type { Verdict } from '../line/diagnosis.ts';
import type { PerformanceView, SpanAnswer, SwitchAnswer } from './views.ts';

/** What can be asked of a span, and done with it. `undefined`: there is no such span. */
export interface SpanDesk {
  performance(span: string): PerformanceView | undefined;
  /** Of one span, or of all. */
  diagnose(span: string | undefined): readonly Verdict[] | undefined;
  /** Takes B-channels out of service or back, all of them where no slots are named. */
  serve(span: string, slots: readonly number[] | undefined, inService: boolean): SpanAnswer;
  /** The D-channel of an NFAS group that stands by takes over. */
  switchOver(group: string): SwitchAnswer;
  /** Makes a loopback for some seconds, or releases it. */
  loop(span: string, loopback: 'local' | 'line' | 'payload' | 'off', seconds: number): SpanAnswer;
}

interface OfSpan {
  Params: { span: string };
}

/** A loopback is released by itself after five minutes where nothing is said, and after an hour at the latest. */
const LOOP_SECONDS = 300;
const MOST_LOOP_SECONDS = 3600;
const LOOPBACKS = ['local', 'line', 'payload', 'off'] as const;

export function spanRoutes(app: FastifyInstance, desk: SpanDesk): void {
  app.get<OfSpan>('/api/v1/spans/:span/performance', (request, reply) =>
    sendFound(reply, request.params.span, desk.performance(request.params.span)),
  );
  app.get<{ Querystring: { span?: string } }>('/api/v1/diagnosis', (request, reply) =>
    sendFound(reply, request.query.span ?? '', desk.diagnose(request.query.span)),
  );
  app.post<OfSpan & { Querystring: { slots?: string; inService?: string } }>(
    '/api/v1/spans/:span/service',
    (request, reply) => {
      const { slots: text, inService } = request.query;
      const slots = text === undefined ? undefined : slotsOf(text);
      if (inService !== 'true' && inService !== 'false') {
        return reply.code(400).send({ error: 'inService must be true or false' });
      }
      if (slots === 'wrong') return reply.code(400).send({ error: 'slots must be timeslots such as 1,2,23' });
      return sendAnswer(reply, request.params.span, desk.serve(request.params.span, slots, inService === 'true'));
    },
  );
  app.post<{ Params: { group: string } }>('/api/v1/nfas/:group/switch', (request, reply) => {
    const { group } = request.params;
    const answer = desk.switchOver(group);
    if (answer.type === 'done') return reply.send(answer);
    if (answer.type === 'refused') return reply.code(409).send({ error: answer.why });
    return reply.code(404).send({ error: `there is no NFAS group ${group}` });
  });
  app.post<OfSpan & { Querystring: { type?: string; seconds?: string } }>(
    '/api/v1/spans/:span/loopback',
    (request, reply) => {
      const { type, seconds = String(LOOP_SECONDS) } = request.query;
      const loopback = LOOPBACKS.find((one) => one === type);
      if (loopback === undefined) return reply.code(400).send({ error: `type must be ${LOOPBACKS.join(', ')}` });
      if (!/^[1-9]\d{0,3}$/.test(seconds) || Number(seconds) > MOST_LOOP_SECONDS) {
        return reply.code(400).send({ error: `seconds must be 1 to ${MOST_LOOP_SECONDS}` });
      }
      return sendAnswer(reply, request.params.span, desk.loop(request.params.span, loopback, Number(seconds)));
    },
  );
}

function slotsOf(text: string): readonly number[] | 'wrong' {
  if (!/^\d{1,2}(,\d{1,2}){0,30}$/.test(text)) return 'wrong';
  return text.split(',').map(Number);
}

function sendFound(reply: FastifyReply, span: string, found: object | undefined): FastifyReply {
  return found === undefined ? reply.code(404).send({ error: `there is no span ${span}` }) : reply.send(found);
}

function sendAnswer(reply: FastifyReply, span: string, answer: SpanAnswer): FastifyReply {
  switch (answer.type) {
    case 'done':
      return reply.send(answer);
    case 'refused':
      return reply.code(409).send({ error: answer.why });
    case 'unknown':
      return sendFound(reply, span, undefined);
    default:
      return impossible(answer);
  }
}
