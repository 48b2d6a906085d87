/** What an operator can see of a contact: its mirror, its names, what became of it, and its sessions. */
import { contactHistory, type ContactHistoryChange } from '../store/contact-history';
import { contactOf, namesByStore } from '../store/contacts';
import type { Pool } from '../store/database';
import { sessionsOf } from '../store/sessions';
import { checkOptOut, type OptOutReport } from './opt-outs';

/** Times in ISO form. */
export interface ContactReport {
  name: string | null;
  /** Of Podium's contact; null while it is not known, or when there is none any more. */
  podium_uid: string | null;
  stores: { location_uid: string; name: string | null; gone_at: string | null }[];
  history: {
    change: ContactHistoryChange;
    podium_uid: string | null;
    into_uid: string | null;
    name: string | null;
    location_uid: string | null;
    at: string;
  }[];
  sessions: {
    location_uid: string;
    status: string;
    last_message_at: string | null;
    workflow_id: string;
  }[];
  opt_out: OptOutReport;
}

/** The contact of a phone (E.164); null when nothing is known of it. */
export async function showContact(pool: Pool, phone: string): Promise<ContactReport | null> {
  const [contact, stores, history, sessions, optOut] = await Promise.all([
    contactOf(pool, phone),
    namesByStore(pool, phone),
    contactHistory(pool, phone),
    sessionsOf(pool, phone),
    checkOptOut(pool, phone),
  ]);
  if (!contact && sessions.length === 0 && optOut.source === null) return null;
  return {
    name: contact?.name ?? null,
    podium_uid: contact?.podiumUid ?? null,
    stores: stores.map(({ locationUid, name, goneAt }) => ({
      location_uid: locationUid,
      name,
      gone_at: goneAt?.toISOString() ?? null,
    })),
    history: history.map((entry) => ({
      change: entry.change,
      podium_uid: entry.podiumUid,
      into_uid: entry.intoUid,
      name: entry.name,
      location_uid: entry.locationUid,
      at: (entry.at ?? entry.writtenAt).toISOString(),
    })),
    sessions: sessions.map((session) => ({
      location_uid: session.locationUid,
      status: session.status,
      last_message_at: session.lastMessageAt?.toISOString() ?? null,
      workflow_id: session.workflowId,
    })),
    opt_out: optOut,
  };
}
