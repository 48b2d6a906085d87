/**
 * (b) How long a customer waits for the robot, as far as it is up to us: from the webhook's POST to the
 * reply's call at Podium. Against a bare signal and activity of the same engine, by turns.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BARE_QUEUE, BARE_SIGNAL, BARE_WORKFLOW } from './bare';
import { now } from './clock';
import { customer, webchatEvent, type Customer } from './customers';
import { atMost, type Part, type Row, type Size } from './report';
import { firstMessage } from './session-signal';
import { median, percentile } from './statistics';
import { startBeside, startMeasuredSystem, type System } from './system';

const CUSTOMERS: Record<Size, number> = { full: 100, quick: 3 };
/** Customers who are not counted, while everything gets warm. */
const WARM_UP: Record<Size, number> = { full: 20, quick: 1 };
/** Time for a message to be dealt with to its end before the next; nobody looks meanwhile, so nothing is disturbed. */
const PAUSE_MS = 250;
/** The first option of the first question. */
const ANSWER = '1';

/** In ms. Of a customer's first message, which begins a session, and of the next one, which finds it running. */
interface Times {
  bareFirst: number;
  bareNext: number;
  firstAnswered: number;
  firstCall: number;
  firstReply: number;
  nextAnswered: number;
  nextReply: number;
}

export const replyLatency: Part = {
  letter: 'b',
  title: 'From the webhook to the call at Podium, one customer at a time',
  async measure(size) {
    const system = await startMeasuredSystem();
    const bareWorker = await startBeside(system, 'bare-worker');
    try {
      const times: Times[] = [];
      for (let n = 0; n < WARM_UP[size] + CUSTOMERS[size]; n += 1) {
        times.push(await serve(system, customer(n)));
      }
      return report(times.slice(WARM_UP[size]));
    } finally {
      await bareWorker.stop();
      await system.stop();
    }
  },
};

async function serve(system: System, who: Customer): Promise<Times> {
  const bareFirst = await bareRoundTrip(system, false);
  const first = await writeAndWait(system, who, 'Can I book a test drive?');
  const bareNext = await bareRoundTrip(system, true);
  const next = await writeAndWait(system, who, ANSWER);
  return {
    ...{ bareFirst, bareNext },
    ...{ firstAnswered: first.answered, firstCall: first.call, firstReply: first.reply },
    ...{ nextAnswered: next.answered, nextReply: next.reply },
  };
}

/** From the call of the client to the activity. @param isRunning whether the workflow has begun before */
async function bareRoundTrip({ client }: System, isRunning: boolean): Promise<number> {
  const options = { workflowId: `bare:${randomUUID()}`, taskQueue: BARE_QUEUE };
  const messages = [firstMessage()];
  const handle = isRunning ? await client.workflow.start(BARE_WORKFLOW, options) : null;
  await sleep(PAUSE_MS);
  const from = now();
  if (handle) await handle.signal(BARE_SIGNAL, messages);
  else
    await client.workflow.signalWithStart(BARE_WORKFLOW, {
      ...options,
      signal: BARE_SIGNAL,
      signalArgs: [messages],
    });
  const reachedAt = (await client.workflow.result(options.workflowId)) as number;
  await sleep(PAUSE_MS);
  return reachedAt - from;
}

/** Posts a message of a customer, and returns when it was answered and when Podium's API was called. */
async function writeAndWait(system: System, { phone, locationUid }: Customer, body: string) {
  const seen = (await system.simulator.calls()).at(-1)?.n ?? 0;
  await sleep(PAUSE_MS);
  const from = now();
  const { status } = await system.post(webchatEvent({ phone, locationUid }, body));
  const answered = now() - from;
  if (status !== 200) throw new Error(`A webhook was answered ${status}.`);
  await sleep(PAUSE_MS);
  const calls = await system.eventually('the reply', async () => {
    const made = await system.simulator.calls(seen);
    return made.some(isReply) && made;
  });
  return { answered, call: calls[0]!.at - from, reply: calls.find(isReply)!.at - from };
}

function isReply({ method, path }: { method: string; path: string }): boolean {
  return method === 'POST' && path === '/v4/messages';
}

function report(times: Times[]) {
  const row = (what: string, figure: keyof Times, bare?: 'bareFirst' | 'bareNext'): Row => {
    const values = times.map((each) => each[figure]);
    return {
      what,
      'p50 ms': median(values),
      'p99 ms': percentile(values, 0.99),
      'times bare': bare ? ratio(figure, bare) : '',
    };
  };
  const ratio = (figure: keyof Times, bare: 'bareFirst' | 'bareNext') =>
    median(times.map((each) => each[figure] / each[bare]));
  return {
    table: [
      row('bare: signal to a running workflow → activity', 'bareNext'),
      row('next message → webhook answered 200', 'nextAnswered', 'bareNext'),
      row('next message → its reply at Podium', 'nextReply', 'bareNext'),
      row('bare: signalWithStart → activity', 'bareFirst'),
      row('first message → webhook answered 200', 'firstAnswered', 'bareFirst'),
      row('first message → first call at Podium (find the contact)', 'firstCall', 'bareFirst'),
      row('first message → its reply at Podium', 'firstReply', 'bareFirst'),
    ],
    aims: [
      atMost(3, 'next message to its reply, times the bare round trip', ratio('nextReply', 'bareNext')),
      atMost(
        3,
        'first message to the first call, times the bare round trip',
        ratio('firstCall', 'bareFirst'),
      ),
    ],
    notes: [
      'Bare ends where the activity begins: it makes no HTTP call. Ours begins with an HTTP request, is committed to Postgres twice, and ends with an HTTP call.',
      'The first message of a customer takes three calls of Podium, one after the other, each an activity: find the contact, create it, send.',
      "Podium's limit of 300 calls a minute is lifted here: with it, the reply to a busy moment waits for its turn, whoever asks.",
    ],
  };
}
