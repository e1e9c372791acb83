import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromLatin1 } from '../../../../src/kernel/bytes.ts';
import { seeded } from '../../../../src/kernel/random.ts';
import { type Instant, seconds } from '../../../../src/kernel/time.ts';
import { DigestClient } from '../../../../src/sip/digest/client.ts';
import { parseDigest, printDigest } from '../../../../src/sip/digest/credentials.ts';
import { type Algorithm, firstHash, type Hash } from '../../../../src/sip/digest/response.ts';
import {
  type DigestClaim,
  DigestServer,
  type DigestSetup,
  type DigestUser,
  type Verdict,
} from '../../../../src/sip/digest/server.ts';
import { hash, sign } from '../../../support/hashes.ts';

const at = (seconds: number): Instant => (1_000_000 + seconds * 1000) as Instant;
const request = { method: 'REGISTER', uri: 'sip:gw.test', body: fromLatin1('body') };

const users: Readonly<Record<string, DigestUser>> = {
  '201': { secret: { type: 'password', password: 'päß' }, algorithms: ['SHA-256', 'MD5'] },
  zoë: {
    secret: { type: 'ha1', ha1: { MD5: firstHash(hash, 'MD5', 'zo\xc3\xab', 'gw.test', 'secret') } },
    algorithms: ['MD5', 'SHA-256'],
  },
  sess: { secret: { type: 'password', password: 'p' }, algorithms: ['SHA-512-256-sess', 'MD5-sess'] },
};

const server = (more: Partial<DigestSetup> = {}): DigestServer =>
  new DigestServer({ realm: () => 'gw.test', hash, sign, random: seeded(1), ...more });

const client = (username: string, password: string): DigestClient =>
  new DigestClient(hash, seeded(2), () => ({ username, secret: { type: 'password', password } }));

const judge = (
  by: DigestServer,
  credentials: readonly string[],
  now: Instant,
  more: Partial<DigestClaim> = {},
): Verdict =>
  by.verify({ credentials, method: 'REGISTER', body: request.body, user: (name) => users[name], ...more }, now);

const PROVEN = 'proven';
const UNPROVEN = { type: 'unproven', stale: false };
const STALE = { type: 'unproven', stale: true };

/** A client that has heard one challenge of the server. */
function met(
  by: DigestServer,
  username: string,
  password: string,
  algorithms: readonly Algorithm[],
  qop: 'auth' | 'auth-int' = 'auth',
): DigestClient {
  const caller = client(username, password);
  assert.ok(caller.hear(by.challenge(algorithms, at(0), false, '', [qop])));
  return caller;
}

test('a user is proven under each algorithm and form, by password or by stored hash', () => {
  for (const [name, password, algorithm] of [
    ['201', 'päß', 'SHA-256'],
    ['201', 'päß', 'MD5'],
    ['zoë', 'secret', 'MD5'],
    ['sess', 'p', 'SHA-512-256-sess'],
    ['sess', 'p', 'MD5-sess'],
  ] as const) {
    for (const qop of ['auth', 'auth-int'] as const) {
      const by = server();
      const verdict = judge(by, met(by, name, password, [algorithm], qop).authorize(request), at(1));
      assert.deepEqual(verdict, { type: PROVEN, user: name, algorithm });
    }
  }
});

test('the first challenge that the client can do is answered (RFC 8760 2.4)', () => {
  const by = server();
  const challenges = by.challenge(['SHA-256', 'MD5'], at(0));
  assert.deepEqual(
    challenges.map((value) => parseDigest(value)?.get('algorithm')),
    ['SHA-256', 'MD5'],
  );
  const [credentials] = met(by, '201', 'päß', ['SHA-256', 'MD5']).authorize(request);
  assert.equal(parseDigest(credentials ?? '')?.get('algorithm'), 'SHA-256');
});

