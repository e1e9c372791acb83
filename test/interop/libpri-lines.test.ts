/** What happens on a span with libpri at its far end while calls go through the whole gateway: losses, silence, glare, overlap. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { CallRecord } from '../../src/isdn/q931/primitives.ts';
import { MEASURED, measureTones } from '../../src/rtp/measure.ts';
import { inTime } from '../support/in-time.ts';
import type { Libpri } from '../support/libpri.ts';
import { PriBranch } from '../support/pri-branch.ts';
import { eventually } from '../support/process.ts';
import { first, taking } from '../support/taking.ts';

let branch: PriBranch;

before(async () => {
  branch = await PriBranch.start({
    base: 27_240,
    spans: [
      // By the standard's own T203 the loss is known after up to 18 s, as long as the silence of one of these tests.
      { id: 'ni2', side: 'user', timers: { T203: 4 } },
      // Digits one by one are the habit of EuroISDN; the delay lets SETUPs cross.
      { id: 'euro', side: 'network', variant: 'euroisdn', switch: 'eurot1', knobs: { delay: 100 } },
    ],
    settings: {
      spanGroups: [
        { id: 'pstn', spans: ['ni2'], hunting: 'descending' },
        { id: 'pbx', spans: ['euro'], hunting: 'ascending', profile: 'pbx', policy: 'tandem' },
      ],
      policies: [{ id: 'tandem', usages: [] }],
      profiles: [
        {
          id: 'branch',
          rules: [{ pattern: '^9(\\d{10})$', translation: '+1$1' }],
        },
        {
          id: 'pbx',
          rules: [
            { pattern: '^(\\d{7})$', translation: '+1214$1' },
            { pattern: '^00(\\d{4,15})$', translation: '+$1' },
          ],
        },
      ],
      routes: [
        { id: 'to-pbx', prefixes: ['+1469'], gateways: ['pbx'] },
        { id: 'to-pstn', prefixes: ['+1972'], gateways: ['pstn'] },
      ],
    },
  });
});
afterEach(async () => {
  await branch.tidy();
  await branch.idle();
});
after(() => branch.stop());

describe('digits one by one', () => {
  test('a PBX dials a phone digit by digit, and the phone rings with the last one', async () => {
    const far = await branch.far('euro', '-o', '-P', 'unknown', '-H', '0');
    const phone = await branch.phone('201');
    const calls = taking(phone);
    far.call('5550201', '4695550123');
    await far.waitFor('setup_ack');
    const call = await first(calls);
    await far.waitFor('connect');
    await call.hangUp();
    assert.equal((await far.waitFor('disconnect')).cause, 16);
  });

  test('digits that lead nowhere are refused when the pause is over, with an incomplete number', async () => {
    const far = await branch.far('euro', '-o', '-P', 'unknown', '-H', '0');
    far.call('555');
    assert.equal((await far.waitFor('disconnect', { seconds: 40 })).cause, 28);
  });

  test('a carrier that wants digits one by one gets those that come after the route is clear', async () => {
    const carrier = await branch.far('ni2', '-a', 'overlap', '-A', '20');
    const far = await branch.far('euro', '-o', '-P', 'unknown', '-H', '0');
    far.call('0019725551234');
    const { cref } = await far.waitFor('connect', { seconds: 40 });
    assert.equal((await carrier.waitFor('overlap_done')).called, '9725551234');
    // Six digits are enough for a route; the last of the number follow alone.
    assert.equal((await carrier.waitFor('setup')).called, '972');
    far.hangup(Number(cref), 16);
    assert.equal((await carrier.waitFor('disconnect')).cause, 16);
  });

  test('a carrier that asks for digits of a whole number is told that there are no more', async () => {
    const far = await branch.far('ni2', '-a', 'overlap', '-A', '20');
    const phone = await branch.phone('201');
    const call = await phone.call('99725551234');
    assert.equal(await call.answered, true);
    assert.equal((await far.waitFor('overlap_done')).called, '9725551234');
    await call.hangUp();
  });
});

test('what the far end plays before it answers is heard by the phone', async () => {
  const far = await branch.far('euro', '-a', 'early');
  const channel = await branch.bChannel('euro', 1);
  channel.play({ type: 'tone', frequency: 850, level: -12 });
  const phone = await branch.phone('201');
  const call = await phone.call('94695551234');
  await eventually('183', () => call.statuses.includes(183));
  await eventually('850 Hz at -12 dBm0', () => {
    const { samples, law } = call.media.heard;
    const [tone] = measureTones(samples, samples.length - MEASURED, law, 1);
    return tone !== undefined && Math.abs(tone.frequency - 850) < 1 && Math.abs(tone.level + 12) < 0.3;
  });
  assert.equal(call.talking, false);
  await call.hangUp();
  assert.equal((await call.ended).by, 'phone');
  assert.equal((await far.waitFor('disconnect')).cause, 16);
});

test('both sides take one channel at once: both calls are told clearly, and the channel comes back', async () => {
  const far = await branch.far('euro', '-a', 'answer', '-A', '20', '-B', '1', '-X', '1', '-H', '0');
  const phone = await branch.phone('201');
  const calls = taking(phone);
  const ours = phone.call('94695551234');
  far.call('2145550201');
  const call = await ours;
  // We are the network: our call has the channel, the PBX's gets 44 (Q.931 §5.7).
  assert.equal(await call.answered, true);
  assert.equal((await far.waitFor('release')).cause, 44);
  assert.deepEqual(calls, []);
  assert.deepEqual(branch.busy('euro'), [1]);
  await call.hangUp();
});

test('RESTART clears the call on that channel, and no other', async () => {
  const far = await branch.far('ni2', '-a', 'answer', '-A', '20');
  const phone = await branch.phone('201');
  const [one, other] = [await phone.call('99725551234'), await phone.call('99725551235')];
  assert.deepEqual(await Promise.all([one.answered, other.answered]), [true, true]);
  assert.deepEqual(branch.busy('ni2'), [22, 23]);
  far.restart(23);
  assert.equal((await far.waitFor('restart_ack')).ch, 23);
  const ended = await Promise.race([one.ended, other.ended]);
  assert.equal(ended.by, 'far');
  assert.deepEqual(branch.busy('ni2'), [22]);
  const left = [one, other].filter(({ talking }) => talking);
  assert.equal(left.length, 1);
  await left[0]?.hangUp();
});

test('a tenth of all frames lost both ways costs no call', async () => {
  const far = await branch.far('ni2', '-a', 'answer', '-A', '20', '-x', '100', '-S', '7', '-H', '0');
  const phone = await branch.phone('201');
  const incoming = taking(phone);
  const outgoing = await Promise.all(Array.from({ length: 5 }, () => phone.call('99725551234')));
  assert.deepEqual(await Promise.all(outgoing.map(({ answered }) => answered)), [true, true, true, true, true]);
  for (let i = 0; i < 5; i++) far.call('2145550201');
  await eventually('5 calls come', () => incoming.length === 5, 40);
  await eventually('libpri hears 5 answers', () => far.count('connect') === 5, 40);
  await Promise.all([...outgoing, ...incoming].map((call) => call.hangUp()));
  const summary = await far.stop();
  assert.ok(Number(summary?.dropped) > 5);
});

test('a call outlives a D-channel that is silent for 18 s: same call reference, and no sound is lost', async (t) => {
  const far = await branch.far('ni2', '-a', 'answer', '-A', '20');
  const channel = await branch.bChannel('ni2', 23);
  channel.play({ type: 'tone', frequency: 700, level: -12 });
  const phone = await branch.phone('201');
  const call = await phone.call('99725551234');
  call.media.play({ type: 'tone', frequency: 1200, level: -15 });
  assert.equal(await call.answered, true);
  await Promise.all([call.media.listen(1), channel.listen(1)]);
  const records = (): readonly CallRecord[] => branch.spans[0]?.group.records() ?? [];
  const before = records();
  assert.deepEqual(
    before.map(({ state }) => state),
    [10],
  );
  await inTime(
    t,
    () => branch.losses(),
    async () => {
      const heard = { phone: call.media.heard.samples.length, far: channel.heard.length };
      await silence(far);
      assert.equal(call.talking, true);
      // STATUS ENQUIRY and its answer.
      await call.media.listen(2);
      assert.deepEqual(records(), before);
      const found = [
        ...breaks(call.media.heard.samples.subarray(heard.phone), 700),
        ...breaks(channel.heard.subarray(heard.far), 1200),
      ];
      return { good: found.length === 0, found };
    },
  );
  assert.equal(call.media.heard.lost, 0);
  await call.hangUp();
  assert.equal((await far.waitFor('disconnect')).cause, 16);
});

/** The D-channel is silent for 18 s at least; the loss is seen meanwhile, and the link comes back. */
async function silence(far: Libpri): Promise<void> {
  const since = performance.now();
  // It counts in whole seconds, and may leave off up to one.
  far.down(19);
  await eventually('the loss is seen', () => !branch.up('ni2'), 18);
  const view = await spansView();
  assert.equal(
    (view as { id: string; dChannel: { up: boolean } }[]).find(({ id }) => id === 'ni2')?.dChannel.up,
    false,
  );
  await eventually('the link is back', () => branch.up('ni2'), 60);
  assert.ok(performance.now() - since > 18_000);
}

const spansView = async (): Promise<unknown> => (await fetch('http://127.0.0.1:27241/api/v1/spans')).json();

/** Where in the sound a tenth of a second does not hold the tone. */
function breaks(samples: Int16Array, frequency: number): readonly string[] {
  assert.ok(samples.length > 18 * 8000, `${samples.length / 8000} s`);
  const found: string[] = [];
  for (let at = 0; at + MEASURED <= samples.length; at += 800) {
    const [tone] = measureTones(samples, at, 'ulaw', 1);
    if (tone === undefined || Math.abs(tone.frequency - frequency) >= 10)
      found.push(`${at / 8000} s of ${frequency} Hz: ${JSON.stringify(tone)}`);
  }
  return found;
}

test('nothing that crossed the D-channels is malformed', async () => {
  assert.deepEqual(await branch.faults(), []);
});
