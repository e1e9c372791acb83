/** Phones and SIP trunks call each other through the box: the same path as to a span, with SIP on both sides. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Phone, type PhoneOptions } from '../../scripts/demo/phone.ts';
import type { DialogRequest, PhoneCall } from '../../scripts/demo/phone-call.ts';
import { PhoneMedia } from '../../scripts/demo/phone-media.ts';
import { PhoneWire } from '../../scripts/demo/phone-wire.ts';
import { MEASURED, measureTones } from '../../src/rtp/measure.ts';
import { cseqOf } from '../../src/sip/message/fields.ts';
import { responseTo, type SipRequest } from '../../src/sip/message/message.ts';
import { parseNameAddr } from '../../src/sip/message/name-addr.ts';
import { answer, G711, offer } from '../../src/sip/sdp/negotiate.ts';
import { parseSdp, printSdp } from '../../src/sip/sdp/parse.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { authority } from '../support/certificates.ts';
import { eventually, PATIENCE } from '../support/process.ts';
import type { Settings } from '../support/sites.ts';

const LOCAL = '127.0.0.1';
const SIP = { address: LOCAL, port: 31_400 };
const TLS = { address: LOCAL, port: 31_401 };
/** Trunks are known by their address, so each has one of its own. */
const PEERS = { busy: '127.0.0.2', full: '127.0.0.3', fit: '127.0.0.4', asks: '127.0.0.5' };

const hex = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex');

/** RFC 7616 §3.4 with qop auth, worked out here and not by the code under test. */
function rfc7616(challenge: string, user: string, password: string, method: string, uri: string): string {
  const of = (name: string): string => new RegExp(`\\b${name}="?([^",]+)"?`, 'i').exec(challenge)?.[1] ?? '';
  const cnonce = randomBytes(8).toString('hex');
  const ha1 = hex('sha256', `${user}:${of('realm')}:${password}`);
  const response = hex('sha256', `${ha1}:${of('nonce')}:00000001:${cnonce}:auth:${hex('sha256', `${method}:${uri}`)}`);
  return (
    `Digest username="${user}", realm="${of('realm')}", nonce="${of('nonce')}", uri="${uri}", algorithm=SHA-256, ` +
    `response="${response}", qop=auth, nc=00000001, cnonce="${cnonce}"${of('opaque') === '' ? '' : `, opaque="${of('opaque')}"`}`
  );
}

