import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { seeded } from '../../../src/kernel/random.ts';
import { fail, ok, type Result } from '../../../src/kernel/result.ts';
import { after, type Instant, seconds } from '../../../src/kernel/time.ts';
import { rememberingDns, systemDns } from '../../../src/net/dns.ts';
import type { Dns, DnsLost, Naptr, Srv } from '../../../src/net/dns-words.ts';
import { type LocateSetup, locate, orderNaptr, orderSrv } from '../../../src/net/locate.ts';
import { parseUri, type SipUri } from '../../../src/sip/message/uri.ts';

interface Zone {
  readonly naptr?: Readonly<Record<string, readonly Naptr[]>>;
  readonly srv?: Readonly<Record<string, readonly Srv[]>>;
  readonly a?: Readonly<Record<string, readonly string[]>>;
  readonly aaaa?: Readonly<Record<string, readonly string[]>>;
}

/** A name server that knows a zone; with `lost` set it answers nothing. */
function server(zone: Zone): Dns & { asked: string[]; lost: boolean } {
  const asked: string[] = [];
  const from =
    <T>(type: keyof Zone, records: Readonly<Record<string, readonly T[]>> = {}) =>
    async (name: string): Promise<Result<readonly T[], DnsLost>> => {
      asked.push(`${type} ${name}`);
      return dns.lost ? fail('lost') : ok(records[name] ?? []);
    };
  const dns = {
    asked,
    lost: false,
    naptr: from('naptr', zone.naptr),
    srv: from('srv', zone.srv),
    a: from('a', zone.a),
    aaaa: from('aaaa', zone.aaaa),
  };
  return dns;
}

function uri(text: string): SipUri {
  const result = parseUri(text);
  assert.ok(result.ok && result.value.type === 'sip');
  return result.value;
}

async function targets(text: string, dns: Dns, more: Partial<LocateSetup> = {}): Promise<string> {
  const found = await locate(uri(text), {
    dns,
    transports: ['udp', 'tcp', 'tls'],
    families: [4],
    random: () => 0,
    ...more,
  });
  if (!found.ok) return found.error;
  return found.value
    .map(
      ({ transport, address, port, host }) => `${transport} ${address} ${port}${host === undefined ? '' : ` ${host}`}`,
    )
    .join(', ');
}

const srv = (priority: number, weight: number, port: number, name: string): Srv => ({ priority, weight, port, name });
const naptr = (order: number, preference: number, service: string, replacement: string, flags = 's'): Naptr => ({
  order,
  preference,
  flags,
  service,
  replacement,
});

/** The domain of RFC 3263 §4.1, with addresses. */
const EXAMPLE: Zone = {
  naptr: {
    'example.com': [
      naptr(90, 50, 'SIP+D2U', '_sip._udp.example.com'),
      naptr(50, 50, 'SIPS+D2T', '_sips._tcp.example.com'),
      naptr(90, 50, 'SIP+D2T', '_sip._tcp.example.com'),
      naptr(1, 1, 'SIP+D2S', '_sip._sctp.example.com'),
      naptr(0, 0, 'SIP+D2U', 'x', 'u'),
    ],
  },
  srv: {
    '_sip._tcp.example.com': [srv(0, 1, 5060, 's1.example.com'), srv(1, 2, 5070, 's2.example.com')],
    '_sip._udp.example.com': [srv(0, 0, 5080, 's1.example.com')],
    '_sips._tcp.example.com': [srv(0, 0, 5061, 's3.example.com')],
  },
  a: {
    's1.example.com': ['192.0.2.1'],
    's2.example.com': ['192.0.2.2', '192.0.2.22'],
    's3.example.com': ['192.0.2.3'],
    'example.com': ['192.0.2.9'],
  },
  aaaa: { 's1.example.com': ['2001:db8::1'] },
};

test('an address or a port in the URI leaves nothing to look up but the host', async () => {
  const dns = server(EXAMPLE);
  assert.equal(await targets('sip:192.0.2.5', dns), 'udp 192.0.2.5 5060');
  assert.equal(await targets('sip:192.0.2.5:5070;transport=tcp', dns), 'tcp 192.0.2.5 5070');
  assert.equal(await targets('sips:[2001:db8::5]', dns, { families: [6] }), 'tls 2001:db8::5 5061');
  assert.equal(await targets('sip:x@[2001:db8::5]', dns), 'none');
  assert.equal(await targets('sip:example.com;maddr=192.0.2.6', dns), 'udp 192.0.2.6 5060');
  assert.deepEqual(dns.asked, []);
  assert.equal(await targets('sip:example.com:5065', dns), 'udp 192.0.2.9 5065 example.com');
  assert.deepEqual(dns.asked, ['a example.com']);
});

