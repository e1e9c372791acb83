/** What belongs to this box whatever its numbers are: its name, listeners, media, store. */
import { z } from 'zod';
import {
  digestAlgorithm,
  host,
  hostName,
  id,
  ipAddress,
  port,
  portRange,
  secret,
  text,
  timeZone,
  transport,
} from './fields.ts';

export const site = z.strictObject({
  name: text.describe('The branch, as people call it'),
  domain: hostName.describe('The domain in the addresses of record: 201@domain'),
  profile: id.describe('The location profile of callers who name none and have none'),
  timezone: timeZone
    .default('UTC')
    .describe('Of calendars and quotas, and of what people read; records are kept in UTC'),
});

const listener = z.strictObject({
  transport,
  address: ipAddress,
  port: port.default(5060),
});

const tls = z.strictObject({
  certificate: text.describe('PEM file: our certificate and what is needed up to the root'),
  key: text.describe('PEM file: the private key of the certificate'),
  ca: text.optional().describe('PEM file: who may sign peers; the system list where it is left out'),
});

const causeRow = z.strictObject({
  cause: z.int().min(1).max(127).describe('Of Q.850'),
  status: z.int().min(400).max(699).describe('The final response of SIP'),
  direction: z
    .enum(['both', 'to-sip', 'to-isdn'])
    .default('both')
    .describe('Whether the cause is told as the status, the status as the cause, or both'),
});

export const sip = z.strictObject({
  listen: z.array(listener).min(1).max(16),
  tls: tls.optional().describe('Needed as soon as a listener or a trunk speaks tls'),
  realm: text
    .regex(/^[^"\\]*$/, 'must not hold a quotation mark or a backslash')
    .optional()
    .describe('The digest realm; the domain of the site where it is left out'),
  digest: z
    .array(digestAlgorithm)
    .min(1)
    .default(['SHA-256', 'MD5'])
    .describe('Algorithms offered to users that name none, the best first (RFC 8760)'),
  external: host.optional().describe('The address that peers reach us at, where it is not the one we listen on'),
  userAgent: text.default('Branchline'),
  causes: z
    .array(causeRow)
    .max(256)
    .default([])
    .describe('Rows of the table between causes and statuses (RFC 3398, RFC 4497) that are other here'),
  sessionTimer: z
    .strictObject({
      expires: z.int().min(90).max(86400).default(1800).describe('Seconds (RFC 4028)'),
      minimum: z.int().min(90).max(86400).default(90).describe('Seconds; the least that we accept'),
    })
    .prefault({}),
  registrar: z
    .strictObject({
      expires: z.int().min(30).max(86400).default(3600).describe('Seconds granted to who asks for none'),
      minimum: z.int().min(30).max(86400).default(60).describe('Seconds; less is answered with 423'),
      maximum: z.int().min(30).max(604800).default(7200).describe('Seconds; more is cut down to it'),
    })
    .prefault({}),
});

export const http = z.strictObject({
  address: ipAddress.default('127.0.0.1'),
  port: port.default(8080),
  token: secret
    .optional()
    .describe('What a client must send as its bearer token; needed when the address is not loopback'),
});

export const media = z.strictObject({
  address: ipAddress.default('127.0.0.1').describe('Where RTP is received'),
  external: host.optional().describe('The address put into SDP, where it is another one'),
  ports: portRange.default({ from: 60000, to: 64000 }),
  driver: z
    .enum(['auto', 'native', 'event-loop'])
    .default('auto')
    .describe('auto: native where the addon is built, else event-loop'),
});

export const store = z.strictObject({
  directory: text
    .default('state')
    .describe('Where the databases and the directory file are; relative to the working directory'),
});

export const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export const limits = z.strictObject({
  calls: z.int().min(1).max(2000).default(400).describe('Calls at once, emergency calls excepted'),
  callsPerUser: z.int().min(1).max(200).default(10),
  callSeconds: z.int().min(60).max(604800).default(43200).describe('The longest a call may last'),
  silenceSeconds: z.int().min(5).max(3600).default(60).describe('RTP from nobody for so long ends a call'),
  contactsPerUser: z.int().min(1).max(64).default(10),
});
