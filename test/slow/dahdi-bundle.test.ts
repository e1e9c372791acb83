/** DAHDI spans whose B-channels are one stream. */
import { test } from 'node:test';
import { checkLoop } from '../support/vm/loop.ts';
import { noGuest } from '../support/vm.ts';

test('two looped spans, their channels in a bundle: D-channel, 23 calls octet by octet, alarm and return', async (context) => {
  const why = noGuest();
  if (why !== undefined) return context.skip(why);
  await checkLoop('bundle', (what) => context.diagnostic(what));
});
