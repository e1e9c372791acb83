import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FloodGuard, type FloodLimits } from '../../../src/gateway/flood.ts';
import { FloodGate, type FloodGateParts } from '../../../src/gateway/flood-gate.ts';
import { fromLatin1 } from '../../../src/kernel/bytes.ts';
import { silent } from '../../../src/kernel/log.ts';
import { type Instant, minutes, seconds } from '../../../src/kernel/time.ts';
import { sourceOf } from '../../../src/net/source.ts';
import type { Flow, Transport } from '../../../src/sip/message/flow.ts';

const LIMITS: FloodLimits = {
  perSecond: 10,
  burst: 100,
  failedDigest: 25,
  firstBan: minutes(1),
  longestBan: minutes(5),
  sources: 4,
};

const at = (second: number): Instant => (second * 1000) as Instant;
const never = (): boolean => false;

const guard = (over: Partial<FloodLimits> = {}): FloodGuard => new FloodGuard({ ...LIMITS, ...over });

/** Charges until there is a ban; fails when there is none. */
function ban(one: FloodGuard, source: string, now: Instant): number {
  for (let n = 0; n < 1000; n++) {
    const period = one.charge(source, 1, now, never);
    if (period !== undefined) return period / 1000;
  }
  return assert.fail('never banned');
}

test('a source may send a burst, and then as many as the bucket refills', () => {
  const one = guard();
  for (let n = 0; n < 100; n++) assert.equal(one.charge('a', 1, at(0), never), undefined);
  for (let second = 1; second < 60; second++) {
    for (let n = 0; n < 10; n++) assert.equal(one.charge('a', 1, at(second), never), undefined);
  }
  assert.equal(one.charge('a', 1, at(59), never), seconds(60));
  assert.equal(one.isBanned('a', at(60)), true);
  assert.equal(one.isBanned('b', at(60)), false, 'others are heard');
});

test('bans grow, end by themselves, and begin anew after an hour of good behaviour', () => {
  const one = guard();
  assert.equal(ban(one, 'a', at(0)), 60);
  assert.equal(one.isBanned('a', at(59)), true);
  assert.equal(one.isBanned('a', at(60)), false);
  assert.equal(ban(one, 'a', at(61)), 120);
  assert.equal(ban(one, 'a', at(200)), 240);
  assert.equal(ban(one, 'a', at(600)), 300, 'the longest');
  assert.equal(ban(one, 'a', at(600 + 300 + 3601)), 60);
});

test('a source that is spared is never banned, however much it sends', () => {
  const one = guard();
  for (let n = 0; n < 10_000; n++)
    assert.equal(
      one.charge('a', 1, at(0), () => true),
      undefined,
    );
  assert.equal(one.isBanned('a', at(0)), false);
});

test('memory is bounded, whoever calls', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(200), fc.nat(5)), { maxLength: 300 }), (steps) => {
      const one = guard();
      let now = 0;
      for (const [source, cost, wait] of steps) {
        now += wait;
        one.charge(String(source), cost, at(now), never);
        assert.ok(one.counts(at(now)).sources <= LIMITS.sources);
      }
    }),
  );
});

test('whoever has one address of a /64 has them all', () => {
  assert.equal(sourceOf('192.0.2.1'), '192.0.2.1');
  assert.equal(sourceOf('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(sourceOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(sourceOf('2001:DB8:1:2::9'), '2001:db8:1:2::/64');
  assert.equal(sourceOf('2001:db8::9'), '2001:db8:0:0::/64');
  assert.equal(sourceOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(sourceOf('::1'), '0:0:0:0::/64');
});

const flow = (transport: Transport, address = '192.0.2.66'): Flow => ({
  transport,
  remote: { address, port: 5060 },
  local: { address: '192.0.2.1', port: 5060 },
  ...(transport === 'udp' ? {} : { connection: 'c1' }),
});

const octets = (line: string): Uint8Array => fromLatin1(`${line}\r\nVia: x\r\n\r\n`);
const REGISTER = octets('REGISTER sip:redmond.example SIP/2.0');

function gate(over: Partial<FloodGateParts> = {}) {
  return new FloodGate({
    log: silent,
    now: () => at(0),
    limits: LIMITS,
    isPeer: () => false,
    hasCalls: () => false,
    isEmergency: (uri) => uri.includes('911'),
    ...over,
  });
}

/** How many of so many messages are read. */
const read = (one: FloodGate, from: Flow, count: number, message = REGISTER): number =>
  Array.from({ length: count }, () => one.admits(message, from)).filter(Boolean).length;

test('a connection that floods is no longer read, and no other source suffers', () => {
  const one = gate();
  assert.equal(read(one, flow('tcp'), 1000), 100);
  assert.equal(read(one, flow('tcp', '192.0.2.67'), 50), 50);
  assert.deepEqual(one.counts, { sources: 2, banned: 1, bans: 1, dropped: 900 });
});

test('datagrams ban nobody by their number, since their source may be forged', () => {
  const one = gate();
  assert.equal(read(one, flow('udp'), 10_000), 10_000);
  for (let n = 0; n < 1000; n++) one.digestFailed(flow('udp'), false);
  assert.equal(read(one, flow('udp'), 10), 10);
});

test('wrong passwords count more, on UDP where they answer our challenge to that address', () => {
  for (const [transport, answered] of [
    ['udp', true],
    ['tls', false],
  ] as const) {
    const one = gate();
    for (let n = 0; n < 4; n++) one.digestFailed(flow(transport), answered);
    assert.equal(one.admits(REGISTER, flow('udp')), true, 'four of them are a person’s');
    one.digestFailed(flow(transport), answered);
    assert.equal(one.admits(REGISTER, flow(transport)), false);
  }
});

test('peers and whoever has a call up are heard, also when the ban came first', () => {
  assert.equal(read(gate({ isPeer: () => true }), flow('tls'), 1000), 1000);
  let calls = false;
  const one = gate({ hasCalls: () => calls });
  assert.equal(read(one, flow('tcp'), 1000), 100);
  calls = true;
  assert.equal(read(one, flow('tcp'), 10), 10);
});

test('a banned source may still call for help, and nothing else', () => {
  const one = gate();
  read(one, flow('tcp'), 1000);
  assert.equal(one.admits(octets('INVITE sip:911@redmond.example SIP/2.0'), flow('tcp')), true);
  assert.equal(one.admits(octets('INVITE sip:912@redmond.example SIP/2.0'), flow('tcp')), false);
  assert.equal(one.admits(octets('REGISTER sip:911@redmond.example SIP/2.0'), flow('tcp')), false);
  assert.equal(one.admits(new Uint8Array(0), flow('tcp')), false);
});
