/** The one schema of site.yaml: the types, the defaults, the checks of single values and the JSON Schema all come from it. */
import { z } from 'zod';
import { announcement } from './schema/announcements.ts';
import { http, limits, log, media, sip, site, store } from './schema/box.ts';
import { flood } from './schema/flood.ts';
import {
  branch,
  carrier,
  device,
  dialTest,
  did,
  emergency,
  lastResort,
  policy,
  profile,
  route,
  sipTrunk,
  throttle,
  user,
  wan,
} from './schema/numbers.ts';
import { calendar, numberList } from './schema/permissions.ts';
import { nfas, span, spanGroup } from './schema/spans.ts';

export const siteSchema = z.strictObject({
  site,
  sip,
  http: http.prefault({}),
  media: media.prefault({}),
  store: store.prefault({}),
  log: log.prefault({}),
  limits: limits.prefault({}),
  flood: flood.prefault({}),
  spans: z.array(span).max(8).default([]),
  nfas: z.array(nfas).max(4).default([]),
  spanGroups: z.array(spanGroup).max(64).default([]),
  sipTrunks: z.array(sipTrunk).max(64).default([]),
  users: z.array(user).max(10000).default([]),
  devices: z.array(device).max(10000).default([]),
  profiles: z.array(profile).min(1).max(200),
  dids: z.array(did).max(10000).default([]),
  lastResort: lastResort.optional(),
  announcements: z.array(announcement).max(32).default([]),
  policies: z.array(policy).max(200).default([]),
  numberLists: z.array(numberList).max(200).default([]),
  calendars: z.array(calendar).max(200).default([]),
  carriers: z.array(carrier).max(200).default([]),
  branches: z.array(branch).max(1000).default([]),
  routes: z.array(route).max(100000).default([]),
  throttle: throttle.prefault({}),
  wan: wan.prefault({}),
  emergency: emergency.prefault({}),
  tests: z.array(dialTest).max(1000).default([]),
});

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** A whole, checked configuration with its defaults filled in. It holds passwords: never log it. */
export type Site = DeepReadonly<z.output<typeof siteSchema>>;

export type SpanSetting = Site['spans'][number];
export type NfasSetting = Site['nfas'][number];
export type SpanGroupSetting = Site['spanGroups'][number];
export type SipTrunkSetting = Site['sipTrunks'][number];
export type UserSetting = Site['users'][number];

/** JSON Schema (2020-12) of what may stand in site.yaml, for editors and forms. */
export function siteJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(siteSchema, { io: 'input' });
}
