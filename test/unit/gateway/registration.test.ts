import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reactor } from '../../../src/gateway/reactor.ts';
import { Registration } from '../../../src/gateway/registration.ts';
import { silent } from '../../../src/kernel/log.ts';
import { seeded } from '../../../src/kernel/random.ts';
import type { Instant, WallTime } from '../../../src/kernel/time.ts';
import type { DirectoryUser } from '../../../src/routing/directory-file.ts';
import type { Flow } from '../../../src/sip/message/flow.ts';
import { Registrar } from '../../../src/sip/registrar/registrar.ts';
import { heardRequest } from '../../support/sip-messages.ts';

const AOR = 'sip:201@branch.example';
const FROM: Flow = {
  transport: 'udp',
  remote: { address: '192.0.2.7', port: 50_123 },
  local: { address: '192.0.2.1', port: 5060 },
};

test('a phone that registers from a port of the moment is called where it listens; one that asks for rport, where it sends from', () => {
  for (const [rport, port] of [
    ['', 5062],
    [';rport=50123', 50_123],
  ] as const) {
    const clock = { now: () => 0 as Instant, wall: () => 0 as WallTime };
    const reactor = new Reactor(clock, { set: () => {}, clear: () => {} }, (error) => assert.fail(String(error)));
    const registration = new Registration({
      registrar: new Registrar(),
      reactor,
      random: seeded(1),
      log: silent,
      directory: () => assert.fail('nobody is looked up'),
      persist: async () => {},
    });
    const request = heardRequest(`REGISTER sip:branch.example SIP/2.0
Via: SIP/2.0/UDP 192.0.2.7:5062${rport};branch=z9hG4bKa
From: <${AOR}>;tag=1
To: <${AOR}>
Call-ID: one
CSeq: 1 REGISTER
Contact: <sip:201@192.0.2.7:5062>
`);
    registration.register({ aor: AOR } as DirectoryUser, request, FROM, () => {});
    assert.deepEqual(registration.contactsOf(AOR)[0]?.flow.remote, { address: '192.0.2.7', port });
  }
});
