/** Calls between SIP phones and libpri through the whole gateway: libpri is the carrier on one span and a PBX on the other. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { MEASURED, measureTones } from '../../src/rtp/measure.ts';
import type { SipRequest } from '../../src/sip/message/message.ts';
import { printMessage } from '../../src/sip/message/parse.ts';
import type { LibpriEvent } from '../support/libpri.ts';
import { PriBranch, TRUNK } from '../support/pri-branch.ts';
import { eventually } from '../support/process.ts';
import { first, taking } from '../support/taking.ts';

let branch: PriBranch;

before(async () => {
  branch = await PriBranch.start({
    base: 27_000,
    spans: [
      { id: 'carrier', side: 'user' },
      { id: 'pbx', side: 'network' },
    ],
    settings: {
      spanGroups: [
        { id: 'pstn', spans: ['carrier'], hunting: 'descending', policy: 'tandem' },
        { id: 'pbx', spans: ['pbx'], hunting: 'descending', policy: 'tandem' },
      ],
      sipTrunks: [{ id: 'peer', address: TRUNK, port: 5060, policy: 'tandem' }],
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

/** Our side of the span, and a number that leads to it. */
const FARS = [
  { span: 'carrier', as: 'the carrier', number: '9725551234' },
  { span: 'pbx', as: 'a PBX', number: '4695551234' },
] as const;

const NATIONAL = 0x21;

/** The headers that say who calls, without tags. */
function whoCalls(invite: SipRequest | undefined): Record<string, string> {
  const names = ['From', 'P-Asserted-Identity', 'Privacy', 'Diversion'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = invite?.headers.get(name);
      return value === undefined ? [] : [[name, value.replace(/;tag=[^;]*/, '')]];
    }),
  );
}

const words = ({ called, calledplan, calling, callingplan, pres, name, rdnis }: LibpriEvent): unknown => ({
  called,
  calledplan,
  calling,
  callingplan,
  pres,
  name,
  rdnis,
});

