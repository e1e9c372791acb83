import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Instant, ms, type WallTime } from '../../../../src/kernel/time.ts';
import type { Flow } from '../../../../src/sip/message/flow.ts';
import type { SipRequest } from '../../../../src/sip/message/message.ts';
import { parseUri } from '../../../../src/sip/message/uri.ts';
import { addressOfRecord, type PersistBinding, type StoredBinding } from '../../../../src/sip/registrar/binding.ts';
import {
  REGISTRAR_DEFAULTS,
  type Registered,
  Registrar,
  type RegistrarSetup,
} from '../../../../src/sip/registrar/registrar.ts';
import { heardRequest } from '../../../support/sip-messages.ts';

const AOR = 'sip:201@branch.example';
const WALL = Date.UTC(2026, 0, 2, 3, 4, 5) as WallTime;
const at = (seconds: number): Instant => (500_000 + seconds * 1000) as Instant;
const flow: Flow = {
  transport: 'udp',
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '192.0.2.7', port: 5062 },
};

let cseq = 0;

function register(lines: string, from: { callId?: string; cseq?: number } = {}): SipRequest {
  return heardRequest(
    `REGISTER sip:branch.example SIP/2.0
Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKnashds7
From: <${AOR}>;tag=456248
To: <${AOR}>
Call-ID: ${from.callId ?? 'one'}
CSeq: ${from.cseq ?? ++cseq} REGISTER
${lines}`,
  );
}

/** A registrar and the words to use it. */
function desk(more: Partial<RegistrarSetup> = {}): {
  registrar: Registrar;
  say(lines: string, when?: number, from?: { callId?: string; cseq?: number }): Registered;
  uris(when?: number): string[];
} {
  const registrar = new Registrar({ ...REGISTRAR_DEFAULTS, ...more });
  return {
    registrar,
    say: (lines, when = 0, from = {}) =>
      registrar.register(
        { aor: AOR, request: register(lines, from), flow, toTag: 'us' },
        at(when),
        (WALL + Math.floor(when * 1000)) as WallTime,
      ),
    uris: (when = 0) => registrar.bindings(AOR, at(when)).map(({ contact }) => contact),
  };
}

test('other limits hold from the next REGISTER on, and what is bound stays', () => {
  const { registrar, say, uris } = desk();
  say('Contact: <sip:a@192.0.2.7>;expires=600');
  registrar.configure({ ...REGISTRAR_DEFAULTS, expires: { min: 700, max: 800, usual: 750 } });
  assert.deepEqual(uris(), ['sip:a@192.0.2.7']);
  assert.equal(say('Contact: <sip:a@192.0.2.7>;expires=600').response.status, 423);
  assert.equal(
    say('Contact: <sip:a@192.0.2.7>;expires=900').response.headers.get('Contact'),
    '<sip:a@192.0.2.7>;expires=800',
  );
});

const summary = ({ response, persist }: Registered): string =>
  [
    `${response.status} ${response.reason}`,
    ...persist.map((op) => (op.type === 'bind' ? `+${op.binding.key}` : `-${op.key}`)),
  ].join(' ');

test('a contact is bound, told in the answer, and handed out for the store', () => {
  const { say, uris } = desk();
  const { response, persist } = say(
    'Contact: "Al" <sip:201@192.0.2.7:5062;ob>;q=0.5;+sip.instance="<urn:uuid:1>";x=y\nExpires: 600\nUser-Agent: phone/1.0\n',
  );
  assert.equal(response.status, 200);
  assert.deepEqual(response.headers.all('Contact'), [
    '<sip:201@192.0.2.7:5062;ob>;expires=600;q=0.5;+sip.instance="<urn:uuid:1>";x=y',
  ]);
  assert.equal(response.headers.get('Date'), 'Fri, 02 Jan 2026 03:04:05 GMT');
  assert.equal(response.headers.get('To'), `<${AOR}>;tag=us`);
  assert.deepEqual(uris(), ['sip:201@192.0.2.7:5062;ob']);
  assert.deepEqual(persist, [
    {
      type: 'bind',
      binding: {
        aor: AOR,
        key: 'sip:201@192.0.2.7:5062;ob',
        contact: 'sip:201@192.0.2.7:5062;ob',
        path: [],
        instance: '<urn:uuid:1>',
        regId: undefined,
        callId: 'one',
        cseq,
        q: 0.5,
        userAgent: 'phone/1.0',
        flow,
        left: ms(600_000),
        expires: (WALL + 600_000) as WallTime,
      },
    } satisfies PersistBinding,
  ]);
});

