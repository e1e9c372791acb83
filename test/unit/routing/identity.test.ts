import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerNumber, Redirecting } from '../../../src/call/number.ts';
import { identityFor } from '../../../src/routing/identity.ts';
import type { Source } from '../../../src/routing/query.ts';
import { DEMO, directoryOf, siteOf } from '../../support/sites.ts';

const demo = directoryOf(siteOf(DEMO));
const ADA: Source = { type: 'user', id: '201' };
const PSTN: Source = { type: 'span-group', id: 'pstn' };

const national: CallerNumber = {
  digits: '2145559999',
  type: 'national',
  plan: 'isdn',
  presentation: 'restricted',
  screening: 'passed',
};
const whole: CallerNumber = { ...national, digits: '12145559999', type: 'international' };
const diverted = (number: CallerNumber): readonly Redirecting[] => [{ number, reason: 'busy' }];
const HEARD = {
  caller: { ...whole, presentation: 'allowed' },
  callerName: { text: 'The President', presentation: 'allowed' },
  redirecting: [],
} as const;

test('a user goes by the directory’s name whatever the phone claims, and as hidden as his number', () => {
  const shown = identityFor(HEARD, ADA, 'pstn', demo);
  assert.deepEqual(shown.callerName, { text: 'Ada Lovelace', presentation: 'allowed' });
  const hidden = identityFor({ ...HEARD, caller: national }, ADA, 'pstn', demo);
  assert.deepEqual(hidden.callerName, { text: 'Ada Lovelace', presentation: 'restricted' });
});

test('who is no user of ours goes by the name that was heard', () => {
  assert.deepEqual(identityFor(HEARD, PSTN, undefined, demo).callerName, HEARD.callerName);
});

test('a diverting number is whole for a phone, and in the form of the trunk that it leaves by', () => {
  const inside = identityFor({ ...HEARD, redirecting: diverted(national) }, PSTN, undefined, demo);
  assert.deepEqual(inside.redirecting, diverted(whole));
  const outside = identityFor({ ...HEARD, redirecting: diverted(whole) }, ADA, 'pstn', demo);
  assert.deepEqual(outside.redirecting, diverted(national));
});
