import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINK_DEFAULTS } from '../../../../src/isdn/q921/primitives.ts';
import { ladder } from '../../../support/q921-ladder.ts';

const user = { ...LINK_DEFAULTS, side: 'user' } as const;
const network = { ...LINK_DEFAULTS, side: 'network' } as const;

const UP = `
  0      dl-establish        → SABME P
  10     < UA F              → dl-established!`;

test('a link comes up, carries messages both ways and asks an idle peer whether it is there', () => {
  const link = ladder(
    user,
    `${UP}
    20     dl-data 0801        → I 0,0 [0801]
    30     < RR 1              →
    40     < I 0,1 [0802]      → dl-data 0802 · RR 1
    10040  wait                → RR 1 P
    10050  < RR 1 F            →
    20050  wait                → RR 1 P
    20060  < RR 1 F            →`,
  );
  assert.equal(link.state, 'multiple-frame-established');
});

test('an acknowledgement rides on an I frame that was waiting for the window', () => {
  ladder(
    { ...user, k: 1 },
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    21     dl-data 02          →
    30     < I 0,1 [0a]        → dl-data 0a · I 1,1 [02]`,
  );
});

test('the network side answers a poll by a response and is called by SABME', () => {
  ladder(
    network,
    `
    0      < SABME P           → UA F · dl-established
    10     < RR 0 P            → RR 0 F
    20     < I 0,0 [01] P      → dl-data 01 · RR 1 F`,
  );
});

test('a peer that sends SABME again after one second resets the numbers without alarming layer 3', () => {
  ladder(
    user,
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    30     < RR 1              →
    1000   < SABME P           → UA F · error F
    1010   dl-data 02          → I 0,0 [02]
    1020   < RR 1              →`,
  );
});

test('a reset that may have lost a message tells layer 3 so, and sends no half of a conversation', () => {
  ladder(
    user,
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    30     < SABME P           → UA F · error F · dl-established
    40     dl-data 02          → I 0,0 [02]`,
  );
});

test('a reset takes what waits for the window with it (§5.7.2): of a burst the peer has heard what it acknowledged', () => {
  const link = ladder(
    { ...user, k: 2 },
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    21     dl-data 02          → I 1,0 [02]
    22     dl-data 03          →
    23     dl-data 04          →
    30     < RR 1              → I 2,0 [03]
    40     < SABME P           → UA F · error F · dl-established
    50     dl-data 05          → I 0,0 [05]
    60     < RR 1              →`,
  );
  assert.equal(link.queued, 0);
});

test('both ends that call at once answer each other and both come up', () => {
  ladder(
    user,
    `
    0      dl-establish        → SABME P
    5      < SABME P           → UA F
    10     < UA F              → dl-established!`,
  );
});

test('a silent peer is called for ever and its silence reported once', () => {
  const link = ladder(
    user,
    `
    0      dl-establish        → SABME P
    1000   wait                → SABME P
    2000   wait                → SABME P
    3000   wait                → SABME P
    4000   wait                → error G · dl-released · SABME P
    5000   wait                → SABME P
    6000   wait                → SABME P
    7000   wait                → SABME P
    8000   wait                → error G · SABME P
    8010   < UA F              → dl-established!`,
  );
  assert.equal(link.state, 'multiple-frame-established');
});

test('a refusing peer is called again after T200, not in a storm', () => {
  ladder(
    user,
    `
    0      dl-establish        → SABME P
    10     < DM F              → dl-released
    1010   wait                → SABME P
    1020   < DM F              →
    2020   wait                → SABME P
    2030   < UA F              → dl-established!
    2040   < DISC P            → UA F · dl-released
    3040   wait                → SABME P`,
  );
});

test('a peer that calls while we pause between two calls is taken, and its link is not reset afterwards', () => {
  const link = ladder(
    user,
    `
    0      dl-establish        → SABME P
    10     < DM F              → dl-released
    500    < SABME P           → UA F · dl-established
    10500  wait                → RR 0 P`,
  );
  assert.equal(link.state, 'timer-recovery');
});

