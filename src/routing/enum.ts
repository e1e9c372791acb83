/** E.164 numbers in the DNS, RFC 6116: the name of a number, and the address that its NAPTR records give. */
import type { PatternCompiler } from './pattern.ts';
import type { EnumAnswer } from './query.ts';

/** RFC 6116 §3.2: the digits of a number backwards, a dot between them, before the zone. */
export function enumDomain(number: string, zone: string): string {
  return `${[...number.slice(1)].reverse().join('.')}.${zone}`;
}

/** A NAPTR record, RFC 3403 §4.1. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  /** `!^.*$!sip:ada@example.com!`, RFC 3402 §3.2. */
  readonly regexp: string;
}

/** Longer expressions and results are not of this use. */
const MAX_REGEXP = 255;
const MAX_URI = 255;

/** The SIP address that the records name for `number`: the lowest order, then preference, that makes one. */
export function enumAnswer(records: readonly NaptrRecord[], number: string, compile: PatternCompiler): EnumAnswer {
  const usable = records
    .filter(({ flags, service }) => flags.toLowerCase() === 'u' && namesSip(service))
    .toSorted((a, b) => a.order - b.order || a.preference - b.preference);
  for (const { regexp } of usable) {
    const uri = substitute(regexp, number, compile);
    if (uri !== undefined && /^sips?:[^\s<>"]+@[^\s<>"]+$/i.test(uri)) return { type: 'found', uri };
  }
  return { type: 'nothing', why: records.length === 0 ? 'the DNS has no records' : 'no record names a SIP address' };
}

/** RFC 6116 §3.4.3: `E2U+sip`, among other services or with a subtype; RFC 3764 §4. */
function namesSip(service: string): boolean {
  const [first = '', ...services] = service.toLowerCase().split('+');
  return first === 'e2u' && services.some((one) => one === 'sip' || one.startsWith('sip:'));
}

/** RFC 3402 §3.2: a delimiter of the record's own choice, a POSIX expression, and `\1`… in the replacement. */
function substitute(regexp: string, number: string, compile: PatternCompiler): string | undefined {
  if (regexp.length > MAX_REGEXP) return undefined;
  const delimiter = regexp[0] ?? '';
  if (delimiter === '' || /[0-9\\i]/.test(delimiter)) return undefined;
  const [, expression, replacement, flags, ...more] = regexp.split(delimiter);
  if (expression === undefined || replacement === undefined || flags === undefined || more.length > 0) return undefined;
  const compiled = compile(flags === 'i' ? `(?i)${expression}` : expression);
  const groups = compiled.ok ? compiled.value(number) : undefined;
  if (groups === undefined) return undefined;
  const uri = replacement.replace(/\\(\d)/g, (_, group: string) => groups[Number(group)] ?? '');
  return uri.length > MAX_URI ? undefined : uri;
}
