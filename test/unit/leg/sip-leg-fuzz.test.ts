import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LegEffect } from '../../../src/call/leg.ts';
import type { Signal } from '../../../src/call/signal.ts';
import { fromLatin1 } from '../../../src/kernel/bytes.ts';
import { seeded } from '../../../src/kernel/random.ts';
import { after, type Instant, ms } from '../../../src/kernel/time.ts';
import { SipLeg } from '../../../src/leg/sip-leg.ts';
import type { SipOut, SipSide } from '../../../src/leg/sip-leg-words.ts';
import { type HeaderPairs, request, responseTo, type SipRequest } from '../../../src/sip/message/message.ts';
import { printMessage } from '../../../src/sip/message/parse.ts';
import { sdp } from '../../support/sip-raw.ts';
import { ANSWER, offerOf, releaseOf, SIDE } from '../../support/sip-rig.ts';

const BODIES = [undefined, sdp(), sdp(['a=sendonly'], 2), sdp(['a=inactive'], 3), fromLatin1('v=0\r\nnonsense')];

const TELLS: readonly Signal[] = [
  { type: 'proceed' },
  { type: 'progress', inBand: true, cause: undefined },
  { type: 'progress', inBand: false, cause: undefined },
  { type: 'alert', inBand: true },
  { type: 'alert', inBand: false },
  ANSWER,
  { type: 'hold' },
  { type: 'resume' },
  { type: 'update', codecs: ['PCMA'] },
  { type: 'accepted', codecs: [] },
  { type: 'tone', digit: '1', duration: 100 },
  { type: 'identity', connected: { number: undefined, name: { text: 'x', presentation: 'restricted' } } },
  { type: 'redirect', targets: ['sip:b@x'], origin: undefined },
  { type: 'digits', digits: '1', complete: true },
  { type: 'confirm' },
  offerOf(),
  releaseOf(17),
];

const METHODS = ['INVITE', 'UPDATE', 'BYE', 'PRACK', 'INFO', 'OPTIONS', 'MESSAGE', 'REFER', 'NOTIFY'] as const;
const STATUS = [100, 180, 183, 199, 200, 202, 302, 401, 408, 422, 481, 486, 488, 491, 503, 603] as const;

const step = fc.oneof(
  fc.record({ do: fc.constant('tell' as const), what: fc.nat(TELLS.length - 2) }),
  fc.record({
    do: fc.constant('request' as const),
    method: fc.constantFrom(...METHODS),
    skip: fc.integer({ min: -2, max: 3 }),
    body: fc.nat(BODIES.length - 1),
    tag: fc.constantFrom('far', 'far', 'one', 'two'),
    timer: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('response' as const),
    pick: fc.nat(20),
    status: fc.constantFrom(...STATUS),
    tag: fc.constantFrom('far', 'one', 'two'),
    body: fc.nat(BODIES.length - 1),
    rseq: fc.option(fc.nat(4), { nil: undefined }),
  }),
  fc.record({ do: fc.constant('ack' as const), body: fc.nat(BODIES.length - 1) }),
  fc.record({ do: fc.constant('cancelled' as const), pick: fc.nat(3) }),
  fc.record({ do: fc.constant('silence' as const), pick: fc.nat(20), failed: fc.boolean() }),
  fc.record({ do: fc.constant('media' as const), what: fc.constantFrom('ready', 'failed', 'silent') }),
  fc.record({ do: fc.constant('wait' as const), time: fc.constantFrom(100, 1000, 5000, 60_000, 1_000_000) }),
);

/** A leg, and a peer that keeps no rule; what must hold for every leg is checked at each of its effects. */
class Trial {
  readonly leg: SipLeg;
  now = 0 as Instant;
  readonly #sent: { readonly transaction: string; readonly request: SipRequest }[] = [];
  readonly #open = new Set<string>();
  readonly #heard: { readonly transaction: string; readonly request: SipRequest }[] = [];
  #cseq = 1;
  #rseq = '1';
  #releases = 0;
  #gone = 0;
  #toldRelease = false;
  #closed = 0;
  #opened = 0;

  constructor(side: Partial<SipSide>) {
    const destination = { uri: 'sip:100@10.0.0.2', domain: 'x', routes: [] };
    this.leg = new SipLeg({ id: 'leg', side: { ...SIDE, ...side }, random: seeded(9), destination });
  }

