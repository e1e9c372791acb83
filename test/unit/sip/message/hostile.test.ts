import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sameBytes } from '../../../../src/kernel/bytes.ts';
import { checkRequest, checkResponse, checkSupport } from '../../../../src/sip/message/check.ts';
import { contactsOf, pathOf, recordRoutesOf, routesOf, topVia } from '../../../../src/sip/message/fields.ts';
import { StreamFramer } from '../../../../src/sip/message/framer.ts';
import { responseTo } from '../../../../src/sip/message/message.ts';
import { parseNameAddr } from '../../../../src/sip/message/name-addr.ts';
import { parseMessage, printMessage } from '../../../../src/sip/message/parse.ts';
import { parseUri, printUri, sameUri } from '../../../../src/sip/message/uri.ts';
import { parseVia, responsePort, viaReceived } from '../../../../src/sip/message/via.ts';
import { mutated } from '../../../support/mutate.ts';
import { INVITE, REGISTER, sip } from '../../../support/sip-messages.ts';

const seeds = [INVITE, REGISTER, INVITE.replace(/^.*/, 'SIP/2.0 183 Session Progress')].map(sip);
const hostile = fc.constantFrom(...seeds).chain(mutated);
const can = { methods: ['INVITE' as const], extensions: [], contentTypes: [] };

test('no octets whatever make the parser or the checks throw', () => {
  fc.assert(
    fc.property(fc.oneof(hostile, fc.uint8Array({ maxLength: 2000 })), (bytes) => {
      new StreamFramer().push(bytes);
      const result = parseMessage(bytes);
      const message = result.ok ? result.value : result.error.request;
      if (message === undefined) return;
      for (const read of [contactsOf, pathOf, recordRoutesOf, routesOf]) read(message);
      const via = topVia(message);
      if (via !== undefined) responsePort(viaReceived(via, { address: '192.0.2.1', port: 5060 }));
      if (message.type === 'response') checkResponse(message);
      else {
        const refusal = checkRequest(message) ?? checkSupport(message, can);
        printMessage(responseTo(message, refusal?.status ?? 200, { toTag: 'x', ...refusal }));
      }
    }),
    { numRuns: 3000 },
  );
});

test('what is printed is read again and prints the same', () => {
  let read = 0;
  fc.assert(
    fc.property(hostile, (bytes) => {
      const first = parseMessage(bytes);
      if (!first.ok) return;
      read++;
      const printed = printMessage(first.value);
      const second = parseMessage(printed);
      assert.ok(second.ok, second.ok ? '' : second.error.reason);
      assert.ok(sameBytes(second.value.body, first.value.body));
      assert.ok(sameBytes(printMessage(second.value), printed));
    }),
    { numRuns: 3000 },
  );
  assert.ok(read > 100, `only ${read} of the mutated messages could be read`);
});

test('no text makes the readers of values throw, and what they read prints back', () => {
  const pieces = fc.constantFrom(
    'sip:',
    'tel:',
    'a',
    '@',
    'b',
    ';',
    'x=1',
    ':',
    '5060',
    '[',
    '::1',
    ']',
    '%',
    '41',
    '?',
    '&',
    '<',
    '>',
    '"',
    '\\',
    ' ',
    ',',
    'SIP/2.0/UDP ',
    '*',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      parseVia(text);
      parseNameAddr(text);
      const uri = parseUri(text);
      if (!uri.ok) return;
      const again = parseUri(printUri(uri.value));
      assert.ok(again.ok && sameUri(again.value, uri.value), text);
    }),
    { numRuns: 3000 },
  );
});

test('a hostile text costs no more than its length', () => {
  const long = 60_000;
  for (const unit of ['%', '"', '\\"', '<', ';a', ',', '(', ' ', '\t ', 'a=b;', '::', '-', '\r\n ']) {
    const text = unit.repeat(long / unit.length);
    const started = process.cpuUsage();
    parseUri(`sip:${text}`);
    parseNameAddr(text);
    parseVia(`SIP/2.0/UDP ${text}`);
    parseMessage(sip(REGISTER.replace('Expires: 3600', `X: ${text.slice(0, 8000)}`)));
    const { user } = process.cpuUsage(started);
    assert.ok(user < 250_000, `${JSON.stringify(unit)} took ${user} µs`);
  }
});
