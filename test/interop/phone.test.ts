/** The demonstration phone against an independent SIP peer, without a gateway. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import { MEASURED, measureTones } from '../../src/rtp/measure.ts';
import { kit } from '../support/bchan.ts';
import { Sipp, sipp } from '../support/sipp.ts';
import { Capture, fieldsOf, judge } from '../support/tshark.ts';

const PEER = { address: '127.0.0.1', port: 26060 };
const AS_SIP = [`udp.port==${PEER.port},sip`];

test('the phone calls, hears its own tone come back in A-law, and hangs up; nothing it sends is malformed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'branchline-phone-'));
  const capture = await Capture.start(join(directory, 'phone.pcap'), 'udp and host 127.0.0.1');
  const peer = await Sipp.start({
    scenario: kit('sipp/uas-rr.xml'),
    local: PEER,
    mediaPort: 26100,
    echo: true,
    calls: 1,
  });
  const phone = await Phone.open({ registrar: PEER, user: '201', password: 'x' });
  try {
    const call = await phone.call('5551234');
    call.media.play({ type: 'tone', frequency: 1004, level: -10 });
    assert.equal(await call.answered, true);
    assert.deepEqual(call.statuses, [180, 200]);
    await call.media.listen(1);
    await call.hangUp();
    assert.deepEqual(await call.ended, { by: 'phone', status: undefined, cause: undefined });
    const { samples, law, lost } = call.media.heard;
    const [tone] = measureTones(samples, samples.length - MEASURED, law, 1);
    assert.ok(Math.abs((tone?.frequency ?? 0) - 1004) < 0.5 && Math.abs((tone?.level ?? 0) + 10) < 0.2, `${tone}`);
    assert.equal(law, 'alaw');
    assert.equal(lost, 0);
    assert.ok(samples.length >= 8000);
    assert.equal((await peer.done).successful, 1);
    await capture.stop();
    const { faults, streams, packets } = await judge(capture.file, AS_SIP);
    assert.deepEqual(faults, []);
    assert.equal(streams.length, 2);
    assert.ok(packets >= 100);
    const methods = await fieldsOf(capture.file, 'sip', ['sip.CSeq.method', 'sip.Status-Code'], AS_SIP);
    assert.deepEqual(
      methods.map((row) => row.filter(Boolean).join(' ')),
      ['INVITE', 'INVITE 180', 'INVITE 200', 'ACK', 'BYE', 'BYE 200'],
    );
  } finally {
    await phone.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test('the phone is called: it rings, answers with a tone, and notices who hangs up', async () => {
  const phone = await Phone.open({ registrar: PEER, user: '201', password: 'x' });
  try {
    const calls: PhoneCall[] = [];
    phone.onCall = (call) => {
      calls.push(call);
      call.ring();
      call.accept();
    };
    const remote = { address: phone.address, port: phone.port };
    const { code, successful, errors } = await sipp({ scenario: 'uac', local: PEER, remote, calls: 2, holdMs: 200 });
    assert.deepEqual({ code, successful, errors }, { code: 0, successful: 2, errors: '' });
    assert.equal(calls.length, 2);
    for (const call of calls) assert.equal((await call.ended).by, 'far');
  } finally {
    await phone.close();
  }
});

test('a call that nobody takes ends with the status and without a dialog left', async () => {
  const phone = await Phone.open({ registrar: PEER, user: '201', password: 'x' });
  try {
    const remote = { address: phone.address, port: phone.port };
    const { failed, errors } = await sipp({ scenario: 'uac', local: PEER, remote, calls: 1 });
    assert.equal(failed, 1);
    assert.match(errors, /486/);
    assert.deepEqual(
      phone.events.map(({ what }) => what.replace(/ sip:.*/, '')),
      ['INVITE', '486 Busy Here, INVITE', 'ACK'],
    );
  } finally {
    await phone.close();
  }
});

test('the phone proves its password to an independent registrar, and a wrong one is not taken', async () => {
  const scenario = new URL('./scenarios/registrar.xml', import.meta.url).pathname;
  for (const [password, status] of [
    ['demo-201', 200],
    ['wrong', 403],
  ] as const) {
    const peer = await Sipp.start({ scenario, local: PEER, calls: 1 });
    const phone = await Phone.open({ registrar: PEER, user: '201', password, algorithms: ['MD5'] });
    try {
      assert.equal(await phone.register(60), status);
      assert.equal((await peer.done).successful, 1);
    } finally {
      await phone.close();
    }
  }
});
