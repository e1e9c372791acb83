/** The kernel's own DAHDI driver in a guest: the ground that the tests of the drivers stand on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noGuest, startGuest } from '../support/vm.ts';

test('a guest boots with DAHDI, and two looped spans come up without alarms', {
  skip: noGuest() ?? false,
}, async () => {
  const guest = await startGuest();
  try {
    const line = (text: string): string => `echo '${text}' >>/etc/dahdi/system.conf`;
    for (const text of ['dynamic=loc,1:0,24,0', 'dynamic=loc,1:1,24,0', 'bchan=1-23,25-47', 'dchan=24,48']) {
      await guest.must(line(text));
    }
    await guest.must('dahdi_cfg');
    const spans = await guest.must('cat /proc/dahdi/1 /proc/dahdi/2');
    assert.equal(spans.match(/Clear/g)?.length, 46, spans);
    assert.equal(spans.match(/HDLCFCS/g)?.length, 2, spans);
    assert.doesNotMatch(spans, /RED|YELLOW|BLUE/);
  } finally {
    await guest.stop();
  }
});
