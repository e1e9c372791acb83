import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VARIANTS } from '../../../src/isdn/q931/variants.ts';
import { Ladder } from '../../support/q931-ladder.ts';

/** Messages of the peer on our first call (reference 1, flag 1) and on its own (reference 1, flag 0). */
const PROCEEDING = '08028001' + '02' + '1803a98381';
const ALERTING = '08028001' + '01';
const CONNECT = '08028001' + '07';
const RELEASE = '08028001' + '4d' + '08028290';
const SETUP_IN = '08020001' + '05' + '04038090a2' + '1803a98381' + '7004a1323031';
const incoming = (ladder: Ladder): number => ladder.hear(SETUP_IN).group.records()[0]?.handle ?? -1;

test('T303: SETUP is sent twice, then the call ends', () => {
  for (const [side, cause] of [
    ['user', 102],
    ['network', 18],
  ] as const) {
    const ladder = new Ladder(side);
    ladder.call();
    assert.equal(ladder.lines().filter((l) => l.startsWith('> 1 setup')).length, 1);
    assert.equal(
      ladder
        .wait(4)
        .lines()
        .filter((l) => l.startsWith('> 1 setup')).length,
      1,
    );
    const location = side === 'user' ? '80' : '82';
    assert.deepEqual(ladder.wait(4).lines(), [
      '? timer',
      `> 1 release-complete 08:${location}e6333033`,
      `! release ${cause}`,
    ]);
    assert.equal(ladder.state(1), 'idle');
    assert.equal(ladder.group.deadline, undefined);
  }
});

test('T310: a peer that only proceeds is cleared with 102, after 60 s as user and 10 s as network', () => {
  for (const [side, seconds] of [
    ['user', 60],
    ['network', 10],
  ] as const) {
    const ladder = new Ladder(side);
    ladder.call();
    ladder.hear(PROCEEDING).lines();
    assert.deepEqual(ladder.wait(seconds - 0.001).lines(), []);
    const [timer, disconnect, indication] = ladder.wait(0.001).lines();
    assert.equal(timer, '? timer');
    assert.match(disconnect ?? '', /^> 1 disconnect 08:8[02]e6333130$/);
    assert.equal(indication, '! disconnect 102');
    assert.deepEqual(ladder.hear(RELEASE).lines().slice(-1), ['! release 102']);
  }
});

test('an announcement in the proceeding phase is not cut by T310', () => {
  const ladder = new Ladder('network');
  ladder.call();
  ladder
    .hear(PROCEEDING)
    .hear('08028001' + '03' + '1e028188')
    .lines();
  assert.deepEqual(ladder.wait(100).lines(), []);
});

test('T301: nobody answers for three minutes: 19', () => {
  const ladder = new Ladder('user');
  ladder.call();
  ladder.hear(PROCEEDING).hear(ALERTING).lines();
  assert.deepEqual(ladder.wait(179.9).lines(), []);
  assert.deepEqual(ladder.wait(0.1).lines(), ['? timer', '> 1 disconnect 08:8093', '! disconnect 19']);
});

test('T304: a peer that asks for digits and falls silent is cleared; each digit starts it again', () => {
  const ladder = new Ladder('user', { variant: VARIANTS.euroisdn });
  const handle = ladder.call({ complete: false });
  ladder.hear('08028001' + '0d' + '1803a98381').lines();
  ladder.wait(29).ask(handle, { type: 'information', digits: '5', complete: false });
  assert.deepEqual(ladder.lines(), ['> 1 information 70:8035']);
  assert.deepEqual(ladder.wait(29.9).lines(), []);
  assert.deepEqual(ladder.wait(0.1).lines(), ['? timer', '> 1 disconnect 08:80e6333034', '! disconnect 102']);
});

test('T302: when digits stop coming the user is told that these are all', () => {
  const ladder = new Ladder('network', { variant: VARIANTS.euroisdn });
  const handle = incoming(ladder);
  ladder.ask(handle, { type: 'setup-acknowledge' });
  assert.deepEqual(ladder.lines(), ['! setup', '! channel', '> ~1 setup-acknowledge 18:a98381']);
  ladder.wait(10).hear('08020001' + '7b' + '70028035');
  assert.deepEqual(ladder.lines(), ['! information']);
  assert.deepEqual(ladder.wait(14.9).lines(), []);
  assert.deepEqual(ladder.wait(0.1).lines(), ['? timer', '! information']);
  // It is the user's turn now.
  assert.equal(ladder.group.deadline, undefined);
});

test('T313: a CONNECT that the network never acknowledges is cleared by the user', () => {
  const ladder = new Ladder('user');
  const handle = incoming(ladder);
  ladder.ask(handle, { type: 'connect' }).lines();
  assert.deepEqual(ladder.wait(4).lines(), ['? timer', '> ~1 disconnect 08:80e6333133', '! disconnect 102']);
});

test('the network needs no CONNECT ACKNOWLEDGE, and takes one as the far end’s confirmation', () => {
  const ladder = new Ladder('network');
  const handle = incoming(ladder);
  ladder.ask(handle, { type: 'connect' }).lines();
  assert.equal(ladder.group.record(handle)?.state, 10);
  assert.equal(ladder.group.deadline, undefined);
  assert.deepEqual(ladder.hear('08020001' + '0f').lines(), ['! connected']);
});

