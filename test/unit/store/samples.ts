import { CAUSE } from '../../../src/call/cause.ts';
import { minutes, type WallTime } from '../../../src/kernel/time.ts';
import type { Binding, CallRecord, LiveCall } from '../../../src/store/words.ts';

export const WALL = 1_800_000_000_000 as WallTime;

export function binding(user: string): Binding {
  const left = minutes(60);
  return {
    aor: `sip:${user}@branch`,
    key: `sip:${user}@10.0.0.1`,
    contact: `sip:${user}@10.0.0.1`,
    path: ['<sip:edge;lr>'],
    instance: '"<urn:uuid:0>"',
    regId: undefined,
    callId: 'reg-1',
    cseq: 1,
    q: 1,
    userAgent: undefined,
    flow: { port: 5060 },
    expires: (WALL + left) as WallTime,
    left,
  };
}

export function liveCall(callId: string): LiveCall {
  return {
    callId,
    linkedId: callId,
    state: 'offered',
    started: WALL,
    answered: undefined,
    from: '201',
    to: '+14255550100',
    user: '201',
    decision: { route: 'out' },
    hops: [{ span: 'A', failed: 'no channel' }],
    channels: [],
    sipCallIds: [`${callId}@phone`],
    revision: 'r1',
    dialogs: [{ callId: `${callId}@phone`, localTag: 'a', remoteTag: 'b' }],
  };
}

export function recordOf(callId: string): CallRecord {
  const { state: _state, dialogs: _dialogs, ...call } = liveCall(callId);
  return {
    ...call,
    answered: (WALL + 2000) as WallTime,
    ended: (WALL + 62_000) as WallTime,
    channels: [{ span: 'A', slot: 1 }],
    cause: CAUSE.normalClearing,
    location: 'user',
    releasedBy: 'caller',
    media: { received: 3000, lost: 1 },
  };
}
