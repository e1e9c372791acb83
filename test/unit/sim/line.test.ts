/** The line of a whole simulated branch: what is counted, raised and busied out when the carrier's end goes wrong. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { spanDesk } from '../../../src/gateway/span-desk.ts';
import { CALM, lineBranch } from '../../support/line-branch.ts';

const SECOND = 1000;

describe('the line of a branch', () => {
  test('a lost signal is one alarm, cleared ten seconds after it came back, with its seconds unavailable', async () => {
    const one = await lineBranch();
    await one.pass(60);
    one.span.alarm('LOS', true);
    await one.pass(20);
    assert.deepEqual(
      one.state().alarms.map(({ id }) => id),
      ['line-los'],
    );
    one.span.alarm('LOS', false);
    await one.pass(9);
    assert.equal(one.state().alarms.length, 1);
    await one.pass(3);
    const { alarms, performance } = one.state();
    assert.deepEqual(alarms, []);
    const { uas, es } = performance.near.current.counts;
    // A reading is taken once a second, so an alarm covers up to one more than it lasted.
    assert.ok(uas >= 20 && uas <= 21, String(uas));
    assert.deepEqual([es, performance.near.available], [0, true]);
  });

  test('red that turns to yellow without an event is seen within a second', async () => {
    const one = await lineBranch();
    await one.pass(30);
    one.span.alarm('LOS', true);
    await one.pass(30);
    one.span.alarm('LOS', false, false);
    one.span.alarm('RAI', true, false);
    await one.pass(15);
    assert.deepEqual(
      one.state().alarms.map(({ id }) => id),
      ['line-rai'],
    );
    assert.equal(one.sim.gateway.spans.all[0]?.dChannel.up, true);
  });

  for (const gone of [0.5, 0]) {
    test(`a signal that was gone for ${gone} s between two looks has spoilt its second`, async () => {
      const one = await lineBranch();
      const { reactor } = one.sim.gateway;
      await one.pass(30.2);
      const turn = (raised: boolean) => one.span.alarm('LOS', raised);
      if (gone > 0) {
        turn(true);
        await one.pass(gone);
        turn(false);
      } else {
        // Both events wait when the first is heard.
        reactor.run(() => {
          turn(true);
          turn(false);
        });
      }
      await one.pass(30);
      const { es, ses, sefs, les } = one.state().performance.near.current.counts;
      assert.deepEqual([es, ses, sefs, les], [1, 1, 1, 1]);
    });
  }

  test('a whole quarter hour is counted to the second', async () => {
    const one = await lineBranch();
    one.span.suffer({ near: { ...CALM, lineCode: 0, pathCode: 2 } });
    await one.pass(40 * 60);
    const [last, before] = one.state().performance.near.past;
    assert.deepEqual([last?.seconds, last?.valid, last?.counts.es], [900, true, 900]);
    assert.deepEqual([before?.valid, before?.start], [false, Math.floor(1e12 / 900_000) * 900_000]);
    assert.deepEqual(last?.crossed, ['es']);
  });

  test('busied out: the call in progress goes on to its end, no other begins, and then nothing is left', async () => {
    const one = await lineBranch();
    const { gateway } = one.sim;
    const desk = spanDesk(gateway, one.sim.clock);
    const [phone] = one.sim.phones.values();
    await one.pass(20);
    phone?.call('5551004', 60 * SECOND, 20 * SECOND);
    await one.pass(5);
    assert.equal(gateway.path.live.size, 1);
    assert.equal(desk.serve(one.id, undefined, false).type, 'done');
    assert.equal(one.state().service, 'draining');
    phone?.call('5551005', 5 * SECOND, SECOND);
    await one.pass(5);
    assert.equal(gateway.path.live.size, 1, 'the first call is still there, and no other');
    assert.deepEqual([...gateway.spans.unavailable.values()], ['it is taken out of service']);
    assert.equal(
      gateway.health().problems.some(({ what }) => what.includes('it is taken out of service')),
      true,
    );
    await one.pass(40);
    const states = () => new Set(gateway.spans.all[0]?.group.channelStates().map(({ state }) => state));
    assert.deepEqual([one.state().service, [...states()]], ['out-of-service', ['out-of-service']]);
    assert.equal(one.sim.records.find(({ answered }) => answered !== undefined)?.cause, 16);
    desk.serve(one.id, undefined, true);
    await one.pass(5);
    assert.deepEqual([one.state().service, [...states()]], ['in-service', ['idle']]);
    phone?.call('5551004', 60 * SECOND, 20 * SECOND);
    await one.pass(5);
    assert.equal(gateway.path.live.size, 1);
  });

  test('a bit error rate test is refused where a call is, rests its channels, and gives them back at its end', async () => {
    const one = await lineBranch();
    const { gateway } = one.sim;
    const desk = spanDesk(gateway, one.sim.clock);
    const [phone] = one.sim.phones.values();
    await one.pass(20);
    assert.deepEqual(await desk.bert(one.id), { type: 'refused', why: 'no test has been made on it' });
    phone?.call('5551004', 60 * SECOND, 30 * SECOND);
    await one.pass(5);
    const states = (): readonly string[] => gateway.spans.all[0]?.group.channelStates().map(({ state }) => state) ?? [];
    const [busy] = states().flatMap((state, i) => (state === 'busy' ? [i + 1] : []));
    const refused = await desk.startBert(one.id, undefined, 'qrss', 60);
    assert.deepEqual(refused, {
      type: 'refused',
      why: `timeslot ${busy} has a call: name others, or busy them out first`,
    });
    assert.deepEqual(await desk.startBert(one.id, [24], 'qrss', 60), {
      type: 'refused',
      why: `timeslot 24 is no B-channel of span ${one.id}`,
    });
    assert.equal(gateway.path.live.size, 1);
    const begun = await desk.startBert(one.id, [4, 5], 'qrss', 60);
    assert.ok(begun.type === 'done' && begun.bert.running);
    await one.pass(2);
    assert.deepEqual([states()[3], states()[4], states()[5]], ['out-of-service', 'out-of-service', 'idle']);
    const again = await desk.startBert(one.id, [6], 'qrss', 60);
    assert.match(again.type === 'refused' ? again.why : '', /^a test runs on it until /);
    desk.serve(one.id, [5], false);
    const back = desk.serve(one.id, [5, 6], true);
    assert.match(back.type === 'refused' ? back.why : '', /^a test runs on it until /);
    assert.equal(desk.serve(one.id, [6], true).type, 'done');
    await one.pass(70);
    const over = await desk.bert(one.id);
    assert.ok(over.type === 'done' && !over.bert.running);
    assert.deepEqual([states()[3], states()[4]], ['idle', 'out-of-service'], 'the operator’s own wish stays');
    assert.deepEqual(await desk.injectErrors(one.id, 1), { type: 'refused', why: 'no test runs on it' });
    assert.deepEqual((await desk.startBert('t9', undefined, 'qrss', 60)).type, 'unknown');
  });

  test('a slot that is no B-channel can not be busied out', async () => {
    const one = await lineBranch();
    const answer = spanDesk(one.sim.gateway, one.sim.clock).serve(one.id, [24], false);
    assert.deepEqual(answer, { type: 'refused', why: `timeslot 24 is no B-channel of span ${one.id}` });
  });

  test('a loopback ends by itself, takes the D-channel down while it lasts, and no call is tried on it', async () => {
    const one = await lineBranch();
    const { gateway } = one.sim;
    await one.pass(20);
    assert.equal(spanDesk(gateway, one.sim.clock).loop(one.id, 'line', 120).type, 'done');
    await one.pass(60);
    assert.equal(gateway.spans.all[0]?.dChannel.up, false);
    assert.equal(one.state().loopback?.type, 'line');
    await one.pass(90);
    assert.deepEqual([one.state().loopback, gateway.spans.all[0]?.dChannel.up], [undefined, true]);
  });
});
