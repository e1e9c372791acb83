/** The small values that settings are made of. Each says in its message what is expected, never what was found. */
import { isIP } from 'node:net';
import { z } from 'zod';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Both ends belong to it. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const HOST_NAME =
  /^(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** What other settings refer to: a span, a trunk, a profile. */
export const id = z
  .string()
  .regex(WORD, 'must be a word of letters, digits, ".", "_" or "-", at most 64')
  .meta({ description: 'The name by which other settings refer to it' });

export const port = z.int().min(1).max(65535);

export const ipAddress = z.string().refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address');

export const hostName = z.string().regex(HOST_NAME, 'must be a host name');

export const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || HOST_NAME.test(text), 'must be an IP address or a host name');

function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  const number = Number(match?.[3]);
  if (address === undefined || isIP(address) === 0 || number < 1 || number > 65535) return undefined;
  return { address, port: number };
}

/** `127.0.0.1:20000` or `[::1]:20000`. */
export const endpoint = z.string().transform((text, context): Endpoint => {
  const value = parseEndpoint(text);
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: 'must be an address and a port, such as 127.0.0.1:20000' });
  return z.NEVER;
});

/** `60000-64000`. */
export const portRange = z.string().transform((text, context): Range => {
  const match = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2]);
  if (match !== null && from >= 1024 && to <= 65535 && from < to) return { from, to };
  context.addIssue({ code: 'custom', message: 'must be two ports from 1024 to 65535, the lower first: 60000-64000' });
  return z.NEVER;
});

/** `1-23` or `1-15,17-31`: timeslots counted from 1, ascending. */
export const slots = z.string().transform((text, context): readonly number[] => {
  const out: number[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,2})(?:\s*-\s*(\d{1,2}))?\s*$/.exec(part);
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : Number(match[2]);
    if (match === null || from < 1 || to > 31 || to < from || from <= (out.at(-1) ?? 0)) {
      context.addIssue({
        code: 'custom',
        message: 'must be ascending timeslots from 1 to 31, such as 1-23 or 1-15,17-31',
      });
      return z.NEVER;
    }
    for (let slot = from; slot <= to; slot++) out.push(slot);
  }
  return out;
});

/** A number as the whole world dials it, `+` and 4 to 15 digits (E.164 §6). */
export const e164 = z.string().regex(/^\+[1-9]\d{3,14}$/, 'must be a number in E.164 form, such as +12145550201');

/** A number, or a range whose ends differ only in their last digits: `+12145550200-+12145550299`. */
export interface NumberRange {
  readonly from: string;
  readonly to: string;
}

export const e164OrRange = z.string().transform((text, context): NumberRange => {
  const match = /^(\+[1-9]\d{3,14})(?:\s*-\s*(\+[1-9]\d{3,14}))?$/.exec(text);
  const from = match?.[1];
  const to = match?.[2] ?? from;
  if (from !== undefined && to !== undefined && from.length === to.length && from <= to) return { from, to };
  context.addIssue({
    code: 'custom',
    message: 'must be a number in E.164 form, or a range of equal length: +12145550200-+12145550299',
  });
  return z.NEVER;
});

/** Digits as a person dials them. */
export const dialled = z.string().regex(/^[0-9*#]{1,32}$/, 'must be digits, * or # (quote it in YAML)');

/** A regular expression of the linear-time dialect; whether it compiles is looked at in the cross-field checks. */
export const pattern = z.string().min(1).max(512);

export const secret = z.string().min(1).max(256);

/** What people read, and what is put into headers: nothing in it may end a line. */
export const text = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}*$/u, 'must be one line without control characters');

export const timeZone = z
  .string()
  .refine(isTimeZone, 'must be a time zone of the IANA database, such as America/Chicago');

const TIME_ZONES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('timeZone'));

/** The list leaves out the zones' other names, which only a formatter knows. */
function isTimeZone(name: string): boolean {
  if (TIME_ZONES.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const transport = z.enum(['udp', 'tcp', 'tls']);

export const digestAlgorithm = z.enum(['SHA-256', 'SHA-512-256', 'MD5']);
export type DigestAlgorithm = z.output<typeof digestAlgorithm>;