for (const { span, as, number } of FARS) {
  describe(`libpri as ${as}`, () => {
    test('who calls is the same at both ends of a call to a phone', async () => {
      const far = await branch.far(span, '-N', 'Judge One', '-p', '1', '-R', '2145559999', '-H', '0');
      const phone = await branch.phone('201');
      const calls = taking(phone);
      far.call('2145550201', '9725550123');
      const call = await first(calls);
      assert.deepEqual(whoCalls(call.invite), {
        From: '"Judge One" <sip:+19725550123@branch.example;user=phone>',
        Diversion: '<sip:+12145559999@branch.example;user=phone>;reason=unconditional;privacy=off;screen=no',
      });
      const { cref } = await far.waitFor('connect');
      assert.equal(await call.answered, true);
      far.hangup(Number(cref), 16);
      assert.deepEqual(await call.ended, { by: 'far', status: undefined, cause: 16 });
    });

    test('a number that may not be shown reaches no phone, and a trusted peer only as withheld', async () => {
      const far = await branch.far(span, '-N', 'Judge One', '-p', '33', '-H', '0');
      const phone = await branch.phone('201');
      const calls = taking(phone);
      far.call('2145550201', '9725550123');
      const call = await first(calls);
      assert.deepEqual(whoCalls(call.invite), { From: '"Anonymous" <sip:anonymous@anonymous.invalid>', Privacy: 'id' });
      assert.ok(call.invite !== undefined);
      assert.doesNotMatch(Buffer.from(printMessage(call.invite)).toString(), /9725550123|Judge/);
      await far.waitFor('connect');
      await call.hangUp();
      assert.equal((await far.waitFor('disconnect')).cause, 16);
    });

    test('who calls is the same at both ends of a call from a phone', async () => {
      const far = await branch.far(span, '-a', 'answer', '-A', '20');
      const phone = await branch.phone('201');
      const call = await phone.call(`9${number}`, { display: 'Somebody Else' });
      assert.equal(await call.answered, true);
      assert.deepEqual(words(await far.waitFor('setup')), {
        called: number,
        calledplan: NATIONAL,
        calling: '2145550201',
        callingplan: NATIONAL,
        pres: 0x01,
        name: 'User 201',
        rdnis: '',
      });
      assert.deepEqual(call.statuses, [100, 180, 200]);
      await call.hangUp();
      assert.equal((await far.waitFor('disconnect')).cause, 16);
    });

    test('a phone that wants privacy is told to the network as restricted', async () => {
      const far = await branch.far(span, '-a', 'answer', '-A', '20');
      const phone = await branch.phone('201');
      const call = await phone.call(`9${number}`, { headers: [['Privacy', 'id']] });
      assert.equal(await call.answered, true);
      const { calling, pres } = await far.waitFor('setup');
      assert.deepEqual({ calling, pres }, { calling: '2145550201', pres: 0x21 });
      await call.hangUp();
    });

    test('a diversion on a SIP trunk is the redirecting number, and an asserted identity the caller', async () => {
      const far = await branch.far(span, '-a', 'answer', '-A', '20');
      const peer = await branch.trunkPeer();
      const headers = [
        ['P-Asserted-Identity', '"Grace" <sip:+18175550177@127.0.0.2>'],
        ['Diversion', '<sip:+12145559999@127.0.0.2>;reason=user-busy;privacy=off'],
      ] as const;
      const call = await peer.call(`sip:+1${number}@127.0.0.1`, { headers });
      assert.equal(await call.answered, true, `${call.statuses}`);
      assert.deepEqual(words(await far.waitFor('setup')), {
        called: number,
        calledplan: NATIONAL,
        calling: '8175550177',
        callingplan: NATIONAL,
        pres: 0x03,
        name: 'Grace',
        rdnis: '2145559999',
      });
      await call.hangUp();
    });

    for (const { cause, status } of [
      { cause: 1, status: 404 },
      { cause: 17, status: 486 },
      { cause: 21, status: 403 },
      { cause: 34, status: 503 },
      { cause: 41, status: 503 },
    ]) {
      test(`cause ${cause} is ${status} with its reason`, async () => {
        await branch.far(span, '-a', `reject:${cause}`);
        const phone = await branch.phone('201');
        const call = await phone.call(`9${number}`);
        assert.deepEqual(await call.ended, { by: 'far', status, cause });
      });
    }

    test('what a phone refuses with is told as a cause', async () => {
      const far = await branch.far(span);
      const phone = await branch.phone('201');
      for (const [status, cause] of [
        [404, 1],
        [486, 17],
        [603, 21],
        [403, 21],
        [480, 18],
        [484, 28],
        [500, 41],
        [503, 41],
      ] as const) {
        taking(phone, (call) => {
          call.ring();
          call.refuse(status);
        });
        const heard = far.events.length;
        far.call('2145550201');
        assert.equal((await far.waitFor('disconnect', { after: heard })).cause, cause, `${status}`);
        await branch.idle();
      }
    });

    test('a number that leads nowhere is refused with cause 3, and a user without a phone with 20', async () => {
      const far = await branch.far(span);
      for (const [number, cause] of [
        ['2145559876', 3],
        ['2145550202', 20],
      ] as const) {
        const heard = far.events.length;
        far.call(number);
        // RELEASE COMPLETE where it is the first answer, libpri calls that a release.
        const clearing = (): LibpriEvent | undefined =>
          far.events.slice(heard).find(({ ev }) => ev === 'disconnect' || ev === 'release');
        await eventually('the call is cleared', () => clearing() !== undefined);
        assert.equal(clearing()?.cause, cause);
      }
    });

    test('a caller hears our ring-back while the phone rings', async () => {
      const far = await branch.far(span, '-B', '5', '-H', '0');
      const channel = await branch.bChannel(span, 5);
      const phone = await branch.phone('201');
      const calls = taking(phone, (call) => call.ring());
      far.call('2145550201');
      const alerting = await far.waitFor('alerting');
      assert.deepEqual({ ch: alerting.ch, pi: alerting.pi }, { ch: 5, pi: 8 });
      // Two seconds of it, then four of silence.
      await eventually('440 and 480 Hz at -19 dBm0', () => {
        const tones = measureTones(channel.heard, channel.heard.length - MEASURED, 'ulaw', 2);
        return (
          tones.map(({ frequency, level }) => `${Math.round(frequency)} ${Math.round(level)}`).join() ===
          '440 -19,480 -19'
        );
      });
      const call = await first(calls);
      call.media.play({ type: 'tone', frequency: 700, level: -15 });
      call.accept();
      await far.waitFor('connect');
      // The ring-back ends with the answer.
      await eventually('the phone alone is heard', () => {
        const [talk, more] = measureTones(channel.heard, channel.heard.length - MEASURED, 'ulaw', 2);
        return talk !== undefined && Math.abs(talk.frequency - 700) < 1 && more === undefined;
      });
      await call.hangUp();
    });

    test('what a phone plays before it answers is heard by the caller', async () => {
      const far = await branch.far(span, '-B', '6', '-H', '0');
      const channel = await branch.bChannel(span, 6);
      const phone = await branch.phone('201');
      const calls = taking(phone, (call) => {
        call.media.play({ type: 'tone', frequency: 700, level: -15 });
        call.ring(true);
      });
      far.call('2145550201');
      assert.equal((await far.waitFor('progress')).pi, 8);
      await eventually('the phone is heard', () => {
        const [tone] = measureTones(channel.heard, channel.heard.length - MEASURED, 'ulaw', 1);
        return tone !== undefined && Math.abs(tone.frequency - 700) < 1 && Math.abs(tone.level + 15) < 0.3;
      });
      (await first(calls)).refuse(486);
      assert.equal((await far.waitFor('disconnect')).cause, 17);
    });
  });
}

describe('PBX behind the branch', () => {
  for (const [from, to] of [FARS, [...FARS].reverse() as unknown as typeof FARS] as const) {
    test(`a call from ${from.as} goes through to ${to.as} with all that was said`, async () => {
      const caller = await branch.far(from.span, '-N', 'Judge One', '-p', '1', '-R', '2145559999', '-H', '0');
      const called = await branch.far(to.span, '-a', 'answer', '-A', '20');
      caller.call(to.number, '8175550123');
      const { cref } = await caller.waitFor('connect');
      assert.deepEqual(words(await called.waitFor('setup')), {
        called: to.number,
        calledplan: NATIONAL,
        calling: '8175550123',
        callingplan: NATIONAL,
        pres: 0x01,
        name: 'Judge One',
        rdnis: '2145559999',
      });
      caller.hangup(Number(cref), 31);
      assert.equal((await called.waitFor('disconnect')).cause, 31);
    });
  }

  test('a refusal of one carrier is the same for the other, and data calls go through', async () => {
    const caller = await branch.far('pbx', '-b', 'dig', '-p', '33');
    const called = await branch.far('carrier', '-a', 'reject:88');
    caller.call('9725551234', '4695550123');
    assert.equal((await caller.waitFor('disconnect')).cause, 88);
    const { bearer, pres, calling } = await called.waitFor('setup');
    assert.deepEqual({ bearer, pres, calling }, { bearer: 8, pres: 33, calling: '4695550123' });
  });
});

test('nothing that crossed the D-channels is malformed', async () => {
  assert.deepEqual(await branch.faults(), []);
});
