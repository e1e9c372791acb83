/** Phones that are reached over their own TCP connections, and what becomes of them when these end: by the phone, and by a restart of the box. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { seeded } from '../../src/kernel/random.ts';
import { DigestClient } from '../../src/sip/digest/client.ts';
import { StreamFramer } from '../../src/sip/message/framer.ts';
import { type HeaderPairs, request, type SipMessage, type SipResponse } from '../../src/sip/message/message.ts';
import { parseMessage, printMessage } from '../../src/sip/message/parse.ts';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { hash } from '../support/hashes.ts';

const BOX = { address: '127.0.0.1', port: 34_800 };
const PHONE = 34_810;

/** One TCP connection to or from the box. */
class Line {
  readonly heard: SipMessage[] = [];
  readonly #socket: Socket;
  #requests = 0;

  constructor(socket: Socket) {
    const framer = new StreamFramer();
    this.#socket = socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const framed of framer.push(chunk)) {
        const parsed = framed.type === 'message' ? parseMessage(framed.bytes) : undefined;
        if (parsed?.ok) this.heard.push(parsed.value);
      }
    });
  }

  static async open(): Promise<Line> {
    const socket = connect({ host: BOX.address, port: BOX.port });
    const line = new Line(socket);
    await once(socket, 'connect');
    return line;
  }

  close(): void {
    this.#socket.destroy();
  }

  hears(method: string): boolean {
    return this.heard.some((message) => message.type === 'request' && message.method === method);
  }

  /** Asks with the credentials of a user, once it has been challenged; what is answered for good. */
  async ask(method: string, user: string, uri: string, more: HeaderPairs): Promise<SipResponse> {
    const secret = { type: 'password', password: `pw-${user}` } as const;
    const digest = new DigestClient(hash, seeded(Number(user)), () => ({ username: user, secret }));
    for (;;) {
      const n = ++this.#requests;
      const sent = request(method, uri, [
        ['Via', `SIP/2.0/TCP 127.0.0.1:${PHONE};branch=z9hG4bK-${user}-${n}-${Date.now()}`],
        ['Max-Forwards', '70'],
        ['From', `<sip:${user}@${DOMAIN}>;tag=${user}`],
        ['To', method === 'REGISTER' ? `<sip:${user}@${DOMAIN}>` : `<${uri}>`],
        ['Call-ID', `${user}-${method}-${Date.now()}`],
        ['CSeq', `${n} ${method}`],
        ...more,
      ]);
      for (const value of digest.authorize(sent)) sent.headers.add('Authorization', value);
      const from = this.heard.length;
      this.#socket.write(printMessage(sent));
      const answer = await this.#final(from);
      if (answer.status !== 401 || !digest.hear(answer.headers.all('WWW-Authenticate'))) return answer;
    }
  }

  async #final(from: number): Promise<SipResponse> {
    for (;;) {
      const answer = this.heard.slice(from).find((one) => one.type === 'response' && one.status >= 200);
      if (answer?.type === 'response') return answer;
      await once(this.#socket, 'data');
    }
  }
}

const contact = (more: string): HeaderPairs => [['Contact', `<sip:201@127.0.0.1:${PHONE};transport=tcp>${more}`]];

describe('phones behind connections', () => {
  let box: BoxProcess;
  before(async () => {
    const settings = settingsOf(
      { sip: BOX.port, http: 34_801, media: '61000-61099' },
      {
        spans: [{ id: 't1', driver: 'virtual', far: { carrier: {} } }],
        spanGroups: [{ id: 'pstn', spans: ['t1'] }],
        users: [userOf('201'), userOf('202')],
      },
    );
    box = await BoxProcess.started(settings);
    await box.ready();
  });
  after(() => box?.remove());

  const contacts = async (): Promise<number> => box.metric('branchline_registered_contacts');

  test('a phone with outbound is registered for as long as its connection stands (RFC 5626)', async () => {
    const line = await Line.open();
    const outbound: HeaderPairs = [['Supported', 'outbound'], ...contact(';reg-id=1;+sip.instance="<urn:uuid:1>"')];
    assert.equal((await line.ask('REGISTER', '201', `sip:${DOMAIN}`, outbound)).status, 200);
    assert.equal(await contacts(), 1);
    line.close();
    await box.until('it counts as gone', async () => (await contacts()) === 0);
  });

  test('after a restart a call for a phone goes to the phone, not to whoever has connected first', async () => {
    const line = await Line.open();
    assert.equal((await line.ask('REGISTER', '201', `sip:${DOMAIN}`, contact(''))).status, 200);
    await box.kill();
    line.close();
    const phone: Line[] = [];
    const server = createServer((socket) => phone.push(new Line(socket))).listen(PHONE, '127.0.0.1');
    try {
      await once(server, 'listening');
      await box.start();
      await box.ready();
      assert.equal(await contacts(), 1);
      const stranger = await Line.open();
      await stranger.ask('OPTIONS', '999', `sip:${DOMAIN}`, []);
      const caller = await Line.open();
      // An INVITE without a description: the call is offered one.
      void caller.ask('INVITE', '202', `sip:201@${DOMAIN}`, [['Contact', '<sip:202@127.0.0.1>']]);
      await box.until('the phone is called', async () => phone.some((one) => one.hears('INVITE')));
      assert.equal(stranger.hears('INVITE'), false);
      for (const one of [stranger, caller, ...phone]) one.close();
    } finally {
      server.close();
    }
  });
});
