/** The demonstration phone's socket and its transactions: requests sent until answered, responses kept for those who ask again. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { cseqOf, topVia } from '../../src/sip/message/fields.ts';
import { StreamFramer } from '../../src/sip/message/framer.ts';
import { request, type SipMessage, type SipRequest, type SipResponse } from '../../src/sip/message/message.ts';
import { parseMessage, printMessage } from '../../src/sip/message/parse.ts';
import { branchOf } from '../../src/sip/message/via.ts';

/** RFC 3261 §17.1.1.1. */
const T1 = 500;
const T2 = 4000;
/** Timers B and F: 64 × T1. */
const GIVE_UP = 64 * T1;

/** How many answers are kept for repeated requests. */
const KEPT = 100;

export interface Address {
  readonly address: string;
  readonly port: number;
}

interface Pending {
  readonly message: SipRequest;
  readonly provisional: (response: SipResponse) => void;
  readonly settle: (response: SipResponse | undefined) => void;
  wait: number;
  timer: NodeJS.Timeout | undefined;
  answered: boolean;
}

export interface WireEvents {
  /** A request, once; it is answered through `respond`. */
  readonly hear: (request: SipRequest) => void;
  /** A 2xx to an INVITE that came again: its ACK was lost. */
  readonly again: (response: SipResponse) => void;
  /** Every message that crosses the socket. */
  readonly seen: (direction: 'in' | 'out', message: SipMessage) => void;
}

/** What carries the messages. */
interface Line {
  /** As Via has it. */
  readonly transport: 'UDP' | 'TCP' | 'TLS';
  readonly local: Address;
  put(bytes: Uint8Array): void;
  close(): Promise<void>;
}

type Hear = (bytes: Uint8Array) => void;

