/**
 * Texts that no session sends: the answer to HELP and the confirmation of an opt-out. Each is written by the
 * transaction that wants it, once, and sent by a workflow of its own, which carries the row's id only. The door
 * decides as about any send.
 */
import { randomUUID } from 'node:crypto';
import type { Pool, Queryable } from './database';
import { delayMirror } from './opt-out-mirrors';
import { PERMIT_MS, permitSend } from './opt-out-permits';
import { storable } from './text';
import { wantWorkflows } from './workflow-starts';

export interface OwnText {
  /** UUID, the send's as well. */
  id: string;
  phone: string;
  locationUid: string;
  purpose: 'help' | 'opt_out_confirmation';
  body: string;
  conversationUid: string | null;
  wantedAt: Date;
}

interface Wanted {
  phone: string;
  locationUid: string;
  /** `{location}` is replaced by the location's name. */
  body: string;
}

/** HELP is answered once a phone and day, whichever store it is asked at. @param goodUntil who asks gets no answer later */
export async function wantHelp(
  client: Queryable,
  { askedAt, ...wanted }: Wanted & { askedAt: Date; goodUntil: Date },
): Promise<void> {
  await wantText(client, wanted, 'help', `help:${wanted.phone}:${askedAt.toISOString().slice(0, 10)}`);
}

/**
 * Podium is told of the opt-out a little later then: it would not deliver the text else.
 * @param wanted with the entry and the version that the opt-out has made: the permit ends with an opt-in
 */
export async function wantConfirmation(
  client: Queryable,
  wanted: Wanted & { historyId: number; version: number; optedOutAt: Date },
): Promise<void> {
  const { phone, historyId, version, optedOutAt } = wanted;
  const goodUntil = new Date(optedOutAt.getTime() + PERMIT_MS);
  const onceKey = `opt_out:${phone}:${version}`;
  const id = await wantText(client, { ...wanted, goodUntil }, 'opt_out_confirmation', onceKey);
  if (id === null) return;
  await permitSend(client, { sendId: id, phone, version, optedOutAt });
  await delayMirror(client, historyId);
}

/** @returns the row's id; null when it is there already, or would come too late */
async function wantText(
  client: Queryable,
  { phone, locationUid, body, goodUntil }: Wanted & { goodUntil: Date },
  purpose: OwnText['purpose'],
  onceKey: string,
): Promise<string | null> {
  const id = randomUUID();
  const { rowCount } = await client.query(
    `insert into own_texts (id, once_key, phone_e164, location_uid, purpose, body, good_until, created_at)
     select $1, $2, $3, $4, $5, replace($6, '{location}', coalesce((select name from locations where uid = $4), '')), $7,
            clock_timestamp()
      where $7 > clock_timestamp()
     on conflict (once_key) do nothing`,
    [id, onceKey, phone, locationUid, purpose, storable(body), goodUntil],
  );
  if (rowCount === 0) return null;
  const args: [{ textId: string; locationUid: string }] = [{ textId: id, locationUid }];
  await wantWorkflows(client, [{ workflowType: 'ownText', workflowId: `own-text:${id}`, args }]);
  return id;
}

/** The text with this id; null once it is deleted, or it is too late for it. */
export async function ownText(pool: Pool, id: string): Promise<OwnText | null> {
  const { rows } = await pool.query<OwnText>(
    `select t.id, t.phone_e164 as phone, t.location_uid as "locationUid", t.purpose, t.body,
            s.conversation_uid as "conversationUid", t.created_at as "wantedAt"
       from own_texts t
       left join sessions s on s.phone_e164 = t.phone_e164 and s.location_uid = t.location_uid
      where t.id = $1 and t.good_until > clock_timestamp()`,
    [id],
  );
  return rows[0] ?? null;
}
