/** What users ask of calls, as messages: Q.931 §5.1–5.3 from the asking end. */
import type { Instant } from '../../kernel/time.ts';
import type { Call, Desk } from './call.ts';
import { clear } from './clearing.ts';
import { both, causeOf, channelElement, NONE, nameElements, progressOf, setupElements } from './compose.ts';
import type { SaidElement } from './element.ts';
import { element } from './ie/codec.ts';
import { nameFacility } from './ie/facility.ts';
import { calledNumber, connectedNumber } from './ie/number.ts';
import { notification, SENDING_COMPLETE } from './ie/simple.ts';
import type { MessageName } from './message-table.ts';
import type { CallRequest } from './primitives.ts';
import type { CallState } from './states.ts';

type Setup = Extract<CallRequest, { type: 'setup' }>;
type Later = Exclude<CallRequest, Setup>;

/** The states in which a request means anything; elsewhere it came too late. */
const ALLOWED: Readonly<Record<Later['type'], ReadonlySet<CallState>>> = {
  'setup-acknowledge': new Set(['setup-received']),
  proceeding: new Set(['setup-received', 'overlap-receiving']),
  alerting: new Set(['setup-received', 'overlap-receiving', 'proceeding-sent']),
  progress: new Set(['setup-received', 'overlap-receiving', 'proceeding-sent', 'alerting-sent']),
  connect: new Set(['setup-received', 'overlap-receiving', 'proceeding-sent', 'alerting-sent']),
  information: new Set(['setup-sent', 'overlap-sending']),
  notify: new Set(['active', 'alerting-sent', 'proceeding-sent', 'connect-sent', 'alerting-received']),
  identity: new Set([
    'setup-sent',
    'overlap-sending',
    'proceeding-received',
    'alerting-received',
    'active',
    'connect-sent',
  ]),
  release: new Set([
    'setup-sent',
    'overlap-sending',
    'proceeding-received',
    'alerting-received',
    'setup-received',
    'overlap-receiving',
    'proceeding-sent',
    'alerting-sent',
    'connect-sent',
    'active',
    'disconnect-received',
    'disconnect-sent',
    'release-sent',
  ]),
};

/** Sends SETUP for a call whose channel the group has found (§5.1.1, §5.2.1). */
export function sendSetup(call: Call, desk: Desk, words: Setup, now: Instant): void {
  const channel = call.entry && channelElement(desk, call.entry, call.exclusive);
  call.setup = setupElements(words, channel, desk.variant, desk.side);
  // A peer that asks for digits although all were in SETUP is told so, instead of letting its T302 run out.
  if (words.complete) call.waiting = { digits: '', complete: true };
  desk.send(call, 'setup', call.setup);
  call.enter('setup-sent', desk, now);
}

/** False: the call's state doesn't allow it. */
export function ask(call: Call, desk: Desk, request: Later, now: Instant): boolean {
  if (!ALLOWED[request.type].has(call.state)) return false;
  switch (request.type) {
    case 'setup-acknowledge':
      answer(call, desk, 'setup-acknowledge', progressOf(request.progress));
      call.enter('overlap-receiving', desk, now);
      return true;
    case 'proceeding':
      answer(call, desk, 'call-proceeding', progressOf(request.progress));
      call.enter('proceeding-sent', desk, now);
      return true;
    case 'alerting':
      answer(call, desk, 'alerting', both(progressOf(request.progress), request.elements));
      call.enter('alerting-sent', desk, now);
      return true;
    case 'progress':
      sendProgress(call, desk, request, now);
      return true;
    case 'connect':
      sendConnect(call, desk, request, now);
      return true;
    case 'information':
      sendDigits(call, desk, request, now);
      return true;
    case 'notify':
      desk.send(call, 'notify', [element(notification, request.indicator)]);
      return true;
    case 'identity':
      sendName(call, desk, request);
      return true;
    case 'release': {
      const { cause, location = desk.ownLocation, diagnostics, progress, elements } = request;
      clear(call, desk, { cause: { cause, location, diagnostics }, progress, elements }, now);
      return true;
    }
  }
}

/** The first answer to SETUP names the channel (§5.1.2, §5.2.3). */
function answer(call: Call, desk: Desk, name: MessageName, elements: readonly SaidElement[]): void {
  const channel = call.answered || call.entry === undefined ? undefined : channelElement(desk, call.entry, true);
  call.answered = true;
  desk.send(call, name, channel === undefined ? elements : both([channel], elements));
}

/** PROGRESS cannot be the first answer (§5.1.6): CALL PROCEEDING goes before it. */
function sendProgress(
  call: Call,
  desk: Desk,
  { progress, cause }: Extract<CallRequest, { type: 'progress' }>,
  now: Instant,
): void {
  if (call.state === 'setup-received' || call.state === 'overlap-receiving') {
    answer(call, desk, 'call-proceeding', NONE);
    call.enter('proceeding-sent', desk, now);
  }
  desk.send(call, 'progress', both(cause === undefined ? NONE : [causeOf(cause)], progressOf(progress)));
}

function sendConnect(call: Call, desk: Desk, request: Extract<CallRequest, { type: 'connect' }>, now: Instant): void {
  const { connected, connectedName, progress, elements } = request;
  const name = nameElements(connectedName, 'connected-name', desk.variant, desk.side);
  const number = connected === undefined ? NONE : [element(connectedNumber, connected)];
  answer(call, desk, 'connect', both(both(progressOf(progress), name), both(number, elements)));
  call.enter(desk.variant.awaitsConnectAck[desk.side] ? 'connect-sent' : 'active', desk, now);
}

/** INFORMATION in overlap sending (§5.1.3); what comes before SETUP ACKNOWLEDGE waits for it. */
export function sendDigits(
  call: Call,
  desk: Desk,
  { digits, complete }: { readonly digits: string; readonly complete: boolean },
  now: Instant,
): void {
  if (call.state === 'setup-sent') {
    const before = call.waiting?.digits ?? '';
    call.waiting = { digits: (before + digits).slice(0, MAX_WAITING), complete };
    return;
  }
  const elements: SaidElement[] = [];
  if (digits !== '') elements.push(element(calledNumber, { digits, type: 'unknown', plan: 'unknown' }));
  if (complete) elements.push(SENDING_COMPLETE);
  desk.send(call, 'information', elements);
  call.start('T304', desk, now);
}

/** No dialled number is longer. */
const MAX_WAITING = 64;

/** A name that became known late goes in FACILITY, or in INFORMATION with DISPLAY where the variant has no other way. */
function sendName(call: Call, desk: Desk, { name }: Extract<CallRequest, { type: 'identity' }>): void {
  const operation = call.outgoing ? 'calling-name' : 'connected-name';
  const elements = nameElements(name, operation, desk.variant, desk.side);
  if (elements.length === 0) return;
  desk.send(call, elements.some((e) => e.id === nameFacility.id) ? 'facility' : 'information', elements);
}
