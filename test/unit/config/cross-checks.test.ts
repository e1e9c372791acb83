/** What doesn't fit together, though every value is right in itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSite } from '../../../src/config/load.ts';
import type { Problem } from '../../../src/config/problem.ts';
import { fullSample, type Settings } from '../../support/sites.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tests bend plain settings into every wrong form
type Bent = any;

/** The problems of the sample after `bend` has changed it. */
function problemsAfter(bend: (settings: Bent) => void): readonly Problem[] {
  const settings: Settings = fullSample();
  bend(settings);
  const loaded = loadSite(JSON.stringify(settings), 'site.yaml');
  return loaded.ok ? [] : loaded.error;
}

const CASES: readonly (readonly [fault: string, bend: (settings: Bent) => void, path: string, what: RegExp])[] = [
  [
    'two spans of one name',
    (s) => s.spans.push({ ...s.spans[1], far: { carrier: {} }, id: 't1' }),
    'spans[4].id',
    /used already/,
  ],
  [
    'a trunk named like a group',
    (s) => s.sipTrunks.push({ id: 'pbx', address: 'b.example' }),
    'sipTrunks[1].id',
    /"pbx" is used already/,
  ],
  ['framing of an E1 on a T1', (s) => (s.spans[0].framing = 'crc4'), 'spans[0].framing', /crc4, which a T1 has not/],
  ['we give the clock, and so does the carrier', (s) => (s.spans[0].clock = 'ours'), 'spans[0].clock', /two masters/],
  [
    'we wait for the clock of a PBX that waits for ours',
    (s) => Object.assign(s.spans[1], { side: 'network', clock: 'line' }),
    'spans[1].clock',
    /nobody gives it/,
  ],
  [
    'two QSIG spans that face each other both give the clock',
    (s) => {
      Object.assign(s.spans[1], { variant: 'qsig', clock: 'ours' });
      s.spans.push({ ...s.spans[1], id: 't3', far: { listen: '127.0.0.1:21000', peer: '127.0.0.1:20000' } });
    },
    'spans[4].clock',
    /two masters/,
  ],
  [
    'two QSIG spans that face each other both wait for the clock',
    (s) => {
      Object.assign(s.spans[1], { variant: 'qsig' });
      s.spans.push({ ...s.spans[1], id: 't3', far: { listen: '127.0.0.1:21000', peer: '127.0.0.1:20000' } });
    },
    'spans[4].clock',
    /each waits/,
  ],
  [
    'a span without a D-channel stands alone',
    (s) => (s.spans[1].dChannel = 'none'),
    'spans[1].dChannel',
    /no other span carries a D-channel/,
  ],
  [
    'the primary of an NFAS group has no D-channel',
    (s) => (s.spans[3].dChannel = 'none'),
    'spans[3].dChannel',
    /has a D-channel on it/,
  ],
  [
    'a third D-channel in an NFAS group',
    (s) => Object.assign(s.nfas[0], { spans: ['card', 'lan', 't2'], interfaces: [0, 1, 2] }),
    'spans[1].dChannel',
    /carries no D-channel/,
  ],
  [
    'the backup is the primary',
    (s) => {
      s.nfas[0].backup = 'card';
      s.spans[2].dChannel = 'none';
    },
    'nfas[0].backup',
    /not behind the first/,
  ],
  [
    'a span in NFAS that is not there',
    (s) => Object.assign(s.nfas[0], { spans: ['card', 'lan', 't9'], interfaces: [0, 1, 2] }),
    'nfas[0].spans[2]',
    /t9/,
  ],
  [
    'two spans of one interface identifier',
    (s) => (s.nfas[0].interfaces = [1, 1]),
    'nfas[0].interfaces',
    /names two spans alike/,
  ],
  [
    'fewer interface identifiers than spans',
    (s) => (s.nfas[0].interfaces = [0]),
    'nfas[0].interfaces',
    /1 identifiers for 2 spans/,
  ],
  [
    'a span of two NFAS groups',
    (s) => s.nfas.push({ id: 'other', spans: ['t2', 'card'] }),
    'nfas[1].spans[1]',
    /used already/,
  ],
  ['an NFAS group named like a span', (s) => (s.nfas[0].id = 't1'), 'nfas[0].id', /used already/],
  [
    'spans of two switch types in one NFAS group',
    (s) => (s.spans[2].variant = '5ess'),
    'spans[2].variant',
    /of nfas group "shared" is ni2/,
  ],
  [
    'QSIG in an NFAS group',
    (s) => {
      s.spans[1].variant = 'qsig';
      s.nfas.push({ id: 'other', spans: ['t2', 't3'], backup: 't3' });
      s.spans.push({ id: 't3', driver: 'dahdi', number: 3 });
      s.spans[4].variant = 'qsig';
    },
    'spans[1].variant',
    /no interface identifiers/,
  ],
  [
    'a simulated carrier in an NFAS group',
    (s) => s.nfas.push({ id: 'other', spans: ['t1', 't2'], backup: 't2' }),
    'spans[0].far',
    /a D-channel of its own/,
  ],
  [
    'two spans on one line of a card',
    (s) => s.spans.push({ id: 't3', driver: 'dahdi', number: 2 }),
    'spans[4].number',
    /the line of span "card"/,
  ],
  [
    'two spans on one line over Ethernet',
    (s) => s.spans.push({ ...s.spans[2], id: 't3' }),
    'spans[4].subAddress',
    /the line of span "lan"/,
  ],
  ['a fifth place in a multi-frame', (s) => (s.spans[2].subAddress = 4), 'spans[2].subAddress', /multi-frame/],
  ['a coding that a T1 has not', (s) => (s.spans[3].coding = 'hdb3'), 'spans[3].coding', /hdb3, which a T1 has not/],
  [
    'a span of hardware under the development loop',
    (s) => (s.media.driver = 'event-loop'),
    'media.driver',
    /span "lan" is a line of tdmoe/,
  ],
  [
    'two references of one rank',
    (s) => (s.spans[1].clockPriority = 1),
    'spans[1].clockPriority',
    /as that of span "t1"/,
  ],
  [
    'a rank for a line that takes our clock',
    (s) => Object.assign(s.spans[1], { side: 'network', clockPriority: 2 }),
    'spans[1].clockPriority',
    /takes the clock from us/,
  ],
  ['an alias that is another user', (s) => (s.users[0].aliases = ['bob']), 'users[1].id', /used already/],
  ['one number for two users', (s) => (s.users[1].number = '+12145550201'), 'users[1].number', /used already/],
  ['one extension for two users', (s) => (s.users[1].extension = '201'), 'users[1].extension', /201 in redmond/],
  [
    'the site names no known profile',
    (s) => (s.site.profile = 'redmont'),
    'site.profile',
    /no location profile "redmont"/,
  ],
  ['a user names no known profile', (s) => (s.users[0].profile = 'x'), 'users[0].profile', /no location profile/],
  ['a user names no known policy', (s) => (s.users[0].policy = 'stuff'), 'users[0].policy', /no policy "stuff"/],
  ['a group names no known span', (s) => (s.spanGroups[0].spans = ['t9']), 'spanGroups[0].spans[0]', /no span "t9"/],
  [
    'a route names no known gateway',
    (s) => (s.routes[1].gateways = ['cor']),
    'routes[1].gateways[0]',
    /no span group or SIP/,
  ],
  [
    'a route names a gateway twice',
    (s) => (s.routes[1].gateways = ['core', 'core']),
    'routes[1].gateways[1]',
    /used already/,
  ],
  [
    'a test of emergencies that reaches the real answering point',
    (s) => (s.emergency.test.gateways = ['pbx', 'pstn']),
    'emergency.test.gateways[1]',
    /real answering point/,
  ],
  ['a test by an emergency number', (s) => (s.emergency.test.number = '933'), 'emergency.test.number', /emergency/],
  [
    'emergency calls to no known gateway',
    (s) => (s.emergency.gateways = ['x']),
    'emergency.gateways[0]',
    /no span group/,
  ],
  ['a DID to nobody', (s) => (s.dids[0].to = { user: '299' }), 'dids[0].to.user', /no user "299"/],
  [
    'a DID backup to nobody',
    (s) => (s.dids[0].backups[0] = { user: 'rob' }),
    'dids[0].backups[0].user',
    /no user "rob"/,
  ],
  ['DID ranges that overlap', (s) => (s.dids[1].number = '+12145550250'), 'dids[1].number', /overlaps \+12145550200/],
  [
    'a DID inside a range that began before another',
    (s) =>
      s.dids.push({ number: '+12145550210', to: { user: 'bob' } }, { number: '+12145550290', to: { user: 'bob' } }),
    'dids[4].number',
    /overlaps/,
  ],
  [
    'a DID whose backup is its first target',
    (s) => s.dids[0].backups.push({ user: '201' }),
    'dids[0].backups[2]',
    /used already/,
  ],
  [
    'a usage that no route has',
    (s) => (s.policies[0].usages = ['local', 'long-distence', 'long-distance']),
    'policies[0].usages[1]',
    /none of the routes/,
  ],
  [
    'a usage that no policy has',
    (s) => (s.routes[1].usages = ['long-distance', 'fax']),
    'routes[1].usages[1]',
    /none of the policies/,
  ],
  [
    'two SIP listeners on one port',
    (s) => (s.sip.listen[1] = s.sip.listen[0]),
    'sip.listen[1].port',
    /overlaps the SIP/,
  ],
  [
    'HTTP on the port of SIP over TLS',
    (s) => Object.assign(s.http, { address: '127.0.0.1', port: 5061 }),
    'http.port',
    /overlaps/,
  ],
  [
    'a wildcard over a single address',
    (s) => Object.assign(s.http, { address: '0.0.0.0', port: 5061 }),
    'http.port',
    /overlaps/,
  ],
  [
    'RTP over a span',
    (s) => (s.spans[1].far.listen = '127.0.0.1:59990'),
    'spans[1].far.listen',
    /overlaps the range for RTP/,
  ],
  ['RTP over SIP', (s) => (s.sip.listen[0].port = 60010), 'media.ports', /overlaps the SIP listener/],
  [
    'two spans on the same ports',
    (s) => s.spans.push({ ...s.spans[1], id: 't3', far: { listen: '127.0.0.1:20024', peer: '127.0.0.1:22000' } }),
    'spans[4].far.listen',
    /far end of span t2/,
  ],
  [
    'a span that talks to itself',
    (s) => (s.spans[1].far.peer = '127.0.0.1:20010'),
    'spans[1].far.peer',
    /our own ports/,
  ],
  [
    'a span beyond the last port',
    (s) => (s.spans[1].far.listen = '127.0.0.1:65530'),
    'spans[1].far.listen',
    /too few ports/,
  ],
  ['HTTP open to all without a token', (s) => delete s.http.token, 'http.address', /no token/],
  [
    'a wildcard address in SIP',
    (s) => {
      delete s.sip.external;
      s.sip.listen[0].address = '0.0.0.0';
    },
    'sip.listen[0].address',
    /every address/,
  ],
  [
    'a wildcard address in SDP',
    (s) => {
      delete s.media.external;
      s.media.address = '::';
    },
    'media.address',
    /every address/,
  ],
  ['TLS without a certificate', (s) => delete s.sip.tls, 'sip.listen[1].transport', /no certificate/],
  [
    'a TLS trunk without a certificate',
    (s) => {
      delete s.sip.tls;
      s.sip.listen.pop();
    },
    'sipTrunks[0].transport',
    /no certificate/,
  ],
  [
    'a trunk to ourselves',
    (s) => Object.assign(s.sipTrunks[0], { address: '127.0.0.1', port: 5061 }),
    'sipTrunks[0].address',
    /our own listener/,
  ],
  [
    'a trunk with a listener that is not there',
    (s) => Object.assign(s.sipTrunks[0], { listenPort: 5099 }),
    'sipTrunks[0].listenPort',
    /nothing listens for tls on port 5099/,
  ],
  [
    'a source address of two trunks',
    (s) =>
      s.sipTrunks.push({ id: 'b', address: '192.0.2.8' }, { id: 'c', address: 'c.example', sources: ['192.0.2.8'] }),
    'sipTrunks[2].sources[0]',
    /belong to trunk "b"/,
  ],
  ['a D-channel that a T1 has not', (s) => (s.spans[0].dChannel = 25), 'spans[0].dChannel', /is 25/],
  ['a B-channel that a T1 has not', (s) => (s.spans[0].channels = '1-23,25'), 'spans[0].channels', /ends at 25/],
  ['a B-channel on the D-channel', (s) => (s.spans[0].channels = '1-24'), 'spans[0].channels', /is the D-channel/],
  ['a span in two groups', (s) => (s.spanGroups[1].spans = ['t1']), 'spanGroups[1].spans[0]', /used already/],
  ['too few ports for the channels', (s) => (s.media.ports = '60000-60050'), 'media.ports', /25 pairs of ports for 92/],
  [
    'a pattern that does not compile',
    (s) => (s.profiles[0].rules[0].pattern = '^(2'),
    'profiles[0].rules[0].pattern',
    /not a pattern/,
  ],
  ['a pattern that could take for ever', (s) => (s.routes[1].pattern = '^(?=x)'), 'routes[1].pattern', /not a pattern/],
  [
    'a translation beyond the groups',
    (s) => (s.profiles[0].rules[0].translation = '+1$2'),
    'profiles[0].rules[0].translation',
    /names \$2/,
  ],
  ['a route without pattern and prefixes', (s) => delete s.routes[0].prefixes, 'routes[0]', /matches nothing/],
  ['a route with pattern and prefixes', (s) => (s.routes[0].pattern = '^x'), 'routes[0]', /has both/],
  ['a route with no gateway', (s) => delete s.routes[0].gateways, 'routes[0]', /has no gateway/],
  [
    'a route with gateways and carriers',
    (s) => (s.routes[2].gateways = ['core']),
    'routes[2]',
    /both gateways and carriers/,
  ],
  [
    'a route by no known carrier',
    (s) => (s.routes[2].carriers[0].carrier = 'acne'),
    'routes[2].carriers[0].carrier',
    /no carrier/,
  ],
  [
    'a carrier without a known gateway',
    (s) => (s.carriers[0].gateways = ['cor']),
    'carriers[0].gateways[0]',
    /no span group/,
  ],
  [
    'a branch without a known gateway',
    (s) => (s.branches[0].gateways = ['x']),
    'branches[0].gateways[0]',
    /no span group/,
  ],
  ['a device of no known profile', (s) => (s.devices[0].profile = 'x'), 'devices[0].profile', /no location profile/],
  [
    'an address of two devices',
    (s) => s.devices.push({ id: 'other', addresses: ['192.0.2.77'], profile: 'redmond' }),
    'devices[1].addresses[0]',
    /used already/,
  ],
  [
    'a number rule that does not compile',
    (s) => (s.sipTrunks[0].in[0].pattern = '(a'),
    'sipTrunks[0].in[0].pattern',
    /not a pattern/,
  ],
  [
    'a number rule beyond its groups',
    (s) => (s.spanGroups[0].out[0].translation = '$3'),
    'spanGroups[0].out[0].translation',
    /names \$3/,
  ],
  [
    'a number rule with two meanings',
    (s) => (s.spanGroups[0].out[0].strip = 1),
    'spanGroups[0].out[0]',
    /translation beside strip/,
  ],
  ['a last resort who is not here', (s) => (s.lastResort = { user: 'eve' }), 'lastResort.user', /no user "eve"/],
  [
    'numbers that are forwarded in a circle',
    (s) => {
      s.dids[0].to = { number: '+12145550300' };
      s.dids[1].to = { number: '+12145550210' };
    },
    'dids[1].to',
    /in a circle/,
  ],
  ['a test of nobody', (s) => (s.tests[0].from = '999'), 'tests[0].from', /no user/],
  [
    'a dial-plan test that fails',
    (s) => (s.tests[0].expect = 'pstn 9911'),
    'tests[0].expect',
    /expected pstn 9911, got emergency pstn 911/,
  ],
  ['an extension that hides 911', (s) => (s.users[0].extension = '9911'), 'users[0].extension', /emergencies/],
  ['a user without a password', (s) => delete s.users[0].password, 'users[0].password', /is missing/],
  ['a user with a password and hashes', (s) => (s.users[1].password = 'p'), 'users[1].ha1', /beside a password/],
  [
    'hashes for what is not offered',
    (s) => (s.users[1].digest = ['SHA-512-256']),
    'users[1].ha1',
    /no hash for SHA-512-256/,
  ],
  [
    'a hash of another algorithm',
    (s) => (s.users[1].ha1 = { 'SHA-256': 'a'.repeat(32), MD5: 'a'.repeat(32) }),
    'users[1].ha1.SHA-256',
    /wrong length/,
  ],
  [
    'session timers upside down',
    (s) => (s.sip.sessionTimer = { expires: 90, minimum: 91 }),
    'sip.sessionTimer.minimum',
    /more than expires/,
  ],
  [
    'registrar limits upside down',
    (s) => (s.sip.registrar = { expires: 60, minimum: 120, maximum: 7200 }),
    'sip.registrar.minimum',
    /more than expires/,
  ],
  [
    'a registrar maximum below its default',
    (s) => (s.sip.registrar = { expires: 3600, minimum: 60, maximum: 600 }),
    'sip.registrar.maximum',
    /less than expires/,
  ],
];

