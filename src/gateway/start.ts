import type { Site } from '../config/schema.ts';
import { fail, ok, type Result } from '../kernel/result.ts';
import type { MediaPlane } from '../media/plane.ts';
import { Gateway } from './gateway.ts';
import { Reactor } from './reactor.ts';
import { Supervisor } from './supervise.ts';
import { type Listeners, listenFault, type World } from './world.ts';

/** Why the gateway did not start: in words, with the setting that mends it where one does. */
export type StartProblem = string;

/** Starts everything. On a problem whatever has been started is stopped again. */
export async function startGateway(
  site: Site,
  world: World,
  listeners: Listeners,
): Promise<Result<Gateway, StartProblem>> {
  const directory = await world.directory(site);
  if (!directory.ok) return directory;
  const tls = await world.tls(site);
  if (!tls.ok) return tls;
  const { recordings, faults } = await world.recordings(site);
  // A branch that can't announce something can still call.
  for (const fault of faults) world.log.error({ fault }, 'announcement.not-played');
  const store = await world.openStore(site);
  if (!store.ok) return fail(`store.directory: ${store.error.what}`);
  const supervisor = new Supervisor(world.log);
  const reactor = new Reactor(world.clock, world.alarm, (error) => supervisor.fault('step', 'reactor', error));
  let gateway: Gateway | undefined;
  const hear = (step: (gateway: Gateway) => void): void =>
    reactor.run(() => {
      if (gateway !== undefined) step(gateway);
    });
  const transport = await world.openTransport(
    { listen: site.sip.listen, tls: tls.value },
    {
      message: (octets, flow) => hear(({ edge }) => edge.receive(octets, flow)),
      broken: (octets, status, flow) => hear(({ edge }) => edge.broken(octets, status, flow)),
      closed: (flow) => hear((started) => started.flowClosed(flow)),
    },
  );
  if (!transport.ok) {
    await store.value.close();
    return fail(listenFault(transport.error));
  }
  let media: MediaPlane | undefined;
  try {
    media = await world.startMedia(site, (event) => hear((started) => started.mediaEvent(event)));
    media.recordings(recordings);
    gateway = new Gateway(site, world, listeners, {
      reactor,
      supervisor,
      store: store.value,
      directory: directory.value,
      transport: transport.value,
      media,
      tls: tls.value,
    });
  } catch (error) {
    await media?.stop();
    await transport.value.close();
    reactor.stop();
    await store.value.close();
    return fail(error instanceof Error ? error.message : String(error));
  }
  const begun = await gateway.begin();
  if (begun.ok) return ok(gateway);
  await gateway.stop();
  return begun;
}