describe('SIP to SIP', () => {
  let box: BoxProcess;
  const phones: Phone[] = [];
  let ada: Phone;
  let bell: Phone;
  const trunks = new Map<string, Phone>();
  let asks: PhoneWire;
  const certificates = authority();

  /** A phone that is closed with the others. */
  async function open(user: string, more: Partial<PhoneOptions> = {}): Promise<Phone> {
    const phone = await Phone.open({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN, ...more });
    phones.push(phone);
    return phone;
  }

  async function registered(user: string, more: Partial<PhoneOptions> = {}): Promise<Phone> {
    const phone = await open(user, more);
    assert.equal(await phone.register(600), 200);
    return phone;
  }

  before(async () => {
    for (const id of ['busy', 'full', 'fit'] as const) trunks.set(id, await open(id, { local: PEERS[id] }));
    asks = await PhoneWire.open(PEERS.asks, SIP, {
      hear: (request) => challenged(request),
      again: () => {},
      seen: () => {},
    });
    const trunk = (id: keyof typeof PEERS, port: number, more: Settings = {}): Settings => ({
      id,
      address: PEERS[id],
      port,
      ...more,
    });
    const portOf = (id: string): number => trunks.get(id)?.port ?? 0;
    const own = certificates.issue([`IP:${LOCAL}`]);
    box = new BoxProcess(settingsOf({ sip: SIP.port, http: 31_402, media: '31410-31499' }, settings(trunk, portOf)));
    for (const [name, pem] of [
      ['box.pem', own.cert],
      ['box.key', own.key],
      ['ca.pem', certificates.ca],
    ] as const)
      writeFileSync(join(box.folder, name), pem);
    await box.start();
    await box.ready();
    ada = await registered('201');
    bell = await registered('202');
  });
  after(async () => {
    for (const phone of phones) await phone.close();
    await asks?.close();
    await box?.remove();
  });

  const settings = (
    trunk: (id: keyof typeof PEERS, port: number, more?: Settings) => Settings,
    portOf: (id: string) => number,
  ): Settings => ({
    sip: {
      listen: [
        { transport: 'udp', ...SIP },
        { transport: 'tcp', ...SIP },
        { transport: 'tls', ...TLS },
      ],
      tls: { certificate: 'box.pem', key: 'box.key', ca: 'ca.pem' },
    },
    spans: [{ id: 't1', driver: 'virtual', far: { carrier: { holdSeconds: 60 } } }],
    spanGroups: [{ id: 'pstn', spans: ['t1'] }],
    users: [
      ...['201', '202', '203', '205'].map((id) => userOf(id, `+12145550${id}`)),
      { ...userOf('204', '+12145550204'), digest: ['SHA-256'] },
    ],
    sipTrunks: [
      trunk('busy', portOf('busy')),
      trunk('full', portOf('full')),
      trunk('fit', portOf('fit')),
      trunk('asks', asks.local.port, { credentials: { user: 'box', password: 'pw-box' } }),
    ],
    routes: [
      { id: 'next', prefixes: ['+1303'], gateways: ['full', 'fit'] },
      { id: 'stop', prefixes: ['+1404'], gateways: ['busy', 'fit'] },
      { id: 'asked', prefixes: ['+1505'], gateways: ['asks'] },
      { id: 'everywhere', prefixes: ['+'], gateways: ['pstn'] },
    ],
  });

  /** The next call that comes to this phone; `meet` is what the phone does with it. */
  function nextCall(phone: Phone, meet: (call: PhoneCall) => void): Promise<PhoneCall> {
    return new Promise((resolve) => {
      phone.onCall = (call) => {
        meet(call);
        resolve(call);
      };
    });
  }

  /** The frequency that a call hears now, to the hertz; undefined for silence. */
  function pitch({ media }: PhoneCall): number | undefined {
    const { samples, law } = media.heard;
    const [tone] = measureTones(samples, samples.length - MEASURED, law, 1);
    return tone === undefined ? undefined : Math.round(tone.frequency);
  }

  /** Both say a tone of their own, and each hears the other's. */
  async function talk(
    one: PhoneCall,
    other: PhoneCall,
    tones: readonly [number, number] = [620, 1_130],
  ): Promise<void> {
    one.media.play({ type: 'tone', frequency: tones[0], level: -12 });
    other.media.play({ type: 'tone', frequency: tones[1], level: -12 });
    await eventually('each hears the other', () => pitch(one) === tones[1] && pitch(other) === tones[0]);
  }

  const count = (phone: Phone, what: string): number =>
    phone.events.filter((event) => event.direction === 'in' && event.protocol === 'sip' && event.what.startsWith(what))
      .length;

  for (const dialled of ['202', '2145550202']) {
    test(`${dialled} rings the other phone, and the two hear each other`, async () => {
      const came = nextCall(bell, (call) => {
        call.ring();
        call.accept();
      });
      const call = await ada.call(dialled);
      assert.equal(await call.answered, true);
      assert.ok(call.statuses.includes(180));
      const other = await came;
      assert.match(other.invite?.headers.get('From') ?? '', /201|\+12145550201/);
      await talk(call, other);
      if (dialled === '202') await call.hangUp();
      else await other.hangUp();
      assert.deepEqual((await (dialled === '202' ? other : call).ended).cause, 16);
    });
  }

  test('two phones of one user ring together; the first to answer wins, the other hears who has', async () => {
    const second = await registered('202');
    const left = nextCall(bell, (call) => call.ring());
    const won = nextCall(second, (call) => call.ring());
    const call = await ada.call('202');
    const loser = await left;
    (await won).accept();
    assert.equal(await call.answered, true);
    // 26, non-selected user clearing (Q.850 §2.2.7.1.17), in the CANCEL's Reason (RFC 3326).
    assert.deepEqual(await loser.ended, { by: 'far', status: 487, cause: 26 });
    await talk(call, await won);
    await call.hangUp();
    assert.equal(await second.register(0), 200);
  });

  test('a busy phone is busy, and a caller who gives up cancels what rings', async () => {
    bell.onCall = (call) => call.refuse(486);
    const busy = await ada.call('202');
    assert.deepEqual(await busy.ended, { by: 'far', status: 486, cause: 17 });
    const came = nextCall(bell, (call) => call.ring());
    const call = await ada.call('202');
    const other = await came;
    await eventually('it rings', () => call.statuses.includes(180));
    await call.hangUp();
    assert.equal((await call.ended).status, 487);
    assert.deepEqual([(await other.ended).by, (await other.ended).status], ['far', 487]);
  });

  test('a user who is nowhere is told apart from one who does not exist', async () => {
    assert.equal((await (await ada.call('205')).ended).status, 480);
    assert.equal((await (await ada.call('299')).ended).status, 404);
  });

  test('hold and resume cross the box', async () => {
    const came = nextCall(bell, (call) => call.accept());
    const call = await ada.call('202');
    assert.equal(await call.answered, true);
    const other = await came;
    await talk(call, other);
    const offers = (): number => count(bell, 'INVITE') + count(bell, 'UPDATE');
    const before = offers();
    assert.equal(await call.reoffer('sendonly'), 200);
    await eventually('the other phone hears of it', () => offers() > before);
    // What was under way comes in, late where this process is busy; then there is silence, which only time shows.
    let more = 0;
    for (const until = performance.now() + PATIENCE * 1000; performance.now() < until; ) {
      const { packets } = call.media.heard;
      await sleep(300);
      more = call.media.heard.packets - packets;
      if (more <= 1) break;
    }
    assert.ok(more <= 1, 'the one who holds still hears');
    assert.equal(await call.reoffer('sendrecv'), 200);
    await talk(call, other, [700, 1_300]);
    await call.hangUp();
  });

  test('an INVITE without SDP is answered with an offer, and the answer in its ACK opens both ways', async () => {
    const came = nextCall(bell, (call) => call.accept());
    const media = await PhoneMedia.open(LOCAL);
    const base: DialogRequest = {
      method: 'INVITE',
      uri: `sip:202@${DOMAIN}`,
      routes: [],
      from: `<sip:201@${DOMAIN}>;tag=late`,
      to: `<sip:202@${DOMAIN}>`,
      callId: `late-${Date.now()}`,
      cseq: 1,
      headers: [],
      sdp: undefined,
    };
    const response = await ada.send(base);
    assert.equal(response?.status, 200);
    assert.ok(response !== undefined && response.body.length > 0);
    const offered = parseSdp(response.body);
    assert.ok(offered.ok);
    const answered = answer(offered.value, G711, {
      address: LOCAL,
      port: media.port,
      session: '1',
      previous: undefined,
    });
    assert.ok(answered.type !== 'refused');
    const contact = parseNameAddr(response.headers.get('Contact') ?? '');
    assert.ok(contact.ok);
    const cseq = cseqOf(response)?.number ?? 1;
    const dialog = { ...base, uri: contact.value.uri, to: response.headers.get('To') ?? '' };
    ada.acknowledge({ ...dialog, method: 'ACK', cseq, sdp: answered.answer });
    media.aim(answered.agreed);
    media.play({ type: 'tone', frequency: 850, level: -12 });
    const other = await came;
    other.media.play({ type: 'tone', frequency: 1_500, level: -12 });
    const heard = (): number | undefined => {
      const { samples, law } = media.heard;
      const [tone] = measureTones(samples, samples.length - MEASURED, law, 1);
      return tone === undefined ? undefined : Math.round(tone.frequency);
    };
    await eventually('each hears the other', () => heard() === 1_500 && pitch(other) === 850);
    assert.equal((await ada.send({ ...dialog, method: 'BYE', cseq: cseq + 1 }))?.status, 200);
    await other.ended;
    await media.close();
  });

  test('a trunk that answers 503 is passed over for the next', async () => {
    const full = trunks.get('full') as Phone;
    full.onCall = (call) => call.refuse(503);
    for (let n = 0; n < 2; n++) {
      const came = nextCall(trunks.get('fit') as Phone, (call) => call.accept());
      const call = await ada.call('3035550123');
      assert.equal(await call.answered, true);
      const other = await came;
      assert.match(other.invite?.uri ?? '', /^sip:\+13035550123@127\.0\.0\.4/);
      await talk(call, other);
      await other.hangUp();
      assert.equal((await call.ended).by, 'far');
    }
    // The route begins with the other gateway each time, so that one of the two calls has met the full one.
    assert.equal(count(full, 'INVITE'), 1);
  });

  test('a trunk whose party is busy ends the search', async () => {
    const fit = trunks.get('fit') as Phone;
    const busy = trunks.get('busy') as Phone;
    busy.onCall = (call) => call.refuse(486);
    fit.onCall = (call) => call.accept();
    const [fitBefore, busyBefore] = [count(fit, 'INVITE'), count(busy, 'INVITE')];
    const statuses: (number | undefined)[] = [];
    for (let n = 0; n < 2; n++) {
      const call = await ada.call('4045550123');
      if (await call.answered) await call.hangUp();
      statuses.push((await call.ended).status);
    }
    assert.deepEqual(statuses.toSorted(), [486, undefined]);
    assert.deepEqual([count(fit, 'INVITE') - fitBefore, count(busy, 'INVITE') - busyBefore], [1, 1]);
  });

  /** A trunk that wants a password: RFC 7616 with SHA-256, checked by its own hand. */
  const proofs: string[] = [];
  const CHALLENGE = 'Digest realm="carrier", nonce="n0nce", qop="auth", algorithm=SHA-256';
  let asked: PhoneMedia | undefined;
  async function challenged(request: SipRequest): Promise<void> {
    if (request.method === 'ACK') return asks.acknowledged(request.headers.get('Call-ID') ?? '');
    const reply = (status: number, more: object = {}): void =>
      asks.respond(request, responseTo(request, status, { toTag: 'carrier', ...more }));
    if (request.method !== 'INVITE') return reply(200);
    const given = request.headers.get('Proxy-Authorization');
    if (given === undefined) return reply(407, { headers: [['Proxy-Authenticate', CHALLENGE]] });
    const of = (name: string): string => new RegExp(`\\b${name}="?([^",]+)"?`).exec(given)?.[1] ?? '';
    const ha2 = hex('sha256', `INVITE:${of('uri')}`);
    const expected = hex(
      'sha256',
      `${hex('sha256', 'box:carrier:pw-box')}:n0nce:${of('nc')}:${of('cnonce')}:auth:${ha2}`,
    );
    proofs.push(of('response') === expected ? 'right' : given);
    asked = await PhoneMedia.open(PEERS.asks);
    const theirs = parseSdp(request.body);
    assert.ok(theirs.ok);
    const ours = answer(theirs.value, G711, {
      address: PEERS.asks,
      port: asked.port,
      session: '1',
      previous: undefined,
    });
    assert.ok(ours.type !== 'refused');
    asked.aim(ours.agreed);
    asked.play({ type: 'tone', frequency: 900, level: -12 });
    reply(200, {
      headers: [
        ['Contact', `<sip:carrier@${PEERS.asks}:${asks.local.port}>`],
        ['Content-Type', 'application/sdp'],
      ],
      body: printSdp(ours.answer),
    });
  }

  test('a trunk that asks for a password gets the right one', async () => {
    const call = await ada.call('5055550123');
    assert.equal(await call.answered, true);
    assert.deepEqual(proofs, ['right']);
    await eventually('its tone', () => pitch(call) === 900);
    await call.hangUp();
    await asked?.close();
  });

  test('who takes SHA-256 only is offered that alone, proves himself by RFC 7616, and calls', async () => {
    const phone = await open('204', { algorithms: ['SHA-256'] });
    const uri = `sip:${DOMAIN}`;
    const register = (cseq: number, ...headers: (readonly [string, string])[]): DialogRequest => ({
      method: 'REGISTER',
      uri,
      routes: [],
      from: `<sip:204@${DOMAIN}>;tag=own`,
      to: `<sip:204@${DOMAIN}>`,
      callId: 'own-hand',
      cseq,
      headers: [['Expires', '600'], ...headers],
      sdp: undefined,
    });
    const deaf = await open('204', { algorithms: ['SHA-512-256'] });
    const challenge = await deaf.send(register(1));
    assert.equal(challenge?.status, 401);
    const offers = challenge?.headers.all('WWW-Authenticate') ?? [];
    assert.deepEqual(
      offers.map((one) => /algorithm=([\w-]+)/.exec(one)?.[1]),
      ['SHA-256'],
    );
    const proven = await deaf.send(
      register(2, ['Authorization', rfc7616(offers[0] ?? '', '204', 'pw-204', 'REGISTER', uri)]),
    );
    assert.equal(proven?.status, 200);
    const came = nextCall(bell, (call) => call.accept());
    const call = await phone.call('202');
    assert.equal(await call.answered, true);
    await talk(call, await came);
    await call.hangUp();
  });

  /** An open TLS connection to the box, with a certificate of ours or without. */
  async function secure(more: object): Promise<TLSSocket> {
    const socket = connectTls({ ...TLS, host: LOCAL, ca: certificates.ca, ...more });
    await once(socket, 'secureConnect');
    return socket;
  }

  test('a phone over TLS calls and is called over its connection; without a certificate nobody gets in', async () => {
    const phone = await registered('203', { stream: await secure(certificates.issue(['DNS:phone.example'])) });
    const came = nextCall(bell, (call) => call.accept());
    const call = await phone.call('202');
    assert.equal(await call.answered, true);
    await talk(call, await came);
    await call.hangUp();
    const back = nextCall(phone, (call) => call.accept());
    const called = await bell.call('203');
    assert.equal(await called.answered, true);
    await talk(called, await back);
    await called.hangUp();
    const stranger = await secure({});
    await assert.rejects(
      Promise.race([once(stranger, 'error').then(([error]) => Promise.reject(error)), once(stranger, 'close')]),
    );
  });

  test('two calls on one TCP connection keep their own sound', async () => {
    const stream = connect({ host: LOCAL, port: SIP.port });
    await once(stream, 'connect');
    const phone = await registered('203', { stream });
    const came: PhoneCall[] = [];
    bell.onCall = (call) => {
      came.push(call);
      call.accept();
    };
    const calls = [await phone.call('202'), await phone.call('202')];
    for (const call of calls) assert.equal(await call.answered, true);
    await eventually('both are there', () => came.length === 2);
    const tones = [500, 800, 1_100, 1_400];
    [...calls, ...came].forEach((call, i) => {
      call.media.play({ type: 'tone', frequency: tones[i] ?? 0, level: -12 });
    });
    const heard = (all: readonly PhoneCall[]): string =>
      all
        .map((call) => pitch(call) ?? 0)
        .toSorted()
        .join(' ');
    await eventually('each hears one of its own', () => heard(calls) === '1100 1400' && heard(came) === '500 800');
    await calls[0]?.hangUp();
    const [, second] = calls;
    assert.ok(second?.talking);
    await second.hangUp();
  });

  test('911 from a phone that nobody knows reaches the span; without a password nothing else does', async () => {
    const stranger = await open('999', { password: 'no idea' });
    const call = await stranger.call('911');
    assert.equal(await call.answered, true);
    call.media.play({ type: 'tone', frequency: 1_250, level: -12 });
    await eventually('the simulated answering point echoes', () => pitch(call) === 1_250);
    const busy = async (): Promise<number> =>
      (await box.spans()).flatMap(({ channels }) => channels).filter(({ state }) => state === 'busy').length;
    assert.equal(await busy(), 1);
    await call.hangUp();
    for (const [user, password] of [
      ['999', 'no idea'],
      ['201', 'wrong'],
    ] as const) {
      const thief = await open(user, { password });
      const refused = await thief.call('5551004');
      assert.equal((await refused.ended).status, 401);
      assert.equal(await thief.register(600), 401);
    }
    await box.until('the span is idle', async () => (await busy()) === 0);
  });

  test('who proves to be one user and says to be another is refused with 403', async () => {
    const sdp = offer(G711, { address: LOCAL, port: 40_000, session: '1', previous: undefined });
    const response = await ada.send({
      method: 'INVITE',
      uri: `sip:5551004@${DOMAIN}`,
      routes: [],
      from: `<sip:202@${DOMAIN}>;tag=liar`,
      to: `<sip:5551004@${DOMAIN}>`,
      callId: `liar-${Date.now()}`,
      cseq: 1,
      headers: [],
      sdp,
    });
    assert.equal(response?.status, 403);
  });

  test('nothing of all these calls is left', async () => {
    await box.quiet();
  });
});
