/** A caller from the PSTN, with libpri as the carrier, hears an announcement where nobody can be reached, and is then released. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type Correlation, correlate, kit } from '../support/bchan.ts';
import { PriBranch, TRUNK } from '../support/pri-branch.ts';
import { first, taking } from '../support/taking.ts';
import { readWav, writeWav } from '../support/wav.ts';

const RECORDING = kit('audio/markerA.wav');
const OTHER = kit('audio/markerB.wav');

let branch: PriBranch;

before(async () => {
  branch = await PriBranch.start({
    base: 24_600,
    spans: [{ id: 't1', side: 'user' }],
    settings: {
      spanGroups: [{ id: 'pstn', spans: ['t1'], hunting: 'descending' }],
      sipTrunks: [{ id: 'peer', address: TRUNK, port: 5060 }],
      announcements: [
        { id: 'nobody', file: RECORDING, cause: 20 },
        { id: 'closed', file: OTHER, answers: true, times: 2 },
      ],
      dids: [
        { number: '+12145550201', to: { user: '201' } },
        { number: '+12145550299', to: { announcement: 'closed' } },
      ],
      lastResort: { announcement: 'nobody' },
      emergency: {
        gateways: ['pstn'],
        locations: [
          {
            id: 'hq',
            name: 'Building 1',
            elins: ['+12145550911'],
            users: ['201'],
            notify: ['202'],
            announcement: 'closed',
          },
        ],
      },
    },
  });
});
afterEach(() => branch.tidy());
after(() => branch.stop());

/** What the caller on the first B-channel heard, from the call to its end. */
async function callTo(number: string, seconds: number) {
  const far = await branch.far('t1', '-B', '1', '-H', '0');
  const channel = await branch.bChannel('t1', 1);
  channel.play({ type: 'silence' });
  far.call(number);
  const { cause } = await far.waitFor('disconnect', { seconds });
  const heard = channel.heard;
  await branch.idle();
  return { far, cause, heard };
}

async function holds(reference: string, heard: Int16Array): Promise<Correlation> {
  const recording = join(branch.folder, 'heard.wav');
  writeWav(recording, heard);
  return correlate(reference, recording);
}

test('the last resort is heard before any answer, whole, and the caller is released with its cause', async () => {
  const { far, cause, heard } = await callTo('2145550201', 15);
  assert.equal(cause, 20);
  assert.equal(far.count('connect'), 0, 'it costs the caller nothing');
  const progress = await far.waitFor('progress');
  assert.equal(Number(progress.pi) & IN_BAND, IN_BAND, JSON.stringify(progress));
  const [right, wrong] = [await holds(RECORDING, heard), await holds(OTHER, heard)];
  assert.ok(right.peak >= 0.95 && right.coverage >= 0.98, JSON.stringify(right));
  assert.ok(wrong.peak < 0.2, JSON.stringify(wrong));
});

/** As libpri counts progress indicator 8. */
const IN_BAND = 1 << 3;

test('an announcement in place of an answer is heard as often as is wanted, and then clears normally', async () => {
  const { far, cause, heard } = await callTo('2145550299', 25);
  assert.equal(cause, 16);
  assert.equal(far.count('connect'), 1);
  const half = heard.length >> 1;
  for (const part of [heard.slice(0, half), heard.slice(half)]) {
    const right = await holds(OTHER, part);
    assert.ok(right.peak >= 0.95 && right.coverage >= 0.9, JSON.stringify(right));
  }
  assert.ok(readWav(OTHER).length < half);
});

test('on SIP it is heard as early media, and the refusal behind it says the cause', async () => {
  const peer = await branch.trunkPeer();
  const call = await peer.call('sip:+12145550201@127.0.0.1');
  assert.deepEqual(await call.ended, { by: 'far', status: 480, cause: 20 });
  assert.ok(call.statuses.includes(183), `${call.statuses}`);
  const right = await holds(RECORDING, call.media.heard.samples);
  assert.ok(right.peak >= 0.95 && right.coverage >= 0.9, JSON.stringify(right));
});

test('who is to know of an emergency call is called by the box and hears the announcement of the place', async () => {
  const far = await branch.far('t1', '-a', 'answer', '-A', '20', '-H', '0');
  const [caller, told] = [await branch.phone('201'), await branch.phone('202')];
  const calls = taking(told, (call) => call.accept());
  const emergency = await caller.call('911');
  assert.equal(await emergency.answered, true);
  assert.equal((await far.waitFor('setup')).calling, '2145550911');
  const notice = await first(calls);
  assert.deepEqual(await notice.ended, { by: 'far', status: undefined, cause: 16 });
  const right = await holds(OTHER, notice.media.heard.samples);
  assert.ok(right.peak >= 0.95 && right.coverage >= 0.9, JSON.stringify(right));
  await emergency.hangUp();
});

test('a phone that is there is rung, and nothing is announced', async () => {
  const phone = await branch.phone('201');
  const far = await branch.far('t1', '-B', '1', '-H', '0');
  phone.onCall = (call) => call.refuse(486);
  far.call('2145550201');
  assert.equal((await far.waitFor('disconnect')).cause, 17);
});

test('nothing that crossed the D-channel is malformed', async () => {
  assert.deepEqual(await branch.faults(), []);
});
