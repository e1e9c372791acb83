import type { CodecName, Direction, RtpTarget } from '../call/media.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Sdp } from '../sip/sdp/description.ts';
import { answer, type MediaCapabilities, offer, readAnswer, takable } from '../sip/sdp/negotiate.ts';
import { parseSdp, printSdp } from '../sip/sdp/parse.ts';

/** Our RTP endpoint's address, as the media plane told it. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Why a session description can't be used: the status to answer with, and a warn-code for 488. */
export interface BadSession {
  readonly status: 400 | 488;
  readonly warning: number | undefined;
  readonly why: string;
}

const malformed = (why: string): BadSession => ({ status: 400, warning: undefined, why });

/**
 * One offer/answer exchange after the other, RFC 3264, whichever messages carry them: INVITE and 200, a reliable 183 and its PRACK, 200
 * and ACK, UPDATE, re-INVITE. At most one offer is out at a time (§4); a failed one leaves the session as it was (§8).
 */
export class OfferAnswer {
  readonly #can: MediaCapabilities;
  readonly #session: string;
  #local: Endpoint | undefined;
  /** Our description that is in force. */
  #ours: Sdp | undefined;
  /** Our offer that is not answered, or the peer's. */
  #offered: { readonly by: 'us' | 'them'; readonly sdp: Sdp } | undefined;
  #agreed: RtpTarget | undefined;
  /** What we want of the direction: less than `sendrecv` while we hold. */
  #wish: Direction = 'sendrecv';

  /** `session` is the number in our `o=` line. */
  constructor(can: MediaCapabilities, session: string) {
    this.#can = can;
    this.#session = session;
  }

  /** The same exchange in another early dialog: one offer, an answer from each fork (RFC 3261 §13.2.2.4). */
  fork(): OfferAnswer {
    const other = new OfferAnswer(this.#can, this.#session);
    other.#local = this.#local;
    other.#ours = this.#ours;
    other.#offered = this.#offered;
    other.#wish = this.#wish;
    return other;
  }

  open(local: Endpoint): void {
    this.#local = local;
  }

  /** Whose offer waits for its answer. */
  get pending(): 'us' | 'them' | undefined {
    return this.#offered?.by;
  }

  /** The stream both agreed on last; undefined before the first answer. */
  get agreed(): RtpTarget | undefined {
    return this.#agreed;
  }

  /** Our description in force, as it was sent: a 200 after an unreliable 183 repeats it (RFC 3261 §13.2.1). */
  get current(): Uint8Array | undefined {
    return this.#ours === undefined ? undefined : printSdp(this.#ours);
  }

  /** Makes our offer. Asserted by the caller: the endpoint is open and nothing is pending. */
  offer(wish: Direction = this.#wish, codecs: readonly CodecName[] = []): Uint8Array | undefined {
    if (this.#local === undefined || this.#offered !== undefined) return undefined;
    const wanted = this.#can.codecs.filter((codec) => codecs.length === 0 || codecs.includes(codec));
    const can = { ...this.#can, codecs: wanted.length === 0 ? this.#can.codecs : wanted };
    const sdp = offer(can, { ...this.#local, session: this.#session, previous: this.#ours, direction: wish });
    this.#wish = wish;
    this.#offered = { by: 'us', sdp };
    return printSdp(sdp);
  }

  /** The peer's answer to our offer; on failure the session is as before it. */
  hearAnswer(body: Uint8Array): Result<RtpTarget, BadSession> {
    const offered = this.#offered;
    if (offered?.by !== 'us') return fail(malformed('An answer without an offer'));
    const sdp = parseSdp(body);
    const agreed = sdp.ok ? readAnswer(offered.sdp, sdp.value) : sdp;
    this.#offered = undefined;
    if (!agreed.ok) return fail({ status: 488, warning: undefined, why: agreed.error });
    this.#ours = offered.sdp;
    this.#agreed = agreed.value;
    return agreed;
  }

  /**
   * The answer as an unreliable provisional shows it: media may begin, while the exchange stays open until the 2xx says it for
   * good (RFC 3261 §13.2.1).
   */
  preview(body: Uint8Array): RtpTarget | undefined {
    const sdp = this.#offered?.by === 'us' ? parseSdp(body) : undefined;
    const agreed = sdp?.ok && this.#offered !== undefined ? readAnswer(this.#offered.sdp, sdp.value) : undefined;
    if (agreed?.ok) this.#agreed = agreed.value;
    return agreed?.ok ? agreed.value : undefined;
  }

  /** A 2xx without a description after an unreliable answer: that answer stands. False when there was none. */
  settle(): boolean {
    if (this.#agreed === undefined || this.#offered?.by !== 'us') return false;
    this.#ours = this.#offered.sdp;
    this.#offered = undefined;
    return true;
  }

  /** The peer's offer, to be answered by `answer` once our endpoint is open. */
  hearOffer(body: Uint8Array): Result<readonly CodecName[], BadSession> {
    const sdp = parseSdp(body);
    if (!sdp.ok) return fail(malformed(sdp.error));
    const codecs = takable(sdp.value, this.#can);
    if (!codecs.ok) return fail({ status: 488, ...codecs.error });
    this.#offered = { by: 'them', sdp: sdp.value };
    return codecs;
  }

  /** Our answer to the peer's offer. */
  answer(): Result<Uint8Array, BadSession> {
    const offered = this.#offered;
    const local = this.#local;
    if (offered?.by !== 'them' || local === undefined) return fail(malformed('An answer without an offer'));
    const from = { ...local, session: this.#session, previous: this.#ours, direction: this.#wish };
    const answered = answer(offered.sdp, this.#can, from);
    this.#offered = undefined;
    if (answered.type === 'refused') return fail({ status: 488, warning: answered.warning, why: answered.why });
    this.#ours = answered.answer;
    this.#agreed = answered.agreed;
    return ok(printSdp(answered.answer));
  }

  /** The pending offer was refused or lost: the session stays as it was, `wish` included. */
  rollBack(wish: Direction): void {
    this.#offered = undefined;
    this.#wish = wish;
  }

  get wish(): Direction {
    return this.#wish;
  }

  /** The peer has us on hold: it doesn't want to hear us. */
  get held(): boolean {
    return this.#agreed?.direction === 'recvonly' || this.#agreed?.direction === 'inactive';
  }
}
