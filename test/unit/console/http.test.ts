import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildApp, startHttp } from '../../../src/console/http.ts';
import { silent } from '../../../src/kernel/log.ts';
import { CALL, controls, HEALTHY, readModel, SPAN, STATUS } from '../../support/box.ts';

const app = (token?: string, model = readModel(), told = controls()) => buildApp(token, model, told, silent);

test('the read models are answered as they are', async () => {
  const box = app();
  const get = async (url: string) => (await box.inject(url)).json();
  assert.deepEqual(await get('/api/v1/status'), JSON.parse(JSON.stringify(STATUS)));
  assert.deepEqual(await get('/api/v1/calls'), JSON.parse(JSON.stringify([CALL])));
  assert.deepEqual(await get('/api/v1/spans'), JSON.parse(JSON.stringify([SPAN])));
  const metrics = await box.inject('/metrics');
  assert.equal(metrics.body, 'branchline_healthy 1\n');
  assert.match(String(metrics.headers['content-type']), /version=0\.0\.4/);
});

test('explain answers where a call would go, and what was decided for one; a bad question is told as such', async () => {
  const asked: unknown[] = [];
  const model = readModel();
  const box = app(
    undefined,
    readModel({
      explain: (question) => {
        asked.push(question);
        return model.explain(question);
      },
    }),
  );
  const status = async (url: string) => (await box.inject(url)).statusCode;
  const good = await box.inject('/api/v1/explain?from=201&dial=%2B12145551234&at=2026-11-21T22:00:00Z&mode=survivable');
  assert.deepEqual(good.json().lines, ['source          user 201', '→ pstn +12145551234']);
  assert.deepEqual(asked, [{ from: '201', dial: '+12145551234', at: Date.UTC(2026, 10, 21, 22), survivable: true }]);
  assert.equal(await status('/api/v1/explain?from=201'), 400);
  assert.equal(await status('/api/v1/explain?from=201&dial=1&mode=odd'), 400);
  assert.equal(await status('/api/v1/explain?from=201&dial=1&at=noon'), 400);
  assert.equal(await status(`/api/v1/explain?from=201&dial=${'1'.repeat(300)}`), 400);
  assert.equal((await box.inject('/api/v1/calls/c1/decision')).json().lines[0], '→ refused no-route 404');
  assert.equal(await status('/api/v1/calls/c2/decision'), 404);
});

test('a span is asked and told by its name, and what it can not do is no success', async () => {
  const told = controls();
  const box = app(undefined, readModel(), told);
  const post = async (url: string) => {
    const { statusCode, body } = await box.inject({ method: 'POST', url });
    return `${statusCode} ${body}`;
  };
  assert.equal((await box.inject('/api/v1/spans/t1/performance')).json().near.past[0].valid, false);
  assert.equal((await box.inject('/api/v1/spans/t2/performance')).statusCode, 404);
  assert.equal((await box.inject('/api/v1/diagnosis')).json()[0].span, 't1');
  assert.equal((await box.inject('/api/v1/diagnosis?span=t2')).statusCode, 404);
  assert.match(await post('/api/v1/spans/t1/service?inService=false'), /^200 .*"draining"/);
  assert.match(await post('/api/v1/spans/t1/service?inService=maybe'), /^400/);
  assert.match(await post('/api/v1/spans/t1/service?inService=true&slots=1-3'), /^400/);
  assert.match(await post('/api/v1/spans/t1/service?inService=true&slots=99'), /^409 .*no such slot/);
  assert.match(await post('/api/v1/spans/t1/service?inService=false&slots=3,4,3'), /^200/);
  assert.match(await post('/api/v1/spans/t2/service?inService=true'), /^404/);
  assert.match(await post('/api/v1/spans/t1/loopback?type=line'), /^200/);
  assert.match(await post('/api/v1/spans/t1/loopback?type=circle'), /^400/);
  assert.match(await post('/api/v1/spans/t1/loopback?type=line&seconds=3601'), /^400/);
  assert.match(await post('/api/v1/spans/t1/loopback?type=payload&seconds=5'), /^409/);
  assert.deepEqual(told.told, [
    'serve all false',
    'serve 99 true',
    'serve 3 4 false',
    'loop line 300',
    'loop payload 5',
  ]);
});

test('a box that cannot carry calls does not say 200', async () => {
  const status = async (verdict: 'ok' | 'degraded' | 'down') =>
    (await app(undefined, readModel({ health: () => ({ ...HEALTHY, verdict }) })).inject('/healthz')).statusCode;
  assert.deepEqual([await status('ok'), await status('degraded'), await status('down')], [200, 200, 503]);
});

