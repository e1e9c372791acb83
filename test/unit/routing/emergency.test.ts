import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Offer } from '../../../src/call/signal.ts';
import { decide } from '../../../src/routing/decide.ts';
import type { Decision, Hop } from '../../../src/routing/decision.ts';
import { chooseElin, type HeldElin, type HeldElins } from '../../../src/routing/elin.ts';
import { locate } from '../../../src/routing/emergency.ts';
import { outcomeOf } from '../../../src/routing/explain.ts';
import { type DirectoryLocation, type Locator, locationIndex, switchPortIn } from '../../../src/routing/location.ts';
import { queryOf, type RoutingFacts, type Source } from '../../../src/routing/query.ts';
import { parseSubnet } from '../../../src/routing/subnet.ts';
import { directoryOf, type Settings, siteOf } from '../../support/sites.ts';

const place = (id: string, more: Settings): Settings => ({ id, ...more });
const user = (id: string): Settings => ({ id, name: id, number: `+12145550${id}`, password: 'x' });

const directory = directoryOf(
  siteOf({
    site: { name: 'b', domain: 'b.example', profile: 'branch' },
    sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }] },
    spans: [
      { id: 't1', driver: 'virtual', far: { listen: '127.0.0.1:20000', peer: '127.0.0.1:21000' } },
      { id: 't2', driver: 'virtual', far: { listen: '127.0.0.1:22000', peer: '127.0.0.1:23000' } },
    ],
    spanGroups: [
      { id: 'pstn', spans: ['t1'], callerId: 'main', mainNumber: '+12145550100' },
      { id: 'pbx', spans: ['t2'], policy: 'staff' },
    ],
    sipTrunks: [{ id: 'core', address: 'core.example' }],
    users: [user('201'), user('202'), user('203')],
    devices: [{ id: 'lobby', addresses: ['10.1.2.3'], profile: 'branch' }],
    policies: [{ id: 'staff', usages: ['local'] }],
    routes: [{ id: 'all', prefixes: ['+'], usages: ['local'], gateways: ['pstn'] }],
    profiles: [{ id: 'branch', rules: [{ pattern: '^1?(\\d{10})$', translation: '+1$1' }] }],
    emergency: {
      gateways: ['pstn', 'core'],
      test: { number: '933', gateways: ['pbx'] },
      locations: [
        place('north', {
          elins: ['+12145550290', '+12145550291'],
          users: ['201'],
          subnets: ['10.1.0.0/16'],
          fallback: '203',
        }),
        place('lab', { elins: ['+12145550292'], subnets: ['10.1.9.0/24'], numbers: ['5555'] }),
        place('lobby', { elins: ['+12145550293'], devices: ['lobby'], gateways: ['pbx'], name: 'The lobby' }),
      ],
    },
  }),
);

const FACTS: RoutingFacts = {
  at: 0 as RoutingFacts['at'],
  registered: new Set(),
  unavailable: new Map(),
  cursors: new Map(),
  standing: new Map(),
  wan: true,
  callsNow: new Map(),
  spent: new Map(),
  enumAnswers: new Map(),
};

function call(
  source: Source,
  dial: string,
  more: { address?: string; facts?: Partial<RoutingFacts>; caller?: string } = {},
) {
  const { caller } = more;
  const offer: Offer = {
    type: 'offer',
    called: { digits: dial, type: 'unknown', plan: 'isdn' },
    complete: true,
    caller:
      caller === undefined
        ? undefined
        : { digits: caller, type: 'national', plan: 'isdn', presentation: 'allowed', screening: 'network' },
    callerName: undefined,
    redirecting: [],
    bearer: { capability: 'speech', law: 'ulaw' },
    codecs: [],
    uri: undefined,
    origin: undefined,
  };
  return decide(queryOf(offer, source, more.address), directory, { ...FACTS, ...more.facts });
}

const shownBy = (decision: Decision): readonly (string | undefined)[] =>
  decision.type === 'hops' ? decision.hops.map(({ caller }) => caller?.digits) : [];
