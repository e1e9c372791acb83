import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAUSE } from '../../../src/call/cause.ts';
import type { LegEffect } from '../../../src/call/leg.ts';
import type { Offer, Release, Signal } from '../../../src/call/signal.ts';
import type { CallIndication, CallRequest } from '../../../src/isdn/q931/primitives.ts';
import type { Instant } from '../../../src/kernel/time.ts';
import { IsdnLeg } from '../../../src/leg/isdn-leg.ts';

type Effect = LegEffect<CallRequest>;
const at = (seconds: number): Instant => (seconds * 1000) as Instant;
const CHANNEL = { span: 't1', slot: 3 };
const IN_BAND = [{ location: 'public-local', description: 8 }] as const;

const OFFER: Offer = {
  type: 'offer',
  called: { digits: '9725551234', type: 'national', plan: 'isdn' },
  complete: true,
  caller: {
    digits: '2145550100',
    type: 'national',
    plan: 'isdn',
    presentation: 'restricted',
    screening: 'network',
  },
  callerName: { text: 'Ann', presentation: 'restricted' },
  redirecting: [],
  bearer: { capability: 'speech', law: 'ulaw' },
  codecs: ['PCMU'],
  uri: undefined,
  origin: undefined,
};

const SETUP: CallIndication = {
  type: 'setup',
  channel: CHANNEL,
  bearer: { capability: 'unrestricted', law: undefined },
  called: { digits: '201', type: 'unknown', plan: 'isdn' },
  complete: true,
  caller: undefined,
  callerName: { text: 'Bo', presentation: 'allowed' },
  redirecting: [],
  progress: [],
  elements: [{ codeset: 0, id: 0x7d, contents: Uint8Array.from([1]) }],
};

const release = (cause: number): Release => ({
  type: 'release',
  cause: cause as Release['cause'],
  location: 'user',
  origin: undefined,
});
const cause = (value: number, diagnostics?: Uint8Array) =>
  ({ cause: value, location: 'public-local', diagnostics }) as const;

/** What a leg says, sends and asks of the media plane, one word each. */
function words(effects: readonly Effect[]): string[] {
  return effects.map((e) => {
    if (e.type === 'say') return `say ${e.signal.type}${'inBand' in e.signal && e.signal.inBand ? ' in band' : ''}`;
    if (e.type === 'wire') return `wire ${e.message.type}`;
    return e.type === 'media' ? `media ${e.command.type}` : 'gone';
  });
}

const hear = (leg: IsdnLeg, ...indications: CallIndication[]): string[] =>
  words(indications.flatMap((i) => leg.hear(i, at(0))));
const tell = (leg: IsdnLeg, ...signals: Signal[]): string[] => words(signals.flatMap((s) => leg.tell(s, at(0))));

/** A leg that has sent SETUP and knows its channel. */
function calling(): IsdnLeg {
  const leg = new IsdnLeg();
  tell(leg, OFFER);
  hear(leg, { type: 'channel', channel: CHANNEL }, { type: 'proceeding', progress: [] });
  return leg;
}

/** A leg that was called. */
function called(): IsdnLeg {
  const leg = new IsdnLeg();
  hear(leg, SETUP, { type: 'channel', channel: CHANNEL });
  return leg;
}

test('an offer is SETUP on the channel that the trunk chose', () => {
  const channel = { type: 'any', order: 'descending', exclusive: false } as const;
  const [effect, ...more] = new IsdnLeg({ channel }).tell(OFFER, at(0));
  assert.deepEqual(more, []);
  assert.ok(effect?.type === 'wire' && effect.message.type === 'setup');
  const { called, caller, callerName, complete, bearer } = effect.message;
  assert.deepEqual(
    { called, caller, callerName, complete, bearer, channel: effect.message.channel },
    {
      called: OFFER.called,
      caller: OFFER.caller,
      callerName: OFFER.callerName,
      complete: true,
      bearer: OFFER.bearer,
      channel,
    },
  );
});

test('SETUP is an offer with its bearer and what nobody consumed, and its channel opens at once', () => {
  const leg = new IsdnLeg();
  const [said] = leg.hear(SETUP, at(0));
  assert.ok(said?.type === 'say' && said.signal.type === 'offer');
  assert.equal(said.signal.bearer.capability, 'unrestricted');
  assert.deepEqual(said.signal.callerName, SETUP.type === 'setup' && SETUP.callerName);
  assert.deepEqual(said.signal.origin, { protocol: 'q931', elements: SETUP.type === 'setup' ? SETUP.elements : [] });
  const [media] = leg.hear({ type: 'channel', channel: CHANNEL }, at(0));
  assert.deepEqual(media, { type: 'media', command: { type: 'open-tdm', channel: CHANNEL, law: 'ulaw' } });
});