for (const [fault, bend, path, what] of CASES) {
  test(`${fault} is told`, () => {
    const problems = problemsAfter(bend);
    const found = problems.find((problem) => problem.path === path);
    assert.ok(found, `no problem at ${path}: ${JSON.stringify(problems)}`);
    assert.match(found.what, what);
    assert.ok(found.mend.length > 0);
  });
}

test('a fault has no echo: it is told once for each setting concerned, and nothing else is', () => {
  const echoes = CASES.flatMap(([fault, bend, path]) => {
    const others = problemsAfter(bend).filter((problem) => problem.path !== path);
    return others.length === 0 ? [] : [[fault, ...others.map((problem) => problem.path)]];
  });
  assert.deepEqual(echoes, [
    ['QSIG in an NFAS group', 'spans[4].variant'],
    ['a DID inside a range that began before another', 'dids[3].number'],
    ['two SIP listeners on one port', 'sipTrunks[0].listenPort'],
    ['TLS without a certificate', 'sipTrunks[0].transport'],
    ['a TLS trunk without a certificate', 'sipTrunks[0].listenPort'],
    ['numbers that are forwarded in a circle', 'dids[0].to'],
  ]);
});

test('wrong values do not hide what does not fit together among the rest', () => {
  const problems = problemsAfter((settings) => {
    settings.users[0].name = 7;
    settings.routes[1].pattern = '(';
    settings.sip.listen[0].port = 'x';
    settings.dids.push({ number: '+12145550201', to: { user: 'bob' } });
    settings.users.push({ id: 'bob', name: 'Another Bob', password: 'p' });
    settings.loggg = 1;
  });
  assert.deepEqual(problems.map(({ path }) => path).sort(), [
    'dids[3].number',
    'loggg',
    'routes[1].pattern',
    'sip.listen[0].port',
    'users[0].name',
    'users[3].id',
  ]);
});

test('what hangs on a setting that is itself wrong is not told as a second fault', () => {
  const problems = problemsAfter((settings) => {
    settings.users[0].name = 7;
    settings.spans[0].side = 'usr';
    settings.site.domain = '-';
  });
  assert.deepEqual(problems.map(({ path }) => path).sort(), ['site.domain', 'spans[0].side', 'users[0].name']);
});
