/** Captures as an operator makes them: D-channels in this process, packets in one of their own, one file in the end. */
import { captureFile } from '../capture/file.ts';
import { facesOf, filterOf, type Reach } from '../capture/filter.ts';
import { interfaceExists, ownInterfaces } from '../capture/interfaces.ts';
import type { Packets, Tap } from '../capture/keeper.ts';
import { MOST_TAPS } from '../capture/sniff-order.ts';
import { Sniffing } from '../capture/sniffing.ts';
import type { Site } from '../config/schema.ts';
import type { CaptureDesk, CaptureWish } from '../console/capture-routes.ts';
import type { CaptureAnswer, CaptureView } from '../console/views.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import { after, type Clock, seconds, type WallTime } from '../kernel/time.ts';
import type { Gateway } from './gateway.ts';
import { iso } from './iso.ts';

/** Octets of packets that are kept: three quarters of an hour of one call with its sound, a quarter of a minute of 184. */
const MOST_PACKETS = 64 * 1024 * 1024;

const NO_PACKETS: Packets = { faces: [], counts: [], runs: [], latest: 0 };

export class Captures implements CaptureDesk {
  readonly #gateway: Gateway;
  readonly #clock: Clock;
  readonly #preciseWall: () => number;
  #sniffing: Sniffing | undefined;

  constructor(gateway: Gateway, clock: Clock, preciseWall: () => number) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#preciseWall = preciseWall;
  }

  async begin(wish: CaptureWish): Promise<CaptureAnswer> {
    const { recorder, spans, site } = this.#gateway;
    const known = spans.all.flatMap(({ setting, dChannel }) => (dChannel.exists ? [setting.id] : []));
    const odd = wish.spans?.find((id) => !known.includes(id));
    if (odd !== undefined) return { type: 'refused', why: `there is no D-channel on a span ${odd}` };
    const taps = tapsOf(wish, reachOf(site));
    if (!taps.ok) return { type: 'refused', why: taps.error };
    void this.#sniffing?.end();
    this.#sniffing =
      taps.value.length === 0
        ? undefined
        : new Sniffing({ taps: taps.value, seconds: wish.seconds, octets: MOST_PACKETS });
    const now = this.#clock.now();
    recorder.begin({
      spans: wish.spans ?? known,
      until: after(now, seconds(wish.seconds)),
      zero: this.#preciseWall() - now,
    });
    await this.#sniffing?.ready;
    return { type: 'done', capture: this.state() };
  }

  async end(): Promise<CaptureAnswer> {
    this.#gateway.recorder.end();
    await this.#sniffing?.end();
    return { type: 'done', capture: this.state() };
  }

  state(): CaptureView | undefined {
    const state = this.#gateway.recorder.state(this.#clock.now());
    if (state === undefined) return undefined;
    const { spans, until, zero, frames, octets, ended } = state;
    const sniffed = this.#sniffing?.state;
    return {
      running: ended === undefined || (sniffed !== undefined && sniffed.ended === undefined),
      until: iso((zero + until) as WallTime),
      spans,
      frames: frames.length,
      octets,
      ended,
      packets: sniffed === undefined ? undefined : (({ taps, ...rest }) => ({ interfaces: taps, ...rest }))(sniffed),
    };
  }

  file(): Iterable<Uint8Array> | undefined {
    const state = this.#gateway.recorder.state(this.#clock.now());
    return state === undefined ? undefined : captureFile(this.#sniffing?.packets() ?? NO_PACKETS, state);
  }

  async close(): Promise<void> {
    await this.#sniffing?.end();
  }
}

/** The interfaces to listen on, each with its filter; the error says which one can't be meant. */
function tapsOf({ packets, interfaces }: CaptureWish, reach: Reach): Result<readonly Tap[], string> {
  if (packets.length === 0) return ok([]);
  const names = interfaces ?? facesOf(packets, reach, ownInterfaces());
  const missing = names.find((name) => !interfaceExists(name));
  if (missing !== undefined) return fail(`there is no interface ${missing}`);
  const taps = names.flatMap((name) => {
    const filter = filterOf(packets, reach, name);
    return filter === undefined ? [] : [{ name, filter }];
  });
  if (taps.length === 0) return fail(`no interface of this box has ${packets.join(' or ')}: name one`);
  return taps.length > MOST_TAPS ? fail(`these are ${taps.length} interfaces: name ${MOST_TAPS} at most`) : ok(taps);
}

/** Where this box hears and speaks, by its configuration. */
function reachOf({ sip, media, sipTrunks, spans }: Site): Reach {
  return {
    listeners: sip.listen,
    peers: sipTrunks.flatMap(({ transport, address, port }) =>
      transport === 'udp' ? [] : [{ transport, address, port }],
    ),
    media: { address: media.address, from: media.ports.from, to: media.ports.to },
    tdmoe: spans.flatMap((span) => (span.driver === 'tdmoe' ? [span.interface] : [])),
  };
}
