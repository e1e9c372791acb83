/**
 * Eight spans with 184 calls over the kernel's own DAHDI driver, in a guest under software emulation. All there is ten times slower or
 * more, and slower still where this machine has other work: the figures show that it works and which mode costs less, not what a box needs.
 */
import { GUEST_NODE, guestProgram } from '../../test/support/vm/bundled.ts';
import { noGuest, startGuest } from '../../test/support/vm.ts';

const why = noGuest();
if (why !== undefined) {
  console.log(`left out: ${why}`);
} else {
  const { folder, main } = await guestProgram('dahdi-bench');
  const guest = await startGuest({ memory: 768 });
  try {
    console.log(await guest.must(`${GUEST_NODE} ${main} ${folder}`, 300_000));
  } finally {
    await guest.stop();
  }
}
