/** Three SIP gateways, one of which dies and returns: turns, fail-over, throttle, and its prompt return. */
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { ExplainView } from '../../src/console/views.ts';
import { fromLatin1 } from '../../src/kernel/bytes.ts';
import { callIdOf } from '../../src/sip/message/fields.ts';
import { request, responseTo, type SipMessage, type SipRequest } from '../../src/sip/message/message.ts';
import { parseMessage, printMessage } from '../../src/sip/message/parse.ts';
import { BoxProcess, branchline, DOMAIN, settingsOf } from '../support/box-process.ts';
import { eventually } from '../support/process.ts';
import { sdp } from '../support/sip-raw.ts';

const SIP = 30_060;
const CALLER = 30_005;
const GATEWAYS = { g1: 30_010, g2: 30_020, g3: 30_030 } as const;
type Name = keyof typeof GATEWAYS;

/** A peer by hand, on one UDP port. */
class Peer {
  readonly socket: Socket = createSocket('udp4');
  hear: (message: SipMessage, from: RemoteInfo) => void = () => {};

  async open(port: number): Promise<void> {
    this.socket.on('message', (octets, from) => {
      const parsed = parseMessage(octets);
      if (parsed.ok) this.hear(parsed.value, from);
    });
    this.socket.bind(port, '127.0.0.1');
    await once(this.socket, 'listening');
  }

  send(message: SipMessage, port: number): void {
    this.socket.send(printMessage(message), port, '127.0.0.1');
  }
}

