/**
 * The directory file: users, numbers and routes of this branch as plain JSON. It is all that the router reads; the site's
 * configuration compiles into it, and central's snapshot will.
 */
import type { Cause } from '../call/cause.ts';
import type { NumberPlan, NumberType } from '../call/number.ts';
import type { DirectoryCalendar } from './calendar.ts';
import type { DirectoryLocation, Locator } from './location.ts';
import type { DirectoryNumberList, Inward, Outward } from './permissions.ts';

/** Grows when an older reader would misunderstand a newer file. */
export const DIRECTORY_FORMAT = 4;

export type Hunting = 'ascending' | 'descending' | 'round-robin';

export interface DirectoryUser {
  readonly id: string;
  readonly name: string;
  readonly aor: string;
  readonly extension: string | undefined;
  readonly aliases: readonly string[];
  readonly number: string | undefined;
  readonly profile: string | undefined;
  /** The voice policy's name and its phone usages, the most wanted first. */
  readonly policy: string | undefined;
  readonly usages: readonly string[];
  /** Undefined: restricted by nothing but the usages. */
  readonly outward?: Outward | undefined;
  readonly diversions?: DirectoryDiversions | undefined;
  readonly ringList?: DirectoryRingList | undefined;
  /** Completes what the user dials in short: `prefix` before exactly so many `digits`. */
  readonly quickDial: { readonly prefix: string; readonly digits: number } | undefined;
  /** Digest algorithms offered, in order, each with the hash of user:realm:password (RFC 7616 §3.4.2). */
  readonly digest: readonly { readonly algorithm: string; readonly ha1: string }[];
}

/** Where a user's calls go instead of, or after, his phones. */
export interface DirectoryDiversions {
  readonly always?: DirectoryTarget | undefined;
  readonly busy?: DirectoryTarget | undefined;
  readonly noAnswer?: DirectoryTarget | undefined;
  readonly offline?: DirectoryTarget | undefined;
  /** How long his phones ring before they count as not answered. */
  readonly noAnswerSeconds: number;
  /** Only to numbers that it matches; undefined: to any that he may call. */
  readonly pattern?: string | undefined;
  /** His phones don't ring: he is busy to everybody. */
  readonly doNotDisturb: boolean;
}

/** Colleagues whose phones ring for him as well. Their own diversions are theirs alone and not followed. */
export interface DirectoryRingList {
  readonly users: readonly string[];
  readonly order: 'together' | 'in-turn';
  /** How long each rings where they ring in turn. */
  readonly seconds: number;
}

/** A phone that stands somewhere, whoever uses it, told by the addresses that it sends from. */
export interface DirectoryDevice {
  readonly id: string;
  readonly addresses: readonly string[];
  /** Where it is plugged in, as the network's own tables say. */
  readonly switchPort?: string | undefined;
  readonly profile: string;
}

export interface DirectoryRule {
  /** What the operator calls it. */
  readonly name?: string | undefined;
  readonly pattern: string;
  readonly translation: string;
}

/**
 * How a gateway changes a called number, by direction. Out: the pattern sees `+12145550100`, in: the digits as they came, with
 * + where their type makes them whole. Either a translation, or digits taken off (the + is not counted) and put before.
 */
export interface DirectoryNumberRule {
  /** Undefined: every number. */
  readonly pattern: string | undefined;
  readonly change:
    | { readonly type: 'translate'; readonly translation: string }
    | { readonly type: 'strip'; readonly strip: number; readonly prefix: string };
  /** What the number becomes; a result that begins with + is international whatever stands here. */
  readonly numberType: NumberType;
  readonly plan: NumberPlan;
}

export type DirectoryTarget = { readonly user: string } | { readonly number: string };

/** Who or what answers for a number of ours; the announcement is named by its id. */
export type DirectoryDidTarget = DirectoryTarget | { readonly announcement: string };

/** A recording that is played to a caller, who is then released. The recording itself is the media plane's. */
export interface DirectoryAnnouncement {
  readonly id: string;
  /** Whether the call is answered for it; otherwise it is heard before any answer, which no carrier charges for. */
  readonly answers: boolean;
  readonly times: number;
  readonly cause: Cause;
}

export interface DirectoryDid {
  /** E.164; of equal length. */
  readonly from: string;
  readonly to: string;
  readonly targets: readonly DirectoryDidTarget[];
}

