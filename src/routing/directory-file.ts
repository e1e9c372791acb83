/**
 * The directory file: users, numbers and routes of this branch as plain JSON. It is all that the router reads; the site's
 * configuration compiles into it, and central's snapshot will.
 */

/** Grows when an older reader would misunderstand a newer file. */
export const DIRECTORY_FORMAT = 1;

export type Hunting = 'ascending' | 'descending' | 'round-robin';

export interface DirectoryUser {
  readonly id: string;
  readonly name: string;
  readonly aor: string;
  readonly extension: string | undefined;
  readonly aliases: readonly string[];
  readonly number: string | undefined;
  readonly profile: string;
  /** Phone usages of the user's policy, the most wanted first. */
  readonly usages: readonly string[];
  /** Digest algorithms offered, in order, each with the hash of user:realm:password (RFC 7616 §3.4.2). */
  readonly digest: readonly { readonly algorithm: string; readonly ha1: string }[];
}

export interface DirectoryRule {
  readonly pattern: string;
  readonly translation: string;
}

export type DirectoryTarget = { readonly user: string } | { readonly number: string };

export interface DirectoryDid {
  /** E.164; of equal length. */
  readonly from: string;
  readonly to: string;
  readonly targets: readonly DirectoryTarget[];
}

export interface DirectoryRoute {
  readonly id: string;
  readonly pattern: string | undefined;
  readonly prefixes: readonly string[];
  readonly usages: readonly string[];
  readonly gateways: readonly string[];
}

/** How a gateway wants its numbers, and what may come in through it. */
interface GatewayBase {
  readonly id: string;
  readonly profile: string;
  /** Usages for calls that come in and leave again; undefined: they may not leave. */
  readonly usages: readonly string[] | undefined;
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
  | (GatewayBase & { readonly type: 'sip-trunk' });

export interface DirectoryFile {
  readonly format: typeof DIRECTORY_FORMAT;
  /** The hash of the contents: equal contents have equal revisions. */
  readonly revision: string;
  readonly realm: string;
  readonly users: readonly DirectoryUser[];
  readonly profiles: readonly { readonly id: string; readonly rules: readonly DirectoryRule[] }[];
  readonly dids: readonly DirectoryDid[];
  readonly routes: readonly DirectoryRoute[];
  readonly gateways: readonly DirectoryGateway[];
  readonly emergency: {
    readonly numbers: readonly string[];
    readonly prefixes: readonly string[];
    readonly gateways: readonly string[];
  };
}
