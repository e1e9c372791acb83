import { type Instant, seconds } from '../kernel/time.ts';
import { tagsOf } from '../sip/message/fields.ts';
import { paramOf, parseNumber, parseParams } from '../sip/message/grammar.ts';
import type { HeaderPairs, SipMessage, SipRequest, SipResponse } from '../sip/message/message.ts';
import type { LegKit } from './sip-leg-kit.ts';

/** No session may expire faster than this, RFC 4028 §5. Seconds. */
const LEAST = 90;

/** A peer whose least interval grows more often than this in one dialog is not asked again. */
const MAX_RAISES = 3;

/** What a peer asked for. */
interface SessionExpires {
  readonly interval: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

/**
 * The session timer of a dialog, RFC 4028: one side refreshes the session at half of its interval, the other ends the call
 * shortly before it runs out. Its timers are the leg's `refresh` and `expire`.
 */
export class SessionTimer {
  readonly #kit: LegKit;
  #interval: number | undefined;
  #min: number;
  #refresher: 'us' | 'them' = 'us';
  #raises = 0;

  constructor(kit: LegKit) {
    this.#kit = kit;
    this.#min = Math.max(LEAST, kit.setup.side.sessionTimer?.min ?? LEAST);
  }

  /** The headers of an INVITE or UPDATE that we send (§7.1, §10). */
  forRequest(): HeaderPairs {
    const interval = this.#interval ?? this.#kit.setup.side.sessionTimer?.expires;
    if (interval === undefined) return [];
    const asked = Math.max(interval, this.#min);
    const refresher = this.#interval === undefined ? '' : `;refresher=${this.#refresher === 'us' ? 'uac' : 'uas'}`;
    return [
      ['Session-Expires', `${asked}${refresher}`],
      ['Min-SE', String(this.#min)],
    ];
  }

  /** A 422 wants a longer interval: true when asking again makes sense (§7.3). */
  hearTooSmall(response: SipResponse): boolean {
    const min = seconds32(response.headers.get('Min-SE'));
    if (min === undefined || min <= this.#min || this.#raises >= MAX_RAISES) return false;
    this.#raises++;
    this.#min = min;
    if (this.#interval !== undefined) this.#interval = Math.max(this.#interval, min);
    return true;
  }

  /** Our request was accepted: its 2xx says whether the session has a timer, and who refreshes (§7.2). */
  hearAccepted(response: SipResponse, now: Instant): void {
    const heard = sessionExpires(response);
    this.#adopt(heard?.interval, heard?.refresher === 'uas' ? 'them' : 'us', now);
  }

  /** §9: the least interval that we take, when the request asks for less; it is refused with 422. */
  tooSmall(request: SipRequest): number | undefined {
    const asked = sessionExpires(request);
    return asked !== undefined && asked.interval < this.#min && supports(request) ? this.#min : undefined;
  }

  /** We accept the peer's INVITE or UPDATE: the headers of its 2xx, and the timers start (§9). */
  accept(request: SipRequest, now: Instant): HeaderPairs {
    const asked = sessionExpires(request);
    const willing = this.#kit.setup.side.sessionTimer?.expires;
    const interval = asked?.interval ?? willing;
    if (interval === undefined) {
      this.#adopt(undefined, 'us', now);
      return [];
    }
    // Never longer than was asked for (§9), whatever least the peer names beside it.
    const least = Math.min(
      seconds32(request.headers.get('Min-SE')) ?? LEAST,
      asked?.interval ?? Number.POSITIVE_INFINITY,
    );
    const chosen = Math.max(Math.min(interval, willing ?? interval), least, asked === undefined ? this.#min : LEAST);
    // A peer without session timers can't refresh: we do (§9, Table 2).
    const refresher = supports(request) ? (asked?.refresher ?? 'uac') : 'uas';
    this.#adopt(chosen, refresher === 'uac' ? 'them' : 'us', now);
    const headers: HeaderPairs = [['Session-Expires', `${chosen};refresher=${refresher}`]];
    return refresher === 'uac' ? [...headers, ['Require', 'timer']] : headers;
  }

  /** A peer's interval below the least is not allowed (§4), and would have us refresh without end. */
  #adopt(agreed: number | undefined, refresher: 'us' | 'them', now: Instant): void {
    const { timers } = this.#kit;
    timers.stop('refresh');
    timers.stop('expire');
    const interval = agreed === undefined ? undefined : Math.max(agreed, LEAST);
    this.#interval = interval;
    this.#refresher = refresher;
    if (interval === undefined) return;
    if (refresher === 'us') timers.start('refresh', now, seconds(interval / 2));
    // §10: BYE goes out the lesser of 32 s and a third of the interval before the session expires.
    timers.start('expire', now, seconds(interval - (refresher === 'us' ? 0 : Math.min(32, interval / 3))));
  }
}

const supports = (message: SipMessage): boolean => tagsOf(message.headers, 'Supported').includes('timer');

function sessionExpires(message: SipMessage): SessionExpires | undefined {
  const text = message.headers.get('Session-Expires');
  if (text === undefined) return undefined;
  const semicolon = text.indexOf(';');
  const interval = seconds32(semicolon < 0 ? text : text.slice(0, semicolon));
  if (interval === undefined) return undefined;
  const params = parseParams(semicolon < 0 ? '' : text.slice(semicolon)) ?? [];
  const refresher = paramOf(params, 'refresher')?.toLowerCase();
  return { interval, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** Seconds of a header, bounded to a day and more: nothing above 2^31 ms may reach a timer. */
function seconds32(text: string | undefined): number | undefined {
  const semicolon = text?.indexOf(';') ?? -1;
  const number = semicolon < 0 ? text : text?.slice(0, semicolon);
  return number === undefined ? undefined : parseNumber(number.trim(), 2_000_000);
}
