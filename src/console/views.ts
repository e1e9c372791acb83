/** What the HTTP API answers: the same words for the command line, the web page and scripts. Times are ISO 8601 in UTC. */
import type { Change } from '../config/diff.ts';
import type { Problem } from '../config/problem.ts';
import type { WallTime } from '../kernel/time.ts';
import type { Diagnosis as LineDiagnosis, Verdict } from '../line/diagnosis.ts';
import type { Health } from '../telemetry/health.ts';

export interface StatusView {
  readonly version: string;
  readonly site: { readonly name: string; readonly domain: string };
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly directoryRevision: string;
  readonly health: Health;
  readonly calls: { readonly inProgress: number; readonly limit: number };
  readonly gateways: readonly GatewayView[];
  readonly registrations: readonly RegistrationView[];
  /** A new configuration that waits for its confirmation until then. */
  readonly confirmBy: string | undefined;
}

/** A span group or a SIP trunk. */
export interface GatewayView {
  readonly id: string;
  readonly type: 'span-group' | 'sip-trunk';
  readonly calls: number;
  /** Why it can take no call now; undefined where it can. */
  readonly out: string | undefined;
  /** By what a SIP trunk is known when it calls; all but a certificate is weak. */
  readonly known: string | undefined;
}

export interface RegistrationView {
  readonly user: string;
  readonly contacts: readonly { readonly uri: string; readonly expiresAt: string }[];
}

export interface CallView {
  readonly id: string;
  /** The last stage of its way that it reached. */
  readonly stage: string;
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  readonly answeredAt: string | undefined;
  readonly legs: readonly { readonly id: string; readonly with: string; readonly channel: string | undefined }[];
}

export interface SpanView {
  readonly id: string;
  readonly line: string;
  readonly side: string;
  readonly variant: string;
  /** What the line shows at this moment: LOS, AIS, LOF, RAI. */
  readonly alarms: readonly string[];
  /** What stands in the way of it (no driver, no card, a channel that another program has), in a sentence. */
  readonly trouble: string | undefined;
  readonly layer1: Layer1View;
  /** Who gives the clock, and whether this line is the one that the box is to follow now: the first in the plan without an alarm. */
  readonly clock: { readonly source: 'line' | 'ours'; readonly reference: boolean };
  /** `slot` is undefined where another span carries the D-channel; `up`: its own data link is established. */
  readonly dChannel: { readonly slot: number | undefined; readonly up: boolean };
  /** Undefined: the span has its D-channel for itself. */
  readonly nfas: NfasView | undefined;
  readonly channels: readonly { readonly slot: number; readonly state: string; readonly call: string | undefined }[];
}

/** A span's part in a group that shares a D-channel. `state` is that of the D-channel which it carries. */
export interface NfasView {
  readonly group: string;
  readonly interface: number;
  readonly role: 'primary' | 'backup' | 'none';
  readonly state: 'out-of-service' | 'standby' | 'waiting' | 'in-service' | undefined;
}

/** A span's line: alarms that have stood long enough, and the counts of T1.231 by their names (es, ses, uas …). */
export interface Layer1View {
  /** Stable ids, the gravest first; what follows from another alarm is left out. */
  readonly alarms: readonly { readonly id: string; readonly since: string }[];
  readonly service: 'in-service' | 'partly' | 'draining' | 'out-of-service';
  readonly loopback: { readonly type: string; readonly until: string | undefined } | undefined;
  readonly near: EndView;
  readonly far: EndView;
}

export interface EndView {
  readonly available: boolean;
  readonly current: BinView;
  /** The 24 hours before the current bin. */
  readonly day: Readonly<Record<string, number>>;
}

/** Fifteen minutes. `valid` is false where seconds are missing from it, and for a far end that reports nothing. */
export interface BinView {
  readonly start: string;
  readonly seconds: number;
  readonly valid: boolean;
  readonly counts: Readonly<Record<string, number>>;
  /** Counts that have come to their threshold. */
  readonly crossed: readonly string[];
}

