/** The SIP sockets over the loopback: real UDP, TCP and TLS, with limits made small. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { concat, fromLatin1, sameBytes, toLatin1 } from '../../src/kernel/bytes.ts';
import { silent } from '../../src/kernel/log.ts';
import { openSipTransport } from '../../src/net/transport.ts';
import type { ListenAt, SipTransport, SipTransportSetup } from '../../src/net/words.ts';
import type { Flow, Transport } from '../../src/sip/message/flow.ts';
import { authority, type Certificates } from '../support/certificates.ts';
import { INVITE, REGISTER, sip } from '../support/sip-messages.ts';

const LOCAL = '127.0.0.1';
const DEADLINE = 30_000;

/** What a transport has heard, and a way to wait for more. */
interface Ear {
  readonly transport: SipTransport;
  readonly messages: { readonly text: string; readonly flow: Flow }[];
  readonly broken: { readonly status: number; readonly flow: Flow }[];
  readonly closed: Flow[];
  port(transport: Transport): number;
  until(what: string, ready: () => boolean): Promise<void>;
}

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function listen(transports: readonly Transport[], more: Partial<SipTransportSetup> = {}): Promise<Ear> {
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of waiting) look();
  };
  const messages: Ear['messages'] = [];
  const broken: Ear['broken'] = [];
  const closed: Flow[] = [];
  const result = await openSipTransport({
    listen: transports.map((transport): ListenAt => ({ transport, address: LOCAL, port: 0 })),
    log: silent,
    onMessage(bytes, flow) {
      messages.push({ text: toLatin1(bytes), flow });
      tell();
    },
    onBroken(_bytes, status, flow) {
      broken.push({ status, flow });
      tell();
    },
    onClosed(flow) {
      closed.push(flow);
      tell();
    },
    ...more,
  });
  assert.ok(result.ok, result.ok ? '' : result.error.why);
  const transport = result.value;
  opened.push(() => transport.close());
  return {
    transport,
    messages,
    broken,
    closed,
    port: (of) => transport.listening.find((at) => at.transport === of)?.port ?? 0,
    until: (what, ready) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`not in time: ${what}`)), DEADLINE);
        const look = (): void => {
          if (!ready()) return;
          clearTimeout(late);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

async function dial(port: number, from = LOCAL): Promise<Socket> {
  const socket = connect({ host: LOCAL, port, localAddress: from });
  opened.push(() => {
    socket.destroy();
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Everything that a socket receives until it is closed, or until `enough`. */
function received(socket: Socket, enough: (text: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`not in time, after ${JSON.stringify(text)}`)), DEADLINE);
    const done = (): void => {
      clearTimeout(late);
      resolve(text);
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (enough(text)) done();
    });
    socket.once('close', done);
  });
}

let certificates: Certificates | undefined;
const ca = (): Certificates => {
  certificates ??= authority();
  return certificates;
};

test('a datagram comes in whole and its answer goes back from the same port', async () => {
  const here = await listen(['udp']);
  const there = await listen(['udp']);
  const sent = await there.transport.send({ transport: 'udp', address: LOCAL, port: here.port('udp') }, sip(INVITE));
  assert.ok(sent.ok);
  await here.until('the INVITE', () => here.messages.length === 1);
  const [heard] = here.messages;
  assert.ok(heard !== undefined && sameBytes(fromLatin1(heard.text), sip(INVITE)));
  assert.equal(heard.flow.remote.port, there.port('udp'));
  assert.ok((await here.transport.send(heard.flow, sip('SIP/2.0 100 Trying'))).ok);
  await there.until('the 100', () => there.messages.length === 1);
  assert.equal(there.messages[0]?.flow.remote.port, here.port('udp'));
});

test('keep-alives and empty datagrams are not messages', async () => {
  const here = await listen(['udp']);
  const there = await listen(['udp']);
  const target = { transport: 'udp' as const, address: LOCAL, port: here.port('udp') };
  for (const text of ['\r\n\r\n', '\r\n', '\0', '']) await there.transport.send(target, fromLatin1(text));
  await there.transport.send(target, sip(REGISTER));
  await here.until('the REGISTER', () => here.messages.length > 0);
  assert.equal(here.messages.length, 1);
});

test('a phone that keeps its flow alive with STUN is answered (RFC 5626 4.4.2)', async () => {
  const here = await listen(['udp']);
  const phone = createSocket('udp4');
  opened.push(() => {
    phone.close();
  });
  const request = Uint8Array.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...fromLatin1('transaction ')]);
  phone.send(request, here.port('udp'), LOCAL);
  const [answer] = (await once(phone, 'message', { signal: AbortSignal.timeout(DEADLINE) })) as [Uint8Array];
  assert.deepEqual([...answer.subarray(0, 4)], [1, 1, 0, 12]);
  assert.equal(here.messages.length, 0);
});

