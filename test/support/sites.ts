/** Configurations for tests: the demonstration branch, and a full sample in which every setting stands. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CIVIC_PARTS } from '../../src/call/civic.ts';
import { compileDirectory } from '../../src/config/compile.ts';
import { indexDirectory } from '../../src/config/directory-file.ts';
import { loadSite } from '../../src/config/load.ts';
import type { Site } from '../../src/config/schema.ts';
import type { Directory } from '../../src/routing/directory.ts';

export const DEMO = readFileSync(new URL('../../scripts/demo/site.yaml', import.meta.url), 'utf8');

export type Settings = Record<string, unknown>;

/** Every setting of the schema, each with a value that is right; a fresh copy on each call. */
export function fullSample(): Settings {
  return {
    site: { name: 'Redmond', domain: 'redmond.example', profile: 'redmond', timezone: 'America/Los_Angeles' },
    sip: {
      listen: [
        { transport: 'udp', address: '127.0.0.1', port: 5060 },
        { transport: 'tls', address: '127.0.0.1', port: 5061 },
      ],
      tls: { certificate: 'box.pem', key: 'box.key', ca: 'ca.pem' },
      realm: 'redmond.example',
      digest: ['SHA-256', 'MD5'],
      external: 'sip.redmond.example',
      userAgent: 'Branchline',
      causes: [{ cause: 20, status: 404, direction: 'both' }],
      sessionTimer: { expires: 1800, minimum: 90 },
      registrar: { expires: 3600, minimum: 60, maximum: 7200 },
    },
    http: { address: '192.0.2.1', port: 8080, token: 'a-token-of-ours' },
    media: { address: '127.0.0.1', external: '192.0.2.1', ports: '60000-64000', driver: 'auto' },
    store: { directory: 'state' },
    log: { level: 'info' },
    limits: { calls: 400, callsPerUser: 10, callSeconds: 43200, silenceSeconds: 60, contactsPerUser: 10 },
    flood: {
      messagesPerSecond: 100,
      burst: 1000,
      failedDigest: 100,
      banSeconds: 60,
      longestBanMinutes: 60,
      sources: 4096,
    },
    spans: [
      {
        id: 't1',
        driver: 'virtual',
        line: 't1',
        side: 'user',
        variant: 'ni2',
        dChannel: 24,
        channels: '1-23',
        law: 'ulaw',
        framing: 'esf',
        clock: 'line',
        clockPriority: 1,
        layer1: { raiseSeconds: 2.5, clearSeconds: 10, thresholds: { es: 65, ses: 10 } },
        far: { carrier: { level: -10, clearingCause: 16, holdSeconds: 30 } },
        knobs: { delay: 0, loss: 0.1, alarms: ['RAI'] },
        timers: { T200: 1, T309: 90 },
      },
      { id: 't2', driver: 'virtual', far: { listen: '127.0.0.1:20000', peer: '127.0.0.1:21000' } },
      {
        id: 'lan',
        driver: 'tdmoe',
        interface: 'eth1',
        peer: '02:00:00:00:00:02',
        subAddress: 1,
        frames: 'multi',
      },
      {
        id: 'card',
        driver: 'dahdi',
        number: 2,
        adopt: false,
        coding: 'b8zs',
        buildOut: 0,
        echoCanceller: 'mg2',
        mode: 'channels',
      },
    ],
    nfas: [{ id: 'shared', spans: ['card', 'lan'], backup: 'lan', interfaces: [0, 1] }],
    spanGroups: [
      {
        id: 'pstn',
        name: 'Carrier',
        spans: ['t1'],
        hunting: 'descending',
        countryCode: '1',
        numberType: 'by-country',
        strip: 0,
        prefix: '',
        profile: 'redmond',
        out: [
          { pattern: '^\\+1(976\\d{7})$', translation: '$1', numberType: 'national', plan: 'isdn' },
          { pattern: '^\\+976', strip: 3, prefix: '011' },
        ],
        in: [
          { pattern: '^0(\\d{10})$', translation: '+1$1' },
          { pattern: '^00', strip: 2, prefix: '9', numberType: 'unknown', plan: 'isdn' },
        ],
        callerId: 'own',
        mainNumber: '+12145550200',
        callsAtOnce: 100,
        inward: { blocked: false, reject: ['nuisance'], accept: ['known'], hours: 'office' },
      },
      { id: 'pbx', spans: ['t2'], policy: 'staff' },
    ],
    sipTrunks: [
      {
        id: 'core',
        name: 'UC core',
        address: 'core.example',
        port: 5061,
        transport: 'tls',
        sources: ['192.0.2.9'],
        certificateName: 'sip.core.example',
        listenPort: 5061,
        credentials: { user: 'box', password: 'a-trunk-password' },
        profile: 'redmond',
        policy: 'staff',
        trusted: true,
        identity: 'asserted',
        geolocation: true,
        patienceSeconds: 4,
        probe: true,
        enumZone: 'e164.example',
        callsAtOnce: 100,
        inward: { blocked: false, reject: ['nuisance'], accept: ['known'], hours: 'office' },
        out: [
          { pattern: '^\\+1(976\\d{7})$', translation: '$1', numberType: 'national', plan: 'isdn' },
          { pattern: '^\\+976', strip: 3, prefix: '011' },
        ],
        in: [
          { pattern: '^0(\\d{10})$', translation: '+1$1' },
          { pattern: '^00', strip: 2, prefix: '9', numberType: 'unknown', plan: 'isdn' },
        ],
        callerId: 'own',
        mainNumber: '+12145550200',
      },
    ],
    users: [
      {
        id: '201',
        name: 'Ada',
        extension: '201',
        aliases: ['ada'],
        number: '+12145550201',
        password: 'a-user-password',
        digest: ['MD5'],
        profile: 'redmond',
        policy: 'staff',
        quickDial: { prefix: '312080051', digits: 2 },
        blocked: false,
        pstn: true,
        barred: ['premium'],
        callsAtOnce: 5,
        quota: { per: 'day', calls: 100, minutes: 600, cutOff: true },
      },
      {
        id: 'bob',
        name: 'Bob',
        ha1: { MD5: '0123456789abcdef0123456789abcdef', 'SHA-256': '0123456789abcdef'.repeat(4) },
      },
      {
        id: 'desk',
        name: 'Desk',
        password: 'a-user-password',
        policy: 'staff',
        diversions: {
          always: { number: '+12145559999' },
          busy: { user: 'bob' },
          noAnswer: { user: '201' },
          offline: { user: 'bob' },
          noAnswerSeconds: 20,
          doNotDisturb: false,
        },
        ringList: { users: ['bob'], order: 'in-turn', seconds: 15 },
      },
    ],
    devices: [{ id: 'lobby-phone', addresses: ['192.0.2.77'], switchPort: 'sw7/gi1/0/12', profile: 'redmond' }],
    profiles: [
      {
        id: 'redmond',
        name: 'Redmond',
        rules: [
          { pattern: '^(2\\d\\d)$', translation: '$1', name: 'extension' },
          { pattern: '^5(\\d{4})$', translation: '+1425555$1' },
          { pattern: '^1?(\\d{10})$', translation: '+1$1' },
        ],
      },
    ],
    dids: [
      {
        number: '+12145550200-+12145550299',
        to: { user: '201' },
        backups: [{ user: 'bob' }, { number: '+12145559999' }],
      },
      { number: '+12145550300', to: { number: '+12145559999' }, backups: [{ announcement: 'closed' }] },
      { number: '+12145550301', to: { announcement: 'closed' } },
    ],
    lastResort: { announcement: 'closed' },
    announcements: [{ id: 'closed', name: 'Closed', file: 'closed.wav', answers: true, times: 2, cause: 20 }],
    policies: [
      {
        id: 'staff',
        name: 'Staff',
        usages: ['local', 'long-distance'],
        divertPattern: '^\\+1',
        pstn: true,
        barred: ['premium'],
        callsAtOnce: 5,
        quota: { per: 'month', calls: 1000, minutes: 6000, cutOff: true },
      },
    ],
    numberLists: [
      { id: 'premium', name: 'Premium', patterns: ['^\\+1900'] },
      { id: 'nuisance', patterns: ['^\\+12145550666$'], anonymous: false },
      { id: 'known', patterns: ['.'], anonymous: true },
    ],
    calendars: [
      {
        id: 'office',
        name: 'Office',
        timezone: 'America/Los_Angeles',
        hours: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '00:00', to: '24:00' }],
        holidays: ['12-25', '2026-11-26'],
      },
    ],
    routes: [
      { id: 'local', name: 'Local', prefixes: ['+1214'], usages: ['local'], gateways: ['pstn', 'core'] },
      { id: 'far', pattern: '^\\+1', usages: ['long-distance'], gateways: ['core'] },
      {
        id: 'abroad',
        prefixes: ['+4'],
        usages: ['long-distance'],
        carriers: [{ carrier: 'acme', priority: 1, cost: 2.5 }],
        ranking: 'best',
      },
    ],
    carriers: [{ id: 'acme', name: 'Acme', gateways: ['core', 'pstn'] }],
    branches: [{ id: 'paris', name: 'Paris', prefixes: ['+3312'], gateways: ['core'] }],
    wan: { trunks: ['core'], probeSeconds: 10, misses: 3 },
    throttle: { failures: 10, minutes: 1, longestMinutes: 60, probeSeconds: 30 },
    emergency: {
      numbers: ['911'],
      habitualPrefixes: ['9'],
      gateways: ['pstn', 'core'],
      locations: [
        {
          id: 'hq',
          name: 'Building 1',
          numbers: ['933'],
          elins: ['+12145550290'],
          users: ['201'],
          devices: ['lobby-phone'],
          subnets: ['192.0.2.0/24'],
          switchPorts: ['sw7/*'],
          gateways: ['pbx'],
          notify: ['bob'],
          announcement: 'closed',
          civic: Object.fromEntries(CIVIC_PARTS.map((part) => [part, part === 'country' ? 'US' : 'Texas'])),
          fallback: 'bob',
        },
      ],
      test: { number: '9330', dials: '911', gateways: ['pbx'] },
      locateBy: ['user', 'device', 'switch-port', 'subnet'],
      elinMinutes: 30,
      makeRoom: 'newest',
    },
    tests: [
      {
        name: 'an emergency',
        from: '201',
        dial: '9911',
        expect: 'emergency pstn 911',
        absent: ['bob'],
        down: ['pstn'],
        survivable: true,
      },
    ],
  };
}

/** The site of settings that are right; fails the test where they aren't. */
export function siteOf(settings: Settings | string): Site {
  const loaded = loadSite(typeof settings === 'string' ? settings : JSON.stringify(settings), 'site.yaml');
  assert.ok(loaded.ok, loaded.ok ? '' : JSON.stringify(loaded.error, undefined, 1));
  return loaded.value;
}

export function directoryOf(site: Site): Directory {
  const built = indexDirectory(compileDirectory(site));
  assert.ok(built.ok);
  return built.value;
}
