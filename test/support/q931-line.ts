/** A D-channel with our Q.931 at one end and libpri at the other, and the manners of a simple telephone. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupConfig } from '../../src/isdn/q931/group-config.ts';
import type { CallHandle, CallIndication, Side } from '../../src/isdn/q931/primitives.ts';
import { type Libpri, type LibpriEvent, type LibpriSwitch, startLibpri } from './libpri.ts';
import { eventually, PATIENCE } from './process.ts';
import { UdpEnd } from './q931-udp.ts';
import { judge } from './tshark.ts';

/** What our end does with what it hears. */
export type Reaction = UdpEnd['react'];

export interface LineOptions {
  readonly side: Side;
  /** Our port; libpri's is the one before it. */
  readonly port: number;
  /** pripeer's arguments. */
  readonly args: readonly string[];
  readonly react?: (end: UdpEnd) => Reaction;
  readonly group?: Partial<GroupConfig>;
  readonly switch?: LibpriSwitch;
}

/** Clears with whoever clears. */
export const clearing =
  (end: UdpEnd): Reaction =>
  (handle, indication) => {
    if (indication.type === 'disconnect') end.request(handle, { type: 'release', cause: indication.cause.cause });
  };

function answer(end: UdpEnd, handle: CallHandle): void {
  end.request(handle, { type: 'proceeding' });
  end.request(handle, { type: 'alerting' });
  end.request(handle, { type: 'connect' });
}

/** Takes every call as a telephone would. */
export const answering =
  (end: UdpEnd): Reaction =>
  (handle, indication) => {
    if (indication.type === 'setup') answer(end, handle);
    clearing(end)(handle, indication);
  };

/** Clears every incoming call with this cause after CALL PROCEEDING. */
export const rejecting =
  (cause: number) =>
  (end: UdpEnd): Reaction =>
  (handle, indication) => {
    if (indication.type === 'setup') {
      end.request(handle, { type: 'proceeding' });
      end.request(handle, { type: 'release', cause });
    }
    clearing(end)(handle, indication);
  };

/** Asks for digits until `wanted` have come. */
export const collecting =
  (wanted: string) =>
  (end: UdpEnd): Reaction => {
    let dialled = '';
    return (handle, indication) => {
      if (indication.type === 'setup') {
        dialled = indication.called.digits;
        end.request(handle, { type: 'setup-acknowledge' });
      }
      if (indication.type === 'information') {
        dialled += indication.digits;
        if (dialled === wanted) answer(end, handle);
      }
      clearing(end)(handle, indication);
    };
  };

/** Those that a failed test left behind. */
const open = new Set<Line>();

/** For `after`: ends what failed tests left running. */
export async function stopLines(): Promise<void> {
  for (const line of open) await line.stop();
}

export class Line {
  readonly end: UdpEnd;
  readonly peer: Libpri;

  private constructor(end: UdpEnd, peer: Libpri) {
    this.end = end;
    this.peer = peer;
  }

  /** Resolves when the link is up and quiet. */
  static async open({ side, port, args, react = clearing, group, switch: kind = 'ni2' }: LineOptions): Promise<Line> {
    const end = new UdpEnd({ peer: port - 1, ours: port }, { side, ...group });
    end.react = react(end);
    const far = side === 'user' ? 'net' : 'cpe';
    const peer = await startLibpri({ side: far, switch: kind, listen: port - 1, peer: port, args });
    const line = new Line(end, peer);
    open.add(line);
    await end.open();
    await eventually('the link is up', () => end.up);
    // libpri sends a SABME of its own after a second, whoever came first; calls begin when that is over.
    await eventually('libpri has sent SABME', () => end.sabmes > 0 && end.up);
    return line;
  }

  event(name: string): Promise<LibpriEvent> {
    return this.peer.waitFor(name);
  }

  /** Waits until our end has heard so many of these. */
  async heard(type: CallIndication['type'], count = 1, limit = PATIENCE): Promise<void> {
    await eventually(`${count} × ${type}`, () => this.end.count(type) >= count, limit).catch((error: unknown) => {
      const heard = this.end.heard.map(({ handle, indication }) => `${handle} ${indication.type}`);
      throw new Error([String(error), ...heard, ...this.peer.events.map((e) => JSON.stringify(e))].join('\n'));
    });
  }

  async stop(): Promise<void> {
    open.delete(this);
    await this.peer.stop();
    await this.end.close();
  }

  /** Everything is as before the calls, and tshark finds nothing wrong with any frame that we sent. */
  async close(limit = PATIENCE): Promise<void> {
    try {
      await eventually('every call is gone', () => this.end.idle, limit);
    } finally {
      await this.stop();
    }
    const folder = mkdtempSync(join(tmpdir(), 'q931-'));
    try {
      const file = join(folder, 'd-channel.pcap');
      writeFileSync(file, this.end.pcap());
      const { packets, faults } = await judge(file);
      assert.ok(packets > 4);
      assert.deepEqual(faults, []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
