/** Malformed traffic at every door of a running box: it stays up, keeps working, and keeps nothing. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Phone } from '../../scripts/demo/phone.ts';
import { fromHex, fromLatin1 } from '../../src/kernel/bytes.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { header, RudePeer, reply, SDP, variants } from '../support/fuzz.ts';
import { eventually } from '../support/process.ts';
import { UdpEnd } from '../support/q931-udp.ts';
import { DeskSound } from '../support/sound-desk.ts';

const SIP = { address: '127.0.0.1', port: 28_080 };
const SPAN = { ours: 28_500, peer: 28_550 };
const RUDE = { udp: '127.0.0.2', tcp: '127.0.0.3', port: 28_090 };
/** Another seed, another run. */
const SEED = Number(process.env.SEED ?? 1);
/** So many at a time, then the box gets a breath; a socket's buffer holds them. */
const BURST = 20;

/** Answered by the carrier: what the rude peer calls without an end, and what is kept free for calls that are meant. */
const ANSWERS = '+12145551004';
const FREE = '+18175551004';

describe('under malformed traffic', () => {
  let box: BoxProcess;
  let phone: Phone<DeskSound>;
  let rude: RudePeer;
  let line: UdpEnd;
  let calls = 0;
  let seed = SEED * 1000;

  before(async () => {
    const settings = settingsOf(
      { sip: SIP.port, http: 28_081, media: '61000-61999' },
      {
        limits: { calls: 1_000, callsPerUser: 100 },
        spans: [
          { id: 'carrier', driver: 'virtual', far: { carrier: { holdSeconds: 20 } } },
          { id: 'spare', driver: 'virtual', far: { carrier: { holdSeconds: 20 } } },
          { id: 'line', driver: 'virtual', far: { listen: `127.0.0.1:${SPAN.ours}`, peer: `127.0.0.1:${SPAN.peer}` } },
        ],
        spanGroups: [
          { id: 'pstn', spans: ['carrier'] },
          { id: 'free', spans: ['spare'] },
          { id: 'other', spans: ['line'], policy: 'all' },
        ],
        sipTrunks: [
          { id: 'rude', address: RUDE.udp, port: RUDE.port, transport: 'udp', profile: 'branch', policy: 'all' },
          { id: 'rude-tcp', address: RUDE.tcp, port: RUDE.port, transport: 'tcp', profile: 'branch', policy: 'all' },
        ],
        policies: [{ id: 'all' }],
        users: [userOf('201', '+12145550201')],
        dids: [{ number: '+12145550201', to: { user: '201' } }],
        routes: [
          { id: 'rude', prefixes: ['+1972'], gateways: ['rude'] },
          { id: 'free', prefixes: ['+1817'], gateways: ['free'] },
          { id: 'line', prefixes: ['+1425'], gateways: ['other'] },
          { id: 'everywhere', prefixes: ['+'], gateways: ['pstn'] },
        ],
      },
    );
    line = new UdpEnd({ ours: SPAN.peer, peer: SPAN.ours }, { side: 'network' });
    await line.open();
    box = await BoxProcess.started(settings);
    await box.ready();
    rude = await RudePeer.open(RUDE.udp, RUDE.port, SIP.port);
    phone = await Phone.with({ registrar: SIP, user: '201', password: 'pw-201', domain: DOMAIN }, DeskSound.open);
    assert.equal(await phone.register(600), 200);
  });
  after(async () => {
    await phone?.close();
    await rude?.close();
    await line?.close();
    await box?.remove();
  });

  /** After every kind of traffic: the process lives, nothing of ours has failed, and a call goes through with its sound. */
  afterEach(async () => {
    assert.equal(await box.health(), 200);
    assert.equal(await box.metric('branchline_faults'), 0, box.said);
    const call = await phone.call(FREE);
    assert.equal(await call.answered, true, 'a good call goes through');
    await call.media.listen(0.5);
    await call.hangUp();
  });

  async function flood(octets: readonly Uint8Array[], send: (one: Uint8Array) => void): Promise<void> {
    for (const [i, one] of octets.entries()) {
      send(one);
      if (i % BURST === BURST - 1) await sleep(20);
    }
    await sleep(100);
  }

  /** Waits until our link has said everything that waits in it, and the box has answered. */
  async function quietLine(): Promise<void> {
    let frames = -1;
    await box.until('the link has carried all of it', async () => {
      const before = frames;
      frames = line.sent.length;
      return frames === before;
    });
  }

  const fuzz = (originals: readonly Uint8Array[], count: number): readonly Uint8Array[] =>
    variants(originals, ++seed, count);

  const invite = (over: { body?: string | Uint8Array; uri?: string } = {}, transport = 'UDP'): Uint8Array => {
    const uri = over.uri ?? `sip:${ANSWERS}@127.0.0.1:${SIP.port}`;
    return rude.request({ method: 'INVITE', uri, callId: `c${++calls}`, cseq: 1, body: over.body ?? SDP }, transport);
  };

  const outside = (transport = 'UDP'): readonly Uint8Array[] => [
    invite({}, transport),
    invite({ body: '' }, transport),
    invite({ uri: `sip:+12145550201@127.0.0.1:${SIP.port}` }, transport),
    ...['OPTIONS', 'REGISTER', 'SUBSCRIBE', 'CANCEL', 'BYE', 'ACK', 'NOTIFY'].map((method) =>
      rude.request({ method, uri: `sip:127.0.0.1:${SIP.port}`, callId: `c${++calls}`, cseq: 1 }, transport),
    ),
  ];

  test('requests over UDP, near valid ones', async () => {
    for (let round = 0; round < 30; round++) await flood(fuzz(outside(), 20), (one) => rude.send(one));
  });

  test('session descriptions near valid ones, in INVITEs that are right', async () => {
    const bodies = fuzz([fromLatin1(SDP)], 300);
    await flood(
      bodies.map((body) => invite({ body })),
      (one) => rude.send(one),
    );
    // Some are taken, some have nothing in them that we speak, some can't be read.
    await eventually('three kinds of answers', () => [200, 400, 488].every((status) => rude.statuses.has(status)));
  });

  test('requests inside calls that are up', async () => {
    for (let round = 0; round < 12; round++) {
      const callId = `in${++calls}`;
      const uri = `sip:${FREE}@127.0.0.1:${SIP.port}`;
      rude.send(rude.request({ method: 'INVITE', uri, callId, cseq: 1, body: SDP }));
      await eventually('an answer', () => rude.final(callId) !== undefined);
      const final = rude.final(callId) ?? '';
      assert.match(final, /^SIP\/2\.0 200/);
      const to = header(final, 'To');
      const target = /<(.*)>/.exec(header(final, 'Contact'))?.[1] ?? uri;
      const inside = (method: string, cseq: number, more: { body?: string; headers?: readonly string[] } = {}) =>
        rude.request({ method, uri: target, callId, cseq, to, ...more });
      rude.send(inside('ACK', 1));
      const originals = [
        inside('INVITE', 2, { body: SDP.replace('3894 1', '3894 2').replace('sendrecv', 'sendonly') }),
        inside('INVITE', 3),
        inside('UPDATE', 4, { body: SDP.replace('3894 1', '3894 3') }),
        inside('PRACK', 5, { headers: ['RAck: 1 1 INVITE'] }),
        inside('INFO', 6, { headers: ['Info-Package: dtmf'] }),
        inside('REFER', 7, { headers: ['Refer-To: <sip:201@127.0.0.1>'] }),
        inside('ACK', 2),
        inside('BYE', 8),
      ];
      await flood(fuzz(originals, 20), (one) => rude.send(one));
      rude.send(inside('BYE', 1_000));
    }
  });

  test('answers to the box’s own INVITEs', async () => {
    const polite = rude.answers;
    for (let round = 0; round < 25; round++) {
      rude.answers = (request) => {
        if (!request.startsWith('INVITE ')) return polite(request);
        const originals = [
          reply(request, 180),
          reply(request, 183, SDP),
          reply(request, 200, SDP),
          reply(request, 302),
        ];
        return fuzz([...originals, reply(request, 401)], 12);
      };
      const call = await phone.call('9725551234');
      await Promise.race([call.ended, sleep(300)]);
      rude.answers = polite;
      await Promise.race([call.hangUp(), sleep(2_000)]);
    }
  });

  test('streams: near valid, cut off, and octet by octet', async () => {
    const open: Socket[] = [];
    const stream = (): Promise<Socket> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: SIP.address, port: SIP.port, localAddress: RUDE.tcp });
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          socket.on('error', () => {});
          socket.resume();
          open.push(socket);
          resolve(socket);
        });
      });
    for (let round = 0; round < 40; round++) {
      const socket = await stream();
      for (const one of fuzz(outside('TCP'), 8)) socket.write(one);
      if (round % 2 === 0) socket.end();
    }
    for (const one of outside('TCP')) {
      const socket = await stream();
      socket.write(one.subarray(0, one.length >> 1));
      socket.destroy();
    }
    const slow = await Promise.all(Array.from({ length: 10 }, stream));
    const octets = invite({}, 'TCP');
    for (let at = 0; at < 100; at++) {
      for (const socket of slow) socket.write(octets.subarray(at, at + 1));
      await sleep(5);
    }
    for (const socket of open) socket.destroy();
  });

  test('Q.931 messages on the D-channel, near valid ones and any octets', async () => {
    await eventually('the link is up', () => line.up);
    const originals = [
      // SETUP, CALL PROCEEDING, ALERTING, PROGRESS, CONNECT, DISCONNECT, RELEASE, STATUS, STATUS ENQUIRY, RESTART, SERVICE.
      '0802000105040380 90a21803a98381 6c0c2180 32313435353530313233 70 0ba1 32313435353530323031',
      '08028001021803a98381',
      '08028001 01 1e028188',
      '0802800103 1e028188',
      '0802800107',
      '08020001450802 8290',
      '080200014d08028290',
      '080200017d 080280e3 14010a',
      '0802000175',
      '08020000461803a98381790180',
      '430200000f 010180 1803a98381',
      '0801017b2c03323334',
    ].map((hex) => fromHex(hex.replaceAll(' ', '')));
    await flood(fuzz(originals, 800), (one) => line.say(one));
    await quietLine();
    // Calls still go over the span, both ways.
    line.feed({ type: 'restart', channels: 'all' });
    await eventually('RESTART is acknowledged', () => line.restarted.some(({ acknowledged }) => acknowledged), 40);
    await eventually('the channels are idle', () => line.group.channelStates().every(({ state }) => state === 'idle'));
    line.react = (handle, { type }) => {
      if (type === 'setup') line.request(handle, { type: 'connect' });
    };
    const call = await phone.call('4255551234');
    assert.equal(await call.answered, true);
    await call.hangUp();
  });

  test('LAPD frames near valid ones', async () => {
    const socket = createSocket('udp4');
    const originals = [
      '00017f',
      '000173',
      '02010101',
      '00010001',
      '02010000 0802000175',
      '00018700',
      '000153',
      '03ff',
    ].map((hex) => fromHex(hex.replaceAll(' ', '')));
    // From another port the span does not hear them at all; from the far end's own it does.
    await flood(fuzz(originals, 100), (one) => socket.send(one, SPAN.ours, '127.0.0.1'));
    await flood(fuzz(originals, 400), (one) => line.raw(one));
    socket.close();
    await box.until('the link is up again', async () => (await box.spans()).every(({ dChannel }) => dChannel.up), 60);
  });

  test('RTP and RTCP at the ports of a call that is up, which it does not notice', async () => {
    const call = await phone.call(FREE);
    assert.equal(await call.answered, true);
    await call.media.listen(0.5);
    const sockets = Array.from({ length: 3 }, () => createSocket('udp4'));
    const rtp = fromHex('80000001000000a0 12345678'.replaceAll(' ', '') + 'ff'.repeat(160));
    const event = fromHex('80e50001000000a0123456780b0a0140');
    const report = fromHex('80c8000612345678e0000000000000000000000000000001000000a0');
    const bye = fromHex('81cb000112345678');
    const before = call.media.heard.packets;
    const from = performance.now();
    await flood(fuzz([rtp, event, report, bye], 2_000), (one) => {
      const socket = sockets[one.length % sockets.length];
      // The call's port is somewhere in here, with its neighbours.
      for (let port = 61_000; port < 61_040; port++) socket?.send(one.subarray(0, 1_400), port, '127.0.0.1');
    });
    const due = (performance.now() - from) / 20;
    const came = call.media.heard.packets - before;
    for (const socket of sockets) socket.close();
    assert.ok(came > 0.9 * due, `${came} packets of ${due.toFixed(0)}`);
    assert.ok(call.talking);
    await call.hangUp();
  });

  test('when it is over, no call, channel, port, dialog or transaction is left', async () => {
    await box.quiet(120);
    assert.equal(await box.metric('branchline_faults'), 0);
  });
});
