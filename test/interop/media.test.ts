import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LegMediaEvent, RtpTarget, StreamStats } from '../../src/call/media.ts';
import { silent } from '../../src/kernel/log.ts';
import type { MediaDriver } from '../../src/media/messages.ts';
import { type MediaPlane, type MediaPlaneEvent, startMediaPlane } from '../../src/media/plane.ts';
import { DIGITS } from '../../src/rtp/digit.ts';
import { MEASURED, measureTones } from '../../src/rtp/measure.ts';
import type { SpanMediaSpec } from '../../src/span/port.ts';
import { correlate, kit } from '../support/bchan.ts';
import { inTime, type Losses, lossesOf } from '../support/in-time.ts';
import { eventually, portTaken } from '../support/process.ts';
import { RtpPhone } from '../support/rtp-phone.ts';
import { BChannel, DeskSound } from '../support/sound-desk.ts';
import { ROOT } from '../support/tree.ts';
import { Capture, judge } from '../support/tshark.ts';
import { readWav, writeWav } from '../support/wav.ts';

/** Ports of these tests: each driver has its own hundreds. */
const BASE: Readonly<Record<MediaDriver, number>> = { native: 24_000, 'event-loop': 24_400 };

/** The share of a marker that must be heard. The development loop has no real-time class and may be late on a busy machine. */
const WHOLE: Readonly<Record<MediaDriver, { readonly peak: number; readonly coverage: number }>> = {
  native: { peak: 0.95, coverage: 0.98 },
  // One block moved by the jitter buffer in the three seconds that are correlated halves the peak, though nothing is missing.
  'event-loop': { peak: 0.5, coverage: 0.9 },
};

before(() => {
  execFileSync(`${ROOT}scripts/build-native`);
});

/** A plane with what it has said, and the ports of the legs that are open. */
class Desk {
  readonly events: MediaPlaneEvent[] = [];
  plane!: MediaPlane;

  static async start(driver: MediaDriver, spans: readonly SpanMediaSpec[], pairs = 40): Promise<Desk> {
    const desk = new Desk();
    const base = BASE[driver];
    desk.plane = await startMediaPlane({
      address: '127.0.0.1',
      ports: [base, base + 2 * pairs - 1],
      driver,
      log: silent,
      onEvent: (event) => desk.events.push(event),
    });
    for (const spec of spans) assert.deepEqual(await desk.plane.addSpan(spec), { ok: true, value: undefined });
    return desk;
  }

  of(leg: string): LegMediaEvent[] {
    return this.events.flatMap((event) => (event.type === 'leg' && event.leg === leg ? [event.event] : []));
  }

  /** Opens an RTP endpoint and answers its port. */
  async openRtp(leg: string): Promise<number> {
    this.plane.leg(leg, { type: 'open-rtp' });
    await eventually(`${leg} is ready`, () => this.of(leg).length > 0);
    const [first] = this.of(leg);
    assert.equal(first?.type, 'ready', JSON.stringify(first));
    return first?.type === 'ready' ? first.port : 0;
  }

  aim(leg: string, port: number, target: Partial<RtpTarget> = {}): void {
    this.plane.leg(leg, {
      type: 'aim',
      target: {
        address: '127.0.0.1',
        port,
        rtcpPort: undefined,
        codec: 'PCMU',
        payloadType: 0,
        telephoneEvent: 101,
        direction: 'sendrecv',
        packetTime: 20,
        ...target,
      },
    });
  }

  openTdm(leg: string, span: string, slot: number): void {
    this.plane.leg(leg, { type: 'open-tdm', channel: { span, slot }, law: 'ulaw' });
  }

  async close(leg: string): Promise<StreamStats> {
    this.plane.leg(leg, { type: 'close' });
    const closed = (): MediaPlaneEvent | undefined =>
      this.events.find((event) => event.type === 'closed' && event.leg === leg);
    await eventually(`${leg} is closed`, () => closed() !== undefined);
    const event = closed();
    assert.ok(event?.type === 'closed');
    return event.stats;
  }

  digits(leg: string): string {
    return this.of(leg)
      .map((event) => (event.type === 'digit' ? event.digit : ''))
      .join('');
  }
}

