/** A whole branch in this process, with libpri at the far ends of its spans, and phones. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Phone } from '../../scripts/demo/phone.ts';
import { CAUSE } from '../../src/call/cause.ts';
import type { SpanSetting } from '../../src/config/schema.ts';
import { type Box, startBox } from '../../src/main.ts';
import { ladderOf } from './d-channel-ladder.ts';
import { type Losses, lossesOf } from './in-time.ts';
import { type Libpri, type LibpriSwitch, startLibpri } from './libpri.ts';
import { eventually, PATIENCE } from './process.ts';
import { BChannel, DeskSound } from './sound-desk.ts';
import { ROOT } from './tree.ts';
import { judge } from './tshark.ts';

export interface SpanPlan {
  readonly id: string;
  /** Ours; libpri is the other one. */
  readonly side: 'user' | 'network';
  readonly variant?: SpanSetting['variant'];
  /** The same in libpri's words. */
  readonly switch?: LibpriSwitch;
  readonly knobs?: Readonly<Record<string, unknown>>;
  readonly timers?: SpanSetting['timers'];
  /** `none`: another span carries it (NFAS). */
  readonly dChannel?: 'none';
}

export interface BranchPlan {
  /** The first port on 127.0.0.1: SIP, HTTP, 50 pairs for media, then 60 for each span with its far end. */
  readonly base: number;
  readonly spans: readonly SpanPlan[];
  /** Settings of site.yaml that are not the branch's own: routes, groups, trunks … */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Where the SIP trunk's peer is, so that it is told from the phones. */
export const TRUNK = '127.0.0.2';

const DOMAIN = 'branch.example';

/** Users 201 and 202, +12145550201 and +12145550202. */
const USERS = ['201', '202'];

export class PriBranch {
  readonly box: Box;
  readonly folder: string;
  readonly #plan: BranchPlan;
  readonly #fars = new Map<string, Libpri>();
  readonly #captures: string[] = [];
  readonly #phones: Phone<DeskSound>[] = [];
  readonly #peers: Phone[] = [];
  readonly #channels: BChannel[] = [];
  #stopped = false;

  private constructor(plan: BranchPlan, folder: string, box: Box) {
    this.#plan = plan;
    this.folder = folder;
    this.box = box;
  }

  static async start(plan: BranchPlan): Promise<PriBranch> {
    execFileSync(`${ROOT}scripts/build-native`);
    const folder = mkdtempSync(join(tmpdir(), 'branchline-pri-'));
    const { base, spans, settings } = plan;
    const file = join(folder, 'site.yaml');
    // JSON is YAML.
    writeFileSync(
      file,
      JSON.stringify({ ...ownSettings(base, folder), spans: spans.map(spanSetting(base)), ...settings }),
    );
    const box = await startBox(file);
    if (!box.ok) throw new Error(box.error.join('\n'));
    return new PriBranch(plan, folder, box.value);
  }