test('requests share one connection, answers come back over it, and its end is told', async () => {
  const here = await listen(['tcp']);
  const there = await listen(['tcp']);
  const target = { transport: 'tcp' as const, address: LOCAL, port: here.port('tcp') };
  const [first, second] = await Promise.all([
    there.transport.send(target, sip(INVITE)),
    there.transport.send(target, sip(REGISTER)),
  ]);
  assert.ok(first.ok && second.ok);
  assert.equal(first.value.connection, second.value.connection);
  await here.until('both requests', () => here.messages.length === 2);
  assert.equal(here.transport.connections, 1);
  const flow = here.messages[0]?.flow;
  assert.ok(flow !== undefined);
  assert.ok((await here.transport.send(flow, sip('SIP/2.0 200 OK'))).ok);
  await there.until('the answer', () => there.messages.length === 1);
  // Back to the far port: the connection that stands is used.
  const back = await here.transport.send({ transport: 'tcp', ...flow.remote }, sip('SIP/2.0 200 OK'));
  assert.ok(back.ok && back.value.connection === flow.connection);
  await there.transport.close();
  await here.until('the end', () => here.closed.length === 1);
  assert.equal(here.closed[0]?.connection, flow.connection);
  assert.deepEqual(await here.transport.send(flow, sip('SIP/2.0 200 OK')), { ok: false, error: 'closed' });
});

test('a ping is answered, and a peer that answers none is dropped', async () => {
  const here = await listen(['tcp'], { limits: { pong: 500 } });
  const socket = await dial(here.port('tcp'));
  const answer = received(socket, (text) => text === '\r\n');
  socket.write('\r\n\r\n');
  assert.equal(await answer, '\r\n');
  socket.write(sip(REGISTER));
  await here.until('the REGISTER', () => here.messages.length === 1);
  const flow = here.messages[0]?.flow;
  assert.ok(flow !== undefined);
  const pinged = received(socket, (text) => text === '\r\n\r\n');
  here.transport.ping(flow);
  await pinged;
  await here.until('the deaf peer to be dropped', () => here.closed.length === 1);
});

test('a pong in time keeps the connection', async () => {
  const here = await listen(['tcp'], { limits: { pong: 1_500 } });
  const there = await listen(['tcp']);
  await there.transport.send({ transport: 'tcp', address: LOCAL, port: here.port('tcp') }, sip(REGISTER));
  await here.until('the REGISTER', () => here.messages.length === 1);
  const flow = here.messages[0]?.flow;
  assert.ok(flow !== undefined);
  here.transport.ping(flow);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  assert.equal(here.closed.length, 0);
});

test('who says nothing, who says it too slowly and who stays idle is cut off', async () => {
  const here = await listen(['tcp'], { limits: { first: 1_000, message: 1_000, idle: 2_000 } });
  const mute = await dial(here.port('tcp'));
  const pinging = await dial(here.port('tcp'));
  const pings = setInterval(() => pinging.write('\r\n\r\n'), 40);
  opened.push(() => clearInterval(pings));
  await Promise.all([received(mute), received(pinging)]);
  const slow = await dial(here.port('tcp'));
  slow.write(concat(sip(REGISTER), fromLatin1('OPTIONS ')));
  const octets = setInterval(() => slow.write('x'), 40);
  opened.push(() => clearInterval(octets));
  await received(slow);
  const idle = await dial(here.port('tcp'));
  idle.write(sip(REGISTER));
  await received(idle);
  assert.equal(here.messages.length, 2);
  await here.until('all closed', () => here.closed.length === 4);
});

test('connections beyond the limits are refused, and a place that comes free is given again', async () => {
  const here = await listen(['tcp'], { limits: { perSource: 2 } });
  const first = await dial(here.port('tcp'));
  const second = await dial(here.port('tcp'));
  second.write(sip(REGISTER));
  await here.until('the second to be in', () => here.messages.length === 1);
  assert.equal(await received(await dial(here.port('tcp'))), '');
  first.destroy();
  await here.until('the first to be gone', () => here.closed.length === 1);
  const fourth = await dial(here.port('tcp'));
  fourth.write(sip(REGISTER));
  await here.until('the fourth to be heard', () => here.messages.length === 2);
});

