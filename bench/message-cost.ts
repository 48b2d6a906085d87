/** (e) What a message costs the engine: the events and actions that a chat adds to its history, step by step. */
import type { WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { billableActions } from './billable-actions';
import { customer } from './customers';
import type { Part, Row } from './report';
import { startMeasuredSystem, type System } from './system';

/** Long enough for the chat, short enough to be waited for. */
const SETTINGS = {
  session: { idle_warn_seconds: 10, idle_close_seconds: 15, podium_expiry_seconds: 20 },
};

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
          'A message of an open session costs one signal, one update of search attributes, one marker of the local activity that persists its effect, and one activity, the reply. ' +
            'A workflow task begins with the signal, one with the end of the activity: three events each.',
          'The timer is set once for an idle time and not anew with each message (docs/decisions/lazy-alarm.md); what only touches Postgres is no activity of the engine (docs/decisions/local-activities.md).',
          "Others: the small workflows that put a note into Podium and close its conversation, which take as long as Podium needs and hold up no customer's session.",
          "Actions are counted by Temporal Cloud's rules; for its priorities and fairness, which order the sends, it may bill more.",
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
  private before: Cost = { events: 0, tasks: 0, actions: 0, otherEvents: 0, otherActions: 0 };

  constructor(private readonly system: System) {
    const { phone, locationUid } = this.who;
    this.handle = system.client.workflow.getHandle(system.workflowId(phone, locationUid));
  }

  /** Does something, waits until all that follows from it is done, and tells what it has cost. */
  async step(name: string, act: () => Promise<void>): Promise<Row> {
    await act();
    await this.system.eventually(`the end of the step "${name}"`, () => this.isQuiet());
    const after = await this.cost();
    const added = (figure: keyof Cost) => after[figure] - this.before[figure];
    const row = {
      step: name,
      events: added('events'),
      'workflow tasks': added('tasks'),
      actions: added('actions'),
      'events of others': added('otherEvents'),
      'actions of others': added('otherActions'),
    };
    this.before = after;
    return row;
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
    const own = await historyOf(this.handle);
    const others = await Promise.all((await this.others()).map(historyOf));
    const tasks = own.filter(({ workflowTaskCompletedEventAttributes: task }) => task);
    return {
      events: own.length,
      tasks: tasks.length,
      actions: billableActions(own),
      otherEvents: others.flat().length,
      otherActions: others.map(billableActions).reduce((sum, actions) => sum + actions, 0),
    };
  }
}

interface Cost {
  events: number;
  tasks: number;
  actions: number;
  otherEvents: number;
  otherActions: number;
}

async function historyOf(handle: WorkflowHandle): Promise<History> {
  return (await handle.fetchHistory()).events ?? [];
}