test('a lost I frame is sent again when the peer rejects what came after it', () => {
  ladder(
    user,
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    21     dl-data 02          → I 1,0 [02]
    22     dl-data 03          → I 2,0 [03]
    30     < REJ 1             → I 1,0 [02] · I 2,0 [03]
    40     < RR 3              →`,
  );
});

test('a gap is rejected once, until the missing frame has come', () => {
  ladder(
    user,
    `${UP}
    20     < I 0,0 [00]        → dl-data 00 · RR 1
    21     < I 2,0 [02]        → REJ 1
    22     < I 3,0 [03]        →
    23     < I 4,0 [04] P      → RR 1 F
    30     < I 1,0 [01]        → dl-data 01 · RR 2
    31     < I 3,0 [03]        → REJ 2
    32     < I 2,0 [02]        → dl-data 02 · RR 3`,
  );
});

test('the last frame of a burst, lost, is found by enquiry and sent again', () => {
  ladder(
    user,
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    1020   wait                → RR 0 P
    1030   dl-data 02          →
    1040   < RR 0 F            → I 0,0 [01] · I 1,0 [02]
    1050   < RR 2              →
    11050  wait                → RR 0 P`,
  );
});

test('a peer that answers no enquiry is called anew, and then given up as lost', () => {
  ladder(
    user,
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    1020   wait                → RR 0 P
    2020   wait                → RR 0 P
    3020   wait                → RR 0 P
    4020   wait                → RR 0 P
    5020   wait                → error I · SABME P
    5030   dl-data 02          →
    6020   wait                → SABME P
    7020   wait                → SABME P
    8020   wait                → SABME P
    9020   wait                → error G · dl-released · SABME P
    9030   dl-data 03          → dl-refused no-link
    9040   < UA F              → dl-established!`,
  );
});

test('a silence shorter than the loss of the link keeps the messages that nobody had sent', () => {
  ladder(
    user,
    `${UP}
    10010  wait                → RR 0 P
    11010  wait                → RR 0 P
    12010  wait                → RR 0 P
    13010  wait                → RR 0 P
    13020  dl-data 01          →
    14010  wait                → error I · SABME P
    14020  < UA F              → I 0,0 [01]`,
  );
});

test('a busy peer gets nothing but enquiries until it is ready', () => {
  ladder(
    user,
    `${UP}
    20     < RNR 0             →
    30     dl-data 01          →
    1020   wait                → RR 0 P
    1030   < RNR 0 F           →
    2030   wait                → RR 0 P
    2040   < RR 0 F            → I 0,0 [01]
    2050   < RR 1              →`,
  );
});

test('a busy peer that says it is ready on its own gets what waits at once', () => {
  ladder(
    user,
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    30     < RNR 1             →
    40     dl-data 02          →
    50     < RR 1              → I 1,0 [02]`,
  );
});

test('our own busy condition discards and says so, and survives a reset that layer 3 does not hear of', () => {
  ladder(
    user,
    `${UP}
    20     own-busy on         → RNR 0
    30     < I 0,0 [01] P      → RNR 0 F
    40     < SABME P           → UA F · error F
    50     < RR 0 P            → RNR 0 F
    60     own-busy off        → RR 0
    70     < I 0,0 [01]        → dl-data 01 · RR 1`,
  );
});