test('who holds most of the places gives his oldest to a newcomer who holds none, and to nobody who holds as many', async () => {
  const here = await listen(['tcp'], { limits: { connections: 3 } });
  const greedy: Socket[] = [];
  for (let n = 1; n <= 3; n++) {
    const one = await dial(here.port('tcp'), '127.0.0.66');
    one.write(sip(REGISTER));
    greedy.push(one);
    await here.until(`number ${n}`, () => here.messages.length === n);
  }
  assert.equal(await received(await dial(here.port('tcp'), '127.0.0.66')), '');
  const ended = received(greedy[0] ?? assert.fail());
  const phone = await dial(here.port('tcp'), '127.0.0.2');
  phone.write(sip(REGISTER));
  await here.until('the phone', () => here.messages.length === 4);
  assert.equal(await ended, '');
  await here.until('the oldest to be gone', () => here.closed.length === 1);
  assert.equal(here.transport.connections, 3);
  const other = await dial(here.port('tcp'), '127.0.0.2');
  assert.equal(await received(other), '');
});

test('a flow that was stored before a restart is closed, whoever has its number now', async () => {
  const before = await listen(['tcp']);
  const phone = await dial(before.port('tcp'));
  phone.write(sip(REGISTER));
  await before.until('the phone', () => before.messages.length === 1);
  const stored = before.messages[0]?.flow;
  assert.ok(stored !== undefined);
  const after = await listen(['tcp']);
  const stranger = await dial(after.port('tcp'));
  stranger.write(sip(REGISTER));
  await after.until('the stranger', () => after.messages.length === 1);
  assert.equal(after.messages[0]?.flow.connection, stored.connection);
  assert.deepEqual(await after.transport.send(stored, sip(INVITE)), { ok: false, error: 'closed' });
});

test('strangers who hold every place do not keep us from calling out', async () => {
  const here = await listen(['tcp'], { limits: { connections: 2 } });
  for (let n = 1; n <= 2; n++) {
    (await dial(here.port('tcp'))).write(sip(REGISTER));
    await here.until(`stranger ${n}`, () => here.messages.length === n);
  }
  const there = await listen(['tcp']);
  const target = { transport: 'tcp' as const, address: LOCAL, port: there.port('tcp') };
  assert.ok((await here.transport.send(target, sip(INVITE))).ok);
});

test('a stream whose framing is lost may be answered once and is closed', async () => {
  const here = await listen(['tcp']);
  const socket = await dial(here.port('tcp'));
  const text = received(socket);
  socket.write(concat(sip(REGISTER.replace('Content-Length: 0', 'Content-Length: -1')), sip(REGISTER)));
  await here.until('the fault', () => here.broken.length === 1);
  const [fault] = here.broken;
  assert.ok(fault !== undefined && fault.status === 400);
  await here.transport.send(fault.flow, sip('SIP/2.0 400 Bad Request'));
  assert.match(await text, /^SIP\/2\.0 400/);
  assert.equal(here.messages.length, 0);
});

test('a peer that doesn’t read is dropped before it fills our memory', async () => {
  const here = await listen(['tcp'], { limits: { unsent: 200_000 } });
  const socket = await dial(here.port('tcp'));
  socket.pause();
  socket.write(sip(REGISTER));
  await here.until('the REGISTER', () => here.messages.length === 1);
  const flow = here.messages[0]?.flow;
  assert.ok(flow !== undefined);
  const results = await Promise.all(
    Array.from({ length: 400 }, () => here.transport.send(flow, new Uint8Array(60_000))),
  );
  assert.ok(results.some((result) => !result.ok && result.error === 'stuck'));
});

test('a port that is taken is named, and nothing stays open of a transport that failed', async () => {
  const here = await listen(['udp', 'tcp']);
  const silentEars = { log: silent, onMessage: () => {}, onBroken: () => {}, onClosed: () => {} };
  for (const transport of ['udp', 'tcp'] as const) {
    const at: ListenAt = { transport, address: LOCAL, port: here.port(transport) };
    const spare = await listen(['tcp']);
    const free = spare.port('tcp');
    await spare.transport.close();
    const taken = await openSipTransport({
      ...silentEars,
      listen: [{ transport: 'tcp', address: LOCAL, port: free }, at],
    });
    assert.ok(!taken.ok);
    assert.deepEqual(taken.error, {
      ...at,
      code: 'EADDRINUSE',
      why: `${transport} ${LOCAL}:${at.port} is taken by another program`,
    });
    const again = await openSipTransport({ ...silentEars, listen: [{ transport: 'tcp', address: LOCAL, port: free }] });
    assert.ok(again.ok, 'the first listener was left open');
    await again.value.close();
  }
  const foreign = await openSipTransport({
    ...silentEars,
    listen: [{ transport: 'udp', address: '192.0.2.1', port: 0 }],
  });
  assert.ok(!foreign.ok && foreign.error.code === 'EADDRNOTAVAIL');
  const bare = await openSipTransport({ ...silentEars, listen: [{ transport: 'tls', address: LOCAL, port: 0 }] });
  assert.ok(!bare.ok && bare.error.code === 'certificate');
});