const heldBy = (decision: Decision): HeldElin | undefined =>
  decision.effects.flatMap((effect) => (effect.type === 'hold-elin' ? [effect.hold] : []))[0];
const hopsOf = (decision: Decision): readonly Hop[] => (decision.type === 'hops' ? decision.hops : []);
const held = (...elins: readonly HeldElin[]): HeldElins => new Map(elins.map((one) => [one.elin, one]));
const hold = (elin: string, more: Partial<HeldElin> = {}): HeldElin => ({
  elin,
  location: 'north',
  holder: 'user 201',
  aor: 'sip:201@b.example',
  gateway: undefined,
  caller: undefined,
  ...more,
});
const NOBODY: Source = { type: 'unknown' };
const PSTN: Source = { type: 'span-group', id: 'pstn' };

test('a caller whom nobody knows, in a place’s subnet, goes out with the ELIN of the nearest subnet, in each trunk’s form', () => {
  const decision = call(NOBODY, '9911', { address: '10.1.9.7' });
  assert.equal(outcomeOf(decision), 'emergency pstn 911, then core 911');
  // National on ISDN, whole on SIP; the trunk's own main number doesn't stand in for it.
  assert.deepEqual(shownBy(decision), ['2145550292', '12145550292']);
  assert.deepEqual(heldBy(decision), {
    elin: '+12145550292',
    location: 'lab',
    holder: 'address 10.1.9.7 ',
    aor: undefined,
    gateway: undefined,
    caller: undefined,
  });
});

test('a user’s own place goes before his device’s, and the device’s before the subnet’s', () => {
  const of = (source: Source, address: string) => heldBy(call(source, '911', { address }))?.location;
  assert.equal(of({ type: 'user', id: '201' }, '10.1.9.7'), 'north');
  assert.equal(of({ type: 'user', id: '202' }, '10.1.2.3'), 'lobby');
  assert.equal(of({ type: 'user', id: '202' }, '10.1.9.7'), 'lab');
  assert.equal(of({ type: 'user', id: '202' }, '::ffff:10.1.9.7'), 'lab');
  assert.equal(of({ type: 'user', id: '202' }, '192.0.2.1'), undefined);
});

test('where nobody knows the place the call goes out all the same, with the caller’s own number', () => {
  const decision = call({ type: 'user', id: '202' }, '911', { address: '192.0.2.1' });
  assert.equal(outcomeOf(decision), 'emergency pstn 911, then core 911');
  assert.equal(heldBy(decision), undefined);
});

test('a place’s own emergency numbers, also behind the prefix of habit, mean nothing elsewhere', () => {
  assert.equal(outcomeOf(call(NOBODY, '95555', { address: '10.1.9.7' })), 'emergency pstn 5555, then core 5555');
  assert.equal(call(NOBODY, '5555', { address: '10.1.2.7' }).type, 'refusal');
});

test('each caller has an ELIN of his own, keeps it, and takes the one held longest when none is free', () => {
  const { locations } = directory;
  const north = locations.byId('north');
  assert.ok(north !== undefined);
  const [a, b] = north.elins;
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(chooseElin(north, 'user 201', held()), a);
  assert.equal(chooseElin(north, 'user 202', held(hold(a))), b);
  assert.equal(chooseElin(north, 'user 202', held(hold(a), hold(b, { holder: 'user 202' }))), b);
  assert.equal(chooseElin(north, 'user 203', held(hold(b), hold(a, { holder: 'user 202' }))), b);
});

test('an emergency from a PBX behind us is shown by the PBX’s ELIN and called back through the PBX', () => {
  const decision = call({ type: 'span-group', id: 'pbx' }, '911', { caller: '2145557700' });
  assert.deepEqual(shownBy(decision), ['2145550293', '12145550293']);
  const elin = heldBy(decision);
  assert.deepEqual([elin?.gateway, elin?.caller, elin?.location], ['pbx', '+12145557700', 'lobby']);
  assert.ok(elin !== undefined);
  const back = call(PSTN, '2145550293', { facts: { elins: held(elin) } });
  assert.equal(outcomeOf(back), 'emergency pbx 2145557700');
});

