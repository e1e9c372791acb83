/** Malformed traffic from a seed, and a SIP peer that means no good. */
import { createSocket, type Socket } from 'node:dgram';
import fc from 'fast-check';
import { fromLatin1, toLatin1 } from '../../src/kernel/bytes.ts';
import { mutated } from './mutate.ts';

/** `count` octet strings near one of these, the same for the same seed. */
export function variants(originals: readonly Uint8Array[], seed: number, count: number): readonly Uint8Array[] {
  return fc.sample(fc.constantFrom(...originals).chain(mutated), { seed, numRuns: count });
}

export const SDP = [
  'v=0',
  'o=- 3894 1 IN IP4 127.0.0.2',
  's=-',
  'c=IN IP4 127.0.0.2',
  't=0 0',
  'm=audio 40000 RTP/AVP 0 8 101',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n');

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly callId: string;
  readonly cseq: number;
  /** With its tag where there is a dialog. */
  readonly to?: string;
  readonly headers?: readonly string[];
  /** A session description; its length is right. */
  readonly body?: string | Uint8Array;
}

/** A peer at an address of its own, which the box knows as a trunk, so that nothing of what it says is stopped at the door. */
export class RudePeer {
  readonly address: string;
  readonly port: number;
  /** What to answer the box's requests with; the default is what any polite peer would say to end things. */
  answers: (request: string) => readonly Uint8Array[] = (request) =>
    request.startsWith('ACK ') ? [] : [reply(request, request.startsWith('INVITE ') ? 486 : 200)];
  /** Every status that came. */
  readonly statuses = new Set<number>();
  /** Responses that came, by Call-ID. */
  readonly #responses = new Map<string, string[]>();
  readonly #socket: Socket;
  readonly #box: number;
  #branch = 0;

  private constructor(socket: Socket, address: string, port: number, box: number) {
    this.#socket = socket;
    this.address = address;
    this.port = port;
    this.#box = box;
    socket.on('message', (bytes) => this.#hear(toLatin1(bytes)));
    socket.on('error', () => {});
  }

  /** `box`: the SIP port of the box on 127.0.0.1. */
  static async open(address: string, port: number, box: number): Promise<RudePeer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, resolve);
    });
    return new RudePeer(socket, address, port, box);
  }

  request(parts: RequestParts, transport = 'UDP'): Uint8Array {
    const { method, uri, callId, cseq, to = `<${uri}>`, headers = [], body = '' } = parts;
    const content = typeof body === 'string' ? body : toLatin1(body);
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/${transport} ${this.address}:${this.port};branch=z9hG4bKrude${++this.#branch};rport`,
      'Max-Forwards: 70',
      `From: <sip:rude@${this.address}>;tag=rude`,
      `To: ${to}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:rude@${this.address}:${this.port}>`,
      'Supported: 100rel, timer',
      ...headers,
      ...(content === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${content.length}`,
    ];
    return fromLatin1(`${lines.join('\r\n')}\r\n\r\n${content}`);
  }

  send(octets: Uint8Array): void {
    this.#socket.send(octets, this.#box, '127.0.0.1');
  }

  /** The final response to a request of this Call-ID, as text; undefined while there is none. */
  final(callId: string): string | undefined {
    return this.#responses.get(callId)?.find((text) => /^SIP\/2\.0 [2-6]/.test(text));
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #hear(text: string): void {
    if (text.startsWith('SIP/2.0 ')) {
      const callId = header(text, 'Call-ID');
      this.statuses.add(Number(text.slice(8, 11)));
      const known = this.#responses.get(callId) ?? [];
      this.#responses.set(callId, [...known, text]);
      return;
    }
    for (const answer of this.answers(text)) this.send(answer);
  }
}

/** A response to a request of the box, correct in everything. */
export function reply(request: string, status: number, body = ''): Uint8Array {
  const to = header(request, 'To');
  const lines = [
    `SIP/2.0 ${status} Whatever`,
    ...headers(request, 'Via').map((value) => `Via: ${value}`),
    `From: ${header(request, 'From')}`,
    `To: ${to.includes(';tag=') ? to : `${to};tag=rude`}`,
    `Call-ID: ${header(request, 'Call-ID')}`,
    `CSeq: ${header(request, 'CSeq')}`,
    'Contact: <sip:rude@127.0.0.2>',
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
  ];
  return fromLatin1(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const headers = (text: string, name: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^${name}: ?(.*)\\r$`, 'gim'))].map(([, value]) => value ?? '');

/** The first header of this name. */
export const header = (text: string, name: string): string => headers(text, name)[0] ?? '';
