/** The sound of calls between SIP phones and libpri's B-channels, and how calls end when the gateway is stopped. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import { type Correlation, correlate, kit } from '../support/bchan.ts';
import { inTime } from '../support/in-time.ts';
import { PriBranch } from '../support/pri-branch.ts';
import { eventually } from '../support/process.ts';
import type { BChannel, DeskSound } from '../support/sound-desk.ts';
import { first, taking } from '../support/taking.ts';
import { readWav, writeWav } from '../support/wav.ts';

let branch: PriBranch;

before(async () => {
  branch = await PriBranch.start({
    base: 27_480,
    spans: [{ id: 't1', side: 'user' }],
    settings: {
      spanGroups: [{ id: 'pstn', spans: ['t1'], hunting: 'descending' }],
      routes: [{ id: 'out', prefixes: ['+1972'], gateways: ['pstn'] }],
    },
  });
});
afterEach(() => branch.tidy());
after(() => branch.stop());

interface Finding {
  readonly right: Correlation;
  readonly wrong: Correlation;
}

/** How well both recordings of one pass over the markers hold what was said at the other end, and what at their own. */
async function exchange(call: PhoneCall<DeskSound>, channel: BChannel): Promise<readonly Finding[]> {
  const [a, b] = [kit('audio/markerA.wav'), kit('audio/markerB.wav')];
  const [phoneFrom, farFrom] = [call.media.heard.samples.length, channel.heard.length];
  call.media.play({ type: 'samples', samples: readWav(a) });
  channel.play({ type: 'samples', samples: readWav(b) });
  await Promise.all([call.media.listen(9), channel.listen(9)]);
  const [atPhone, atFar] = [join(branch.folder, 'phone.wav'), join(branch.folder, 'far.wav')];
  writeWav(atPhone, call.media.heard.samples.slice(phoneFrom));
  writeWav(atFar, channel.heard.slice(farFrom));
  return [
    { right: await correlate(b, atPhone), wrong: await correlate(a, atPhone) },
    { right: await correlate(a, atFar), wrong: await correlate(b, atFar) },
  ];
}

test('each side hears what the other says, whole, and nothing of itself', async (t) => {
  const far = await branch.far('t1', '-a', 'answer', '-A', '20', '-H', '0');
  const channel = await branch.bChannel('t1', 23);
  const phone = await branch.phone('201');
  const call = await phone.call('99725551234');
  assert.equal(await call.answered, true);
  await Promise.all([call.media.listen(1), channel.listen(1)]);
  await inTime(
    t,
    () => branch.losses(),
    async () => {
      const findings = await exchange(call, channel);
      for (const { wrong } of findings) assert.ok(wrong.peak < 0.2, JSON.stringify(findings));
      return { good: findings.every(({ right }) => right.peak >= 0.95 && right.coverage >= 0.98), found: findings };
    },
  );
  await call.hangUp();
  assert.equal((await far.waitFor('disconnect')).cause, 16);
});

test('what is said comes back from a looped B-channel within 200 ms', async () => {
  const far = await branch.far('t1', '-B', '4', '-H', '0');
  const channel = await branch.bChannel('t1', 4);
  channel.play({ type: 'loop' });
  const phone = await branch.phone('201');
  const calls = taking(phone);
  far.call('2145550201');
  const call = await first(calls);
  await far.waitFor('connect');
  await call.media.listen(1);
  const since = await call.media.answerTo({ type: 'tone', frequency: 1004, level: -6 }, 1);
  const begins = since.findIndex((sample) => Math.abs(sample) > 2000);
  assert.ok(begins >= 0, 'nothing came back');
  const milliseconds = begins / 8;
  assert.ok(milliseconds < 200, `${milliseconds} ms`);
  await call.hangUp();
});

test('a clean stop ends every call at both sides, those that ring too', async () => {
  const far = await branch.far('t1', '-a', 'answer', '-A', '20', '-H', '0');
  const phone = await branch.phone('201');
  const talking = await phone.call('99725551234');
  assert.equal(await talking.answered, true);
  const calls = taking(phone, (call) => call.ring());
  far.call('2145550201');
  const ringing = await first(calls);
  await far.waitFor('alerting');
  await branch.stopBox();
  const byGateway = await talking.ended;
  assert.deepEqual(byGateway, { by: 'far', status: undefined, cause: 31 });
  assert.deepEqual(await ringing.ended, { by: 'far', status: 487, cause: 31 });
  await eventually('libpri is told of both', () => far.count('disconnect') === 2);
  assert.deepEqual(
    far.events.filter(({ ev }) => ev === 'disconnect').map(({ cause }) => cause),
    [31, 31],
  );
  await eventually('both are released', () => far.count('release_complete') === 2);
});

test('nothing that crossed the D-channel is malformed', async () => {
  assert.deepEqual(await branch.faults(), []);
});
