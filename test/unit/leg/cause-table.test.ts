import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeOf, type Location } from '../../../src/call/cause.ts';
import { causeOfStatus, causeOfWarning, statusOfCause } from '../../../src/leg/cause-table.ts';
import map from '../../kit/vectors/cause-map.json' with { type: 'json' };

const ELSEWHERE: Location = 'public-remote';

for (const [cause, status] of Object.entries(map.q850_to_sip)) {
  test(`a caller is told cause ${cause} as ${status}`, () => {
    // 22 is `410 (301 when …)` in the vectors: we build no Contact from a diagnostic.
    assert.equal(statusOfCause(causeOf(Number(cause)), ELSEWHERE), Number.parseInt(String(status), 10));
  });
}

for (const [status, cause] of Object.entries(map.sip_to_q850)) {
  if (typeof cause === 'string') continue;
  test(`the PSTN is told ${status} as cause ${cause}`, () => {
    assert.equal(causeOfStatus(Number(status)), cause);
  });
}

test('a refusal by the called person goes for all of its devices: 603, not 403', () => {
  assert.equal(statusOfCause(causeOf(21), 'user'), 603);
  assert.equal(statusOfCause(causeOf(21), 'private-local'), 403);
});

test('488 and 606 go by their Warning: bearer, destination, or nothing in particular', () => {
  assert.equal(causeOfStatus(488), 31);
  assert.equal(causeOfStatus(606), 31);
  for (const code of [304, 305, 370]) assert.equal(causeOfWarning(code), 65);
  for (const code of [300, 301, 302]) assert.equal(causeOfWarning(code), 88);
  for (const code of [303, 306, 307, 330, 331, 399]) assert.equal(causeOfWarning(code), 31);
});

test('the caller that gave up has cleared normally', () => {
  assert.equal(causeOfStatus(487), 16);
});

test('a status that nobody has named counts as the x00 of its class (RFC 3261 8.1.3.2)', () => {
  assert.equal(causeOfStatus(499), causeOfStatus(400));
  assert.equal(causeOfStatus(599), causeOfStatus(500));
  assert.equal(causeOfStatus(699), causeOfStatus(600));
  assert.equal(causeOfStatus(399), 127);
});

test('every cause has a status of a final response, and every status a cause', () => {
  for (let cause = 1; cause <= 127; cause++) {
    const status = statusOfCause(causeOf(cause), ELSEWHERE);
    assert.ok(status >= 400 && status <= 699, `cause ${cause} gives ${status}`);
  }
  for (let status = 300; status <= 699; status++) {
    const cause = causeOfStatus(status);
    assert.ok(cause >= 1 && cause <= 127, `status ${status} gives ${cause}`);
  }
});

test('a cause without a row of its own is told as 500 (RFC 3398 7.2.4.1)', () => {
  for (const cause of [25, 44, 63, 81, 96, 126]) assert.equal(statusOfCause(causeOf(cause), ELSEWHERE), 500);
});

test("the site's own rows win both ways", () => {
  const overrides = { toSip: new Map([[17, 480]]), toQ850: new Map([[480, 19]]) };
  assert.equal(statusOfCause(causeOf(17), ELSEWHERE, overrides), 480);
  assert.equal(statusOfCause(causeOf(18), ELSEWHERE, overrides), 408);
  assert.equal(causeOfStatus(480, overrides), 19);
  assert.equal(causeOfStatus(486, overrides), 17);
});
