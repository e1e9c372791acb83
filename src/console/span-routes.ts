/** The HTTP API of a single span: how its line has been, what ails it, and what an operator does with it. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { impossible } from '../kernel/machine.ts';
import type { BertPattern } from '../line/bert.ts';
import type { Verdict } from '../line/diagnosis.ts';
import type { BertAnswer, PerformanceView, SpanAnswer, SwitchAnswer } from './views.ts';

/** What can be asked of a span, and done with it. `undefined`: there is no such span. */
export interface SpanDesk {
  performance(span: string): PerformanceView | undefined;
  /** Of one span, or of all. */
  diagnose(span: string | undefined): readonly Verdict[] | undefined;
  /** Takes B-channels out of service or back, all of them where no slots are named. */
  serve(span: string, slots: readonly number[] | undefined, inService: boolean): SpanAnswer;
  /** The D-channel of an NFAS group that stands by takes over. */
  switchOver(group: string): SwitchAnswer;
  /** The bit error rate test that runs on a span, or the last one. */
  bert(span: string): Promise<BertAnswer>;
  /** Begins a test for some seconds: on these B-channels, or on all. */
  startBert(
    span: string,
    slots: readonly number[] | undefined,
    pattern: BertPattern,
    seconds: number,
  ): Promise<BertAnswer>;
  stopBert(span: string): Promise<BertAnswer>;
  /** Sends so many wrong bits in each slot under test. */
  injectErrors(span: string, errors: number): Promise<BertAnswer>;
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

/** A test runs for a quarter hour where nothing is said, and for a day at the latest. */
const BERT_SECONDS = 900;
const MOST_BERT_SECONDS = 86_400;
const PATTERNS = ['qrss', 'all-ones'] as const;
const MOST_INJECTED = 1000;

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
  bertRoutes(app, desk);
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
      if (!isCount(seconds, MOST_LOOP_SECONDS)) {
        return reply.code(400).send({ error: `seconds must be 1 to ${MOST_LOOP_SECONDS}` });
      }
      return sendAnswer(reply, request.params.span, desk.loop(request.params.span, loopback, Number(seconds)));
    },
  );
}

interface BertQuery {
  Querystring: { pattern?: string; slots?: string; seconds?: string };
}

function bertRoutes(app: FastifyInstance, desk: SpanDesk): void {
  app.get<OfSpan>('/api/v1/spans/:span/bert', async (request, reply) =>
    sendAnswer(reply, request.params.span, await desk.bert(request.params.span)),
  );
  app.post<OfSpan & BertQuery>('/api/v1/spans/:span/bert', async (request, reply) => {
    const { span } = request.params;
    const { pattern: name, slots: text, seconds = String(BERT_SECONDS) } = request.query;
    if (name === 'off') return sendAnswer(reply, span, await desk.stopBert(span));
    const pattern = PATTERNS.find((one) => one === name);
    const slots = text === undefined ? undefined : slotsOf(text);
    if (pattern === undefined) return reply.code(400).send({ error: `pattern must be ${PATTERNS.join(', ')} or off` });
    if (slots === 'wrong') return reply.code(400).send({ error: 'slots must be timeslots such as 1,2,23' });
    if (!isCount(seconds, MOST_BERT_SECONDS))
      return reply.code(400).send({ error: `seconds must be 1 to ${MOST_BERT_SECONDS}` });
    return sendAnswer(reply, span, await desk.startBert(span, slots, pattern, Number(seconds)));
  });
  app.post<OfSpan & { Querystring: { errors?: string } }>('/api/v1/spans/:span/bert/inject', async (request, reply) => {
    const { errors = '1' } = request.query;
    if (!isCount(errors, MOST_INJECTED)) return reply.code(400).send({ error: `errors must be 1 to ${MOST_INJECTED}` });
    return sendAnswer(reply, request.params.span, await desk.injectErrors(request.params.span, Number(errors)));
  });
}

const isCount = (text: string, most: number): boolean => /^[1-9]\d{0,5}$/.test(text) && Number(text) <= most;

function slotsOf(text: string): readonly number[] | 'wrong' {
  if (!/^\d{1,2}(,\d{1,2}){0,30}$/.test(text)) return 'wrong';
  return [...new Set(text.split(',').map(Number))];
}

function sendFound(reply: FastifyReply, span: string, found: object | undefined): FastifyReply {
  return found === undefined ? reply.code(404).send({ error: `there is no span ${span}` }) : reply.send(found);
}

function sendAnswer(reply: FastifyReply, span: string, answer: SpanAnswer | BertAnswer): FastifyReply {
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