test('a call back rings the user and the very phone that called, registered or not, then the fallback whatever comes', () => {
  const elins = held(hold('+12145550290'));
  const alone = call(PSTN, '2145550290', { facts: { elins } });
  assert.equal(alone.emergency, true);
  assert.deepEqual(hopsOf(alone), [
    { type: 'user', user: 'user 201', aor: 'sip:201@b.example', caller: undefined, elin: '+12145550290' },
  ]);
  const registered = new Set(['sip:203@b.example']);
  const [first] = hopsOf(call(PSTN, '2145550290', { facts: { elins, registered } }));
  assert.deepEqual(
    first?.after?.any?.map((hop) => hop.type === 'user' && hop.user),
    ['203'],
  );
});

test('a call back is found by the last digits too, where one ELIN alone ends so; afterwards the number is anybody’s', () => {
  const elins = held(hold('+12145550290'), hold('+12145550291', { holder: 'user 202' }));
  assert.equal(call(PSTN, '0291', { facts: { elins } }).emergency, true);
  assert.equal(call(PSTN, '291', { facts: { elins } }).emergency, false);
  assert.equal(call(PSTN, '2145550290').emergency, false);
  // Only from a trunk: a colleague who dials the number gets whoever has it.
  assert.equal(call({ type: 'user', id: '202' }, '2145550290', { facts: { elins } }).emergency, false);
});

test('subnets: the prefix counts in both families, and what is none is none', () => {
  const holds = (subnet: string, address: string) => parseSubnet(subnet)?.holds(address);
  assert.equal(holds('10.1.0.0/16', '10.1.255.1'), true);
  assert.equal(holds('10.1.0.0/16', '10.2.0.1'), false);
  assert.equal(holds('0.0.0.0/0', '203.0.113.9'), true);
  assert.equal(holds('2001:db8::/32', '2001:db8:1::9'), true);
  assert.equal(holds('2001:db8::/32', '2001:db9::9'), false);
  assert.equal(holds('::/0', '10.0.0.1'), false);
  assert.equal(holds('10.1.2.3', '10.1.2.3'), true);
  for (const text of [
    '10.1.0.0/33',
    '10.1.0',
    '10.1.0.256',
    '1::2::3',
    '12345::/8',
    '10.0.0.0/8/8',
    '',
    'x/8',
    '::/129',
  ]) {
    assert.equal(parseSubnet(text), undefined, text);
  }
});

test('a place without an address or a name of anybody is found by nothing', () => {
  const index = locationIndex([]);
  assert.equal(index.byAddress('10.0.0.1'), undefined);
  assert.equal(index.size, 0);
});

test('a phone says its switch port in P-Access-Network-Info', () => {
  const of = (value: string) => switchPortIn(value);
  assert.equal(of('IEEE-802.3; eth-location="sw7/gi1/0/12"'), 'sw7/gi1/0/12');
  assert.equal(of('3GPP-GERAN, IEEE-802.3a;Eth-Location=sw7;network-provided'), 'sw7');
  assert.equal(of('IEEE-802.11;i-wlan-node-id=0011223344ff'), undefined);
  assert.equal(of(`IEEE-802.3;eth-location=${'x'.repeat(200)}`), undefined);
  assert.equal(of('x-eth-location=sw7'), undefined);
});

const nowhere = { numbers: [], elins: [], users: [], devices: [], subnets: [], gateways: [], notify: [] };
const ports = locationIndex([
  { ...nowhere, id: 'floor', name: 'floor', switchPorts: ['sw7/*'], subnets: ['10.1.0.0/16'] },
  { ...nowhere, id: 'lab', name: 'lab', switchPorts: ['sw7/gi1/0/1', 'SW7/gi2/*'] },
  { ...nowhere, id: 'desk', name: 'desk', users: ['201'] },
] satisfies DirectoryLocation[]);

