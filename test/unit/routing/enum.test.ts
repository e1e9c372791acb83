import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePattern } from '../../../src/config/pattern.ts';
import { enumAnswer, enumDomain, type NaptrRecord } from '../../../src/routing/enum.ts';

const NUMBER = '+442079460148';
const record = (regexp: string, over: Partial<NaptrRecord> = {}): NaptrRecord => ({
  order: 100,
  preference: 10,
  flags: 'u',
  service: 'E2U+sip',
  regexp,
  ...over,
});
const answer = (...records: readonly NaptrRecord[]) => {
  const found = enumAnswer(records, NUMBER, compilePattern);
  return found.type === 'found' ? found.uri : found.why;
};

test('a number’s name is its digits backwards in the zone: the example of RFC 6116 §3.2', () => {
  assert.equal(enumDomain(NUMBER, 'e164.arpa'), '8.4.1.0.6.4.9.7.0.2.4.4.e164.arpa');
});

test('the record’s expression makes the address, with or without groups, by any delimiter', () => {
  assert.equal(answer(record('!^.*$!sip:info@example.com!')), 'sip:info@example.com');
  assert.equal(answer(record('/^\\+44(.*)$/sips:\\1@uk.example.com/')), 'sips:2079460148@uk.example.com');
  assert.equal(answer(record('!^\\+44(.*)$!SIP:\\1@example.com!i')), 'SIP:2079460148@example.com');
});

test('the lowest order goes first, then the lowest preference; what is no SIP is passed over', () => {
  const far = record('!^.*$!sip:c@x!', { order: 200, preference: 1 });
  const second = record('!^.*$!sip:b@x!', { preference: 20 });
  const first = record('!^.*$!sip:a@x!', { preference: 10, service: 'e2u+email+SIP' });
  const mail = record('!^.*$!mailto:a@x!', { order: 1, service: 'E2U+email:mailto' });
  assert.equal(answer(far, second, mail, first), 'sip:a@x');
  assert.equal(answer(record('!^\\+1!sip:no@x!', { order: 1 }), second), 'sip:b@x', 'the first does not match');
});

test('no record, no SIP record and a terminal that is none are each nothing', () => {
  assert.equal(answer(), 'the DNS has no records');
  const none = 'no record names a SIP address';
  assert.equal(answer(record('!^.*$!sip:a@x!', { flags: '' })), none);
  assert.equal(answer(record('!^.*$!http://x/!')), none);
  assert.equal(answer(record('!^.*$!sip:a@x\r\nVia: y!')), none, 'an address can’t end a line');
});

test('records from a hostile zone never throw and never stall', () => {
  assert.equal(answer(record(`!^(${'(.*)*'.repeat(20)})+x$!sip:a@x!`)), 'no record names a SIP address');
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (regexp, service, flags) => {
      enumAnswer([record(regexp), record(regexp, { service, flags })], NUMBER, compilePattern);
    }),
  );
});
