/**
 * What each step of the resolver saw, as data. Nobody reads most decisions, so they are put into words (stage-words.ts) only where
 * one is shown; a call record keeps them as they stand here.
 */
import type { CallerNumber, RedirectReason } from '../call/number.ts';
import type { WallTime } from '../kernel/time.ts';
import type { CalendarTime } from './calendar.ts';
import type { DirectoryDidTarget, Ranking } from './directory-file.ts';
import type { Quota } from './permissions.ts';
import type { Dialled, Payer, Source } from './query.ts';

/** The steps of the resolver, in order. */
export type StageName =
  | 'source'
  | 'emergency'
  | 'screening'
  | 'user-or-e164'
  | 'extension'
  | 'profile'
  | 'did'
  | 'reverse-lookup'
  | 'diversion'
  | 'quick-dial'
  | 'authorise'
  | 'enum'
  | 'branch'
  | 'route';

/** By what right a location profile is the caller's. `again`: a quick dial, run through the same one once more. */
export type ProfileOf = 'request' | 'domain' | 'user' | 'gateway' | 'device' | 'site' | 'again';

/** A gateway in its turn, with the carrier and the price of a minute where least-cost routing takes it. */
export interface Turn {
  readonly gateway: string;
  readonly carrier: string | undefined;
  readonly cost: number;
}

/** Gateways in their turns, and why one does not come into the line, by its place; undefined: it does. */
interface Tried {
  readonly turns: readonly Turn[];
  readonly not: readonly (string | undefined)[];
}

interface Of<Name extends StageName> {
  readonly name: Name;
}

type SourceStage = Of<'source'> &
  (
    | {
        readonly saw: 'asked';
        readonly source: Source;
        /** Whether the directory knows who asks. */
        readonly known: boolean;
        /** Known by an address alone. */
        readonly weak: boolean;
        readonly dialled: Dialled;
        readonly at: WallTime;
        /** The site's, of the IANA database. */
        readonly zone: string;
        readonly wan: boolean;
      }
    | ({ readonly saw: 'payer'; readonly usages: readonly string[] } & Payer)
    | { readonly saw: 'stranger' }
  );

type EmergencyStage = Of<'emergency'> &
  (
    | { readonly saw: 'emergency'; readonly number: string; readonly tried: readonly string[] }
    | { readonly saw: 'no-emergency-gateway' }
    | {
        readonly saw: 'test';
        readonly number: string;
        readonly tried: readonly string[];
        readonly out: readonly string[];
      }
    | { readonly saw: 'unlocated' }
    | { readonly saw: 'located'; readonly location: string; readonly by: string; readonly elin: string | undefined }
    | { readonly saw: 'notice'; readonly user: string; readonly location: string; readonly elin: string }
    | { readonly saw: 'called-back'; readonly elin: string; readonly holder: string; readonly rung: readonly string[] }
  );

type ScreeningStage = Of<'screening'> & { readonly gateway: string } & (
    | { readonly saw: 'gateway-blocked' }
    /** `pattern` undefined: the list holds anonymous callers. */
    | {
        readonly saw: 'caller-rejected';
        readonly caller: CallerNumber | undefined;
        readonly list: string;
        readonly pattern: string | undefined;
      }
    | { readonly saw: 'not-accepted'; readonly caller: CallerNumber | undefined; readonly lists: readonly string[] }
    | { readonly saw: 'closed'; readonly calendar: string; readonly time: CalendarTime }
    | {
        readonly saw: 'let-in';
        readonly caller: CallerNumber | undefined;
        readonly list: string | undefined;
        readonly pattern: string | undefined;
        readonly calendar: string | undefined;
        readonly time: CalendarTime | undefined;
      }
  );

type NumberStage =
  | (Of<'user-or-e164'> &
      (
        | { readonly saw: 'nothing-dialled' }
        | { readonly saw: 'whole-number'; readonly number: string }
        | { readonly saw: 'user-name'; readonly called: string; readonly user: string }
        | { readonly saw: 'no-such-name'; readonly called: string }
      ))
  | (Of<'extension'> & {
      readonly saw: 'extension';
      readonly digits: string;
      readonly user: string;
      readonly profile: string;
    })
  | (Of<'profile'> & { readonly profile: string } & (
        | { readonly saw: 'no-profile' }
        | {
            readonly saw: 'rule';
            readonly of: ProfileOf;
            /** Which rule it was of how many, counted from 0. */
            readonly place: number;
            readonly count: number;
            readonly rule: string | undefined;
            readonly pattern: string;
            readonly translation: string;
            readonly digits: string;
            readonly number: string;
          }
        | { readonly saw: 'no-rule'; readonly of: ProfileOf; readonly digits: string; readonly count: number }
        | { readonly saw: 'no-rule-yet'; readonly of: ProfileOf; readonly digits: string }
      ))
  | (Of<'quick-dial'> & {
      readonly saw: 'completed';
      readonly digits: string;
      readonly prefix: string;
      readonly whole: string;
    });