  /** Puts a new libpri at the far end of a span, in place of the one that is there, and waits until calls can be made. */
  async far(span: string, ...args: string[]): Promise<Libpri> {
    await this.#fars.get(span)?.stop();
    const index = this.#plan.spans.findIndex(({ id }) => id === span);
    const { side, switch: kind } = this.#plan.spans[index] as SpanPlan;
    const capture = join(this.folder, `${this.#captures.length}-${span}.pcap`);
    this.#captures.push(capture);
    const { listen, peer } = ports(this.#plan.base, index);
    const far = await startLibpri({
      side: side === 'user' ? 'net' : 'cpe',
      ...(kind === undefined ? {} : { switch: kind }),
      listen: peer,
      peer: listen,
      args: ['-w', capture, ...args],
    });
    this.#fars.set(span, far);
    await far.waitFor('dchan_up');
    // libpri sends a SABME of its own after a second, whoever came first; calls begin when that is over.
    await eventually('libpri has sent SABME', () => establishesIn(capture, side) > 0);
    await eventually('the D-channel is up', () => this.up(span));
    await this.idle();
    return far;
  }

  /** One libpri with the D-channels of two spans: of NFAS the primary and the backup. */
  farOfBoth(primary: string, backup: string, ...args: string[]): Promise<Libpri> {
    const { listen, peer } = ports(
      this.#plan.base,
      this.#plan.spans.findIndex(({ id }) => id === backup),
    );
    return this.far(primary, '-L', `127.0.0.1:${peer}`, '-D', `127.0.0.1:${listen}`, ...args);
  }

  /** A phone of this user that is registered. */
  async phone(user: string): Promise<Phone<DeskSound>> {
    const registrar = { address: '127.0.0.1', port: this.#plan.base };
    const phone = await Phone.with({ registrar, user, password: `pass-${user}`, domain: DOMAIN }, DeskSound.open);
    this.#phones.push(phone);
    assert.equal(await phone.register(600), 200);
    return phone;
  }

  /** A phone in place of the SIP trunk's peer: not registered, known by its address. */
  async trunkPeer(): Promise<Phone> {
    const registrar = { address: '127.0.0.1', port: this.#plan.base };
    const phone = await Phone.open({ registrar, user: '+18175550100', password: '', domain: TRUNK, local: TRUNK });
    this.#peers.push(phone);
    return phone;
  }

  /** The far end of a B-channel. */
  async bChannel(span: string, slot: number): Promise<BChannel> {
    const index = this.#plan.spans.findIndex(({ id }) => id === span);
    const { listen, peer } = ports(this.#plan.base, index);
    const channel = await BChannel.open(peer + slot, listen + slot);
    this.#channels.push(channel);
    return channel;
  }

  get spans(): Box['gateway']['spans']['all'] {
    return this.box.gateway.spans.all;
  }

  /** Whether the D-channel is up. */
  up(span: string): boolean {
    return this.spans.find(({ setting }) => setting.id === span)?.dChannel.up ?? false;
  }

  /** Slots of B-channels that are not idle. */
  busy(span: string): number[] {
    const { group } = this.spans.find(({ setting }) => setting.id === span) ?? {};
    return (group?.channelStates() ?? [])
      .filter(({ channel, state }) => channel.span === span && state !== 'idle')
      .map(({ channel }) => channel.slot);
  }

  /** What has crossed the D-channel of a span since its far end was put there. */
  frames(span: string): readonly string[] {
    const { side } = this.#plan.spans.find(({ id }) => id === span) as SpanPlan;
    const capture = this.#captures.findLast((file) => file.endsWith(`-${span}.pcap`));
    return capture === undefined ? [] : ladderOf(readFileSync(capture), side);
  }

  /** What the gateway has lost of its calls' sound so far; the packets' figures are those of the calls that are up. */
  async losses(): Promise<Losses> {
    const { path, media } = this.box.gateway;
    const legs = [...path.live.values()].flatMap((live) => [...live.legs]);
    const packet = legs.filter(([, handle]) => handle.recovery()?.type !== 'q931').map(([leg]) => leg);
    return lossesOf(media, packet);
  }

  /** No call, no channel, no endpoint and no port is left behind. */
  async idle(seconds = PATIENCE): Promise<void> {
    const { path, media } = this.box.gateway;
    const left = (): Record<string, unknown> => {
      const { rtpEndpoints, tdmEndpoints, portsInUse } = media.stats();
      const channels = this.spans.flatMap(({ setting: { id } }) => this.busy(id).map((slot) => `${id}/${slot}`));
      const groups = new Set(this.spans.map(({ group }) => group));
      const records = [...groups].reduce((sum, group) => sum + group.records().length, 0);
      return { calls: path.live.size, records, channels, rtpEndpoints, tdmEndpoints, portsInUse };
    };
    const empty = { calls: 0, records: 0, channels: [], rtpEndpoints: 0, tdmEndpoints: 0, portsInUse: 0 };
    const isEmpty = (): boolean => JSON.stringify(left()) === JSON.stringify(empty);
    await eventually('everything is idle', isEmpty, seconds).catch(() => assert.deepEqual(left(), empty));
  }

  /** Everything that was opened for one test is closed again, and calls that it left are ended; the far ends stay. */
  async tidy(): Promise<void> {
    const { path, reactor } = this.box.gateway;
    reactor.run(() => {
      for (const call of [...path.live.keys()]) path.end(call, CAUSE.temporaryFailure);
    });
    for (const phone of this.#phones.splice(0)) {
      if (!this.#stopped) await phone.register(0);
      await phone.close();
    }
    for (const phone of this.#peers.splice(0)) await phone.close();
    for (const channel of this.#channels.splice(0)) await channel.close();
  }

  /** What tshark says of all frames that crossed the D-channels until now. */
  async faults(): Promise<readonly string[]> {
    for (const far of this.#fars.values()) await far.stop();
    this.#fars.clear();
    // One file to judge: the header of the first, the packets of all.
    const all = join(this.folder, 'all.pcap');
    const captures = this.#captures.map((file) => readFileSync(file));
    writeFileSync(all, Buffer.concat(captures.map((octets, i) => (i === 0 ? octets : octets.subarray(PCAP_HEADER)))));
    const { packets, faults } = await judge(all);
    assert.ok(packets > 4 * captures.length);
    return faults;
  }

  /** Stops the gateway and leaves the far ends and the phones as they are. */
  async stopBox(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.box.stop();
  }

  async stop(): Promise<void> {
    for (const far of this.#fars.values()) await far.stop();
    for (const phone of [...this.#phones, ...this.#peers]) await phone.close();
    for (const channel of this.#channels) await channel.close();
    await this.stopBox();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Octets before the first packet. */
const PCAP_HEADER = 24;

/** How many SABMEs of libpri a capture holds: Q.921 §3.3.2, C/R is 1 in the network's commands. */
function establishesIn(capture: string, ourSide: SpanPlan['side']): number {
  const octets = readFileSync(capture);
  const address = ourSide === 'user' ? 0x02 : 0x00;
  let count = 0;
  for (let at = PCAP_HEADER; at + 16 <= octets.length; ) {
    const length = octets.readUInt32LE(at + 8);
    if (length === 3 && octets[at + 16] === address && octets[at + 18] === 0x7f) count++;
    at += 16 + length;
  }
  return count;
}

const ports = (base: number, index: number): { listen: number; peer: number } => ({
  listen: base + 110 + 60 * index,
  peer: base + 140 + 60 * index,
});

const spanSetting =
  (base: number) =>
  ({ id, side, variant = 'ni2', knobs = {}, timers = {}, dChannel }: SpanPlan, index: number) => {
    const { listen, peer } = ports(base, index);
    const far = { listen: `127.0.0.1:${listen}`, peer: `127.0.0.1:${peer}` };
    return { id, driver: 'virtual', side, variant, law: 'ulaw', far, knobs, timers, dChannel };
  };

function ownSettings(base: number, folder: string): Record<string, unknown> {
  return {
    site: { name: 'Branch', domain: DOMAIN, profile: 'branch', timezone: 'America/Chicago' },
    sip: { listen: [{ transport: 'udp', address: '127.0.0.1', port: base }] },
    http: { address: '127.0.0.1', port: base + 1 },
    media: { address: '127.0.0.1', driver: 'native', ports: `${base + 2}-${base + 101}` },
    store: { directory: join(folder, 'state') },
    log: { level: 'error' },
    limits: { callsPerUser: 50 },
    users: USERS.map((id) => ({
      id,
      name: `User ${id}`,
      number: `+12145550${id}`,
      password: `pass-${id}`,
      digest: ['MD5'],
    })),
    dids: USERS.map((user) => ({ number: `+12145550${user}`, to: { user } })),
    profiles: [
      {
        id: 'branch',
        rules: [
          { pattern: '^(2\\d\\d)$', translation: '$1' },
          { pattern: '^91?(\\d{10})$', translation: '+1$1' },
          { pattern: '^1?(\\d{10})$', translation: '+1$1' },
        ],
      },
    ],
  };
}
