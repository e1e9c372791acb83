/** A call each way in every switch type, with libpri as the other end. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { E1_SLOTS, T1_SLOTS, VARIANTS, type VariantName } from '../../src/isdn/q931/variants.ts';
import type { LibpriSwitch } from '../support/libpri.ts';
import { eventually } from '../support/process.ts';
import { answering, Line, stopLines } from '../support/q931-line.ts';

after(stopLines);

/** Our name, libpri's, the span; whether libpri's own user side sends names there (in EuroISDN users don't). */
const SWITCHES: readonly (readonly [VariantName, LibpriSwitch, readonly number[]])[] = [
  ['4ess', '4ess', T1_SLOTS],
  ['5ess', '5ess', T1_SLOTS],
  ['dms100', 'dms100', T1_SLOTS],
  ['euroisdn', 'euro', E1_SLOTS],
  ['qsig', 'qsig', E1_SLOTS],
];

describe('switch types against libpri', { concurrency: 4 }, () => {
  for (const [i, [name, kind, slots]] of SWITCHES.entries()) {
    for (const side of ['user', 'network'] as const) {
      test(`${name} as ${side}: numbers and names arrive, both ways`, async () => {
        const variant = VARIANTS[name];
        const line = await Line.open({
          side,
          port: 22500 + 4 * i + (side === 'user' ? 2 : 0),
          args: [
            '-a',
            'answer',
            '-A',
            '20',
            '-c',
            '201',
            '-C',
            '2145550100',
            '-N',
            'Judge One',
            '-H',
            '300',
            '-W',
            '1800',
          ],
          react: answering,
          group: { variant, spans: [{ id: 'span', interface: 0, slots }] },
          switch: kind,
        });
        const caller = { digits: '2145550123', type: 'national', plan: 'isdn' } as const;
        const ours = line.end.call({
          called: { digits: '5551234', ...variant.called },
          caller: { ...caller, presentation: 'allowed', screening: 'passed' },
          callerName: { text: 'Ann Other', presentation: 'allowed' },
        });
        await line.heard('connect');
        const { called, calling, pres, name: shown } = await line.event('setup');
        const named = variant.names[side].length > 0 ? 'Ann Other' : '';
        assert.deepEqual([called, calling, pres, shown], ['5551234', '2145550123', 1, named]);
        await line.event('connect');
        const setup = line.end.last('setup');
        assert.deepEqual([setup?.called.digits, setup?.caller?.digits], ['201', '2145550100']);
        const heard = setup?.callerName ?? line.end.last('identity')?.name;
        const silent = name === 'euroisdn' && side === 'network';
        assert.deepEqual(heard, silent ? undefined : { text: 'Judge One', presentation: 'allowed' });
        await eventually('the call from libpri is over', () => line.end.group.records().length === 1);
        line.end.request(ours, { type: 'release', cause: 16 });
        await line.close();
      });
    }
  }
});
