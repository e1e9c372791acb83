import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { PresentedNumber } from '../../../../src/isdn/q931/ie/number.ts';
import type { CallHandle, CallIndication } from '../../../../src/isdn/q931/primitives.ts';
import { seconds } from '../../../../src/kernel/time.ts';
import { ANY_OTHER, CARRIER_NUMBERS } from '../../../../src/span/virtual/carrier-plan.ts';
import { CarrierRig, type CarrierRigOptions } from '../../../support/carrier-rig.ts';

const CALLER: PresentedNumber = {
  digits: '9725550123',
  type: 'national',
  plan: 'isdn',
  presentation: 'allowed',
  screening: 'network',
};

/** What happens from the call on. */
function dialled(
  digits: string,
  options: CarrierRigOptions = {},
): { readonly log: readonly string[]; readonly rig: CarrierRig } {
  const rig = new CarrierRig(options);
  rig.run(0);
  rig.call(digits, { caller: CALLER });
  rig.run(60_000);
  return { log: rig.log, rig };
}

const golden: Readonly<Record<string, readonly string[]>> = {
  '2145551004': [
    ...['0 channel 1', '0 proceeding', '0 connect', '0 far 1: 1004 Hz at 0 dBm0'],
    ...['30000 disconnect 16', '30000 release 16', '30000 far 1: idle'],
  ],
  '2145551005': [
    ...['0 channel 1', '0 proceeding', '0 connect', '0 far 1: echo'],
    ...['30000 disconnect 16', '30000 release 16', '30000 far 1: idle'],
  ],
  '2145551006': [
    ...[
      '0 channel 1',
      '0 proceeding',
      '0 alerting',
      '0 far 1: ringback',
      '2000 connect',
      '2000 far 1: 1004 Hz at 0 dBm0',
    ],
    ...['32000 disconnect 16', '32000 release 16', '32000 far 1: idle'],
  ],
  '2145551007': ['0 channel 1', '0 proceeding', '0 disconnect 17', '0 release 17'],
  '2145551008': [
    ...['0 channel 1', '0 proceeding', '0 progress with tones', '0 far 1: 950 Hz at 0 dBm0'],
    // Our end listens on; T306 ends the announcement.
    ...['3000 disconnect 1 with tones', '9000 far 1: idle', '9000 release 1'],
  ],
  '2145551009': ['0 channel 1', '0 proceeding', '0 alerting', '0 far 1: ringback'],
  '2145559021': ['0 release 21'],
  '2145559127': ['0 release 127'],
  '2145558034': [
    ...['0 channel 1', '0 proceeding', '0 connect', '0 far 1: 1004 Hz at 0 dBm0'],
    ...['2000 far 1: idle', '2000 disconnect 34', '2000 release 34'],
  ],
  '2145550000': [
    ...[
      '0 channel 1',
      '0 proceeding',
      '0 alerting',
      '0 far 1: ringback',
      '1000 connect',
      '1000 far 1: 1004 Hz at 0 dBm0',
    ],
    ...['31000 disconnect 16', '31000 release 16', '31000 far 1: idle'],
  ],
};

const sorted = (log: readonly string[]): string[] => [...log].sort();

for (const [digits, expected] of Object.entries(golden)) {
  test(`${digits.slice(-7)} does what the table says, and nothing else`, () => {
    const { log, rig } = dialled(digits);
    // The order within one instant is the protocol's business; what is heard and when is the table's.
    assert.deepEqual(sorted(log), sorted(expected));
    assert.equal(rig.idle, digits !== '2145551009');
  });
}

test('causes that are none (000, 128–999) are numbers like any other', () => {
  for (const digits of ['5559000', '5559128', '5558999']) {
    assert.deepEqual(sorted(dialled(digits).log), sorted(golden['2145550000'] ?? []), digits);
  }
});

test('5551010 calls back the one who called, with a name', () => {
  const answer = (rig: CarrierRig, handle: CallHandle, { type }: CallIndication): void => {
    if (type === 'setup') rig.request(handle, { type: 'connect' });
  };
  const { log, rig } = dialled('2145551010', { react: answer, settings: { hold: seconds(5) } });
  assert.deepEqual(
    sorted(log),
    sorted([
      ...['0 channel 1', '0 proceeding', '0 connect', '0 far 1: echo', '1000 far 1: idle'],
      ...['1000 disconnect 16', '1000 release 16'],
      ...[
        '3000 setup on 23 to 9725550123 from 2145551010 allowed SIMULATED CALLER',
        '3000 channel 23',
        '3000 connected',
      ],
      ...['3000 far 23: echo', '8000 far 23: idle', '8000 disconnect 16', '8000 release 16'],
    ]),
  );
  assert.ok(rig.idle);
});

test('911 is an answering point: it answers, and calls back the number that it saw', () => {
  const { log } = dialled('911', { react: () => {}, settings: { hold: seconds(5) } });
  const lines = log.filter((line) => /connect|setup|disconnect/.test(line)).slice(0, 3);
  assert.deepEqual(lines, [
    '0 connect',
    '2000 disconnect 16',
    '4000 setup on 23 to 9725550123 from 911 allowed SIMULATED CALLER',
  ]);
});