test('NAPTR chooses transport and name, in its order, of what we speak', async () => {
  assert.equal(
    await targets('sip:example.com', server(EXAMPLE)),
    'tls 192.0.2.3 5061 example.com, udp 192.0.2.1 5080 example.com, tcp 192.0.2.1 5060 example.com, tcp 192.0.2.2 5070 example.com, tcp 192.0.2.22 5070 example.com',
  );
  assert.equal(
    await targets('sip:example.com', server(EXAMPLE), { transports: ['udp'] }),
    'udp 192.0.2.1 5080 example.com',
  );
  assert.equal(await targets('sips:example.com', server(EXAMPLE)), 'tls 192.0.2.3 5061 example.com');
  assert.equal(await targets('sips:example.com', server(EXAMPLE), { transports: ['udp', 'tcp'] }), 'none');
});

test('a transport in the URI goes straight to its SRV records', async () => {
  const dns = server(EXAMPLE);
  assert.match(await targets('sip:example.com;transport=tcp', dns), /^tcp 192\.0\.2\.1 5060/);
  assert.deepEqual(dns.asked.slice(0, 1), ['srv _sip._tcp.example.com']);
  assert.equal(await targets('sip:example.com;transport=sctp', dns), 'none');
});

test('without NAPTR and SRV the host itself is called, by UDP', async () => {
  const dns = server({ a: { 'pbx.example': ['192.0.2.8'] } });
  assert.equal(await targets('sip:pbx.example', dns), 'udp 192.0.2.8 5060 pbx.example');
  assert.deepEqual(dns.asked, [
    'naptr pbx.example',
    'srv _sip._udp.pbx.example',
    'srv _sip._tcp.pbx.example',
    'srv _sips._tcp.pbx.example',
    'a pbx.example',
  ]);
  assert.equal(await targets('sip:nobody.example', dns), 'none');
});

test('both families are tried in their order', async () => {
  assert.equal(
    await targets('sip:example.com;transport=udp', server(EXAMPLE), { families: [6, 4] }),
    'udp 2001:db8::1 5080 example.com, udp 192.0.2.1 5080 example.com',
  );
});

test('priorities go strictly in order, and a service that is said not to be there has no servers', () => {
  const records = [srv(20, 0, 1, 'c'), srv(10, 0, 1, 'b'), srv(0, 5, 1, 'a'), srv(10, 9, 1, 'b2')];
  assert.deepEqual(
    orderSrv(records, () => 0.999).map(({ name }) => name),
    ['a', 'b2', 'b', 'c'],
  );
  assert.deepEqual(
    orderSrv([srv(0, 0, 0, '.')], () => 0),
    [],
  );
  assert.deepEqual(
    orderNaptr([naptr(2, 1, 'x', 'c'), naptr(1, 2, 'x', 'b'), naptr(1, 1, 'x', 'a')]).map(
      ({ replacement }) => replacement,
    ),
    ['a', 'b', 'c'],
  );
});

test('a service that is said not to be there is not called at the host either (RFC 2782)', async () => {
  const srv = { '_sip._udp.example.com': [{ priority: 0, weight: 0, port: 0, name: '.' }] };
  const dns = server({ srv, a: { 'example.com': ['192.0.2.1'] } });
  assert.equal(await targets('sip:example.com;transport=udp', dns), 'none');
  assert.equal(await targets('sip:example.com;transport=tcp', dns), 'tcp 192.0.2.1 5060 example.com');
});

test('a domain that announces servers and services without end costs a bounded number of questions', async () => {
  const row = Array.from({ length: 500 }, (_, i) => ({ priority: i, weight: 0, port: 5060, name: `dead${i}.example` }));
  const naptr = Array.from({ length: 500 }, (_, i) => ({
    order: i,
    preference: 0,
    flags: 's',
    service: 'SIP+D2U',
    replacement: `_sip._udp.${i}.example`,
  }));
  const srv = Object.fromEntries(naptr.map(({ replacement }) => [replacement, row]));
  const dns = server({ naptr: { 'example.com': naptr }, srv });
  assert.equal(await targets('sip:example.com', dns), 'none');
  assert.equal(dns.asked.length <= 40, true, `${dns.asked.length} questions`);
});

