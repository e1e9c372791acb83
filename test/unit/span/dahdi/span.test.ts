import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { beforeEach, test } from 'node:test';
import { HdlcDecoder } from '../../../../src/isdn/hdlc/decoder.ts';
import { HdlcEncoder } from '../../../../src/isdn/hdlc/encoder.ts';
import type { Instant, WallTime } from '../../../../src/kernel/time.ts';
import { ALARM, EVENT, MAINT, REQUEST, readInt, SIGNALLING } from '../../../../src/span/dahdi/abi.ts';
import type { DahdiSetting, LineSetting } from '../../../../src/span/dahdi/configure.ts';
import type { DahdiAttachment } from '../../../../src/span/dahdi/media.ts';
import { DahdiSpan } from '../../../../src/span/dahdi/span.ts';
import type { SpanEvent } from '../../../../src/span/port.ts';
import { DahdiDesk } from '../../../support/dahdi-desk.ts';

const SLOTS = Array.from({ length: 23 }, (_, n) => n + 1);
const LINE: LineSetting = { framing: 'esf', coding: 'b8zs', buildOut: 1, sync: 2, echoCanceller: undefined };
const SETTING: DahdiSetting = {
  id: 't1',
  number: 1,
  slots: 24,
  bSlots: SLOTS,
  dSlot: 24,
  law: 'ulaw',
  mode: 'channels',
  line: LINE,
};

let desk: DahdiDesk;
let now: number;
let said: string[];
let frames: string[];
let attached: (DahdiAttachment | undefined)[];
let fromWorker: ((event: SpanEvent) => void) | undefined;

beforeEach(() => {
  desk = new DahdiDesk();
  now = 1000;
  said = [];
  frames = [];
  attached = [];
});

function open(setting: Partial<DahdiSetting> = {}): DahdiSpan {
  return new DahdiSpan(
    { ...SETTING, ...setting },
    {
      native: desk.native,
      loop: {
        clock: { now: () => now as Instant, wall: () => 0 as WallTime },
        run: (step) => step(),
        watch: () => {},
        forget: () => {},
      },
      worker: {
        attach(_span, attachment) {
          // The worker closes what it is told to give up.
          if (attachment === undefined) for (const fd of attached.at(-1)?.descriptors ?? []) desk.native.close(fd);
          attached.push(attachment);
        },
        hear: (_span, listener) => {
          fromWorker = listener;
        },
        span: () => ({ slips: 3 }),
      },
      onEvent(event) {
        if (event.type === 'frame') frames.push(Buffer.from(event.frame).toString('hex'));
        else if (event.type === 'alarm') said.push(`${event.raised ? '+' : '-'}${event.alarm}`);
        else said.push(event.type === 'failed' ? event.why : 'mended');
      },
    },
  );
}

/** Until the span's next deadline, so often. */
function wait(span: DahdiSpan, times = 1): void {
  for (let n = 0; n < times; n++) {
    now = span.deadline ?? now;
    span.wake(now as Instant);
  }
}

const sent = (request: number): number[][] =>
  desk.requests.filter((one) => one.request === request).map(({ argument }) => [...new Int32Array(argument.buffer)]);

test('a span is set up as the configuration says: line, channels, then its start', () => {
  desk.addSpan(24);
  desk.addSpan(24);
  open({ number: 2 });
  const [line] = sent(REQUEST.spanConfig);
  assert.deepEqual([line?.[0], line?.[6], line?.[7], line?.[8]], [2, 1, 0xa0, 2]);
  for (const slot of SLOTS) assert.equal(desk.channel(24 + slot).signalling, SIGNALLING.clear);
  assert.equal(desk.channel(48).signalling, SIGNALLING.hdlcFcs);
  assert.deepEqual(sent(REQUEST.startup), [[2]]);
  const order = desk.requests.map(({ request }) => request);
  assert.ok(order.indexOf(REQUEST.spanConfig) < order.indexOf(REQUEST.chanConfig));
  assert.ok(order.lastIndexOf(REQUEST.chanConfig) < order.indexOf(REQUEST.startup));
  assert.deepEqual(attached[0]?.slots, SLOTS);
  assert.equal(attached[0]?.descriptors.length, 23);
  assert.deepEqual(said, []);
});

