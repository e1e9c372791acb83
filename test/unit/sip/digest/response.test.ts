import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromLatin1 } from '../../../../src/kernel/bytes.ts';
import { parseDigest, printDigest } from '../../../../src/sip/digest/credentials.ts';
import {
  algorithmOf,
  digestResponse,
  firstHash,
  fromWire,
  hashOf,
  toWire,
} from '../../../../src/sip/digest/response.ts';
import { hash } from '../../../support/hashes.ts';

interface Vector {
  readonly source: string;
  readonly alg: string;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string | null;
  readonly cnonce: string | null;
  readonly qop: 'auth' | 'auth-int' | null;
  readonly body?: string;
  readonly response: string;
}

const vectors = JSON.parse(readFileSync(new URL('../../../kit/vectors/digest.json', import.meta.url), 'utf8')) as {
  cases: readonly Vector[];
};

test('every vector of RFC 7616 and RFC 8760 comes out right', () => {
  assert.ok(vectors.cases.length >= 15);
  for (const v of vectors.cases) {
    const algorithm = algorithmOf(v.alg);
    assert.ok(algorithm !== undefined);
    const ha1 = firstHash(hash, hashOf(algorithm), toWire(v.username), toWire(v.realm), v.password);
    const response = digestResponse(hash, {
      algorithm,
      ha1,
      method: v.method,
      uri: v.uri,
      nonce: v.nonce,
      qop: v.qop ?? undefined,
      nc: v.nc ?? '',
      cnonce: v.cnonce ?? '',
      body: fromLatin1(toWire(v.body ?? '')),
    });
    assert.equal(response, v.response, `${v.source} ${v.alg} ${v.qop}`);
  }
});

test('credentials are read whatever their spacing, case and quotes', () => {
  const read = parseDigest('DIGEST  username="a,\\"b\\"" ,REALM = "r=1", nc=00000001,qop="auth",uri="sip:x;y=1"');
  assert.deepEqual(
    [...(read ?? [])],
    [
      ['username', 'a,"b"'],
      ['realm', 'r=1'],
      ['nc', '00000001'],
      ['qop', 'auth'],
      ['uri', 'sip:x;y=1'],
    ],
  );
});

test('what is no Digest or says something twice is nothing', () => {
  for (const text of [
    '',
    'Basic abc',
    'Digest',
    'NoOneKnowsThisScheme opaque-data=here',
    'Digest a',
    'Digest a=1, a=2',
    'Digest a="open',
    'Digest a="1" b=2',
    'Digest =1',
    'Digest a b=1',
  ]) {
    assert.equal(parseDigest(text), undefined, text);
  }
});

test('quotes stand where common peers want them', () => {
  const params = [
    ['realm', 'r"\\'],
    ['algorithm', 'MD5'],
    ['qop', 'auth'],
    ['stale', undefined],
    ['nc', '00000001'],
  ] as const;
  assert.equal(printDigest(params, 'challenge'), 'Digest realm="r\\"\\\\", algorithm=MD5, qop="auth", nc=00000001');
  assert.equal(printDigest(params, 'credentials'), 'Digest realm="r\\"\\\\", algorithm=MD5, qop=auth, nc=00000001');
});

test('names go to the wire and come back, and octets that are no UTF-8 stay Latin-1', () => {
  assert.equal(fromWire(toWire('päß€')), 'päß€');
  assert.equal(fromWire('\xe4'), 'ä');
});
