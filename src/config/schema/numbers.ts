/** Who is here and where calls go: what compiles into the directory file. */
import { z } from 'zod';
import { CIVIC_PARTS } from '../../call/civic.ts';
import { LOCATORS } from '../../routing/location.ts';
import {
  dialled,
  digestAlgorithm,
  e164,
  e164OrRange,
  host,
  hostName,
  id,
  ipAddress,
  pattern,
  port,
  secret,
  text,
  transport,
} from './fields.ts';
import { inward, outward } from './permissions.ts';

const numberType = z.enum(['unknown', 'international', 'national', 'network', 'subscriber', 'abbreviated']);
const numberPlan = z.enum(['unknown', 'isdn', 'national', 'private']);

/** What becomes of a number that a rule's pattern has matched. */
const translation = z
  .string()
  .regex(/^(\+|\$\d|[0-9*#])+$/, 'must be +, digits and $1…$9')
  .max(64);

const numberRule = z.strictObject({
  pattern: pattern.optional().describe('Which numbers; all where it is left out'),
  translation: translation.optional().describe('What the number becomes, such as +1$1; instead of strip and prefix'),
  strip: z.int().min(0).max(32).default(0).describe('Leading digits taken off; a + is taken off with none of them'),
  prefix: z
    .string()
    .regex(/^[0-9*#]{0,32}$/, 'must be digits, quoted in YAML')
    .default('')
    .describe('Then put before it'),
  numberType: numberType.default('unknown').describe('The type that ISDN is told, unless the number begins with +'),
  plan: numberPlan.default('isdn').describe('The numbering plan that ISDN is told'),
});

/** What every gateway has, span group or SIP trunk: its numbers in both directions, and the caller it shows. */
export const gatewayNumbers = {
  out: z
    .array(numberRule)
    .max(200)
    .default([])
    .describe('Rules for called numbers that go out, as +12145550100; the first that matches acts'),
  in: z
    .array(numberRule)
    .max(200)
    .default([])
    .describe('Rules for called numbers that come in, before any location profile'),
  callerId: z
    .enum(['own', 'main', 'withheld'])
    .default('own')
    .describe(
      'own: the user’s number, else the main one; main: always the main one; withheld: marked as not to be shown',
    ),
  mainNumber: e164.optional().describe('What stands for callers of this site without a number of their own'),
  callsAtOnce: z
    .int()
    .min(1)
    .max(2000)
    .optional()
    .describe('Calls through it in both directions, emergency calls excepted'),
  inward: inward.optional().describe('Which calls are let in; emergency calls always are'),
};

export const throttle = z.strictObject({
  failures: z.int().min(1).max(100).default(10).describe('In a row; then the gateway is left out'),
  minutes: z.int().min(1).max(60).default(1).describe('For how long at first; each time doubled'),
  longestMinutes: z.int().min(1).max(1440).default(60),
  probeSeconds: z
    .int()
    .min(5)
    .max(600)
    .default(30)
    .describe('While it is left out; the first positive answer restores it'),
});

export const sipTrunk = z.strictObject({
  id,
  name: text.optional(),
  address: host.describe('Where calls are sent, and whence they are accepted'),
  port: port.optional().describe('Where it is left out, SRV records say (RFC 3263)'),
  transport: transport.default('udp'),
  sources: z.array(ipAddress).default([]).describe('Other addresses from which calls are accepted'),
  certificateName: host
    .optional()
    .describe(
      'Over TLS with sip.tls.ca: the name that its certificate must prove, whatever address it comes from; the address where it is left out',
    ),
  listenPort: port
    .optional()
    .describe(
      'Only what comes in at this port of ours is this trunk’s: phones that share its address use another listener',
    ),
  credentials: z.strictObject({ user: text, password: secret }).optional().describe('Answers the peer’s challenges'),
  profile: id.optional().describe('The location profile of numbers that come in without +'),
  policy: id.optional().describe('As for a span group: without it, calls that come in may not leave again'),
  trusted: z.boolean().default(true).describe('Identities are asserted to it and believed from it (RFC 3325 §7)'),
  geolocation: z
    .boolean()
    .default(false)
    .describe('Emergency calls carry the caller’s address (RFC 6442), for carriers that take it'),
  identity: z
    .enum(['asserted', 'remote-party-id'])
    .default('asserted')
    .describe(
      'How they are asserted to it: by P-Asserted-Identity, or by Remote-Party-ID to an old peer; both are understood',
    ),
  patienceSeconds: z
    .number()
    .min(0.5)
    .max(32)
    .default(4)
    .describe('How long an INVITE may stay without any answer before the next hop is tried'),
  probe: z
    .boolean()
    .default(true)
    .describe(
      'Its peer is asked with OPTIONS whether it is there; without that it counts as up until calls to it fail',
    ),
  enumZone: hostName
    .optional()
    .describe(
      'Numbers are looked up in this zone of the DNS (RFC 6116); those found are called by name through this trunk',
    ),
  ...gatewayNumbers,
});

export const wan = z.strictObject({
  trunks: z
    .array(id)
    .max(16)
    .optional()
    .describe(
      'SIP trunks whose peers are reached over the WAN: while none of them answers it is down. Those with an enumZone where it is left out',
    ),
  probeSeconds: z
    .int()
    .min(5)
    .max(600)
    .default(10)
    .describe('How often the peers of SIP trunks are asked with OPTIONS'),
  misses: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('Questions in a row without an answer: then the peer counts as down'),
});

const HA1 = z
  .string()
  .regex(/^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$/, 'must be 32 hexadecimal digits for MD5, 64 for the others');

/** Calls are diverted by the box itself, so it makes no difference whether a phone is there. */
const divertTarget = z.union([
  z.strictObject({ user: id.describe('The id of a user') }),
  z.strictObject({ number: e164.describe('A number outside, by the routes of the user who diverts') }),
]);

const diversions = z.strictObject({
  always: divertTarget.optional(),
  busy: divertTarget.optional(),
  noAnswer: divertTarget.optional(),
  offline: divertTarget.optional().describe('When no phone is registered'),
  noAnswerSeconds: z.int().min(5).max(170).default(20),
  doNotDisturb: z.boolean().default(false).describe('Phones don’t ring; calls go where they go when busy'),
});

const ringList = z.strictObject({
  users: z.array(id).min(1).max(32).describe('Whose phones ring as well'),
  order: z.enum(['together', 'in-turn']).default('together'),
  seconds: z.int().min(5).max(120).default(15).describe('How long each rings in turn'),
});

export const user = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a word, quoted in YAML if it is a number')
    .describe('The user part of the address of record and the digest user name'),
  name: text.describe('As phones and the carrier show it'),
  extension: dialled.optional().describe('What colleagues dial; the id where it is made of digits'),
  aliases: z.array(id).default([]).describe('Other names in user@domain'),
  number: e164.optional().describe('The user’s own number, shown to who is called'),
  password: secret.optional(),
  ha1: z
    .partialRecord(digestAlgorithm, HA1)
    .optional()
    .describe('Instead of the password: the hash of id:realm:password for each algorithm (RFC 7616 §3.4.2)'),
  digest: z
    .array(digestAlgorithm)
    .min(1)
    .optional()
    .describe('As sip.digest; MD5 alone for devices that take no other'),
  profile: id.optional().describe('The location profile; the device’s or the site’s where it is left out'),
  quickDial: z
    .strictObject({
      prefix: z
        .string()
        .regex(/^\+?\d{1,14}$/, 'must be leading digits, quoted in YAML')
        .describe('Put before what the user dials in short: "312080051" makes 31208005160 of 60'),
      digits: z.int().min(1).max(6).default(2).describe('How many digits a short number has'),
    })
    .optional(),
  policy: id.optional().describe('The voice policy; without it only routes without usages are open'),
  diversions: diversions.optional(),
  ringList: ringList.optional(),
  blocked: z.boolean().default(false).describe('Emergency calls only, by the administrator’s word'),
  ...outward,
});

export const profile = z.strictObject({
  id,
  name: text.optional(),
  rules: z
    .array(
      z.strictObject({
        pattern: pattern.describe('A regular expression over the digits dialled, such as ^(\\d{10})$'),
        translation: translation.describe('What it becomes, such as +1$1'),
        name: text.optional(),
      }),
    )
    .min(1)
    .max(500)
    .describe('In order; the first that matches wins; none is a refusal'),
});

const target = z.union([
  z.strictObject({ user: id.describe('The id of a user') }),
  z.strictObject({ number: e164.describe('A number outside, reached by the routes without usages') }),
]);

const didTarget = z.union([
  ...target.options,
  z.strictObject({ announcement: id.describe('The id of an announcement, which ends the call') }),
]);

export const did = z.strictObject({
  number: e164OrRange.describe('A number, or a range, that the carrier sends us calls for'),
  to: didTarget,
  backups: z.array(didTarget).max(8).default([]).describe('In order, when the user has no phone registered'),
});

/** As the switch calls it: `sw7/gi1/0/12`. */
const switchPort = z.string().regex(/^[\w./:*-]{1,128}$/, 'must be the name of a switch port, such as sw7/gi1/0/12');

export const device = z.strictObject({
  id,
  addresses: z.array(ipAddress).min(1).max(64).describe('The phone is known by the address that it sends from'),
  switchPort: switchPort
    .optional()
    .describe(
      'Where it is plugged in, as the switches’ tables (LLDP) or central say; what the phone says itself counts more',
    ),
  profile: id.describe('The location profile of users here who have none'),
});

export const branch = z.strictObject({
  id,
  name: text.optional(),
  prefixes: z
    .array(z.string().regex(/^\+\d{1,15}$/, 'must be + and leading digits, quoted in YAML'))
    .min(1)
    .max(1000)
    .describe('Numbers of this sister branch'),
  gateways: z.array(id).min(1).max(16).describe('How it is reached, in order, before any route is tried'),
});

export const carrier = z.strictObject({
  id,
  name: text.optional(),
  gateways: z.array(id).min(1).max(16).describe('Span groups and SIP trunks to this carrier, taken in turns'),
});

export const lastResort = didTarget.describe('Where a DID call goes when none of its targets can be reached');

export const policy = z.strictObject({
  id,
  name: text.optional(),
  usages: z.array(id).default([]).describe('Phone usages, the most wanted first'),
  divertPattern: pattern
    .optional()
    .describe('Only numbers that it matches may calls be diverted to; ^\\+1 for this country'),
  ...outward,
});

export const route = z.strictObject({
  id,
  name: text.optional(),
  pattern: pattern.optional().describe('A regular expression over the E.164 number'),
  prefixes: z
    .array(z.string().regex(/^\+\d{0,15}$/, 'must be + and leading digits, quoted in YAML'))
    .min(1)
    .optional()
    .describe('Instead of a pattern: leading digits of the E.164 number'),
  usages: z.array(id).default([]).describe('Only for callers whose policy has one of them; empty: for all users'),
  gateways: z.array(id).min(1).max(16).optional().describe('Span groups and SIP trunks, taken in turns'),
  carriers: z
    .array(
      z.strictObject({
        carrier: id,
        priority: z.int().min(1).max(100).default(1).describe('Lower goes first'),
        cost: z.number().min(0).max(1e6).default(0).describe('Of a minute; lower goes first within one priority'),
      }),
    )
    .min(1)
    .max(32)
    .optional()
    .describe('Instead of gateways: least-cost routing'),
  ranking: z
    .enum(['turns', 'best'])
    .default('turns')
    .describe('best: gateways ordered by availability, then voice quality, then price'),
});

export const dialTest = z.strictObject({
  name: text.optional(),
  from: id.describe('A user, a span group or a SIP trunk'),
  dial: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[\x21-\x7e]+$/, 'must be what stands left of the @'),
  expect: text.describe(
    'What explain ends with: "user 202", "pstn 2145551234", "emergency pstn 911", "refused no-route"',
  ),
  absent: z.array(id).default([]).describe('Users without a registered phone; all others are taken to have one'),
  down: z.array(id).default([]).describe('Gateways that can take no call'),
  survivable: z.boolean().default(false).describe('As while the WAN is down'),
});

/** The parts of RFC 5139 §3. */
const civicAddress = z.strictObject({
  country: z.string().regex(/^[A-Z]{2}$/, 'must be two letters, such as US'),
  ...(Object.fromEntries(
    CIVIC_PARTS.filter((part) => part !== 'country').map((part) => [part, text.optional()] as const),
  ) as Record<Exclude<(typeof CIVIC_PARTS)[number], 'country'>, z.ZodOptional<typeof text>>),
});

const location = z.strictObject({
  id,
  name: text.optional().describe('The place as those who are told of a call know it; the id where it is left out'),
  numbers: z.array(dialled).max(16).default([]).describe('Numbers that mean an emergency here, besides the site’s'),
  elins: z
    .array(e164)
    .max(100)
    .default([])
    .describe('Numbers of this place alone, by which the answering point knows it and calls back'),
  users: z.array(id).default([]).describe('Who is always taken to be here'),
  devices: z.array(id).default([]),
  subnets: z
    .array(z.string().max(64))
    .max(256)
    .default([])
    .describe('Whoever sends from these addresses is here: 10.1.0.0/16; the longest prefix wins'),
  switchPorts: z
    .array(switchPort)
    .max(1000)
    .default([])
    .describe('Whoever is plugged in there is here: sw7/gi1/0/12, or sw7/* for all ports whose name begins so'),
  gateways: z.array(id).default([]).describe('Whoever calls by these trunks is here, such as a PBX'),
  notify: z.array(id).max(32).default([]).describe('Users that get a message about each emergency call from here'),
  civic: civicAddress
    .optional()
    .describe(
      'Its address, for SIP trunks with geolocation: country in two letters, A1 the state, A3 the city, RD the road, HNO the number',
    ),
  announcement: id
    .optional()
    .describe('Those of notify are called as well, whatever they divert, and this announcement is played to them'),
  fallback: id.optional().describe('The user who is rung when the caller does not answer a call back'),
});

const emergencyTest = z.strictObject({
  number: dialled.describe('What users dial to try out all of it, such as 933'),
  dials: dialled.optional().describe('What the simulated answering point is called by; the first emergency number'),
  gateways: z
    .array(id)
    .min(1)
    .max(16)
    .describe('Ways to a simulated answering point, such as the group of a virtual span; help is never called there'),
});

export const emergency = z.strictObject({
  test: emergencyTest
    .optional()
    .describe('A call that does all that an emergency call does, save for reaching the real answering point'),
  locateBy: z
    .array(z.enum(LOCATORS))
    .min(1)
    .max(LOCATORS.length)
    .default([...LOCATORS])
    .describe('What says where a caller is, the first that knows'),
  numbers: z.array(dialled).min(1).default(['911']),
  habitualPrefixes: z.array(dialled).default(['9']).describe('Put before the number by habit, and understood'),
  gateways: z
    .array(id)
    .optional()
    .describe('In this order; all span groups, then all SIP trunks, where it is left out'),
  locations: z.array(location).max(1000).default([]).describe('Where callers are, and how they are called back'),
  elinMinutes: z
    .int()
    .min(1)
    .max(1440)
    .default(30)
    .describe('How long a call back to an ELIN is for who called under it, also after a restart'),
  makeRoom: z
    .enum(['newest', 'oldest', 'never'])
    .default('newest')
    .describe(
      'Which ordinary call is ended when an emergency call finds all B-channels taken; unanswered ones go first',
    ),
});
