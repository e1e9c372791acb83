/** Strangers who flood a running box over TCP with wrong passwords, while phones call and one of the banned calls for help. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { credentials, sipp } from '../support/sipp.ts';

const SIP = { address: '127.0.0.1', port: 34_000 };
const ATTACKER = '127.0.0.66';
const CALLS = 20;
const RATE = 4;

/** A request of a stranger; the password is wrong whatever the challenge was. */
function request(method: string, uri: string, n: number): string {
  const digest = `username="201", realm="${DOMAIN}", nonce="x", uri="${uri}", response="${'0'.repeat(32)}", algorithm=MD5`;
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/TCP ${ATTACKER};branch=z9hG4bK${method}${n}`,
    `From: <sip:201@${DOMAIN}>;tag=${n}`,
    `To: <sip:201@${DOMAIN}>`,
    `Call-ID: flood-${method}-${n}`,
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    `Contact: <sip:201@${ATTACKER};transport=tcp>`,
    `Authorization: Digest ${digest}`,
    'Content-Length: 0',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const register = (n: number): string => request('REGISTER', `sip:${DOMAIN}`, n);

async function stranger(address: string): Promise<{ readonly socket: Socket; heard(): string }> {
  const socket = connect({ host: SIP.address, port: SIP.port, localAddress: address });
  let heard = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return { socket, heard: () => heard };
}

describe('a flood', () => {
  let box: BoxProcess;
  before(async () => {
    const settings = settingsOf(
      { sip: SIP.port, http: 34_001, media: '61000-61099' },
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

  test('a flood of wrong passwords over TCP is banned unread, while every good call goes through', async (t) => {
    const { socket, heard } = await stranger(ATTACKER);
    let sent = 0;
    const flood = setInterval(() => {
      for (let n = 0; n < 50; n++) socket.write(register(sent++), 'latin1');
    }, 20);
    try {
      const { code, successful, failed, errors } = await sipp({
        scenario: new URL('./scenarios/call.xml', import.meta.url).pathname,
        remote: SIP,
        local: { address: '127.0.0.1', port: 34_010 },
        mediaPort: 34_100,
        echo: true,
        service: '5551004',
        holdMs: 500,
        calls: CALLS,
        rate: RATE,
        inject: [['202', credentials('202', 'pw-202'), DOMAIN]],
      });
      const expected = { code: 0, successful: CALLS, failed: 0 };
      assert.deepEqual({ code, successful, failed }, expected, errors.slice(0, 2_000));
    } finally {
      clearInterval(flood);
    }
    const answered = heard().split('SIP/2.0 401').length - 1;
    assert.ok(answered >= 5 && answered < 20, `${answered} were answered`);
    assert.equal(await box.metric('branchline_flood_bans'), 1);
    assert.equal(await box.metric('branchline_flood_sources_banned'), 1);
    await box.until(
      'all of it is dropped',
      async () => (await box.metric('branchline_flood_messages_dropped')) > 1000,
      10,
    );
    t.diagnostic(`${sent} sent, ${answered} answered, the rest dropped unread`);
    socket.destroy();
  });

  test('who is banned may call for help, and register no more', async () => {
    const { socket, heard } = await stranger(ATTACKER);
    socket.write(register(1_000_000), 'latin1');
    socket.write(request('INVITE', `sip:911@${DOMAIN}`, 1), 'latin1');
    await box.until('the emergency call is heard', async () => heard().includes('SIP/2.0 100'));
    assert.ok(!heard().includes('401'));
    const other = await stranger('127.0.0.67');
    other.socket.write(register(2_000_000), 'latin1');
    await box.until('another source is answered', async () => other.heard().includes('SIP/2.0 401'));
    for (const one of [socket, other.socket]) one.destroy();
  });
});
