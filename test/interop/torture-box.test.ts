/**
 * The torture messages of RFC 4475 and RFC 5118 sent to a running box by the kit's own runner, in a network namespace of their own:
 * the runner sees every datagram that the box emits, also those to the odd places that the messages name.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BoxProcess, settingsOf, userOf } from '../support/box-process.ts';
import { Program } from '../support/process.ts';
import { ROOT } from '../support/tree.ts';

const RUNNER = join(ROOT, '../shared/kit/bin/torture-run.py');
const BOX = '10.77.0.1';
const PEER = '10.77.0.2';
const HTTP = 28_096;

const skip = existsSync(RUNNER) ? false : 'the kit of torture messages does not stand beside the tree';

/** What the runner says of a message. `CHECK` and `PASS-liberal`: the RFC leaves it to us. */
interface Judged {
  readonly file: string;
  readonly result: 'PASS' | 'PASS-liberal' | 'CHECK' | 'DROPPED' | 'FAIL' | 'CRASH';
  readonly codes: readonly number[];
}

/** RFC 4475 §3.1.2.3: on a stream the rest of the message may still come, so that there is nothing to answer yet. */
const WAITS_ON_STREAMS = 'rfc4475/clerr.dat';

/** Runs the box and the runner in a namespace with nothing but a loopback; $1: site.yaml, $2: the command, $3: the runner. */
const SCRIPT = `
set -e
ip link set lo up
ip addr add ${BOX}/32 dev lo
ip addr add ${PEER}/32 dev lo
"$2" run -c "$1" &
box=$!
trap 'kill $box; wait $box' EXIT
for i in $(seq 100); do python3 -c 'import urllib.request as r; r.urlopen("http://127.0.0.1:${HTTP}/healthz")' 2>/dev/null && break; sleep 0.2; done
python3 "$3" --gw ${BOX} --src ${PEER} --wait 0.3 $4
`;

for (const transport of ['UDP', 'TCP'] as const) {
  test(`a running box stands every torture message over ${transport}`, { skip }, async (t) => {
    const settings = settingsOf(
      { sip: 5060, http: HTTP, media: '61000-61099' },
      {
        sip: {
          listen: [
            { transport: 'udp', address: BOX, port: 5060 },
            { transport: 'tcp', address: BOX, port: 5060 },
          ],
        },
        media: { address: BOX, ports: '61000-61099' },
        spans: [{ id: 't1', driver: 'virtual', far: { carrier: {} } }],
        spanGroups: [{ id: 'pstn', spans: ['t1'] }],
        users: [userOf('201')],
      },
    );
    const place = new BoxProcess(settings);
    try {
      const flag = transport === 'TCP' ? ['--tcp'] : [];
      const words = ['-n', 'bash', '-c', SCRIPT, 'torture', place.file, `${ROOT}scripts/branchline`, RUNNER, ...flag];
      const { stdout, stderr } = await new Program('unshare', words).finished;
      const lines = stdout.split('\n').filter((line) => line.startsWith('{"file"'));
      const judged = lines.map((line) => JSON.parse(line) as Judged);
      const waits = transport === 'TCP' ? WAITS_ON_STREAMS : undefined;
      const bad = judged.filter(
        ({ file, result }) => result === 'FAIL' || result === 'CRASH' || (result === 'DROPPED' && file !== waits),
      );
      assert.deepEqual(bad, [], stderr);
      assert.equal(judged.length, 61, stdout + stderr);
      assert.doesNotMatch(stdout, /"msg":"fault"/);
      t.diagnostic(`${judged.filter(({ result }) => result === 'PASS').length} of 61 as the manifest says`);
    } finally {
      await place.remove();
    }
  });
}
