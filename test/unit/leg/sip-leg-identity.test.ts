import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerNumber, Redirecting } from '../../../src/call/number.ts';
import { diversionsFor, redirectingOf } from '../../../src/leg/sip-leg-diversion.ts';
import {
  assertedFor,
  callerOf,
  connectedOf,
  fromFor,
  numberOfUri,
  uriOfNumber,
} from '../../../src/leg/sip-leg-identity.ts';
import { type HeaderPairs, request, type SipRequest } from '../../../src/sip/message/message.ts';
import { printNameAddr } from '../../../src/sip/message/name-addr.ts';
import { offerOf, SIDE } from '../../support/sip-rig.ts';

const TRUSTED = { ...SIDE, trusted: true };
const STRANGER = { ...SIDE, trusted: false };

const invite = (headers: HeaderPairs, from = '"Alice" <sip:+14255550100@far.example;user=phone>;tag=1'): SipRequest =>
  request('INVITE', 'sip:100@a.example', [['From', from], ...headers]);

test('numbers are read from SIP user parts and tel URIs, a name is no number', () => {
  const of = (uri: string): string => {
    const { digits, type, plan } = numberOfUri(uri);
    return `${digits} ${type} ${plan}`;
  };
  assert.equal(of('sip:+14255550100@x'), '14255550100 international isdn');
  assert.equal(of('tel:+1-425-555-0100'), '14255550100 international isdn');
  assert.equal(of('sip:5550100;phone-context=redmond@contoso.com'), '5550100 unknown unknown');
  assert.equal(of('sip:%2B1425@x;user=phone'), '1425 international isdn');
  assert.equal(of('sip:*69%23@x'), '*69# unknown unknown');
  for (const none of ['sip:alice@x', 'sip:x', 'sip:+@x', `sip:${'1'.repeat(33)}@x`, 'http://x', '']) {
    assert.equal(of(none), ' unknown unknown');
  }
});

test('a number is written as a URI that is read as the same number', () => {
  for (const uri of [
    'sip:+14255550100@b.example;user=phone',
    'sip:100@b.example;user=phone',
    'sip:*69%23@b.example;user=phone',
  ]) {
    assert.equal(uriOfNumber(numberOfUri(uri), 'b.example'), uri);
  }
});

test('a trusted peer asserts the caller, a stranger only says it, a proven user has passed', () => {
  const asserted: HeaderPairs = [['P-Asserted-Identity', '"Real" <sip:+14255550111@far.example>, <tel:+14255550111>']];
  const trusted = callerOf(invite(asserted), TRUSTED, undefined);
  assert.deepEqual(
    [trusted.number?.digits, trusted.number?.screening, trusted.name?.text],
    ['14255550111', 'network', 'Real'],
  );
  const stranger = callerOf(invite(asserted), STRANGER, undefined);
  assert.deepEqual([stranger.number?.digits, stranger.number?.screening], ['14255550100', 'not-screened']);
  assert.equal(callerOf(invite([]), STRANGER, '201').number?.screening, 'passed');
});

test('privacy restricts the number, which the network still gets', () => {
  for (const value of ['id', 'user;id', 'header', 'critical; id']) {
    const { number, name } = callerOf(invite([['Privacy', value]]), STRANGER, undefined);
    assert.deepEqual(
      [number?.digits, number?.presentation, name?.presentation],
      ['14255550100', 'restricted', 'restricted'],
    );
  }
  assert.equal(callerOf(invite([['Privacy', 'none']]), STRANGER, undefined).number?.presentation, 'allowed');
});

test('an anonymous From without an assertion is a restricted caller without a number', () => {
  const hidden = invite([], '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1');
  assert.deepEqual(callerOf(hidden, TRUSTED, undefined).number?.presentation, 'restricted');
  const asserted = invite(
    [
      ['P-Asserted-Identity', '<sip:+14255550111@x>'],
      ['Privacy', 'id'],
    ],
    '<sip:anonymous@anonymous.invalid>;tag=1',
  );
  const { number } = callerOf(asserted, TRUSTED, undefined);
  assert.deepEqual([number?.digits, number?.presentation], ['14255550111', 'restricted']);
});

test('an old peer asserts with Remote-Party-ID', () => {
  const old = invite([['Remote-Party-ID', '"Bob" <sip:5550122@x>;party=calling;screen=yes;privacy=full']]);
  const { number, name } = callerOf(old, TRUSTED, undefined);
  assert.deepEqual([number?.digits, number?.presentation, name?.text], ['5550122', 'restricted', 'Bob']);
});

test('to an old peer identities are asserted by Remote-Party-ID, and it reads them as it writes them', () => {
  const side = { ...TRUSTED, identity: 'remote-party-id' } as const;
  const bob = { text: 'Bob', presentation: 'allowed' } as const;
  assert.deepEqual(assertedFor(number(), bob, side, 'calling'), [
    ['Remote-Party-ID', '"Bob" <sip:+14255550100@a.example;user=phone>;party=calling;screen=yes;privacy=off'],
  ]);
  const hidden = assertedFor(number({ presentation: 'restricted', screening: 'not-screened' }), bob, side, 'called');
  assert.deepEqual(hidden, [
    ['Remote-Party-ID', '"Bob" <sip:+14255550100@a.example;user=phone>;party=called;screen=no;privacy=full'],
    ['Privacy', 'id'],
  ]);
  assert.deepEqual(callerOf(invite(hidden), TRUSTED, undefined).number?.presentation, 'restricted');
  assert.deepEqual(assertedFor(number(), bob, { ...side, trusted: false }, 'calling'), []);
});

