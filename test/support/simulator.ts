import type { Call } from '../../simulator/call-log';
import type { Delivery } from '../../simulator/delivery';
import type { Attempt } from '../../simulator/post';
import { startSimulator as start, type SimulatorOptions } from '../../simulator/simulator';

/** How long `until` waits before it gives up. */
const PATIENCE_MS = 90_000;

export const NORTHSIDE = '9e000000-0000-4000-8000-000000000001';
export const BAYVIEW = '9e000000-0000-4000-8000-000000000002';
export const ARCHIVED = '9e000000-0000-4000-8000-000000000003';
export const NO_COUNTRY = '9e000000-0000-4000-8000-000000000004';

export const credentials = {
  clientId: 'test-client',
  clientSecret: 'test-secret',
  refreshToken: 'test-refresh',
};

export interface SimulatedMessage {
  uid: string;
  from: 'customer' | 'agent' | 'api' | 'podium' | 'import';
  direction: 'inbound' | 'outbound';
  body: string;
  at: string;
  webchat: boolean;
  sender_uid: string | null;
  sender_name: string | null;
  attachments: { content_type: string; size_bytes: number; name: string | null }[];
  failure_reason: string | null;
}

export interface SimulatedConversation {
  uid: string;
  phone: string;
  location_uid: string | null;
  contact_name: string | null;
  closed: boolean;
  messages: SimulatedMessage[];
  notes: { uid: string; body: string; sender_name: string; at: string }[];
}

/** `docs/simulator.md` tells what each does. */
export interface SimulatedFault {
  method?: string;
  path: string;
  asked?: string;
  times?: number;
  status?: number;
  taken?: boolean;
  headers?: Record<string, string>;
  body?: unknown;
  delay_ms?: number;
  drop?: 'before' | 'after' | 'within';
  expire_tokens?: boolean;
}

export interface SimulatedState {
  settings: Record<string, unknown>;
  locations: { uid: string; name: string; country: string | null; archived: boolean }[];
  contacts: {
    uid: string;
    name: string | null;
    phone: string | null;
    location_uids: string[];
    opted_out_at: string | null;
  }[];
  conversations: SimulatedConversation[];
  webhooks: { uid: string; url: string | null; disabled: boolean; waiting: number; failures: number }[];
}

/** A simulator that runs somewhere, with its control API as methods. `docs/simulator.md` tells what they do. */
export class SimulatorHandle {
  constructor(readonly url: string) {}

  customerWrites(message: {
    phone: string;
    location_uid: string | null;
    body: string;
    name?: string;
    webchat?: boolean;
    at?: string;
    attachments?: { content_type: string; size_bytes?: number; data_base64?: string; name?: string }[];
  }): Promise<{ message_uid: string; event_uid: string; conversation_uid: string }> {
    return this.control('POST', '/sim/customer/messages', message);
  }

  agentWrites(message: {
    conversation_uid: string;
    body: string;
    sender_uid?: string | null;
  }): Promise<{ message_uid: string }> {
    return this.control('POST', '/sim/agent/messages', message);
  }

  /** A message that was accepted cannot be delivered. */
  failMessage(uid: string, reason?: string): Promise<void> {
    return this.control('POST', `/sim/messages/${uid}/fail`, { ...(reason !== undefined && { reason }) });
  }

  setOptOut(phone: string, optedOut: boolean): Promise<void> {
    return this.control('POST', '/sim/contacts/opt_out', { phone, opted_out: optedOut });
  }

  /** A contact made inside Podium; a twin, when the phone has one. */
  addContact(contact: {
    phone: string;
    name?: string;
    location_uids?: string[];
  }): Promise<{ contact_uid: string }> {
    return this.control('POST', '/sim/contacts', contact);
  }

  changeContact(uid: string, change: { name?: string; phone?: string }): Promise<void> {
    return this.control('PUT', `/sim/contacts/${uid}`, change);
  }

  mergeContacts(fromUid: string, intoUid: string): Promise<void> {
    return this.control('POST', '/sim/contacts/merge', { from_uid: fromUid, into_uid: intoUid });
  }

  deleteContact(uid: string): Promise<void> {
    return this.control('DELETE', `/sim/contacts/${uid}`);
  }

  putLocation(
    uid: string,
    location: { name?: string; country?: string | null; archived?: boolean },
  ): Promise<void> {
    return this.control('PUT', `/sim/locations/${uid}`, location);
  }