test('weights share the calls in their proportion, and no record is lost', () => {
  const random = seeded(7);
  const first = new Map<string, number>();
  const records = [srv(0, 60, 1, 'big'), srv(0, 30, 1, 'mid'), srv(0, 10, 1, 'small'), srv(0, 0, 1, 'spare')];
  for (let i = 0; i < 10_000; i++) {
    const order = orderSrv(records, () => random.next());
    assert.equal(new Set(order).size, 4);
    const name = order[0]?.name ?? '';
    first.set(name, (first.get(name) ?? 0) + 1);
  }
  for (const [name, share] of [
    ['big', 0.6],
    ['mid', 0.3],
    ['small', 0.1],
  ] as const) {
    assert.ok(Math.abs((first.get(name) ?? 0) / 10_000 - share) < 0.03, `${name}: ${first.get(name)}`);
  }
  assert.ok((first.get('spare') ?? 0) > 0 && (first.get('spare') ?? 0) < 300);
});

test('no set of records is lost or doubled by ordering', () => {
  const record = fc.record({
    priority: fc.nat({ max: 3 }),
    weight: fc.nat({ max: 5 }),
    port: fc.constant(1),
    name: fc.string({ minLength: 1 }).filter((s) => s !== '.'),
  });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), fc.nat(), (records, seed) => {
      const random = seeded(seed);
      const ordered = orderSrv(records, () => random.next());
      assert.deepEqual(new Set(ordered), new Set(records));
      assert.equal(ordered.length, records.length);
      for (const [i, { priority }] of ordered.entries()) assert.ok(priority >= (ordered[i - 1]?.priority ?? 0));
    }),
  );
});

test('when the DNS is lost, what was known stays good however old it is', async () => {
  let now = 0 as Instant;
  const dns = server(EXAMPLE);
  const remembering = rememberingDns(dns, { now: () => now });
  const known = await targets('sip:example.com', remembering);
  const asked = dns.asked.length;
  assert.equal(await targets('sip:example.com', remembering), known);
  assert.equal(dns.asked.length, asked, 'a fresh answer is not asked for again');
  dns.lost = true;
  now = after(now, seconds(86_400));
  assert.equal(await targets('sip:example.com', remembering), known);
  assert.equal(await targets('sip:unknown.example', remembering), 'lost');
  const tries = dns.asked.length;
  assert.equal(await targets('sip:unknown.example', remembering), 'lost');
  assert.equal(dns.asked.length, tries, 'a loss is remembered for a short while');
  dns.lost = false;
  now = after(now, seconds(11));
  assert.equal(await targets('sip:unknown.example', remembering), 'none');
});

test('while the DNS is away only the first question waits for it', async () => {
  let now = 0 as Instant;
  let answer: (heard: Result<readonly string[], DnsLost>) => void = () => {};
  const slow: Dns = {
    ...server({}),
    a: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  };
  const remembering = rememberingDns(slow, { now: () => now });
  const ask = (): Promise<Result<readonly string[], DnsLost>> => remembering.a('core.example');
  const first = ask();
  answer(ok(['192.0.2.1']));
  assert.deepEqual(await first, ok(['192.0.2.1']));
  now = after(now, seconds(61));
  const second = ask();
  answer(fail('lost'));
  assert.deepEqual(await second, ok(['192.0.2.1']));
  now = after(now, seconds(11));
  assert.deepEqual(await ask(), ok(['192.0.2.1']), 'while the question is still out');
  answer(ok(['192.0.2.2']));
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(await ask(), ok(['192.0.2.2']));
});

test('names of the hosts file are found without the DNS, in either family', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hosts-'));
  const hostsFile = join(directory, 'hosts');
  await writeFile(
    hostsFile,
    '# core\n192.0.2.5\tcore.example Core # the core\n2001:db8::5 core\n192.0.2.6 core\nnonsense core\n',
  );
  // Nobody answers there.
  const dns = systemDns({ servers: ['127.0.0.1:1'], hostsFile });
  assert.deepEqual(await dns.a('CORE'), ok(['192.0.2.5', '192.0.2.6']));
  assert.deepEqual(await dns.aaaa('core'), ok(['2001:db8::5']));
  assert.deepEqual(await dns.a('the'), fail('lost'));
  await rm(directory, { recursive: true });
});

test('questions at the same time are asked once', async () => {
  const dns = server(EXAMPLE);
  const remembering = rememberingDns(dns, { now: () => 0 as Instant });
  await Promise.all([
    remembering.a('s1.example.com'),
    remembering.a('S1.EXAMPLE.com'),
    remembering.aaaa('s1.example.com'),
  ]);
  assert.deepEqual(dns.asked, ['a s1.example.com', 'aaaa s1.example.com']);
});