test('the time comes from the contact, else from Expires, else it is the usual, and is cut at the most', () => {
  for (const [lines, expected] of [
    ['Contact: <sip:a@b>;expires=120\nExpires: 600', 120],
    ['Contact: <sip:a@b>\nExpires: 600', 600],
    ['Contact: <sip:a@b>', 1800],
    ['Contact: <sip:a@b>;expires=soon\nExpires: 600', 1800],
    ['Contact: <sip:a@b>\nExpires: 99999999999', 1800],
    ['Contact: <sip:a@b>\nExpires: 4294967295', 3600],
  ] as const) {
    const { say } = desk({ expires: { min: 60, max: 3600, usual: 1800 } });
    assert.equal(say(`${lines}\n`).response.headers.get('Contact'), `<sip:a@b>;expires=${expected}`, lines);
  }
});

test('too short a time is refused with the shortest, and nothing is bound', () => {
  const { say, uris } = desk();
  const refused = say('Contact: <sip:a@b>, <sip:c@d>;expires=59\n');
  assert.equal(refused.response.status, 423);
  assert.equal(refused.response.headers.get('Min-Expires'), '60');
  assert.deepEqual([refused.persist, uris()], [[], []]);
});

test('a contact is refreshed and removed as RFC 3261 compares URIs, under its old key', () => {
  const { say, uris } = desk();
  say('Contact: <sip:%61@B.example;transport=tcp>\n');
  assert.equal(summary(say('Contact: <sip:a@b.EXAMPLE;Transport=TCP>\n')), '200 OK +sip:%61@B.example;transport=tcp');
  assert.deepEqual(uris(), ['sip:a@b.EXAMPLE;Transport=TCP']);
  assert.equal(
    summary(say('Contact: <sip:a@b.example;transport=tcp>;expires=0\n')),
    '200 OK -sip:%61@B.example;transport=tcp',
  );
  assert.deepEqual(uris(), []);
});

test('two contacts never share a key, though each was once the same as a third one', () => {
  const { say, registrar } = desk();
  // §19.1.4: a parameter that one of two URIs lacks doesn't part them.
  for (const contact of ['sip:a@b;x=1', 'sip:a@b', 'sip:a@b;x=2', 'sip:a@b;x=1']) say(`Contact: <${contact}>\n`);
  const keys = registrar.bindings(AOR, at(0)).map(({ key }) => key);
  assert.deepEqual([keys.length, new Set(keys).size], [2, 2]);
});

test('contacts come in the order of their q, the latest first among equals', () => {
  const { say, uris } = desk();
  say('Contact: <sip:low@b>;q=0.1, <sip:one@b>, <sip:two@b>;q=1.0\n');
  assert.deepEqual(uris(), ['sip:two@b', 'sip:one@b', 'sip:low@b']);
});

test('a request older than what its binding knows changes nothing at all', () => {
  const { say, uris } = desk();
  say('Contact: <sip:a@b>\n', 0, { cseq: 10 });
  assert.equal(summary(say('Contact: <sip:new@b>, <sip:a@b>\n', 1, { cseq: 10 })), '500 CSeq Out Of Order');
  assert.equal(summary(say('Contact: *\nExpires: 0\n', 1, { cseq: 9 })), '500 CSeq Out Of Order');
  assert.deepEqual(uris(), ['sip:a@b']);
  // Another Call-ID is a phone that started anew: its count says nothing about the old one.
  assert.equal(summary(say('Contact: <sip:a@b>\n', 1, { callId: 'two', cseq: 1 })), '200 OK +sip:a@b');
});