test('a stranger, a wrong password and no credentials look the same', () => {
  const by = server();
  assert.deepEqual(judge(by, [], at(1)), UNPROVEN);
  assert.deepEqual(judge(by, ['NoOneKnowsThisScheme opaque-data=here'], at(1)), UNPROVEN);
  assert.deepEqual(judge(by, met(by, '201', 'wrong', ['MD5']).authorize(request), at(1)), UNPROVEN);
  assert.deepEqual(judge(by, met(by, '666', 'päß', ['MD5']).authorize(request), at(1)), UNPROVEN);
});

test('a stranger costs as many hashes as a user', () => {
  const count = (name: string): number => {
    let n = 0;
    const counting: Hash = (algorithm, octets) => {
      n++;
      return hash(algorithm, octets);
    };
    const by = server({ hash: counting });
    const credentials = met(by, name, 'x', ['MD5']).authorize(request);
    n = 0;
    judge(by, credentials, at(1));
    return n;
  };
  assert.equal(count('666'), count('201'));
  assert.equal(count('zoë'), count('201'));
});

test('an algorithm that the user may not use proves nothing, even with the right password', () => {
  const by = server();
  assert.deepEqual(judge(by, met(by, '201', 'päß', ['SHA-512-256']).authorize(request), at(1)), UNPROVEN);
  // The stored hashes have no SHA-256.
  assert.deepEqual(judge(by, met(by, 'zoë', 'secret', ['SHA-256']).authorize(request), at(1)), UNPROVEN);
});

test('credentials are good for their own method, body and realm only', () => {
  const by = server();
  const credentials = met(by, '201', 'päß', ['MD5'], 'auth-int').authorize(request);
  assert.deepEqual(judge(by, credentials, at(1), { method: 'INVITE' }), UNPROVEN);
  assert.deepEqual(judge(by, credentials, at(1), { body: fromLatin1('other') }), UNPROVEN);
  assert.deepEqual(judge(server({ realm: () => 'other' }), credentials, at(1)), UNPROVEN);
  assert.equal(judge(by, ['Digest realm="elsewhere", username="x"', ...credentials], at(1)).type, PROVEN);
});

test('the same credentials serve once, later counts in any order within the window', () => {
  const by = server();
  const caller = met(by, '201', 'päß', ['MD5']);
  const all = Array.from({ length: 80 }, () => caller.authorize(request));
  const use = (n: number): Verdict => judge(by, all[n - 1] ?? [], at(1));
  assert.equal(use(1).type, PROVEN);
  assert.deepEqual(use(1), STALE);
  assert.equal(use(40).type, PROVEN);
  assert.equal(use(38).type, PROVEN);
  assert.deepEqual(use(38), STALE);
  assert.equal(use(9).type, PROVEN);
  assert.deepEqual(use(8), STALE);
  assert.equal(use(80).type, PROVEN);
  assert.deepEqual(use(40), STALE);
});

test('no order of counts lets one pass twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 60 }), (order) => {
      const by = server();
      const caller = met(by, '201', 'päß', ['MD5']);
      const all = Array.from({ length: 90 }, () => caller.authorize(request));
      const passed = order.filter((n) => judge(by, all[n - 1] ?? [], at(1)).type === PROVEN);
      assert.equal(new Set(passed).size, passed.length);
    }),
    { numRuns: 30 },
  );
});

test('an old nonce and one of before a restart are stale, a forged one too, but never without the password', () => {
  const by = server({ nonceLife: seconds(30) });
  const caller = met(by, '201', 'päß', ['MD5']);
  assert.deepEqual(judge(by, caller.authorize(request), at(31)), STALE);
  assert.deepEqual(
    judge(server({ sign: (octets) => sign(fromLatin1(`${octets.length}`)) }), caller.authorize(request), at(1)),
    STALE,
  );
  for (const nonce of ['', '.', 'zzz.00.00', 'x'.repeat(2000)]) {
    const forger = client('201', 'päß');
    forger.hear([
      printDigest(
        [
          ['realm', 'gw.test'],
          ['nonce', nonce],
          ['qop', 'auth'],
        ],
        'challenge',
      ),
    ]);
    assert.deepEqual(judge(by, forger.authorize(request), at(1)), STALE, nonce);
    const stranger = client('201', 'guess');
    stranger.hear([
      printDigest(
        [
          ['realm', 'gw.test'],
          ['nonce', nonce],
          ['qop', 'auth'],
        ],
        'challenge',
      ),
    ]);
    assert.deepEqual(judge(by, stranger.authorize(request), at(1)), UNPROVEN);
  }
});

