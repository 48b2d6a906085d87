/**
 * Sessions on the time-skipping server, with the real workflows, the real activities and the real store;
 * Podium is a fake on the server's clock. One rig a test file, since its clock is one for all.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  DefaultLogger,
  Runtime,
  Worker,
  bundleWorkflowCode,
  makeTelemetryFilterString,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { createOptOutAuditActivities, createOptOutAuditSteps } from '../../activities/opt-out-audit';
import { createPodiumActivities } from '../../activities/podium-activities';
import { createWebhookCheckActivities } from '../../activities/webhook-check';
import {
  createReconciliationActivities,
  createReconciliationSteps,
} from '../../activities/reconciliation-activities';
import { createSessionActivities } from '../../activities/session-activities';
import {
  CLOSE_UPDATE,
  FORCE_CLOSE_SIGNAL,
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
import { provisionTemporal } from '../../embedded/provision/temporal-cli';
import { provisionTimeSkippingServer } from '../../embedded/provision/time-skipping-server';
import { SEARCH_ATTRIBUTES } from '../../core/search-attributes';
import { replaceLocations } from '../../store/locations';
import { traceSinks } from '../../workers/traces';
import { podiumDependencies } from './activity-parts';
import { createTestDatabase, type TestDatabase } from './database';
import { eventually } from './eventually';
import { FakePodium, type PodiumCall, type SentText } from './fake-podium';
import { BAYVIEW, context, NORTHSIDE, workflowIdOf } from './received';
import { shippedWords } from './shipped-words';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

/** Where Podium would reach us. */
export const PUBLIC_URL = 'https://webchat.example.com';

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

/** Of Temporal's `IndexedValueType`. */
const INDEXED = { Keyword: 2, Datetime: 6 };

/** Only what is wrong: a run would print thousands of lines else. */
const logger = new DefaultLogger('ERROR');
Runtime.install({
  logger,
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
});

/** Less than the hooks of a test file have. */
const START_PATIENCE_MS = 150_000;

/** Java then starts in half the time: its second compiler would pay for itself after minutes only. */
process.env['JDK_JAVA_OPTIONS'] = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto';

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows as a worker bundles them; once a test file. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  return (bundle ??= bundleWorkflowCode({
    workflowsPath: require.resolve('../../workflows/index'),
    workflowInterceptorModules: [require.resolve('../../workflows/trace')],
    payloadConverterPath: require.resolve('../../core/payload-converter'),
    logger,
  }));
}

export class SessionRig {
  private constructor(
    readonly env: TestWorkflowEnvironment,
    readonly database: TestDatabase,
    readonly podium: FakePodium,
    private stopWorkers: () => Promise<void>,
  ) {}

  /** On the time-skipping server, or on another one. */
  static async start(server: Promise<TestWorkflowEnvironment> = timeSkippingServer()): Promise<SessionRig> {
    const env = await server;
    const database = await createTestDatabase();
    const podium = new FakePodium(() => env.currentTimeMs());
    podium.locations = [NORTHSIDE, BAYVIEW].map((uid) => ({
      ...{ uid, name: 'Northside Motors', country: 'AU', archived: false, organizationUid: null },
    }));
    await replaceLocations(database.pool, podium.locations, new Date());
    const stopWorkers = await startWorkers(env, database, podium);
    return new SessionRig(env, database, podium, stopWorkers);
  }

  async stop(): Promise<void> {
    await this.stopWorkers();
    await this.database.drop();
    await this.env.teardown();
  }

