/** Spans and the groups that calls hunt in. */
import { z } from 'zod';
import { endpoint, id, slots, text } from './fields.ts';
import { gatewayNumbers } from './numbers.ts';

const carrier = z.strictObject({
  level: z.number().min(-60).max(3).default(-10).describe('Level of the tones that the carrier plays, in dBm0'),
  clearingCause: z.int().min(1).max(127).default(16).describe('The Q.850 cause with which the carrier ends calls'),
  holdSeconds: z.int().min(1).max(86400).default(30).describe('How long the carrier stays in an answered call'),
});

const far = z.union([
  z.strictObject({ carrier: carrier.describe('The carrier simulator in this process') }),
  z.strictObject({
    listen: endpoint.describe('Base port on which we hear the far end: + 0 the D-channel, + n B-channel n'),
    peer: endpoint.describe('Base port of the far end'),
  }),
]);

const knobs = z.strictObject({
  delay: z.int().min(0).max(2000).default(0).describe('Milliseconds that D-channel frames take'),
  loss: z.number().min(0).max(1).default(0).describe('Share of D-channel frames that are lost'),
  alarms: z
    .array(z.enum(['LOS', 'LOF', 'AIS', 'RAI']))
    .default([])
    .describe('Line alarms raised from the start'),
});

/** Seconds, over the variant's and side's own (Q.921 §5.9, Q.931 §9). */
const timers = z.partialRecord(
  z.enum([
    'T200',
    'T203',
    'T301',
    'T302',
    'T303',
    'T304',
    'T305',
    'T306',
    'T308',
    'T309',
    'T310',
    'T313',
    'T316',
    'T322',
  ]),
  z.number().min(0.1).max(3600),
);

/** Counts of a quarter hour at which an alarm is raised (T1.231); those of the usual practice where they are left out. */
const thresholds = z.partialRecord(
  z.enum(['es', 'ses', 'sefs', 'uas', 'css', 'bes', 'les', 'lcv', 'pcv']),
  z.int().min(1).max(16_383_000),
);

const layer1 = z.strictObject({
  raiseSeconds: z.number().min(0.5).max(30).default(2.5).describe('How long a line fails before its alarm is raised'),
  clearSeconds: z.number().min(1).max(60).default(10).describe('How long it must be well before the alarm is cleared'),
  thresholds: thresholds.default({}).describe('Counts per quarter hour that raise an alarm, each end for itself'),
});

const common = {
  id,
  line: z.enum(['t1', 'e1']).default('t1'),
  side: z.enum(['user', 'network']).default('user').describe('Which end of Q.931 we are; the carrier is the network'),
  variant: z.enum(['ni2', '4ess', '5ess', 'dms100', 'euroisdn', 'qsig']).default('ni2'),
  dChannel: z
    .union([z.int().min(1).max(31), z.literal('none')], 'must be a timeslot from 1 to 31, or none')
    .optional()
    .describe('Timeslot of the D-channel: 24 on a T1, 16 on an E1; none where another span of its nfas group has it'),
  channels: slots.optional().describe('Timeslots of the B-channels; all but the D-channel where it is left out'),
  law: z.enum(['ulaw', 'alaw']).optional().describe('ulaw on a T1, alaw on an E1'),
  framing: z
    .enum(['esf', 'd4', 'crc4', 'fas'])
    .optional()
    .describe('esf or d4 on a T1, esf where it is left out; crc4 or fas on an E1, crc4 where it is left out'),
  clock: z
    .enum(['line', 'ours'])
    .optional()
    .describe('Who gives the clock: the far end (line), as a carrier does, or we (ours); line on the user side'),
  clockPriority: z
    .int()
    .min(1)
    .max(8)
    .optional()
    .describe('Which line is the box’s reference, 1 first; by the order of the spans where it is left out'),
  layer1: layer1.prefault({}),
  timers: timers.default({}),
};

