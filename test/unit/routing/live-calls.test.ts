/**
 * What explain says of ten thousand random calls, against what the gateway's call path then dials: each hop is taken from the offer
 * that its leg is given, each refusal from the release that the caller is told.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ourRelease } from '../../../src/call/call.ts';
import { CAUSE } from '../../../src/call/cause.ts';
import { numberText } from '../../../src/call/number.ts';
import type { Offer, Release } from '../../../src/call/signal.ts';
import { compilePattern } from '../../../src/config/pattern.ts';
import type { DialHop } from '../../../src/gateway/dial-hop.ts';
import type { Reactor } from '../../../src/gateway/reactor.ts';
import { Router } from '../../../src/gateway/router.ts';
import { fail } from '../../../src/kernel/result.ts';
import { releaseOfSilence } from '../../../src/leg/sip-leg-release.ts';
import { explainDecision } from '../../../src/routing/explain.ts';
import { queryOf, type RoutingFacts, type RoutingQuery } from '../../../src/routing/query.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import { offer, world } from '../../support/puppet-calls.ts';
import { randomDirectory, randomFacts, randomQuery } from '../../support/random-directories.ts';

const CALLS = 10_000;

/** What every phone or gateway answers: busy, which only a diversion goes on from, or that it can't take the call. */
const ANSWERS = { busy: ourRelease(CAUSE.userBusy), 'out of order': ourRelease(CAUSE.destinationOutOfOrder) } as const;
/** Or nothing: a phone rings and nobody comes, and a gateway is silent for the four seconds that it is given. */
const KINDS = ['busy', 'no answer', 'out of order', 'no answer'] as const;
type Answer = (typeof KINDS)[number];
const SILENT = releaseOfSilence(408, CAUSE.timerExpiry);
const PATIENCE = 4000;

test(`explain’s last line is what the live call did, for ${CALLS} random directories and calls`, async () => {
  const seen = new Map<string, number>();
  for (let n = 0; n < CALLS; n++) {
    const query = randomQuery();
    const asked = offerOf(query);
    const answer = KINDS[n % KINDS.length] ?? 'busy';
    const call = await liveCall(query, asked, answer);
    assert.equal(call.did, foreseen(call.explained, answer), `all are ${answer}\n${call.shown}`);
    const kind = /^(emergency|refused)/.exec(call.did)?.[0] ?? (call.explained.includes('(') ? 'diverting' : 'hops');
    for (const one of [kind, ...(call.rungOut ? ['rung out, and diverted'] : [])])
      seen.set(one, (seen.get(one) ?? 0) + 1);
  }
  // Of the calls few ring a phone whose user diverts what nobody answers.
  assert.ok((seen.get('rung out, and diverted') ?? 0) > CALLS / 400, `${seen.get('rung out, and diverted')}`);
  for (const kind of ['hops', 'refused', 'emergency', 'diverting']) {
    assert.ok((seen.get(kind) ?? 0) > CALLS / 100, `${kind}: ${seen.get(kind)}`);
  }
});

/** As the phone sends it: the query's own words stand in its Request-URI, from where the gateway takes them. */
function offerOf({ dialled }: RoutingQuery): Offer {
  const request =
    dialled.type === 'emergency-service' ? dialled.urn : dialled.type === 'user-part' ? `sip:${dialled.text}@x` : '';
  return { ...offer, called: { ...offer.called, digits: '' }, uri: { request, from: '', user: undefined } };
}

async function liveCall(query: RoutingQuery, asked: Offer, answer: Answer) {
  const directory = randomDirectory();
  const facts = randomFacts();
  const dialled: string[] = [];
  const phonesDialled: boolean[] = [];
  let emergency = '';
  let router: Router | undefined;
  const phones = { contactsOf: (aor: string) => contactsOf(aor, facts), phone: () => undefined };
  const live = world({
    calls: 100,
    phones,
    router: (reactor) => {
      router = routerOf(reactor, directory, facts, phones.contactsOf);
      return router;
    },
    onDial: (hop, out) => {
      dialled.push(hopText(hop, out));
      phonesDialled.push(hop.type === 'contact');
    },
    onStage: (stage, { emergency: is }) => {
      if (stage === 'admit' && is === true) emergency = 'emergency ';
    },
  });
  assert.ok(router !== undefined);
  const lines = explainDecision(await router.rehearse(queryOf(asked, query.source, query.address), {}));
  const { leg } = live.place(query.source, asked, query.address);
  let time = 0;
  let rungOut = 0;
  const pass = (until: number): void => {
    live.pass(until - time);
    time = until;
  };
  for (let turn = 0; leg.release === undefined; turn++) {
    assert.ok(turn < 100, `the call comes to no end\n${lines.join('\n')}`);
    const next = live.called.shift();
    if (next === undefined) {
      const due = live.due();
      if (phonesDialled.length === 0 || due === undefined) {
        // A question to the DNS is answered when the loop turns.
        await new Promise((done) => setImmediate(done));
        continue;
      }
      // Phones ring. What is due is their time, or that of the whole call.
      pass(due);
      if (live.called.length > 0) rungOut++;
    } else if (answer !== 'no answer') next.bound.hear(ANSWERS[answer]);
    else if (phonesDialled[dialled.length - live.called.length - 1]) next.bound.hear({ type: 'alert', inBand: false });
    else {
      pass(time + PATIENCE);
      next.bound.hear(SILENT);
    }
  }
  const did = dialled.length > 0 ? emergency + dialled.join(', then ') : refusedText(leg.release);
  return { did, rungOut: rungOut > 0, explained: (lines.at(-1) ?? '').slice('→ '.length), shown: lines.join('\n') };
}

