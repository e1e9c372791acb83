/** The API's answers as people read them. */
import type { Change } from '../config/diff.ts';
import type { Problem } from '../config/problem.ts';
import type { ApplyAnswer, BertView, CallView, ConfirmAnswer, SpanView, StatusView } from '../console/views.ts';
import { impossible } from '../kernel/machine.ts';
import { table } from './table.ts';
import type { FoundSpan } from './world.ts';

export function showStatus(status: StatusView): string {
  const { health, calls, gateways, registrations } = status;
  const lines = [
    `${status.site.name} (${status.site.domain}): ${health.verdict}`,
    `version ${status.version}, up ${duration(status.uptimeSeconds)}, directory ${status.directoryRevision}`,
    `${calls.inProgress} of at most ${calls.limit} calls`,
    ...health.problems.map(({ id, what }) => `! ${what} [${id}]`),
  ];
  if (status.confirmBy !== undefined)
    lines.push(`! a new configuration waits for "branchline confirm" until ${status.confirmBy}`);
  if (gateways.length > 0) {
    const rows = gateways.map(({ id, type, calls: carried, out, known }) => [
      id,
      type,
      String(carried),
      out ?? 'takes calls',
      known ?? '–',
    ]);
    lines.push('', table(['gateway', 'type', 'calls', 'state', 'known'], rows), '');
  }
  if (registrations.length === 0) return [...lines, 'no phone is registered'].join('\n');
  const rows = registrations.flatMap(({ user, contacts }) =>
    contacts.map(({ uri, expiresAt }) => [user, uri, expiresAt]),
  );
  return [...lines, '', table(['user', 'contact', 'expires'], rows)].join('\n');
}

export function showCalls(calls: readonly CallView[]): string {
  if (calls.length === 0) return 'no calls';
  return table(
    ['call', 'from', 'to', 'stage', 'since', 'legs'],
    calls.map((call) => [call.id, call.from, call.to, call.stage, call.startedAt, call.legs.map(legText).join(' | ')]),
  );
}

const legText = ({ with: party, channel }: CallView['legs'][number]): string =>
  channel === undefined ? party : `${party} (${channel})`;

export function showFound(spans: readonly FoundSpan[]): string {
  if (spans.length === 0) return 'the driver has no spans';
  return table(
    ['number', 'type', 'channels', 'alarms', 'name', 'maker', 'model', 'location'],
    spans.map(({ number, type, channels, alarms, name, maker, model, location }) => [
      String(number),
      type,
      String(channels),
      alarms.length === 0 ? '–' : alarms.join(' '),
      name,
      maker,
      model,
      location,
    ]),
  );
}

export function showSpans(spans: readonly SpanView[]): string {
  if (spans.length === 0) return 'no spans';
  const rows = table(
    ['span', 'line', 'side', 'variant', 'clock', 'd-channel', 'alarms', 'channels', 'service', 'last 24 h'],
    spans.map((span) => [
      span.id,
      span.line,
      span.side,
      span.variant,
      `${span.clock.source}${span.clock.reference ? ' *' : ''}`,
      dChannelText(span),
      alarmText(span),
      channelText(span),
      span.layer1.loopback === undefined ? span.layer1.service : `${span.layer1.loopback.type} loopback`,
      dayText(span),
    ]),
  );
  const troubles = spans.flatMap(({ id, trouble }) => (trouble === undefined ? [] : [`${id}: ${trouble}`]));
  return [rows, ...troubles].join('\n');
}

/** `24 up`; with NFAS the group and what this D-channel does in it: `24 up, carrier backup standby`. */
function dChannelText({ dChannel: { slot, up }, nfas }: SpanView): string {
  const own = slot === undefined ? 'none' : `${slot} ${up ? 'up' : 'down'}`;
  if (nfas === undefined) return own;
  const { group, interface: face, role, state } = nfas;
  return state === undefined ? `${own}, ${group}/${face}` : `${own}, ${group}/${face} ${role} ${state}`;
}

export function showBert({ span, pattern, running, until, channels }: BertView): string {
  const total = (of: (channel: BertView['channels'][number]) => number): number =>
    channels.reduce((sum, channel) => sum + of(channel), 0);
  const bits = total((channel) => channel.bits);
  const errors = total((channel) => channel.errors);
  const ratio = bits === 0 ? 'no bits yet' : `${errors} errors in ${bits} bits (${(errors / bits).toExponential(1)})`;
  return [
    `${span}: ${pattern}, ${running ? `until ${until}` : 'over'}, ${ratio}`,
    table(
      ['slot', 'in step', 'bits', 'errors', 'seconds', 'errored', 'losses', 'slips'],
      channels.map(({ slot, sync, bits, errors, seconds, errorSeconds, losses, slips }) => [
        String(slot),
        sync ? 'yes' : 'no',
        ...[bits, errors, seconds, errorSeconds, losses, slips].map(String),
      ]),
    ),
  ].join('\n');
}

/** What stands, and in brackets what the line shows that is no alarm yet, or not any more. */
function alarmText({ alarms, layer1 }: SpanView): string {
  const standing = layer1.alarms.map(({ id }) => id);
  const moment = alarms.length === 0 ? [] : [`(${alarms.join(' ')})`];
  return [...standing, ...moment].join(' ') || 'none';
}

/** `es 3 ses 1`, the current quarter hour included. */
function dayText({ layer1: { near } }: SpanView): string {
  const counts = ['es', 'ses', 'uas', 'css'].flatMap((name) => {
    const count = (near.day[name] ?? 0) + (near.current.counts[name] ?? 0);
    return count === 0 ? [] : [`${name} ${count}`];
  });
  return counts.join(' ') || 'clean';
}

/** `20 idle, 3 busy`. */
function channelText({ channels }: SpanView): string {
  const counts = new Map<string, number>();
  for (const { state } of channels) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

export const showProblems = (problems: readonly Problem[]): string =>
  problems.map(({ path, what, mend }) => `${path} ${what}\n    → ${mend}`).join('\n');

/** What an apply did, and what is to be done next. */
export function showApply(answer: ApplyAnswer): string {
  switch (answer.type) {
    case 'unchanged':
      return 'nothing changes: the box has this configuration already';
    case 'applied':
      return [...answer.changes.map(showChange), '', afterApply(answer)].join('\n');
    case 'refused':
      return `${showProblems(answer.problems)}\n\nrefused: nothing was touched`;
    case 'kept-back':
      return `the old configuration stays: ${answer.why}`;
    default:
      return impossible(answer);
  }
}

function afterApply({ changes, confirmBy }: Extract<ApplyAnswer, { type: 'applied' }>): string {
  const restart = changes.some(({ reach }) => reach === 'restart')
    ? '; what is marked (restart) waits for the next start'
    : '';
  return confirmBy === undefined
    ? `in force, and kept${restart}`
    : `in force${restart}; it is undone at ${confirmBy} unless you say "branchline confirm"`;
}

const SIGN = { added: '+', removed: '-', changed: '~' } as const;

function showChange({ section, id, kind, reach, details }: Change): string {
  const mark = reach === 'restart' ? ' (restart)' : '';
  const head = `${SIGN[kind]} ${section}${id === '' ? '' : ` ${id}`}${mark}`;
  return [head, ...details.map((detail) => `    ${detail}`)].join('\n');
}

export function showConfirm(answer: ConfirmAnswer): string {
  switch (answer.type) {
    case 'kept':
      return 'confirmed: the new configuration is kept';
    case 'kept-back':
      return `the old configuration is in force again: ${answer.why}`;
    case 'refused':
      return showProblems(answer.problems);
    default:
      return impossible(answer);
  }
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
