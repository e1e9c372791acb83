/** Every B-channel of a T1 in use at once, with libpri at the far end and phones at ours. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { CAUSE } from '../../src/call/cause.ts';
import { PriBranch } from '../support/pri-branch.ts';
import { eventually } from '../support/process.ts';
import { FreeTime } from '../support/stalled.ts';
import { taking } from '../support/taking.ts';

let branch: PriBranch;

before(async () => {
  branch = await PriBranch.start({
    base: 27_660,
    spans: [
      { id: 'carrier', side: 'user' },
      { id: 'pbx', side: 'network' },
    ],
    settings: {
      spanGroups: [
        { id: 'pstn', spans: ['carrier'], hunting: 'descending', policy: 'tandem' },
        { id: 'pbx', spans: ['pbx'], hunting: 'ascending', policy: 'tandem' },
      ],
      policies: [{ id: 'tandem', usages: [] }],
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

/** The far end has finished clearing: one that is stopped in the middle leaves its channels to T308 (Q.931 §5.3.3). */
const cleared = (span: string): Promise<void> =>
  eventually('every channel is cleared', () => branch.busy(span).length === 0);

const ALL = Array.from({ length: 23 }, (_, i) => i + 1);

for (const { span, as, number } of [
  { span: 'carrier', as: 'the carrier', number: '9725551234' },
  { span: 'pbx', as: 'a PBX', number: '4695551234' },
] as const) {
  describe(`libpri as ${as}`, () => {
    test('23 calls to it at once are answered, a 24th is refused with 34, and nothing is left of them', async () => {
      const far = await branch.far(span, '-a', 'answer', '-A', '200', '-H', '0');
      const phone = await branch.phone('201');
      const calls = await Promise.all(ALL.map(() => phone.call(`9${number}`)));
      assert.ok((await Promise.all(calls.map(({ answered }) => answered))).every((talking) => talking));
      assert.deepEqual(branch.busy(span), ALL);
      const more = await phone.call(`9${number}`);
      assert.deepEqual(await more.ended, { by: 'far', status: 503, cause: 34 });
      await Promise.all(calls.map(({ media }) => media.listen(0.2)));
      await Promise.all(calls.map((call) => call.hangUp()));
      await eventually('libpri has heard 23 endings', () => far.count('disconnect') === 23);
    });

    test('23 calls that end in one turn: it hears each DISCONNECT within two seconds, and we have sent each once', async () => {
      const far = await branch.far(span, '-a', 'answer', '-A', '20', '-H', '0');
      const phone = await branch.phone('201');
      for (let round = 0; round < 3; round++) {
        const calls = await Promise.all(ALL.map(() => phone.call(`9${number}`)));
        assert.ok((await Promise.all(calls.map(({ answered }) => answered))).every((talking) => talking));
        await Promise.all(calls.map(({ media }) => media.listen(0.2)));
        const [before, seen] = [branch.frames(span).length, far.count('disconnect')];
        const since = new FreeTime();
        const { path, reactor } = branch.box.gateway;
        reactor.run(() => {
          for (const call of [...path.live.keys()]) path.end(call, CAUSE.temporaryFailure);
        });
        const heard = (): number => far.count('disconnect') - seen;
        await eventually('libpri has heard 23 endings', () => heard() === 23).catch((error: unknown) => {
          throw new Error(`${error}: ${heard()} DISCONNECTs\n${branch.frames(span).slice(before).join('\n')}`);
        });
        const { free, passed } = since;
        const ladder = branch.frames(span).slice(before);
        assert.ok(free < 2000, `after ${passed} ms\n${ladder.join('\n')}`);
        const ours = ladder.filter((frame) => frame.startsWith('> I ') && frame.endsWith(' DISCONNECT'));
        assert.equal(ours.length, 23, ladder.join('\n'));
        await cleared(span);
      }
    });

    test('23 calls from it at once are answered, and nothing is left of them', async () => {
      const far = await branch.far(span, '-c', '2145550201', '-k', '23', '-g', '1', '-H', '5000');
      const phone = await branch.phone('201');
      const calls = taking(phone, (call) => {
        call.ring();
        call.accept();
      });
      await eventually('23 answers', () => far.count('connect') === 23);
      await eventually('every channel is in use', () => branch.busy(span).length === 23);
      assert.equal(calls.length, 23);
      for (const call of calls) assert.deepEqual(await call.ended, { by: 'far', status: undefined, cause: 16 });
      await cleared(span);
      assert.equal((await far.stop())?.ok, true);
    });
  });
}

test('23 calls from a PBX to the carrier at once all go through', async () => {
  const carrier = await branch.far('carrier', '-a', 'answer', '-A', '100');
  const pbx = await branch.far('pbx', '-c', '9725551234', '-k', '23', '-g', '1', '-H', '5000');
  await eventually('23 answers', () => pbx.count('connect') === 23);
  assert.equal(carrier.count('setup'), 23);
  await eventually('the carrier has heard 23 endings', () => carrier.count('disconnect') === 23);
  await cleared('pbx');
  assert.equal((await pbx.stop())?.ok, true);
});

test('nothing that crossed the D-channels is malformed', async () => {
  assert.deepEqual(await branch.faults(), []);
});
