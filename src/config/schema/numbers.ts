/** Who is here and where calls go: what compiles into the directory file. */
import { z } from 'zod';
import {
  dialled,
  digestAlgorithm,
  e164,
  e164OrRange,
  host,
  id,
  ipAddress,
  pattern,
  port,
  secret,
  text,
  transport,
} from './fields.ts';

export const sipTrunk = z.strictObject({
  id,
  name: text.optional(),
  address: host.describe('Where calls are sent, and whence they are accepted'),
  port: port.optional().describe('Where it is left out, SRV records say (RFC 3263)'),
  transport: transport.default('udp'),
  sources: z.array(ipAddress).default([]).describe('Other addresses from which calls are accepted'),
  credentials: z.strictObject({ user: text, password: secret }).optional().describe('Answers the peer’s challenges'),
  profile: id.optional().describe('The location profile of numbers that come in without +'),
  policy: id.optional().describe('As for a span group: without it, calls that come in may not leave again'),
});

const HA1 = z
  .string()
  .regex(/^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$/, 'must be 32 hexadecimal digits for MD5, 64 for the others');

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
  profile: id.optional().describe('The location profile; the site’s where it is left out'),
  policy: id.optional().describe('The voice policy; without it only routes without usages are open'),
});

export const profile = z.strictObject({
  id,
  name: text.optional(),
  rules: z
    .array(
      z.strictObject({
        pattern: pattern.describe('A regular expression over the digits dialled, such as ^(\\d{10})$'),
        translation: z
          .string()
          .regex(/^(\+|\$\d|[0-9*#])+$/, 'must be +, digits and $1…$9')
          .max(64)
          .describe('What it becomes, such as +1$1'),
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

export const did = z.strictObject({
  number: e164OrRange.describe('A number, or a range, that the carrier sends us calls for'),
  to: target,
  backups: z.array(target).max(8).default([]).describe('In order, when the user has no phone registered'),
});

export const policy = z.strictObject({
  id,
  name: text.optional(),
  usages: z.array(id).default([]).describe('Phone usages, the most wanted first'),
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
  gateways: z.array(id).min(1).max(16).describe('Span groups and SIP trunks, taken in turns'),
});

export const emergency = z.strictObject({
  numbers: z.array(dialled).default(['911']),
  habitualPrefixes: z.array(dialled).default(['9']).describe('Put before the number by habit, and understood'),
  gateways: z
    .array(id)
    .optional()
    .describe('In this order; all span groups, then all SIP trunks, where it is left out'),
});
