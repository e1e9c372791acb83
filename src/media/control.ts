import type { BChannel, CallMediaCommand, Law, LegMediaCommand, LegMediaEvent, RtpTarget } from '../call/media.ts';
import { impossible } from '../kernel/machine.ts';
import { type Random, token } from '../kernel/random.ts';
import type { FarAudio } from '../span/port.ts';
import type { BertOrder } from './bert.ts';
import { type Endpoint, samplesOf } from './endpoint.ts';
import type { MediaMemory } from './memory.ts';
import type { BertAnswer, Command, FromWorker } from './messages.ts';
import type { PlayerLine } from './player-line.ts';
import type { Moment, RtpLine, StreamSeed } from './rtp-line.ts';
import { SpanControl } from './span-control.ts';

/** What the loop does between two ticks: legs are opened, aimed, joined and closed, tones played, spans taken in and let go. */
export class MediaControl {
  readonly #memory: MediaMemory;
  readonly #address: string;
  readonly #random: Random;
  readonly #emit: (message: FromWorker) => void;
  readonly #spans: SpanControl;
  /** Ports of the RTP endpoints that are open, by the tag of the RTP socket. */
  readonly #ports = new Map<number, number>();
  /** Closed, but their last packets are still in the outbox. */
  readonly #leaving: Endpoint<RtpLine>[] = [];

  constructor(memory: MediaMemory, address: string, random: Random, emit: (message: FromWorker) => void) {
    this.#memory = memory;
    this.#address = address;
    this.#random = random;
    this.#emit = emit;
    this.#spans = new SpanControl(memory);
  }

  obey(message: Command, moment: Moment): void {
    switch (message.type) {
      case 'leg':
        this.leg(message.leg, message.command, moment);
        break;
      case 'call':
        this.call(message.command);
        break;
      case 'far':
        this.far(message.span, message.slot, message.audio);
        break;
      case 'stream': {
        const stats = this.#memory.legs.get(message.leg)?.line.stats();
        this.#emit({ type: 'stream', request: message.request, stats });
        break;
      }
      case 'recordings':
        this.#memory.recordings = message.recordings;
        break;
      case 'frame': {
        const media = this.#memory.spans.find(({ spec }) => spec.id === message.span)?.media;
        if (media?.driver === 'tdmoe') media.send(message.frame);
        break;
      }
      case 'attach': {
        const media = this.#memory.spans.find(({ spec }) => spec.id === message.span)?.media;
        if (media?.driver !== 'dahdi') break;
        if (message.attachment === undefined) media.detach();
        else media.attach(message.attachment);
        break;
      }
      case 'reference':
        this.#memory.reference = message.span;
        this.#memory.follower.forget();
        break;
      case 'loop': {
        const span = this.#memory.spans.find(({ spec }) => spec.id === message.span);
        span?.loop.turn(message.loopback);
        if (span?.media.driver === 'tdmoe') span.media.turn(message.loopback);
        break;
      }
      case 'bert':
        this.#emit({ type: 'bert', request: message.request, answer: this.#bert(message.span, message.order) });
        break;
      case 'open-span': {
        const { request } = message;
        this.#spans.open(message.room, message.spec, (why) => this.#emit({ type: 'span-changed', request, why }));
        break;
      }
      case 'close-span':
        this.#closeSpan(message.room, moment);
        this.#emit({ type: 'span-changed', request: message.request, why: undefined });
        break;
      default:
        impossible(message);
    }
  }

