import { ClockFollower } from './clock-follower.ts';
import { Endpoint, type OnDigit } from './endpoint.ts';
import type { Lines } from './lines.ts';
import type { MediaWorkerData } from './messages.ts';
import type { PacketIo } from './packet-io.ts';
import { PlayerLine } from './player-line.ts';
import { PortPool } from './ports.ts';
import { RtpLine } from './rtp-line.ts';
import { MAX_SPANS, SPAN_TAGS, type SpanMemory, SpanRoom } from './span-room.ts';

/**
 * Everything that the loop works on, sized at start: endpoints are taken from here and given back, so that a tick and a call
 * allocate nothing that lasts.
 */
export class MediaMemory {
  readonly io: PacketIo;
  readonly ports: PortPool;
  /** Every RTP endpoint there is; the tags of number n's sockets are 2n and 2n + 1. */
  readonly rtp: readonly Endpoint<RtpLine>[];
  /** One for each span that there can be, open or not. */
  readonly rooms: readonly SpanRoom[];
  /** What recordings are played by: one for each call that there can be, whose other party has an endpoint of another kind. */
  readonly #players: Endpoint<PlayerLine>[];
  /** The recordings by name: octets of µ-law. */
  recordings: ReadonlyMap<string, Uint8Array> = new Map();
  /** The spans that are open, in no order. */
  readonly spans: SpanMemory[] = [];
  /** The span whose clock the tick follows; undefined: the host's own. */
  reference: string | undefined;
  readonly follower = new ClockFollower();
  readonly legs = new Map<string, Endpoint>();
  /** The endpoints that take part in the tick, in no order. */
  readonly live: Endpoint[] = [];
  /** Whether it has the lines that the worker itself drives. */
  readonly drivesLines: boolean;
  readonly #free: Endpoint<RtpLine>[];

  constructor(
    layout: Pick<MediaWorkerData, 'endpoints' | 'ports'>,
    io: PacketIo,
    random: () => number,
    onDigit: OnDigit,
    lines?: Lines,
  ) {
    this.io = io;
    this.drivesLines = lines !== undefined;
    this.ports = new PortPool(layout.ports[0], layout.ports[1]);
    this.rtp = Array.from(
      { length: layout.endpoints },
      (_, n) => new Endpoint(new RtpLine(2 * n, io.outbox, random), onDigit),
    );
    this.#free = [...this.rtp].reverse();
    this.#players = Array.from({ length: this.#mostPlayers }, () => new Endpoint(new PlayerLine(), onDigit));
    this.rooms = Array.from(
      { length: MAX_SPANS },
      (_, n) => new SpanRoom(n, 2 * layout.endpoints + n * SPAN_TAGS, io.outbox, onDigit, lines),
    );
  }

  /** One more than the highest tag that a layout uses. */
  static tags(layout: Pick<MediaWorkerData, 'endpoints'>): number {
    return 2 * layout.endpoints + MAX_SPANS * SPAN_TAGS;
  }

  /** An RTP endpoint that nobody uses; undefined when all are taken. */
  takeRtp(): Endpoint<RtpLine> | undefined {
    return this.#free.pop();
  }

  giveRtp(endpoint: Endpoint<RtpLine>): void {
    this.#free.push(endpoint);
  }

  takePlayer(): Endpoint<PlayerLine> | undefined {
    return this.#players.pop();
  }

  givePlayer(player: Endpoint<PlayerLine>): void {
    this.#players.push(player);
  }

  get #mostPlayers(): number {
    return this.rtp.length >> 1;
  }

  get playersInUse(): number {
    return this.#mostPlayers - this.#players.length;
  }

  get rtpInUse(): number {
    return this.rtp.length - this.#free.length;
  }

  /** The RTP endpoint of a socket's tag. */
  rtpOf(tag: number): Endpoint<RtpLine> | undefined {
    return this.rtp[tag >> 1];
  }

  /** The open span that a tag beyond the RTP endpoints' belongs to. */
  spanOf(tag: number): SpanMemory | undefined {
    return this.rooms[Math.floor((tag - 2 * this.rtp.length) / SPAN_TAGS)]?.span;
  }
}
