import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Offer } from '../../../src/call/signal.ts';
import { queryOf } from '../../../src/routing/query.ts';

function offer(request: string | undefined): Offer {
  return {
    type: 'offer',
    called: { digits: '5550100', type: 'subscriber', plan: 'isdn' },
    complete: true,
    caller: undefined,
    callerName: undefined,
    redirecting: [],
    bearer: { capability: 'speech', law: 'ulaw' },
    codecs: [],
    uri: request === undefined ? undefined : { request, from: 'sip:201@example.com', user: '201' },
    origin: undefined,
  };
}

const CASES: readonly (readonly [request: string, text: string])[] = [
  ['sip:5550100@example.com', '5550100'],
  ['sips:5550100@example.com:5061;user=phone', '5550100'],
  ['SIP:5550100;phone-context=redmond@contoso.com@example.com', '5550100;phone-context=redmond@contoso.com'],
  ['sip:5550100;phone-context=redmond%40contoso.com@example.com', '5550100;phone-context=redmond@contoso.com'],
  ['tel:+1-214-555-0100', '+1-214-555-0100'],
  ['sip:%2a97@example.com', '*97'],
  ['sip:100%zz@example.com', '100%zz'],
];

for (const [request, text] of CASES) {
  test(`${request} asks for ${text}`, () => {
    assert.deepEqual(queryOf(offer(request), { type: 'unknown' }).dialled, { type: 'user-part', text });
  });
}

test('an offer without a user part, or from a span, asks for its called number', () => {
  for (const request of [undefined, 'sip:example.com', 'http://example.com/']) {
    assert.deepEqual(queryOf(offer(request), { type: 'unknown' }).dialled, {
      type: 'number',
      number: offer(request).called,
    });
  }
});