/** Gateways that share a place in a route: they take turns. A route without carriers has one such group. */
export interface DirectoryCarrierGroup {
  /** The carrier's name; undefined where the route names its gateways itself. */
  readonly carrier: string | undefined;
  /** Lower goes first; equal ones are ordered by cost. */
  readonly priority: number;
  /** Of a minute, in whatever money the operator counts. */
  readonly cost: number;
  readonly gateways: readonly string[];
}

/** In turns: carriers by priority and cost, the gateways of each by round robin. Best: availability, quality, price. */
export type Ranking = 'turns' | 'best';

export interface DirectoryRoute {
  readonly id: string;
  readonly pattern: string | undefined;
  readonly prefixes: readonly string[];
  readonly usages: readonly string[];
  readonly ranking: Ranking;
  readonly groups: readonly DirectoryCarrierGroup[];
}

/** A sister branch, reached over our own network before any carrier is. */
export interface DirectoryBranch {
  readonly id: string;
  readonly prefixes: readonly string[];
  readonly gateways: readonly string[];
}

/** Which number of ours a gateway shows: the user's own, else the main one; always the main one; or none at all. */
export type CallerIdRule = 'own' | 'main' | 'withheld';

/** How a gateway wants its numbers, and what may come in through it. */
interface GatewayBase {
  readonly id: string;
  readonly profile: string | undefined;
  /** Usages for calls that come in and leave again; undefined: they may not leave. */
  readonly usages: readonly string[] | undefined;
  readonly policy: string | undefined;
  /** Undefined: every call is let in. */
  readonly inward?: Inward | undefined;
  readonly callerId: CallerIdRule;
  /** E.164: what stands for a caller without a number of his own. */
  readonly mainNumber: string | undefined;
  readonly rulesOut: readonly DirectoryNumberRule[];
  readonly rulesIn: readonly DirectoryNumberRule[];
}

export type DirectoryGateway =
  | (GatewayBase & {
      readonly type: 'span-group';
      readonly spans: readonly string[];
      readonly hunting: Hunting;
      readonly countryCode: string;
      readonly numberType: 'by-country' | 'unknown';
      readonly strip: number;
      readonly prefix: string;
    })
  | (GatewayBase & {
      readonly type: 'sip-trunk';
      /** A certificate proves the peer; an address alone is weak proof. */
      readonly proof: 'certificate' | 'address';
      /** The zone that is asked for numbers which this trunk can reach by name; undefined: none. */
      readonly enumZone: string | undefined;
      /** Emergency calls by it carry the caller's civic address (RFC 6442). */
      readonly geolocation?: boolean | undefined;
    });

/** A number that does all that an emergency number does, toward a simulated answering point. */
export interface EmergencyTest {
  readonly number: string;
  readonly dials: string;
  readonly gateways: readonly string[];
}

export interface DirectoryFile {
  readonly format: typeof DIRECTORY_FORMAT;
  /** The hash of the contents: equal contents have equal revisions. */
  readonly revision: string;
  readonly realm: string;
  readonly domain: string;
  /** The site's location profile, for who has no other. */
  readonly profile: string;
  /** The site's, of the IANA database: where its days and months begin. */
  readonly timezone: string;
  readonly numberLists: readonly DirectoryNumberList[];
  readonly calendars: readonly DirectoryCalendar[];
  readonly users: readonly DirectoryUser[];
  readonly devices: readonly DirectoryDevice[];
  readonly profiles: readonly { readonly id: string; readonly rules: readonly DirectoryRule[] }[];
  readonly dids: readonly DirectoryDid[];
  /** Where a DID call goes when none of its targets can be reached. */
  readonly lastResort: DirectoryDidTarget | undefined;
  readonly announcements: readonly DirectoryAnnouncement[];
  readonly branches: readonly DirectoryBranch[];
  readonly routes: readonly DirectoryRoute[];
  readonly gateways: readonly DirectoryGateway[];
  readonly emergency: {
    readonly numbers: readonly string[];
    readonly prefixes: readonly string[];
    readonly gateways: readonly string[];
    readonly locations?: readonly DirectoryLocation[];
    /** Emergency calls are tried out by `number`, which calls `dials` at a simulated answering point. */
    readonly test?: EmergencyTest | undefined;
    /** What says where a caller is, the first that knows. */
    readonly locateBy?: readonly Locator[] | undefined;
  };
}