function routerOf(
  reactor: Reactor,
  directory: ReturnType<typeof randomDirectory>,
  facts: RoutingFacts,
  contactsOf: (aor: string) => readonly Binding[],
): Router {
  return new Router({
    reactor,
    directory,
    cursors: facts.cursors,
    contactsOf,
    registered: () => facts.registered,
    unavailable: () => facts.unavailable,
    standing: () => facts.standing,
    callsNow: () => facts.callsNow,
    spent: () => facts.spent,
    wan: () => facts.wan,
    naptr: async () => fail('nothing is looked up here'),
    compile: compilePattern,
    persist: () => {},
  });
}

/** Every user has one phone. The path hands it on as it is. */
const contactsOf = (aor: string, { registered }: RoutingFacts): readonly Binding[] =>
  registered.has(aor) ? [{ contact: aor, flow: { remote: { address: aor, port: 5060 } } } as Binding] : [];

function hopText(hop: DialHop, out: Offer): string {
  if (hop.type === 'contact') return `user ${hop.user}`;
  if (hop.type === 'announcement') return `announcement ${hop.id}`;
  return `${hop.id} ${hop.type === 'sip-trunk' && hop.uri !== undefined ? hop.uri : numberText(out.called)}`;
}

/** The name of a refusal and its status, as the caller's phone is told them (RFC 3326). */
function refusedText({ origin }: Release): string {
  assert.ok(origin?.protocol === 'sip');
  const reason = origin.headers.find(([name]) => name === 'Reason')?.[1] ?? '';
  return `refused ${/text="(.*)"/.exec(reason)?.[1]} ${origin.status}`;
}

// ── explain's last line, read as a person reads it ───────────────────────────────────────────────────────────────────

interface Told {
  readonly name: string;
  readonly together: readonly Told[];
  readonly busy: readonly Told[] | undefined;
  readonly noAnswer: readonly Told[] | undefined;
  /** Tried whatever comes of it. */
  readonly inTurn: readonly Told[];
}

/** Whom the call tries by that line, where everybody gives the same answer. */
function foreseen(line: string, answer: Answer): string {
  if (line.startsWith('refused ')) return line;
  const emergency = line.startsWith('emergency ') ? 'emergency ' : '';
  const tried: string[] = [];
  const gateways = new Set<string>();
  const steps = [...hopsOf(line.slice(emergency.length))];
  for (let hop = steps.shift(); hop !== undefined; hop = steps.shift()) {
    const names = [hop, ...hop.together].map(({ name }) => name).filter((name) => !gateways.has(name));
    tried.push(...names);
    for (const name of names) if (!name.startsWith('user ')) gateways.add(name);
    const silentGateway = answer === 'no answer' && !hop.name.startsWith('user ');
    if (names.length === 0 || answer === 'out of order' || silentGateway) {
      steps.unshift(...hop.inTurn);
      continue;
    }
    // Busy is an answer, and a phone that rings may be answered yet: only a diversion or a turn leads on.
    const diverted = answer === 'busy' ? hop.busy : hop.noAnswer;
    if (diverted === undefined && hop.inTurn.length === 0) break;
    steps.unshift(...(diverted ?? hop.inTurn));
  }
  return emergency + tried.join(', then ');
}

const hopsOf = (text: string): readonly Told[] => parts(text, ', then ').map(toldOf);

function toldOf(turns: string): Told {
  const [text = '', ...inTurn] = parts(turns, ', in turn ');
  const then = inTurn.length === 0 ? [] : [toldOf(inTurn.join(', in turn '))];
  const open = text.indexOf(' (');
  if (open < 0) return { name: text, together: [], busy: undefined, noAnswer: undefined, inTurn: then };
  const clauses = parts(text.slice(open + 2, -1), '; ');
  const clause = (start: string) => clauses.find((one) => one.startsWith(start))?.slice(start.length);
  const busy = clause('when busy: ');
  const noAnswer = clauses.find((one) => /^after \d+ s: /.test(one))?.replace(/^after \d+ s: /, '');
  return {
    name: text.slice(0, open),
    together: parts(clause('with ') ?? '', ' and ').map(toldOf),
    busy: busy === undefined ? undefined : hopsOf(busy),
    noAnswer: noAnswer === undefined ? undefined : hopsOf(noAnswer),
    inTurn: then,
  };
}

/** Divides at what stands outside all brackets. */
function parts(text: string, by: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')') depth--;
    if (depth > 0 || !text.startsWith(by, i)) continue;
    found.push(text.slice(start, i));
    start = i + by.length;
  }
  return text === '' ? [] : [...found, text.slice(start)];
}