describe('three SIP gateways behind one route', () => {
  let box: BoxProcess;
  const caller = new Peer();
  const gateways = new Map<Name, Peer>();
  /** Which gateways were called for each call, in order. */
  const tried: Name[] = [];
  const probed: Name[] = [];
  const dead = new Set<Name>();
  let ringing: (() => void) | undefined;
  let calls = 0;

  before(async () => {
    await caller.open(CALLER);
    for (const [name, port] of Object.entries(GATEWAYS) as [Name, number][]) {
      const peer = new Peer();
      peer.hear = (message) => {
        if (message.type === 'request') play(name, peer, message);
      };
      await peer.open(port);
      gateways.set(name, peer);
    }
    const trunk = (id: string, port: number) => ({ id, address: '127.0.0.1', port, patienceSeconds: 0.5 });
    const settings = settingsOf(
      { sip: SIP, http: 30_080, media: '30100-30399' },
      {
        sipTrunks: [
          { ...trunk('caller', CALLER), policy: 'tandem' },
          ...Object.entries(GATEWAYS).map(([id, port]) => trunk(id, port)),
        ],
        policies: [{ id: 'tandem' }],
        routes: [{ id: 'out', prefixes: ['+1'], gateways: ['g1', 'g2', 'g3'] }],
        emergency: { gateways: ['g1'] },
        throttle: { failures: 2, minutes: 1, probeSeconds: 5 },
      },
    );
    box = await BoxProcess.started(settings);
  });

  after(async () => {
    caller.socket.close();
    for (const { socket } of gateways.values()) socket.close();
    await box?.remove();
  });

  /** A gateway that lives is busy: it answers, and the call is over. */
  function play(name: Name, peer: Peer, message: SipRequest): void {
    if (message.method === 'OPTIONS') probed.push(name);
    if (message.method === 'INVITE') tried.push(name);
    if (dead.has(name) || message.method === 'ACK') return;
    const answer = (status: number): void => peer.send(responseTo(message, status, { toTag: name }), SIP);
    if (message.method !== 'INVITE') return answer(200);
    answer(100);
    if (ringing === undefined) return answer(486);
    answer(180);
    const then = ringing;
    ringing = undefined;
    setTimeout(() => answer(486), 700);
    then();
  }

  /** One call: the gateways that it tried, the status that it ended with, and the Reason. */
  async function call(number = '+12125551234'): Promise<readonly [tried: string, status: number, reason: string]> {
    const callId = `call-${++calls}`;
    const invite = request(
      'INVITE',
      `sip:${number}@${DOMAIN}`,
      [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${CALLER};branch=z9hG4bK${callId}`],
        ['Max-Forwards', '70'],
        ['From', `<sip:+14255550100@${DOMAIN}>;tag=a`],
        ['To', `<sip:${number}@${DOMAIN}>`],
        ['Call-ID', callId],
        ['CSeq', '1 INVITE'],
        ['Contact', `<sip:127.0.0.1:${CALLER}>`],
        ['Content-Type', 'application/sdp'],
      ],
      sdp(),
    );
    tried.length = 0;
    const final = new Promise<readonly [number, string]>((done) => {
      caller.hear = (message) => {
        if (message.type !== 'response' || message.status < 200 || callIdOf(message) !== callId) return;
        const ack = { ...invite, method: 'ACK', headers: invite.headers.clone(), body: fromLatin1('') };
        ack.headers.set('CSeq', '1 ACK');
        ack.headers.set('To', message.headers.get('To') ?? '');
        caller.send(ack, SIP);
        done([message.status, message.headers.get('Reason') ?? '']);
      };
    });
    caller.send(invite, SIP);
    const [status, reason] = await final;
    // A dead gateway is sent its INVITE again by UDP; that is still one try.
    return [tried.filter((name, i) => name !== tried[i - 1]).join(' '), status, reason];
  }

  const explained = async (path: string): Promise<ExplainView> =>
    (await (await fetch(`${box.url}${path}`)).json()) as ExplainView;

  test('calls take turns, and what a gateway itself refuses is not tried at another', async () => {
    const turns: string[] = [];
    for (let n = 0; n < 6; n++) turns.push((await call()).slice(0, 2).join(' '));
    assert.deepEqual(turns, ['g1 486', 'g2 486', 'g3 486', 'g1 486', 'g2 486', 'g3 486']);
  });

  test('without any answer in time the next hop is tried; after its failures the gateway is left out', async () => {
    dead.add('g2');
    const ways: string[] = [];
    for (let n = 0; n < 8; n++) ways.push((await call())[0]);
    assert.deepEqual(ways, ['g1', 'g2 g3', 'g3', 'g1', 'g2 g3', 'g3', 'g1', 'g3']);
    const { lines } = await explained('/api/v1/explain?from=caller&dial=%2B12125551234');
    assert.match(lines.join('\n'), /not g2, which is throttled after failures for \d+ s more/);
    assert.match(lines.at(-1) ?? '', /^→ g1 \+12125551234, then g3 \+12125551234$/);
  });

  test('it is probed, and its first good answer brings it back at once', async () => {
    await eventually('g2 is probed while it is dead', () => probed.includes('g2'), 8);
    assert.ok(!probed.includes('g1') && !probed.includes('g3'), 'who is well is left in peace');
    dead.delete('g2');
    const explain = '/api/v1/explain?from=caller&dial=%2B12125551234';
    await box.until('g2 is back', async () => (await explained(explain)).lines.at(-1)?.includes('g2') ?? false, 12);
    const ways = new Set<string>();
    for (let n = 0; n < 3; n++) ways.add((await call())[0]);
    assert.deepEqual([...ways].sort(), ['g1', 'g2', 'g3']);
  });

  test('with all gateways dead every one is tried once, and the caller is told', async () => {
    for (const name of gateways.keys()) dead.add(name);
    const [ways, status] = await call();
    assert.equal(ways.split(' ').sort().join(' '), 'g1 g2 g3');
    assert.ok(status === 408 || status >= 500, String(status));
    dead.clear();
  });

  test('a refusal of the router carries its name', async () => {
    const [ways, status, reason] = await call('+442071838750');
    assert.deepEqual([ways, status, reason], ['', 404, 'Q.850;cause=3;text="no-route"']);
  });

  test('every call keeps its decision: explain --call reads it while it lasts and when it is over', async () => {
    let id = '';
    ringing = () => {
      void fetch(`${box.url}/api/v1/calls`).then(async (answer) => {
        id = ((await answer.json()) as { readonly id: string }[])[0]?.id ?? '';
      });
    };
    const [ways] = await call();
    await box.until(
      'the call is over',
      async () => (await explained(`/api/v1/calls/${id}/decision`)).lines.length > 0,
      5,
    );
    const shown = await branchline('explain', '--call', id, '--url', box.url);
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, new RegExp(`^1\\. ${ways} \\(SIP\\): 12125551234`, 'm'));
  });
});
