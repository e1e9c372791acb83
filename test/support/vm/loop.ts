/** Bundles the guest's loop test, runs it in a fresh guest and judges what it found. */
import assert from 'node:assert/strict';
import { startGuest } from '../vm.ts';
import { GUEST_NODE, guestProgram } from './bundled.ts';

/** What each step of `dahdi-loop.ts` found, by its name; of `sound` there are two, one for each direction. */
type Steps = ReadonlyMap<string, readonly unknown[]>;

async function runLoop(mode: 'channels' | 'bundle'): Promise<Steps> {
  const { folder, main } = await guestProgram('dahdi-loop');
  const guest = await startGuest();
  try {
    const output = await guest.must(`${GUEST_NODE} ${main} ${mode} ${folder}/branchline.node`, 240_000);
    const steps = new Map<string, unknown[]>();
    for (const line of output.split('\n')) {
      if (!line.startsWith('{')) continue;
      const { what, result } = JSON.parse(line) as { what: string; result: unknown };
      steps.set(what, [...(steps.get(what) ?? []), result]);
    }
    return steps;
  } finally {
    await guest.stop();
  }
}

const FRAMES = ['00010304', Buffer.from(Uint8Array.from({ length: 260 }, (_, n) => n)).toString('hex'), '020173'];

/** Two looped spans: frames both ways, sound through every channel, an alarm and its end, and sound again. */
export async function checkLoop(mode: 'channels' | 'bundle', report: (what: string) => void): Promise<void> {
  const steps = await runLoop(mode);
  assert.deepEqual(steps.get('frames'), [{ one: FRAMES, two: FRAMES }]);
  const heard = (what: string): void => {
    for (const sound of (steps.get(what) ?? []) as { readonly verdict: string; readonly octets: number }[]) {
      report(`${what}: ${JSON.stringify(sound)}`);
      assert.equal(sound.verdict, 'exact');
      assert.ok(sound.octets > 7_000);
    }
  };
  heard('sound');
  assert.equal(steps.get('sound')?.length, 2);
  const missing = 'there is no DAHDI span 2: the driver has one span';
  assert.deepEqual(steps.get('destroyed'), [{ one: ['+LOS'], two: [missing, '+LOS'], reading: ['LOS'] }]);
  assert.deepEqual(steps.get('returned'), [{ one: ['-LOS'], two: ['-LOS'], reading: [] }]);
  assert.deepEqual(steps.get('talks again'), [true]);
  heard('sound again');
  assert.equal(steps.get('sound again')?.length, 1);
}
