/**
 * The torture messages of RFC 4475 and RFC 5118, where the kit that carries them stands beside the tree. What a message breaks is
 * judged here by the parser and the checks alone; what only a server's state can refuse (401, 404, 483) comes after them.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sameBytes, toLatin1 } from '../../src/kernel/bytes.ts';
import { type Capabilities, checkRequest, checkResponse, checkSupport } from '../../src/sip/message/check.ts';
import { contactsOf, maxForwardsOf, topVia, viasOf } from '../../src/sip/message/fields.ts';
import type { SipMessage, SipRequest } from '../../src/sip/message/message.ts';
import { parseMessage, printMessage } from '../../src/sip/message/parse.ts';
import { parseUri } from '../../src/sip/message/uri.ts';
import { branchOf } from '../../src/sip/message/via.ts';
import { parseSdp } from '../../src/sip/sdp/parse.ts';
import { ROOT } from '../support/tree.ts';

const KIT = join(ROOT, '../shared/kit/torture');
const skip = existsSync(join(KIT, 'manifest.json'))
  ? false
  : 'the kit of torture messages does not stand beside the tree';

interface Case {
  readonly file: string;
  readonly section: string;
  readonly title: string;
  readonly kind: 'request' | 'response';
  readonly verdict: 'valid' | 'invalid' | 'either';
  readonly expect: 'not-400' | 'response' | readonly number[];
}

const can: Capabilities = {
  methods: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'REGISTER', 'PRACK', 'UPDATE', 'INFO'],
  extensions: ['100rel', 'timer', 'path', 'outbound', 'replaces'],
  contentTypes: ['application/sdp'],
};

/** Where the RFC leaves a choice ("either"), what we chose and why. Everything else must be as the manifest says. */
const CHOSEN: Readonly<Record<string, readonly [answer: number | 'taken', why: string]>> = {
  'ltgtruri.dat': [400, 'RFC 4475 3.1.2.7 lets us refuse; nothing then forwards the brackets'],
  'lwsruri.dat': [400, '3.1.2.8: a second word in the Request-URI could hide another target from the next hop'],
  'lwsstart.dat': [400, '3.1.2.9: the same for more than one space'],
  'trws.dat': [400, '3.1.2.10: the same for a space at the end'],
  'escruri.dat': [400, '3.1.2.11: headers may not stand in a Request-URI, and we must not act on them'],
  'baddate.dat': ['taken', '3.1.2.12: an element that does not use the Date may ignore that it is malformed'],
  'regbadct.dat': [400, '3.1.2.13: whether the ? belongs to the URI or the header cannot be known'],
  'badaspec.dat': [400, '3.1.2.14: spaces may not stand in an addr-spec'],
  'baddn.dat': [400, '3.1.2.15: a comma in a bare display name could begin another value'],
  'badbranch.dat': ['taken', '3.2.1: a cookie without more is no RFC 3261 branch, so it is matched as RFC 2543 says'],
  'unksm2.dat': [
    'taken',
    '3.3.4: the form is sound; that a To of another scheme is nobody here is the registrar’s 404',
  ],
  'invut.dat': [415, '3.3.7: a UAS refuses with what it takes'],
  'zeromf.dat': ['taken', '3.3.12: the form is sound; a proxy answers 483, the addressed server may answer itself'],
  'sdp01.dat': [406, '3.3.13: our answer would be SDP'],
  'ipv6-bug-abnf-3-colons.dat': [
    400,
    'RFC 5118 4.10: three colons are no IPv6 address; a liberal reader may take them',
  ],
};

const octets = (file: string): Uint8Array => new Uint8Array(readFileSync(join(KIT, file)));
const nameOf = (file: string): string => file.slice(file.indexOf('/') + 1);

/** The status that the message earns before anyone looks at users and calls. */
function judge(bytes: Uint8Array): number | 'taken' | 'dropped' {
  const result = parseMessage(bytes);
  if (!result.ok) return result.error.request === undefined ? 'dropped' : result.error.status;
  if (result.value.type === 'response') return checkResponse(result.value) ? 'taken' : 'dropped';
  return (checkRequest(result.value) ?? checkSupport(result.value, can))?.status ?? 'taken';
}

function read(name: string): SipMessage {
  const result = parseMessage(octets(name));
  assert.ok(result.ok, result.ok ? '' : result.error.reason);
  return result.value;
}

function request(name: string): SipRequest {
  const message = read(name);
  assert.ok(message.type === 'request');
  return message;
}

test('every torture message is judged as its RFC says', { skip }, () => {
  const manifest = JSON.parse(readFileSync(join(KIT, 'manifest.json'), 'utf8')) as { messages: readonly Case[] };
  assert.equal(manifest.messages.length, 61);
  for (const { file, section, title, verdict, expect } of manifest.messages) {
    const got = judge(octets(file));
    const what = `${file} (${section}, ${title}) was answered ${got}`;
    if (expect === 'response')
      assert.equal(got, verdict === 'valid' || nameOf(file) === 'bcast.dat' ? 'taken' : 'dropped', what);
    else if (expect === 'not-400') assert.ok(got === 'taken' || got === 501 || got === 405, what);
    else if (verdict === 'either') assert.equal(got, CHOSEN[nameOf(file)]?.[0], what);
    else assert.ok(typeof got === 'number' && expect.includes(got), what);
  }
});