test('no more than k frames are under way', () => {
  const link = ladder(
    { ...user, k: 2 },
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    21     dl-data 02          → I 1,0 [02]
    22     dl-data 03          →
    30     < RR 1              → I 2,0 [03]`,
  );
  assert.equal(link.queued, 2);
});

test('T200 counts from the oldest frame that is not acknowledged, not from the newest', () => {
  ladder(
    user,
    `${UP}
    20     dl-data 01          → I 0,0 [01]
    900    dl-data 02          → I 1,0 [02]
    1000   < RR 1              →
    1900   dl-data 03          → I 2,0 [03]
    2000   wait                → RR 0 P`,
  );
});

test('the queue has an end, and what is longer than N201 never enters it', () => {
  ladder(
    { ...user, k: 1, queueLimit: 2, n201: 4 },
    `
    0      dl-data 01          → dl-refused no-link
    0      dl-establish        → SABME P
    1      dl-data 01          → dl-refused no-link
    10     < UA F              → dl-established!
    20     dl-data 01          → I 0,0 [01]
    21     dl-data 02          →
    22     dl-data 03          → dl-refused queue-full
    23     < RR 1              → I 1,0 [02]
    24     dl-data 0102030405  → dl-refused too-long`,
  );
});

test('a release ends the link for good, also one that had to wait for the answer to SABME', () => {
  ladder(
    user,
    `
    0      dl-establish        → SABME P
    5      dl-release          →
    10     < UA F              → DISC P
    20     < UA F              → dl-released!
    30     dl-establish        → SABME P
    40     < UA F              → dl-established!
    50     dl-release          → DISC P
    1050   wait                → DISC P
    2050   wait                → DISC P
    3050   wait                → DISC P
    4050   wait                → error H · dl-released!
    9000   dl-release          → dl-released!`,
  );
});

test('a request during a release is taken up when the release is done', () => {
  ladder(
    user,
    `${UP}
    20     dl-release          → DISC P
    30     dl-establish        →
    40     < DM F              → dl-released! · SABME P`,
  );
});

test('a peer that is released answers, and one that releases twice is told that there is nothing left', () => {
  ladder(
    network,
    `
    0      < SABME P           → UA F · dl-established
    10     < DISC P            → UA F · dl-released
    20     < DISC P            → DM F
    30     < DM                → SABME P`,
  );
});

test('a line that goes takes the link with it at once, and one that comes back has it called', () => {
  ladder(
    user,
    `${UP}
    20     line down           → dl-released
    25     < SABME P           →
    30     dl-establish        → dl-released
    40     line up             → SABME P
    50     < UA F              → dl-established!`,
  );
});

for (const [code, what, input] of [
  ['J', 'an N(R) that acknowledges what was never sent', '< RR 5'],
  ['J', 'an I frame with such an N(R)', '< I 0,5 [09]'],
  ['K', 'FRMR', '< FRMR'],
  ['E', 'DM without F', '< DM'],
  ['L', 'a control field that means nothing', 'raw 020117'],
  ['L', 'a response sent as a command', 'raw 020173'],
  ['M', 'information where none may be', 'raw 02017f00'],
  ['N', 'FRMR of the wrong size', 'raw 00018700'],
  ['O', 'information longer than N201', `raw 02010000${'00'.repeat(261)}`],
] as const) {
  test(`${what} resets the link with error ${code} and loses nothing that waits`, () => {
    ladder(
      user,
      `${UP}
      20     ${input}  → ${input.startsWith('< I') ? 'dl-data 09 · ' : ''}error ${code} · SABME P
      30     dl-data 01 →
      40     < UA F     → I 0,0 [01]`,
    );
  });
}

for (const [code, input] of [
  ['A', '< RR 0 F'],
  ['B', '< DM F'],
  ['C', '< UA F'],
  ['D', '< UA'],
] as const) {
  test(`what answers nothing (error ${code}) is reported and changes nothing`, () => {
    const link = ladder(user, `${UP}\n 20 ${input} → error ${code}`);
    assert.equal(link.state, 'multiple-frame-established');
  });
}

test('DM that answers an enquiry means that the peer has lost the link', () => {
  ladder(
    user,
    `${UP}
    10010  wait                → RR 0 P
    10020  < DM F              → error B · SABME P`,
  );
});

test('frames of another address, and frames cut short, are dropped without a word', () => {
  ladder(
    user,
    `${UP}
    20     raw 0203017f        →
    21     raw 02ff7f          →
    22     raw fe017f          →
    23     raw 0201            →
    24     raw 020100          →
    25     raw 0201            →`,
  );
});

test('our own frames, echoed by a looped line, bring no link up', () => {
  const link = ladder(
    user,
    `
    0      dl-establish        → SABME P
    1      raw 00017f          → error L
    1000   wait                → SABME P
    1001   raw 00017f          → error L`,
  );
  assert.equal(link.state, 'awaiting-establishment');
});

test('a peer that was quicker has brought the link up: asking for it then does not reset it', () => {
  const link = ladder(
    user,
    `
    0      < SABME P           → UA F · dl-established
    1      dl-establish        → dl-established!
    20     dl-data 0801        → I 0,0 [0801]`,
  );
  assert.equal(link.state, 'multiple-frame-established');
});