test('the longest name of a switch port wins, whatever its case; one port is not taken for another that begins like it', () => {
  const of = (port: string) => ports.bySwitchPort(port)?.id;
  assert.deepEqual(['sw7/gi1/0/1', 'sw7/gi1/0/12', 'Sw7/Gi2/0/3', 'sw70/gi1', 'sw8/1'].map(of), [
    'lab',
    'floor',
    'lab',
    undefined,
    undefined,
  ]);
});

test('what says where a caller is, is asked in the order of the site; a phone’s own word counts more than what is known of it', () => {
  const device = { id: 'phone', addresses: ['10.1.0.9'], profile: 'branch', switchPort: 'sw7/gi1/0/12' };
  const find = (locateBy: readonly Locator[], said: { switchPort?: string } = {}) =>
    locate(
      { address: '10.1.0.9', ...said },
      { user: directory.userById('201'), gateway: undefined },
      { locations: ports, deviceAt: () => device, locateBy },
    );
  assert.equal(find(['user', 'switch-port', 'subnet'])?.location.id, 'desk');
  assert.equal(find(['switch-port', 'user'])?.by, 'switch port sw7/gi1/0/12');
  assert.equal(find(['switch-port', 'user'], { switchPort: 'sw7/gi1/0/1' })?.location.id, 'lab');
  assert.equal(find(['switch-port', 'subnet'], { switchPort: 'elsewhere/1' })?.by, 'address 10.1.0.9');
  assert.equal(find(['device']), undefined);
});

test('a test call is as an emergency call from here would be, but an ordinary call toward the simulated answering point', () => {
  const decided = call({ type: 'user', id: '201' }, '933');
  assert.equal(outcomeOf(decided), 'pbx 911');
  assert.equal(decided.emergency, false);
  assert.deepEqual(
    decided.effects.map(({ type }) => type),
    ['hold-elin', 'emergency-test'],
  );
  const [hop] = decided.type === 'hops' ? decided.hops : [];
  assert.equal(hop?.caller?.digits, '2145550290');
  const out = call({ type: 'user', id: '201' }, '933', { facts: { unavailable: new Map([['pbx', 'is down']]) } });
  assert.equal(outcomeOf(out), 'refused no-gateway-available 503');
  assert.match(outcomeOf(call({ type: 'unknown' }, '933')), /^refused source-unknown/);
});

test('a trunk that takes it is told the address of the place, no other way out and no ordinary call is', () => {
  const civic = { country: 'US', A1: 'TX', RD: 'Main', HNO: '100' };
  const site = {
    site: { name: 'b', domain: 'b.example', profile: 'branch' },
    sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: 5060 }] },
    spans: [{ id: 't1', driver: 'virtual', far: { carrier: {} } }],
    spanGroups: [{ id: 'pstn', spans: ['t1'] }],
    sipTrunks: [
      { id: 'core', address: 'core.example' },
      { id: 'esinet', address: 'esinet.example', geolocation: true },
    ],
    users: [user('201')],
    profiles: [{ id: 'branch', rules: [{ pattern: '^1?(\\d{10})$', translation: '+1$1' }] }],
    routes: [{ id: 'all', prefixes: ['+'], gateways: ['esinet'] }],
    emergency: { locations: [place('north', { users: ['201'], civic })] },
  };
  const places = (dialled: string) => {
    const query = { source: { type: 'user', id: '201' }, dialled: { type: 'user-part', text: dialled } } as const;
    const decision = decide({ ...query, complete: true, caller: undefined }, directoryOf(siteOf(site)), FACTS);
    return hopsOf(decision).map((hop) => [hop.type !== 'user' && hop.id, 'place' in hop ? hop.place : undefined]);
  };
  assert.deepEqual(places('911'), [
    ['pstn', undefined],
    ['core', undefined],
    ['esinet', civic],
  ]);
  assert.deepEqual(places('2125551234'), [['esinet', undefined]]);
});