test('a bundle is one descriptor, and the other channels are slaves of the first', () => {
  desk.addSpan(24);
  open({ mode: 'bundle' });
  assert.deepEqual([desk.channel(1).signalling, desk.channel(1).master], [SIGNALLING.clear, 1]);
  for (const slot of SLOTS.slice(1)) {
    assert.deepEqual([desk.channel(slot).signalling, desk.channel(slot).master], [SIGNALLING.slave, 1]);
  }
  assert.equal(attached[0]?.descriptors.length, 1);
  const [buffers] = sent(REQUEST.setBufferInfo);
  assert.ok((buffers?.[2] ?? 0) * (buffers?.[3] ?? 0) <= 32_768, 'more buffers than the driver gives');
  assert.equal(buffers?.[3], 23 * 160);
});

test('the card’s own HDLC controller is used where there is one', () => {
  desk.capabilities |= 1 << 19;
  desk.addSpan(24);
  open();
  assert.equal(desk.channel(24).signalling, SIGNALLING.hardHdlc);
});

test('an existing configuration is taken as it stands', () => {
  desk.addSpan(24);
  desk.channel(24).signalling = SIGNALLING.hdlcFcs;
  open({ line: undefined });
  for (const request of [REQUEST.spanConfig, REQUEST.chanConfig, REQUEST.startup]) assert.deepEqual(sent(request), []);
  assert.equal(attached[0]?.descriptors.length, 23);
});

for (const [what, prepare, setting] of [
  [
    'a driver that makes no frames',
    () => {
      for (const signalling of [SIGNALLING.hdlcFcs, SIGNALLING.hardHdlc]) desk.unable.add(signalling);
      desk.capabilities |= 1 << 19;
    },
    {},
  ],
  [
    'a D-channel that another program has set up as bare octets',
    () => {
      desk.channel(24).signalling = SIGNALLING.clear;
    },
    { line: undefined },
  ],
] as const) {
  test(`${what}: frames are made of the timeslot’s octets, and octets of frames`, () => {
    desk.addSpan(24);
    prepare();
    const span = open(setting);
    assert.equal(desk.channel(24).signalling, SIGNALLING.clear);
    const [far, heard] = [new HdlcEncoder({ order: 'msb-first' }), new HdlcDecoder({ order: 'msb-first' })];
    const turn = (): void => {
      const block = new Uint8Array(80);
      far.fill(block);
      desk.bring(24, block);
    };
    far.send(Uint8Array.of(2, 1, 0x7f));
    span.send(Uint8Array.of(0, 1, 0x73));
    turn();
    assert.deepEqual(frames, ['02017f']);
    assert.deepEqual(heard.push(Buffer.concat(desk.channel(24).went)), [Uint8Array.of(0, 1, 0x73)]);
    assert.equal(desk.channel(24).went.length, 4 + 1, 'a block goes out for each that came, and some wait');
    desk.channel(24).events.push(EVENT.readOverrun, EVENT.writeUnderrun);
    far.send(Uint8Array.of(2, 1, 0x73));
    turn();
    assert.deepEqual(frames, ['02017f', '020173']);
    assert.equal(desk.channel(24).went.length, 4 + 1 + 4 + 1, 'a line that ran dry is primed anew');
    desk.bring(24, constants.errno.ENODEV);
    assert.equal(said.at(-1), '+LOS');
    assert.equal(desk.openDescriptors, 0);
  });
}

test('a D-channel that another program uses for something else is told with what to say in its configuration', () => {
  desk.addSpan(24);
  desk.channel(24).signalling = 0x40;
  open({ line: undefined });
  assert.equal(said[0], 'channel 24 of DAHDI span 1 is not set up as a D-channel: say dchan=24 in system.conf');
});