  #bert(span: string, order: BertOrder | undefined): BertAnswer | undefined {
    const found = this.#memory.spans.find(({ spec }) => spec.id === span);
    if (found === undefined) return undefined;
    const { bench, spec } = found;
    let taken: readonly number[] = [];
    if (order?.type === 'start') taken = bench.start(order.pattern, order.slots, spec.slots);
    else if (order?.type === 'inject') bench.inject(order.errors);
    else if (order?.type === 'stop') bench.stop();
    return { taken, slots: bench.results() };
  }

  leg(leg: string, command: LegMediaCommand, moment: Moment): void {
    switch (command.type) {
      case 'open-rtp':
        this.#openRtp(leg);
        break;
      case 'open-tdm':
        this.#openTdm(leg, command.channel, command.law);
        break;
      case 'open-recording':
        this.#openRecording(leg, command.recording, command.times);
        break;
      case 'aim':
        this.#aim(leg, command.target);
        break;
      case 'send-digit':
        this.#memory.legs.get(leg)?.press(command.digit, samplesOf(command.duration));
        break;
      case 'close':
        this.close(leg, moment);
        break;
      default:
        impossible(command);
    }
  }

  call(command: CallMediaCommand): void {
    const { legs } = this.#memory;
    switch (command.type) {
      case 'join': {
        const a = legs.get(command.a);
        const b = legs.get(command.b);
        if (a === undefined || b === undefined || a === b) return;
        part(a);
        part(b);
        a.joined = b;
        b.joined = a;
        return;
      }
      case 'part': {
        const a = legs.get(command.a);
        if (a !== undefined && a.joined === legs.get(command.b)) part(a);
        return;
      }
      case 'play':
        legs.get(command.leg)?.play(command.tone);
        break;
      case 'hush':
        legs.get(command.leg)?.hush();
        break;
      default:
        impossible(command);
    }
  }

  far(span: string, slot: number, audio: FarAudio): void {
    const media = this.#memory.spans.find((candidate) => candidate.spec.id === span)?.media;
    if (media?.driver === 'carrier') media.far(slot, audio);
  }

  /** Ends a leg's endpoint; its sockets stay until `afterFlush`. */
  close(leg: string, moment: Moment): void {
    const endpoint = this.#memory.legs.get(leg);
    if (endpoint === undefined) return;
    const stats = endpoint.line.stats();
    part(endpoint);
    this.#memory.legs.delete(leg);
    this.#unlive(endpoint);
    if (isRtp(endpoint)) {
      endpoint.line.leave(moment);
      this.#leaving.push(endpoint);
    } else if (isPlayer(endpoint)) this.#memory.givePlayer(endpoint);
    else this.#closeTdm(endpoint);
    this.#emit({ type: 'closed', leg, stats });
  }

  closeAll(moment: Moment): void {
    for (const leg of [...this.#memory.legs.keys()]) this.close(leg, moment);
  }

  #closeSpan(room: number, moment: Moment): void {
    const { legs, rooms } = this.#memory;
    const endpoints = new Set<Endpoint>(rooms[room]?.span?.endpoints);
    for (const [leg, endpoint] of [...legs]) if (endpoints.has(endpoint)) this.close(leg, moment);
    this.#spans.close(room);
  }

  /** Call when the outbox was sent: gives back the ports and endpoints of those that were closed. */
  afterFlush(): void {
    for (const endpoint of this.#leaving) this.#releaseRtp(endpoint);
    this.#leaving.length = 0;
  }

  #openRtp(leg: string): void {
    if (this.#memory.legs.has(leg)) {
      this.#answer(leg, { type: 'failed', why: 'the leg has an endpoint already' });
      return;
    }
    const endpoint = this.#memory.takeRtp();
    if (endpoint === undefined) {
      this.#answer(leg, { type: 'failed', why: 'no RTP endpoint is left' });
      return;
    }
    endpoint.line.open(seedOf(this.#random));
    endpoint.open(leg);
    this.#memory.legs.set(leg, endpoint);
    this.#bind(leg, endpoint, this.#memory.ports.size);
  }

  /** Binds the next pair of ports that is free; what somebody else holds is passed over, at most once around the range. */
  #bind(leg: string, endpoint: Endpoint<RtpLine>, tries: number): void {
    const { io, ports } = this.#memory;
    const port = tries > 0 ? ports.take() : undefined;
    if (port === undefined) {
      this.#fail(leg, endpoint, 'every RTP port of the range is in use');
      return;
    }
    const { tag } = endpoint.line;
    this.#ports.set(tag, port);
    const refused = (error: string): void => {
      this.#freePorts(tag);
      if (error === 'EADDRINUSE') this.#bind(leg, endpoint, tries - 1);
      else this.#fail(leg, endpoint, `RTP port ${this.#address}:${port}: ${error}`);
    };
    io.bind(tag, this.#address, port, (error) => {
      if (error !== undefined) {
        refused(error);
        return;
      }
      io.bind(tag + 1, this.#address, port + 1, (rtcpError) => {
        if (rtcpError !== undefined) {
          refused(rtcpError);
          return;
        }
        this.#memory.live.push(endpoint);
        this.#answer(leg, { type: 'ready', address: this.#address, port });
      });
    });
  }

  #fail(leg: string, endpoint: Endpoint<RtpLine>, why: string): void {
    part(endpoint);
    this.#memory.legs.delete(leg);
    this.#memory.giveRtp(endpoint);
    this.#answer(leg, { type: 'failed', why });
  }

  #openTdm(leg: string, channel: BChannel, law: Law): void {
    const span = this.#memory.spans.find((candidate) => candidate.spec.id === channel.span);
    const endpoint = span?.endpoints[channel.slot - 1];
    const place = `${channel.span}/${channel.slot}`;
    if (this.#memory.legs.has(leg)) {
      this.#answer(leg, { type: 'failed', why: 'the leg has an endpoint already' });
      return;
    }
    if (endpoint === undefined) {
      this.#answer(leg, { type: 'failed', why: `there is no B-channel ${place}` });
      return;
    }
    if (endpoint.line.isOpen) {
      this.#answer(leg, { type: 'failed', why: `B-channel ${place} is in use` });
      return;
    }
    endpoint.line.open(law);
    endpoint.open(leg);
    this.#memory.legs.set(leg, endpoint);
    this.#memory.live.push(endpoint);
    this.#answer(leg, { type: 'ready', address: channel.span, port: channel.slot });
  }

  #openRecording(leg: string, recording: string, times: number): void {
    const octets = this.#memory.recordings.get(recording);
    if (this.#memory.legs.has(leg)) {
      this.#answer(leg, { type: 'failed', why: 'the leg has an endpoint already' });
      return;
    }
    const endpoint = octets === undefined ? undefined : this.#memory.takePlayer();
    if (octets === undefined || endpoint === undefined) {
      const why = octets === undefined ? `there is no recording ${recording}` : 'no player is left';
      this.#answer(leg, { type: 'failed', why });
      return;
    }
    endpoint.line.open(octets, times);
    endpoint.open(leg);
    this.#memory.legs.set(leg, endpoint);
    this.#memory.live.push(endpoint);
    this.#answer(leg, { type: 'ready', address: recording, port: 0 });
  }

  #aim(leg: string, target: RtpTarget): void {
    const endpoint = this.#memory.legs.get(leg);
    if (endpoint === undefined || !isRtp(endpoint)) return;
    if (endpoint.line.aim(target)) return;
    const fields = { leg, address: target.address };
    this.#emit({ type: 'log', level: 'warn', fields, what: 'RTP target is not a literal address' });
  }

  #closeTdm(endpoint: Endpoint): void {
    if (endpoint.line.type !== 'tdm') return;
    const { place } = endpoint.line;
    const span = this.#memory.spans.find((candidate) => candidate.spec.id === place.span);
    if (span !== undefined) span.pastSlips += endpoint.line.stats().slips;
    endpoint.line.close();
  }

  #releaseRtp(endpoint: Endpoint<RtpLine>): void {
    this.#freePorts(endpoint.line.tag);
    this.#memory.giveRtp(endpoint);
  }

  #freePorts(tag: number): void {
    this.#memory.io.release(tag);
    this.#memory.io.release(tag + 1);
    const port = this.#ports.get(tag);
    this.#ports.delete(tag);
    if (port !== undefined) this.#memory.ports.release(port);
  }

  #unlive(endpoint: Endpoint): void {
    const { live } = this.#memory;
    const at = live.indexOf(endpoint);
    const last = live.pop();
    if (at >= 0 && last !== undefined && last !== endpoint) live[at] = last;
    else if (at < 0 && last !== undefined) live.push(last);
  }

  #answer(leg: string, event: LegMediaEvent): void {
    this.#emit({ type: 'leg', leg, event });
  }
}

function part(endpoint: Endpoint): void {
  if (endpoint.joined !== undefined) endpoint.joined.joined = undefined;
  endpoint.joined = undefined;
}

/** SSRC, first sequence number and timestamp at random (RFC 3550 §5.1); a CNAME for this call only, 96 bits (RFC 7022 §5). */
function seedOf(random: Random): StreamSeed {
  const bytes = random.bytes(10);
  const words = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    ssrc: words.getUint32(0),
    sequence: words.getUint16(4),
    timestamp: words.getUint32(6),
    cname: token(random, 12),
  };
}

function isPlayer(endpoint: Endpoint): endpoint is Endpoint<PlayerLine> {
  return endpoint.line.type === 'player';
}

function isRtp(endpoint: Endpoint): endpoint is Endpoint<RtpLine> {
  return endpoint.line.type === 'rtp';
}
