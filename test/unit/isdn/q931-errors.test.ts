import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ladder } from '../../support/q931-ladder.ts';

const SETUP_IN = '08020001' + '05' + '04038090a2' + '1803a98381' + '7004a1323031';
const PROCEEDING = '08028001' + '02' + '1803a98381';
const CONNECT = '08028001' + '07';

/** What a user side with one outgoing call in the state after `heard` answers to `hex`. */
function answers(heard: readonly string[], hex: string): string[] {
  const ladder = new Ladder('user');
  ladder.call();
  for (const message of heard) ladder.hear(message);
  ladder.lines();
  return ladder.hear(hex).lines();
}

/** What a user side without calls answers. */
const quiet = (hex: string): string[] => new Ladder('user').hear(hex).lines();

test('§5.8.1, §5.8.2, §5.8.3.1: what is no Q.931 message is ignored', () => {
  for (const hex of ['', '08', '0802', '080200', '0a020001' + '05', '0803000001' + '05', '08820001' + '05'])
    assert.deepEqual(quiet(hex), ['? discarded'], hex);
});

test('§5.8.3.2 a: a message for no call is answered by RELEASE COMPLETE with 81', () => {
  for (const type of ['01', '02', '03', '07', '0d', '0f', '45', '4d', '62', '6e', '7b', '55'])
    assert.deepEqual(quiet(`08020005${type}`), ['? unknown-call', '> ~5 release-complete 08:80d1'], type);
});

test('§5.8.3.2 c: RELEASE COMPLETE for no call is ignored', () => {
  assert.deepEqual(quiet('08020005' + '5a' + '08028290'), []);
});

test('§5.8.3.2 d: SETUP with flag 1 is ignored', () => {
  assert.deepEqual(quiet('08028005' + '05' + '04038090a2' + '1803a98381'), []);
});

test('§5.8.3.2 e: a second SETUP for the same call is ignored', () => {
  const ladder = new Ladder('user');
  ladder.hear(SETUP_IN).lines();
  assert.deepEqual(ladder.hear(SETUP_IN).lines(), []);
  assert.equal(ladder.group.records().length, 1);
});

test('§5.8.3.2 f: the global call reference takes no call messages', () => {
  assert.deepEqual(quiet('08020000' + '45' + '08028290'), ['> 0 status 08:80d1 14:00']);
});

test('§5.8.3.2 g and §5.8.11: STATUS for no call is ignored when the peer has none either, else it is told with 101', () => {
  assert.deepEqual(quiet('08020005' + '7d' + '0802829e' + '140100'), []);
  assert.deepEqual(quiet('08020005' + '7d' + '0802829e' + '14010a'), ['> ~5 release-complete 08:80e5']);
});

test('§5.8.10: STATUS ENQUIRY is answered with our state, and with the null state for no call', () => {
  assert.deepEqual(quiet('08020005' + '75'), ['> ~5 status 08:809e 14:00']);
  assert.deepEqual(answers([], '08028001' + '75'), ['> 1 status 08:809e 14:01']);
  assert.deepEqual(answers([PROCEEDING, CONNECT], '08028001' + '75'), ['> 1 status 08:809e 14:0a']);
});

test('§5.8.4: a type that is not known is answered by STATUS 97, one out of sequence by 101, each naming the type', () => {
  assert.deepEqual(answers([], '08028001' + '55'), ['? unknown-message', '> 1 status 08:80e155 14:01']);
  assert.deepEqual(answers([PROCEEDING, CONNECT], '08028001' + '02'), [
    '? unexpected-message',
    '> 1 status 08:80e502 14:0a',
  ]);
});

test('§5.8.5.2: of an element that comes twice the first counts', () => {
  const ladder = new Ladder('user');
  ladder.hear('08020001' + '05' + '04038090a2' + '1803a98385' + '1803a98386' + '7004a1323031');
  assert.equal(ladder.group.records()[0]?.slot, 5);
});

test('§5.8.5.1: elements out of their order are still read', () => {
  const ladder = new Ladder('user');
  ladder.hear('08020001' + '05' + '7004a1323031' + '1803a98381' + '04038090a2');
  assert.deepEqual(ladder.lines(), ['! setup', '! channel']);
});

test('§5.8.6.1: SETUP without bearer, or from the network without channel, is refused with 96 and the name of what lacks', () => {
  assert.deepEqual(quiet('08020001' + '05' + '1803a98381'), ['? missing-element', '> ~1 release-complete 08:80e004']);
  assert.deepEqual(quiet('08020001' + '05' + '04038090a2'), ['? missing-element', '> ~1 release-complete 08:80e018']);
});

test('§5.8.6.1: a user may leave the channel to the network', () => {
  const ladder = new Ladder('network');
  assert.deepEqual(ladder.hear('08020001' + '05' + '04038090a2').lines(), ['! setup', '! channel']);
  assert.equal(ladder.group.records()[0]?.slot, 1);
});

test('§5.8.6.1: other messages that lack something are answered by STATUS 96 and change nothing', () => {
  assert.deepEqual(answers([PROCEEDING], '08028001' + '03'), ['? missing-element', '> 1 status 08:80e01e 14:03']);
});

test('§5.8.6.1: DISCONNECT and RELEASE without a cause clear all the same, as 31, and the answer says 96', () => {
  const ladder = new Ladder('user');
  const handle = ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT).lines();
  assert.deepEqual(ladder.hear('0802800145').lines(), ['? missing-element', '! disconnect 31']);
  ladder.ask(handle, { type: 'release', cause: 31 });
  assert.deepEqual(ladder.lines(), ['> 1 release 08:80e008']);
  assert.deepEqual(answers([PROCEEDING, CONNECT], '080280014d'), [
    '? missing-element',
    '> 1 release-complete 08:80e008',
    '! release 31',
  ]);
});