type DidStage = Of<'did'> & { readonly number: string } & (
    | { readonly saw: 'no-did' }
    /** `place` 0: the primary target; the others are backups. */
    | { readonly saw: 'target'; readonly target: DirectoryDidTarget; readonly place: number }
    | { readonly saw: 'owner'; readonly user: string }
    | { readonly saw: 'last-resort'; readonly target: DirectoryDidTarget }
    | { readonly saw: 'no-target' }
  );

type LookupStage = Of<'reverse-lookup'> &
  (
    | { readonly saw: 'users-number'; readonly number: string; readonly user: string }
    | { readonly saw: 'nobodys-number'; readonly number: string }
    | { readonly saw: 'extension-of'; readonly digits: string; readonly user: string }
    | { readonly saw: 'nobodys-extension'; readonly digits: string; readonly profile: string }
    | { readonly saw: 'leads-nowhere'; readonly digits: string; readonly profile: string }
    | { readonly saw: 'not-registered'; readonly user: string }
  );

type DiversionStage = Of<'diversion'> & { readonly user: string } & (
    | { readonly saw: 'diverts'; readonly reason: RedirectReason; readonly to: string }
    | { readonly saw: 'loop'; readonly to: string; readonly why: string }
    | { readonly saw: 'not-allowed'; readonly to: string; readonly pattern: string }
    | { readonly saw: 'undisturbed' }
  );

type AuthoriseStage = Of<'authorise'> &
  (
    | { readonly saw: 'usages'; readonly usages: readonly string[]; readonly policy: string | undefined }
    | { readonly saw: 'user-blocked'; readonly user: string }
    | { readonly saw: 'not-ours'; readonly number: string }
    | {
        readonly saw: 'barred';
        readonly user: string;
        readonly number: string;
        readonly list: string;
        readonly pattern: string;
      }
    | { readonly saw: 'too-many-calls'; readonly user: string; readonly now: number; readonly most: number }
    | { readonly saw: 'calls-spent'; readonly user: string; readonly most: number; readonly per: Quota['per'] }
    | {
        readonly saw: 'minutes-spent';
        readonly user: string;
        readonly minutes: number;
        readonly most: number;
        readonly per: Quota['per'];
      }
    | {
        readonly saw: 'within-quota';
        readonly user: string;
        readonly calls: number;
        readonly minutes: number;
        readonly per: Quota['per'];
      }
    | { readonly saw: 'no-pstn'; readonly user: string }
    | { readonly saw: 'no-usage'; readonly routes: readonly string[] }
  );

type EnumStage = Of<'enum'> &
  (
    | { readonly saw: 'wan-down' }
    | { readonly saw: 'asked-for'; readonly domain: string }
    | { readonly saw: 'no-record'; readonly domain: string; readonly why: string }
    | {
        readonly saw: 'record';
        readonly domain: string;
        readonly uri: string;
        readonly gateway: string;
        readonly not: string | undefined;
      }
  );

type RouteStage =
  | (Of<'branch'> & Tried & { readonly saw: 'branch'; readonly branch: string; readonly number: string })
  | (Of<'route'> &
      (
        | { readonly saw: 'no-route'; readonly number: string }
        | { readonly saw: 'closed-route'; readonly route: string; readonly usages: readonly string[] }
        | (Tried & {
            readonly saw: 'route';
            readonly route: string;
            /** The usage that opened it; undefined: it is open to all. */
            readonly usage: string | undefined;
            readonly ranking: Ranking;
          })
        | { readonly saw: 'no-gateway' }
      ));

/** One step, and what it saw. */
export type Stage =
  | SourceStage
  | EmergencyStage
  | ScreeningStage
  | NumberStage
  | DidStage
  | LookupStage
  | DiversionStage
  | AuthoriseStage
  | EnumStage
  | RouteStage;
