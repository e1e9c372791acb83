import type { Socket } from 'node:net';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { Flow } from '../sip/message/flow.ts';
import { StreamFramer } from '../sip/message/framer.ts';
import { provesName } from './certificate-name.ts';
import type { Hearers, SendProblem, StreamLimits } from './words.ts';

const PING = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a);
const PONG = Uint8Array.of(0x0d, 0x0a);

/** How long a connection whose framing is lost stays open for the answer, milliseconds. */
const LAST_WORDS = 500;

/** One open TCP or TLS connection: cuts the stream into messages, answers pings, closes on the idle, the slow and the deaf. */
export class Connection {
  readonly flow: Flow;
  readonly #socket: Socket;
  readonly #hear: Hearers;
  readonly #limits: StreamLimits;
  readonly #framer = new StreamFramer();
  /** Runs while something is awaited of the peer: its first message, the rest of one, its next one. */
  #patience: NodeJS.Timeout;
  #pong: NodeJS.Timeout | undefined;
  #midway = false;
  #proven: boolean;

  /** `ours`: we made the connection, so that the peer owes us no first message. */
  constructor(socket: Socket, flow: Flow, ours: boolean, limits: StreamLimits, hear: Hearers) {
    this.flow = flow;
    this.#socket = socket;
    this.#hear = hear;
    this.#limits = limits;
    this.#proven = ours;
    this.#patience = this.#wait(ours ? limits.idle : limits.first);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    socket.on('end', () => this.close());
    socket.on('error', () => this.close());
    socket.once('close', () => {
      clearTimeout(this.#patience);
      clearTimeout(this.#pong);
      hear.onClosed(flow);
    });
  }

  get open(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  send(bytes: Uint8Array): Promise<Result<Flow, SendProblem>> {
    if (!this.open) return Promise.resolve(fail('closed'));
    if (this.#socket.writableLength > this.#limits.unsent) {
      this.close();
      return Promise.resolve(fail('stuck'));
    }
    return new Promise((resolve) => {
      this.#socket.write(bytes, (error) =>
        resolve(error === null || error === undefined ? ok(this.flow) : fail('closed')),
      );
    });
  }

  proves(name: string): boolean {
    return provesName(this.#socket, name);
  }

  ping(): void {
    if (!this.open || this.#pong !== undefined) return;
    this.#socket.write(PING);
    this.#pong = setTimeout(() => this.close(), this.#limits.pong).unref();
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    for (const framed of this.#framer.push(chunk)) {
      switch (framed.type) {
        case 'message':
          this.#proven = true;
          this.#hear.onMessage(framed.bytes, this.flow);
          break;
        case 'ping':
          // Who doesn't read his answers gets no more of them: a ping costs him nothing.
          if (this.open && !this.#socket.writableNeedDrain) this.#socket.write(PONG);
          break;
        case 'pong':
          clearTimeout(this.#pong);
          this.#pong = undefined;
          break;
        case 'broken':
          this.#socket.pause();
          this.#hear.onBroken(framed.bytes, framed.status, this.flow);
          this.#restart(LAST_WORDS);
          return;
      }
    }
    this.#watch();
  }

  /** A message that has begun gets its time once: octet by octet doesn't extend it. */
  #watch(): void {
    const was = this.#midway;
    this.#midway = this.#framer.midway;
    if (!this.#proven) return;
    if (this.#midway && !was) this.#restart(this.#limits.message);
    if (!this.#midway) this.#restart(this.#limits.idle);
  }

  #restart(wait: number): void {
    clearTimeout(this.#patience);
    this.#patience = this.#wait(wait);
  }

  #wait(wait: number): NodeJS.Timeout {
    return setTimeout(() => this.close(), wait).unref();
  }
}