/** What a phone of these tests says to the port that it is told. */
const PHONE_SAYS = {
  address: '127.0.0.1',
  rtcpPort: undefined,
  codec: 'PCMU',
  payloadType: 0,
  telephoneEvent: 101,
  direction: 'sendrecv',
  packetTime: 20,
} as const;

/** The development loop promises nothing, so nothing is counted against it. */
const nothing = async (): Promise<Losses> => ({ slips: 0, lost: 0, late: 0, concealed: 0, overruns: 0, moves: 0 });

const carrier: SpanMediaSpec = { driver: 'carrier', id: 't1', slots: 24 };

for (const driver of ['native', 'event-loop'] as const) {
  describe(`media plane, ${driver}`, () => {
    const base = BASE[driver];
    let scratch: string;
    before(() => {
      scratch = mkdtempSync(join(tmpdir(), 'branchline-media-'));
    });
    after(() => rmSync(scratch, { recursive: true, force: true }));

    test('the phone hears the milliwatt of a B-channel with its frequency and level', async () => {
      const desk = await Desk.start(driver, [carrier]);
      const phone = await RtpPhone.open(base + 200);
      desk.openTdm('pri', 't1', 1);
      desk.plane.far('t1', 1, { type: 'tone', frequency: 1004, level: 0 });
      await desk.openRtp('sip');
      desk.aim('sip', base + 200);
      desk.plane.call({ type: 'join', a: 'pri', b: 'sip' });
      await eventually('a second of sound', () => phone.heard.length >= MEASURED + 1600);
      const [tone] = measureTones(phone.heard, 1600, 'ulaw', 1);
      assert.ok(
        Math.abs((tone?.frequency ?? 0) - 1004) < 0.5 && Math.abs(tone?.level ?? -99) < 0.2,
        JSON.stringify(tone),
      );
      const stats = desk.plane.stats();
      assert.deepEqual([stats.rtpEndpoints, stats.tdmEndpoints, stats.portsInUse], [1, 1, 1]);
      assert.equal((await desk.plane.stream('sip'))?.received, 0);
      assert.equal(await desk.plane.stream('nobody'), undefined);
      await desk.plane.stop();
      phone.close();
      const closed = desk.events.filter(({ type }) => type === 'closed');
      assert.equal(closed.length, 2);
    });

    test("each side hears the other side's marker whole, and not its own", { timeout: 240_000 }, async (t) => {
      const desk = await Desk.start(driver, [
        {
          driver: 'udp',
          id: 't1',
          slots: 2,
          listen: { address: '127.0.0.1', port: base + 210 },
          peer: { address: '127.0.0.1', port: base + 220 },
        },
      ]);
      const line = await BChannel.open(base + 222, base + 212);
      const phone = await DeskSound.open('127.0.0.1');
      const capture = await Capture.start(join(scratch, 'media.pcapng'), `udp portrange ${base}-${base + 209}`);
      desk.openTdm('pri', 't1', 2);
      const port = await desk.openRtp('sip');
      desk.aim('sip', phone.port);
      desk.plane.call({ type: 'join', a: 'pri', b: 'sip' });
      phone.aim({ ...PHONE_SAYS, port });
      await Promise.all([phone.listen(1), line.listen(1)]);
      const losses = (): Promise<Losses> => (driver === 'native' ? lossesOf(desk.plane, ['sip']) : nothing());
      await inTime(t, losses, async () => {
        const [phoneFrom, lineFrom] = [phone.heard.samples.length, line.heard.length];
        phone.play({ type: 'samples', samples: readWav(kit('audio/markerA.wav')) });
        line.play({ type: 'samples', samples: readWav(kit('audio/markerB.wav')) });
        await Promise.all([phone.listen(9), line.listen(9)]);
        writeWav(join(scratch, 'phone.wav'), phone.heard.samples.slice(phoneFrom));
        writeWav(join(scratch, 'line.wav'), line.heard.slice(lineFrom));
        const found = [];
        for (const [right, wrong, recording] of [
          ['markerB', 'markerA', 'phone'],
          ['markerA', 'markerB', 'line'],
        ] as const) {
          const own = await correlate(kit(`audio/${wrong}.wav`), join(scratch, `${recording}.wav`));
          assert.ok(own.peak < 0.5, `${wrong} in what the ${recording} heard: ${JSON.stringify(own)}`);
          found.push(await correlate(kit(`audio/${right}.wav`), join(scratch, `${recording}.wav`)));
        }
        const { peak, coverage } = WHOLE[driver];
        return { good: found.every((one) => one.peak >= peak && one.coverage >= coverage), found };
      });
      await capture.stop();
      const stats = await desk.close('sip');
      await desk.plane.stop();
      await phone.close();
      await line.close();
      assert.ok(stats.received > 400 && stats.lost <= 2, JSON.stringify(stats));
      const verdict = await judge(capture.file, [`udp.port==${port},rtp`, `udp.port==${port + 1},rtcp`]);
      assert.ok(verdict.packets > 800, `${verdict.packets} packets`);
      assert.deepEqual(verdict.faults, []);
      const ours = verdict.streams.find(({ from }) => from === `127.0.0.1:${port}`);
      assert.equal(ours?.loss, 0);
    });

    test('a looped B-channel answers within 200 ms', async () => {
      const desk = await Desk.start(driver, [carrier]);
      const phone = await DeskSound.open('127.0.0.1');
      desk.openTdm('pri', 't1', 1);
      desk.plane.far('t1', 1, { type: 'echo', delay: 0 });
      const port = await desk.openRtp('sip');
      desk.aim('sip', phone.port);
      desk.plane.call({ type: 'join', a: 'pri', b: 'sip' });
      phone.aim({ ...PHONE_SAYS, port });
      // A second of silence, so that the buffers are settled, then a burst.
      await phone.listen(1);
      const samples = new Int16Array(4000).fill(12_000);
      const since = await phone.answerTo({ type: 'samples', samples }, 1);
      const begins = since.findIndex((sample) => Math.abs(sample) > 6000);
      await desk.plane.stop();
      await phone.close();
      assert.ok(begins >= 0, 'nothing came back');
      assert.ok(begins / 8 < 200, `${begins / 8} ms`);
    });

    test('digits cross both ways, each once', async () => {
      const desk = await Desk.start(driver, [carrier, { driver: 'carrier', id: 't2', slots: 24 }]);
      const phone = await RtpPhone.open(base + 200);
      desk.openTdm('pri', 't1', 1);
      const port = await desk.openRtp('sip');
      desk.aim('sip', base + 200);
      desk.plane.call({ type: 'join', a: 'pri', b: 'sip' });
      phone.talk(port, new Int16Array(0));
      await eventually('the stream', () => phone.payloadTypes.length > 5);
      desk.plane.far('t1', 1, { type: 'digits', digits: '0#A' });
      await eventually('three digits from the line', () => desk.digits('pri').length === 3);
      await eventually('three ends at the phone', () => phone.events.filter(({ end }) => end).length >= 9);
      const codes = new Map(phone.events.map(({ timestamp, code }) => [timestamp, DIGITS.charAt(code)]));
      assert.equal([...codes.values()].join(''), '0#A');
      desk.plane.far('t1', 1, { type: 'echo', delay: 0 });
      phone.press(4);
      await eventually('the digit of the phone', () => desk.digits('sip') === '4');
      // The far end sends the tones back: so the digit went to the line in band.
      await eventually('its echo', () => desk.digits('pri') === '0#A4');
      await desk.plane.stop();
      phone.close();
    });

    test('a span that cannot open says which address is taken, leaves nothing behind, and can be tried again', async () => {
      const blocker = createSocket('udp4');
      await new Promise<void>((resolve) => blocker.bind(base + 232, '127.0.0.1', resolve));
      const desk = await Desk.start(driver, [carrier]);
      const spec: SpanMediaSpec = {
        driver: 'udp',
        id: 't2',
        slots: 4,
        listen: { address: '127.0.0.1', port: base + 230 },
        peer: { address: '127.0.0.1', port: base + 240 },
      };
      const refused = await desk.plane.addSpan(spec);
      assert.ok(!refused.ok && refused.error === `far.listen: UDP 127.0.0.1:${base + 232} for B-channel 2: EADDRINUSE`);
      assert.equal(portTaken('udp', base + 231), false);
      await new Promise<void>((resolve) => blocker.close(() => resolve()));
      assert.equal((await desk.plane.addSpan(spec)).ok, true);
      assert.equal(portTaken('udp', base + 234), true);
      assert.deepEqual(
        desk.plane.stats().spans.map(({ id }) => id),
        ['t1', 't2'],
      );
      await desk.plane.stop();
    });

    test('a span comes and goes while a call is up on another, which hears every block', async () => {
      const desk = await Desk.start(driver, [carrier]);
      const phone = await RtpPhone.open(base + 200);
      const at = await desk.openRtp('sip');
      desk.openTdm('pri', 't1', 1);
      desk.plane.far('t1', 1, { type: 'tone', frequency: 1004, level: -10 });
      desk.aim('sip', base + 200);
      desk.plane.call({ type: 'join', a: 'pri', b: 'sip' });
      await eventually('the phone hears', () => phone.payloadTypes.length > 10);
      for (let round = 0; round < 5; round++) {
        const spec: SpanMediaSpec = {
          driver: 'udp',
          id: 't2',
          slots: 24,
          listen: { address: '127.0.0.1', port: base + 230 },
          peer: { address: '127.0.0.1', port: base + 260 },
        };
        assert.equal((await desk.plane.addSpan(spec)).ok, true);
        desk.openTdm(`there${round}`, 't2', 24);
        await eventually('its call is there', () => desk.of(`there${round}`)[0]?.type === 'ready');
        await desk.plane.removeSpan('t2');
        assert.ok(desk.events.some((event) => event.type === 'closed' && event.leg === `there${round}`));
        assert.equal(portTaken('udp', base + 231), false);
      }
      desk.openTdm('late', 't2', 1);
      await eventually('no such span', () => desk.of('late')[0]?.type === 'failed');
      const stats = await desk.close('pri');
      assert.ok(stats.received > 10 && stats.slips === 0, JSON.stringify(stats));
      assert.ok(at > 0 && (await desk.close('sip')).lost === 0);
      await desk.plane.stop();
      phone.close();
    });

    test('a command that breaks costs its leg and no other', async () => {
      const desk = await Desk.start(driver, [carrier]);
      await desk.openRtp('good');
      await desk.openRtp('bad');
      desk.plane.leg('bad', { type: 'nonsense' } as never);
      await eventually('the bad leg is gone', () => desk.events.some((event) => event.type === 'closed'));
      assert.notEqual(await desk.plane.stream('good'), undefined);
      assert.equal(await desk.plane.stream('bad'), undefined);
      await desk.plane.stop();
      assert.equal(await desk.plane.stream('good'), undefined);
      assert.ok(desk.events.every(({ type }) => type !== 'failed'));
    });

    test('many calls come and go and leave no port behind', async () => {
      const desk = await Desk.start(driver, [carrier]);
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < 20; n++) {
          desk.openTdm(`pri${round}.${n}`, 't1', n + 1);
          desk.plane.leg(`sip${round}.${n}`, { type: 'open-rtp' });
          desk.aim(`sip${round}.${n}`, base + 300);
          desk.plane.call({ type: 'join', a: `pri${round}.${n}`, b: `sip${round}.${n}` });
        }
        await eventually('twenty calls', () => desk.plane.stats().portsInUse === 20);
        for (let n = 0; n < 20; n++) {
          for (const leg of [`pri${round}.${n}`, `sip${round}.${n}`]) desk.plane.leg(leg, { type: 'close' });
        }
        await eventually('none', () => desk.plane.stats().portsInUse === 0);
      }
      assert.equal(desk.events.filter(({ type }) => type === 'closed').length, 120);
      assert.equal(desk.events.filter((event) => event.type === 'leg' && event.event.type === 'failed').length, 0);
      const probe = createSocket('udp4');
      await new Promise<void>((resolve, reject) => {
        probe.once('error', reject);
        probe.bind(base, '127.0.0.1', resolve);
      });
      probe.close();
      await desk.plane.stop();
    });
  });
}