test('T305 and T308: an unanswered DISCONNECT becomes RELEASE twice, then the channel is out of service until RESTART', () => {
  const ladder = new Ladder('user');
  const handle = ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT).ask(handle, { type: 'release', cause: 16 }).lines();
  assert.deepEqual(ladder.wait(30).lines(), ['? timer', '> 1 release 08:8090']);
  assert.deepEqual(ladder.wait(4).lines(), ['? timer', '> 1 release 08:80e6333038']);
  assert.deepEqual(ladder.wait(4).lines(), [
    '? timer',
    '? release-failed',
    '! release 16',
    '> 0 restart 18:a98381 79:80',
  ]);
  assert.equal(ladder.state(1), 'restarting');
  assert.deepEqual(ladder.wait(120).lines(), ['> 0 restart 18:a98381 79:80']);
  assert.deepEqual(ladder.wait(120).lines(), ['? restart-failed']);
  assert.equal(ladder.state(1), 'out-of-service');
  // The peer comes back and restarts the interface: all is well again.
  ladder.hear('08020000' + '46' + '790186');
  assert.equal(ladder.state(1), 'idle');
});

test('T306: an announcement with DISCONNECT is kept up by the network for 30 s, where the variant has such', () => {
  const announcement = { type: 'release', cause: 1, progress: [{ location: 'public-local', description: 8 }] } as const;
  const euro = new Ladder('network', { variant: VARIANTS.euroisdn });
  const handle = incoming(euro);
  euro.ask(handle, { type: 'proceeding' }).ask(handle, announcement);
  assert.equal(euro.lines().at(-1), '> ~1 disconnect 08:8281 1e:8288');
  assert.deepEqual(euro.wait(30).lines(), ['? timer', '> ~1 release 08:8281']);
  const ni2 = new Ladder('network');
  const other = incoming(ni2);
  ni2.ask(other, { type: 'proceeding' }).ask(other, announcement);
  assert.equal(ni2.lines().at(-1), '> ~1 disconnect 08:8281');
});

test('T309: active calls wait 90 s for the link, others end at once with 27, and the peer is asked when it is back', () => {
  const ladder = new Ladder('user');
  const active = ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT);
  ladder.call();
  ladder.lines();
  ladder.feed({ type: 'dl-released' });
  assert.deepEqual(ladder.lines(), ['! release 27']);
  assert.equal(ladder.group.record(active)?.state, 10);
  assert.deepEqual(ladder.wait(89).feed({ type: 'dl-established' }).lines(), ['> 1 status-enquiry']);
  assert.deepEqual(ladder.hear('08028001' + '7d' + '0802829e' + '14010a').lines(), []);
  assert.deepEqual(ladder.wait(200).lines(), []);
  ladder.feed({ type: 'dl-released' }).wait(90);
  assert.deepEqual(ladder.lines(), ['? timer', '! release 27']);
  assert.equal(ladder.state(1), 'idle');
});

test('no call begins without a link', () => {
  const ladder = new Ladder('user');
  ladder.feed({ type: 'dl-released' });
  ladder.call();
  assert.deepEqual(ladder.lines(), ['! release 27']);
});

test('a user who hangs up while the link is down is heard when it is back', () => {
  const ladder = new Ladder('user');
  const handle = ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT).feed({ type: 'dl-released' });
  ladder.ask(handle, { type: 'release', cause: 16 }).lines();
  assert.equal(ladder.state(1), 'busy');
  assert.deepEqual(ladder.feed({ type: 'dl-established' }).lines(), ['> 1 disconnect 08:8090']);
  assert.deepEqual(ladder.hear(RELEASE).lines(), ['> 1 release-complete', '! release 16']);
});

test('T322: a peer that never answers STATUS ENQUIRY is asked thrice, then the call is cleared with 41', () => {
  const ladder = new Ladder('user');
  ladder.call();
  ladder.hear(PROCEEDING).hear(CONNECT).feed({ type: 'dl-established' });
  ladder.lines();
  assert.deepEqual(ladder.wait(4).lines(), ['? timer', '> 1 status-enquiry']);
  assert.deepEqual(ladder.wait(4).lines(), ['? timer', '> 1 status-enquiry']);
  assert.deepEqual(ladder.wait(4).lines(), ['? timer', '> 1 disconnect 08:80a9', '! disconnect 41']);
});

test('a link that starts anew clears what was in the middle of dialling with 41', () => {
  const ladder = new Ladder('user', { variant: VARIANTS.euroisdn });
  ladder.call({ complete: false });
  ladder.hear('08028001' + '0d' + '1803a98381').lines();
  assert.deepEqual(ladder.feed({ type: 'dl-established' }).lines(), ['> 1 disconnect 08:80a9', '! disconnect 41']);
});

test('timers that a site has set are the ones that run', () => {
  const ladder = new Ladder('user', { timers: { T303: 1000 as never } });
  ladder.call();
  assert.equal(ladder.group.deadline, 1000);
});