test('a client without qop is served once per nonce', () => {
  const by = server();
  const [challenge] = by.challenge(['MD5'], at(0));
  const caller = client('201', 'päß');
  caller.hear([(challenge ?? '').replace(', qop="auth"', '')]);
  const credentials = caller.authorize(request);
  assert.equal(judge(by, credentials, at(1)).type, PROVEN);
  assert.deepEqual(judge(by, credentials, at(2)), STALE);
});

test('what was forgotten for want of room cannot be replayed', () => {
  const by = server({ nonces: 3 });
  const callers = [0, 1, 2, 3, 4].map((second) => {
    const caller = client('201', 'päß');
    caller.hear(by.challenge(['MD5'], at(second)));
    return caller.authorize(request);
  });
  for (const credentials of callers) assert.equal(judge(by, credentials, at(5)).type, PROVEN);
  for (const credentials of callers) assert.deepEqual(judge(by, credentials, at(6)), STALE);
});

test('malformed proofs prove nothing', () => {
  const by = server();
  const [good] = met(by, '201', 'päß', ['MD5']).authorize(request);
  assert.ok(good !== undefined);
  for (const [from, to] of [
    [/nc=\w+/, 'nc=1'],
    [/nc=\w+/, 'nc=zzzzzzzz'],
    [/qop=auth/, 'qop=other'],
    [/cnonce="\w+"/, 'cnonce=""'],
    [/algorithm=MD5/, 'algorithm=SHA-1'],
    [/response="\w+"/, 'response=""'],
    [/username="201", /, ''],
    [/uri="[^"]*", /, ''],
  ] as const) {
    const bad: string = good.replace(from, to);
    assert.notEqual(bad, good);
    assert.deepEqual(judge(by, [bad], at(1)), UNPROVEN, bad);
  }
});

test('a client gives up on a refused password, and goes on when only its nonce ran out', () => {
  const by = server();
  const caller = met(by, '201', 'päß', ['MD5']);
  caller.authorize(request);
  assert.equal(caller.hear(by.challenge(['MD5'], at(2), true)), true);
  caller.authorize(request);
  assert.equal(caller.hear(by.challenge(['MD5'], at(3))), false);
  assert.deepEqual(caller.authorize(request), []);
  assert.equal(new DigestClient(hash, seeded(3), () => undefined).hear(by.challenge(['MD5'], at(0))), false);
  assert.equal(client('a', 'b').hear(['Basic realm="x"', 'Digest realm="x", nonce="y", algorithm=SHA-1']), false);
});

test('an answer proves its address only where the challenge went there', () => {
  const by = server();
  const answers = (address: string, text: string): boolean => by.answersFrom(address, [text]);
  const [challenge = ''] = by.challenge(['MD5'], at(0), false, '192.0.2.1');
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const wrong = (value: string) => `Digest username="x", realm="y", nonce="${value}", uri="sip:z", response="00"`;
  assert.equal(answers('192.0.2.1', wrong(nonce)), true);
  assert.equal(answers('192.0.2.2', wrong(nonce)), false, 'fetched elsewhere');
  assert.equal(answers('192.0.2.1', wrong(`${nonce}0`)), false);
  assert.equal(answers('192.0.2.1', wrong('abc')), false);
  assert.equal(answers('192.0.2.1', 'Digest'), false);
});
