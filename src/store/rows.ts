/** Between the words of the store and the columns of its tables. */
import type { Cause, Location } from '../call/cause.ts';
import type { BChannel } from '../call/media.ts';
import type { Millis, WallTime } from '../kernel/time.ts';
import type { StoredDeadline } from './deadline.ts';
import type { Binding, CallRecord, LineBin, LiveCall, LiveCallChange, ReleasedBy, StoredElin } from './words.ts';

export interface BindingRow {
  readonly aor: string;
  readonly key: string;
  readonly contact: string;
  readonly path: string;
  readonly instance: string | null;
  readonly reg_id: number | null;
  readonly call_id: string;
  readonly cseq: number;
  readonly q: number;
  readonly user_agent: string | null;
  readonly flow: string | null;
  readonly expires: number;
  readonly left_ms: number;
  readonly boot: string;
  readonly uptime_ms: number;
}

interface CallRow {
  readonly call_id: string;
  readonly linked_id: string;
  readonly started: number;
  readonly answered: number | null;
  readonly from: string;
  readonly to: string;
  readonly user: string | null;
  readonly decision: string | null;
  readonly hops: string;
  readonly channels: string;
  readonly sip_call_ids: string;
  readonly revision: string | null;
}

export interface LiveCallRow extends CallRow {
  readonly state: string;
  readonly dialogs: string;
}

export interface CdrRow extends CallRow {
  readonly id: number;
  readonly ended: number;
  readonly cause: number;
  readonly location: string;
  readonly released_by: string;
  readonly media: string | null;
}

export interface LineBinRow {
  readonly span: string;
  readonly end: string;
  readonly start: number;
  readonly seconds: number;
  readonly counts: string;
  readonly crossed: string;
}

export interface ElinRow {
  readonly elin: string;
  readonly held: string;
  readonly phone: string | null;
  readonly expires: number;
  readonly left_ms: number;
  readonly boot: string;
  readonly uptime_ms: number;
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
const parsed = (text: string | null): unknown => (text === null ? undefined : JSON.parse(text));
const list = <T>(text: string): readonly T[] => JSON.parse(text) as readonly T[];

export function bindingRow(binding: Binding, boot: string, uptime: number): BindingRow {
  return {
    aor: binding.aor,
    key: binding.key,
    contact: binding.contact,
    path: JSON.stringify(binding.path),
    instance: binding.instance ?? null,
    reg_id: binding.regId ?? null,
    call_id: binding.callId,
    cseq: binding.cseq,
    q: binding.q,
    user_agent: binding.userAgent ?? null,
    flow: json(binding.flow),
    expires: binding.expires,
    left_ms: binding.left,
    boot,
    uptime_ms: uptime,
  };
}

export function storedDeadline(row: Pick<BindingRow, 'expires' | 'left_ms' | 'boot' | 'uptime_ms'>): StoredDeadline {
  return { expires: row.expires as WallTime, left: row.left_ms as Millis, boot: row.boot, uptime: row.uptime_ms };
}

export function bindingOf(row: BindingRow, left: Millis): Binding {
  return {
    aor: row.aor,
    key: row.key,
    contact: row.contact,
    path: list(row.path),
    instance: row.instance ?? undefined,
    regId: row.reg_id ?? undefined,
    callId: row.call_id,
    cseq: row.cseq,
    q: row.q,
    userAgent: row.user_agent ?? undefined,
    flow: parsed(row.flow),
    expires: row.expires as WallTime,
    left,
  };
}

function callRow(call: Omit<LiveCall, 'state' | 'dialogs'>): CallRow {
  return {
    call_id: call.callId,
    linked_id: call.linkedId,
    started: call.started,
    answered: call.answered ?? null,
    from: call.from,
    to: call.to,
    user: call.user ?? null,
    decision: json(call.decision),
    hops: JSON.stringify(call.hops),
    channels: JSON.stringify(call.channels),
    sip_call_ids: JSON.stringify(call.sipCallIds),
    revision: call.revision ?? null,
  };
}

function callOf(row: CallRow): Omit<LiveCall, 'state' | 'dialogs'> {
  return {
    callId: row.call_id,
    linkedId: row.linked_id,
    started: row.started as WallTime,
    answered: (row.answered ?? undefined) as WallTime | undefined,
    from: row.from,
    to: row.to,
    user: row.user ?? undefined,
    decision: parsed(row.decision),
    hops: list(row.hops),
    channels: list<BChannel>(row.channels),
    sipCallIds: list<string>(row.sip_call_ids),
    revision: row.revision ?? undefined,
  };
}

export const liveCallRow = (call: LiveCall): LiveCallRow => ({
  ...callRow(call),
  state: call.state,
  dialogs: JSON.stringify(call.dialogs),
});

export const liveCallOf = (row: LiveCallRow): LiveCall => ({
  ...callOf(row),
  state: row.state,
  dialogs: list(row.dialogs),
});

/** The columns of a change; null where nothing changes. */
export function changeRow(callId: string, change: LiveCallChange): Record<keyof LiveCallRow, string | number | null> {
  return {
    call_id: callId,
    linked_id: change.linkedId ?? null,
    state: change.state ?? null,
    started: null,
    answered: change.answered ?? null,
    from: null,
    to: change.to ?? null,
    user: change.user ?? null,
    decision: json(change.decision),
    hops: json(change.hops),
    channels: json(change.channels),
    sip_call_ids: json(change.sipCallIds),
    revision: change.revision ?? null,
    dialogs: json(change.dialogs),
  };
}

export const cdrRow = (record: CallRecord): Omit<CdrRow, 'id'> => ({
  ...callRow(record),
  ended: record.ended,
  cause: record.cause,
  location: record.location,
  released_by: record.releasedBy,
  media: json(record.media),
});

export const recordOf = (row: CdrRow): CallRecord => ({
  ...callOf(row),
  ended: row.ended as WallTime,
  cause: row.cause as Cause,
  location: row.location as Location,
  releasedBy: row.released_by as ReleasedBy,
  media: parsed(row.media),
});

export const elinRow = ({ elin, held, phone, expires, left }: StoredElin, boot: string, uptime: number): ElinRow => ({
  elin,
  held: JSON.stringify(held),
  phone: json(phone),
  expires,
  left_ms: left,
  boot,
  uptime_ms: uptime,
});

export const elinOf = ({ elin, held, phone, expires }: ElinRow, left: Millis): StoredElin => ({
  elin,
  held: parsed(held),
  phone: parsed(phone),
  expires: expires as WallTime,
  left,
});

export const lineBinRow = ({ counts, crossed, ...bin }: LineBin): LineBinRow => ({
  ...bin,
  counts: JSON.stringify(counts),
  crossed: JSON.stringify(crossed),
});

export const lineBinOf = ({ span, end, start, seconds, counts, crossed }: LineBinRow): LineBin => ({
  span,
  end: end as LineBin['end'],
  start: start as WallTime,
  seconds,
  counts: JSON.parse(counts) as LineBin['counts'],
  crossed: list(crossed),
});