test('the star removes all and only alone with Expires: 0', () => {
  const { say, uris } = desk();
  say('Contact: <sip:a@b>, <sip:c@d>\n');
  for (const lines of ['Contact: *', 'Contact: *\nExpires: 60', 'Contact: *, <sip:e@f>\nExpires: 0']) {
    assert.equal(say(`${lines}\n`).response.status, 400, lines);
  }
  assert.equal(uris().length, 2);
  assert.equal(summary(say('Contact: *\nExpires: 0\n')), '200 OK -sip:a@b -sip:c@d');
  assert.deepEqual(uris(), []);
});

test('a REGISTER without contacts only asks', () => {
  const { say } = desk();
  say('Contact: <sip:a@b>;expires=100\n');
  const asked = say('', 40);
  assert.deepEqual([asked.response.headers.all('Contact'), asked.persist], [['<sip:a@b>;expires=60'], []]);
});

test('a contact that nobody can call is refused', () => {
  for (const contact of [
    '<tel:+1>',
    '<mailto:a@b>',
    '<sip:a b@c>',
    `<sip:${'x'.repeat(1025)}@b>`,
    '<sip:a@b>;q=2',
    '<sip:a@b>;q=-0',
  ]) {
    const { say } = desk();
    assert.equal(say(`Contact: ${contact}\n`).response.status, 400, contact.slice(0, 40));
  }
});

test('Path is kept in order and said again (RFC 3327)', () => {
  const { say, registrar } = desk();
  const { response } = say('Supported: path\nPath: <sip:p1;lr>, <sip:p2;lr>\nContact: <sip:a@b>\n');
  assert.deepEqual(response.headers.all('Path'), ['<sip:p1;lr>', '<sip:p2;lr>']);
  assert.deepEqual(registrar.bindings(AOR, at(0))[0]?.path, ['<sip:p1;lr>', '<sip:p2;lr>']);
});

test('a flow is told by instance and reg-id, not by its contact (RFC 5626)', () => {
  const { say, uris } = desk();
  const contact = (uri: string, id: number): string =>
    `Supported: outbound\nContact: <${uri}>;reg-id=${id};+sip.instance="<urn:uuid:1>"\n`;
  assert.equal(summary(say(contact('sip:a@b:1', 1))), '200 OK +1 <urn:uuid:1>');
  const second = say(contact('sip:a@b:2', 2));
  assert.equal(second.response.headers.get('Require'), 'outbound');
  assert.equal(summary(say(contact('sip:a@b:3', 1))), '200 OK +1 <urn:uuid:1>');
  assert.deepEqual(uris(), ['sip:a@b:3', 'sip:a@b:2']);
  assert.equal(say(`${contact('sip:a@b:4', 3)}Contact: <sip:c@d>\n`).response.status, 400);
  // Without the option tag the reg-id means nothing.
  assert.equal(summary(say('Contact: <sip:a@b:9>;reg-id=1;+sip.instance="<urn:uuid:1>"\n')), '200 OK +sip:a@b:9');
});

test('beyond the contacts of one address the oldest gives way, but one request may not flood', () => {
  const { say, uris } = desk({ perAddress: 3 });
  say('Contact: <sip:1@b>, <sip:2@b>, <sip:3@b>\n');
  say('Contact: <sip:1@b>\n');
  assert.equal(summary(say('Contact: <sip:4@b>\n')), '200 OK -sip:2@b +sip:4@b');
  assert.deepEqual(uris().toSorted(), ['sip:1@b', 'sip:3@b', 'sip:4@b']);
  assert.equal(say('Contact: <sip:5@b>, <sip:6@b>, <sip:7@b>, <sip:8@b>\n').response.status, 403);
  assert.equal(uris().length, 3);
});