test('frames come without their FCS, and go with room for one', () => {
  desk.addSpan(24);
  const span = open();
  desk.bring(24, Uint8Array.of(2, 1, 0x7f, 0xdc, 0xe1));
  assert.deepEqual(frames, ['02017f']);
  span.send(Uint8Array.of(0, 1, 0x73));
  assert.deepEqual(desk.channel(24).went, [Uint8Array.of(0, 1, 0x73, 0, 0)]);
});

test('an event that waits refuses no frame, neither the one that comes nor the one that goes', () => {
  desk.addSpan(24);
  const span = open();
  desk.channel(24).events.push(EVENT.badFcs, EVENT.abort);
  desk.bring(24, Uint8Array.of(2, 1, 0x7f, 0, 0));
  assert.deepEqual(frames, ['02017f']);
  desk.spans[0] = { channels: 24, alarms: ALARM.yellow };
  desk.channel(24).events.push(EVENT.alarm);
  desk.bring(24, Uint8Array.of(2, 1, 0x7f, 0, 0));
  assert.deepEqual(said, ['+RAI'], 'an alarm’s event was not followed up at once');
  span.send(Uint8Array.of(0, 1, 0x73));
  assert.equal(desk.channel(24).went.length, 1);
});

// The fields of `dahdi_spaninfo`: bpvcount 76, crc4count 80, fascount 88, fecount 92, cvcount 96, lineconfig 136.
for (const [what, fields, lineCode, pathCode] of [
  ['ESF on a card that counts bipolar violations', { 76: 5, 80: 7, 88: 9, 136: 0xa0 }, 5, 7],
  ['ESF on a card that counts code violations', { 96: 5, 80: 7, 92: 9, 136: 0xa0 }, 5, 7],
  ['D4, whose path code is its framing bits', { 96: 5, 80: 0, 92: 9, 136: 0x50 }, 5, 9],
  ['E1 without CRC-4', { 76: 5, 80: 0, 88: 9, 136: 0x300 }, 5, 9],
  ['E1 with CRC-4', { 76: 5, 80: 7, 88: 9, 136: 0x700 }, 5, 7],
] as const) {
  test(`violations are read where the driver counts them: ${what}`, () => {
    desk.addSpan(24);
    const span = open();
    desk.spans[0] = { channels: 24, alarms: 0, fields };
    wait(span);
    const { counters } = span.read() ?? {};
    assert.deepEqual([counters?.lineCode, counters?.pathCode], [lineCode, pathCode]);
  });
}

test('a loopback that is in the card when the program begins is taken down, and none that comes later', () => {
  desk.addSpan(24);
  desk.spans[0] = { channels: 24, alarms: ALARM.loopback };
  const span = open();
  assert.deepEqual(sent(REQUEST.maint), [[1, MAINT.none]]);
  wait(span, 3);
  desk.spans.length = 0;
  wait(span, 2);
  desk.spans[0] = { channels: 24, alarms: ALARM.loopback };
  wait(span, 3);
  assert.equal(span.read()?.loopback, 'remote');
  assert.equal(sent(REQUEST.maint).length, 1);
});

test('a change among alarms is found within a second though it makes no event', () => {
  desk.addSpan(24);
  const span = open();
  const at = now;
  for (const alarms of [ALARM.red | ALARM.loss, ALARM.yellow, 0]) {
    desk.spans[0] = { channels: 24, alarms };
    wait(span);
  }
  assert.deepEqual(said, ['+LOS', '-LOS', '+RAI', '-RAI']);
  assert.equal(now - at, 3000);
  assert.deepEqual(span.read()?.alarms, []);
  assert.equal(span.read()?.counters.slips, 3);
});

