/** The product's own bundle over the kernel's DAHDI, in a guest: what may stand in its way, libpri as carrier, 23 calls at once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GUEST_NODE, guestLibpri, guestProgram, productBundle } from '../support/vm/bundled.ts';
import { noGuest, startGuest } from '../support/vm.ts';

const STEPS = [
  'no driver',
  'no permission',
  'no card',
  'too few ports',
  'channel in use',
  'module missing',
  'a card with fewer ports',
  'mended without a restart',
  'libpri is up',
  '23 calls with libpri',
  'sound both ways with libpri',
  'the media clock follows the carrier',
  'calls kept over a silent D-channel',
  'a pulled cable',
  'one call alone, five seconds octet by octet',
  'every channel is free',
  'a call after the cable',
  'ports that came later',
  '23 calls over two spans of ours',
  'all channels of both are free',
  'done',
];

test('troubles, 23 calls with libpri and 23 between two spans, sound octet by octet, and no channel is left', async (context) => {
  const why = noGuest();
  if (why !== undefined) return context.skip(why);
  const [libpri, product, { folder, main }] = [
    await guestLibpri(),
    await productBundle(),
    await guestProgram('product'),
  ];
  const guest = await startGuest({ memory: 1024 });
  try {
    const line = `${GUEST_NODE} ${main} ${folder} ${product} ${libpri} >/share/said 2>&1`;
    const { code } = await guest.run(line, 560_000);
    const output = readFileSync(`${guest.share}/said`, 'utf8');
    for (const line of output.split('\n')) context.diagnostic(line);
    assert.equal(code, 0, `${output}\n${guest.console}`);
    const steps = output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line).what] : []));
    assert.deepEqual(steps, STEPS);
  } finally {
    await guest.stop();
  }
});
