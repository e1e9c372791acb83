/** Loopbacks of a span over Ethernet as an operator makes them: two spans of a running box, with a cable of this machine between them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BertAnswer, BertView, SpanView } from '../../src/console/views.ts';
import { BoxProcess, settingsOf } from '../support/box-process.ts';
import { makeCable } from '../support/ethernet.ts';
import { Program } from '../support/process.ts';
import { ROOT } from '../support/tree.ts';

const PLACE = { sip: 32_240, http: 32_241, media: '32700-32899' };
/** After so many seconds a loopback is released by itself. */
const SECONDS = 8;

const cable = makeCable();
const skip = typeof cable === 'string' ? cable : false;

describe('loopbacks of a span over Ethernet', { skip, timeout: 120_000 }, () => {
  let box: BoxProcess;

  before(async () => {
    if (typeof cable === 'string') return;
    const common = { driver: 'tdmoe', subAddress: 1 };
    box = await BoxProcess.started(
      settingsOf(PLACE, {
        spans: [
          { id: 'near', ...common, interface: cable.a, peer: cable.addressB },
          { id: 'far', ...common, interface: cable.b, peer: cable.addressA, side: 'network' },
        ],
        spanGroups: [{ id: 'pstn', spans: ['near'] }],
      }),
    );
    await box.until('the D-channels', async () => (await box.spans()).every(({ dChannel }) => dChannel.up), 30);
  });
  after(async () => {
    await box?.remove();
    if (typeof cable !== 'string') cable.remove();
  });

  const spans = (...args: readonly string[]) =>
    new Program(`${ROOT}scripts/branchline`, ['spans', ...args, '--url', box.url]).finished;
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await spans(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const viewOf = async (id: string): Promise<SpanView> =>
    (await box.spans()).find((span) => span.id === id) ?? assert.fail(`no span ${id}`);
  const bert = async (id: string): Promise<BertView> => {
    const answer = await box.json<BertAnswer>(`/api/v1/spans/${id}/bert`);
    assert.ok(answer.type === 'done');
    return answer.bert;
  };
  const bothUp = async (): Promise<boolean> => (await box.spans()).every(({ dChannel }) => dChannel.up);

  test('a line loopback can’t be made, and the operator is told why and what can', async () => {
    const { code, stderr } = await spans('--loopback', 'far', '--type', 'line');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /over Ethernet can make no line loopback: frames go out by our own clock, .* a payload loopback/,
    );
    assert.equal((await viewOf('far')).layer1.loopback, undefined);
    assert.equal(await bothUp(), true);
  });

  test('payload: the far end sends our pattern back bit for bit until its time is over, and then the D-channel returns', async () => {
    await done('--bert', 'near', '--pattern', 'qrss', '--slots', '5,23', '--for', '600');
    const from = performance.now();
    assert.match(
      await done('--loopback', 'far', '--type', 'payload', '--for', String(SECONDS)),
      /payload loopback until 2/,
    );
    const synchronous = async () => (await bert('near')).channels.every(({ sync }) => sync === true);
    await box.until('our own pattern to come back', synchronous, SECONDS);
    const before = (await bert('near')).channels.map(({ errors }) => errors);
    await done('--bert', 'near', '--inject', '3');
    const more = async () => (await bert('near')).channels.map(({ errors }, n) => errors - (before[n] ?? 0));
    await box.until('our own errors to come back', async () => (await more()).every((errors) => errors === 3), SECONDS);
    assert.deepEqual((await viewOf('far')).alarms, []);
    await box.until('its release', async () => (await viewOf('far')).layer1.loopback === undefined, 2 * SECONDS);
    const lasted = (performance.now() - from) / 1000;
    assert.ok(lasted >= SECONDS - 1, `released after ${lasted} s`);
    await box.until('the pattern to be gone', async () => !(await synchronous()), 15);
    await done('--bert', 'near', '--pattern', 'off');
    await box.until('the D-channels', bothUp, 60);
  });

  test('local: our own pattern comes back, the far end has no alarm, and nothing of it stays', async () => {
    await done('--bert', 'near', '--pattern', 'qrss', '--slots', '5', '--for', '600');
    assert.match(await done('--loopback', 'near', '--type', 'local', '--for', '60'), /local loopback until 2/);
    await box.until('our own pattern', async () => (await bert('near')).channels[0]?.sync === true, 15);
    assert.deepEqual((await viewOf('far')).alarms, []);
    await done('--bert', 'near', '--pattern', 'off');
    assert.equal((await done('--loopback', 'near', '--type', 'off')).trim(), 'in-service');
    await box.until('the D-channels', bothUp, 60);
    const idle = async () =>
      (await box.spans()).every(({ channels }) => channels.every(({ state }) => state === 'idle'));
    await box.until('every channel to be idle', idle, 30);
  });
});