/** `past`: the latest first, at most 96. */
export interface PerformanceView {
  readonly near: EndView & { readonly past: readonly BinView[] };
  readonly far: EndView & { readonly past: readonly BinView[] };
}

/** The T1 doctor's answer. */
export type VerdictView = Verdict;
export type Diagnosis = LineDiagnosis;

export type SpanAnswer =
  | { readonly type: 'done'; readonly layer1: Layer1View }
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'unknown' };

/** A bit error rate test: what was counted on each B-channel, also after its end. `until`: when it ends by itself. */
export interface BertView {
  readonly span: string;
  readonly pattern: 'qrss' | 'all-ones';
  readonly running: boolean;
  readonly until: string;
  readonly channels: readonly BertChannelView[];
}

/** Bits and errors are counted while in step with the pattern (`sync`), seconds from the first step on. */
export interface BertChannelView {
  readonly slot: number;
  readonly sync: boolean;
  readonly bits: number;
  readonly errors: number;
  readonly seconds: number;
  /** Seconds with an error, a slip, or out of step. */
  readonly errorSeconds: number;
  /** Times that the step was lost. */
  readonly losses: number;
  readonly slips: number;
}

export type BertAnswer =
  | { readonly type: 'done'; readonly bert: BertView }
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'unknown' };

/** Packets that may be captured: signalling, sound, spans over Ethernet. */
export const CAPTURED = ['sip', 'rtp', 'tdmoe'] as const;
export type CaptureKind = (typeof CAPTURED)[number];

/** Why a capture is over: it was asked to end, its time was up, it had come to its size. */
export type CaptureEnd = 'asked' | 'time' | 'full';

/** A capture of D-channels, and of packets where they were asked for; octets are those of a file that Wireshark reads. */
export interface CaptureView {
  /** Either of them runs. */
  readonly running: boolean;
  readonly until: string;
  readonly spans: readonly string[];
  readonly frames: number;
  readonly octets: number;
  readonly ended: CaptureEnd | undefined;
  readonly packets: PacketsView | undefined;
}

export interface PacketsView {
  /** What each lets through, in the words of pcap-filter(7). */
  readonly interfaces: readonly { readonly name: string; readonly filter: string }[];
  readonly packets: number;
  readonly octets: number;
  /** By the kernel, while the capturing process was busy. */
  readonly dropped: number;
  readonly ended: CaptureEnd | 'failed' | undefined;
  /** What went wrong, and what would mend it. */
  readonly why: string | undefined;
}

export type CaptureAnswer =
  | { readonly type: 'done'; readonly capture: CaptureView | undefined }
  | { readonly type: 'refused'; readonly why: string };

/** `active`: the D-channel that carries the calls now. */
export type SwitchAnswer =
  | { readonly type: 'done'; readonly active: 'primary' | 'backup' }
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'unknown' };

/** `applied`: in force, until `confirmBy` where it needs a confirmation. `kept-back`: the box could not become like it. */
export type ApplyAnswer =
  | { readonly type: 'unchanged' }
  | { readonly type: 'applied'; readonly changes: readonly Change[]; readonly confirmBy: string | undefined }
  | { readonly type: 'refused'; readonly problems: readonly Problem[] }
  | { readonly type: 'kept-back'; readonly why: string };

export type ConfirmAnswer =
  | { readonly type: 'kept' }
  | { readonly type: 'kept-back'; readonly why: string }
  | { readonly type: 'refused'; readonly problems: readonly Problem[] };

export interface ExplainQuestion {
  /** A user, a span group or a SIP trunk. */
  readonly from: string;
  readonly dial: string;
  /** Undefined: now. */
  readonly at: WallTime | undefined;
  /** As while the WAN is down, whether or not it is. */
  readonly survivable: boolean;
}

/** A decision, and its explanation for people: one line for each stage, then the outcome, which is the last. */
export interface ExplainView {
  readonly decision: { readonly type: string };
  readonly lines: readonly string[];
}