  /** Everything, or what concerns one phone (E.164). */
  state(phone?: string): Promise<SimulatedState> {
    const query = phone === undefined ? '' : `?phone=${encodeURIComponent(phone)}`;
    return this.control('GET', `/sim/state${query}`);
  }

  /** The conversation of a phone (E.164) at a location. */
  async conversation(phone: string, locationUid: string): Promise<SimulatedConversation | undefined> {
    const { conversations } = await this.state(phone);
    return conversations.find(({ location_uid }) => location_uid === locationUid);
  }

  async calls(after = 0): Promise<(Call & { n: number })[]> {
    const { calls } = await this.control<{ calls: (Call & { n: number })[] }>(
      'GET',
      `/sim/calls?after=${after}`,
    );
    return calls;
  }

  forgetCalls(): Promise<void> {
    return this.control('DELETE', '/sim/calls');
  }

  /** Spoils the next `times` calls (1) of this method, path and body. */
  fault(fault: SimulatedFault): Promise<void> {
    return this.control('POST', '/sim/faults', fault);
  }

  clearFaults(): Promise<void> {
    return this.control('DELETE', '/sim/faults');
  }

  async deliveries(after = 0): Promise<(Delivery & { n: number })[]> {
    const path = `/sim/deliveries?after=${after}`;
    const { deliveries } = await this.control<{ deliveries: (Delivery & { n: number })[] }>('GET', path);
    return deliveries;
  }

  async redeliver(eventUid: string, times = 1, parallel = true): Promise<Attempt[]> {
    const path = `/sim/deliveries/${eventUid}/redeliver`;
    const { attempts } = await this.control<{ attempts: Attempt[] }>('POST', path, { times, parallel });
    return attempts;
  }

  /** Signs and posts any bytes to the webhook. `secret: null` leaves the signature out. */
  postRaw(raw: {
    body?: string;
    body_base64?: string;
    contract?: 'published' | 'skill';
    secret?: string | null;
    signed_at?: number;
    headers?: Record<string, string>;
  }): Promise<Attempt> {
    return this.control('POST', '/sim/webhooks/raw', raw);
  }

  /** Enables a webhook, or has it try at once what it waits with. */
  enableWebhook(uid: string): Promise<void> {
    return this.control('POST', `/sim/webhooks/${uid}/enable`);
  }

  /** From now on its queue only fills. */
  disableWebhook(uid: string): Promise<void> {
    return this.control('POST', `/sim/webhooks/${uid}/disable`);
  }

  set(settings: Record<string, unknown>): Promise<void> {
    return this.control('PUT', '/sim/settings', settings);
  }

  /** Ends every access token that was given out. */
  expireTokens(): Promise<void> {
    return this.control('DELETE', '/sim/tokens');
  }

  /** Takes the application's access away, until its user authorizes it anew. */
  revokeAccess(): Promise<void> {
    return this.control('POST', '/sim/tokens/revoke');
  }

  /** How often a token was given, for what, and how often refused. */
  tokens(): Promise<{
    grants: { refresh_token: number; authorization_code: number; refused: number };
    /** How often living ones were ended. */
    expiries: number;
    living: number;
    revoked: boolean;
  }> {
    return this.control('GET', '/sim/tokens');
  }

  /**
   * Looks with `look` until it finds something (not undefined, null or false), again after each change in
   * the simulator. Throws after 90 s, naming what was waited for.
   */
  async until<T>(what: string, look: () => Promise<T>): Promise<Exclude<T, undefined | null | false>> {
    const ended = new AbortController();
    const deadline = setTimeout(() => ended.abort(), PATIENCE_MS);
    try {
      const stream = await fetch(`${this.url}/sim/events`, { signal: ended.signal });
      // The stream's first line comes once it is connected, so nothing falls between two looks.
      for await (const _ of stream.body!) {
        const found = await look();
        if (found !== undefined && found !== null && found !== false) return found as never;
      }
      throw new Error(`The simulator ended while waiting for ${what}`);
    } catch (error) {
      throw ended.signal.aborted ? new Error(`Waited ${PATIENCE_MS} ms in vain for ${what}`) : error;
    } finally {
      clearTimeout(deadline);
      ended.abort();
    }
  }

  private async control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

/** A simulator in this process, on a free port. Whoever starts it stops it. */
export async function startSimulator(
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatorHandle & { stop(): Promise<void> }> {
  const simulator = await start({
    port: 0,
    contract: 'published',
    credentials,
    webhook: null,
    timeScale: 1,
    stateFile: null,
    ...options,
  });
  return Object.assign(new SimulatorHandle(simulator.url), { stop: () => simulator.stop() });
}
