import assert from 'node:assert/strict';
import { fromLatin1 } from '../../src/kernel/bytes.ts';
import { cseqOf, toOf } from '../../src/sip/message/fields.ts';
import {
  type HeaderPairs,
  request,
  responseTo,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/message/message.ts';
import { tagOf } from '../../src/sip/message/name-addr.ts';
import type { Party, SipRig } from './sip-rig.ts';

const SDP_LINES = [
  'v=0',
  'o=- 1 1 IN IP4 10.0.0.2',
  's=-',
  'c=IN IP4 10.0.0.2',
  't=0 0',
  'm=audio 30000 RTP/AVP 0 8 101',
];

/** A description as a phone writes it; `extra` are attribute lines, `version` the one in `o=`. */
export const sdp = (extra: readonly string[] = ['a=rtpmap:101 telephone-event/8000'], version = 1): Uint8Array =>
  fromLatin1([...SDP_LINES.map((line) => line.replace('o=- 1 1', `o=- 1 ${version}`)), ...extra, ''].join('\r\n'));

interface Parts {
  readonly headers?: HeaderPairs;
  /** A session description. */
  readonly body?: Uint8Array | undefined;
  /** A body of another type, which `headers` name. */
  readonly text?: string;
}

/** A peer that a test plays by hand: it answers nothing by itself. Real transactions carry what it sends. */
export class RawPeer {
  readonly party: Party;
  readonly rig: SipRig;
  readonly heard: { readonly message: SipMessage; readonly transaction: string | undefined }[] = [];
  #sent = 0;
  #cseq = 0;
  #dialog: { to: string; target: string } | undefined;

  constructor(party: Party) {
    this.party = party;
    this.rig = party.rig;
    party.raw = (message, transaction) => this.heard.push({ message, transaction });
  }

  /** The last request of this method. */
  last(method: string): { readonly message: SipRequest; readonly transaction: string } {
    for (const { message, transaction } of this.heard.toReversed()) {
      if (message.type === 'request' && message.method === method) return { message, transaction: transaction ?? '' };
    }
    return assert.fail(`no ${method} was heard`);
  }

  /** The last response to this method. */
  response(method: string): SipResponse {
    for (const { message } of this.heard.toReversed()) {
      if (message.type === 'response' && cseqOf(message)?.method === method) return message;
    }
    return assert.fail(`no response to ${method} was heard`);
  }

  count(method: string): number {
    return this.heard.filter(({ message }) => message.type === 'request' && message.method === method).length;
  }

  reply(method: string, status: number, parts: Parts & { tag?: string; by?: 'uas' | 'proxy' } = {}): SipResponse {
    const { message, transaction } = this.last(method);
    const { tag = 'raw', headers = [], body } = parts;
    const all: HeaderPairs = [['Contact', `<sip:${this.party.address}:5060>`], ...headers, ...typed(body)];
    const response = responseTo(message, status, { toTag: tag, headers: all, ...(body === undefined ? {} : { body }) });
    this.party.respond(transaction, response, parts.by);
    return response;
  }

  /** Calls the other party: an INVITE, or again one with changed headers. */
  invite(to: Party, parts: Parts & { uri?: string; from?: string } = {}): void {
    this.#dialog = { to: `<sip:100@${to.address}>`, target: parts.uri ?? `sip:100@${to.address}:5060` };
    this.send('INVITE', parts, parts.from);
  }

  send(method: string, parts: Parts = {}, from = '<sip:200@raw.example>'): void {
    const dialog = this.#dialog;
    assert.ok(dialog);
    this.#cseq++;
    this.#dispatch(this.#make(method, this.#cseq, parts, from, dialog));
  }

  #make(method: string, cseq: number, parts: Parts, from: string, dialog: { to: string; target: string }): SipRequest {
    const headers: HeaderPairs = [
      ['Max-Forwards', '70'],
      ['From', `${from};tag=rawtag`],
      ['To', dialog.to],
      ['Call-ID', 'raw-call'],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', `<sip:200@${this.party.address}:5060>`],
      ...typed(parts.body),
      ...(parts.headers ?? []),
    ];
    const made = request(method, dialog.target, [], parts.text === undefined ? parts.body : fromLatin1(parts.text));
    for (const [name, value] of headers) made.headers.set(name, value);
    return made;
  }

  #dispatch(message: SipRequest): void {
    const address = /@([0-9.]+)/.exec(message.uri)?.[1] ?? /sip:([0-9.]+)/.exec(message.uri)?.[1] ?? '';
    const target = { transport: 'udp', address, port: 5060 } as const;
    const { layer } = this.party;
    if (message.method === 'ACK') this.party.effects(layer.sendAlone(message, target));
    else
      this.party.effects(layer.send({ id: `raw-${++this.#sent}`, request: message, targets: [target] }, this.rig.now));
  }

  /** Goes on in the dialog that this response made. */
  follow(response: SipResponse): void {
    const to = toOf(response);
    assert.ok(to !== undefined && tagOf(to) !== undefined);
    const target = /<([^>]+)>/.exec(response.headers.get('Contact') ?? '')?.[1] ?? this.#dialog?.target ?? '';
    this.#dialog = { to: response.headers.get('To') ?? '', target };
  }

  /** ACKs the 2xx of our INVITE number `cseq`. */
  ack(response: SipResponse, body?: Uint8Array, cseq = this.#cseq): void {
    this.follow(response);
    assert.ok(this.#dialog);
    this.#dispatch(this.#make('ACK', cseq, { body }, '<sip:200@raw.example>', this.#dialog));
  }

  prack(provisional: SipResponse, body?: Uint8Array): void {
    this.follow(provisional);
    const rseq = provisional.headers.get('RSeq') ?? '';
    this.send('PRACK', { headers: [['RAck', `${rseq} ${provisional.headers.get('CSeq')}`]], body });
  }

  cancel(): void {
    this.party.effects(this.party.layer.cancel(`raw-${this.#sent}`, [], this.rig.now));
  }

  /** A request in the dialog of a call that we answered as `tag`. */
  sendAsCalled(method: string, cseq: number, parts: Parts & { tag?: string } = {}): void {
    const { message } = this.last('INVITE');
    const { tag = 'raw', headers = [], body } = parts;
    const target = /<([^>]+)>/.exec(message.headers.get('Contact') ?? '')?.[1] ?? '';
    const pairs: HeaderPairs = [
      ['Max-Forwards', '70'],
      ['From', `${message.headers.get('To')};tag=${tag}`],
      ['To', message.headers.get('From') ?? ''],
      ['Call-ID', message.headers.get('Call-ID') ?? ''],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', `<sip:${this.party.address}:5060>`],
      ...headers,
      ...typed(body),
    ];
    this.#dispatch(request(method, target, pairs, body));
  }
}

const typed = (body: Uint8Array | undefined): HeaderPairs =>
  body === undefined ? [] : [['Content-Type', 'application/sdp']];