test('RELEASE that answers our DISCONNECT needs no cause', () => {
  const ladder = new Ladder('user');
  const handle = ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT).ask(handle, { type: 'release', cause: 16 }).lines();
  assert.deepEqual(ladder.hear('080280014d').lines(), ['> 1 release-complete', '! release 16']);
});

test('§5.8.6.2: SETUP whose bearer or channel is broken is refused with 100', () => {
  assert.deepEqual(quiet('08020001' + '05' + '040180' + '1803a98381'), [
    '? missing-element',
    '> ~1 release-complete 08:80e404',
  ]);
  assert.deepEqual(quiet('08020001' + '05' + '04038090a2' + '1802a9c1'), [
    '? missing-element',
    '> ~1 release-complete 08:80e418',
  ]);
});

test('§5.8.6.2: RELEASE with a broken cause clears all the same, and RELEASE COMPLETE says 100', () => {
  assert.deepEqual(answers([PROCEEDING, CONNECT], '080280014d080182'), [
    '? missing-element',
    '> 1 release-complete 08:80e408',
    '! release 31',
  ]);
});

test('§5.8.7.1: an unknown element is reported with 99 and the message counts', () => {
  assert.deepEqual(answers([PROCEEDING], '08028001' + '01' + '550100'), [
    '? bad-element',
    '! alerting',
    '> 1 status 08:80e355 14:04',
  ]);
});

test('§5.8.7.1: an unknown element that must be understood stops the message with 96', () => {
  assert.deepEqual(answers([PROCEEDING], '08028001' + '01' + '050100'), [
    '? missing-element',
    '> 1 status 08:80e005 14:03',
  ]);
});

test('§5.8.7.1: elements of other codesets are handed on without a word', () => {
  assert.deepEqual(answers([PROCEEDING], '08028001' + '01' + '96' + '550100'), ['! alerting']);
});

test('§5.8.7.2: an optional element with broken contents is reported with 100 and the message counts', () => {
  assert.deepEqual(answers([PROCEEDING], '08028001' + '01' + '1e0181'), [
    '? bad-element',
    '! alerting',
    '> 1 status 08:80e41e 14:04',
  ]);
});

test('an element cut short by the end of the message is a content error', () => {
  assert.deepEqual(answers([PROCEEDING], '08028001' + '01' + '1e0581'), [
    '? bad-element',
    '! alerting',
    '> 1 status 08:80e41e 14:04',
  ]);
});

test('STATUS is never answered by STATUS, whatever is wrong with it', () => {
  assert.deepEqual(answers([PROCEEDING], '08028001' + '7d'), ['? missing-element']);
  assert.deepEqual(answers([PROCEEDING], '08028001' + '7d' + '0802829e' + '140103' + '550100'), ['? bad-element']);
});

test('§5.8.11: a peer that has no such call ends it here', () => {
  assert.deepEqual(answers([PROCEEDING, CONNECT], '08028001' + '7d' + '0802829e' + '140100'), ['! release 41']);
});

test('§5.8.11: a state that can’t be is asked about first, and clears the call with 101 when it is confirmed', () => {
  const ladder = new Ladder('user');
  ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT).lines();
  const status = (cause: string): string => `080280017d080282${cause}140103`;
  assert.deepEqual(ladder.hear(status('e5')).lines(), ['? status', '> 1 status-enquiry']);
  assert.deepEqual(ladder.hear(status('9e')).lines(), ['> 1 disconnect 08:80e5', '! disconnect 101']);
});

test('§5.8.11: an answer that our own next message has overtaken is no mismatch', () => {
  const ladder = new Ladder('user');
  const handle = ladder.hear(SETUP_IN).group.records()[0]?.handle ?? -1;
  ladder.ask(handle, { type: 'alerting' }).feed({ type: 'dl-established' });
  ladder
    .ask(handle, { type: 'connect' })
    .hear('08020001' + '0f')
    .lines();
  assert.deepEqual(ladder.hear('08020001' + '7d' + '0802829e' + '140107').lines(), []);
  assert.equal(ladder.group.record(handle)?.state, 10);
});

test('§5.3.5: DISCONNECTs that cross end in RELEASE, RELEASEs that cross end at once', () => {
  const ladder = new Ladder('user');
  const handle = ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT).ask(handle, { type: 'release', cause: 16 }).lines();
  assert.deepEqual(ladder.hear('08028001' + '45' + '08028290').lines(), ['> 1 release 08:8090']);
  assert.deepEqual(ladder.hear('08028001' + '4d').lines(), ['! release 16']);
});

test('what was on its way when we began to clear is not an error', () => {
  const ladder = new Ladder('user');
  const handle = ladder.call();
  ladder.hear(PROCEEDING).ask(handle, { type: 'release', cause: 16 }).lines();
  assert.deepEqual(
    ladder
      .hear('08028001' + '01')
      .hear(CONNECT)
      .lines(),
    [],
  );
});

test('a request that comes too late is counted and goes nowhere', () => {
  const ladder = new Ladder('user');
  const handle = ladder.call();
  ladder.hear('08028001' + '5a' + '08028291').lines();
  assert.deepEqual(ladder.ask(handle, { type: 'release', cause: 16 }).lines(), ['? late-request']);
});
