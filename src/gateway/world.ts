/** What the gateway works with, handed in by the composition root or by a simulation, and whom it tells. */
import type { Site, SpanSetting } from '../config/schema.ts';
import type { Log, LogFields } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import type { Result } from '../kernel/result.ts';
import type { Clock } from '../kernel/time.ts';
import type { MediaPlane, MediaPlaneEvent } from '../media/plane.ts';
import type { ListenProblem, SipTransport, TlsSetup } from '../net/words.ts';
import type { Directory } from '../routing/directory.ts';
import type { NaptrRecord } from '../routing/enum.ts';
import type { Hash } from '../sip/digest/response.ts';
import type { Flow, Target } from '../sip/message/flow.ts';
import type { SpanEvent, SpanPort } from '../span/port.ts';
import type { Store } from '../store/store.ts';
import type { CallRecord, StoreProblem } from '../store/words.ts';
import type { Alarm, Reactor } from './reactor.ts';
import type { Stage } from './stage.ts';

/** Everything real that the gateway works with. */
export interface World {
  readonly clock: Clock;
  readonly alarm: Alarm;
  readonly random: Random;
  readonly log: Log;
  readonly hash: Hash;
  /** An HMAC under a key of this process, as hex. */
  readonly sign: (octets: Uint8Array) => string;
  openStore(site: Site): Promise<Result<Store, StoreProblem>>;
  /** Puts the site's numbers and routes into the directory file and reads it back: the router knows nothing else. */
  directory(site: Site): Promise<Result<Directory, string>>;
  /** Rejects with what the operator can mend. */
  startMedia(site: Site, onEvent: (event: MediaPlaneEvent) => void): Promise<MediaPlane>;
  /** Key, certificate and authorities that the site names; undefined where it names none. The error names the setting. */
  tls(site: Site): Promise<Result<TlsSetup | undefined, string>>;
  /** The recordings of the site's announcements, by id: octets of µ-law; and those that can't be played, each fault with its setting. */
  recordings(site: Site): Promise<{
    readonly recordings: ReadonlyMap<string, Uint8Array>;
    readonly faults: readonly string[];
  }>;
  openTransport(
    setup: { readonly listen: Site['sip']['listen']; readonly tls: TlsSetup | undefined },
    hear: {
      message(octets: Uint8Array, flow: Flow): void;
      broken(octets: Uint8Array, status: 400 | 513, flow: Flow): void;
      closed(flow: Flow): void;
    },
  ): Promise<Result<SipTransport, ListenProblem>>;
  /** Opens a span, its B-channels in the media plane included, and closes both with the port. The error names the setting. */
  openSpan(
    span: SpanSetting,
    loop: Reactor,
    media: MediaPlane,
    hear: (event: SpanEvent) => void,
  ): Promise<Result<SpanPort, string>>;
  logLevel(level: Site['log']['level']): void;
  /** RFC 3263. */
  locate(uri: string): Promise<Result<readonly Target[], string>>;
  /** The NAPTR records of a name, for ENUM. */
  naptr(domain: string): Promise<Result<readonly NaptrRecord[], unknown>>;
}

/** What the outside is told as it happens. */
export interface Listeners {
  stage(call: string, stage: Stage, fields: LogFields): void;
  record(record: CallRecord): void;
}

/** A listener's problem with the setting that mends it. */
export const listenFault = ({ code, why }: ListenProblem): string =>
  `${code === 'certificate' ? 'sip.tls' : 'sip.listen'}: ${why}`;
