/** Eight spans over Ethernet to the kernel's own DAHDI driver in a guest, for a minute. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silent } from '../../src/kernel/log.ts';
import { startMediaPlane } from '../../src/media/plane.ts';
import type { SpanMediaSpec } from '../../src/span/port.ts';
import { openTdmoeSpan } from '../../src/span/tdmoe/span.ts';
import { makeTap } from '../support/ethernet.ts';
import { eventually } from '../support/process.ts';
import { ROOT } from '../support/tree.ts';
import { type Guest, noGuest, startGuest } from '../support/vm.ts';

const SPANS = Array.from({ length: 8 }, (_, n) => n);
const SECONDS = 60;
const PORTS = [25_400, 25_499] as const;
const GUEST = '02:00:00:00:00:02';

/** Frames that the guest has sent. */
const sentBy = async (guest: Guest): Promise<number> =>
  Number(await guest.must('cat /sys/class/net/eth0/statistics/tx_packets'));

test('eight spans to the kernel’s DAHDI for a minute: no alarm, and every frame that is missing is counted', async (context) => {
  const why = noGuest();
  if (why !== undefined) return context.skip(why);
  const tap = makeTap();
  if (typeof tap === 'string') return context.skip(tap);
  execFileSync(`${ROOT}scripts/build-native`);
  const guest = await startGuest({ network: { tap: tap.name, mac: GUEST } }).catch((error: unknown) => {
    tap.remove();
    throw error;
  });
  const spans = SPANS.map(
    (n): SpanMediaSpec => ({
      driver: 'tdmoe',
      id: `t${n}`,
      slots: 24,
      dSlot: 24,
      interface: tap.name,
      peer: GUEST,
      subAddress: n,
      variant: 'single',
    }),
  );
  const plane = await startMediaPlane({
    address: '127.0.0.1',
    ports: PORTS,
    driver: 'native',
    log: silent,
    onEvent: () => {},
  });
  try {
    for (const span of spans) assert.ok((await plane.addSpan(span)).ok);
    const said: string[] = [];
    const ports = spans.map(({ id }) =>
      openTdmoeSpan(id, plane, (event) => {
        if (event.type === 'alarm') said.push(`${id} ${event.raised ? '+' : '-'}${event.alarm}`);
        if (event.type === 'failed') said.push(`${id} ${event.why}`);
      }),
    );
    await guest.must('ip link set eth0 up');
    for (const n of SPANS)
      await guest.must(`echo 'dynamic=eth,eth0/${tap.address}/${n},24,${n === 0 ? 1 : 0}' >>/etc/dahdi/system.conf`);
    for (const n of SPANS)
      await guest.must(
        `echo 'bchan=${24 * n + 1}-${24 * n + 23}' >>/etc/dahdi/system.conf; echo 'dchan=${24 * n + 24}' >>/etc/dahdi/system.conf`,
      );
    await guest.must('dahdi_cfg');
    await eventually(
      'no alarm on any span',
      () =>
        ports.every(({ read }) => read?.()?.alarms.length === 0) &&
        plane.stats().spans.every(({ received }) => received > 1000),
      20,
    );
    said.splice(0);

    const figures = () => {
      const { spans: each, cpu } = plane.stats();
      const sum = (pick: (span: (typeof each)[number]) => number): number =>
        each.reduce((all, span) => all + pick(span), 0);
      return {
        cpu,
        received: sum(({ received }) => received),
        lost: sum(({ lost }) => lost),
        late: sum(({ late }) => late),
        reordered: sum(({ reordered }) => reordered),
        restarts: sum(({ restarts }) => restarts),
      };
    };
    const before = { ...figures(), sent: await sentBy(guest) };
    await sleep(SECONDS * 1000);
    const after = { ...figures(), sent: await sentBy(guest) };
    const received = after.received - before.received;
    const lost = after.lost - before.lost;
    const sent = after.sent - before.sent;
    const share = (after.cpu - before.cpu) / (SECONDS * 10);
    context.diagnostic(
      `${sent} frames sent by the guest, ${received} received, ${lost} lost, ${after.late - before.late} late, ${share.toFixed(1)} % of a core`,
    );

    assert.deepEqual(said, [], 'alarms in the minute');
    assert.equal(after.restarts, before.restarts);
    // Between the two questions for both figures frames go on, at 8000 a second.
    assert.ok(Math.abs(sent - received - lost) < 4000, `${sent - received - lost} frames are unaccounted for`);
    assert.ok(received > 0.9 * SPANS.length * 1000 * SECONDS, `${received} frames in ${SECONDS} s`);
    const alarms = await guest.must('cat /proc/dahdi/*');
    assert.doesNotMatch(alarms, /RED|YELLOW/);
  } finally {
    await plane.stop();
    await guest.stop();
    tap.remove();
  }
});