test('a withheld caller is called back all the same: the network knows the number; without one nobody is called', () => {
  const setups = (caller: PresentedNumber | undefined): number => {
    const rig = new CarrierRig();
    rig.run(0);
    rig.call('2145551010', { caller });
    rig.run(5000);
    return rig.heard.filter(({ indication }) => indication.type === 'setup').length;
  };
  assert.equal(setups({ ...CALLER, presentation: 'restricted' }), 1);
  assert.equal(setups(undefined), 0);
});

test('level, hold and clearing cause are settings, and take effect from the next call on', () => {
  const rig = new CarrierRig({ settings: { level: -16, hold: seconds(3), clearingCause: 31 } });
  rig.run(0);
  rig.call('2145551004');
  rig.tell({ type: 'configure', settings: { level: -20 } });
  rig.run(10_000);
  rig.call('2145551004');
  assert.ok(rig.log.includes('0 far 1: 1004 Hz at -16 dBm0'), rig.log.join('\n'));
  assert.ok(rig.log.includes('3000 disconnect 31'), rig.log.join('\n'));
  assert.ok(rig.log.includes('10000 far 1: 1004 Hz at -20 dBm0'), rig.log.join('\n'));
});

test('a caller who hangs up silences the channel and frees it', () => {
  const rig = new CarrierRig();
  rig.run(0);
  const handle = rig.call('2145551006');
  rig.run(1000);
  rig.request(handle, { type: 'release', cause: 16 });
  rig.run(60_000);
  assert.ok(rig.idle);
  assert.deepEqual(rig.log.slice(-2), ['1000 release 16', '1000 far 1: idle'].sort());
});

test('23 calls at once end with every channel silent and free', () => {
  const rig = new CarrierRig({ settings: { hold: seconds(2) } });
  rig.run(0);
  for (let i = 0; i < 23; i++) rig.call('2145551004');
  assert.equal(rig.heard.filter(({ indication }) => indication.type === 'connect').length, 23);
  rig.run(2000);
  assert.ok(rig.idle);
  for (let slot = 1; slot <= 23; slot++) {
    assert.equal(rig.log.filter((line) => line.includes(`far ${slot}: `)).at(-1), `2000 far ${slot}: idle`);
  }
});

test('a call from the network comes with its number, name and presentation, and plays what was asked for once answered', () => {
  const rig = new CarrierRig({
    react: (self, handle, { type }) => {
      if (type !== 'setup') return;
      self.request(handle, { type: 'alerting' });
      self.request(handle, { type: 'connect' });
    },
  });
  rig.run(0);
  rig.tell({
    type: 'place',
    call: {
      called: '2145550100',
      calling: '9725550123',
      name: 'ALICE',
      presentation: 'restricted',
      audio: { type: 'digits', digits: '123#' },
      talk: seconds(4),
    },
  });
  rig.run(60_000);
  assert.ok(rig.log.includes('0 setup on 23 to 2145550100 from 9725550123 restricted ALICE'), rig.log.join('\n'));
  assert.ok(rig.log.includes('0 far 23: digits'));
  assert.ok(rig.log.includes('4000 disconnect 16'));
  assert.ok(rig.idle);
});

test('a caller from the network whom nobody answers gives up', () => {
  const rig = new CarrierRig({
    react: (self, handle, { type }) => {
      if (type === 'setup') self.request(handle, { type: 'alerting' });
    },
  });
  rig.run(0);
  rig.tell({ type: 'place', call: { called: '2145550100', calling: '9725550123', patience: seconds(20) } });
  rig.run(19_000);
  assert.equal(rig.idle, false);
  rig.run(1000);
  assert.ok(rig.idle);
});

test('a number that comes digit by digit is taken when it is whole, or when the caller says so', () => {
  for (const [digits, complete] of [
    ['2145551007', false],
    ['5551007', true],
  ] as const) {
    const rig = new CarrierRig({ line: { variant: 'euroisdn' } });
    rig.run(0);
    const handle = rig.call('', { complete: false });
    for (const digit of digits) rig.request(handle, { type: 'information', digits: digit, complete: false });
    if (complete) rig.request(handle, { type: 'information', digits: '', complete: true });
    rig.run(0);
    assert.ok(rig.log.includes('0 disconnect 17'), `${digits}: ${rig.log.join('\n')}`);
  }
});

test('RESTART from the network ends the calls on its channels and leaves them idle', () => {
  const rig = new CarrierRig();
  rig.run(0);
  rig.call('2145551004');
  rig.call('2145551004');
  rig.tell({ type: 'restart', slots: [1] });
  rig.run(100);
  assert.equal(rig.heard.filter(({ indication }) => indication.type === 'release').length, 1);
  rig.tell({ type: 'restart', slots: 'all' });
  rig.run(100);
  assert.ok(rig.idle);
});

test('the manual has the numbers of the table, with the same words', () => {
  const manual = readFileSync(new URL('../../../../src/span/virtual/README.md', import.meta.url), 'utf8').replace(
    / +/g,
    ' ',
  );
  for (const { number, meaning } of [...CARRIER_NUMBERS, ANY_OTHER]) {
    assert.ok(manual.includes(`| ${number} | ${meaning} |`), `write it into src/span/virtual/README.md: ${number}`);
  }
});
