/**
 * One file for Wireshark: signalling, sound and D-channels on one time line, from a box as an operator runs it. tshark reads it. Beside
 * that: what the filters let through in the kernel, a box without the right to capture, and a capturing process that dies.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Demonstration, demonstrate } from '../../scripts/demo/demonstrate.ts';
import { filterOf } from '../../src/capture/filter.ts';
import { blockAt } from '../../src/capture/pcapng.ts';
import { Sniffing } from '../../src/capture/sniffing.ts';
import type { CaptureView } from '../../src/console/views.ts';
import { loadNative } from '../../src/native/native.ts';
import { BoxProcess, branchline, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { eventually } from '../support/process.ts';
import { fieldsOf, judge } from '../support/tshark.ts';

const LOCAL = '127.0.0.1';
const SIP = 36_400;
const HTTP = 36_401;
const MEDIA = '36410-36499';
const AS_SIP = [`udp.port==${SIP},sip`];

const SETTINGS = settingsOf(
  { sip: SIP, http: HTTP, media: MEDIA },
  {
    spans: [{ id: 't1', driver: 'virtual', far: { carrier: { holdSeconds: 30 } } }],
    spanGroups: [{ id: 'pstn', spans: ['t1'] }],
    users: [userOf('201', '+12145550201')],
  },
);

const call = (listen: number): Promise<Demonstration> =>
  demonstrate({
    ...{ registrar: { address: LOCAL, port: SIP }, user: '201', password: 'pw-201', domain: DOMAIN },
    ...{ dial: `sip:5551004@${DOMAIN}`, listen },
  });

/** The capturing processes of a box. */
function sniffersOf(parent: number | undefined): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'latin1');
        return (
          status.includes(`\nPPid:\t${parent}\n`) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('sniffer')
        );
      } catch {
        // It has ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

const alive = (pid: number): boolean => {
  try {
    // A zombie has ended.
    return !/\nState:\tZ/.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

describe('a capture', () => {
  let box: BoxProcess;
  before(async () => {
    box = await BoxProcess.started(SETTINGS);
    await box.ready();
  });
  after(() => box?.remove());

  const capture = (...words: readonly string[]) => branchline('capture', ...words, '--url', box.url);
  const view = (): Promise<CaptureView> => box.json('/api/v1/capture');

  /** Captures one call; the file that tshark is to read. */
  async function captured(kinds: string): Promise<string> {
    const begun = await capture('--begin', '--packets', kinds, '--for', '60');
    assert.equal(begun.code, 0, begun.stderr);
    const { answered, packets, ending } = await call(1);
    assert.ok(answered && packets > 40 && ending.by === 'phone', JSON.stringify(ending));
    await box.ready();
    const over = await capture('--end');
    assert.match(over.stdout, /t1: \d+ frames, \d+ octets, over\nlo: [1-9]\d* packets, \d+ octets, 0 dropped, over\n/);
    assert.deepEqual(sniffersOf(box.program.pid), []);
    const file = join(box.folder, `${kinds}.pcapng`);
    assert.equal((await capture('--save', file)).code, 0);
    return file;
  }

  test('holds signalling, sound and the D-channel of one call, in the order in which they came', async () => {
    const file = await captured('sip,rtp');
    const verdict = await judge(file, AS_SIP);
    assert.deepEqual(verdict.faults, []);
    assert.equal(verdict.streams.length, 2);
    assert.ok(verdict.streams.every(({ loss }) => loss === 0));
    const all = await fieldsOf(file, 'frame', ['frame.time_epoch', 'frame.interface_name'], AS_SIP);
    const times = all.map(([time]) => Number(time));
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.deepEqual([...new Set(all.map(([, name]) => name))].toSorted(), ['lo', 't1']);

    const said = await fieldsOf(
      file,
      'sip || q931',
      ['sip.CSeq.method', 'sip.Status-Code', 'q931.message_type'],
      AS_SIP,
    );
    const ladder = said.map(([method, status, message]) =>
      message ? `q931 ${Number(message)}` : `${method} ${status}`.trim(),
    );
    // SETUP, CONNECT and RELEASE COMPLETE of Q.931 stand where they belong between the messages of SIP.
    const wanted = ['INVITE', 'q931 5', 'q931 7', 'INVITE 200', 'ACK', 'BYE', 'q931 69', 'q931 77', 'q931 90'];
    let from = 0;
    for (const one of wanted) {
      const at = ladder.indexOf(one, from);
      assert.ok(at >= 0, `${one} is not where it belongs: ${ladder.join(', ')}`);
      from = at + 1;
    }
  });

  test('that was asked for signalling has no sound in it', async () => {
    const file = await captured('sip');
    const ports = await fieldsOf(file, 'udp', ['udp.srcport', 'udp.dstport']);
    assert.ok(ports.length > 10);
    assert.ok(ports.every((pair) => pair.includes(String(SIP))));
    assert.deepEqual((await judge(file, AS_SIP)).faults, []);
  });

  test('can be saved while it runs, and ends when its time is up', async () => {
    assert.equal((await capture('--begin', '--packets', 'sip', '--for', '5')).code, 0);
    await call(0.1);
    await box.until('packets have come', async () => ((await view()).packets?.packets ?? 0) > 10);
    const file = join(box.folder, 'early.pcapng');
    assert.equal((await capture('--save', file)).code, 0);
    assert.ok((await judge(file, AS_SIP)).packets > 10);
    await box.until('its time is up', async () => !(await view()).running);
    const { ended, packets } = await view();
    assert.deepEqual([ended, packets?.ended, packets?.why], ['time', 'time', undefined]);
  });

  test('of an interface that is not there is refused', async () => {
    const { code, stderr } = await capture('--begin', '--packets', 'sip', '--interfaces', 'nope0');
    assert.deepEqual([code, stderr.trim()], [1, 'the box says: there is no interface nope0']);
    const odd = await capture('--begin', '--packets', 'tdmoe');
    assert.match(odd.stderr, /no interface of this box has tdmoe: name one/);
  });

  test('whose process is killed says so; the call goes on, and the file holds what came until then', async () => {
    assert.equal((await capture('--begin', '--packets', 'sip,rtp')).code, 0);
    const talking = call(3);
    await box.until('sound is captured', async () => ((await view()).packets?.packets ?? 0) > 60);
    const [pid] = sniffersOf(box.program.pid);
    process.kill(pid ?? assert.fail('there is no capturing process'), 'SIGKILL');
    await box.until('its end is seen', async () => (await view()).packets?.ended === 'failed');
    const { running, packets } = await view();
    assert.deepEqual([running, packets?.why], [true, 'the capturing process ended by SIGKILL']);
    const { answered, ending, lost } = await talking;
    assert.deepEqual([answered, ending.by, lost], [true, 'phone', 0]);
    await box.ready();
    const { stdout } = await capture('--end');
    assert.match(stdout, /lo: [1-9]\d* packets, .*, over: the capturing process ended by SIGKILL/);
    const file = join(box.folder, 'killed.pcapng');
    assert.equal((await capture('--save', file)).code, 0);
    const verdict = await judge(file, AS_SIP);
    assert.ok(verdict.packets > 60);
    assert.deepEqual(verdict.faults, []);
    assert.ok((await fieldsOf(file, 'q931.message_type == 0x5a', ['frame.number'])).length > 0);
  });

  test('does not outlive its box', async () => {
    assert.equal((await capture('--begin', '--packets', 'sip')).code, 0);
    const [pid] = sniffersOf(box.program.pid);
    assert.ok(pid !== undefined);
    await box.kill();
    await eventually('the capturing process has ended', () => !alive(pid));
  });
});

test('without the right to packets a box says what is missing, and captures the D-channels', async () => {
  const box = new BoxProcess(SETTINGS);
  try {
    await box.start([], ['setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw']);
    await box.ready();
    const begun = await branchline('capture', '--begin', '--packets', 'sip', '--url', box.url);
    assert.equal(begun.code, 1);
    assert.match(begun.stderr, /^t1: 0 frames, .* until /);
    assert.match(begun.stderr, /over: no right to capture on lo: .*CAP_NET_RAW.*setcap cap_net_raw\+ep/);
    assert.equal((await call(0.1)).answered, true);
    await box.ready();
    const file = join(box.folder, 'd.pcapng');
    assert.equal((await branchline('capture', '--save', file, '--url', box.url)).code, 0);
    assert.ok((await fieldsOf(file, 'q931.message_type == 0x5a', ['frame.number'])).length > 0);
    assert.deepEqual((await judge(file)).faults, []);
  } finally {
    await box.remove();
  }
});

/** An Ethernet frame around this. */
const ethernet = (type: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(14);
  head.writeUInt16BE(type, 12);
  return Buffer.concat([head, payload]);
};

/** An IPv4 packet of UDP (17) or TCP (6) from one address to another; `offset`: it is a later piece of a datagram. */
function ip4(protocol: number, to: number, ports: readonly [number, number], offset = 0): Buffer {
  const packet = Buffer.alloc(60);
  packet.set([0x45, 0, 0, 60, 0, 1, offset >> 8, offset & 255, 64, protocol, 0, 0, 127, 0, 0, 99, 127, 0, 0, to]);
  packet.writeUInt16BE(ports[0], 20);
  packet.writeUInt16BE(ports[1], 22);
  return ethernet(0x0800, packet);
}

test('whatever a box listens on, libpcap takes the filter', async () => {
  const transports = ['udp', 'tcp', 'tls'] as const;
  const addresses = ['0.0.0.0', '::', '::1', 'fe80::1%lo', '2001:DB8:0::1', '127.0.0.1'];
  const listeners = transports.flatMap((transport) =>
    addresses.map((address, i) => ({ transport, address, port: 5060 + i })),
  );
  const peers = ['192.0.2.1', '2001:db8::5', 'core.example'].flatMap((address) =>
    (['tcp', 'tls'] as const).map((transport) => ({ transport, address, port: undefined })),
  );
  for (const address of addresses) {
    const reach = { listeners, peers, media: { address, from: 6000, to: 6009 }, tdmoe: ['lo'] };
    const filter = filterOf(['sip', 'rtp', 'tdmoe'], reach, 'lo') ?? assert.fail();
    const sniffing = new Sniffing({ taps: [{ name: 'lo', filter }], seconds: 60, octets: 1e6 });
    await sniffing.ready;
    await sniffing.end();
    assert.deepEqual([sniffing.state.ended, sniffing.state.why], ['asked', undefined], filter);
  }
});

test('the kernel lets through what a filter says, and nothing beside it', async () => {
  const native = loadNative();
  assert.ok(native.ok);
  const reach = {
    listeners: [
      { transport: 'udp', address: '127.0.0.50', port: 5060 },
      { transport: 'tcp', address: '127.0.0.50', port: 5062 },
    ],
    peers: [{ transport: 'tls', address: '127.0.0.51', port: undefined }],
    media: { address: '127.0.0.50', from: 6000, to: 6009 },
    tdmoe: ['lo'],
  } as const;
  const tdmoe = ethernet(0xd00d, Buffer.alloc(50, 7));
  const wanted = {
    sip: [
      ip4(17, 50, [9, 5060]),
      ip4(17, 50, [5060, 9]),
      ip4(6, 50, [9, 5062]),
      ip4(17, 50, [1, 2], 100),
      ip4(6, 51, [9, 5061]),
    ],
    rtp: [ip4(17, 50, [9, 6000]), ip4(17, 50, [9, 6009])],
    tdmoe: [tdmoe],
  };
  const never = [
    ...[
      ip4(17, 52, [9, 5060]),
      ip4(17, 50, [9, 5061]),
      ip4(6, 50, [9, 5060]),
      ip4(17, 52, [1, 2], 100),
      ip4(6, 50, [1, 2], 100),
    ],
    ...[ip4(6, 51, [9, 5060]), ip4(17, 50, [9, 6010]), ip4(6, 50, [9, 6001]), ethernet(0x0806, Buffer.alloc(46, 7))],
  ];
  const all = [...Object.values(wanted).flat(), ...never];
  const fd = native.value.packetOpen('lo', 0x88b5, new Uint8Array(6));
  assert.ok(fd.ok, 'frames can be sent on lo');
  try {
    for (const kind of ['sip', 'rtp', 'tdmoe'] as const) {
      const filter = filterOf([kind], reach, 'lo') ?? assert.fail();
      const sniffing = new Sniffing({ taps: [{ name: 'lo', filter }], seconds: 60, octets: 1e6 });
      await sniffing.ready;
      assert.equal(sniffing.state.why, undefined);
      for (const frame of all) native.value.packetSend(fd.value, frame, Int32Array.of(frame.length), frame.length, 1);
      await sniffing.end();
      assert.equal(sniffing.state.ended, 'asked');
      const seen = sniffing.packets().runs.flatMap((run) => {
        const view = new DataView(run.buffer, run.byteOffset, run.length);
        const found: string[] = [];
        for (let at = 0; at < run.length; ) {
          const block = blockAt(view, at, run.length);
          assert.ok(typeof block === 'object');
          const caught = view.getUint32(at + 20, true);
          found.push(Buffer.from(run.subarray(at + 28, at + 28 + caught)).toString('hex'));
          at = block.to;
        }
        return found;
      });
      assert.deepEqual(
        seen,
        wanted[kind].map((frame) => frame.toString('hex')),
        kind,
      );
    }
  } finally {
    native.value.close(fd.value);
  }
});