const virtual = z.strictObject({
  driver: z.literal('virtual').describe('No hardware: the carrier simulator, or a far end over UDP'),
  ...common,
  far,
  knobs: knobs.prefault({}),
});

const tdmoe = z.strictObject({
  driver: z.literal('tdmoe').describe('TDM over Ethernet, as DAHDI’s dynamic spans and channel banks speak it'),
  ...common,
  interface: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,15}$/, 'must be the name of an Ethernet interface')
    .describe('The Ethernet interface'),
  peer: z
    .string()
    .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'must be an Ethernet address in small letters, such as 02:00:00:00:00:01')
    .describe('The far end’s Ethernet address'),
  subAddress: z
    .int()
    .min(0)
    .max(32767)
    .default(0)
    .describe('Tells the spans of one far end apart; in a multi-frame its place, 0 to 3'),
  frames: z
    .enum(['single', 'multi'])
    .default('single')
    .describe('single: frames of its own; multi: the far end’s spans share them, up to four'),
});

const dahdi = z.strictObject({
  driver: z.literal('dahdi').describe('A span of a card, or a dynamic one, of the kernel’s DAHDI driver'),
  ...common,
  number: z.int().min(1).max(128).describe('The span’s number in the driver: branchline spans --scan shows them'),
  adopt: z.boolean().default(false).describe('Take the span as another program has set it up, and set up nothing'),
  coding: z
    .enum(['b8zs', 'ami', 'hdb3'])
    .optional()
    .describe('b8zs or ami on a T1, b8zs where it is left out; hdb3 or ami on an E1, hdb3 where it is left out'),
  buildOut: z
    .int()
    .min(0)
    .max(7)
    .default(0)
    .describe('Line build-out: 0–4 for up to 133, 266, 399, 533, 655 feet; 5–7 for −7.5, −15, −22.5 dB'),
  echoCanceller: z
    .string()
    .regex(/^[a-z0-9]{1,15}$/, 'must be the name of an echo canceller, such as mg2')
    .optional()
    .describe('The driver’s echo canceller on every B-channel; a card with its own uses that'),
  mode: z
    .enum(['channels', 'bundle'])
    .default('channels')
    .describe('channels: each for itself, with the card’s echo canceller; bundle: all in one stream, which costs less'),
});

export const span = z.discriminatedUnion('driver', [virtual, tdmoe, dahdi]);

export const nfas = z.strictObject({
  id,
  spans: z
    .array(id)
    .min(2)
    .max(8)
    .describe('They share one D-channel, the primary one, which the first of them carries; ordered by interface'),
  backup: id.optional().describe('The span that carries the backup D-channel'),
  interfaces: z
    .array(z.int().min(0).max(127))
    .optional()
    .describe('The interface identifiers of the spans, as the carrier gives them; 0, 1, 2 … where they are left out'),
});

export const spanGroup = z.strictObject({
  id,
  name: text.optional(),
  spans: z.array(id).min(1).max(8).describe('In the order in which they are hunted'),
  hunting: z
    .enum(['ascending', 'descending', 'round-robin'])
    .default('ascending')
    .describe('Which free B-channel is taken; the far side should hunt the other way, against glare'),
  countryCode: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a country code of 1 to 3 digits, quoted in YAML')
    .default('1')
    .describe('Numbers of this country go out and come in as national ones'),
  numberType: z
    .enum(['by-country', 'unknown'])
    .default('by-country')
    .describe('by-country: national or international; unknown: what the carrier wants where it takes no types'),
  strip: z
    .int()
    .min(0)
    .max(15)
    .default(0)
    .describe('Leading digits taken off a number that goes out, where no rule acts'),
  prefix: z
    .string()
    .regex(/^[0-9*#]{0,15}$/, 'must be digits, quoted in YAML')
    .default('')
    .describe('Then put before it'),
  profile: id.optional().describe('The location profile of numbers that come in without a type'),
  policy: id
    .optional()
    .describe('Calls that come in may leave again by the routes of this policy (tandem); without it they may not'),
  ...gatewayNumbers,
});
