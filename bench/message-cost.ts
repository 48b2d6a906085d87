/** (e) What a message costs the engine: the events and actions that a chat adds to its history, step by step. */
import type { WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { billableActions } from './billable-actions';
import { customer } from './customers';
import type { Part, Row } from './report';
import { startMeasuredSystem, type System } from './system';

/** Long enough for the chat, short enough to be waited for. */
const SETTINGS = {
  session: { idle_warn_seconds: 10, idle_close_seconds: 15, podium_expiry_seconds: 20 },
};

const { EventType } = temporal.api.enums.v1;
type History = temporal.api.history.v1.IHistoryEvent[];

export const messageCost: Part = {
  letter: 'e',
  title: 'What a message costs the engine',
  async measure() {
    const system = await startMeasuredSystem({ settings: SETTINGS });
    try {
      return {
        table: await followChat(new Chat(system)),
        aims: [],
        notes: [
          'A message that is answered: the signal, an update of search attributes, one local activity that persists what follows from it, and one activity, the reply. ' +
            'Two workflow tasks, one begun by the signal and one by the end of the activity, are three events each and no action.',
          'The first message, besides: the session is opened, and Podium is asked for the contact and told to create it, three activities with a workflow task each; and the timer is set.',
          'A message sets no timer: the one there is looks, when it rings, whether the time has moved (docs/decisions/lazy-alarm.md). The step with the prompt holds its one early ring for the whole chat.',
          "Notes: the small workflows that post a note and close Podium's conversation, which take as long as Podium needs.",
          "Actions are counted by Temporal Cloud's rules. For fairness, which shares Podium's limit among the stores, it may bill more.",
        ],
      };
    } finally {
      await system.stop();
    }
  },
};

async function followChat(chat: Chat): Promise<Row[]> {
  return [
    await chat.step('first message → greeting and first question', () => chat.write('Hello')),
    await chat.step('an answer → next question', () => chat.write('1')),
    await chat.step('an answer → next question', () => chat.write('Jane')),
    await chat.step('last answer → hand-over, note for the agent', () => chat.write('A test drive')),
    await chat.step('a message to the agent → nothing of ours', () => chat.write('Are you there?')),
    await chat.step('an agent replies → nothing of ours', () => chat.replyAsAgent('Yes!')),
    await chat.step('20 min without a word → prompt', () => chat.prompted()),
    await chat.step('28 min → note, close', () => chat.closed()),
  ];
}

/** A chat of one customer, and what it has cost so far. */
class Chat {
  private readonly who = customer(0);
  private readonly handle: WorkflowHandle;
  private conversationUid = '';
  private messages = 0;
  private before: Cost = costOf([], []);

  constructor(private readonly system: System) {
    const { phone, locationUid } = this.who;
    this.handle = system.client.workflow.getHandle(system.workflowId(phone, locationUid));
  }

  /** Does something, waits until all that follows from it is done, and tells what it has cost. */
  async step(name: string, act: () => Promise<void>): Promise<Row> {
    await act();
    await this.system.eventually(`the end of the step "${name}"`, () => this.isQuiet());
    const after = await this.cost();
    const added = Object.entries(after).map(([figure, value]) => [figure, value - this.before[figure]!]);
    this.before = after;
    return { step: name, ...(Object.fromEntries(added) as Cost) };
  }

  async write(body: string): Promise<void> {
    const { phone, locationUid: location_uid } = this.who;
    const sent = await this.system.simulator.customerWrites({ phone, location_uid, body });
    this.conversationUid = sent.conversation_uid;
    this.messages += 1;
  }

  async replyAsAgent(body: string): Promise<void> {
    await this.system.simulator.agentWrites({ conversation_uid: this.conversationUid, body });
    this.messages += 1;
  }

  async prompted(): Promise<void> {
    await this.system.eventually('the prompt', async () => (await this.session())?.status === 'warned');
  }

  async closed(): Promise<void> {
    await this.handle.result();
  }

  /** Whether every message was dealt with, and neither the session nor anything beside it has work to do. */
  private async isQuiet(): Promise<boolean> {
    const session = await this.session();
    if (session?.handled !== this.messages) return false;
    const { rowCount: starts } = await this.system.pool.query('select from workflow_starts');
    if (starts! > 0) return false;
    for (const handle of [this.handle, ...(await this.others())]) {
      const { raw, status } = await handle.describe();
      const isIdle = !raw.pendingActivities?.length && !raw.pendingWorkflowTask;
      if (!isIdle || (handle !== this.handle && status.name === 'RUNNING')) return false;
    }
    return true;
  }

  private async session(): Promise<{ status: string; handled: number } | undefined> {
    const { rows } = await this.system.pool.query<{ status: string; handled: number }>(
      'select status, handled_number as handled from sessions where phone_e164 = $1',
      [this.who.phone],
    );
    return rows[0];
  }

  /** The small workflows of this session's notes. */
  private async others(): Promise<WorkflowHandle[]> {
    const { rows } = await this.system.pool.query<{ id: string }>('select id from agent_notes');
    return rows.map(({ id }) => this.system.client.workflow.getHandle(`agent-note:${id}`));
  }

  private async cost(): Promise<Cost> {
    const others = await this.others();
    return costOf(await historyOf(this.handle), await Promise.all(others.map(historyOf)));
  }
}

async function historyOf(handle: WorkflowHandle): Promise<History> {
  return (await handle.fetchHistory()).events ?? [];
}

/** Figures by their names in the table. */
type Cost = Record<string, number>;

function costOf(own: History, others: History[]): Cost {
  const count = (type: temporal.api.enums.v1.EventType) =>
    own.filter(({ eventType }) => eventType === type).length;
  return {
    signals: count(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED),
    tasks: count(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED),
    'local activities': count(EventType.EVENT_TYPE_MARKER_RECORDED),
    activities: count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED),
    attributes: count(EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES),
    timers: count(EventType.EVENT_TYPE_TIMER_STARTED),
    events: own.length,
    actions: billableActions(own),
    "notes' events": others.flat().length,
    "notes' actions": others.reduce((sum, history) => sum + billableActions(history), 0),
  };
}
