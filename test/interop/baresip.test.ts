/** baresip through the branch to libpri and a B-channel's far end: a marker of its own in each direction. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Phone } from '../../scripts/demo/phone.ts';
import { inOneOf } from '../support/attempts.ts';
import { Baresip } from '../support/baresip.ts';
import { bChannel, correlate, kit } from '../support/bchan.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { type Libpri, startLibpri } from '../support/libpri.ts';
import { BChannel, DeskSound } from '../support/sound-desk.ts';
import { Capture, judge } from '../support/tshark.ts';
import { readWav, writeWav } from '../support/wav.ts';

const SIP = 26_300;
const SPAN = { listen: 26_400, peer: 26_450 };
const RATE = 8_000;
const PROXY = { address: '127.0.0.1', port: SIP };
const MARKERS = { ours: kit('audio/markerA.wav'), theirs: kit('audio/markerB.wav') };

const folder = mkdtempSync(join(tmpdir(), 'branchline-baresip-calls-'));
let box: BoxProcess;
let libpri: Libpri;

before(async () => {
  libpri = await startLibpri({
    side: 'net',
    listen: SPAN.peer,
    peer: SPAN.listen,
    args: ['-a', 'answer'],
  });
  const far = { listen: `127.0.0.1:${SPAN.listen}`, peer: `127.0.0.1:${SPAN.peer}` };
  const settings = settingsOf(
    { sip: SIP, http: SIP + 1, media: '26500-26599' },
    {
      spans: [{ id: 't1', driver: 'virtual', far }],
      spanGroups: [{ id: 'pstn', spans: ['t1'], hunting: 'ascending' }],
      users: [userOf('201', '+12145550201')],
      dids: [{ number: '+12145550201', to: { user: '201' } }],
    },
  );
  box = await BoxProcess.started(settings);
  await box.ready();
});

after(async () => {
  await box?.remove();
  await libpri?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The marker behind a second of silence, so that nothing of it is lost while both ends start; then silence to the end. */
function delayed(marker: string, seconds: number): string {
  const samples = new Int16Array(seconds * RATE);
  samples.set(readWav(marker), RATE);
  const file = join(folder, `${seconds}-${marker.split('/').at(-1)}`);
  writeWav(file, samples);
  return file;
}

/** What `recording` must hold of the call: all of `whose` marker, and nothing of the other one. */
async function holdsOnly(whose: keyof typeof MARKERS, recording: string): Promise<void> {
  const own = await correlate(MARKERS[whose], recording);
  const other = await correlate(MARKERS[whose === 'ours' ? 'theirs' : 'ours'], recording);
  const told = `${recording}: ${JSON.stringify({ own, other })}`;
  assert.ok(own.peak >= 0.95 && own.coverage >= 0.98, told);
  assert.ok(other.peak < 0.3 && other.coverage < 0.1, told);
}

test('each side hears all of the other and nothing of itself; tshark finds no fault in SIP, SDP, RTP and RTCP', (t) =>
  inOneOf(3, t, async () => {
    const capture = await Capture.start(join(folder, 'sip.pcap'), `udp port ${SIP} or udp portrange 26500-26599`);
    const phone = await Baresip.start({
      user: '201',
      password: 'pw-201',
      domain: DOMAIN,
      proxy: PROXY,
      sipPort: 26_310,
      rtpPort: 26_320,
      play: delayed(MARKERS.ours, 20),
    });
    try {
      await phone.registered();
      phone.dial(`sip:5551234@${DOMAIN}`);
      const { ch } = await libpri.waitFor('setup');
      await phone.until('CALL_ESTABLISHED');
      const slot = Number(ch);
      const recorded = join(folder, 'b-channel.wav');
      const report = await bChannel({
        local: SPAN.peer + slot,
        remote: SPAN.listen + slot,
        play: delayed(MARKERS.theirs, 11),
        record: recorded,
        seconds: 11,
      });
      phone.hangUp();
      await phone.until('CALL_CLOSED');
      await libpri.waitFor('disconnect', { fields: { cause: 16 } });
      await box.ready();
      assert.ok(report.rx > 11 * 50 - 10, JSON.stringify(report));
      await holdsOnly('ours', recorded);
      await holdsOnly('theirs', phone.recording ?? '');
    } finally {
      await phone.stop();
      await capture.stop();
    }
    const { faults, streams } = await judge(capture.file, [`udp.port==${SIP},sip`]);
    assert.deepEqual(faults, []);
    assert.equal(streams.length, 2);
    for (const { loss } of streams) assert.equal(loss, 0);
  }));

test('a call from the PSTN rings baresip, is answered, and ends when the caller hangs up', async () => {
  const phone = await Baresip.start({
    user: '201',
    password: 'pw-201',
    domain: DOMAIN,
    proxy: PROXY,
    transport: 'tcp',
    sipPort: 26_330,
    rtpPort: 26_340,
  });
  try {
    await phone.registered();
    const after = libpri.events.length;
    libpri.call('2145550201', '9725551000');
    const { peeruri } = await phone.until('CALL_INCOMING');
    assert.match(peeruri ?? '', /9725551000/);
    await libpri.waitFor('alerting', { after });
    phone.accept();
    const { cref } = await libpri.waitFor('connect', { after });
    await phone.until('CALL_ESTABLISHED');
    libpri.hangup(Number(cref), 16);
    await phone.until('CALL_CLOSED');
    await box.ready();
  } finally {
    await phone.stop();
  }
});

test('the round trip through a looped B-channel stays under 200 ms', async (t) => {
  const phone = await Phone.with({ registrar: PROXY, user: '201', password: 'pw-201', domain: DOMAIN }, DeskSound.open);
  let channel: BChannel | undefined;
  try {
    const after = libpri.events.length;
    const call = await phone.call('5551234');
    const { ch } = await libpri.waitFor('setup', { after });
    channel = await BChannel.open(SPAN.peer + Number(ch), SPAN.listen + Number(ch));
    channel.play({ type: 'loop' });
    assert.equal(await call.answered, true);
    await call.media.listen(1);
    const since = await call.media.answerTo({ type: 'tone', frequency: 1004, level: -10 }, 1);
    const begins = since.findIndex((sample) => Math.abs(sample) > 1000);
    assert.ok(begins >= 0, 'nothing came back');
    t.diagnostic(`round trip ${begins / 8} ms`);
    assert.ok(begins / 8 < 200, `${begins / 8} ms`);
    await call.hangUp();
  } finally {
    await phone.close();
    await channel?.close();
  }
});
