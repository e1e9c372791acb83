/**
 * History-Info (RFC 7044) ↔ the ISDN's redirecting numbers, by way of the cause parameter that says why a call was retargeted (RFC
 * 4458), as RFC 7544 maps it to and from Diversion.
 */
import type { Redirecting, RedirectReason } from '../call/number.ts';
import { paramOf, parseNumber } from '../sip/message/grammar.ts';
import type { HeaderPairs, SipMessage } from '../sip/message/message.ts';
import { type NameAddr, parseNameAddr, printNameAddr } from '../sip/message/name-addr.ts';
import { parseUri, printUri } from '../sip/message/uri.ts';
import { diverterUri, MAX_DIVERSIONS, redirectingOf } from './sip-leg-diversion.ts';
import { numberOfUri } from './sip-leg-identity.ts';
import type { SipSide } from './sip-leg-words.ts';

/** RFC 4458 §2, RFC 7544 §5; the first row of a reason is the one that is written. */
const CAUSES: readonly (readonly [RedirectReason, number])[] = [
  ['unknown', 404],
  ['busy', 486],
  ['no-answer', 408],
  ['unconditional', 302],
  ['deflection', 480],
  ['deflection', 487],
  ['out-of-service', 503],
];

/** Longer histories than this are not followed. */
const MAX_ENTRIES = 20;

/** An entry, as far as we read it. */
interface Entry {
  readonly index: string;
  readonly uri: string;
  /** Why the call was sent on to here; undefined where it was not diverted. */
  readonly cause: number | undefined;
  /** The index of who sent it: `mp` and `rc` name it, otherwise the index says it. */
  readonly from: string;
  readonly restricted: boolean;
}

/**
 * Who has diverted this call, the latest first: as Diversion says, or as the history does where it knows of more. `trusted`: it comes from
 * inside our trust domain.
 */
export function divertersOf(message: SipMessage, trusted: boolean): readonly Redirecting[] {
  const told = redirectingOf(message, trusted);
  const history = historyOf(message);
  return history.length > told.length ? history.slice(0, MAX_DIVERSIONS) : told;
}

/** The diversions that an INVITE's history tells of, the latest first; what can't be read is left out. */
function historyOf(message: SipMessage): readonly Redirecting[] {
  const entries = message.headers.all('History-Info').slice(0, MAX_ENTRIES).flatMap(entryOf);
  const hidden = /\bhistory\b/i.test(message.headers.get('Privacy') ?? '');
  const found: Redirecting[] = [];
  for (const [i, { cause, from }] of entries.entries()) {
    const reason = CAUSES.find(([, code]) => code === cause)?.[0];
    if (reason === undefined) continue;
    const diverter = entries.find(({ index }) => index === from) ?? entries[i - 1];
    if (diverter === undefined || diverter === entries[i]) continue;
    found.unshift({
      number: {
        ...numberOfUri(diverter.uri),
        presentation: hidden || diverter.restricted ? 'restricted' : 'allowed',
        screening: 'not-screened',
      },
      reason,
    });
  }
  return found;
}

function entryOf(text: string): readonly Entry[] {
  const parsed = parseNameAddr(text);
  const uri = parsed.ok ? parseUri(parsed.value.uri) : parsed;
  if (!parsed.ok || !uri.ok) return [];
  const { params } = parsed.value;
  const index = paramOf(params, 'index') ?? '';
  if (!/^\d+(\.\d+)*$/.test(index)) return [];
  const of = uri.value.type === 'sip' ? uri.value : undefined;
  const cause = paramOf(of?.params ?? [], 'cause');
  const above = index.includes('.') ? index.slice(0, index.lastIndexOf('.')) : '';
  return [
    {
      index,
      uri: parsed.value.uri,
      cause: cause === undefined ? undefined : parseNumber(cause, 999),
      from: paramOf(params, 'mp') ?? paramOf(params, 'rc') ?? above,
      restricted: /\bhistory\b/i.test(paramOf(of?.headers ?? [], 'Privacy') ?? ''),
    },
  ];
}

/**
 * The history of a call that was diverted, from the first who did to `target`, the URI that is called now; nothing where nobody has.
 */
export function historyFor(
  redirecting: readonly Redirecting[],
  target: string,
  side: Pick<SipSide, 'domain' | 'trusted'>,
): HeaderPairs {
  if (redirecting.length === 0) return [];
  const chain = redirecting.slice(0, MAX_ENTRIES - 1).toReversed();
  const entries: (readonly [string, string])[] = [];
  let index = '';
  const add = (uri: string, restricted: boolean, because: RedirectReason | undefined): void => {
    const from = index;
    index = from === '' ? '1' : `${from}.1`;
    const params: NameAddr['params'] = [
      { name: 'index', value: index },
      ...(because === undefined ? [] : [{ name: 'mp', value: from }]),
    ];
    entries.push([
      'History-Info',
      printNameAddr({ display: undefined, uri: marked(uri, restricted, because), params }),
    ]);
  };
  let because: RedirectReason | undefined;
  for (const diversion of chain) {
    add(diverterUri(diversion, side), diversion.number.presentation !== 'allowed', because);
    because = diversion.reason;
  }
  add(target, false, because);
  return entries;
}

/** The URI with why it was called, and whether it is to be shown. */
function marked(text: string, restricted: boolean, because: RedirectReason | undefined): string {
  const uri = parseUri(text);
  if (!uri.ok || uri.value.type !== 'sip') return text;
  const code = CAUSES.find(([reason]) => reason === because)?.[1];
  const { params, headers } = uri.value;
  return printUri({
    ...uri.value,
    params: code === undefined ? params : [...params, { name: 'cause', value: String(code) }],
    headers: restricted ? [...headers, { name: 'Privacy', value: 'history' }] : headers,
  });
}
