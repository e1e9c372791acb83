import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { seeded } from '../../../src/kernel/random.ts';
import { DigestClient } from '../../../src/sip/digest/client.ts';
import type { Hash } from '../../../src/sip/digest/response.ts';
import type { SipRequest } from '../../../src/sip/message/message.ts';
import { RawPeer, sdp } from '../../support/sip-raw.ts';
import { offerOf, type Party, pair, releaseOf, type SipRig } from '../../support/sip-rig.ts';

const hash: Hash = (name, octets) =>
  createHash({ MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' }[name]).update(octets).digest('hex');

const CHALLENGE: readonly (readonly [string, string])[] = [
  ['Proxy-Authenticate', 'Digest realm="trunk", nonce="abc", qop="auth", algorithm=SHA-256'],
];

/** A call to a trunk that has challenged it once. */
function challenged(): { rig: SipRig; a: Party; raw: RawPeer } {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  const identity = { username: 'box', secret: { type: 'password', password: 'secret' } } as const;
  const digest = new DigestClient(hash, seeded(5), () => identity);
  const { id } = a.newLeg({ uri: 'sip:100@10.0.0.2:5060', domain: 'x', routes: [] }, digest);
  a.tell(id, offerOf());
  rig.run(50);
  assert.equal(raw.last('INVITE').message.headers.has('Proxy-Authorization'), false);
  raw.reply('INVITE', 407, { headers: CHALLENGE });
  rig.run(50);
  return { rig, a, raw };
}

const nc = (request: SipRequest): string | undefined =>
  /nc=(\d+)/.exec(request.headers.get('Proxy-Authorization') ?? '')?.[1];

test('a trunk that challenges us gets the same call again with credentials and the next CSeq; the call hears nothing of it', () => {
  const { rig, a, raw } = challenged();
  const again = raw.last('INVITE').message;
  assert.equal(again.headers.get('CSeq'), '2 INVITE');
  assert.match(again.headers.get('Proxy-Authorization') ?? '', /username="box", realm="trunk", nonce="abc"/);
  assert.equal(raw.count('INVITE'), 2);
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  assert.deepEqual(a.words('a1'), ['answer']);
});

test('later requests carry credentials at once, the ACK those of its INVITE (RFC 3261 22.1)', () => {
  const { rig, a, raw } = challenged();
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  assert.equal(nc(raw.last('ACK').message), '00000001');
  a.tell('a1', releaseOf(16));
  rig.run(50);
  assert.equal(nc(raw.last('BYE').message), '00000002');
});

test('a BYE whose nonce has run out is sent again with the new one', () => {
  const { rig, a, raw } = challenged();
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  a.tell('a1', releaseOf(16));
  rig.run(50);
  const fresh = CHALLENGE.map(([name, value]) => [name, value.replace('abc', 'def')] as const);
  raw.reply('BYE', 407, { headers: fresh });
  rig.run(50);
  const bye = raw.last('BYE').message;
  assert.match(bye.headers.get('Proxy-Authorization') ?? '', /nonce="def"/);
  assert.deepEqual(a.gone, []);
  raw.reply('BYE', 200);
  rig.run(50);
  assert.deepEqual(a.gone, ['a1']);
});

test('credentials that are refused end the attempt instead of going round', () => {
  const { rig, a, raw } = challenged();
  raw.reply('INVITE', 407, { headers: CHALLENGE });
  rig.run(50);
  assert.equal(raw.count('INVITE'), 2);
  assert.equal(a.heard('release').cause, 21);
  assert.deepEqual(a.gone, ['a1']);
});

test('a challenge without credentials of ours is a refusal', () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  a.call(b, offerOf());
  rig.run(50);
  raw.reply('INVITE', 401, { headers: [['WWW-Authenticate', 'Digest realm="x", nonce="y"']] });
  rig.run(50);
  assert.equal(a.heard('release').cause, 21);
});

test('a server that calls every nonce stale can not have us go round for ever, and the leg goes', () => {
  const { rig, a, raw } = challenged();
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  a.tell('a1', releaseOf(16));
  for (let n = 0; n < 30; n++) {
    rig.run(50);
    raw.reply('BYE', 407, { headers: CHALLENGE.map(([name, value]) => [name, `${value}, stale=true`] as const) });
  }
  rig.run(50);
  assert.equal(raw.count('BYE') <= 5, true, `${raw.count('BYE')} BYEs`);
  assert.deepEqual(a.gone, ['a1']);
});

test('a proxy and the server behind it both challenge: each gets credentials of its own realm, no nonce count twice', () => {
  const { rig, a, raw } = challenged();
  raw.reply('INVITE', 401, { headers: [['WWW-Authenticate', 'Digest realm="core", nonce="xyz", qop="auth"']] });
  rig.run(50);
  const { headers } = raw.last('INVITE').message;
  const told = ['Proxy-Authorization', 'Authorization'].map((name) =>
    headers.all(name).map((value) => [/realm="(\w+)"/.exec(value)?.[1], /nc=(\d+)/.exec(value)?.[1]]),
  );
  assert.deepEqual(told, [[['trunk', '00000002']], [['core', '00000001']]]);
  raw.reply('INVITE', 200, { body: sdp() });
  rig.run(50);
  assert.equal(raw.last('ACK').message.headers.all('Authorization').length, 1);
  assert.equal(nc(raw.last('ACK').message), '00000002');
  a.tell('a1', releaseOf(16));
  rig.run(50);
  const bye = raw.last('BYE').message;
  assert.match(bye.headers.get('Authorization') ?? '', /realm="core".*nc=00000002/);
  assert.equal(nc(bye), '00000003');
});
