/** Two of our own spans over Ethernet, joined by a cable of this machine. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silent } from '../../src/kernel/log.ts';
import { type MediaPlane, type MediaPlaneEvent, startMediaPlane } from '../../src/media/plane.ts';
import type { SpanEvent, SpanMediaSpec } from '../../src/span/port.ts';
import { openTdmoeSpan } from '../../src/span/tdmoe/span.ts';
import { type Cable, makeCable } from '../support/ethernet.ts';
import { assertExact, hears, Listeners, say } from '../support/exact-sound.ts';
import { eventually } from '../support/process.ts';
import { ROOT } from '../support/tree.ts';

const PORTS = [25_200, 25_299] as const;
/** The UDP span that brings what is heard to this process: its own base port, and ours. */
const SPEAKER = 25_300;
const LISTENER = 25_340;

const SLOTS = Array.from({ length: 23 }, (_, n) => n + 1);
/** Seconds of sound that are compared. */
const SECONDS = 3;

const cable = makeCable();
const skip = typeof cable === 'string' ? cable : false;

/** The spans of both ends: single ones with sub-address 1, and two in a multi-frame, with a gap between them. */
function specs({ a, b, addressA, addressB }: Cable): SpanMediaSpec[] {
  const span = (id: string, name: string, peer: string, subAddress: number, variant: 'single' | 'multi') =>
    ({ driver: 'tdmoe', id, slots: 24, dSlot: 24, interface: name, peer, subAddress, variant }) as const;
  const address = '127.0.0.1';
  return [
    { driver: 'carrier', id: 'voices', slots: 23 },
    { driver: 'udp', id: 'ears', slots: 23, listen: { address, port: SPEAKER }, peer: { address, port: LISTENER } },
    span('near', a, addressB, 1, 'single'),
    span('far', b, addressA, 1, 'single'),
    ...[0, 3].flatMap((n) => [span(`near${n}`, a, addressB, n, 'multi'), span(`far${n}`, b, addressA, n, 'multi')]),
  ];
}