async function udpLine(address: string, remote: Address, hear: Hear): Promise<Line> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  socket.on('message', hear);
  // A closed port on the other side; the timers find out.
  socket.on('error', () => {});
  return {
    transport: 'UDP',
    local: socket.address(),
    put: (bytes) => socket.send(bytes, remote.port, remote.address),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A connection that is open. */
function streamLine(socket: Socket, hear: Hear): Line {
  const framer = new StreamFramer();
  socket.on('data', (chunk: Uint8Array) => {
    for (const framed of framer.push(chunk)) if (framed.type === 'message') hear(framed.bytes);
  });
  socket.on('error', () => {});
  return {
    transport: socket instanceof TLSSocket ? 'TLS' : 'TCP',
    local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    put: (bytes) => void socket.write(bytes),
    close: async () => void socket.destroy(),
  };
}

export class PhoneWire {
  #line: Line | undefined;
  readonly #events: WireEvents;
  readonly #pending = new Map<string, Pending>();
  readonly #answers = new Map<string, SipResponse | undefined>();
  readonly #repeating = new Map<string, NodeJS.Timeout>();

  private constructor(events: WireEvents) {
    this.#events = events;
  }

  /** Over UDP to `remote`, or over `stream`, a connection that is open and is the phone's from here on. */
  static async open(local: string, remote: Address, events: WireEvents, stream?: Socket): Promise<PhoneWire> {
    const wire = new PhoneWire(events);
    const hear: Hear = (bytes) => wire.#heard(bytes);
    wire.#line = stream === undefined ? await udpLine(local, remote, hear) : streamLine(stream, hear);
    return wire;
  }

  get local(): Address {
    return this.#line?.local ?? { address: '', port: 0 };
  }

  /** As Via has it. */
  get transport(): Line['transport'] {
    return this.#line?.transport ?? 'UDP';
  }

  /** Sends a request until it is answered. Undefined: no final answer within 32 s, or the phone was closed. */
  request(
    message: SipRequest,
    provisional: (response: SipResponse) => void = () => {},
  ): Promise<SipResponse | undefined> {
    return new Promise((resolve) => {
      const key = keyOf(message, message.method);
      const giveUp = setTimeout(() => this.#pending.get(key)?.settle(undefined), GIVE_UP);
      const pending: Pending = {
        message,
        provisional,
        settle: (response) => {
          clearTimeout(giveUp);
          clearTimeout(pending.timer);
          this.#pending.delete(key);
          resolve(response);
        },
        wait: T1,
        timer: undefined,
        answered: false,
      };
      this.#pending.set(key, pending);
      this.#transmit(pending);
    });
  }

  /** Sends an ACK, which nothing answers. */
  send(message: SipRequest): void {
    this.#put(message);
  }

  /** Answers a request. A 2xx to an INVITE is repeated until `acknowledged`. */
  respond(to: SipRequest, response: SipResponse): void {
    const key = keyOf(to, to.method);
    this.#answers.set(key, response);
    this.#put(response);
    if (to.method === 'INVITE' && response.status >= 200 && response.status < 300) this.#repeat(to, response, T1, 0);
  }

  /** The ACK of this call's INVITE has come. */
  acknowledged(callId: string): void {
    clearTimeout(this.#repeating.get(callId));
    this.#repeating.delete(callId);
  }

  async close(): Promise<void> {
    for (const pending of this.#pending.values()) pending.settle(undefined);
    for (const timer of this.#repeating.values()) clearTimeout(timer);
    this.#repeating.clear();
    await this.#line?.close();
  }

  #transmit(pending: Pending): void {
    this.#put(pending.message);
    // Over a reliable transport nothing is sent twice (RFC 3261 §17.1.1.2).
    if (this.transport !== 'UDP') return;
    pending.timer = setTimeout(() => {
      const invite = pending.message.method === 'INVITE';
      if (invite && pending.answered) return;
      pending.wait = invite ? pending.wait * 2 : Math.min(T2, pending.wait * 2);
      this.#transmit(pending);
    }, pending.wait);
  }

  #repeat(to: SipRequest, response: SipResponse, wait: number, since: number): void {
    const callId = to.headers.get('Call-ID') ?? '';
    if (since >= GIVE_UP) return;
    const timer = setTimeout(() => {
      this.#put(response);
      this.#repeat(to, response, Math.min(T2, wait * 2), since + wait);
    }, wait);
    this.#repeating.set(callId, timer);
  }

  #put(message: SipMessage): void {
    this.#events.seen('out', message);
    this.#line?.put(printMessage(message));
  }

  #heard(bytes: Uint8Array): void {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return;
    this.#events.seen('in', parsed.value);
    if (parsed.value.type === 'response') this.#answered(parsed.value);
    else this.#asked(parsed.value);
  }

  #answered(response: SipResponse): void {
    const method = cseqOf(response)?.method ?? '';
    const pending = this.#pending.get(keyOf(response, method));
    if (pending === undefined) {
      if (method === 'INVITE' && response.status >= 200 && response.status < 300) this.#events.again(response);
      return;
    }
    pending.answered = true;
    if (response.status < 200) {
      pending.provisional(response);
      return;
    }
    if (method === 'INVITE' && response.status >= 300) this.#put(ackOf(pending.message, response));
    pending.settle(response);
  }

  #asked(message: SipRequest): void {
    const key = keyOf(message, message.method);
    if (message.method !== 'ACK') {
      const answer = this.#answers.get(key);
      if (answer !== undefined) this.#put(answer);
      if (this.#answers.has(key)) return;
      this.#answers.set(key, undefined);
      const oldest = this.#answers.keys().next().value;
      if (this.#answers.size > KEPT && oldest !== undefined) this.#answers.delete(oldest);
    }
    this.#events.hear(message);
  }
}

/** Transactions are known by branch and method, RFC 3261 §17.1.3. */
function keyOf(message: SipMessage, method: string): string {
  const via = topVia(message);
  return `${via === undefined ? '' : branchOf(via)} ${method}`;
}

/** The ACK of a final response other than 2xx, RFC 3261 §17.1.1.3. */
function ackOf(invite: SipRequest, response: SipResponse): SipRequest {
  const of = (name: string): string => invite.headers.get(name) ?? '';
  return request('ACK', invite.uri, [
    ['Via', of('Via')],
    ['Max-Forwards', '70'],
    ...invite.headers.all('Route').map((route) => ['Route', route] as const),
    ['From', of('From')],
    ['To', response.headers.get('To') ?? of('To')],
    ['Call-ID', of('Call-ID')],
    ['CSeq', of('CSeq').replace('INVITE', 'ACK')],
  ]);
}