const number = (parts: Partial<CallerNumber> = {}): CallerNumber => ({
  digits: '14255550100',
  type: 'international',
  plan: 'isdn',
  presentation: 'allowed',
  screening: 'network',
  ...parts,
});

test('a restricted number leaves no trace in From, and is asserted only inside the trust domain', () => {
  const offer = offerOf({
    caller: number({ presentation: 'restricted' }),
    callerName: { text: 'Alice', presentation: 'restricted' },
  });
  const from = printNameAddr(fromFor(offer, TRUSTED));
  assert.equal(from, '"Anonymous" <sip:anonymous@anonymous.invalid>');
  assert.deepEqual(assertedFor(offer.caller, offer.callerName, TRUSTED, 'calling'), [
    ['P-Asserted-Identity', '"Alice" <sip:+14255550100@a.example;user=phone>'],
    ['Privacy', 'id'],
  ]);
  assert.deepEqual(assertedFor(offer.caller, offer.callerName, STRANGER, 'calling'), [['Privacy', 'id']]);
});

test('an allowed number stands in From with its name, which may be withheld alone', () => {
  const from = (offer: Parameters<typeof fromFor>[0]): string => printNameAddr(fromFor(offer, TRUSTED));
  assert.equal(from(offerOf()), '"Alice" <sip:+14255550100@a.example;user=phone>');
  const nameless = offerOf({ callerName: { text: 'Alice', presentation: 'restricted' } });
  assert.equal(from(nameless), '<sip:+14255550100@a.example;user=phone>');
  assert.equal(from(offerOf({ caller: undefined })), '<sip:anonymous@anonymous.invalid>');
});

test('only a trusted peer says who answered', () => {
  const answer = invite([['P-Asserted-Identity', '"Bob" <sip:+14255550199@x>']]);
  assert.equal(connectedOf(answer, TRUSTED).number?.digits, '14255550199');
  assert.equal(connectedOf(answer, STRANGER).number, undefined);
  assert.equal(connectedOf(invite([]), TRUSTED).number, undefined);
});

const diversion = (reason: Redirecting['reason'], parts: Partial<CallerNumber> = {}): Redirecting => ({
  number: number({ ...parts }),
  reason,
});

test('a name of another alphabet is text for the call and UTF-8 on the wire', () => {
  const wire = 'Jos\u00c3\u00a9';
  const { name } = callerOf(invite([], `"${wire}" <sip:201@x>;tag=1`), STRANGER, undefined);
  assert.equal(name?.text, 'José');
  const from = fromFor(offerOf({ callerName: { text: 'José', presentation: 'allowed' } }), STRANGER);
  assert.equal(from.display, wire);
});

test('diversions go out and come back the same, the latest first', () => {
  const all: readonly Redirecting[] = [
    diversion('busy'),
    diversion('no-answer', { presentation: 'restricted' }),
    diversion('unconditional', { digits: '201', type: 'unknown', plan: 'unknown', screening: 'not-screened' }),
    diversion('deflection'),
    diversion('out-of-service'),
  ];
  assert.deepEqual(redirectingOf(invite(diversionsFor(all, TRUSTED)), true), all);
});

test('outside the trust domain a diverter who hides is nobody, and nobody there says that a number is screened', () => {
  const hidden = [diversion('busy', { presentation: 'restricted' }), diversion('no-answer', { digits: '201' })];
  const [first, second] = diversionsFor(hidden, STRANGER).map(([, value]) => value);
  assert.equal(first, '<sip:anonymous@anonymous.invalid>;reason=user-busy;privacy=full;screen=yes');
  assert.match(second ?? '', /201@a\.example/);
  const [heard] = redirectingOf(invite([['Diversion', '<sip:+14255550100@x>;screen=yes;reason=user-busy']]), false);
  assert.equal(heard?.number.screening, 'not-screened');
});

test('diversion reasons that the ISDN has no word for come as the nearest one; no more than five are carried', () => {
  const heard = (reason: string): string | undefined =>
    redirectingOf(invite([['Diversion', `<sip:201@x>;reason=${reason}`]]), true)[0]?.reason;
  assert.deepEqual(
    ['do-not-disturb', 'follow-me', 'time-of-day', 'away', 'unavailable', 'something', '"user-busy"'].map(heard),
    ['busy', 'unconditional', 'unconditional', 'out-of-service', 'out-of-service', 'unknown', 'busy'],
  );
  const many: HeaderPairs = Array.from(
    { length: 20 },
    (_, i) => ['Diversion', `<sip:${i}@x>;reason=no-answer`] as const,
  );
  assert.equal(redirectingOf(invite(many), true).length, 5);
  assert.equal(diversionsFor(redirectingOf(invite(many), true), TRUSTED).length, 5);
});
