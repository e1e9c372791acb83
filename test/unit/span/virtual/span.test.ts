import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { DChannel } from '../../../../src/gateway/d-channel.ts';
import { Reactor } from '../../../../src/gateway/reactor.ts';
import { Signalling } from '../../../../src/gateway/signalling.ts';
import { Q921Link } from '../../../../src/isdn/q921/link.ts';
import { Q931Group } from '../../../../src/isdn/q931/group.ts';
import type { CallIndication } from '../../../../src/isdn/q931/primitives.ts';
import { VARIANTS } from '../../../../src/isdn/q931/variants.ts';
import { fromHex, toHex } from '../../../../src/kernel/bytes.ts';
import { silent } from '../../../../src/kernel/log.ts';
import { seeded } from '../../../../src/kernel/random.ts';
import { type Clock, type Instant, ms, seconds, type WallTime } from '../../../../src/kernel/time.ts';
import type { SpanEvent } from '../../../../src/span/port.ts';
import type { LineKnobs } from '../../../../src/span/virtual/impaired-line.ts';
import { openVirtualSpan, type VirtualSpan, type VirtualSpanSpec } from '../../../../src/span/virtual/span.ts';
import { SETUP, SPAN } from '../../../support/q931-pair.ts';

const CLEAN: LineKnobs = { delay: ms(0), loss: 0 };
const CARRIER: VirtualSpanSpec['far'] = {
  type: 'carrier',
  side: 'network',
  variant: 'ni2',
  slots: SPAN.slots,
  settings: {},
};

/** The reactor on a clock that only `run` moves. */
class Simulation {
  readonly clock: Clock = { now: () => this.#now as Instant, wall: () => this.#now as WallTime };
  readonly faults: unknown[] = [];
  readonly reactor: Reactor;
  #now = 0;
  #alarm: { readonly at: number; readonly ring: () => void } | undefined;

  constructor() {
    const alarm = {
      set: (at: Instant, ring: () => void) => {
        this.#alarm = { at, ring };
      },
      clear: () => {
        this.#alarm = undefined;
      },
    };
    this.reactor = new Reactor(this.clock, alarm, (fault) => this.faults.push(fault));
  }

  run(milliseconds: number): void {
    const end = this.#now + milliseconds;
    while (this.#alarm !== undefined && this.#alarm.at <= end) {
      const { at, ring } = this.#alarm;
      this.#alarm = undefined;
      this.#now = Math.max(this.#now, at);
      ring();
    }
    this.#now = end;
    assert.deepEqual(this.faults, []);
  }
}

/** A span to the carrier with our D-channel on it. */
class Branch {
  readonly simulation = new Simulation();
  readonly far: string[] = [];
  readonly alarms: string[] = [];
  readonly heard: CallIndication[] = [];
  readonly group = new Q931Group({ side: 'user', variant: VARIANTS.ni2, spans: [SPAN] });
  readonly signalling = new Signalling(
    {
      id: SPAN.id,
      group: this.group,
      reactor: this.simulation.reactor,
      log: silent,
      onSetup: (handle) => {
        this.signalling.request(handle, { type: 'alerting' });
        return (indication) => this.heard.push(indication);
      },
      onMessage: () => {},
      onChange: () => {},
    },
    (hear) => [
      {
        dChannel: new DChannel({
          id: SPAN.id,
          side: 'user',
          link: new Q921Link({ side: 'user' }),
          reactor: this.simulation.reactor,
          log: silent,
          onLink: (news, now) => hear('primary', news, now),
          onFrame: () => {},
          onChange: () => {},
        }),
        interface: 0,
        role: 'primary',
      },
    ],
  );

  get dChannel(): DChannel {
    const [member] = this.signalling.members;
    assert.ok(member !== undefined);
    return member.dChannel;
  }

  async open(spec: Partial<VirtualSpanSpec> = {}): Promise<VirtualSpan> {
    const span = await openVirtualSpan(
      { id: SPAN.id, far: CARRIER, knobs: CLEAN, alarms: [], ...spec },
      {
        loop: this.simulation.reactor,
        random: seeded(1),
        onEvent: (event) => {
          if (event.type === 'alarm') this.alarms.push(`${event.alarm} ${event.raised}`);
          this.dChannel.hear(event);
        },
        onFar: (slot, audio) => this.far.push(`${slot} ${audio.type}`),
      },
    );
    this.simulation.reactor.run(() => this.dChannel.start(span));
    return span;
  }

  call(digits: string, slot?: number): void {
    this.simulation.reactor.run(() => {
      const handle = this.signalling.open((indication) => {
        this.heard.push(indication);
        if (indication.type === 'disconnect') this.signalling.request(handle, { type: 'release', cause: 16 });
      });
      this.signalling.request(handle, {
        type: 'setup',
        channel:
          slot === undefined
            ? { type: 'any', order: 'ascending', exclusive: true }
            : { type: 'one', channel: { span: SPAN.id, slot }, exclusive: true },
        ...SETUP,
        called: { ...SETUP.called, digits },
      });
    });
  }

  count(type: CallIndication['type']): number {
    return this.heard.filter((indication) => indication.type === type).length;
  }

