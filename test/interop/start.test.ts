/** A box that can't start says which setting is to blame; one that can't carry calls says so to whoever asks. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { BoxProcess, branchline, settingsOf, userOf } from '../support/box-process.ts';
import { RudePeer } from '../support/fuzz.ts';
import { eventually } from '../support/process.ts';
import { UdpEnd } from '../support/q931-udp.ts';
import type { Settings } from '../support/sites.ts';

const SIP = 28_700;
const HTTP = 28_701;
const SPAN = { ours: 28_720, peer: 28_750 };
const MEDIA = { from: 62_900, to: 62_959 };

const settings = (more: Settings = {}): Settings =>
  settingsOf(
    { sip: SIP, http: HTTP, media: `${MEDIA.from}-${MEDIA.to}` },
    {
      spans: [
        {
          id: 't1',
          driver: 'virtual',
          far: { listen: `127.0.0.1:${SPAN.ours}`, peer: `127.0.0.1:${SPAN.peer}` },
          timers: { T200: 0.5, T203: 1 },
        },
      ],
      spanGroups: [{ id: 'pstn', spans: ['t1'] }],
      users: [userOf('201')],
      ...more,
    },
  );

/** Takes a port until the function that is answered is called. */
async function take(protocol: 'udp' | 'tcp', port: number): Promise<() => void> {
  if (protocol === 'udp') {
    const socket = createSocket('udp4').bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return () => socket.close();
  }
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return () => server.close();
}

interface Trouble {
  readonly name: string;
  readonly protocol: 'udp' | 'tcp';
  readonly ports: readonly number[];
  readonly says: RegExp;
}

const TROUBLES: readonly Trouble[] = [
  { name: 'SIP over UDP', protocol: 'udp', ports: [SIP], says: /^sip\.listen: udp 127\.0\.0\.1:28700 is taken/ },
  { name: 'SIP over TCP', protocol: 'tcp', ports: [SIP], says: /^sip\.listen: tcp 127\.0\.0\.1:28700 is taken/ },
  { name: 'HTTP', protocol: 'tcp', ports: [HTTP], says: /^http\.port: 127\.0\.0\.1:28701 is taken/ },
  {
    name: 'all of RTP',
    protocol: 'udp',
    ports: Array.from({ length: 30 }, (_, i) => MEDIA.from + 2 * i),
    says: /^media\.ports: all UDP ports of 127\.0\.0\.1 from 62900 to 62959 are taken/,
  },
  { name: 'the D-channel', protocol: 'udp', ports: [SPAN.ours], says: /^span t1: far\.listen: .*127\.0\.0\.1:28720/ },
  {
    name: 'a B-channel',
    protocol: 'udp',
    ports: [SPAN.ours + 7],
    says: /^span t1: .*127\.0\.0\.1:28727 for B-channel 7/,
  },
];

describe('a port that is taken ends the start with exit code 1 and the name of its setting', () => {
  for (const { name, protocol, ports, says } of TROUBLES) {
    test(name, async () => {
      const release = await Promise.all(ports.map((port) => take(protocol, port)));
      const box = new BoxProcess(settings());
      try {
        const { code, stderr } = await branchline('run', '-c', box.file);
        assert.equal(code, 1, stderr);
        assert.match(stderr, says);
      } finally {
        for (const close of release) close();
        await box.remove();
      }
    });
  }

  test('an address that is not this box’s', async () => {
    const box = new BoxProcess(settings({ media: { address: '192.0.2.77', ports: '62900-62959' } }));
    const { code, stderr } = await branchline('run', '-c', box.file);
    await box.remove();
    assert.equal(code, 1);
    assert.match(stderr, /^media\.address: this box does not have 192\.0\.2\.77/);
  });
});

test('OPTIONS is answered 503 while the only D-channel is down, 200 while it is up, and /healthz agrees', async () => {
  const box = await BoxProcess.started(settings());
  const peer = await RudePeer.open('127.0.0.2', 28_702, SIP);
  let asked = 0;
  const options = async (): Promise<number> => {
    const callId = `options${++asked}`;
    peer.send(peer.request({ method: 'OPTIONS', uri: `sip:127.0.0.1:${SIP}`, callId, cseq: 1 }));
    await eventually('an answer', () => peer.final(callId) !== undefined);
    return Number(peer.final(callId)?.slice(8, 11));
  };
  const line = new UdpEnd({ ours: SPAN.peer, peer: SPAN.ours }, { side: 'network' });
  try {
    assert.deepEqual([await options(), await box.health()], [503, 503]);
    await line.open();
    await box.until('the link is up', async () => (await options()) === 200);
    assert.equal(await box.health(), 200);
    await line.close();
    await box.until('the loss is noticed', async () => (await options()) === 503, 40);
    assert.equal(await box.health(), 503);
    const again = new UdpEnd({ ours: SPAN.peer, peer: SPAN.ours }, { side: 'network' });
    await again.open();
    try {
      await box.until('the link is back', async () => (await options()) === 200, 40);
      assert.equal(await box.health(), 200);
    } finally {
      await again.close();
    }
  } finally {
    await peer.close();
    await box.remove();
  }
});
