/** Our Q.931 over our Q.921 against libpri, each side being user and network in turn. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupConfig } from '../../src/isdn/q931/group-config.ts';
import type { Side } from '../../src/isdn/q931/primitives.ts';
import { seconds } from '../../src/kernel/time.ts';
import { eventually } from '../support/process.ts';
import { answering, clearing, collecting, Line, type LineOptions, rejecting, stopLines } from '../support/q931-line.ts';

const national = { type: 'national', plan: 'isdn' } as const;

after(stopLines);

let port = 22000;
function open(
  side: Side,
  args: readonly string[],
  react: NonNullable<LineOptions['react']> = clearing,
  group: Partial<GroupConfig> = {},
): Promise<Line> {
  port += 2;
  return Line.open({ side, port, args, react, group });
}

for (const side of ['user', 'network'] as const) {
  describe(`as ${side} against libpri`, { concurrency: 4 }, () => {
    test('who calls is the same at both ends of a call from libpri', async () => {
      const words = [
        '-c',
        '9725551234',
        '-C',
        '2145550123',
        '-N',
        'Judge One',
        '-p',
        '1',
        '-R',
        '2145559999',
        '-H',
        '300',
      ];
      const line = await open(side, words, answering);
      await line.heard('release');
      const setup = line.end.last('setup');
      assert.deepEqual(setup?.called, { digits: '9725551234', ...national });
      assert.deepEqual(setup.caller, {
        digits: '2145550123',
        ...national,
        presentation: 'allowed',
        screening: 'passed',
      });
      const name = setup.callerName ?? line.end.last('identity')?.name;
      assert.deepEqual(name, { text: 'Judge One', presentation: 'allowed' });
      assert.deepEqual(setup.redirecting, [
        {
          number: { digits: '2145559999', ...national, presentation: 'allowed', screening: 'not-screened' },
          reason: 'unconditional',
        },
      ]);
      assert.deepEqual(line.end.last('release')?.cause.cause, 16);
      await line.event('connect');
      await line.close();
    });

    test('who calls is the same at both ends of a call to libpri', async () => {
      const line = await open(side, ['-a', 'answer', '-A', '20', '-H', '0']);
      const handle = line.end.call({
        called: { digits: '9725551234', ...national },
        caller: { digits: '2145550123', ...national, presentation: 'restricted', screening: 'passed' },
        callerName: { text: 'Ann Other', presentation: 'allowed' },
        redirecting: [
          {
            number: { digits: '2145559999', ...national, presentation: 'allowed', screening: 'passed' },
            reason: 'busy',
          },
        ],
      });
      await line.heard('connect');
      const setup = await line.event('setup');
      const { called, calling, calledplan, callingplan, pres, name, rdnis, bearer, l1 } = setup;
      // Plans are octet 3 of the number, presentation is octet 3a; layer 1 is µ-law.
      assert.deepEqual(
        { called, calling, calledplan, callingplan, pres, name, rdnis, bearer, l1 },
        {
          called: '9725551234',
          calling: '2145550123',
          calledplan: 0x21,
          callingplan: 0x21,
          pres: 0x21,
          name: 'Ann Other',
          rdnis: '2145559999',
          bearer: 0,
          l1: 34,
        },
      );
      line.end.request(handle, { type: 'release', cause: 16 });
      await line.heard('release');
      assert.equal((await line.event('disconnect')).cause, 16);
      await line.close();
    });

    for (const cause of [1, 17, 21, 34, 41]) {
      test(`cause ${cause} arrives both ways`, async () => {
        const line = await open(side, ['-a', `reject:${cause}`, '-c', '201', '-W', '1800'], rejecting(cause));
        const ours = line.end.call();
        await line.heard('release', 2);
        const release = line.end.of(ours).at(-1);
        assert.ok(release?.type === 'release');
        assert.equal(release.cause.cause, cause);
        assert.equal((await line.event('disconnect')).cause, cause);
        await line.close();
      });
    }

    test('23 calls from libpri at once are all answered, and all channels come back', async () => {
      const line = await open(side, ['-c', '201', '-k', '23', '-g', '1', '-H', '5000'], answering);
      await line.heard('connected', 23);
      assert.ok(line.end.group.channelStates().every((c) => c.state === 'busy'));
      await line.heard('release', 23);
      assert.equal(line.peer.count('connect'), 23);
      await line.close();
    });

    test('23 calls to libpri at once are all answered, a 24th is refused with 34, and all channels come back', async () => {
      const line = await open(side, ['-a', 'answer', '-A', '200', '-H', '0']);
      const handles = Array.from({ length: 23 }, () => line.end.call());
      const refused = line.end.of(line.end.call())[0];
      assert.ok(refused?.type === 'release' && refused.cause.cause === 34);
      await line.heard('connect', 23);
      for (const handle of handles) line.end.request(handle, { type: 'release', cause: 16 });
      await line.heard('release', 24);
      await line.close();
    });

    test('digits come one by one, both ways', async () => {
      const words = ['-a', 'overlap', '-A', '20', '-o', '-c', '5551234', '-H', '0'];
      const line = await open(side, words, collecting('5551234'), { overlap: true });
      await line.event('connect');
      const ours = line.end.call({ complete: false, called: { digits: '9', ...national } });
      for (const digit of '7255') line.end.request(ours, { type: 'information', digits: digit, complete: false });
      line.end.request(ours, { type: 'information', digits: '', complete: true });
      await line.heard('connect', 1);
      assert.equal((await line.event('overlap_done')).called, '97255');
      for (const { handle } of line.end.group.records()) line.end.request(handle, { type: 'release', cause: 16 });
      await line.heard('release', 2);
      await line.close();
    });

    test('RESTART clears the channel and is acknowledged, both ways', async () => {
      const line = await open(side, ['-a', 'answer', '-A', '20', '-H', '0']);
      const one = line.end.call({ channel: { type: 'one', channel: { span: 't1', slot: 5 }, exclusive: true } });
      await line.heard('connect');
      line.end.feed({ type: 'restart', channels: [{ span: 't1', slot: 5 }] });
      await eventually('RESTART ACKNOWLEDGE', () => line.end.restarted.length === 1);
      assert.equal(line.end.restarted[0]?.acknowledged, true);
      assert.equal(line.end.of(one).at(-1)?.type, 'release');
      assert.equal((await line.event('restart')).ch, 5);
      line.end.feed({ type: 'restart', channels: 'all' });
      await eventually('RESTART ACKNOWLEDGE', () => line.end.restarted.length === 2);
      line.peer.restart(7);
      assert.equal((await line.event('restart_ack')).ch, 7);
      await line.close();
    });

    test('SERVICE is understood: a channel goes out of service and comes back', async () => {
      const line = await open(side, ['-m']);
      const channel = { span: 't1', slot: 9 };
      line.end.feed({ type: 'service', channel, inService: false });
      assert.deepEqual((await line.peer.waitFor('service', { fields: { status: 2 } })).ch, 9);
      line.end.feed({ type: 'service', channel, inService: true });
      assert.deepEqual((await line.peer.waitFor('service', { fields: { status: 0 } })).ch, 9);
      await line.close();
    });

    test("both take one channel at once: the network's call has it, the user's is cleared with 44", async () => {
      const line = await open(side, ['-a', 'answer', '-A', '20', '-H', '0', '-B', '1', '-X', '1'], answering);
      line.end.holdEars();
      line.peer.call('201');
      await line.event('setup_sent');
      await eventually("libpri's SETUP is here", () => line.end.waiting > 0);
      const channel = { type: 'one', channel: { span: 't1', slot: 1 }, exclusive: true } as const;
      const ours = line.end.call({ channel });
      line.end.listen();
      if (side === 'network') {
        await line.heard('connect');
        assert.equal((await line.event('release')).cause, 44);
      } else {
        await line.heard('connected');
        await line.heard('release');
        const release = line.end.of(ours).at(-1);
        assert.ok(release?.type === 'release');
        assert.equal(release.cause.cause, 44);
      }
      const [left, ...more] = line.end.group.records();
      assert.ok(left !== undefined && more.length === 0);
      assert.equal(left.outgoing, side === 'network');
      line.end.request(left.handle, { type: 'release', cause: 16 });
      await line.close();
    });

    test('a tenth of all frames lost costs no call', async () => {
      const words = ['-c', '201', '-k', '8', '-g', '100', '-H', '2000', '-x', '100', '-S', '7'];
      const line = await open(side, words, answering);
      await line.heard('release', 8, 40);
      assert.equal(line.peer.count('connect'), 8);
      await line.close(30);
    });

    test('a call outlives a D-channel that is silent for 22 s, under its own call reference', async () => {
      const words = ['-a', 'answer', '-A', '20', '-H', '0'];
      const line = await open(side, words, clearing, { timers: { T322: seconds(1) } });
      const call = line.end.call();
      await line.heard('connect');
      const before = line.end.group.records();
      const establishments = line.end.establishments;
      // Layer 2 notices by T203 and N200 × T200, and gives up after as many SABMEs: 18 s. Where the peer answers the last of them in
      // time the link was only reset, and layer 3 hears of nothing.
      line.peer.down(22);
      await eventually('the link is lost and back', () => line.end.establishments > establishments && line.end.up, 60);
      // T322 would have run out thrice by now, had libpri not confirmed the state.
      await sleep(3500);
      assert.deepEqual(line.end.group.records(), before);
      assert.deepEqual(line.end.of(call).at(-1)?.type, 'connect');
      line.end.request(call, { type: 'release', cause: 16 });
      await line.heard('release');
      assert.equal((await line.event('disconnect')).cause, 16);
      await line.close();
    });
  });
}
