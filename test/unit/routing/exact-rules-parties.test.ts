/**
 * The exact rules of numbering and routing, sentence by sentence: each bullet is a `describe`, each sentence of it a test.
 * Here: who answers for a number. See also exact-rules-numbers, -routes, -permissions, -calls and -wire.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { offerOn } from '../../../src/gateway/dial-hop.ts';
import { setupOf } from '../../../src/leg/isdn-leg-words.ts';
import { diversionsFor } from '../../../src/leg/sip-leg-diversion.ts';
import { historyFor } from '../../../src/leg/sip-leg-history.ts';
import type { Directory } from '../../../src/routing/directory.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import { dial, goes, PSTN, site, user } from '../../support/dial-rules.ts';
import { offer } from '../../support/puppet-calls.ts';
import type { Settings } from '../../support/sites.ts';

const DIDS = {
  dids: [
    { number: '+14255550100-+14255550149', to: { user: 'ada' }, backups: [{ user: 'bob' }] },
    { number: '+14255550150', to: { user: 'gone' }, backups: [{ number: '+12065550000' }] },
    { number: '+14255550151', to: { user: 'gone' } },
  ],
  users: [user('ada', { number: '+14255550100' }), user('bob'), user('eve', { number: '+14255550151' }), user('gone')],
  policies: [{ id: 'all' }],
  routes: [{ id: 'forward', prefixes: ['+1206'], gateways: ['pstn'] }],
};

describe('the DID table', () => {
  test('DID or range → primary target, then ordered backups by their live status', () => {
    const directory = site(DIDS);
    assert.equal(goes('+14255550149', { directory, from: PSTN }), 'user ada, then user bob');
    const absent = { registered: new Set(['sip:bob@contoso.com']) };
    assert.equal(goes('+14255550100', { directory, from: PSTN, facts: absent }), 'user bob');
    assert.equal(goes('+14255550152', { directory, from: PSTN }), 'refused number-not-ours 404');
  });

  test('… then the local registrar, then the last resort, which may be the PSTN it came from', () => {
    const directory = site({ ...DIDS, lastResort: { number: '+12065559999' } });
    assert.equal(goes('+14255550151', { directory, from: PSTN }), 'user eve, then pstn 2065559999');
    assert.equal(goes('+14255550150', { directory, from: PSTN }), 'pstn 2065550000');
    assert.equal(
      goes('+14255550151', { directory: site(DIDS), from: PSTN, facts: { registered: new Set() } }),
      'refused user-not-registered 480',
    );
  });

  test('… or an announcement, behind which nothing is tried', () => {
    const announcements = [{ id: 'closed', file: 'closed.wav', cause: 20 }];
    const directory = site({ ...DIDS, announcements, lastResort: { announcement: 'closed' } });
    const absent = { registered: new Set<string>() };
    assert.equal(goes('+14255550151', { directory, from: PSTN }), 'user eve, then announcement closed');
    assert.equal(goes('+14255550151', { directory, from: PSTN, facts: absent }), 'announcement closed');
    const decision = dial('+14255550151', { directory, from: PSTN, facts: absent });
    assert.ok(explainDecision(decision).some((line) => line.includes('without answering, then release with cause 20')));
    const at = site({ ...DIDS, announcements, dids: [{ number: '+14255550151', to: { announcement: 'closed' } }] });
    assert.equal(
      goes('+14255550151', { directory: at, from: PSTN }),
      'announcement closed',
      'before its registrar’s owner',
    );
  });

  test('it is for calls from outside alone: a colleague who dials the number rings its user', () => {
    assert.equal(goes('+14255550151', { directory: site(DIDS) }), 'user eve');
  });
});

/** Ada diverts so; the policy opens the routes to her, and lets her divert to this country only. */
const diverting = (diversions: Settings): Directory =>
  site({
    users: [
      user('ada', { number: '+14255550100', diversions }),
      user('bob'),
      user('eve', { policy: 'none', diversions }),
    ],
    policies: [{ id: 'all', usages: ['any'], divertPattern: '^\\+1' }, { id: 'none' }],
  });
const ABROAD = { number: '+442071838750' };
const OUTSIDE = { number: '+12125551234' };

describe('diversion', () => {
  test('always, when busy, when nobody answers, when no phone is registered', () => {
    const ada = (diversions: Settings, facts = {}) => goes('ada', { directory: diverting(diversions), facts });
    assert.equal(ada({ always: OUTSIDE }), 'core +12125551234');
    assert.equal(ada({ busy: OUTSIDE }), 'user ada (when busy: core +12125551234)');
    assert.equal(ada({ noAnswer: OUTSIDE }), 'user ada (after 20 s: core +12125551234)');
    assert.equal(ada({ offline: OUTSIDE }, { registered: new Set() }), 'core +12125551234');
  });

  test('it is the box that diverts, with the core lost as well', () => {
    assert.equal(
      goes('ada', { directory: diverting({ always: OUTSIDE }), facts: { wan: false } }),
      'core +12125551234',
    );
  });

  test('it adds Diversion and History-Info on SIP, and the redirecting number on the ISDN', () => {
    const directory = diverting({ always: OUTSIDE });
    const decision = dial('ada', { directory });
    assert.ok(decision.type === 'hops');
    const [hop] = decision.hops;
    assert.ok(hop !== undefined && hop.type !== 'user');
    const out = offerOn(hop, offer, { type: 'user', id: 'bob' }, directory);
    const peer = { domain: 'contoso.com', trusted: true };
    assert.deepEqual(diversionsFor(out.redirecting, peer), [
      ['Diversion', '<sip:+14255550100@contoso.com;user=phone>;reason=unconditional;privacy=off;screen=yes'],
    ]);
    assert.match(String(historyFor(out.redirecting, 'sip:x@y', peer)[0]), /\+14255550100@contoso\.com/);
    const { redirecting } = setupOf(out, { type: 'any', order: 'ascending', exclusive: true }, 'ulaw');
    assert.deepEqual(redirecting, out.redirecting);
  });

  test('who diverts pays, and is authorised', () => {
    assert.equal(dial('ada', { directory: diverting({ always: OUTSIDE }), from: PSTN }).charged, 'ada');
    assert.equal(goes('eve', { directory: diverting({ always: OUTSIDE }) }), 'refused no-common-usage 403');
  });

  test('where calls may be diverted to can be restricted', () => {
    assert.equal(goes('+442071838750', { directory: diverting({}) }), 'core +442071838750', 'she may call there');
    assert.throws(
      () => diverting({ always: ABROAD }),
      /is a number that the policy does not allow/,
      'check keeps it out',
    );
  });
});