test('every torture message that is taken prints so that it is read the same again', { skip }, () => {
  const manifest = JSON.parse(readFileSync(join(KIT, 'manifest.json'), 'utf8')) as { messages: readonly Case[] };
  for (const { file } of manifest.messages) {
    const first = parseMessage(octets(file));
    if (!first.ok) continue;
    const second = parseMessage(printMessage(first.value));
    assert.ok(second.ok, file);
    assert.deepEqual(
      [...second.value.headers.entries()].filter(([name]) => !/^(l|content-length)$/i.test(name)),
      [...first.value.headers.entries()].filter(([name]) => !/^(l|content-length)$/i.test(name)),
      file,
    );
    assert.ok(sameBytes(second.value.body, first.value.body), file);
  }
});

test('what the notes of the RFCs say beyond a verdict holds', { skip }, () => {
  // 3.1.1.1: folds, compact forms and odd spacing are read; unknown headers stay as they are.
  const tortuous = request('rfc4475/wsinv.dat');
  assert.deepEqual(
    viasOf(tortuous)?.map(({ transport, host }) => `${transport} ${host}`),
    ['UDP 192.0.2.2', 'TCP spindle.example.com', 'UDP 192.168.255.111'],
  );
  assert.equal(maxForwardsOf(tortuous), 68);
  assert.equal(tortuous.headers.get('NewFangledHeader'), 'newfangled value continued newfangled value');
  assert.equal(tortuous.headers.get('UnknownHeaderWithUnusualValue'), ';;,,;;,;');
  // 3.1.1.4: an escaped zero octet is part of the user, and two such contacts are different.
  const contacts = contactsOf(request('rfc4475/escnull.dat'))?.map(({ uri }) => uri);
  assert.deepEqual(contacts, ['sip:%00@host5.example.com', 'sip:%00%00@host5.example.com']);
  // 3.1.1.5: %47 in a method is no escape.
  assert.equal(request('rfc4475/esc02.dat').method, 'RE%47IST%45R');
  // 3.1.1.8: what follows the message is not its body.
  assert.equal(request('rfc4475/dblreq.dat').body.length, 0);
  // 3.1.1.9: the semicolon belongs to the user.
  const semicolon = parseUri(request('rfc4475/semiuri.dat').uri);
  assert.ok(semicolon.ok && semicolon.value.type === 'sip');
  assert.equal(semicolon.value.user, 'user;par=u%40example.net');
  // 3.1.1.11: a binary part passes bit for bit.
  const multipart = octets('rfc4475/mpart01.dat');
  assert.ok(
    sameBytes(request('rfc4475/mpart01.dat').body, multipart.subarray(toLatin1(multipart).indexOf('\r\n\r\n') + 4)),
  );
  // 3.3.8 to 3.3.10: whose parameter it is.
  const [contactParam, uriParam, escaped] = ['cparam01', 'cparam02', 'regescrt'].map(
    (name) => contactsOf(request(`rfc4475/${name}.dat`))?.[0],
  );
  assert.deepEqual(
    [contactParam?.uri, contactParam?.params],
    ['sip:+19725552222@gw1.example.net', [{ name: 'unknownparam', value: undefined }]],
  );
  assert.deepEqual([uriParam?.uri, uriParam?.params], ['sip:+19725552222@gw1.example.net;unknownparam', []]);
  assert.equal(escaped?.uri, 'sip:user@example.com?Route=%3Csip:sip.example.com%3E');
  // 3.4.1: an RFC 2543 peer has no branch.
  const via = topVia(request('rfc4475/inv2543.dat'));
  assert.ok(via !== undefined && branchOf(via) === undefined);
  // RFC 5118 4.3 and 4.4: the colon inside the brackets is the address's.
  const port = (name: string): number | undefined => {
    const uri = parseUri(request(`rfc5118/${name}.dat`).uri);
    return uri.ok && uri.value.type === 'sip' ? uri.value.port : undefined;
  };
  assert.deepEqual([port('port-ambiguous'), port('port-unambiguous')], [undefined, 5070]);
});

test('the descriptions inside the torture messages are read', { skip }, () => {
  for (const name of [
    'rfc4475/wsinv.dat',
    'rfc4475/inv2543.dat',
    'rfc5118/ipv6-in-sdp.dat',
    'rfc5118/mult-ip-in-sdp.dat',
    'rfc5118/ipv4-mapped-ipv6.dat',
  ]) {
    const sdp = parseSdp(request(name).body);
    assert.ok(sdp.ok, `${name}: ${sdp.ok ? '' : sdp.error}`);
  }
});