  #do(effects: readonly LegEffect<SipOut>[]): void {
    for (const effect of effects) {
      assert.equal(this.#gone, 0, 'nothing comes after gone');
      if (effect.type === 'gone') this.#gone++;
      else if (effect.type === 'say') {
        assert.equal(this.#releases, 0, 'nothing is said after release');
        assert.ok(!this.#toldRelease, 'nothing is said once the call has released');
        if (effect.signal.type === 'release') this.#releases++;
      } else if (effect.type === 'media') {
        if (effect.command.type === 'open-rtp') this.#opened++;
        if (effect.command.type === 'close') this.#closed++;
        assert.ok(this.#opened <= 1 && this.#closed <= this.#opened);
      } else this.#wire(effect.message);
    }
  }

  #wire(out: SipOut): void {
    if (out.type === 'request') {
      assert.ok(!this.#open.has(out.transaction), 'each transaction has its own name');
      this.#sent.push(out);
      this.#open.add(out.transaction);
    }
    if (out.type === 'respond') this.#rseq = out.response.headers.get('RSeq') ?? this.#rseq;
    if (out.type !== 'cancel') printMessage(out.type === 'respond' ? out.response : out.request);
  }

  /** The peer calls. */
  invite(headers: HeaderPairs, body: Uint8Array | undefined): void {
    this.#request('INVITE', 1, 'far', body, headers, undefined);
  }

  #request(
    method: string,
    cseq: number,
    tag: string,
    body: Uint8Array | undefined,
    more: HeaderPairs,
    toTag = this.leg.key?.localTag,
  ): void {
    const typed: HeaderPairs = body === undefined ? [] : [['Content-Type', 'application/sdp']];
    const pairs: HeaderPairs = [
      ['Via', `SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK${this.#heard.length}`],
      ['From', `<sip:200@x>;tag=${tag}`],
      ['To', `<sip:100@x>${toTag === undefined ? '' : `;tag=${toTag}`}`],
      ['Call-ID', this.leg.key?.callId ?? 'c'],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', '<sip:200@10.0.0.2>'],
      ['RAck', `${this.#rseq} 1 INVITE`],
      ...more,
      ...typed,
    ];
    const transaction = `in-${this.#heard.length}`;
    const made = request(method, 'sip:100@x', pairs, body);
    this.#heard.push({ transaction, request: made });
    this.#do(this.leg.hear({ type: 'request', transaction, request: made }, this.now));
  }

  tell(signal: Signal): void {
    const effects = this.leg.tell(signal, this.now);
    if (signal.type === 'release') this.#toldRelease = true;
    this.#do(effects);
  }

  step(at: typeof step extends fc.Arbitrary<infer T> ? T : never): void {
    if (this.#gone > 0) return;
    switch (at.do) {
      case 'tell': {
        const signal = TELLS[at.what];
        if (signal !== undefined) this.tell(signal);
        return;
      }
      case 'request': {
        this.#cseq = Math.max(1, this.#cseq + at.skip);
        const timer: HeaderPairs = at.timer
          ? [
              ['Session-Expires', '90'],
              ['Supported', 'timer'],
            ]
          : [];
        this.#request(at.method, this.#cseq, at.tag, BODIES[at.body], timer);
        return;
      }
      case 'response': {
        const to = this.#sent[at.pick % Math.max(1, this.#sent.length)];
        if (to === undefined || (at.status >= 300 && !this.#open.has(to.transaction))) return;
        const body = BODIES[at.body];
        const rel: HeaderPairs =
          at.rseq === undefined
            ? []
            : [
                ['Require', '100rel'],
                ['RSeq', String(at.rseq)],
              ];
        const headers: HeaderPairs = [
          ['Contact', '<sip:b@10.0.0.2>'],
          ['Session-Expires', '90;refresher=uas'],
          ['Min-SE', '4000'],
          ...rel,
        ];
        const response = responseTo(to.request, at.status, {
          toTag: at.tag,
          headers,
          ...(body === undefined ? {} : { body }),
        });
        if (at.status >= 200) this.#open.delete(to.transaction);
        this.#do(this.leg.hear({ type: 'response', transaction: to.transaction, response }, this.now));
        return;
      }
      case 'ack': {
        const ack = request('ACK', 'sip:x', [['CSeq', '1 ACK']], BODIES[at.body]);
        this.#do(this.leg.hear({ type: 'ack', request: ack }, this.now));
        return;
      }
      case 'cancelled': {
        const invite = this.#heard[at.pick % Math.max(1, this.#heard.length)];
        if (invite !== undefined) this.#do(this.leg.hear({ type: 'cancelled', ...invite }, this.now));
        return;
      }
      case 'silence':
        this.silence(at.pick, at.failed);
        return;
      case 'media':
        if (at.what === 'ready') this.#do(this.leg.media({ type: 'ready', address: '10.0.0.1', port: 4000 }, this.now));
        else if (at.what === 'failed') this.#do(this.leg.media({ type: 'failed', why: 'x' }, this.now));
        else this.#do(this.leg.media({ type: 'silent', seconds: 9 }, this.now));
        return;
      case 'wait':
        this.#wait(at.time);
    }
  }

  silence(pick: number, failed: boolean): void {
    const all = [...this.#open, ...this.#heard.map(({ transaction }) => transaction)];
    const transaction = all[pick % Math.max(1, all.length)];
    if (transaction === undefined) return;
    this.#open.delete(transaction);
    const why = failed
      ? ({ type: 'failed', transaction, why: 'x' } as const)
      : ({ type: 'timeout', transaction } as const);
    this.#do(this.leg.hear(why, this.now));
  }

  #wait(time: number): void {
    const end = after(this.now, ms(time));
    for (let n = 0; n < 10_000 && this.#gone === 0; n++) {
      const next = this.leg.deadline;
      if (next === undefined || next > end) break;
      this.now = next;
      this.#do(this.leg.wake(next));
    }
    this.now = end;
  }

  /** The call hangs up and the network falls silent: every transaction ends, as the layer promises. */
  end(): void {
    if (this.#gone === 0 && this.#releases === 0 && !this.#toldRelease) this.tell(releaseOf(16));
    for (let n = 0; n < 50 && this.#gone === 0; n++) this.silence(0, false);
    for (const { transaction } of this.#heard) {
      if (this.#gone === 0) this.#do(this.leg.hear({ type: 'timeout', transaction }, this.now));
    }
    for (let n = 0; n < 50 && this.#gone === 0; n++) this.silence(0, false);
    assert.equal(this.#gone, 1, 'the leg has gone');
    assert.equal(this.#closed, this.#opened, 'its endpoint is closed');
    assert.equal(this.leg.deadline, undefined, 'it waits for nothing');
  }
}

const sides = fc.record({
  reliable: fc.constantFrom<SipSide['reliable']>('required', 'supported', 'off'),
  sessionTimer: fc.constantFrom(undefined, { expires: 120, min: 90 }),
});

test('a called leg: no order of messages, words and time throws, speaks after its end, or leaves it hanging', () => {
  const first = fc.constantFrom<HeaderPairs>([], [['Supported', '100rel, timer']], [['Require', '100rel']]);
  fc.assert(
    fc.property(
      sides,
      first,
      fc.nat(BODIES.length - 1),
      fc.array(step, { maxLength: 40 }),
      (side, headers, body, steps) => {
        const trial = new Trial(side);
        trial.invite(headers, BODIES[body]);
        for (const at of steps) trial.step(at);
        trial.end();
      },
    ),
    { numRuns: 700 },
  );
});

test('a calling leg: the same, with forks, challenges and lost answers', () => {
  fc.assert(
    fc.property(sides, fc.array(step, { maxLength: 40 }), (side, steps) => {
      const trial = new Trial(side);
      trial.tell(offerOf());
      trial.step({ do: 'media', what: 'ready' });
      for (const at of steps) trial.step(at);
      trial.end();
    }),
    { numRuns: 700 },
  );
});

test('an established call: the same, whatever is asked in it', () => {
  fc.assert(
    fc.property(sides, fc.array(step, { maxLength: 60 }), (side, steps) => {
      const trial = new Trial(side);
      trial.invite(
        [
          ['Supported', '100rel, timer'],
          ['Allow', 'INVITE, UPDATE'],
        ],
        BODIES[1],
      );
      trial.tell(ANSWER);
      trial.step({ do: 'media', what: 'ready' });
      trial.step({ do: 'ack', body: 0 });
      // Most of what ends a call is left out, so that the rest meets a call that lasts.
      for (const at of steps) if (at.do !== 'request' || at.method !== 'BYE') trial.step(at);
      trial.end();
    }),
    { numRuns: 700 },
  );
});