test('when all places are taken a new phone gets 503 and the old ones still refresh', () => {
  const { say, registrar } = desk({ total: 1 });
  say('Contact: <sip:1@b>\n');
  const refused = say('Contact: <sip:2@b>\n');
  assert.deepEqual([refused.response.status, refused.response.headers.get('Retry-After')], [503, '60']);
  assert.equal(say('Contact: <sip:1@b>\n').response.status, 200);
  assert.equal(say('Contact: <sip:1@b>;expires=0, <sip:2@b>\n').response.status, 200);
  assert.equal(registrar.size, 1);
});

test('a binding is gone when its time is up, before anyone wakes the registrar', () => {
  const { say, uris, registrar } = desk();
  say('Contact: <sip:a@b>;expires=60, <sip:c@d>;expires=120\n');
  assert.equal(registrar.deadline, at(60));
  assert.deepEqual(uris(60), ['sip:c@d']);
  assert.deepEqual(registrar.wake(at(60)), [{ type: 'unbind', aor: AOR, key: 'sip:a@b' }]);
  assert.equal(registrar.deadline, at(120));
  assert.deepEqual(registrar.wake(at(200)), [{ type: 'unbind', aor: AOR, key: 'sip:c@d' }]);
  assert.deepEqual([registrar.deadline, registrar.size, [...registrar.registered(at(200))]], [undefined, 0, []]);
});

test('a lapsed binding that nobody woke for leaves the store with the next answer', () => {
  const { say } = desk();
  say('Contact: <sip:a@b>;expires=60\n');
  assert.equal(summary(say('Contact: <sip:c@d>\n', 61)), '200 OK -sip:a@b +sip:c@d');
});

test('bindings of the store live on with what was left of them', () => {
  const { say } = desk();
  const { persist } = say(
    'Supported: outbound\nContact: <sip:a@b>;reg-id=1;+sip.instance="<urn:uuid:1>";expires=600\n',
    0,
    { cseq: 50 },
  );
  const stored = persist.flatMap((op): StoredBinding[] => (op.type === 'bind' ? [op.binding] : []));
  const fresh = desk();
  fresh.registrar.load(JSON.parse(JSON.stringify(stored)) as StoredBinding[], at(1000));
  assert.deepEqual(fresh.uris(1599), ['sip:a@b']);
  assert.deepEqual(fresh.uris(1600), []);
  // It is still the same binding, with the same memory of its request.
  const again = 'Supported: outbound\nContact: <sip:z@b>;reg-id=1;+sip.instance="<urn:uuid:1>"\n';
  assert.equal(fresh.say(again, 1001, { cseq: 50 }).response.status, 500);
  assert.deepEqual(fresh.say('', 1001).response.headers.all('Contact'), [
    '<sip:a@b>;expires=599;+sip.instance="<urn:uuid:1>";reg-id=1',
  ]);
  assert.equal(summary(fresh.say(again, 1001, { cseq: 51 })), '200 OK +1 <urn:uuid:1>');
});

test('what is stored is in whole milliseconds, whatever the fraction of the clock', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (seconds) => {
      const { persist } = desk().say('Contact: <sip:a@b>;expires=120\n', seconds);
      const [op] = persist;
      assert.ok(op?.type === 'bind');
      assert.deepEqual([op.binding.left, Number.isInteger(op.binding.expires)], [120_000, true]);
    }),
  );
});