test('a configuration goes on as it was sent, whatever the client calls it, with 300 s to confirm', async () => {
  const told = controls();
  const box = app(undefined, readModel(), told);
  for (const type of ['application/json', 'text/plain', 'application/yaml', 'application/x-www-form-urlencoded']) {
    await box.inject({ method: 'POST', url: '/api/v1/config', headers: { 'content-type': type }, payload: 'site: {}' });
  }
  await box.inject({ method: 'POST', url: '/api/v1/config?confirm=0', payload: 'x' });
  assert.deepEqual(told.told, [...Array(4).fill('apply site: {} 300'), 'apply x 0']);
});

test('a refused configuration is no success, and neither is a confirmation of nothing', async () => {
  const problems = [{ path: 'site', what: 'is missing', mend: 'give a block of settings' }];
  const refuse = async () => ({ type: 'refused' as const, problems });
  const box = app(undefined, readModel(), controls({ apply: refuse, confirm: refuse }));
  const applied = await box.inject({ method: 'POST', url: '/api/v1/config', payload: 'x' });
  assert.equal(applied.statusCode, 422);
  assert.deepEqual(applied.json(), { type: 'refused', problems });
  assert.equal((await box.inject({ method: 'POST', url: '/api/v1/config/confirm' })).statusCode, 409);
});

test('nonsense from a client is its fault, not ours: too long a body, no body, a bad time, an unknown path', async () => {
  const told = controls();
  const box = app(undefined, readModel(), told);
  const post = async (url: string, payload?: string) =>
    (await box.inject({ method: 'POST', url, ...(payload === undefined ? {} : { payload }) })).statusCode;
  assert.equal(await post('/api/v1/config', 'x'.repeat(16 * 1024 * 1024 + 1)), 413);
  assert.equal(await post('/api/v1/config'), 400);
  assert.equal(await post('/api/v1/config?confirm=-1', 'x'), 400);
  assert.equal(await post('/api/v1/config?confirm=99999', 'x'), 400);
  assert.equal(await post('/api/v1/nothing', 'x'), 404);
  assert.deepEqual(told.told, []);
});

test('a fault of our own does not show its insides', async () => {
  const broken = () => {
    throw new Error('insides');
  };
  const answer = await app(undefined, readModel({ calls: broken })).inject('/api/v1/calls');
  assert.equal(answer.statusCode, 500);
  assert.doesNotMatch(answer.body, /insides/);
});

test('with a token nobody without it sees or does anything, save for the load balancer', async () => {
  const told = controls();
  const box = app('right', readModel(), told);
  const get = async (url: string, authorization?: string) =>
    (await box.inject({ url, headers: authorization === undefined ? {} : { authorization } })).statusCode;
  assert.equal(await get('/api/v1/status'), 401);
  assert.equal(await get('/api/v1/status', 'Bearer wrong'), 401);
  assert.equal(await get('/metrics'), 401);
  assert.equal(await get('/nothing-here'), 401);
  assert.equal((await box.inject({ method: 'POST', url: '/api/v1/config', payload: 'x' })).statusCode, 401);
  assert.equal(await get('/api/v1/status', 'Bearer right'), 200);
  assert.equal(await get('/healthz'), 200);
  assert.deepEqual(told.told, []);
});

test('a page of another site in a browser on this host changes nothing', async () => {
  const told = controls();
  const box = app(undefined, readModel(), told);
  const from = async (origin: string) =>
    (
      await box.inject({
        method: 'POST',
        url: '/api/v1/config',
        headers: { origin, host: '127.0.0.1:8080' },
        payload: 'x',
      })
    ).statusCode;
  assert.equal(await from('https://evil.example'), 403);
  assert.equal(await from('null'), 403);
  assert.deepEqual(told.told, []);
  assert.equal(await from('http://127.0.0.1:8080'), 200);
});

test('a page whose name was pointed at this host after it was loaded is not answered', async () => {
  const box = app(undefined, readModel(), controls());
  const asked = async (host: string, method: 'GET' | 'POST' = 'GET') =>
    (await box.inject({ method, url: '/api/v1/config/confirm', headers: { host, origin: `http://${host}` } }))
      .statusCode;
  assert.equal(await asked('evil.example:8080'), 403);
  assert.equal(await asked('evil.example:8080', 'POST'), 403);
  for (const host of ['127.0.0.1:8080', '[::1]:8080', 'localhost:8080', 'localhost'])
    assert.equal(await asked(host, 'POST'), 200, host);
});

test('a taken port is told with the setting that mends it', async () => {
  const settings = { address: '127.0.0.1', port: 0, token: undefined };
  const first = await startHttp(settings, readModel(), controls(), silent);
  assert.ok(first.ok);
  const second = await startHttp({ ...settings, port: first.value.port }, readModel(), controls(), silent);
  await first.value.close();
  assert.ok(!second.ok);
  assert.match(second.error, /^http\.port: 127\.0\.0\.1:\d+ is taken/);
});

test('an address of another host is told with the setting that mends it', async () => {
  const foreign = await startHttp({ address: '192.0.2.1', port: 0, token: 'x' }, readModel(), controls(), silent);
  assert.ok(!foreign.ok && /^http\.address: /.test(foreign.error));
});