test('a tandem repeats what it does not understand', () => {
  const [said] = new IsdnLeg().hear(SETUP, at(0));
  assert.ok(said?.type === 'say' && said.signal.type === 'offer');
  const [sent] = new IsdnLeg().tell(said.signal, at(0));
  assert.ok(sent?.type === 'wire' && sent.message.type === 'setup' && SETUP.type === 'setup');
  assert.deepEqual(sent.message.elements, SETUP.elements);
  assert.deepEqual(sent.message.bearer, SETUP.bearer);
});

const OUTWARD: readonly [CallIndication, readonly string[]][] = [
  [{ type: 'proceeding', progress: [] }, ['say proceed']],
  [{ type: 'proceeding', progress: IN_BAND }, ['say proceed', 'say progress in band']],
  [{ type: 'alerting', progress: [], elements: [] }, ['say alert']],
  [{ type: 'alerting', progress: [{ location: 'user', description: 1 }], elements: [] }, ['say alert in band']],
  [{ type: 'alerting', progress: [{ location: 'user', description: 2 }], elements: [] }, ['say alert']],
  [{ type: 'progress', progress: IN_BAND, cause: undefined }, ['say progress in band']],
  [{ type: 'setup-acknowledge', progress: [] }, ['say need-digits']],
  [{ type: 'notify', indicator: 0x79 }, ['say notify']],
  [{ type: 'notify', indicator: 0x55 }, []],
  [{ type: 'identity', name: { text: 'Late', presentation: 'allowed' } }, ['say identity']],
];
for (const [indication, said] of OUTWARD) {
  test(`${indication.type} ${'progress' in indication ? indication.progress.map((p) => p.description) : ''} is ${said.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(hear(calling(), indication), said);
  });
}

test('CONNECT is an answer that says who answered', () => {
  const connected = { ...OFFER.caller, digits: '1' } as const;
  const [said] = calling().hear(
    {
      type: 'connect',
      connected: connected as never,
      connectedName: { text: 'Bo', presentation: 'allowed' },
      progress: [],
      elements: [],
    },
    at(0),
  );
  assert.deepEqual(said, {
    type: 'say',
    signal: {
      type: 'answer',
      connected: { number: connected, name: { text: 'Bo', presentation: 'allowed' } },
      origin: undefined,
    },
  });
});

test('toward a caller on the ISDN: CALL PROCEEDING at once, ALERTING and PROGRESS with something to hear, CONNECT', () => {
  const leg = called();
  const connected = { number: undefined, name: undefined };
  const sent = [
    ...leg.tell({ type: 'proceed' }, at(0)),
    ...leg.tell({ type: 'alert', inBand: false }, at(0)),
    ...leg.tell({ type: 'alert', inBand: false }, at(0)),
    ...leg.tell({ type: 'progress', inBand: true, cause: CAUSE.userBusy }, at(0)),
    ...leg.tell({ type: 'progress', inBand: false, cause: undefined }, at(0)),
    ...leg.tell({ type: 'answer', connected, origin: undefined }, at(0)),
  ];
  assert.deepEqual(words(sent), ['wire proceeding', 'wire alerting', 'wire progress', 'wire connect']);
  for (const effect of sent.slice(1, 3)) {
    assert.ok(effect.type === 'wire' && 'progress' in effect.message);
    assert.deepEqual(effect.message.progress?.[0]?.description, 8);
  }
  assert.deepEqual(hear(leg, { type: 'connected' }), ['say confirm']);
});

test('overlap both ways: digits in, digits out', () => {
  const leg = called();
  assert.deepEqual(tell(leg, { type: 'need-digits' }), ['wire setup-acknowledge']);
  assert.deepEqual(leg.hear({ type: 'information', digits: '5', complete: false }, at(0)), [
    { type: 'say', signal: { type: 'digits', digits: '5', complete: false } },
  ]);
  assert.deepEqual(calling().tell({ type: 'digits', digits: '5', complete: true }, at(0)), [
    { type: 'wire', message: { type: 'information', digits: '5', complete: true } },
  ]);
});

test('a far end that clears is said once, cleared with its own cause, and gone once the wire is done', () => {
  const leg = calling();
  const effects = leg.hear({ type: 'disconnect', cause: cause(17), progress: [], elements: [] }, at(0));
  assert.deepEqual(words(effects), ['wire release', 'say release']);
  assert.ok(effects[0]?.type === 'wire' && effects[0].message.type === 'release' && effects[0].message.cause === 17);
  assert.deepEqual(tell(leg, release(17)), []);
  assert.deepEqual(hear(leg, { type: 'release', cause: cause(17), elements: [] }), ['media close', 'gone']);
  assert.deepEqual(hear(leg, { type: 'release', cause: cause(17), elements: [] }), []);
});

test('a call that is refused outright is said and gone, with no media to close', () => {
  const leg = new IsdnLeg();
  tell(leg, OFFER);
  const effects = leg.hear({ type: 'release', cause: cause(34), elements: [] }, at(0));
  assert.deepEqual(words(effects), ['say release', 'gone']);
  assert.ok(effects[0]?.type === 'say' && effects[0].signal.type === 'release');
  assert.deepEqual([effects[0].signal.cause, effects[0].signal.location], [34, 'public-local']);
});

test('a release that the call tells is not said back; what still arrives is absorbed', () => {
  const leg = calling();
  const [effect] = leg.tell(release(16), at(0));
  assert.deepEqual(effect, {
    type: 'wire',
    message: { type: 'release', cause: 16, location: 'user', diagnostics: undefined, elements: [] },
  });
  assert.deepEqual(hear(leg, { type: 'alerting', progress: [], elements: [] }), []);
  assert.deepEqual(
    hear(leg, { type: 'connect', connected: undefined, connectedName: undefined, progress: [], elements: [] }),
    [],
  );
  assert.deepEqual(hear(leg, { type: 'disconnect', cause: cause(16), progress: [], elements: [] }), []);
  assert.deepEqual(hear(leg, { type: 'release', cause: cause(16), elements: [] }), ['media close', 'gone']);
});

test('a leg that was never dialled is gone as soon as it is told to release', () => {
  assert.deepEqual(tell(new IsdnLeg(), release(16)), ['gone']);
});

test('an announcement that comes with DISCONNECT is heard before the release', () => {
  const leg = calling();
  const effects = leg.hear({ type: 'disconnect', cause: cause(1), progress: IN_BAND, elements: [] }, at(10));
  assert.deepEqual(effects, [{ type: 'say', signal: { type: 'progress', inBand: true, cause: 1 } }]);
  assert.equal(leg.deadline, 40_000);
  assert.deepEqual(leg.wake(at(39)), []);
  const late = leg.wake(at(40));
  assert.deepEqual(words(late), ['wire release', 'say release']);
  assert.ok(late[1]?.type === 'say' && late[1].signal.type === 'release' && late[1].signal.cause === 1);
  assert.equal(leg.deadline, undefined);
});

test('an announcement that the network itself ends ends with its cause', () => {
  const leg = calling();
  hear(leg, { type: 'disconnect', cause: cause(1), progress: IN_BAND, elements: [] });
  const effects = leg.hear({ type: 'release', cause: cause(31), elements: [] }, at(5));
  assert.deepEqual(words(effects), ['say release', 'media close', 'gone']);
  assert.ok(effects[0]?.type === 'say' && effects[0].signal.type === 'release' && effects[0].signal.cause === 1);
});

test('a caller who hangs up during the announcement clears at once', () => {
  const leg = calling();
  hear(leg, { type: 'disconnect', cause: cause(1), progress: IN_BAND, elements: [] });
  assert.deepEqual(tell(leg, release(16)), ['wire release']);
  assert.equal(leg.deadline, undefined);
});

test('after the answer DISCONNECT clears at once, whatever could be heard', () => {
  const leg = calling();
  hear(leg, { type: 'connect', connected: undefined, connectedName: undefined, progress: [], elements: [] });
  assert.deepEqual(hear(leg, { type: 'disconnect', cause: cause(16), progress: IN_BAND, elements: [] }), [
    'wire release',
    'say release',
  ]);
});

test('diagnostics of a cause survive a tandem, and go when the cause was changed', () => {
  const leg = calling();
  const diagnostics = Uint8Array.from([0x18]);
  const [, said] = leg.hear({ type: 'disconnect', cause: cause(100, diagnostics), progress: [], elements: [] }, at(0));
  assert.ok(said?.type === 'say' && said.signal.type === 'release');
  const [same] = called().tell(said.signal, at(0));
  assert.ok(same?.type === 'wire' && same.message.type === 'release');
  assert.deepEqual([same.message.diagnostics, same.message.elements], [diagnostics, []]);
  const [changed] = called().tell({ ...said.signal, cause: CAUSE.temporaryFailure }, at(0));
  assert.ok(changed?.type === 'wire' && changed.message.type === 'release');
  assert.deepEqual([changed.message.diagnostics, changed.message.elements], [undefined, []]);
});

test('media that fails ends the call with 41; digits and silence in the channel are the media plane’s own business', () => {
  assert.deepEqual(words(calling().media({ type: 'digit', digit: '5', duration: 100 }, at(0))), []);
  assert.deepEqual(words(calling().media({ type: 'silent', seconds: 30 }, at(0))), []);
  const effects = calling().media({ type: 'failed', why: 'no such span' }, at(0));
  assert.deepEqual(words(effects), ['wire release', 'say release']);
});

test('hold, notification, tone and name find their words; what the ISDN has none for is no message', () => {
  const leg = called();
  tell(leg, { type: 'answer', connected: { number: undefined, name: undefined }, origin: undefined });
  assert.deepEqual(leg.tell({ type: 'hold' }, at(0)), [{ type: 'wire', message: { type: 'notify', indicator: 0x79 } }]);
  assert.deepEqual(leg.tell({ type: 'resume' }, at(0)), [
    { type: 'wire', message: { type: 'notify', indicator: 0x7a } },
  ]);
  assert.deepEqual(tell(leg, { type: 'tone', digit: '5', duration: 100 }), ['media send-digit']);
  const name = { text: 'X', presentation: 'allowed' } as const;
  assert.deepEqual(tell(leg, { type: 'identity', connected: { number: undefined, name } }), ['wire identity']);
  assert.deepEqual(tell(leg, { type: 'update', codecs: ['PCMA'] }), ['say accepted']);
  assert.deepEqual(tell(leg, { type: 'confirm' }, { type: 'redirect', targets: [], origin: undefined }), []);
});

test('a voice call of unknown law goes out under the law of the channel, data under none', () => {
  for (const [capability, law] of [
    ['audio-3k1', 'ulaw'],
    ['unrestricted', undefined],
  ] as const) {
    const [effect] = new IsdnLeg().tell({ ...OFFER, bearer: { capability, law: undefined } }, at(0));
    assert.ok(effect?.type === 'wire' && effect.message.type === 'setup');
    assert.deepEqual(effect.message.bearer, { capability, law });
  }
});

/** SETUP of NI-2 with the facility informationFollowing, and no name. */
const PROMISING: CallIndication = {
  ...SETUP,
  callerName: undefined,
  elements: [
    {
      codeset: 0,
      id: 0x1c,
      contents: Uint8Array.from(Buffer.from('9f8b0100a10f02010106072a8648ce1500040a0100', 'hex')),
    },
  ],
};
const NAME = { text: 'Judge One', presentation: 'allowed' } as const;

test('a name that SETUP promises comes before the offer is said, and CALL PROCEEDING before the name', () => {
  const leg = new IsdnLeg();
  assert.deepEqual(hear(leg, PROMISING), ['wire proceeding']);
  const [said, ...more] = leg.hear({ type: 'identity', name: NAME }, at(1));
  assert.ok(said?.type === 'say' && said.signal.type === 'offer');
  assert.deepEqual(said.signal.callerName, NAME);
  assert.deepEqual(more, []);
  assert.equal(leg.deadline, undefined);
  assert.deepEqual(tell(leg, { type: 'proceed' }), []);
});

test('a promised name that never comes holds the call up for two seconds at most', () => {
  const leg = new IsdnLeg();
  hear(leg, PROMISING);
  assert.equal(leg.deadline, at(2));
  assert.deepEqual(words(leg.wake(at(2))), ['say offer']);
});

test('a caller who gives up before the name has come is still told to the call', () => {
  const leg = new IsdnLeg();
  hear(leg, PROMISING);
  const over = hear(leg, { type: 'release', cause: cause(16), elements: [] });
  assert.deepEqual(over, ['say offer', 'say release', 'gone']);
  assert.equal(leg.deadline, undefined);
});

test('a promise is not passed on with the name that has come', () => {
  const origin = { protocol: 'q931', elements: PROMISING.type === 'setup' ? PROMISING.elements : [] } as const;
  const [effect] = new IsdnLeg().tell({ ...OFFER, origin }, at(0));
  assert.ok(effect?.type === 'wire' && effect.message.type === 'setup');
  assert.deepEqual(effect.message.elements, []);
});