for (const [what, spoil, mend, expected] of [
  [
    'the driver is not loaded',
    () => desk.refuses.set('/dev/dahdi/ctl', 'ENOENT'),
    () => desk.refuses.clear(),
    /^\/dev\/dahdi\/ctl is not there: the DAHDI driver is not loaded/,
  ],
  [
    'permission is denied',
    () => desk.refuses.set('/dev/dahdi/channel', 'EACCES'),
    () => desk.refuses.clear(),
    /no permission for \/dev\/dahdi\/channel: the process needs the group/,
  ],
  ['there is no card', () => desk.spans.pop(), () => desk.spans.push({ channels: 24, alarms: 0 }), /finds no card/],
  [
    'a channel is in use by another program',
    () => {
      desk.channel(5).open = true;
    },
    () => {
      desk.channel(5).open = false;
    },
    /^channel 5 of DAHDI span 1 is in use by another program$/,
  ],
  [
    'the D-channel is in use by another program',
    () => {
      desk.channel(24).open = true;
    },
    () => {
      desk.channel(24).open = false;
    },
    /^D-channel 24 of DAHDI span 1 is in use by another program$/,
  ],
] as const) {
  test(`${what}: said once, LOS meanwhile, nothing left open, and mended without a restart`, () => {
    desk.addSpan(24);
    spoil();
    const span = open();
    wait(span, 3);
    assert.equal(said.length, 2, said.join('; '));
    assert.match(said[0] ?? '', expected);
    assert.equal(said[1], '+LOS');
    assert.equal(desk.openDescriptors, 0);
    span.send(Uint8Array.of(0, 1, 0x73));
    assert.equal(span.read(), undefined);
    mend();
    wait(span);
    assert.deepEqual(said.slice(2), ['mended', '-LOS']);
    assert.equal(attached.length, 1);
  });
}

test('a card with fewer ports, or a span with fewer channels, is told with both numbers', () => {
  desk.addSpan(24);
  open({ number: 3 });
  assert.match(said[0] ?? '', /^there is no DAHDI span 3: the driver has one span$/);
  said = [];
  desk.addSpan(8);
  open({ number: 2 });
  assert.match(said[0] ?? '', /^DAHDI span 2 has 8 channels, and the configuration says 24$/);
});

test('an echo canceller whose module is not loaded is told by name', () => {
  desk.addSpan(24);
  desk.refuses.set(REQUEST.attachEchoCan, 'EINVAL');
  open({ line: { ...LINE, echoCanceller: 'mg2' } });
  assert.match(said[0] ?? '', /no echo canceller mg2.*dahdi_echocan_mg2/);
});

for (const [what, remove] of [
  [
    'by the driver’s event',
    () => {
      desk.channel(24).events.push(EVENT.removed);
      desk.bring(24, Uint8Array.of(0, 0, 0));
    },
  ],
  ['as the D-channel’s read finds', () => desk.bring(24, constants.errno.ENODEV)],
  ['as the worker finds', () => fromWorker?.({ type: 'failed', why: 'gone' })],
] as const) {
  test(`a span that is taken away ${what} is LOS, and comes back by itself`, () => {
    desk.addSpan(24);
    const span = open();
    remove();
    assert.equal(said.at(-1), '+LOS');
    assert.equal(attached.at(-1), undefined, 'the worker keeps descriptors of a span that is gone');
    assert.equal(desk.openDescriptors, 0);
    for (const { events } of desk.channels.values()) events.splice(0);
    wait(span);
    assert.equal(said.at(-1), '-LOS');
    assert.equal(attached.at(-1)?.descriptors.length, 23);
  });
}

test('a loopback is made and released, and a span that has none says so', () => {
  desk.addSpan(24);
  const span = open();
  assert.equal(span.loop('payload'), undefined);
  assert.equal(span.loop(undefined), undefined);
  const commands = desk.requests
    .filter(({ request }) => request === REQUEST.maint)
    .map(({ argument }) => readInt(argument, 4));
  assert.deepEqual(commands, [MAINT.payload, MAINT.none]);
  desk.refuses.set(REQUEST.maint, 'ENOSYS');
  assert.match(span.loop('local') ?? '', /^DAHDI span 1 can make no loopback: its card, or the driver without a card/);
});

test('a span that is closed leaves nothing open and says nothing more', async () => {
  desk.addSpan(24);
  const span = open();
  await span.close();
  assert.equal(desk.openDescriptors, 0);
  assert.equal(span.deadline, undefined);
  assert.deepEqual(said, []);
});