  get idle(): boolean {
    return this.group.records().length === 0 && this.group.channelStates().every(({ state }) => state === 'idle');
  }
}

test('a call to the carrier goes through the whole stack without the clock moving', async () => {
  const branch = new Branch();
  await branch.open();
  branch.simulation.run(0);
  assert.ok(branch.dChannel.up);
  branch.call('2145551004');
  branch.simulation.run(0);
  assert.equal(branch.count('connect'), 1);
  assert.deepEqual(branch.far, ['1 tone']);
});

test('frames take the delay that was set, both ways', async () => {
  const branch = new Branch();
  await branch.open({ knobs: { delay: ms(50), loss: 0 } });
  branch.simulation.run(99);
  assert.equal(branch.dChannel.up, false);
  branch.simulation.run(1);
  assert.equal(branch.dChannel.up, true);
});

test('a delay that is turned down lets no frame overtake another', async () => {
  const simulation = new Simulation();
  const heard: string[] = [];
  const span = await openVirtualSpan(
    { id: 's', far: CARRIER, knobs: { delay: ms(100), loss: 0 }, alarms: [] },
    {
      loop: simulation.reactor,
      random: seeded(1),
      onEvent: (event) => {
        if (event.type === 'frame') heard.push(toHex(event.frame));
      },
      onFar: () => {},
    },
  );
  span.send(fromHex('00017f'));
  span.turn(CLEAN);
  span.send(fromHex('00010101'));
  span.send(fromHex('000153'));
  simulation.run(100);
  // UA to SABME, RR to the enquiry, UA to DISC; out of order it would be DM, or no RR.
  assert.deepEqual(heard, ['000173', '00010101', '000173']);
});

test('lost frames cost time and nothing else', async () => {
  const branch = new Branch();
  await branch.open({ knobs: { delay: ms(5), loss: 0.2 } });
  branch.simulation.run(10_000);
  assert.ok(branch.dChannel.up);
  for (let i = 0; i < 10; i++) branch.call('2145558016');
  branch.simulation.run(60_000);
  assert.equal(branch.count('release'), 10);
  assert.ok(branch.idle);
});

test('an alarm is told, cuts the D-channel, and leaves it to come back when it clears', async () => {
  const branch = new Branch();
  const span = await branch.open();
  branch.simulation.run(0);
  span.alarm('LOS', true);
  span.alarm('LOS', true);
  branch.simulation.run(20_000);
  assert.deepEqual(branch.alarms, ['LOS true']);
  assert.equal(branch.dChannel.up, false);
  span.alarm('LOS', false);
  branch.simulation.run(2000);
  assert.deepEqual(branch.alarms, ['LOS true', 'LOS false']);
  assert.equal(branch.dChannel.up, true);
});

test('the yellow alarm leaves the D-channel as it is', async () => {
  const branch = new Branch();
  const span = await branch.open();
  branch.simulation.run(0);
  span.alarm('RAI', true);
  branch.call('2145551004');
  branch.simulation.run(0);
  assert.equal(branch.count('connect'), 1);
});

test('alarms from the start keep the span down', async () => {
  const branch = new Branch();
  const span = await branch.open({ alarms: ['AIS'] });
  branch.simulation.run(5000);
  assert.equal(branch.dChannel.up, false);
  span.alarm('AIS', false);
  branch.simulation.run(2000);
  assert.equal(branch.dChannel.up, true);
});

test('both ends that take the same channel at once: the network has it, our call is told 44, and the channel ends free', async () => {
  const branch = new Branch();
  const span = await branch.open({ knobs: { delay: ms(50), loss: 0 } });
  branch.simulation.run(1000);
  span.carrier?.place({ called: '2145550100', calling: '9725550123', patience: seconds(5), slot: 1 });
  branch.call('2145551007', 1);
  branch.simulation.run(60_000);
  assert.equal(branch.count('setup'), 1);
  const causes = branch.heard.flatMap((said) => (said.type === 'release' ? [said.cause.cause] : []));
  assert.deepEqual(causes, [44, 16]);
  assert.ok(branch.idle);
});

test('a closed span says and hears nothing more', async () => {
  const branch = new Branch();
  const span = await branch.open();
  branch.simulation.run(0);
  await span.close();
  const before = branch.heard.length;
  span.carrier?.place({ called: '2145550100', calling: '9725550123' });
  branch.simulation.run(30_000);
  assert.equal(branch.heard.length, before);
});

const bound = async (port: number): Promise<Socket> => {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
};

test('over UDP a frame is a datagram, and only the far end is heard', async () => {
  const simulation = new Simulation();
  const far = await bound(21101);
  const stranger = await bound(21102);
  const events: SpanEvent[] = [];
  const heard = Promise.withResolvers<void>();
  const open = () =>
    openVirtualSpan(
      {
        id: 's',
        far: {
          type: 'udp',
          listen: { address: '127.0.0.1', port: 21100 },
          peer: { address: '127.0.0.1', port: 21101 },
        },
        knobs: CLEAN,
        alarms: [],
      },
      {
        loop: simulation.reactor,
        random: seeded(1),
        onEvent: (event) => {
          events.push(event);
          heard.resolve();
        },
        onFar: () => assert.fail('there is no carrier'),
      },
    );
  const span = await open();
  try {
    await assert.rejects(open(), /^Error: far\.listen: UDP 127\.0\.0\.1:21100 for the D-channel: .*EADDRINUSE/);
    const arrived = once(far, 'message');
    span.send(fromHex('00017f'));
    simulation.run(0);
    const [frame] = (await arrived) as [Buffer];
    assert.equal(toHex(frame), '00017f');
    const crowd = once(stranger, 'close');
    await new Promise((sent) => stranger.send(fromHex('020101'), 21100, '127.0.0.1', sent));
    far.send(fromHex('000173'), 21100, '127.0.0.1');
    await heard.promise;
    assert.deepEqual(
      events.map((event) => event.type === 'frame' && toHex(event.frame)),
      ['000173'],
    );
    stranger.close();
    await crowd;
  } finally {
    await span.close();
    far.close();
  }
});
