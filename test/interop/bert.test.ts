/** A bit error rate test as an operator makes it, from the command line: two spans of a running box that face each other over UDP. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BertAnswer, BertView } from '../../src/console/views.ts';
import { BoxProcess, settingsOf } from '../support/box-process.ts';
import { Program } from '../support/process.ts';
import { ROOT } from '../support/tree.ts';

const settings = settingsOf(
  { sip: 32_230, http: 32_231, media: '32300-32499' },
  {
    spans: [
      { id: 'near', driver: 'virtual', far: { listen: '127.0.0.1:32500', peer: '127.0.0.1:32600' } },
      { id: 'far', driver: 'virtual', side: 'network', far: { listen: '127.0.0.1:32600', peer: '127.0.0.1:32500' } },
    ],
    spanGroups: [{ id: 'pstn', spans: ['near'] }],
  },
);

let box: BoxProcess;

before(async () => {
  box = await BoxProcess.started(settings);
});
after(() => box.remove());

async function spans(...args: readonly string[]) {
  const { code, stdout, stderr } = await new Program(`${ROOT}scripts/branchline`, ['spans', ...args, '--url', box.url])
    .finished;
  assert.equal(code, 0, stderr);
  return stdout;
}

async function bert(id: string): Promise<BertView> {
  const answer = await box.json<BertAnswer>(`/api/v1/spans/${id}/bert`);
  assert.ok(answer.type === 'done');
  return answer.bert;
}

const errorsOf = async (id: string): Promise<readonly number[]> =>
  (await bert(id)).channels.map(({ errors }) => errors);

const stateOf = async (id: string, slot: number): Promise<string | undefined> =>
  (await box.spans()).find((span) => span.id === id)?.channels.find((channel) => channel.slot === slot)?.state;

test('both ends send the pattern: every error that one of them makes is counted by the other, and by nobody else', {
  timeout: 90_000,
}, async () => {
  await box.until('the D-channels', async () => (await box.spans()).every(({ dChannel }) => dChannel.up));
  for (const id of ['near', 'far']) {
    assert.match(await spans('--bert', id, '--pattern', 'qrss', '--slots', '1,23'), /^(near|far): qrss, until 2/);
  }
  const inStep = async (): Promise<boolean> =>
    (await Promise.all([bert('near'), bert('far')])).every(({ channels }) =>
      channels.every(({ seconds }) => seconds > 0),
    );
  await box.until('both to be in step', inStep);
  // The test keeps calls off its channels, at both ends.
  assert.deepEqual(
    [await stateOf('near', 1), await stateOf('far', 23), await stateOf('near', 2)],
    ['out-of-service', 'out-of-service', 'idle'],
  );
  const before = { near: await errorsOf('near'), far: await errorsOf('far') };
  await spans('--bert', 'near', '--inject', '7');
  const more = async (): Promise<readonly number[]> =>
    (await errorsOf('far')).map((errors, i) => errors - (before.far[i] ?? 0));
  await box.until('the errors to arrive', async () => (await more()).every((errors) => errors >= 7));
  assert.deepEqual([await more(), await errorsOf('near')], [[7, 7], before.near]);
  for (const id of ['near', 'far']) assert.match(await spans('--bert', id, '--pattern', 'off'), /: qrss, over,/);
  await box.until('the channels to come back', async () => (await stateOf('near', 1)) === 'idle');
});

test('behind a loopback of the far end we hear our own pattern, and the test ends by itself', {
  timeout: 90_000,
}, async () => {
  await spans('--loopback', 'far', '--type', 'payload', '--for', '60');
  await spans('--bert', 'near', '--pattern', 'qrss', '--slots', '5', '--for', '600');
  await box.until('our own pattern to come back', async () => (await bert('near')).channels[0]?.sync === true);
  const { errors } = (await bert('near')).channels[0] ?? { errors: 0 };
  await spans('--bert', 'near', '--inject', '3');
  await box.until('our own errors to come back', async () => (await errorsOf('near'))[0] === errors + 3);
  await spans('--bert', 'near', '--pattern', 'off');
  await spans('--bert', 'near', '--pattern', 'qrss', '--slots', '5', '--for', '1');
  await box.until('the end', async () => !(await bert('near')).running);
  assert.equal((await bert('near')).channels.length, 1, 'what was counted stays');
  await spans('--loopback', 'far', '--type', 'off');
  await box.until('the channel to come back', async () => (await stateOf('near', 5)) === 'idle');
});
