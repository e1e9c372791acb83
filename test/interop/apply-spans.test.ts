/** `branchline apply` of spans, listeners and certificates with a call up on what does not change. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import type { ApplyAnswer } from '../../src/console/views.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { authority } from '../support/certificates.ts';
import { eventually, portTaken } from '../support/process.ts';
import type { Settings } from '../support/sites.ts';
import { DeskSound } from '../support/sound-desk.ts';

const LOCAL = '127.0.0.1';
const SIP = { address: LOCAL, port: 31_060 };
const HTTP = 31_080;
const FAR = 31_100;

const carrier = (id: string, holdSeconds: number): Settings => ({
  id,
  driver: 'virtual',
  far: { carrier: { holdSeconds } },
});
const overUdp = (id: string, port: number): Settings => ({
  id,
  driver: 'virtual',
  far: { listen: `${LOCAL}:${port}`, peer: `${LOCAL}:${port + 50}` },
});

/** What stays, and beside it `more` spans in a group of their own, which calls to +1972 go to. */
const withSpans = (...more: readonly Settings[]): Settings => ({
  spans: [carrier('stays', 3_600), ...more],
  spanGroups: [
    { id: 'pstn', spans: ['stays'] },
    ...(more.length === 0 ? [] : [{ id: 'second', spans: more.map(({ id }) => id) }]),
  ],
  routes: [
    ...(more.length === 0 ? [] : [{ id: 'dallas', prefixes: ['+1972'], gateways: ['second'] }]),
    { id: 'everywhere', prefixes: ['+'], gateways: ['pstn'] },
  ],
});

const listen = (...more: readonly Settings[]): readonly Settings[] => [
  { transport: 'udp', ...SIP },
  { transport: 'tcp', ...SIP },
  ...more,
];

