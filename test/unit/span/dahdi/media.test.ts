import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK } from '../../../../src/rtp/g711.ts';
import { EVENT } from '../../../../src/span/dahdi/abi.ts';
import { DahdiDriver } from '../../../../src/span/dahdi/driver.ts';
import { DahdiMedia } from '../../../../src/span/dahdi/media.ts';
import { TdmChannel } from '../../../../src/span/media.ts';
import type { SpanEvent } from '../../../../src/span/port.ts';
import { DahdiDesk } from '../../../support/dahdi-desk.ts';

const block = (octet: number, length = BLOCK): Uint8Array => new Uint8Array(length).fill(octet);

/** A span of four channels whose first three are attached, in one of the two modes. */
function bench(mode: 'channels' | 'bundle') {
  const desk = new DahdiDesk();
  desk.addSpan(4);
  const driver = DahdiDriver.open(desk.native);
  assert.ok(driver.ok);
  const slots = [1, 2, 3];
  const descriptors = (mode === 'bundle' ? [1] : slots).map((number) => {
    const opened = driver.value.openChannel(number);
    assert.ok(opened.ok);
    return opened.value;
  });
  driver.value.close();
  const channels = Array.from({ length: 4 }, () => {
    const channel = new TdmChannel();
    channel.attach(false);
    return channel;
  });
  const said: SpanEvent[] = [];
  const media = new DahdiMedia(desk.native, channels, (event) => said.push(event));
  media.attach({ mode, slots, descriptors });
  const into = new Uint8Array(BLOCK);
  return {
    desk,
    media,
    said,
    channel: (slot: number): TdmChannel => channels[slot - 1] ?? assert.fail(),
    /** A tick in which each open channel hears one block and says `octet`. */
    tick(octet: number): (number | undefined)[] {
      media.receive();
      const heard = channels.map((channel) => (channel.isOpen && channel.rx.pull(into) ? into[0] : undefined));
      for (const channel of channels) if (channel.isOpen) channel.tx.push(block(octet));
      media.transmit();
      return heard;
    },
  };
}

test('only the channels of calls are read and written, a block out for each that came', () => {
  const { desk, channel, tick } = bench('channels');
  channel(2).open('ulaw');
  desk.channel(1).comes.push(block(9));
  assert.deepEqual(tick(7), [undefined, undefined, undefined, undefined]);
  assert.deepEqual(
    desk.channel(2).went,
    [1, 2, 3, 4].map(() => block(0xff)),
    'the line is primed',
  );
  desk.channel(2).comes.push(block(1));
  assert.deepEqual(tick(8), [undefined, 1, undefined, undefined]);
  assert.equal(desk.channel(2).went.length, 5);
  desk.channel(2).comes.push(block(2), block(3));
  tick(8);
  assert.equal(desk.channel(2).went.length, 7, 'two blocks came, two must go');
  assert.deepEqual(desk.channel(1).went, []);
  channel(2).close();
  desk.channel(2).comes.push(block(4));
  tick(8);
  assert.equal(desk.channel(2).went.length, 7);
});

test('channels that were left behind together catch up together, and one that lags alone does so too', () => {
  const { desk, channel, tick } = bench('channels');
  for (const slot of [1, 2, 3]) channel(slot).open('ulaw');
  tick(7);
  for (const slot of [1, 2, 3]) desk.channel(slot).comes.push(block(1), block(2), block(3));
  tick(7);
  for (const slot of [1, 2, 3]) assert.equal(desk.channel(slot).comes.length, 0, `channel ${slot} lags`);
  desk.channel(3).comes.push(block(4), block(5));
  for (let n = 0; n < 16; n++) {
    for (const slot of [1, 2, 3]) desk.channel(slot).comes.push(block(6));
    tick(7);
  }
  assert.equal(desk.channel(3).comes.length, 0);
});

test('an event in between loses no block, and a line that ran dry is primed anew, whatever it missed', () => {
  const { desk, channel, tick } = bench('channels');
  channel(1).open('ulaw');
  tick(7);
  desk.channel(1).events.push(EVENT.readOverrun, EVENT.writeUnderrun);
  desk.channel(1).comes.push(block(5), block(5), block(5), block(5));
  const slips = channel(1).slips;
  assert.equal(tick(7)[0], 5);
  assert.deepEqual(
    desk.channel(1).went.slice(4),
    [0xff, 0xff, 0xff, 7].map((octet) => block(octet)),
  );
  assert.equal(channel(1).slips - slips, 2);
});

test('channels that are taken away in the middle of a call are closed and told, and may come back', () => {
  const { desk, media, channel, tick, said } = bench('channels');
  channel(3).open('ulaw');
  tick(7);
  desk.channel(3).events.push(EVENT.removed);
  tick(7);
  assert.deepEqual(said, [{ type: 'failed', why: 'the driver has taken the B-channels away' }]);
  assert.equal(desk.openDescriptors, 0);
  tick(7);
  media.detach();
  const driver = DahdiDriver.open(desk.native);
  assert.ok(driver.ok);
  const again = driver.value.openChannel(3);
  assert.ok(again.ok);
  media.attach({ mode: 'channels', slots: [3], descriptors: [again.value] });
  tick(7);
  desk.channel(3).comes.push(block(6));
  assert.equal(tick(7)[2], 6);
});

test('a bundle carries its channels octet by octet in turn, those without a call idle', () => {
  const { desk, channel, tick } = bench('bundle');
  channel(1).open('ulaw');
  channel(3).open('alaw');
  tick(0);
  assert.deepEqual(
    desk.channel(1).went,
    Array.from({ length: 4 }, () => block(0xff, 3 * BLOCK)),
  );
  const woven = Uint8Array.from({ length: 3 * BLOCK }, (_, n) => n % 3);
  desk.channel(1).comes.push(woven);
  assert.deepEqual(tick(0x33), [0, undefined, 2, undefined]);
  const out = desk.channel(1).went.at(-1) ?? assert.fail();
  assert.equal(out.length, 3 * BLOCK);
  assert.deepEqual([out[1], out[4]], [0xff, 0xff], 'the second channel has no call');
  desk.channel(1).comes.push(woven);
  tick(0x33);
  const next = desk.channel(1).went.at(-1) ?? assert.fail();
  assert.deepEqual([next[0], next[1], next[2]], [0x33, 0xff, 0x33]);
});
