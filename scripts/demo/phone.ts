/**
 * A small SIP phone, over UDP unless it is given a connection, for the demonstration and for tests: it registers with digest (MD5 or SHA-256), calls, is called,
 * says a tone or samples and records what it hears. It prints nothing; `events` tells what crossed its wire.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TraceEntry } from '../../src/capture/trace.ts';
import { type Random, token } from '../../src/kernel/random.ts';
import type { WallTime } from '../../src/kernel/time.ts';
import { DigestClient } from '../../src/sip/digest/client.ts';
import { parseDigest } from '../../src/sip/digest/credentials.ts';
import { algorithmOf, type Hash, type HashName, hashOf } from '../../src/sip/digest/response.ts';
import { callIdOf, cseqOf, fromOf } from '../../src/sip/message/fields.ts';
import {
  request,
  responseTo,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/message/message.ts';
import { printSdp } from '../../src/sip/sdp/parse.ts';
import { causeIn, type DialogRequest, PhoneCall, type PhoneLine } from './phone-call.ts';
import { type CallSound, PhoneMedia } from './phone-media.ts';
import { type Address, PhoneWire } from './phone-wire.ts';

export interface PhoneOptions {
  readonly registrar: Address;
  readonly user: string;
  readonly password: string;
  /** The domain of the address of record. Default: the registrar's address. */
  readonly domain?: string;
  /** Challenges of other algorithms are not answered. Default: whatever comes first. */
  readonly algorithms?: readonly HashName[];
  /** Our own address. Default 127.0.0.1. */
  readonly local?: string;
  /** An open TCP or TLS connection to the registrar, the phone's from here on. */
  readonly stream?: Socket;
}

const HASHES: Readonly<Record<HashName, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };
const hash: Hash = (name, octets) => createHash(HASHES[name]).update(octets).digest('hex');
const random: Random = { bytes: (n) => randomBytes(n) };

/** What an INVITE of ours says beside the address of record. */
export interface CallWords {
  /** The display name in From. */
  readonly display?: string;
  /** Further headers: Privacy, Diversion … */
  readonly headers?: readonly (readonly [string, string])[];
}

export class Phone<Sound extends CallSound = PhoneMedia> implements PhoneLine {
  /** Everything that crossed the wire, in order. */
  readonly events: TraceEntry[] = [];
  /** Is given each call that comes in; the default refuses with 486. */
  onCall: (call: PhoneCall<Sound>) => void = (call) => call.refuse(486);
  readonly #options: PhoneOptions;
  readonly #wire: PhoneWire;
  readonly #openSound: (address: string) => Promise<Sound>;
  readonly #digest: DigestClient;
  readonly #calls = new Map<string, PhoneCall<Sound>>();
  readonly #inviting = new Map<string, SipRequest>();
  readonly #registration = { callId: `${token(random, 8)}@phone`, tag: token(random, 4) };
  #authorization: 'Authorization' | 'Proxy-Authorization' = 'Authorization';
  #cseq = 0;

  private constructor(options: PhoneOptions, wire: PhoneWire, openSound: (address: string) => Promise<Sound>) {
    this.#openSound = openSound;
    this.#options = options;
    this.#wire = wire;
    const { user, password } = options;
    this.#digest = new DigestClient(hash, random, () => ({ username: user, secret: { type: 'password', password } }));
  }

  static open(options: PhoneOptions): Promise<Phone> {
    return Phone.with(options, PhoneMedia.open);
  }

  /** A phone whose calls have another sound than the demonstration's. */
  static async with<Sound extends CallSound>(
    options: PhoneOptions,
    openSound: (address: string) => Promise<Sound>,
  ): Promise<Phone<Sound>> {
    // The wire hears nothing before the phone is there: nobody knows its port yet.
    let phone: Phone<Sound> | undefined;
    const events = {
      hear: (message: SipRequest) => phone?.hear(message),
      again: (response: SipResponse) => phone?.heardAgain(response),
      seen: (direction: 'in' | 'out', message: SipMessage) => phone?.seen(direction, message),
    };
    const wire = await PhoneWire.open(options.local ?? '127.0.0.1', options.registrar, events, options.stream);
    phone = new Phone(options, wire, openSound);
    return phone;
  }

  get address(): string {
    return this.#wire.local.address;
  }

  get port(): number {
    return this.#wire.local.port;
  }

