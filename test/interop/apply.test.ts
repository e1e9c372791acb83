/** `branchline apply` with every channel of a span in use: the numbers change, the calls don't notice. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Phone } from '../../scripts/demo/phone.ts';
import type { PhoneCall } from '../../scripts/demo/phone-call.ts';
import type { ApplyAnswer } from '../../src/console/views.ts';
import { BoxProcess, branchline, DOMAIN, settingsOf, userOf } from '../support/box-process.ts';
import { type Libpri, startLibpri } from '../support/libpri.ts';
import { eventually } from '../support/process.ts';
import type { Settings } from '../support/sites.ts';
import { DeskSound } from '../support/sound-desk.ts';

const SIP = { address: '127.0.0.1', port: 28_060 };
const SPAN = { ours: 28_400, libpri: 28_450 };
const CALLS = 23;
/** Seconds in which nobody confirms; the command line is run twice meanwhile, which takes long on a busy machine. */
const CONFIRM = 15;

const HELD = { id: 'held', driver: 'virtual', far: { carrier: { holdSeconds: 3_600 } } };
const FREE = {
  id: 'free',
  driver: 'virtual',
  far: { listen: `127.0.0.1:${SPAN.ours}`, peer: `127.0.0.1:${SPAN.libpri}` },
};

/** 201 makes the calls that are up; what comes in from the network goes to 202. `second` for 203. */
const settings = (more: Settings = {}): Settings =>
  settingsOf(
    { sip: SIP.port, http: 28_061, media: '61000-61999' },
    {
      limits: { callsPerUser: 50 },
      spans: [HELD, FREE],
      spanGroups: [
        { id: 'pstn', spans: ['held'] },
        { id: 'other', spans: ['free'] },
      ],
      users: [userOf('201', '+12145550201'), userOf('202', '+12145550202'), userOf('203', '+12145550203')],
      dids: [{ number: '+12145550200', to: { user: '202' } }],
      ...more,
    },
  );

const NEW_DID: Settings = { dids: [{ number: '+12145550200', to: { user: '203' } }] };
const NEW_ROUTE: Settings = {
  ...NEW_DID,
  routes: [
    { id: 'elsewhere', prefixes: ['+1972'], gateways: ['other'] },
    { id: 'everywhere', prefixes: ['+'], gateways: ['pstn'] },
  ],
};

