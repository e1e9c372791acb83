/** The harness of baresip, without a gateway: that it registers, calls, says one marker and records what comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Baresip } from '../support/baresip.ts';
import { correlate, kit } from '../support/bchan.ts';
import { Sipp } from '../support/sipp.ts';

const PEER = { address: '127.0.0.1', port: 26200 };
const ACCOUNT = { user: '201', password: 'demo-201', domain: 'sipp', proxy: PEER, sipPort: 26210, rtpPort: 26220 };

test('baresip registers with digest at an independent registrar', async () => {
  const scenario = new URL('./scenarios/registrar.xml', import.meta.url).pathname;
  const peer = await Sipp.start({ scenario, local: PEER, calls: 1 });
  const phone = await Baresip.start({ ...ACCOUNT, expires: 60 });
  try {
    await phone.registered();
    assert.equal((await peer.done).successful, 1);
  } finally {
    await phone.stop();
  }
});

test('baresip says one marker and records it when it comes back; the other marker is not in it', async () => {
  const peer = await Sipp.start({
    scenario: kit('sipp/uas-rr.xml'),
    local: PEER,
    mediaPort: 26240,
    echo: true,
    isPunctual: true,
  });
  const phone = await Baresip.start({ ...ACCOUNT, expires: 0, play: kit('audio/markerA.wav') });
  try {
    phone.dial('sip:5551234@127.0.0.1');
    await phone.until('CALL_ESTABLISHED');
    await sleep(9000);
    phone.hangUp();
    await phone.until('CALL_CLOSED');
    const recording = phone.recording;
    assert.ok(recording !== undefined, phone.said);
    const own = await correlate(kit('audio/markerA.wav'), recording);
    const other = await correlate(kit('audio/markerB.wav'), recording);
    assert.ok(own.peak >= 0.95, `markerA: ${JSON.stringify(own)}`);
    assert.ok(own.coverage >= 0.98, `markerA: ${JSON.stringify(own)}`);
    assert.ok(other.peak < 0.3 && other.coverage < 0.1, `markerB: ${JSON.stringify(other)}`);
  } finally {
    await phone.stop();
    await peer.stop();
  }
});
