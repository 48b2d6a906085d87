import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi } from './api/api';
import { addWebhook } from './api/webhooks';
import { createCallLog } from './call-log';
import { createControl } from './control/control';
import { Deliveries } from './delivery';
import { Faults } from './faults';
import { Inbox } from './inbox';
import { reportError } from './log';
import type { Credentials } from './parts';
import { defaultSettings, type Contract } from './settings';
import { readState, StateFile } from './state-file';
import { World } from './world';

/** The webhook of the environment: it belongs to the organization and wants every event. */
const OWN_WEBHOOK_UID = '3b000000-0000-4000-8000-000000000001';

/** As servers in front of an API do it: so that the caller closes idle connections first. */
const IDLE_CONNECTION_MS = 75_000;

export interface SimulatorOptions {
  /** 0 for any free one. */
  port: number;
  contract: Contract;
  credentials: Credentials;
  /** Where events go; none are delivered until there is a webhook. */
  webhook: { url: string; secret: string } | null;
  /** Divides the waits between webhook retries. */
  timeScale: number;
  /** Keeps the world over restarts. */
  stateFile: string | null;
}

export interface Simulator {
  url: string;
  /** Ends it in good order; may be called twice. */
  stop(): Promise<void>;
}

/** Starts a Podium of its own on `127.0.0.1`. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const settings = { ...defaultSettings, contract: options.contract };
  const world = new World(readState(options.stateFile));
  if (options.webhook) setOwnWebhook(world, options.webhook);
  const stateFile = options.stateFile === null ? null : new StateFile(options.stateFile, world);
  const deliveries = new Deliveries(world, settings, options.timeScale);
  const parts = {
    settings,
    world,
    deliveries,
    inbox: new Inbox(world, deliveries, settings),
    calls: createCallLog(),
    faults: new Faults(),
    credentials: options.credentials,
    saveNow: async () => stateFile?.save(),
  };

  const api = createApi(parts).on('error', reportError).callback();
  const control = createControl(parts).on('error', reportError).callback();
  const server = createServer({ keepAliveTimeout: IDLE_CONNECTION_MS }, (request, response) => {
    void (request.url?.startsWith('/sim/') ? control : api)(request, response);
  });
  await listen(server, options.port);
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  deliveries.start();

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    deliveries.stop();
    await close(server);
    await stateFile?.close();
  };
  return {
    url: world.url,
    stop: () => (stopped ??= stop()),
  };
}

/** Its address and secret are those of this start, since ports change; what waits for it stays. */
function setOwnWebhook(world: World, { url, secret }: { url: string; secret: string }): void {
  const known = world.webhooks.get(OWN_WEBHOOK_UID);
  if (known) Object.assign(known, { url, secret });
  else addWebhook(world, { uid: OWN_WEBHOOK_UID, url, secret, locationUid: null });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

/** Ends the streams of `/sim/events` too, which would never end by themselves. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
