/** DAHDI spans whose B-channels are read and written one by one: the whole of our driver over the kernel’s, in a guest. */
import { test } from 'node:test';
import { checkLoop } from '../support/vm/loop.ts';
import { noGuest } from '../support/vm.ts';

test('two looped spans under our driver: D-channel, 23 calls octet by octet, alarm and return', async (context) => {
  const why = noGuest();
  if (why !== undefined) return context.skip(why);
  await checkLoop('channels', (what) => context.diagnostic(what));
});
