import { toLatin1 } from '../../kernel/bytes.ts';
import { LIMITS } from './limits.ts';

/** What a stream carries, RFC 3261 §18.3 and RFC 5626 §4.4.1. */
export type Framed =
  /** One whole message for `parseMessage`. */
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  /** A double CRLF: to be answered with a single one. */
  | { readonly type: 'ping' }
  /** A single CRLF: the answer to our ping. */
  | { readonly type: 'pong' }
  /**
   * The length of the message at hand can't be known or is too large, so nothing behind it can be read: what there is may be
   * parsed to answer it with `status`, then the connection must close. Nothing follows it.
   */
  | { readonly type: 'broken'; readonly status: 400 | 513; readonly bytes: Uint8Array };

const CR = 0x0d;
const LF = 0x0a;
const FIRST = 4_096;

/** Cuts a TCP or TLS stream into messages by their Content-Length. A message without one has no body. */
export class StreamFramer {
  #buffer: Uint8Array = new Uint8Array(FIRST);
  /** The unread octets are #buffer[#from, #to). */
  #from = 0;
  #to = 0;
  /** How far the search for the end of the headers has come. */
  #searched = 0;
  /** The whole length of the message at hand, once its headers are there. */
  #length: number | undefined;
  #emptyLine = false;
  #broken = false;

  /** True while a message has begun and isn't complete: a peer may not stay in this state for long. */
  get midway(): boolean {
    return this.#to > this.#from;
  }

  push(chunk: Uint8Array): readonly Framed[] {
    if (this.#broken) return [];
    this.#append(chunk);
    const out: Framed[] = [];
    for (let framed = this.#next(); framed !== undefined; framed = this.#next()) {
      out.push(framed);
      if (framed.type === 'broken') {
        this.#broken = true;
        break;
      }
    }
    return out;
  }

  #append(chunk: Uint8Array): void {
    const held = this.#to - this.#from;
    if (this.#to + chunk.length > this.#buffer.length) {
      let size = this.#buffer.length;
      while (size < held + chunk.length) size *= 2;
      const old = this.#buffer.subarray(this.#from, this.#to);
      // A fresh buffer even when it could be shifted in place: messages handed out share the old one.
      this.#buffer = new Uint8Array(size);
      this.#buffer.set(old);
      this.#searched -= this.#from;
      this.#from = 0;
      this.#to = held;
    }
    this.#buffer.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  #next(): Framed | undefined {
    if (this.#length === undefined) {
      const empty = this.#takeEmptyLine();
      if (empty !== undefined) return empty;
      if (!this.midway) return undefined;
      const broken = this.#readHead();
      if (broken !== undefined) return broken;
    }
    if (this.#length === undefined || this.#to - this.#from < this.#length) return undefined;
    const bytes = this.#take(this.#length);
    this.#length = undefined;
    this.#emptyLine = false;
    return { type: 'message', bytes };
  }

  #take(length: number): Uint8Array {
    const bytes = this.#buffer.subarray(this.#from, this.#from + length);
    this.#from += length;
    this.#searched = this.#from;
    return bytes;
  }

  /** Between messages: the first CRLF is a pong, a second one right behind it makes the pair a ping. */
  #takeEmptyLine(): Framed | undefined {
    const b = this.#buffer;
    if (this.#to - this.#from < 2 || b[this.#from] !== CR || b[this.#from + 1] !== LF) return undefined;
    const pair = this.#to - this.#from >= 4 && b[this.#from + 2] === CR && b[this.#from + 3] === LF;
    this.#take(pair ? 4 : 2);
    const ping = pair || this.#emptyLine;
    this.#emptyLine = !ping;
    return { type: ping ? 'ping' : 'pong' };
  }

  /** Looks for the end of the headers and reads the length from them. */
  #readHead(): Framed | undefined {
    const b = this.#buffer;
    let at = Math.max(this.#from, this.#searched - 3);
    for (at = b.indexOf(CR, at); at >= 0 && at + 3 < this.#to; at = b.indexOf(CR, at + 1)) {
      if (b[at + 1] === LF && b[at + 2] === CR && b[at + 3] === LF) return this.#measure(at + 4 - this.#from);
    }
    this.#searched = this.#to;
    return this.#to - this.#from > LIMITS.head ? this.#break(513) : undefined;
  }

  #measure(head: number): Framed | undefined {
    const text = toLatin1(this.#buffer.subarray(this.#from, this.#from + head));
    const found = [...text.matchAll(/\r\n(?:content-length|l)[ \t]*:\s*([^\r\n]*?)[ \t]*(?=\r\n)/gi)];
    if (found.length > 1) return this.#break(400);
    const value = found[0]?.[1] ?? '0';
    if (!/^\d{1,9}$/.test(value)) return this.#break(400);
    this.#length = head + Number(value);
    return this.#length > LIMITS.message ? this.#break(513) : undefined;
  }

  #break(status: 400 | 513): Framed {
    return { type: 'broken', status, bytes: this.#take(Math.min(this.#to - this.#from, LIMITS.message)) };
  }
}
