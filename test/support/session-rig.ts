/**
 * Sessions on the time-skipping server, with the real workflows, the real activities and the real store;
 * Podium is a fake on the server's clock. One rig a test file, since its clock is one for all.
 */
import { randomUUID } from 'node:crypto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  DefaultLogger,
  Runtime,
  Worker,
  bundleWorkflowCode,
  makeTelemetryFilterString,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { createPodiumActivities } from '../../activities/podium-activities';
import { createSessionActivities } from '../../activities/session-activities';
import {
  CLOSE_UPDATE,
  MESSAGE_SIGNAL,
  PODIUM_QUEUE,
  SESSION_QUERY,
  SESSION_QUEUE,
  WEBCHAT_SESSION,
  type SessionInput,
  type SessionMessage,
  type SessionPolicy,
  type SessionView,
} from '../../core/session';
import { provisionTimeSkippingServer } from '../../embedded/provision/time-skipping-server';
import { replaceLocations } from '../../store/locations';
import { createTestDatabase, type TestDatabase } from './database';
import { FakePodium } from './fake-podium';
import { BAYVIEW, NORTHSIDE, testHash, workflowIdOf } from './received';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

export const POLICY: SessionPolicy = {
  idleWarnSeconds: 1200,
  idleCloseSeconds: 1680,
  replyWithinSeconds: 1800,
  closeWhenStoreOwes: false,
  questions: [
    {
      id: 'topic',
      kind: 'choice',
      ask: 'What is it about?',
      askAgain: 'Just 1 or 2, please?',
      label: 'Topic',
      choices: ['Sales', 'Service'],
    },
    { id: 'name', kind: 'name', ask: 'Your name?', askAgain: 'What may we call you?', label: 'Name' },
  ],
  texts: {
    greeting: 'Hello from {location}.',
    welcomeBack: 'Welcome back.',
    handOver: 'Thank you.',
    handOverUnclear: 'A person will help.',
    promptCustomer: 'Still there?',
    promptStore: 'Not forgotten.',
  },
};

const { KEYWORD, DATETIME } = { KEYWORD: 2, DATETIME: 6 }; // of Temporal's `IndexedValueType`
const SEARCH_ATTRIBUTES = {
  WebchatStatus: KEYWORD,
  WebchatLocation: KEYWORD,
  WebchatLastCustomerMessageAt: DATETIME,
  WebchatCloseReason: KEYWORD,
};

/** Only what is wrong: a run would print thousands of lines else. */
const logger = new DefaultLogger('ERROR');
Runtime.install({
  logger,
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
});

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows as a worker bundles them; once a test file. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  return (bundle ??= bundleWorkflowCode({
    workflowsPath: require.resolve('../../workflows/index'),
    logger,
  }));
}

export class SessionRig {
  private constructor(
    readonly env: TestWorkflowEnvironment,
    readonly database: TestDatabase,
    readonly podium: FakePodium,
    private readonly stopWorkers: () => Promise<void>,
  ) {}

  static async start(env?: TestWorkflowEnvironment): Promise<SessionRig> {
    const server = env ?? (await timeSkippingServer());
    const database = await createTestDatabase();
    const podium = new FakePodium(() => server.currentTimeMs());
    podium.locations = [NORTHSIDE, BAYVIEW].map((uid) => ({
      ...{ uid, name: 'Northside Motors', country: 'AU', archived: false, organizationUid: null },
    }));
    await replaceLocations(database.pool, podium.locations, new Date());
    const stopWorkers = await startWorkers(server, database, podium);
    return new SessionRig(server, database, podium, stopWorkers);
  }

  async stop(): Promise<void> {
    await this.stopWorkers();
    await this.database.drop();
    await this.env.teardown();
  }

  now(): Promise<number> {
    return this.env.currentTimeMs();
  }

  /** Lets the clock jump to a time, in ms since 1970. */
  async until(time: number): Promise<void> {
    const rest = time - (await this.now());
    if (rest > 0) await this.env.sleep(rest);
  }

  /** A customer who has not written yet, with a phone of their own unless one is given. */
  chat(options: Partial<Pick<SessionInput, 'phone' | 'locationUid' | 'policy'>> = {}): Chat {
    return new Chat(this, {
      phone: options.phone ?? `+1415555${String((nextPhone += 1))}`,
      locationUid: options.locationUid ?? NORTHSIDE,
      locationName: 'Northside Motors',
      policy: options.policy ?? POLICY,
    });
  }
}

