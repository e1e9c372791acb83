import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeUser, isIpv6, parseUri, printUri, sameUri } from '../../../../src/sip/message/uri.ts';

function read(text: string): Record<string, unknown> {
  const result = parseUri(text);
  assert.ok(result.ok, `${text}: ${result.ok ? '' : result.error}`);
  return { ...result.value };
}

const equal = (a: string, b: string): boolean => {
  const one = parseUri(a);
  const other = parseUri(b);
  assert.ok(one.ok && other.ok);
  assert.equal(sameUri(one.value, other.value), sameUri(other.value, one.value), 'equivalence is symmetric');
  return sameUri(one.value, other.value);
};

test('every form of URI that RFC 3261 19.1.3 shows is read and prints back', () => {
  for (const text of [
    'sip:alice@atlanta.com',
    'sip:alice:secretword@atlanta.com;transport=tcp',
    'sips:alice@atlanta.com?subject=project%20x&priority=urgent',
    'sip:+1-212-555-1212:1234@gateway.com;user=phone',
    'sips:1212@gateway.com',
    'sip:alice@192.0.2.4',
    'sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com',
    'sip:alice;day=tuesday@atlanta.com',
    'sip:[2001:db8::10]:5070;lr',
    'sip:user;par=u%40example.net@example.com',
    'tel:+1-201-555-0123;phone-context=example.com',
    'isbn:2983792873',
  ]) {
    const result = parseUri(text);
    assert.ok(result.ok, text);
    assert.equal(printUri(result.value), text);
  }
});

test('parameters of the user part stay with the user', () => {
  const { user, host, params } = read('sip:5550100;phone-context=redmond@contoso.com;transport=tls');
  assert.deepEqual(
    [user, host, params],
    ['5550100;phone-context=redmond', 'contoso.com', [{ name: 'transport', value: 'tls' }]],
  );
});

test('an IPv6 host loses its brackets and keeps its port apart', () => {
  assert.deepEqual(
    [read('sip:[2001:db8::10:5070]').host, read('sip:[2001:db8::10:5070]').port],
    ['2001:db8::10:5070', undefined],
  );
  assert.deepEqual(
    [read('sip:[2001:db8::10]:5070').host, read('sip:[2001:db8::10]:5070').port],
    ['2001:db8::10', 5070],
  );
});

test('what is no URI is refused', () => {
  for (const text of [
    '',
    'alice',
    'sip:',
    'sip:@host',
    'sip:a@',
    'sip:a b@host',
    'sip:a%4@host',
    'sip:a@host:port',
    'sip:a@host:65536',
    'sip:a@[::1',
    'sip:2001:db8::10',
    'sip:a@[2001:db8:::192.0.2.1]',
    'sip:a@host;x=<y>',
    'sip:a@ho_st-',
    '<sip:a@host>',
    'tel:',
    'tel:+',
    'tel:call-me',
  ]) {
    assert.equal(parseUri(text).ok, false, text);
  }
});

test('IPv6 addresses are told from what only looks like one', () => {
  for (const good of [
    '::',
    '::1',
    '1::',
    '2001:db8::1',
    '1:2:3:4:5:6:7:8',
    '::ffff:192.0.2.1',
    '1:2:3:4:5:6:192.0.2.1',
  ]) {
    assert.equal(isIpv6(good), true, good);
  }
  for (const bad of [
    '',
    ':',
    ':::',
    '1',
    '1:2',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '::192.0.2.256',
    '192.0.2.1',
    '1:2:3:4:5:6:7::8',
    ':1::',
  ]) {
    assert.equal(isIpv6(bad), false, bad);
  }
});

test('URIs are equivalent as the examples of RFC 3261 19.1.4 say', () => {
  assert.ok(equal('sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'));
  assert.ok(equal('sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'));
  assert.ok(equal('sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'));
  assert.ok(
    equal(
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ),
  );
  assert.ok(
    equal(
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ),
  );
  assert.ok(!equal('SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'));
  assert.ok(!equal('sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'));
  assert.ok(!equal('sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'));
  assert.ok(!equal('sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'));
  assert.ok(!equal('sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'));
  assert.ok(!equal('sip:carol@chicago.com;security=off', 'sip:carol@chicago.com;security=on'));
  assert.ok(!equal('sip:a@b', 'sips:a@b'));
  assert.ok(!equal('sip:a%40b@c', 'sip:a%41b@c'));
});

test('telephone numbers compare without their visual separators', () => {
  assert.ok(equal('tel:+1-201-555-0123', 'tel:+1(201)555.0123'));
  assert.ok(!equal('tel:+12015550123', 'tel:12015550123'));
  assert.ok(!equal('tel:7042;phone-context=a.com', 'tel:7042;phone-context=b.com'));
});

test('an escaped user goes into a URI whatever its characters', () => {
  for (const user of ['201', 'a b', 'ü#@:%', '+1 (214) 555']) {
    const result = parseUri(`sip:${escapeUser(user)}@h`);
    assert.ok(result.ok, user);
  }
  assert.equal(escapeUser('a@b'), 'a%40b');
});
