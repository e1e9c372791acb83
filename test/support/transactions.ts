import { seeded } from '../../src/kernel/random.ts';
import { after, type Instant, ms } from '../../src/kernel/time.ts';
import { topVia } from '../../src/sip/message/fields.ts';
import type { Flow } from '../../src/sip/message/flow.ts';
import {
  type HeaderPairs,
  request,
  responseTo,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/message/message.ts';
import { branchOf } from '../../src/sip/message/via.ts';
import { TransactionLayer } from '../../src/sip/transaction/layer.ts';
import type { Answerer, TransactionEffect } from '../../src/sip/transaction/words.ts';

/** A transaction layer under a clock, with everything it did and when. */
export class LayerRig {
  now = 0 as Instant;
  readonly layer: TransactionLayer;
  /** How often each transaction has ended. */
  readonly ended = new Map<string, number>();
  readonly #log: { readonly at: number; readonly effect: TransactionEffect }[] = [];

  constructor(maxServerTransactions = 100) {
    const sentBy = (): { host: string; port: number } => ({ host: '192.0.2.1', port: 5060 });
    this.layer = new TransactionLayer({ random: seeded(1), sentBy, maxServerTransactions });
  }

  do(effects: readonly TransactionEffect[]): readonly TransactionEffect[] {
    for (const effect of effects) {
      this.#log.push({ at: this.now, effect });
      if (effect.type === 'ended') this.ended.set(effect.transaction, (this.ended.get(effect.transaction) ?? 0) + 1);
    }
    return effects;
  }

  /** Runs the clock forward, waking the layer at each of its deadlines. */
  run(duration: number): void {
    const end = after(this.now, ms(duration));
    for (let next = this.layer.deadline; next !== undefined && next <= end; next = this.layer.deadline) {
      this.now = next;
      this.do(this.layer.wake(next));
    }
    this.now = end;
  }

  receive(message: SipMessage, flow: Flow = UDP): readonly TransactionEffect[] {
    return this.do(this.layer.receive(message, flow, this.now));
  }

  respond(transaction: string, response: SipResponse, by: Answerer = 'uas'): readonly TransactionEffect[] {
    return this.do(this.layer.respond(transaction, response, this.now, by));
  }

  send(message: SipRequest, more: { targets?: readonly Flow[]; patience?: number } = {}): SipRequest {
    const { patience, targets = [UDP] } = more;
    const wait = patience === undefined ? {} : { patience: ms(patience) };
    this.do(this.layer.send({ id: 'mine', request: message, targets, ...wait }, this.now));
    return this.lastSent('request');
  }

  /** `at name` of everything since the last call: `500 INVITE`, `0 response 180`, `32000 timeout`. */
  log(): string[] {
    return this.#log.splice(0).map(({ at, effect }) => `${at} ${describe(effect)}`);
  }

  lastSent(type: 'request'): SipRequest;
  lastSent(type: 'response'): SipResponse;
  lastSent(type: 'request' | 'response'): SipMessage {
    for (const { effect } of this.#log.toReversed()) {
      if (effect.type === 'transmit' && effect.message.type === type) return effect.message;
    }
    throw new Error(`no ${type} was sent`);
  }
}

function describe(effect: TransactionEffect): string {
  if (effect.type === 'transmit') {
    return effect.message.type === 'request' ? effect.message.method : String(effect.message.status);
  }
  if (effect.type === 'response') return `response ${effect.response.status}`;
  if (effect.type === 'request') return `request ${effect.request.method}${effect.merged ? ' merged' : ''}`;
  return effect.type;
}

export const flow = (transport: Flow['transport'], address = '192.0.2.9', port = 5060): Flow => ({
  transport,
  remote: { address, port },
  local: { address: '192.0.2.1', port: 5060 },
  ...(transport === 'udp' ? {} : { connection: 'c1' }),
});

export const UDP = flow('udp');
export const TCP = flow('tcp');

/** A request as it comes in over UDP from 192.0.2.9. */
export function heard(
  method: string,
  parts: { branch?: string; toTag?: string; cseq?: number; headers?: HeaderPairs } = {},
): SipRequest {
  const { branch = 'z9hG4bKone', toTag, cseq = 1, headers = [] } = parts;
  return request(method, 'sip:100@192.0.2.1', [
    ['Via', `SIP/2.0/UDP 192.0.2.9;branch=${branch}`],
    ['Max-Forwards', '70'],
    ['From', '<sip:200@192.0.2.9>;tag=far'],
    ['To', `<sip:100@192.0.2.1>${toTag === undefined ? '' : `;tag=${toTag}`}`],
    ['Call-ID', 'call-1'],
    ['CSeq', `${cseq} ${method === 'ACK' ? 'ACK' : method}`],
    ...headers,
  ]);
}

/** A request of ours, without a Via. */
export const outgoing = (method: string): SipRequest =>
  request(method, 'sip:200@192.0.2.9', [
    ['Route', '<sip:192.0.2.9;lr>'],
    ['Max-Forwards', '70'],
    ['From', '<sip:100@192.0.2.1>;tag=near'],
    ['To', '<sip:200@192.0.2.9>'],
    ['Call-ID', 'call-2'],
    ['CSeq', `7 ${method}`],
    ['Require', '100rel'],
  ]);

export const answer = (to: SipRequest, status: number, toTag = 'far'): SipResponse => responseTo(to, status, { toTag });

export function branchIn(message: SipMessage): string | undefined {
  const via = topVia(message);
  return via === undefined ? undefined : branchOf(via);
}
