/** Which D-channel carries the calls: Q.931 Annex F and the SERVICE messages of TR 41459, as ladders. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Backup, type BackupEffect, type BackupEvent, type DName } from '../../../src/isdn/q931/backup.ts';
import { printDService, readDService } from '../../../src/isdn/q931/d-service.ts';
import { VARIANTS } from '../../../src/isdn/q931/variants.ts';
import type { Instant } from '../../../src/kernel/time.ts';

const up = (d: DName): BackupEvent => ({ type: 'link', d, up: true });
const down = (d: DName): BackupEvent => ({ type: 'link', d, up: false });
const heard = (d: DName, inService = true): BackupEvent => ({ type: 'service', d, inService });
const acknowledged = (d: DName): BackupEvent => ({ type: 'acknowledged', d });

/** Time in seconds, and what is done or waited for; the ladder is what came out of it. */
type Step = readonly [at: number, event: BackupEvent | 'switch' | 'wait'];

const text = (effect: BackupEffect): string => `${effect.type} ${effect.d ?? 'none'}`;

function run(steps: readonly Step[], announces = true): { readonly out: readonly string[]; readonly pair: Backup } {
  const pair = new Backup(announces);
  const out: string[] = [];
  const say = (at: number, effects: readonly BackupEffect[]): void => {
    for (const effect of effects) out.push(`${at} ${text(effect)}`);
  };
  for (const [at, event] of steps) {
    const until = (at * 1000) as Instant;
    for (let due = pair.deadline; due !== undefined && due <= until; due = pair.deadline)
      say(due / 1000, pair.wake(due));
    if (event === 'wait') continue;
    if (event !== 'switch') say(at, pair.feed(event, until));
    else {
      const effects = pair.switchOver(until);
      if (typeof effects === 'string') out.push(`${at} refused: ${effects}`);
      else say(at, effects);
    }
  }
  return { out, pair };
}

const BOTH: readonly Step[] = [
  [0, up('primary')],
  [0.1, acknowledged('primary')],
  [1, up('backup')],
];

const LADDERS: readonly {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly out: readonly string[];
  readonly states: readonly [primary: string, backup: string];
  readonly silent?: true;
}[] = [
  {
    name: 'both come up: the primary is in service, the backup stands by',
    steps: BOTH,
    out: ['0 service primary', '0 active primary'],
    states: ['in-service', 'standby'],
  },
  {
    name: 'the backup is quicker: it waits for the primary, which goes first',
    steps: [
      [0, up('backup')],
      [3, up('primary')],
      [3.1, acknowledged('primary')],
      [60, 'wait'],
    ],
    out: ['3 service primary', '3 active primary'],
    states: ['in-service', 'standby'],
  },
  {
    name: 'the primary never comes: after five seconds the backup is taken',
    steps: [
      [0, up('backup')],
      [5, 'wait'],
      [5.1, acknowledged('backup')],
    ],
    out: ['5 service backup', '5 active backup'],
    states: ['out-of-service', 'in-service'],
  },
  {
    name: 'the primary is lost: the backup takes over at once, and the primary stands by when it is back',
    steps: [...BOTH, [10, down('primary')], [10.1, acknowledged('backup')], [20, up('primary')], [60, 'wait']],
    out: ['0 service primary', '0 active primary', '10 service backup', '10 active backup'],
    states: ['standby', 'in-service'],
  },
  {
    name: 'the standby is lost: nothing changes for the calls',
    steps: [...BOTH, [10, down('backup')], [20, up('backup')]],
    out: ['0 service primary', '0 active primary'],
    states: ['in-service', 'standby'],
  },
  {
    name: 'both are lost, and the backup comes first: the primary has five seconds',
    steps: [...BOTH, [10, down('backup')], [11, down('primary')], [20, up('backup')], [22, up('primary')]],
    out: ['0 service primary', '0 active primary', '11 active none', '22 service primary', '22 active primary'],
    states: ['waiting', 'standby'],
  },
  {
    name: 'a switch-over by command, and back',
    steps: [...BOTH, [10, 'switch'], [10.1, acknowledged('backup')], [20, 'switch'], [20.1, acknowledged('primary')]],
    out: [
      '0 service primary',
      '0 active primary',
      '10 service backup',
      '10 active backup',
      '20 service primary',
      '20 active primary',
    ],
    states: ['in-service', 'standby'],
  },
  {
    name: 'a switch-over to a D-channel that is down is refused',
    steps: [
      [0, up('primary')],
      [0.1, acknowledged('primary')],
      [1, 'switch'],
    ],
    out: ['0 service primary', '0 active primary', '1 refused: the backup D-channel is not in standby'],
    states: ['in-service', 'out-of-service'],
  },
  {
    name: 'a switch-over without any D-channel is refused',
    steps: [[0, 'switch']],
    out: ['0 refused: no D-channel is in service'],
    states: ['out-of-service', 'out-of-service'],
  },
  {
    name: 'the peer switches over: we follow',
    steps: [...BOTH, [10, heard('backup')]],
    out: ['0 service primary', '0 active primary', '10 active backup'],
    states: ['standby', 'in-service'],
  },
  {
    name: 'both ends choose at once: the primary goes first',
    steps: [
      [0, up('backup')],
      [1, up('primary')],
      [1.1, heard('backup')],
      [1.2, heard('primary')],
    ],
    out: ['1 service primary', '1 active primary'],
    states: ['in-service', 'standby'],
  },
  {
    name: 'the peer takes the primary out of service: the backup takes over, and the primary is not stood by with',
    steps: [...BOTH, [10, heard('primary', false)], [10.1, acknowledged('backup')], [11, 'switch']],
    out: [
      '0 service primary',
      '0 active primary',
      '10 service backup',
      '10 active backup',
      '11 refused: the primary D-channel is not in standby',
    ],
    states: ['out-of-service', 'in-service'],
  },
  {
    name: 'SERVICE is said twice; a peer that answers neither is served all the same',
    steps: [
      [0, up('primary')],
      [30, 'wait'],
    ],
    out: ['0 service primary', '0 active primary', '4 service primary', '8 unanswered primary'],
    states: ['in-service', 'out-of-service'],
  },
  {
    name: 'the link in service is reset: its calls are asked after again',
    steps: [...BOTH, [10, up('primary')], [10.1, acknowledged('primary')]],
    out: ['0 service primary', '0 active primary', '10 service primary', '10 active primary'],
    states: ['in-service', 'standby'],
  },
  {
    name: 'lost before it was acknowledged: the question dies with the link',
    steps: [
      [0, up('backup')],
      [1, up('primary')],
      [2, down('primary')],
      [2.1, acknowledged('backup')],
      [60, 'wait'],
    ],
    out: ['1 service primary', '1 active primary', '2 service backup', '2 active backup'],
    states: ['out-of-service', 'in-service'],
  },
  {
    name: 'a variant without SERVICE: the link alone decides',
    steps: [
      [0, up('primary')],
      [1, up('backup')],
      [10, down('primary')],
    ],
    out: ['0 active primary', '10 active backup'],
    states: ['out-of-service', 'in-service'],
    silent: true,
  },
];

