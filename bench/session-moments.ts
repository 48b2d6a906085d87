/** When what happened to each session: read afterwards from Temporal, Postgres and the simulator, which all share one clock. */
import type { temporal } from '@temporalio/proto';
import { severalAtOnce } from './several-at-once';
import type { System } from './system';

const HISTORIES_AT_ONCE = 16;

/** Of one session, ms since 1970; NaN for what did not happen. */
export interface Moments {
  idleSince: number;
  promptDecided: number;
  promptAtPodium: number;
  closed: number;
  closedAtPodium: number;
}

type Calls = Awaited<ReturnType<System['simulator']['calls']>>;

export async function momentsOf(system: System): Promise<Moments[]> {
  const calls = await system.simulator.calls();
  const prompts = promptsAtPodium(calls);
  const closes = closesAtPodium(calls);
  const { rows } = await system.pool.query<{
    workflowId: string;
    phone: string;
    locationUid: string;
    conversationUid: string;
    idleSince: Date;
    closedAt: Date;
  }>(
    `select workflow_id as "workflowId", phone_e164 as phone, location_uid as "locationUid",
            conversation_uid as "conversationUid", last_message_at as "idleSince", closed_at as "closedAt"
       from sessions`,
  );
  const moments: Moments[] = [];
  await severalAtOnce(HISTORIES_AT_ONCE, rows, async (row) => {
    moments.push({
      idleSince: row.idleSince.getTime(),
      promptDecided: await promptDecidedAt(system, row.workflowId),
      promptAtPodium: prompts.get(keyOf(row.phone, row.locationUid)) ?? NaN,
      closed: row.closedAt.getTime(),
      closedAtPodium: closes.get(row.conversationUid) ?? NaN,
    });
  });
  return moments;
}

/** The workflow's second text is the prompt. */
async function promptDecidedAt({ client }: System, workflowId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const texts = (events ?? []).filter(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'sendText',
  );
  return texts[1] ? timeOf(texts[1]) : NaN;
}

function timeOf({ eventTime }: temporal.api.history.v1.IHistoryEvent): number {
  return Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6;
}

/** By phone and location: the second text is the prompt. */
function promptsAtPodium(calls: Calls): Map<string, number> {
  const greeted = new Set<string>();
  const prompts = new Map<string, number>();
  for (const { method, path, body, at } of calls) {
    if (method !== 'POST' || path !== '/v4/messages') continue;
    const { channel, locationUid } = body as { channel: { identifier: string }; locationUid: string };
    const key = keyOf(channel.identifier, locationUid);
    if (greeted.has(key)) prompts.set(key, at);
    greeted.add(key);
  }
  return prompts;
}

function keyOf(phone: string, locationUid: string): string {
  return `${phone} ${locationUid}`;
}

/** By conversation. */
export function closesAtPodium(calls: Calls): Map<string, number> {
  const closes = calls.filter(({ method }) => method === 'PUT');
  return new Map(closes.map(({ path, at }) => [path.split('/').at(-1)!, at]));
}