  /** Does something while no worker runs. */
  async withoutWorkers(work: () => Promise<unknown>): Promise<void> {
    await this.stopWorkers();
    try {
      await work();
    } finally {
      this.stopWorkers = await startWorkers(this.env, this.database, this.podium);
    }
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

  /** What the customer got from this store. */
  get sent(): SentText[] {
    const { phone, locationUid } = this.input;
    return this.rig.podium.texts.filter((text) => text.phone === phone && text.locationUid === locationUid);
  }

  get texts(): string[] {
    return this.sent.map(({ body }) => body);
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

  /** Podium tells that a text of ours did not arrive: the last one, unless another time is given. */
  fails(reason: string, sentAt = this.sent.at(-1)?.at): Promise<number> {
    return this.says(reason, { from: 'delivery', webchat: false, ...(sentAt && { at: sentAt }) });
  }

  /** With a time of Podium's, which is not that of our receipt: one without it is compared with the machine's clock. */
  async message(text: string, options: Partial<SessionMessage> = {}): Promise<SessionMessage> {
    const at = await this.rig.now();
    return {
      ...{ number: (this.number += 1), from: 'customer', text, at, receivedAt: at + 1, webchat: true },
      ...{ conversationUid: this.conversationUid, name: null, attachments: 0 },
      ...options,
    };
  }

  /** As receiver and relay do it. */
  async deliver(messages: SessionMessage[]): Promise<void> {
    const { phone, locationUid } = this.input;
    await this.rig.database.pool.query(
      `insert into sessions (workflow_id, phone_e164, location_uid, status) values ($1, $2, $3, 'active')
       on conflict do nothing`,
      [this.workflowId, phone, locationUid],
    );
    await this.rig.database.pool.query(
      `update sessions set
         status = case when begins then 'active' else status end,
         session_uid = case when begins then gen_random_uuid() else session_uid end,
         last_number = greatest(last_number, $2)
       from (select status = 'closed' and handled_number < $2 as begins from sessions where workflow_id = $1) as now
       where workflow_id = $1`,
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

  /** A signal whose input was written by other means than an SDK's. */
  async rawSignal(signalName: string, encoding: string, data: string): Promise<void> {
    const { workflowService, options } = this.rig.env.client;
    await workflowService.signalWorkflowExecution({
      namespace: options.namespace,
      workflowExecution: { workflowId: this.workflowId },
      signalName,
      input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }] },
    });
  }

  close(input: unknown): Promise<SessionView> {
    return this.handle.executeUpdate<SessionView, [unknown]>(CLOSE_UPDATE, { args: [input] });
  }

  view(): Promise<SessionView> {
    return this.handle.query<SessionView>(SESSION_QUERY);
  }

  /**
   * Waits for texts to arrive, and for their activities to be over; the clock does not jump meanwhile. The
   * time-skipping server, unlike a true one, is stuck for good when a workflow gives up an activity that has just
   * ended (`ACTIVITY_UNKNOWN`), as it would where something follows at once that makes the text pointless.
   */
  async hears(count: number): Promise<string[]> {
    await eventually(`text ${count} to the customer`, () => this.texts.length >= count);
    await eventually('the end of its activity', async () => {
      const { raw, status } = await this.handle.describe();
      return status.name !== 'RUNNING' || !raw.pendingActivities?.length;
    });
    return this.texts;
  }

  /** Waits until the workflow has ended; the clock does not jump meanwhile. */
  async ends(): Promise<void> {
    await eventually('the end of the workflow', async () => {
      return (await this.handle.describe()).status.name === 'COMPLETED';
    });
  }

  /** Ends the session by force, unless it has ended. A history that stops within a task is none that could be replayed. */
  async finish(): Promise<void> {
    await this.signal(FORCE_CLOSE_SIGNAL, { actor: 'test', reason: 'over' }).catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
    await this.ends();
  }

  /** The session's row. */
  async row(): Promise<{ status: string; close_reason: string | null; handled_number: number } | undefined> {
    const { rows } = await this.rig.database.pool.query(
      'select status, close_reason, handled_number from sessions where workflow_id = $1',
      [this.workflowId],
    );
    return rows[0];
  }

  /** Waits until the message with this number was dealt with. */
  async dealsWith(number: number): Promise<void> {
    await eventually(`message ${number} being dealt with`, async () => {
      return (await this.row())?.handled_number === number;
    });
  }

  /** How often a text to this customer was tried. */
  get tries(): number {
    const isOurs = ({ args }: PodiumCall) => (args[0] as { phone?: string })?.phone === this.input.phone;
    return this.rig.podium.calls.filter((call) => call.method === 'sendMessage' && isOurs(call)).length;
  }

  /** Waits until a text to this customer was tried; once more, where so many attempts are known. */
  async isTried(known = 0): Promise<void> {
    await eventually('an attempt to text', () => this.tries > known);
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

async function timeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const path = await provisionTimeSkippingServer();
  const env = await started(() =>
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } }),
  );
  const types = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, INDEXED[type]]);
  await env.connection.operatorService.addSearchAttributes({ searchAttributes: Object.fromEntries(types) });
  return env;
}

/** Temporal's dev server: a true one, whose clock is the machine's. */
export async function devServer(dynamicConfig: string[]): Promise<TestWorkflowEnvironment> {
  const path = await provisionTemporal();
  const attributes = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `${name}=${type}`);
  const extraArgs = [
    ...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]),
    ...attributes.flatMap((attribute) => ['--search-attribute', attribute]),
  ];
  return started(() =>
    TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path }, extraArgs },
    }),
  );
}

/** The SDK gives a server 5 s to start and cannot be told otherwise, which a busy machine may not keep. */
function started(start: () => Promise<TestWorkflowEnvironment>): Promise<TestWorkflowEnvironment> {
  return eventually('a Temporal server', start, START_PATIENCE_MS);
}

async function startWorkers(
  env: TestWorkflowEnvironment,
  { pool }: TestDatabase,
  podium: FakePodium,
): Promise<() => Promise<void>> {
  const connection = env.nativeConnection;
  const deps = {
    ...podiumDependencies(pool, podium),
    webhookRules: { publicUrl: PUBLIC_URL, secretMaxAgeDays: 90 },
  };
  const reconciliation = {
    ...{ pool, podium, context, wordsFor: shippedWords, countryOverrides: {} },
    rules: { graceMs: 0, overlapMs: MINUTE, firstLookMs: 10 * MINUTE, longestMs: 14_400 * MINUTE },
  };
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: SESSION_QUEUE,
      workflowBundle: await workflowBundle(),
      sinks: traceSinks,
      activities: {
        ...createSessionActivities({ ...deps, answersWaitDays: 30 }),
        ...createReconciliationSteps(reconciliation),
        ...createOptOutAuditSteps(deps),
      },
    }),
    Worker.create({
      connection,
      taskQueue: PODIUM_QUEUE,
      activities: {
        ...createPodiumActivities(deps),
        ...createReconciliationActivities(reconciliation),
        ...createWebhookCheckActivities(deps),
        ...createOptOutAuditActivities(deps),
      },
    }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    workers.forEach((worker) => worker.shutdown());
    await running;
  };
}
