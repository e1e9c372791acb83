/** Who may call what, and who is let in when. */
import { z } from 'zod';
import { WEEKDAYS } from '../../routing/calendar.ts';
import { id, pattern, text, timeZone } from './fields.ts';

const quota = z.strictObject({
  per: z.enum(['day', 'month']).default('month').describe('By the site’s own clock'),
  calls: z.int().min(0).max(1_000_000).optional(),
  minutes: z.int().min(0).max(1_000_000).optional(),
  cutOff: z
    .boolean()
    .default(true)
    .describe('Calls end when the minutes do; false: a call that began within them goes on'),
});

/** Stands in a policy, and in a user, whose own settings win. */
export const outward = {
  pstn: z.boolean().optional().describe('false: only colleagues, sister branches and emergencies; true where left out'),
  barred: z.array(id).max(32).optional().describe('Number lists that may not be called'),
  callsAtOnce: z
    .int()
    .min(1)
    .max(200)
    .optional()
    .describe('Calls that he makes; looked at when one leaves the enterprise'),
  quota: quota.optional().describe('What may be spent on answered calls that leave the enterprise'),
};

export const inward = z.strictObject({
  blocked: z.boolean().default(false).describe('No call comes in, by the administrator’s word'),
  reject: z.array(id).max(32).default([]).describe('Number lists of callers who are rejected; looked at first'),
  accept: z.array(id).max(32).optional().describe('Only callers of these number lists are let in'),
  hours: id.optional().describe('The calendar in whose hours calls are let in; always where it is left out'),
});

export const numberList = z.strictObject({
  id,
  name: text.optional(),
  patterns: z
    .array(pattern)
    .max(1000)
    .default([])
    .describe('Regular expressions over numbers in E.164 form, such as ^\\+1900'),
  anonymous: z.boolean().default(false).describe('Holds callers whose number is withheld or unknown as well'),
});

/** `08:00` to `24:00` as minutes of the day. */
const timeOfDay = z.string().transform((value, context): number => {
  const match = /^(\d{2}):(\d{2})$/.exec(value);
  const minutes = Number(match?.[1]) * 60 + Number(match?.[2]);
  if (match !== null && Number(match[2]) < 60 && minutes <= 1440) return minutes;
  context.addIssue({ code: 'custom', message: 'must be a time of day such as "08:30", quoted in YAML' });
  return z.NEVER;
});

const DAYS = { sun: 0, mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6 } as const satisfies Record<
  (typeof WEEKDAYS)[number],
  number
>;

const weekday = z.enum(WEEKDAYS).transform((name) => DAYS[name]);

const holiday = z.string().refine(isDay, 'must be a day such as "2026-11-26", or "12-25" for every year');

function isDay(value: string): boolean {
  // A leap year, so that 02-29 may be a yearly one.
  const whole = /^\d{2}-\d{2}$/.test(value) ? `2024-${value}` : value;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(whole)) return false;
  const at = Date.parse(whole);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(whole);
}

export const calendar = z.strictObject({
  id,
  name: text.optional(),
  timezone: timeZone.optional().describe('The site’s where it is left out'),
  hours: z
    .array(
      z.strictObject({
        days: z.array(weekday).min(1).max(7),
        from: timeOfDay,
        to: timeOfDay.describe('Not in it any more; at or before from it is on the next day'),
      }),
    )
    .min(1)
    .max(50),
  holidays: z.array(holiday).max(500).default([]).describe('Days on which it stays closed'),
});