test('a closed connection takes along who is reached over it alone, and nobody else (RFC 5626 5.3.1)', () => {
  const { registrar, say, uris } = desk();
  const tcp = (port: number, connection = 'tcp-1'): Flow => ({
    ...flow,
    transport: 'tcp',
    remote: { address: '192.0.2.7', port },
    connection,
  });
  const over = (at0: Flow, lines: string): void => {
    registrar.register({ aor: AOR, request: register(lines), flow: at0, toTag: 'us' }, at(0), WALL);
  };
  const outbound = (id: number): string =>
    `Supported: outbound\nContact: <sip:a@b:${id}>;reg-id=${id};+sip.instance="<i>"\n`;
  over(tcp(40_000), outbound(1));
  over(tcp(40_001, 'tcp-2'), outbound(2));
  over(tcp(40_000), 'Contact: <sip:plain@b>\n');
  say('Contact: <sip:udp@b>\n');
  assert.deepEqual(registrar.closed(tcp(50_000)), [], 'another connection of that number, from before a restart');
  assert.deepEqual(registrar.closed(tcp(40_000)), [{ type: 'unbind', aor: AOR, key: '1 <i>' }]);
  assert.deepEqual(uris().toSorted(), ['sip:a@b:2', 'sip:plain@b', 'sip:udp@b']);
  // Who has registered again over another connection is not touched by the end of the old one.
  over(tcp(40_002, 'tcp-3'), outbound(2));
  assert.deepEqual(registrar.closed(tcp(40_001, 'tcp-2')), []);
  assert.deepEqual([registrar.closed(tcp(40_002, 'tcp-3')).length, registrar.size], [1, 2]);
});

test('an address of record is the same in every spelling', () => {
  const canonical = (text: string): string => {
    const uri = parseUri(text);
    assert.ok(uri.ok && uri.value.type === 'sip');
    return addressOfRecord(uri.value);
  };
  assert.equal(canonical('sip:%32%301@Branch.EXAMPLE;transport=tcp?x=y'), AOR);
  assert.equal(canonical('sip:a%2fb@c'), 'sip:a%2Fb@c');
  assert.notEqual(canonical('sip:Al@c'), canonical('sip:al@c'));
});

test('the store, told each step, always holds what the registrar holds', () => {
  const contact = fc.record({
    user: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    expires: fc.constantFrom('', ';expires=0', ';expires=60', ';expires=300', ';expires=5'),
    reg: fc.constantFrom('', ';reg-id=1;+sip.instance="<i>"'),
    param: fc.constantFrom('', ';x=1', ';x=2'),
  });
  const step = fc.record({
    contacts: fc.array(contact, { maxLength: 3 }),
    star: fc.boolean(),
    wait: fc.nat({ max: 100 }),
    cseq: fc.nat({ max: 30 }),
    callId: fc.constantFrom('x', 'y'),
    wake: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const { say, registrar } = desk({ perAddress: 3, total: 4 });
      const store = new Set<string>();
      const commit = (ops: readonly PersistBinding[]): void => {
        for (const op of ops) {
          if (op.type === 'bind') store.add(op.binding.key);
          else assert.ok(store.delete(op.key), `${op.key} was not in the store`);
        }
      };
      let now = 0;
      for (const { contacts, star, wait, cseq, callId, wake } of steps) {
        now += wait;
        if (wake) commit(registrar.wake(at(now)));
        const lines = contacts.map(
          ({ user, param, expires, reg }) => `Contact: <sip:${user}@h${param}>${expires}${reg}`,
        );
        const text = star && lines.length === 0 ? 'Contact: *\nExpires: 0' : lines.join('\n');
        commit(say(`Supported: outbound\n${text}\n`, now, { cseq, callId }).persist);
        const live = registrar.bindings(AOR, at(now)).map(({ key }) => key);
        assert.equal(new Set(live).size, live.length);
        assert.ok(live.length <= 3);
        for (const key of live) assert.ok(store.has(key));
      }
      commit(registrar.wake(at(now + 4000)));
      assert.deepEqual([store.size, registrar.size, registrar.deadline], [0, 0, undefined]);
    }),
    { numRuns: 500 },
  );
});