describe('spans, listeners and certificates change with a call up', () => {
  let box: BoxProcess;
  let phone: Phone<DeskSound>;
  let call: PhoneCall<DeskSound>;
  /** A phone whose registration lives on a TCP connection. */
  let deskphone: Phone;

  before(async () => {
    box = await BoxProcess.started(
      settingsOf(
        { sip: SIP.port, http: HTTP, media: '31200-31399' },
        { users: [userOf('201', '+12145550201'), userOf('202', '+12145550202')], ...withSpans() },
      ),
    );
    await box.ready();
    phone = await Phone.with({ registrar: SIP, user: '201', password: 'pw-201', domain: DOMAIN }, DeskSound.open);
    deskphone = await phoneOver(await dial(SIP.port));
    assert.equal(await deskphone.register(600), 200);
    call = await phone.call('5551005');
    call.media.play({ type: 'tone', frequency: 700, level: -20 });
    assert.equal(await call.answered, true);
    await call.media.listen(0.5);
  });
  after(async () => {
    await phone?.close();
    await deskphone?.close();
    await box?.remove();
  });

  const phoneOver = (stream: Socket): Promise<Phone> =>
    Phone.open({ registrar: SIP, user: '202', password: 'pw-202', domain: DOMAIN, stream });

  async function dial(port: number): Promise<Socket> {
    const socket = connect({ host: LOCAL, port });
    await once(socket, 'connect');
    return socket;
  }

  const refused = (port: number): Promise<boolean> =>
    dial(port).then(
      (socket) => {
        socket.destroy();
        return false;
      },
      () => true,
    );

  async function apply(changes: Settings, confirm = 0, http = HTTP): Promise<ApplyAnswer> {
    const body = JSON.stringify({ ...JSON.parse(box.read()), ...changes });
    const answer = await fetch(`http://${LOCAL}:${http}/api/v1/config?confirm=${confirm}`, { method: 'POST', body });
    return (await answer.json()) as ApplyAnswer;
  }

  async function applied(changes: Settings, expected: readonly string[]): Promise<void> {
    const answer = await apply(changes);
    assert.ok(answer.type === 'applied', JSON.stringify(answer));
    assert.deepEqual(
      answer.changes
        .filter(({ reach }) => reach !== 'directory')
        .map(({ section, id, kind }) => `${kind} ${section} ${id}`),
      expected,
    );
  }

  /** Runs `what`, and holds the call to a sound without a gap, and both connections to their registrations. */
  async function unnoticed(what: () => Promise<void>): Promise<void> {
    const { packets, lost } = call.media.heard;
    const from = performance.now();
    await what();
    const due = (performance.now() - from) / 20;
    assert.ok(call.talking, 'the call has ended');
    const came = call.media.heard.packets - packets;
    // Five packets are a hole of 100 ms.
    assert.ok(came > due - 5, `${came} packets of ${due.toFixed(1)}`);
    assert.ok(call.media.heard.lost - lost <= 1, `${call.media.heard.lost - lost} packets lost`);
    const [registration] = (await box.status()).registrations.filter(({ user }) => user.includes('202'));
    assert.equal(registration?.contacts.length, 1);
  }

  const spanIds = async (): Promise<string> => (await box.spans()).map(({ id }) => id).join(' ');
  const isUp = async (id: string): Promise<boolean> =>
    (await box.spans()).some((span) => span.id === id && span.dChannel.up);

  async function callOut(): Promise<PhoneCall<DeskSound>> {
    const other = await phone.call('9725551005');
    assert.equal(await other.answered, true);
    return other;
  }

  test('a span that is added carries calls at once', async () => {
    await unnoticed(async () => {
      await applied(withSpans(carrier('more', 600)), ['added spans more']);
      await box.until('the new span is up', () => isUp('more'));
      await box.until('and idle', async () =>
        (await box.spans()).every(({ channels }) => channels.some(({ state }) => state === 'idle')),
      );
      const other = await callOut();
      await other.hangUp();
    });
    assert.equal(await spanIds(), 'stays more');
  });

  test('a span that changes ends its calls in order, 31 for who talks and 41 for who waits, and opens anew', async () => {
    const talks = await callOut();
    const waits = await phone.call('9725551009');
    await eventually('it rings', () => waits.statuses.includes(180));
    await unnoticed(async () => {
      await applied(withSpans(carrier('more', 700)), ['changed spans more']);
      assert.deepEqual(await talks.ended, { by: 'far', status: undefined, cause: 31 });
      assert.deepEqual(await waits.ended, { by: 'far', status: 503, cause: 41 });
      await box.until('the span is up again', () => isUp('more'));
      await box.until('and takes calls', async () =>
        (await box.spans()).every(({ channels }) => channels.filter(({ state }) => state === 'idle').length >= 22),
      );
      await (await callOut()).hangUp();
    });
  });

  test('a span whose port is taken is refused by name, and what was there is there', async () => {
    const blocker = createSocket('udp4');
    await new Promise<void>((resolve) => blocker.bind(FAR + 5, LOCAL, resolve));
    const kept = box.read();
    const talks = await callOut();
    await unnoticed(async () => {
      const answer = await apply(withSpans(carrier('more', 700), overUdp('taken', FAR)));
      assert.ok(answer.type === 'kept-back', JSON.stringify(answer));
      assert.match(answer.why, new RegExp(`span taken: far\\.listen: UDP ${LOCAL}:${FAR + 5} for B-channel 5`));
      assert.equal(await spanIds(), 'stays more');
      assert.ok(talks.talking, 'a call on a span that did not change has ended');
      assert.equal(portTaken('udp', FAR + 1), false);
      await talks.hangUp();
      // The one that was to be replaced comes back.
      const other = await apply(withSpans(overUdp('more', FAR)));
      assert.ok(other.type === 'kept-back', JSON.stringify(other));
      await box.until('the old span is back', () => isUp('more'));
    });
    assert.equal(box.read(), kept);
    await new Promise<void>((resolve) => blocker.close(() => resolve()));
    await unnoticed(() => applied(withSpans(overUdp('more', FAR)), ['changed spans more']));
    assert.equal(portTaken('udp', FAR + 24), true);
  });

  test('a span that is removed leaves neither port nor channel', async () => {
    await unnoticed(async () => {
      await applied(withSpans(), ['removed spans more']);
      assert.equal(await spanIds(), 'stays');
      for (const port of [FAR, FAR + 1, FAR + 24]) assert.equal(portTaken('udp', port), false, `${port}`);
    });
    assert.equal(await box.metric('branchline_media_endpoints'), 2);
  });

  test('without a confirmation a new span goes again, and its calls with it', async () => {
    await unnoticed(async () => {
      const answer = await apply(withSpans(carrier('trial', 600)), 10);
      assert.ok(answer.type === 'applied' && answer.confirmBy !== undefined, JSON.stringify(answer));
      await box.until('it is up', () => isUp('trial'));
      await box.until('it is gone', async () => (await spanIds()) === 'stays');
    });
  });

  test('a listener comes and goes; who is connected stays, calls are made and taken over its connection', async () => {
    let late: Phone | undefined;
    await unnoticed(async () => {
      await applied({ sip: { listen: listen({ transport: 'tcp', address: LOCAL, port: 31_061 }) } }, [
        `added sip.listen tcp ${LOCAL}:31061`,
      ]);
      late = await phoneOver(await dial(31_061));
      assert.equal(await late.register(600), 200);
      await applied({ sip: { listen: listen() } }, [`removed sip.listen tcp ${LOCAL}:31061`]);
      assert.equal(await refused(31_061), true);
      late.onCall = (incoming) => incoming.accept();
      const over = await phone.call('202');
      assert.equal(await over.answered, true, 'the phone is reached over the connection that stayed');
      await over.hangUp();
      assert.equal(await late.register(0), 200);
    }).finally(() => late?.close());
  });

  test('a listener whose port is taken is refused by name, and the others hear', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(31_063, LOCAL, resolve));
    await unnoticed(async () => {
      const answer = await apply({
        sip: {
          listen: [
            { transport: 'udp', ...SIP },
            { transport: 'tcp', address: LOCAL, port: 31_063 },
          ],
        },
      });
      assert.ok(answer.type === 'kept-back', JSON.stringify(answer));
      assert.match(answer.why, /^sip\.listen: tcp 127\.0\.0\.1:31063 is taken/);
      assert.equal(await deskphone.register(600), 200);
      assert.equal(await refused(SIP.port), false);
    });
    blocker.close();
  });

  test('certificates are renewed without cutting who is connected; a file that is missing is refused by name', async () => {
    const { ca, issue } = authority();
    const file = (name: string, pem: string): string => {
      const path = join(box.folder, name);
      writeFileSync(path, pem);
      return path;
    };
    const keep = (name: string): Settings => {
      const { key, cert } = issue([`DNS:${name}.example`, `IP:${LOCAL}`]);
      return { certificate: file(`${name}.pem`, cert), key: file(`${name}.key`, key) };
    };
    const meet = async (more: object = {}): Promise<TLSSocket> => {
      const socket = connectTls({ host: LOCAL, port: 31_064, ca, ...more });
      await once(socket, 'secureConnect');
      return socket;
    };
    const shown = (socket: TLSSocket): string => String(socket.getPeerCertificate().subjectaltname);
    const secure = listen({ transport: 'tls', address: LOCAL, port: 31_064 });
    await unnoticed(async () => {
      await applied({ sip: { listen: secure, tls: keep('old') } }, [
        `added sip.listen tls ${LOCAL}:31064`,
        'changed sip.tls ',
      ]);
      const first = await meet();
      assert.match(shown(first), /old\.example/);
      const over = await phoneOver(first);
      assert.equal(await over.register(600), 200);
      await applied({ sip: { listen: secure, tls: keep('new') } }, ['changed sip.tls ']);
      const second = await meet();
      assert.match(shown(second), /new\.example/);
      second.destroy();
      assert.equal(await over.register(600), 200, 'the old connection lives');
      const { key, cert } = issue(['DNS:renewed.example', `IP:${LOCAL}`]);
      const paths = { certificate: file('new.pem', cert), key: file('new.key', key) };
      await applied({ sip: { listen: secure, tls: paths } }, ['changed sip.tls ']);
      const third = await meet();
      assert.match(shown(third), /renewed\.example/, 'other files under the same paths');
      third.destroy();
      file('new.pem', 'no certificate');
      const broken = await apply({ sip: { listen: secure, tls: paths } });
      assert.ok(broken.type === 'kept-back' && /sip\.tls/.test(broken.why), JSON.stringify(broken));
      const fourth = await meet();
      assert.match(shown(fourth), /renewed\.example/, 'what was in force is, though its file is gone');
      fourth.destroy();
      const missing = await apply({
        sip: { listen: secure, tls: { certificate: '/nowhere.pem', key: '/nowhere.key' } },
      });
      assert.ok(
        missing.type === 'kept-back' && /^sip\.tls\.certificate: .*nowhere\.pem/.test(missing.why),
        JSON.stringify(missing),
      );
      await applied({ sip: { listen: secure, tls: { ...keep('mutual'), ca: file('ca.pem', ca) } } }, [
        'changed sip.tls ',
      ]);
      assert.equal(await over.register(0), 200, 'who was let in stays in');
      const bare = await meet();
      await once(bare, 'error');
      const known = await meet(issue(['DNS:phone.example']));
      known.destroy();
      await over.close();
      await applied({ sip: { listen: listen() } }, [`removed sip.listen tls ${LOCAL}:31064`, 'changed sip.tls ']);
    });
  });

  test('the HTTP door moves, answers where it was asked, and comes back when nobody confirms at the new place', async () => {
    const at = (port: number): Promise<boolean> =>
      fetch(`http://${LOCAL}:${port}/healthz`).then(
        () => true,
        () => false,
      );
    await unnoticed(async () => {
      const blocked = await apply({ http: { port: SIP.port + 1 } }, 6);
      assert.ok(blocked.type === 'applied', JSON.stringify(blocked));
      assert.deepEqual([await at(HTTP), await at(SIP.port + 1)], [false, true]);
      await box.until('it is back', () => at(HTTP));
      assert.equal(await at(SIP.port + 1), false);
      const blocker = createServer();
      await new Promise<void>((resolve) => blocker.listen(31_081, LOCAL, resolve));
      const taken = await apply({ http: { port: 31_081 } });
      assert.ok(taken.type === 'kept-back' && /^http\.port: .*31081 is taken/.test(taken.why), JSON.stringify(taken));
      blocker.close();
      assert.equal(await at(HTTP), true);
    });
  });

  test('when all is over nothing is left', async () => {
    await call.hangUp();
    await box.quiet();
    assert.equal(box.said, '');
  });
});
