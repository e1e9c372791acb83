/** What a user may spend, on a running box: counted when answered, refused by its name, remembered after a crash. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BoxProcess, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { credentials, type SippResult, sipp } from '../support/sipp.ts';

const SIP = { address: '127.0.0.1', port: 34_200 };

const call = (service: string): Promise<SippResult> =>
  sipp({
    scenario: new URL('./scenarios/call.xml', import.meta.url).pathname,
    remote: SIP,
    local: { address: '127.0.0.1', port: 34_210 },
    mediaPort: 34_300,
    echo: true,
    service,
    holdMs: 200,
    calls: 1,
    rate: 1,
    inject: [['201', credentials('201', 'pw-201'), DOMAIN]],
  });

describe('permissions', () => {
  let box: BoxProcess;
  before(async () => {
    const settings = settingsOf(
      { sip: SIP.port, http: 34_201, media: '61100-61199' },
      {
        spans: [{ id: 't1', driver: 'virtual', far: { carrier: {} } }],
        spanGroups: [{ id: 'pstn', spans: ['t1'] }],
        numberLists: [{ id: 'premium', patterns: ['^\\+1900'] }],
        users: [{ ...userOf('201'), barred: ['premium'], quota: { per: 'month', calls: 1 } }],
      },
    );
    box = await BoxProcess.started(settings);
    await box.ready();
  });
  after(() => box?.remove());

  const refused = async (id: string): Promise<boolean> =>
    (await box.metrics()).includes(`branchline_call_refusals_total{refusal="${id}"} 1`);

  test('a barred number is refused by its name and spends nothing', async () => {
    assert.equal((await call('9005551234')).failed, 1);
    assert.ok(await refused('number-barred'));
  });

  test('a quota is spent by an answered call and holds after a crash', async () => {
    const first = await call('5551004');
    assert.equal(first.successful, 1, first.errors.slice(0, 1_000));
    // The quota is spent once the call has ended; its transactions live on for up to 32 s (RFC 3261 §17).
    await box.until('the call is over', async () => (await box.calls()).length === 0);
    const second = await call('5551004');
    assert.deepEqual([second.successful, second.failed], [0, 1]);
    assert.match(second.errors, /403/);
    assert.ok(await refused('quota-calls'));
    await box.kill();
    await box.start();
    await box.ready();
    assert.equal((await call('5551004')).failed, 1);
    assert.ok(await refused('quota-calls'));
  });
});
