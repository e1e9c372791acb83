/** Loopbacks of a span over Ethernet: what goes back, what is heard meanwhile, and that both ends are as before when it is over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanLoop } from '../../../../src/media/span-loop.ts';
import { BLOCK, IDLE } from '../../../../src/rtp/g711.ts';
import { TdmChannel } from '../../../../src/span/media.ts';
import type { Loopback, SpanEvent } from '../../../../src/span/port.ts';
import { FRAMES_PER_BLOCK, SAMPLES } from '../../../../src/span/tdmoe/frame.ts';
import { TdmoeMedia } from '../../../../src/span/tdmoe/media.ts';
import { openTdmoeSpan } from '../../../../src/span/tdmoe/span.ts';

const SLOTS = 24;

/** One end: a span with its channels, and what it has told. */
class End {
  readonly channels = Array.from({ length: SLOTS }, () => new TdmChannel());
  readonly frames: string[] = [];
  readonly media: TdmoeMedia;
  readonly #loop = new SpanLoop(this.channels);
  readonly #wire = new Uint8Array(SLOTS * SAMPLES);

  constructor(id: string) {
    const spec = {
      driver: 'tdmoe',
      id,
      slots: SLOTS,
      dSlot: 24,
      interface: 'x',
      subAddress: 0,
      variant: 'single',
    } as const;
    for (const channel of this.channels) channel.attach(true);
    this.media = new TdmoeMedia({ ...spec, peer: '02:00:00:00:00:01' }, this.channels, 0, (event: SpanEvent) => {
      if (event.type === 'frame') this.frames.push(Buffer.from(event.frame).toString('hex'));
    });
  }

  turn(loopback: Loopback | undefined): void {
    this.#loop.turn(loopback);
    this.media.turn(loopback);
  }

  begin(): void {
    this.#loop.receive(this.media);
  }

  end(): void {
    this.#loop.transmit(this.media);
  }

  /** The whole block goes over the wire. */
  speakTo(other: End, now: number): void {
    for (let place = 0; place < FRAMES_PER_BLOCK; place++) {
      this.media.speak(place, this.#wire, 0);
      other.media.hear(this.#wire, { payload: 0, sequence: this.media.next(), yellow: false }, now);
    }
    other.media.endHearing();
  }
}

class Pair {
  readonly near = new End('near');
  readonly far = new End('far');
  #now = 0;

  /** Ticks of both ends; `near` says `block` on channel 5 where it is given, and what it hears there is answered. */
  run(ticks: number, block?: (tick: number) => Uint8Array): Buffer {
    const heard: Uint8Array[] = [];
    const channel = this.near.channels[4] as TdmChannel;
    for (let tick = 0; tick < ticks; tick++) {
      this.#now += 20;
      this.near.speakTo(this.far, this.#now);
      this.far.speakTo(this.near, this.#now);
      for (const end of [this.near, this.far]) end.begin();
      const into = new Uint8Array(BLOCK);
      channel.rx.pull(into);
      heard.push(into);
      if (block !== undefined) channel.tx.push(block(tick));
      for (const end of [this.near, this.far]) end.end();
    }
    return Buffer.concat(heard);
  }
}

const FRAME = Uint8Array.of(2, 1, 0x7f);
const said = (tick: number): Uint8Array => Uint8Array.from({ length: BLOCK }, (_, n) => (7 * tick + 31 * n) & 0xff);

const all = (ticks: number): Buffer => Buffer.concat(Array.from({ length: ticks }, (_, tick) => said(tick)));
const OTHER = Uint8Array.of(0, 1, 0x7f);

test('payload: the octets of every timeslot go back, those of the D-channel too, and its own end hears none of them', () => {
  const line = new Pair();
  line.near.channels[4]?.open('ulaw');
  line.run(5);
  line.far.turn('payload');
  line.run(5);
  line.near.media.send(FRAME);
  line.far.media.send(OTHER);
  assert.ok(line.run(40, said).includes(all(30)), 'the sound did not come back as it was');
  assert.deepEqual([line.near.frames, line.far.frames], [['02017f'], []]);
});

test('a call that is up when the loopback begins goes on', () => {
  const line = new Pair();
  line.near.channels[4]?.open('ulaw');
  line.far.channels[4]?.open('ulaw');
  line.far.turn('payload');
  assert.ok(line.run(20, said).every((octet) => octet === IDLE.ulaw));
});

test('local: sound and frames come back to us, and the far end hears an idle line', () => {
  const line = new Pair();
  line.near.channels[4]?.open('ulaw');
  line.far.channels[4]?.open('ulaw');
  line.run(5, said);
  line.near.turn('local');
  line.near.media.send(FRAME);
  line.far.media.send(OTHER);
  assert.ok(line.run(40, said).includes(all(30)), 'the sound did not come back as it was');
  assert.deepEqual([line.near.frames, line.far.frames], [['02017f'], []]);
  const into = new Uint8Array(BLOCK);
  line.far.channels[4]?.rx.pull(into);
  assert.ok(into.every((octet) => octet === IDLE.ulaw));
});

for (const loopback of ['local', 'payload'] as const) {
  test(`after a ${loopback} loopback frames cross again both ways, and no channel is left open`, () => {
    const line = new Pair();
    line.run(5);
    line.far.turn(loopback);
    line.run(10);
    line.far.turn(undefined);
    line.run(10);
    line.near.media.send(FRAME);
    line.far.media.send(OTHER);
    line.run(10);
    assert.deepEqual([line.near.frames, line.far.frames], [['00017f'], ['02017f']]);
    assert.ok(line.far.channels.every(({ isOpen }) => !isOpen));
  });
}

test('a line loopback is refused with the reason, and what is in force is told', () => {
  const told: (Loopback | undefined)[] = [];
  const worker = {
    frame: () => {},
    hear: () => {},
    loop: (_span: string, loopback: Loopback | undefined) => told.push(loopback),
    span: () => ({ lost: 0, slips: 0 }),
  };
  const span = openTdmoeSpan('t1', worker, () => {});
  assert.match(span.loop?.('line') ?? '', /over Ethernet can make no line loopback: .* a payload loopback sends/);
  assert.equal(span.read?.()?.loopback, undefined);
  assert.equal(span.loop?.('payload'), undefined);
  assert.equal(span.read?.()?.loopback, 'payload');
  assert.equal(span.loop?.(undefined), undefined);
  assert.equal(span.read?.()?.loopback, undefined);
  assert.deepEqual(told, ['payload', undefined]);
});
