import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { causeOf } from '../../../src/call/cause.ts';
import type { LegHandle } from '../../../src/gateway/bound-leg.ts';
import type { CallPath, LegEars } from '../../../src/gateway/call-path.ts';
import { Reactor } from '../../../src/gateway/reactor.ts';
import { SipCalls } from '../../../src/gateway/sip-calls.ts';
import type { SipEdge, SipUser } from '../../../src/gateway/sip-edge.ts';
import { Supervisor } from '../../../src/gateway/supervise.ts';
import { silent } from '../../../src/kernel/log.ts';
import { seeded } from '../../../src/kernel/random.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import type { SipOut } from '../../../src/leg/sip-leg-words.ts';
import type { Source } from '../../../src/routing/query.ts';
import type { Flow } from '../../../src/sip/message/flow.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { hash } from '../../support/hashes.ts';
import { sip } from '../../support/sip-messages.ts';
import { DEMO, fullSample, type Settings, siteOf } from '../../support/sites.ts';

const FLOW: Flow = {
  transport: 'udp',
  remote: { address: '192.0.2.9', port: 5070 },
  local: { address: '192.0.2.1', port: 5060 },
};

const INVITE = parseMessage(
  sip(`INVITE sip:100@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1
Max-Forwards: 70
From: <sip:200@192.0.2.9>;tag=far
To: <sip:100@192.0.2.1>
Contact: <sip:200@192.0.2.9:5070>
Call-ID: one
CSeq: 1 INVITE
Content-Length: 0
`),
);

function rig(edge: object, ears: LegEars, site: Settings | string = DEMO) {
  const clock = { now: () => 0 as Instant, wall: () => 0 as WallTime };
  const reactor = new Reactor(clock, { set: () => {}, clear: () => {} }, (error) => assert.fail(String(error)));
  const legs: LegHandle[] = [];
  const incoming = (_source: Source, _tones: string, make: (id: string, ears: LegEars) => LegHandle) => {
    const leg = make('c.a', ears);
    legs.push(leg);
    return leg;
  };
  const calls = new SipCalls({
    reactor,
    random: seeded(1),
    hash,
    site: () => siteOf(site),
    edge: () => edge as unknown as SipEdge,
    path: () => ({ incoming }) as unknown as CallPath,
    ownPlace: () => ({ address: '192.0.2.1', port: 5060 }),
  });
  return { calls, legs };
}

/** What a call that comes in by SIP is answered with when it is released with this cause, on a site with these rows of its own. */
function answerTo(cause: number, causes: readonly Settings[]): number | undefined {
  assert.ok(INVITE.ok && INVITE.value.type === 'request');
  let status: number | undefined;
  const edge = {
    take: () => {},
    join: () => {},
    leave: () => {},
    say: (out: SipOut) => {
      if (out.type === 'respond') status = out.response.status;
    },
  };
  const ears: LegEars = { supervisor: new Supervisor(silent), say: () => {}, media: () => {}, gone: () => {} };
  const { sip: own, ...rest } = fullSample();
  const { calls, legs } = rig(edge, ears, { ...rest, sip: { ...(own as Settings), causes } });
  calls.invite('in-1', INVITE.value, FLOW, { type: 'user', id: '201' });
  legs[0]?.tell(ourRelease(causeOf(cause)));
  return status;
}

test('the site’s own rows of the cause table are what callers are told', () => {
  const rows = (direction: string) => [{ cause: 20, status: 404, direction }];
  assert.equal(answerTo(20, []), 480);
  assert.equal(answerTo(20, rows('both')), 404);
  assert.equal(answerTo(20, rows('to-sip')), 404);
  assert.equal(answerTo(20, rows('to-isdn')), 480);
});

test('a caller who sends from a port of the moment is told the rest where he listens; one who asks for rport, where he sends from', () => {
  for (const [rport, port] of [
    ['', 5070],
    [';rport=50123', 50_123],
  ] as const) {
    assert.ok(INVITE.ok && INVITE.value.type === 'request');
    const headers = INVITE.value.headers.clone();
    const request = {
      ...INVITE.value,
      headers: headers.set('Via', `SIP/2.0/UDP 192.0.2.9:5070${rport};branch=z9hG4bK1`),
    };
    const users: SipUser[] = [];
    const edge = {
      take: (_transaction: string, user: SipUser) => users.push(user),
      say: () => {},
      join: () => {},
    };
    const ears = { supervisor: new Supervisor(silent), say: () => {}, media: () => {}, gone: () => {} };
    const { calls } = rig(edge, ears as unknown as LegEars);
    calls.invite(
      'in-1',
      request,
      { ...FLOW, remote: { address: '192.0.2.9', port: 50_123 } },
      { type: 'user', id: '201' },
    );
    assert.deepEqual(users[0]?.flow?.remote, { address: '192.0.2.9', port });
  }
});

test('a fault of ours before the answer does not leave the caller waiting: its INVITE is refused', () => {
  assert.ok(INVITE.ok && INVITE.value.type === 'request');
  const supervisor = new Supervisor(silent);
  const refused: [string, number, string | undefined][] = [];
  const gone: string[] = [];
  const edge = {
    take: () => {},
    say: () => {},
    join: () => {},
    leave: () => {},
    abandon: () => {},
    respond: (transaction: string, _request: unknown, status: number, parts: { toTag?: string }) =>
      refused.push([transaction, status, parts.toTag]),
  };
  const ears: LegEars = {
    supervisor,
    say: () => {
      throw new Error('a fault of ours');
    },
    media: () => {},
    gone: () => gone.push('a'),
  };
  const { calls } = rig(edge, ears);
  calls.invite('in-1', INVITE.value, FLOW, { type: 'user', id: '201' });
  assert.deepEqual(
    refused.map(([transaction, status]) => [transaction, status]),
    [['in-1', 500]],
  );
  assert.ok(refused[0]?.[2]);
  assert.deepEqual(gone, ['a']);
  assert.equal(supervisor.faults, 1);
});
