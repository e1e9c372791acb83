import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCSeq } from '../../../../src/sip/message/cseq.ts';
import { paramOf } from '../../../../src/sip/message/grammar.ts';
import { type NameAddr, parseNameAddr, printNameAddr, tagOf } from '../../../../src/sip/message/name-addr.ts';
import { branchOf, parseVia, printVia, responsePort, type Via, viaReceived } from '../../../../src/sip/message/via.ts';

function address(text: string): NameAddr {
  const result = parseNameAddr(text);
  assert.ok(result.ok, `${text}: ${result.ok ? '' : result.error}`);
  return result.value;
}

function via(text: string): Via {
  const result = parseVia(text);
  assert.ok(result.ok, text);
  return result.value;
}

test('a tag of the URI is not taken for the tag of the header', () => {
  assert.equal(tagOf(address('<sip:a@b;tag=uri>;tag=header')), 'header');
  assert.equal(tagOf(address('<sip:a@b;tag=uri>')), undefined);
  assert.equal(tagOf(address('sip:a@b;tag=header')), 'header');
  assert.equal(address('sip:a@b;tag=header').uri, 'sip:a@b');
});

test('display names with quotes, escapes, brackets and without a gap are read', () => {
  assert.equal(address('"A \\"B\\" <x>; \\\\" <sip:a@b>').display, 'A "B" <x>; \\');
  assert.equal(address('caller<sip:a@b>;tag=1').display, 'caller');
  assert.equal(address('T. A. Watson <sip:a@b>').display, 'T. A. Watson');
  assert.equal(address('<sip:a@b>').display, undefined);
});

test('an address prints so that it is read the same again', () => {
  for (const text of ['"A \\"B\\" \\\\" <sip:a@b;x=1>;tag=1;q="a;b"', '<sip:a@b>', 'sip:a@b;tag=2', 'A B <tel:+1>']) {
    const value = address(text);
    assert.deepEqual(address(printNameAddr(value)), value);
  }
});

test('addresses that could be read in two ways are refused', () => {
  for (const text of [
    '',
    '"open <sip:a@b>',
    '"a" sip:a@b',
    '<sip:a@b',
    '< sip:a@b>',
    '<sip:a@b >',
    'Bell, A <sip:a@b>',
    'sip:a@b?x=y',
    'sip:a@b,sip:c@d',
    '<sip:a@b> junk',
    '<sip:a@b>;=x',
    '<>',
  ]) {
    assert.equal(parseNameAddr(text).ok, false, text);
  }
});

test('a Via is read with white space where the grammar lets it stand', () => {
  const value = via('SIP  /  2.0 / udp  first.example.com : 4000 ; ttl=16 ;maddr=192.0.2.1 ;branch=z9hG4bK1');
  assert.deepEqual(
    [value.transport, value.host, value.port, branchOf(value)],
    ['UDP', 'first.example.com', 4000, 'z9hG4bK1'],
  );
  assert.equal(via('SIP/2.0/UDP [2001:db8::9:1]:5060;received=[2001:db8::1]').host, '2001:db8::9:1');
  for (const text of ['SIP/2.0/UDP', 'SIP/3.0/UDP a', 'SIP/2.0/UDP a b', 'SIP/2.0/UDP a;;', 'SIP/2.0/UDP a:b', '']) {
    assert.equal(parseVia(text).ok, false, text);
  }
});

test('the top Via is marked with the source as RFC 3581 says', () => {
  const source = { address: '198.51.100.9', port: 1024 };
  assert.equal(
    printVia(viaReceived(via('SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport'), source)),
    'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1;rport=1024;received=198.51.100.9',
  );
  assert.equal(
    printVia(viaReceived(via('SIP/2.0/UDP a.example;branch=1'), source)),
    'SIP/2.0/UDP a.example;branch=1;received=198.51.100.9',
  );
  assert.equal(printVia(viaReceived(via('SIP/2.0/UDP 198.51.100.9'), source)), 'SIP/2.0/UDP 198.51.100.9');
  // A forged received goes.
  assert.equal(
    paramOf(viaReceived(via('SIP/2.0/UDP a;received=192.0.2.66'), source).params, 'received'),
    '198.51.100.9',
  );
  assert.equal(
    paramOf(viaReceived(via('SIP/2.0/UDP 198.51.100.9;received=192.0.2.66'), source).params, 'received'),
    '198.51.100.9',
  );
});

test('a response goes to the port that RFC 3261 18.2.2 and RFC 3581 send it to', () => {
  assert.equal(responsePort(via('SIP/2.0/UDP a:4000;received=192.0.2.1;rport=5070')), 5070);
  assert.equal(responsePort(via('SIP/2.0/UDP a:4000;received=192.0.2.1')), 4000);
  assert.equal(responsePort(via('SIP/2.0/UDP a:4000;rport=0')), 4000);
  assert.equal(responsePort(via('SIP/2.0/TLS a;received=[2001:db8::1]')), 5061);
  assert.equal(responsePort(via('SIP/2.0/UDP a;rport')), 5060);
});

test('CSeq numbers stay below 2^31 and methods stay tokens', () => {
  assert.deepEqual(parseCSeq('0009  INVITE'), { ok: true, value: { number: 9, method: 'INVITE' } });
  assert.equal(parseCSeq('2147483647 X').ok, true);
  for (const text of ['2147483648 X', '36893488147419103232 X', '-1 X', '1', 'X', '1 (X)', '1.5 X']) {
    assert.equal(parseCSeq(text).ok, false, text);
  }
});