  get contact(): string {
    const { transport } = this.#wire;
    const parameter = transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`;
    return `<sip:${this.#options.user}@${this.address}:${this.port}${parameter}>`;
  }

  /** Registers for `expires` seconds, 0 takes the registration back. Answers the final status; undefined when none came. */
  async register(expires: number): Promise<number | undefined> {
    const { callId, tag } = this.#registration;
    this.#cseq++;
    const response = await this.send({
      method: 'REGISTER',
      uri: `sip:${this.#domain}`,
      routes: [],
      from: `<${this.#aor}>;tag=${tag}`,
      to: `<${this.#aor}>`,
      callId,
      cseq: this.#cseq,
      headers: [['Expires', String(expires)]],
      sdp: undefined,
    });
    this.#cseq = (response && cseqOf(response)?.number) ?? this.#cseq;
    return response?.status;
  }

  /** Calls a number or a SIP URI. */
  async call(dial: string, { display, headers = [] }: CallWords = {}): Promise<PhoneCall<Sound>> {
    const uri = dial.startsWith('sip:') ? dial : `sip:${dial}@${this.#domain}`;
    const media = await this.#openSound(this.address);
    const name = display === undefined ? '' : `"${display}" `;
    const call = new PhoneCall(this, media, {
      callId: `${token(random, 8)}@phone`,
      from: `${name}<${this.#aor}>;tag=${token(random, 4)}`,
      to: `<${uri}>`,
      uri,
      session: String(Date.now()),
      headers,
    });
    this.#calls.set(call.callId, call);
    void call.ended.then(() => this.#forget(call));
    void call.dial();
    return call;
  }

  /** Hangs up what is up and closes the socket. */
  async close(): Promise<void> {
    await Promise.all([...this.#calls.values()].map((call) => call.hangUp()));
    await this.#wire.close();
  }

  async send(parts: DialogRequest, provisional?: (response: SipResponse) => void): Promise<SipResponse | undefined> {
    let { cseq } = parts;
    for (let tries = 0; ; tries++) {
      const message = this.#message({ ...parts, cseq });
      if (parts.method === 'INVITE') this.#inviting.set(parts.callId, message);
      const response = await this.#wire.request(message, provisional);
      if (response === undefined || tries > 1 || !this.#challenged(response)) return response;
      cseq++;
    }
  }

  cancel(callId: string): void {
    const invite = this.#inviting.get(callId);
    if (invite === undefined) return;
    const of = (name: string): string => invite.headers.get(name) ?? '';
    const copied = ['Via', 'Max-Forwards', 'From', 'To', 'Call-ID'].map((name) => [name, of(name)] as const);
    void this.#wire.request(
      request('CANCEL', invite.uri, [...copied, ['CSeq', of('CSeq').replace('INVITE', 'CANCEL')]]),
    );
  }

  acknowledge(parts: DialogRequest): void {
    this.#wire.send(this.#message(parts));
  }

  respond(to: SipRequest, response: SipResponse): void {
    this.#wire.respond(to, response);
  }

  acknowledged(callId: string): void {
    this.#wire.acknowledged(callId);
  }

  /** A request from the wire. */
  hear(message: SipRequest): void {
    const call = this.#calls.get(callIdOf(message) ?? '');
    if (call !== undefined) call.hear(message);
    else if (message.method === 'INVITE') void this.#called(message);
    else if (message.method !== 'ACK') {
      this.#wire.respond(
        message,
        responseTo(message, message.method === 'OPTIONS' ? 200 : 481, { toTag: token(random, 4) }),
      );
    }
  }

  heardAgain(response: SipResponse): void {
    this.#calls.get(callIdOf(response) ?? '')?.ackAgain();
  }

  seen(direction: 'in' | 'out', message: SipMessage): void {
    const { address, port } = this.#options.registrar;
    this.events.push({
      at: (performance.timeOrigin + performance.now()) as WallTime,
      thread: callIdOf(message) ?? '',
      protocol: 'sip',
      direction,
      peer: `${address}:${port}`,
      what: inOneLine(message),
    });
  }

  get #domain(): string {
    return this.#options.domain ?? this.#options.registrar.address;
  }

  get #aor(): string {
    return `sip:${this.#options.user}@${this.#domain}`;
  }

  async #called(invite: SipRequest): Promise<void> {
    const callId = callIdOf(invite) ?? '';
    const media = await this.#openSound(this.address);
    const to = invite.headers.get('To') ?? '';
    const call = new PhoneCall(
      this,
      media,
      {
        callId,
        from: `${to};tag=${token(random, 4)}`,
        to: invite.headers.get('From') ?? '',
        uri: fromOf(invite)?.uri ?? '',
        session: String(Date.now()),
        headers: [],
      },
      invite,
    );
    this.#calls.set(callId, call);
    void call.ended.then(() => this.#forget(call));
    this.onCall(call);
  }

  #forget(call: PhoneCall<Sound>): void {
    this.#calls.delete(call.callId);
    this.#inviting.delete(call.callId);
  }

  /** Whether a response asks for a password that we can give. */
  #challenged(response: SipResponse): boolean {
    if (response.status !== 401 && response.status !== 407) return false;
    this.#authorization = response.status === 401 ? 'Authorization' : 'Proxy-Authorization';
    const challenges = response.headers.all(response.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate');
    return this.#digest.hear(challenges.filter((challenge) => this.#answers(challenge)));
  }

  #answers(challenge: string): boolean {
    const algorithm = algorithmOf(parseDigest(challenge)?.get('algorithm'));
    const { algorithms } = this.#options;
    return algorithm !== undefined && (algorithms === undefined || algorithms.includes(hashOf(algorithm)));
  }

  #message(parts: DialogRequest): SipRequest {
    const { method, uri, routes, from, to, callId, cseq, headers, sdp } = parts;
    const body = sdp === undefined ? new Uint8Array(0) : printSdp(sdp);
    const authorized = method === 'ACK' ? [] : this.#digest.authorize({ method, uri, body });
    return request(
      method,
      uri,
      [
        ['Via', `SIP/2.0/${this.#wire.transport} ${this.address}:${this.port};branch=z9hG4bK${token(random, 8)};rport`],
        ['Max-Forwards', '70'],
        ...routes.map((route) => ['Route', route] as const),
        ['From', from],
        ['To', to],
        ['Call-ID', callId],
        ['CSeq', `${cseq} ${method}`],
        ['Contact', this.contact],
        ...authorized.map((value) => [this.#authorization, value] as const),
        ...headers,
        ...(sdp === undefined ? [] : [['Content-Type', 'application/sdp'] as const]),
      ],
      body,
    );
  }
}

/** A message in one line; never a credential. */
function inOneLine(message: SipMessage): string {
  const cause = causeIn(message);
  const because = cause === undefined ? '' : ` (cause ${cause})`;
  if (message.type === 'request') return `${message.method} ${message.uri}${because}`;
  return `${message.status} ${message.reason}, ${cseqOf(message)?.method ?? ''}${because}`;
}