describe('spans over Ethernet', { skip }, () => {
  const events: MediaPlaneEvent[] = [];
  const heard = new Map<string, SpanEvent[]>();
  const ports = new Map<string, ReturnType<typeof openTdmoeSpan>>();
  let plane: MediaPlane;

  before(async () => {
    execFileSync(`${ROOT}scripts/build-native`);
    if (typeof cable === 'string') return;
    const spans = specs(cable);
    plane = await startMediaPlane({
      address: '127.0.0.1',
      ports: PORTS,
      driver: 'native',
      log: silent,
      onEvent: (event) => events.push(event),
    });
    for (const spec of spans) assert.equal((await plane.addSpan(spec)).ok, true);
    for (const { id, driver } of spans) {
      if (driver !== 'tdmoe') continue;
      const list: SpanEvent[] = [];
      heard.set(id, list);
      ports.set(
        id,
        openTdmoeSpan(id, plane, (event) => list.push(event)),
      );
    }
  });

  after(async () => {
    await plane?.stop();
    if (typeof cable !== 'string') cable.remove();
  });

  const of = (id: string): SpanEvent[] => heard.get(id) ?? [];
  const framesOf = (id: string): string[] =>
    of(id).flatMap((event) => (event.type === 'frame' ? [Buffer.from(event.frame).toString('hex')] : []));
  const alarmsOf = (id: string): string[] =>
    of(id).flatMap((event) => (event.type === 'alarm' ? [`${event.raised ? '+' : '-'}${event.alarm}`] : []));
  const readingOf = (id: string) => ports.get(id)?.read?.();

  for (const [near, far] of [
    ['near', 'far'],
    ['near0', 'far0'],
    ['near3', 'far3'],
  ] as const) {
    test(`the D-channel of ${near} carries frames both ways`, async () => {
      const frames = [
        Uint8Array.of(2, 1, 0x7f),
        Uint8Array.from({ length: 264 }, (_, n) => n),
        Uint8Array.of(0, 1, 0xff, 0xff),
      ];
      await eventually('both ends hear each other', () => (plane.span(far)?.received ?? 0) > 50);
      for (const frame of frames) {
        ports.get(near)?.send(frame);
        ports.get(far)?.send(frame);
      }
      const expected = frames.map((frame) => Buffer.from(frame).toString('hex'));
      await eventually('all frames', () => framesOf(far).length >= 3 && framesOf(near).length >= 3);
      assert.deepEqual(framesOf(far), expected);
      assert.deepEqual(framesOf(near), expected);
    });
  }

  for (const [near, far] of [
    ['near', 'far'],
    ['near3', 'far3'],
  ] as const) {
    test(`23 channels of ${near} carry their sound octet by octet, half of them each way`, async () => {
      const listeners = await Listeners.open(LISTENER, SLOTS);
      const open = (leg: string, span: string, slot: number): void =>
        plane.leg(leg, { type: 'open-tdm', channel: { span, slot }, law: 'ulaw' });
      for (const slot of SLOTS) {
        const [from, to] = slot % 2 === 0 ? [near, far] : [far, near];
        open(`voice${slot}`, 'voices', slot);
        open(`from${slot}`, from, slot);
        open(`to${slot}`, to, slot);
        open(`ear${slot}`, 'ears', slot);
        say(plane, 'voices', slot, slot);
        plane.call({ type: 'join', a: `voice${slot}`, b: `from${slot}` });
        plane.call({ type: 'join', a: `to${slot}`, b: `ear${slot}` });
      }
      listeners.listen(SLOTS);
      const through = (): boolean => SLOTS.every((slot) => hears(listeners.of(slot), slot));
      await eventually('the last channel has its sound through all buffers', through);
      listeners.listen(SLOTS);
      const slips = plane.stats().spans.map(({ slips }) => slips);
      await sleep(SECONDS * 1000);
      const whole = (): boolean => SLOTS.every((slot) => listeners.of(slot).length > (SECONDS - 0.5) * 8000);
      await eventually('all of it has come', whole);
      assert.deepEqual(
        plane.stats().spans.map((span) => span.slips),
        slips,
        'the machine was too busy: blocks slipped',
      );
      for (const slot of SLOTS) {
        const heard = listeners.of(slot);
        assertExact(heard, slot, `channel ${slot}`);
        for (const leg of ['voice', 'from', 'to', 'ear']) plane.leg(`${leg}${slot}`, { type: 'close' });
      }
      listeners.close();
      for (const id of [near, far]) {
        const { lost, late, restarts } = plane.span(id) ?? assert.fail();
        assert.deepEqual({ lost, late, restarts }, { lost: 0, late: 0, restarts: 0 });
      }
    });
  }

  test('a pulled cable is LOS at both ends, and the plugged one ends it without a restart', async () => {
    if (typeof cable === 'string') return;
    cable.plug(false);
    await eventually('LOS', () => alarmsOf('near').includes('+LOS') && alarmsOf('far3').includes('+LOS'));
    assert.deepEqual(readingOf('near')?.alarms, ['LOS']);
    const failed = of('near').find((event) => event.type === 'failed');
    assert.match(failed?.type === 'failed' ? failed.why : '', /^Ethernet interface bl\w+a is down$/);
    cable.plug(true);
    await eventually('the end of LOS', () => alarmsOf('near').includes('-LOS') && alarmsOf('far3').includes('-LOS'));
    assert.deepEqual(readingOf('near')?.alarms, []);
    const sent = framesOf('far').length;
    ports.get('near')?.send(Uint8Array.of(2, 1, 0x7f));
    await eventually('a frame after the repair', () => framesOf('far').length > sent);
    assert.equal(of('near').filter(({ type }) => type === 'failed').length, 1, 'the same trouble is said once');
    assert.equal(of('near').filter(({ type }) => type === 'mended').length, 1);
  });
});
