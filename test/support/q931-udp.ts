/** A whole D-channel end on a real socket and in real time: Q.921 and Q.931 of ours, one datagram per LAPD frame. */
import { createSocket, type Socket } from 'node:dgram';
import { Q921Link } from '../../src/isdn/q921/link.ts';
import type { LinkEffect, LinkEvent, LinkSettings } from '../../src/isdn/q921/primitives.ts';
import { Q931Group } from '../../src/isdn/q931/group.ts';
import type { GroupConfig } from '../../src/isdn/q931/group-config.ts';
import type {
  CallHandle,
  CallIndication,
  CallRequest,
  GroupEffect,
  GroupEvent,
  ProblemId,
} from '../../src/isdn/q931/primitives.ts';
import { VARIANTS } from '../../src/isdn/q931/variants.ts';
import { earlier, type Instant } from '../../src/kernel/time.ts';
import { SETUP, SPAN } from './q931-pair.ts';

const clock = (): Instant => performance.now() as Instant;

export interface Ports {
  readonly ours: number;
  readonly peer: number;
}

type Heard = { readonly handle: CallHandle; readonly indication: CallIndication };

export class UdpEnd {
  readonly group: Q931Group;
  readonly link: Q921Link;
  readonly heard: Heard[] = [];
  readonly problems: { readonly id: ProblemId; readonly what: string }[] = [];
  readonly restarted: Extract<GroupEffect, { type: 'restarted' }>[] = [];
  readonly sent: Uint8Array[] = [];
  up = false;
  /** SABMEs of the peer. */
  sabmes = 0;
  /** How often layer 2 said that the link was established. */
  establishments = 0;
  /** What to do with an indication as soon as it comes. */
  react: (handle: CallHandle, indication: CallIndication) => void = () => {};
  readonly #socket: Socket = createSocket('udp4');
  readonly #ports: Ports;
  #timer: NodeJS.Timeout | undefined;
  #held: Uint8Array[] | undefined;

  constructor(ports: Ports, group: Pick<GroupConfig, 'side'> & Partial<GroupConfig>, link: Partial<LinkSettings> = {}) {
    this.#ports = ports;
    this.group = new Q931Group({ variant: VARIANTS.ni2, spans: [SPAN], ...group });
    this.link = new Q921Link({ side: group.side, ...link });
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind(this.#ports.ours, '127.0.0.1', () => resolve());
    });
    this.#socket.on('error', () => {});
    this.#socket.on('message', (frame) => {
      const octets = new Uint8Array(frame);
      if (octets.length === 3 && octets[2] === 0x7f) this.sabmes++;
      if (this.#held === undefined) this.#link({ type: 'frame', frame: octets });
      else this.#held.push(octets);
    });
    this.#link({ type: 'dl-establish' });
  }

  /** What arrives waits until `listen`: so messages of both ends can cross. */
  holdEars(): void {
    this.#held = [];
  }

  listen(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const frame of held) this.#link({ type: 'frame', frame });
  }

  /** How many frames wait. */
  get waiting(): number {
    return this.#held?.length ?? 0;
  }

  close(): Promise<void> {
    clearTimeout(this.#timer);
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  feed(event: GroupEvent): void {
    this.#group(this.group.feed(event, clock()));
    this.#arm();
  }

  /** Sends octets as a frame past our own layer 2. */
  raw(frame: Uint8Array): void {
    this.#socket.send(frame, this.#ports.peer, '127.0.0.1');
  }

  /** Sends octets as a Q.931 message past our own layer 3, whatever they are. */
  say(message: Uint8Array): void {
    this.#link({ type: 'dl-data', message, at: 0 });
  }

  request(handle: CallHandle, request: CallRequest): void {
    this.feed({ type: 'request', handle, request });
  }

  call(setup: Partial<Extract<CallRequest, { type: 'setup' }>> = {}): CallHandle {
    const handle = this.group.allot();
    const channel = { type: 'any', order: 'descending', exclusive: true } as const;
    this.request(handle, { type: 'setup', channel, ...SETUP, ...setup });
    return handle;
  }

  /** What was heard of one call. */
  of(handle: CallHandle): CallIndication[] {
    return this.heard.filter((h) => h.handle === handle).map((h) => h.indication);
  }

  count(type: CallIndication['type']): number {
    return this.heard.filter((h) => h.indication.type === type).length;
  }

  last<T extends CallIndication['type']>(type: T): Extract<CallIndication, { type: T }> | undefined {
    const found = this.heard.findLast(({ indication }) => indication.type === type)?.indication;
    return found as Extract<CallIndication, { type: T }> | undefined;
  }

  /** The frames that we sent as a capture file of link type LAPD, for tshark. */
  pcap(): Uint8Array {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt32LE(0x00040002, 4);
    header.writeUInt32LE(65535, 16);
    header.writeUInt32LE(203, 20);
    const records = this.sent.map((octets, i) => {
      const record = Buffer.alloc(16);
      record.writeUInt32LE(i, 0);
      record.writeUInt32LE(octets.length, 8);
      record.writeUInt32LE(octets.length, 12);
      return Buffer.concat([record, octets]);
    });
    return Buffer.concat([header, ...records]);
  }

  get idle(): boolean {
    return this.group.records().length === 0 && this.group.channelStates().every((c) => c.state === 'idle');
  }

  #link(event: LinkEvent): void {
    this.#linkEffects(this.link.feed(event, clock()));
    this.#arm();
  }

  #linkEffects(effects: readonly LinkEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'frame') {
        this.sent.push(effect.frame);
        this.#socket.send(effect.frame, this.#ports.peer, '127.0.0.1');
      } else if (effect.type === 'dl-data')
        this.#group(this.group.feed({ type: 'dl-data', data: effect.message, at: effect.at }, clock()));
      else if (effect.type === 'dl-established' || effect.type === 'dl-released') {
        this.up = effect.type === 'dl-established';
        if (this.up) this.establishments += 1;
        this.#group(this.group.feed({ type: effect.type }, clock()));
      }
    }
  }

  #group(effects: readonly GroupEffect[]): void {
    const calls: Heard[] = [];
    for (const effect of effects) {
      if (effect.type === 'dl-data')
        this.#linkEffects(this.link.feed({ type: 'dl-data', message: effect.data, at: effect.at }, clock()));
      else if (effect.type === 'call') calls.push(effect);
      else if (effect.type === 'problem') this.problems.push(effect);
      else if (effect.type === 'restarted') this.restarted.push(effect);
    }
    for (const call of calls) {
      this.heard.push(call);
      this.react(call.handle, call.indication);
    }
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const due = earlier(this.link.deadline, this.group.deadline);
    if (due === undefined) return;
    this.#timer = setTimeout(
      () => {
        const now = clock();
        this.#linkEffects(this.link.wake(now));
        this.#group(this.group.wake(now));
        this.#arm();
      },
      Math.max(1, Math.ceil(due - clock())),
    );
  }
}
