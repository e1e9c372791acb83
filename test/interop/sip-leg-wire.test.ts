import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { printMessage } from '../../src/sip/message/parse.ts';
import { RawPeer, sdp } from '../support/sip-raw.ts';
import { ANSWER, offerOf, pair, RING, RING_IN_BAND, releaseOf, type SipRig } from '../support/sip-rig.ts';
import { judge } from '../support/tshark.ts';

/** A capture (pcap, raw IP) of everything that the rig's parties have sent, each from its own address. */
function captureOf(rig: SipRig): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(101, 20);
  const packets = rig.sent.map(({ from, message }, i) =>
    packet(from === 'a' ? 1 : 2, Buffer.from(printMessage(message)), i),
  );
  return Buffer.concat([head, ...packets]);
}

function packet(from: number, payload: Buffer, index: number): Buffer {
  const record = Buffer.alloc(16 + 20 + 8);
  const length = 28 + payload.length;
  record.writeUInt32LE(index, 0);
  record.writeUInt32LE(length, 8);
  record.writeUInt32LE(length, 12);
  record[16] = 0x45;
  record.writeUInt16BE(length, 18);
  record[24] = 64;
  record[25] = 17;
  record.set([10, 0, 0, from], 28);
  record.set([10, 0, 0, 3 - from], 32);
  record.writeUInt16BE(5060, 36);
  record.writeUInt16BE(5060, 38);
  record.writeUInt16BE(8 + payload.length, 40);
  return Buffer.concat([record, payload]);
}

async function sound(rig: SipRig, atLeast: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sip-leg-'));
  try {
    const file = join(dir, 'calls.pcap');
    writeFileSync(file, captureOf(rig));
    const { packets, faults } = await judge(file);
    assert.ok(packets >= atLeast, `${packets} packets`);
    assert.deepEqual(faults, []);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('nothing that two legs say to each other in a full call is malformed', async () => {
  const timed = { sessionTimer: { expires: 600, min: 90 } };
  const { rig, a, b } = pair(timed, timed);
  const diverted = { ...offerOf().caller, digits: '14255550111' } as never;
  a.call(
    b,
    offerOf({
      callerName: { text: 'José "Pepe" Ruiz', presentation: 'restricted' },
      redirecting: [{ number: diverted, reason: 'no-answer' }],
    }),
  );
  rig.run(300);
  b.tell('b1', RING_IN_BAND);
  rig.run(50);
  b.tell('b1', RING);
  rig.run(50);
  b.tell('b1', ANSWER);
  rig.run(50);
  for (const type of ['hold', 'resume'] as const) {
    a.tell('a1', { type });
    rig.run(50);
  }
  rig.run(320_000);
  a.tell('a1', releaseOf(16));
  rig.run(50);
  b.call(a, offerOf());
  rig.run(50);
  a.tell('a2', RING);
  rig.run(50);
  b.tell('b2', releaseOf(102));
  rig.run(50);
  a.call(b, offerOf());
  rig.run(50);
  b.tell('b3', releaseOf(17));
  rig.run(50);
  await sound(rig, 25);
});

test('nothing that a leg answers to strange requests is malformed', async () => {
  const { rig, a, b } = pair();
  const raw = new RawPeer(b);
  raw.invite(a, { headers: [['Require', 'holography, time-travel']], body: sdp() });
  rig.run(50);
  raw.invite(a, {
    headers: [
      ['Supported', '100rel, timer'],
      ['Session-Expires', '60'],
    ],
  });
  rig.run(50);
  raw.invite(a, {
    headers: [
      ['Call-ID', 'other'],
      ['Supported', '100rel'],
    ],
    body: sdp(),
  });
  rig.run(50);
  a.tell('a3', RING_IN_BAND);
  rig.run(50);
  a.tell('a3', { type: 'redirect', targets: ['sip:b@x.example', 'tel:+14255550100'], origin: undefined });
  rig.run(50);
  await sound(rig, 8);
});