/** Phones 555-0100 to 555-0199 belong to nobody. */
let nextPhone = 99;

/** One customer at one store, and the relay that numbers what is said. */
export class Chat {
  readonly workflowId: string;
  readonly conversationUid = randomUUID();
  number = 0;

  constructor(
    readonly rig: SessionRig,
    readonly input: SessionInput,
  ) {
    this.workflowId = workflowIdOf(input.phone, input.locationUid);
  }

  get handle() {
    return this.rig.env.client.workflow.getHandle(this.workflowId);
  }

  get texts(): string[] {
    return this.rig.podium.textsTo(this.input.phone).map(({ body }) => body);
  }

  /** The customer says something in the website's chat. @returns when it was said */
  async says(text: string, options: Partial<SessionMessage> = {}): Promise<number> {
    const message = await this.message(text, options);
    await this.deliver([message]);
    return message.at;
  }

  /** A person of the store says something. */
  agentSays(text: string): Promise<number> {
    return this.says(text, { from: 'agent', webchat: false });
  }

  async message(text: string, options: Partial<SessionMessage> = {}): Promise<SessionMessage> {
    const at = await this.rig.now();
    return {
      ...{ number: (this.number += 1), from: 'customer', text, at, receivedAt: at, webchat: true },
      ...{ conversationUid: this.conversationUid, name: null, attachments: 0 },
      ...options,
    };
  }

  /** As receiver and relay do it. */
  async deliver(messages: SessionMessage[]): Promise<void> {
    await this.rig.database.pool.query(
      `update sessions set status = 'active', session_uid = gen_random_uuid()
        where workflow_id = $1 and status = 'closed' and handled_number < $2`,
      [this.workflowId, messages.at(-1)!.number],
    );
    await this.rig.env.client.workflow.signalWithStart(WEBCHAT_SESSION, {
      workflowId: this.workflowId,
      taskQueue: SESSION_QUEUE,
      args: [this.input],
      signal: MESSAGE_SIGNAL,
      signalArgs: [messages],
    });
  }

  signal(name: string, ...args: unknown[]): Promise<void> {
    return this.handle.signal(name, ...args);
  }

  close(input: unknown): Promise<SessionView> {
    return this.handle.executeUpdate<SessionView, [unknown]>(CLOSE_UPDATE, { args: [input] });
  }

  view(): Promise<SessionView> {
    return this.handle.query<SessionView>(SESSION_QUERY);
  }

  /** Waits for texts to arrive; the clock does not jump meanwhile. */
  async hears(count: number): Promise<string[]> {
    await eventually(() => this.texts.length >= count);
    await eventually(
      async () => (await this.view()).waiting_for !== 'a reply of the robot, which is on its way',
    );
    return this.texts;
  }

  /** Waits until the workflow has ended; the clock does not jump meanwhile. */
  async ends(): Promise<void> {
    await eventually(async () => (await this.handle.describe()).status.name === 'COMPLETED');
  }

  /** The session's row. */
  async row(): Promise<{ status: string; close_reason: string | null; handled_number: number }> {
    const { rows } = await this.rig.database.pool.query(
      'select status, close_reason, handled_number from sessions where workflow_id = $1',
      [this.workflowId],
    );
    return rows[0];
  }

  /** Notes for the agent, in order, and whether each closes the conversation. */
  async notes(): Promise<{ body: string; close: boolean }[]> {
    const { rows } = await this.rig.database.pool.query(
      'select body, close from agent_notes where workflow_id = $1 order by created_at',
      [this.workflowId],
    );
    return rows;
  }
}

/** Waits until something has come about; fails after a while. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`In vain waited for: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function timeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const path = await provisionTimeSkippingServer();
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  await env.connection.operatorService.addSearchAttributes({ searchAttributes: SEARCH_ATTRIBUTES });
  return env;
}

async function startWorkers(
  env: TestWorkflowEnvironment,
  { pool }: TestDatabase,
  podium: FakePodium,
): Promise<() => Promise<void>> {
  const connection = env.nativeConnection;
  const deps = { pool, podium, phoneHash: testHash, senderName: 'Robot', conflictRefetchMaxAttempts: 3 };
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: SESSION_QUEUE,
      workflowBundle: await workflowBundle(),
      activities: createSessionActivities(deps),
    }),
    Worker.create({ connection, taskQueue: PODIUM_QUEUE, activities: createPodiumActivities(deps) }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    workers.forEach((worker) => worker.shutdown());
    await running;
  };
}