describe('a new configuration with 23 calls up', () => {
  let box: BoxProcess;
  let libpri: Libpri;
  const phones = new Map<string, Phone<DeskSound>>();
  const calls: PhoneCall<DeskSound>[] = [];
  /** The users whose phones rang, in order. */
  const rang: string[] = [];
  const proposal = (text: string | Settings): string => {
    const file = join(box.folder, 'new.yaml');
    const whole = typeof text === 'string' ? text : JSON.stringify({ ...JSON.parse(box.read()), ...text });
    writeFileSync(file, whole);
    return file;
  };
  const apply = (text: string | Settings, ...more: readonly string[]) =>
    branchline('apply', proposal(text), '--url', box.url, ...more);
  const command = (name: string, ...more: readonly string[]) => branchline(name, '--url', box.url, ...more);

  before(async () => {
    libpri = await startLibpri({
      side: 'net',
      listen: SPAN.libpri,
      peer: SPAN.ours,
      args: ['-a', 'answer', '-A', '20', '-H', '0'],
    });
    box = await BoxProcess.started(settings());
    await box.ready();
    for (const user of ['201', '202', '203']) {
      const phone = await Phone.with({ registrar: SIP, user, password: `pw-${user}`, domain: DOMAIN }, DeskSound.open);
      phone.onCall = (call) => {
        rang.push(user);
        call.refuse(486);
      };
      assert.equal(await phone.register(600), 200);
      phones.set(user, phone);
    }
    for (let n = 0; n < CALLS; n++) {
      const call = await phone('201').call('5551005');
      call.media.play({ type: 'tone', frequency: 700, level: -20 });
      calls.push(call);
    }
    for (const call of calls) assert.equal(await call.answered, true);
    await Promise.all(calls.map(({ media }) => media.listen(1)));
  });
  after(async () => {
    for (const phone of phones.values()) await phone.close();
    await libpri?.stop();
    await box?.remove();
  });

  const phone = (user: string): Phone<DeskSound> => phones.get(user) as Phone<DeskSound>;

  /** Who rings when the network calls this number. */
  async function ringsFor(number: string): Promise<string | undefined> {
    const before = rang.length;
    const from = libpri.events.length;
    libpri.call(number);
    await eventually('a phone rings', () => rang.length > before);
    await libpri.waitFor('disconnect', { after: from });
    return rang.at(-1);
  }

  /** Runs `what`, and holds all 23 calls to a sound without gaps meanwhile. */
  async function unnoticed(what: () => Promise<void>): Promise<void> {
    const before = calls.map(({ media }) => media.heard);
    const from = performance.now();
    await what();
    const due = (performance.now() - from) / 20;
    for (const [i, { media, talking }] of calls.entries()) {
      assert.ok(talking, `call ${i + 1} has ended`);
      const { packets, lost } = media.heard;
      const came = packets - (before[i]?.packets ?? 0);
      // Five packets are a hole of 100 ms.
      assert.ok(came > due - 5, `call ${i + 1} heard ${came} packets of ${due.toFixed(1)}`);
      assert.ok(lost - (before[i]?.lost ?? 0) <= 1, `call ${i + 1} lost ${lost} packets`);
    }
    assert.equal((await box.calls()).filter(({ stage }) => stage === 'talk').length, CALLS);
  }

  test('a changed number is live for the next call, and none of the 23 calls has noticed', async () => {
    assert.equal(await ringsFor('2145550200'), '202');
    await unnoticed(async () => {
      const { code, stdout, stderr } = await apply(NEW_DID, '--json');
      assert.equal(code, 0, stderr);
      const answer = JSON.parse(stdout) as ApplyAnswer;
      assert.ok(answer.type === 'applied' && answer.confirmBy !== undefined);
      assert.deepEqual(
        answer.changes.map(({ section, id, kind, reach }) => ({ section, id, kind, reach })),
        [{ section: 'dids', id: '+12145550200', kind: 'changed', reach: 'directory' }],
      );
      assert.equal(await ringsFor('2145550200'), '203');
      const confirmed = await command('confirm', '--json');
      assert.equal(confirmed.code, 0, confirmed.stderr);
      assert.deepEqual(JSON.parse(confirmed.stdout), { type: 'kept' });
    });
    assert.deepEqual(JSON.parse(box.read()).dids, NEW_DID.dids);
    assert.equal((await box.status()).confirmBy, undefined);
  });

  test('a configuration that fails is refused whole, with all its problems, and nothing of it is in force', async () => {
    const revision = (await box.status()).directoryRevision;
    const kept = box.read();
    await unnoticed(async () => {
      const { code, stdout } = await apply(
        {
          dids: [{ number: '+12145550200', to: { user: '201' } }],
          routes: [{ id: 'everywhere', prefixes: ['+'], gateways: ['nowhere'] }],
          limits: { calls: 0 },
        },
        '--json',
      );
      assert.equal(code, 1);
      const answer = JSON.parse(stdout) as ApplyAnswer;
      assert.ok(answer.type === 'refused');
      for (const section of ['limits.calls', 'routes']) {
        assert.ok(
          answer.problems.some(({ path }) => path.startsWith(section)),
          stdout,
        );
      }
      for (const { path, what, mend } of answer.problems) assert.ok(path !== '' && what !== '' && mend !== '');
      const unreadable = await apply('site: [\n');
      assert.equal(unreadable.code, 1);
      assert.notEqual(unreadable.stderr, '');
      assert.equal(await ringsFor('2145550200'), '203');
    });
    assert.equal((await box.status()).directoryRevision, revision);
    assert.equal(box.read(), kept);
  });

  test('without a confirmation the old configuration comes back by itself', async () => {
    const before = box.read();
    const { directoryRevision } = await box.status();
    await unnoticed(async () => {
      const { code, stderr } = await apply(
        { dids: [{ number: '+12145550200', to: { user: '202' } }] },
        '--confirm-within',
        String(CONFIRM),
      );
      assert.equal(code, 0, stderr);
      assert.equal(await ringsFor('2145550200'), '202');
      const meanwhile = await apply({ dids: [] }, '--json');
      assert.equal(meanwhile.code, 1, 'another change while this one waits');
      await box.until(
        'the old numbers are back',
        async () => (await box.status()).directoryRevision === directoryRevision,
        2 * CONFIRM,
      );
      assert.equal(await ringsFor('2145550200'), '203');
    });
    assert.equal(box.read(), before);
    assert.equal((await command('confirm')).code, 1);
  });

  test('a changed route takes the next call elsewhere, kept at once when no confirmation is wanted', async () => {
    const setups = libpri.count('setup');
    await unnoticed(async () => {
      const full = await phone('202').call('9725551234');
      assert.equal((await full.ended).cause, 34, 'all channels of the old way are taken');
      const { code, stdout, stderr } = await apply(NEW_ROUTE, '--confirm-within', '0', '--json');
      assert.equal(code, 0, stderr);
      assert.equal((JSON.parse(stdout) as { confirmBy?: string }).confirmBy, undefined);
      const call = await phone('202').call('9725551234');
      assert.equal(await call.answered, true);
      await call.hangUp();
    });
    assert.equal(libpri.count('setup'), setups + 1);
    assert.equal((await libpri.waitFor('setup')).called, '9725551234');
  });

  test('another realm and other limits of the registrar hold from the next REGISTER on', async () => {
    const realm = 'other.example';
    await unnoticed(async () => {
      const sip = { ...JSON.parse(box.read()).sip, realm, registrar: { expires: 120, maximum: 120 } };
      const { code, stderr } = await apply({ sip }, '--confirm-within', '0');
      assert.equal(code, 0, stderr);
      assert.equal(await phone('203').register(600), 200);
      const [registration] = (await box.status()).registrations.filter(({ user }) => user.includes('203'));
      const left = Date.parse(registration?.contacts[0]?.expiresAt ?? '') - Date.now();
      assert.ok(left > 0 && left <= 120_000, `granted ${left} ms`);
    });
  });

  test('what needs a restart is refused by name, and what comes with it stays as it was', async () => {
    await unnoticed(async () => {
      const { code, stdout } = await apply(
        { dids: [{ number: '+12145550200', to: { user: '201' } }], media: { ports: '62000-62099' } },
        '--json',
      );
      assert.equal(code, 1);
      const answer = JSON.parse(stdout) as ApplyAnswer;
      assert.ok(answer.type === 'refused' && answer.problems.length === 1, stdout);
      assert.match(
        `${answer.problems[0]?.path} ${answer.problems[0]?.what}`,
        /^media takes hold only when the gateway starts/,
      );
      assert.equal(await ringsFor('2145550200'), '203');
    });
  });

  test('abandoning goes back at once, and the same configuration again changes nothing', async () => {
    await unnoticed(async () => {
      assert.equal((await apply({ dids: [{ number: '+12145550200', to: { user: '201' } }] })).code, 0);
      assert.equal(await ringsFor('2145550200'), '201');
      const back = await command('abandon', '--json');
      assert.equal(back.code, 0, back.stderr);
      assert.equal((JSON.parse(back.stdout) as { type: string }).type, 'kept-back');
      assert.equal(await ringsFor('2145550200'), '203');
      const same = await apply(box.read(), '--json');
      assert.deepEqual([same.code, JSON.parse(same.stdout)], [0, { type: 'unchanged' }]);
    });
  });
});
