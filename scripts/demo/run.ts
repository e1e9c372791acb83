/** The demonstration branch: starts it, says what to register and dial, makes one call through everything, shows its ladder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Box, startBox } from '../../src/main.ts';
import { CARRIER_NUMBERS } from '../../src/span/virtual/carrier-plan.ts';
import { type Demonstration, demonstrate } from './demonstrate.ts';
import { ladder, summary } from './ladder.ts';

const SITE = new URL('./site.yaml', import.meta.url);

/** Until the span's link is up and its channels are restarted. */
const READY_WITHIN = 10_000;

const { values: options } = parseArgs({
  options: {
    config: { type: 'string', default: SITE.pathname },
    dial: { type: 'string', default: '5551004' },
    listen: { type: 'string', default: '2' },
    once: { type: 'boolean', default: false },
  },
});

/** Keeps its state in a folder of its own, so that nothing is left behind. */
async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'branchline-demo-'));
  try {
    const box = await startBox(options.config, { store: { directory: folder }, log: { level: 'warn' } });
    if (!box.ok) {
      for (const problem of box.error) console.error(problem);
      console.error(`These settings are in ${options.config}; --config FILE takes a copy with others.`);
      return 1;
    }
    try {
      return await show(box.value);
    } finally {
      await box.value.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function show(box: Box): Promise<number> {
  const stopped = new Promise<void>((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });
  if (!(await ready(box))) {
    console.error('The demonstration span did not come up.');
    return 1;
  }
  if (!options.once) console.log(introduction(box));
  const call = await oneCall(box);
  console.log(ladderOf(box, call));
  console.log(summary(call));
  if (options.once) return call.answered ? 0 : 1;
  console.log('Ctrl-C ends the demonstration.');
  await stopped;
  return 0;
}

async function ready(box: Box): Promise<boolean> {
  const last = performance.now() + READY_WITHIN;
  while (performance.now() < last) {
    if (box.gateway.spans.unavailable.size === 0) return true;
    await new Promise((again) => setTimeout(again, 50));
  }
  return false;
}

function introduction({ gateway, http }: Box): string {
  const { site } = gateway;
  const places = gateway.transport.listening.map(({ transport, address, port }) => `${address}:${port} (${transport})`);
  return [
    `${site.site.name} is up.`,
    '',
    `  SIP    ${places.join(', ')}`,
    `  HTTP   http://${site.http.address}:${http.port}/api/v1/status`,
    '',
    'Register a phone (domain, user, password):',
    ...site.users.map(
      ({ id, name, password, number }) => `  ${site.site.domain}  ${id}  ${password}  ${name}, ${number}`,
    ),
    '',
    'Dial one of those users, or what the simulated carrier answers to:',
    ...CARRIER_NUMBERS.map(({ number, meaning }) => `  ${number}  ${meaning}`),
    '',
    `One call through everything: a phone → SIP → PRI → carrier, ${options.dial}`,
    '',
  ].join('\n');
}

function oneCall({ gateway }: Box): Promise<Demonstration> {
  const { site } = gateway;
  const [user] = site.users;
  const udp = gateway.transport.listening.find(({ transport }) => transport === 'udp');
  if (user?.password === undefined || udp === undefined)
    throw new Error('the demonstration needs a user and a UDP listener');
  return demonstrate({
    registrar: { address: udp.address, port: udp.port },
    domain: site.site.domain,
    user: user.id,
    password: user.password,
    dial: options.dial,
    listen: Number(options.listen),
  });
}

/** What the phone saw, with the stages and D-channel messages of the same call. */
function ladderOf({ gateway }: Box, call: Demonstration): string {
  const id = gateway.tracer.callOf(call.callId);
  const traced = id === undefined ? [] : gateway.tracer.ladder(id);
  const seen = call.events.filter(({ thread }) => thread === call.callId);
  return ladder(seen, traced, { phone: 'phone', gateway: 'Branchline', carrier: 'carrier' });
}

process.exitCode = await main();
