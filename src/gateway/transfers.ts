import { ourRelease } from '../call/call.ts';
import type { CallLimits } from '../call/call-words.ts';
import { CAUSE } from '../call/cause.ts';
import type { Offer, Release, Transfer } from '../call/signal.ts';
import type { LogFields } from '../kernel/log.ts';
import type { WallTime } from '../kernel/time.ts';
import type { Source } from '../routing/query.ts';
import type { CallBook } from './call-book.ts';
import { type Lent, type LiveCall, newLiveCall } from './live-call.ts';
import type { LiveCalls } from './live-calls.ts';
import { connectedAs, isSameParty, type Party } from './party.ts';

export interface TransfersParts {
  readonly calls: LiveCalls;
  readonly book: Pick<CallBook, 'note'>;
  readonly newCallId: () => string;
  readonly limits: () => CallLimits;
  readonly wall: () => WallTime;
  /** The leg that a Replaces header names as one of ours. */
  readonly legNamed: (replaces: string) => string | undefined;
  /** What a user is called by: his number, or his name. */
  readonly nameOf: (user: string) => string;
  /** A call begins with this offer. */
  readonly begin: (live: LiveCall, leg: string, offer: Offer) => void;
  readonly say: (live: LiveCall, fields: LogFields, what: string) => void;
}

/** Transfers in a row of one party: more is a loop of phones that send each other what they get. */
const MOST_IN_A_ROW = 20;

/**
 * Transfer (RFC 5589), done here for peers on every protocol. Blind: who is transferred becomes the caller of a call of its own,
 * decided under the transferor's policy; the call that it was in waits until the target answers, and has its party back when nobody
 * does. Attended: it takes the transferor's place in the transferor's other call.
 */
export class Transfers {
  readonly #parts: TransfersParts;

  constructor(parts: TransfersParts) {
    this.#parts = parts;
  }

  /** `by` wants `of`, the one he talks to, to talk to somebody else. */
  wanted(live: LiveCall, by: string, of: string, wanted: Transfer): void {
    const transferor = live.parties.get(by);
    const party = live.parties.get(of);
    const refused = this.#refused(live, transferor, party);
    if (refused !== undefined || transferor === undefined || party === undefined) {
      this.#parts.say(live, { by, why: refused }, 'transfer.refused');
      return this.#told(live, by, ourRelease(CAUSE.rejected));
    }
    const other = wanted.replaces === undefined ? undefined : this.#parts.legNamed(wanted.replaces);
    if (other !== undefined) return this.#attended({ live, by, of }, transferor, party, other);
    // The dialog is somebody else's: only who has it can put the new call in its place.
    this.#blind({ live, by, of }, transferor, party, wanted);
  }