for (const { name, steps, out, states, silent } of LADDERS) {
  test(name, () => {
    const { out: said, pair } = run(steps, silent !== true);
    assert.deepEqual(said, out);
    assert.deepEqual([pair.state('primary'), pair.state('backup')], states);
  });
}

describe('SERVICE for a D-channel', () => {
  const hex = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString('hex');

  test('NI-2 says it under discriminator 0x43, AT&T under 0x03 with the two types exchanged', () => {
    assert.equal(hex(printDService(VARIANTS.ni2, 1)), '4302000007' + '0101c0' + '1802ec81');
    assert.equal(hex(printDService(VARIANTS['4ess'], 0)), '030200000f' + '0101c0' + '1802ec80');
    assert.equal(printDService(VARIANTS.euroisdn, 0), undefined);
  });

  test('the acknowledgement repeats what was said, from the other end', () => {
    const said = printDService(VARIANTS.ni2, 1) ?? new Uint8Array(0);
    const read = readDService(said, 0, VARIANTS.ni2);
    assert.deepEqual([read?.acknowledges, read?.inService, read?.interface], [false, true, 1]);
    assert.equal(hex(read?.answer), '430280000f' + '0101c0' + '1802ec81');
    const back = readDService(read?.answer ?? new Uint8Array(0), 0, VARIANTS.ni2);
    assert.deepEqual([back?.acknowledges, back?.answer], [true, undefined]);
  });

  test('out of service, and a D-channel without an interface', () => {
    const read = readDService(Buffer.from('4302000007' + '0101c2' + '1801ac', 'hex'), 0, VARIANTS.ni2);
    assert.deepEqual([read?.inService, read?.interface], [false, undefined]);
  });

  test('SERVICE for a B-channel, a call’s message and what can’t be read are no matter of the D-channel', () => {
    for (const other of [
      '4302000007' + '0101c2' + '1803a98381',
      '0802000146790187',
      '43',
      '4302000005' + '1802ec80',
      '',
    ])
      assert.equal(readDService(Buffer.from(other, 'hex'), 0, VARIANTS.ni2), undefined, other);
  });
});