test('nobody there, no such transport and a bad address are values', async () => {
  const here = await listen(['tcp']);
  const spare = await listen(['tcp']);
  const port = spare.port('tcp');
  await spare.transport.close();
  const send = (to: Parameters<SipTransport['send']>[0]): ReturnType<SipTransport['send']> =>
    here.transport.send(to, sip(REGISTER));
  assert.deepEqual(await send({ transport: 'tcp', address: LOCAL, port }), { ok: false, error: 'unreachable' });
  assert.deepEqual(await send({ transport: 'udp', address: LOCAL, port }), { ok: false, error: 'no-socket' });
  assert.deepEqual(await send({ transport: 'tls', address: LOCAL, port }), { ok: false, error: 'no-socket' });
  const udp = await listen(['udp']);
  assert.deepEqual(await udp.transport.send({ transport: 'udp', address: LOCAL, port: 0 }, sip(REGISTER)), {
    ok: false,
    error: 'unreachable',
  });
});

test('over TLS a peer must prove the name that was called', async () => {
  const { issue, ca: trusted } = ca();
  const here = await listen(['tls'], {
    tls: { ...issue(['DNS:core.example', `IP:${LOCAL}`]), ca: trusted, mutual: false },
  });
  const there = await listen([], { tls: { ca: trusted, mutual: false } });
  const target = { transport: 'tls' as const, address: LOCAL, port: here.port('tls') };
  const named = await there.transport.send({ ...target, host: 'core.example' }, sip(INVITE));
  assert.ok(named.ok, named.ok ? '' : named.error);
  await here.until('the INVITE', () => here.messages.length === 1);
  assert.equal(here.messages[0]?.flow.transport, 'tls');
  assert.ok((await there.transport.send(target, sip(REGISTER))).ok);
  assert.deepEqual(await there.transport.send({ ...target, host: 'other.example' }, sip(INVITE)), {
    ok: false,
    error: 'untrusted',
  });
  const stranger = await listen([], { tls: { mutual: false } });
  assert.deepEqual(await stranger.transport.send(target, sip(INVITE)), { ok: false, error: 'untrusted' });
});

test('mutual TLS lets nobody in without a certificate of ours', async () => {
  const { issue, ca: trusted } = ca();
  const here = await listen(['tls'], { tls: { ...issue([`IP:${LOCAL}`]), ca: trusted, mutual: true } });
  const target = { transport: 'tls' as const, address: LOCAL, port: here.port('tls') };
  const known = await listen([], { tls: { ...issue(['DNS:box.example']), ca: trusted, mutual: true } });
  assert.ok((await known.transport.send(target, sip(REGISTER))).ok);
  await here.until('the REGISTER', () => here.messages.length === 1);
  const unknown = await listen([], { tls: { ca: trusted, mutual: true } });
  await unknown.transport.send(target, sip(INVITE));
  await unknown.until(
    'the stranger to be cut off',
    () => unknown.closed.length === 1 || unknown.transport.connections === 0,
  );
  assert.equal(here.messages.length, 1);
});

test('a handshake that never comes costs its place only for a while', async () => {
  const { issue } = ca();
  const here = await listen(['tls'], {
    tls: { ...issue([`IP:${LOCAL}`]), mutual: false },
    limits: { first: 150, perSource: 1 },
  });
  assert.equal(await received(await dial(here.port('tls'))), '');
  assert.equal(await received(await dial(here.port('tls'))), '');
  assert.equal(here.transport.connections, 0);
});

test('a new certificate is shown to newcomers and cuts no connection', async () => {
  const { issue, ca: trusted } = ca();
  const here = await listen(['tls'], { tls: { ...issue(['DNS:old.example']), mutual: false } });
  const there = await listen([], { tls: { ca: trusted, mutual: false } });
  const target = { transport: 'tls' as const, address: LOCAL, port: here.port('tls') };
  const old = await there.transport.send({ ...target, host: 'old.example' }, sip(INVITE));
  assert.ok(old.ok);
  const problem = await here.transport.become([{ transport: 'tls', address: LOCAL, port: 0 }], {
    ...issue(['DNS:new.example']),
    mutual: false,
  });
  assert.equal(problem, undefined);
  assert.ok((await there.transport.send({ ...target, host: 'new.example' }, sip(INVITE))).ok);
  assert.ok((await there.transport.send(old.value, sip(REGISTER))).ok);
  await here.until('all three', () => here.messages.length === 3);
});