  #refused(live: LiveCall, by: Party | undefined, of: Party | undefined): string | undefined {
    if (by === undefined || of === undefined || by.source.type === 'unknown') return 'nobody vouches for who transfers';
    if (live.decision?.emergency === true) return 'an emergency call stays where it is';
    return live.transfers >= MOST_IN_A_ROW ? `transferred ${live.transfers} times already` : undefined;
  }

  // ── attended ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #attended({ live, by, of }: Lent, transferor: Party, party: Party, place: string): void {
    const { calls, book, say } = this.#parts;
    const other = calls.of(place);
    const there = other?.parties.get(place);
    const standing = other?.call.standing(place);
    const fits = other !== undefined && other !== live && (standing === 'talks' || standing === 'calls');
    if (!fits || there === undefined || !isSameParty(there.source, transferor.source)) {
      say(live, { by, why: 'the other call is not one of his that goes on' }, 'transfer.refused');
      return this.#told(live, by, ourRelease(CAUSE.invalidCallReference));
    }
    say(live, { by, to: other.id }, 'transfer.attended');
    calls.feed(live, { type: 'lend', leg: of });
    calls.move(of, live, other);
    other.linkedId = live.linkedId;
    other.transfers = Math.max(other.transfers, live.transfers) + 1;
    other.recall = transferor;
    calls.feed(other, { type: 'replace', leg: place, by: of });
    const whom = [...other.parties].find(
      ([leg]) => leg !== of && leg !== place && other.call.standing(leg) === 'talks',
    );
    if (whom !== undefined) {
      other.legs.get(whom[0])?.tell({ type: 'identity', connected: connectedAs(party) });
      other.legs.get(of)?.tell({ type: 'identity', connected: connectedAs(whom[1]) });
    }
    book.note(other, { linkedId: other.linkedId });
    this.#done(live, by, of);
  }

  // ── blind ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #blind({ live, by, of }: Lent, transferor: Party, party: Party, { target, called, replaces }: Transfer): void {
    const { calls, say } = this.#parts;
    say(live, { by, to: target }, 'transfer.blind');
    calls.feed(live, { type: 'lend', leg: of });
    const offer = offerOf(live, party, { request: target, from: '', user: undefined }, called, replaces);
    this.#call(live, of, party, transferor, offer, { live, by, of });
  }

  /** A call of its own for who is transferred, by the right and at the expense of the transferor. */
  #call(from: LiveCall, leg: string, party: Party, transferor: Party, offer: Offer, lent: Lent | undefined): void {
    const { calls, newCallId, limits, wall, begin, book } = this.#parts;
    const { source } = transferor;
    const byUser = source.type === 'user';
    const next = newLiveCall(newCallId(), { leg, tones: 'ours', inCall: true }, limits(), {
      source: byUser ? party.source : source,
      address: transferor.address,
      started: wall(),
    });
    if (byUser) next.payer = { because: 'transfer', user: source.id };
    next.linkedId = from.linkedId;
    next.transfers = from.transfers + 1;
    next.lent = lent;
    if (lent !== undefined) next.recall = transferor;
    calls.move(leg, from, next);
    // The new row before the old one loses the leg: a crash between the two must not forget it.
    begin(next, leg, offer);
    book.note(from, {});
  }

  /** The target rings. */
  rings({ lent }: LiveCall): void {
    if (lent !== undefined) lent.live.legs.get(lent.by)?.tell({ type: 'transferring' });
  }

  /** The target has answered. */
  answered(live: LiveCall): void {
    const { lent } = live;
    live.lent = undefined;
    if (lent !== undefined) this.#done(lent.live, lent.by, lent.of);
  }

  /** Whoever was transferred is gone, or the box has ended the call: nobody comes back. */
  ended(live: LiveCall, release: Release): void {
    const { lent } = live;
    live.lent = undefined;
    if (lent === undefined) return;
    this.#told(lent.live, lent.by, release);
    this.#parts.calls.feed(lent.live, { type: 'parted', leg: lent.of, release, by: this.#sideOf(lent) });
  }

  /** Nobody was reached: back to who transferred, who is called again where he has hung up already. */
  givenBack(live: LiveCall, leg: string, release: Release): void {
    const { calls, say } = this.#parts;
    const { lent, recall } = live;
    live.lent = undefined;
    live.recall = undefined;
    const handle = live.legs.get(leg);
    const party = live.parties.get(leg);
    if (lent !== undefined && lent.live.call.state === 'transferring') {
      say(lent.live, { by: lent.by, cause: release.cause }, 'transfer.failed');
      calls.move(leg, live, lent.live);
      calls.feed(lent.live, { type: 'returned', leg });
      this.#told(lent.live, lent.by, release);
      return this.#parts.book.note(lent.live, {});
    }
    if (recall?.source.type !== 'user' || party === undefined) return handle?.tell(release);
    say(live, { to: recall.source.id, cause: release.cause }, 'transfer.recall');
    const uri = { request: `sip:${this.#parts.nameOf(recall.source.id)}@recall`, from: '', user: undefined };
    const called = { digits: '', type: 'unknown', plan: 'unknown' } as const;
    this.#call(live, leg, party, recall, offerOf(live, party, uri, called, undefined), undefined);
  }

  #done(live: LiveCall, by: string, of: string): void {
    this.#told(live, by, undefined);
    const release = ourRelease(CAUSE.normalClearing);
    this.#parts.calls.feed(live, { type: 'parted', leg: of, release, by: this.#sideOf({ live, by, of }, true) });
  }

  /** Which side of the call ends it: who transfers, or whoever was lent. */
  #sideOf({ live, by, of }: Lent, transferor = false): 'caller' | 'called' {
    return live.caller === (transferor ? by : of) ? 'caller' : 'called';
  }

  #told(live: LiveCall, by: string, failure: Release | undefined): void {
    live.legs.get(by)?.tell({ type: 'transferred', failure });
  }
}

/** What the party would offer had it called the target itself. */
function offerOf(
  { call }: LiveCall,
  { number, name }: Party,
  uri: Offer['uri'],
  called: Offer['called'],
  replaces: string | undefined,
): Offer {
  const bearer = call.offer?.bearer ?? { capability: 'audio-3k1', law: undefined };
  return {
    type: 'offer',
    called,
    complete: true,
    caller: number,
    callerName: name,
    redirecting: [],
    bearer,
    codecs: [],
    uri,
    origin: undefined,
    ...(replaces === undefined ? {} : { replaces }),
  };
}

/** Whether someone may put a call of his in the place of a leg (RFC 3891 §4): its own party, on another phone or by another way. */
export const mayReplace = (source: Source, there: Party | undefined): boolean =>
  there !== undefined && isSameParty(source, there.source);
