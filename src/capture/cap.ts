/** The package cap without its JavaScript, which looks for the addon where only its own build puts it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { fail, ok, type Result } from '../kernel/result.ts';
import { LINK } from './pcapng.ts';

/** What cap calls the links that it knows. */
const LINKS: Readonly<Record<string, number>> = {
  NULL: LINK.null,
  ETHERNET: LINK.ethernet,
  IEEE802_11_RADIO: LINK.radio,
  LINKTYPE_LINUX_SLL: LINK.cooked,
  RAW: LINK.raw,
};

/** What the kernel keeps of each interface while we are busy: two seconds of 184 calls. */
const KERNEL_BUFFER = 8 << 20;

/** The stamp that wrap.c puts before each packet, and the longest packet. */
const STAMP = 16;
const MOST = 65_535;

interface Handle {
  open(device: string, filter: string, kernelBuffer: number, buffer: Buffer): string;
  close(): boolean;
}

interface Addon {
  readonly Cap: { new (): Handle; readonly prototype: { emit?: (event: string, length: number) => void } };
}

/** Times in microseconds since 1970, as the kernel took them. `octets` is good until the call is over. */
export interface Caught {
  readonly time: number;
  /** On the wire; as many octets as were caught stand in `octets`. */
  readonly length: number;
  /** By the kernel, until then. */
  readonly dropped: number;
  readonly octets: Uint8Array;
}

export interface OpenTap {
  readonly link: number;
  close(): void;
}

export type OpenCap = (name: string, filter: string, caught: (packet: Caught) => void) => Result<OpenTap>;

/** Where scripts/build-native puts it. */
const ADDON_PATH = fileURLToPath(new URL('../../build/native/cap.node', import.meta.url));

/** Loads the addon, or says in one sentence why not and what would mend it. */
export function loadCap(path: string = ADDON_PATH): Result<OpenCap> {
  if (!existsSync(path))
    return fail(
      `packet capture is not built (${path}): apt-get install g++ libpcap-dev, then run scripts/build-native`,
    );
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail(
      /libpcap\.so/.test(why)
        ? 'libpcap is missing: apt-get install libpcap0.8'
        : `the addon of packet capture does not load (${why}): run scripts/build-native under the pinned runtime`,
    );
  }
  return ok((name, filter, caught) => openTap(addon, name, filter, caught));
}

function openTap({ Cap }: Addon, name: string, filter: string, caught: (packet: Caught) => void): Result<OpenTap> {
  const buffer = Buffer.alloc(STAMP + MOST);
  // Each handle takes the emit that its class has when it is made.
  Cap.prototype.emit = (_event, length) =>
    caught({
      time: buffer.readUInt32LE(0) * 1e6 + buffer.readUInt32LE(4),
      length: buffer.readUInt32LE(8),
      dropped: buffer.readUInt32LE(12),
      octets: buffer.subarray(STAMP, length),
    });
  const handle = new Cap();
  let kind: string;
  try {
    kind = handle.open(name, filter, KERNEL_BUFFER, buffer);
  } catch (error) {
    return fail(openFault(name, error instanceof Error ? error.message : String(error)));
  }
  const link = LINKS[kind];
  if (link === undefined) return fail(`${name} is of a kind that cap does not know: ${kind}`);
  return ok({ link, close: () => void handle.close() });
}

/** libpcap's words, and what would mend it. */
function openFault(name: string, why: string): string {
  if (/permi|CAP_NET/i.test(why))
    return (
      `no right to capture on ${name}: the box needs CAP_NET_RAW, by AmbientCapabilities=CAP_NET_RAW in its systemd unit ` +
      `or by "setcap cap_net_raw+ep ${process.execPath}"`
    );
  if (/no such device/i.test(why)) return `there is no interface ${name}`;
  if (/not up/i.test(why)) return `${name} is down: "ip link set ${name} up"`;
  return `${name} can’t be captured: ${why}`;
}
