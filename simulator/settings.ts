import { z } from 'zod';

/** What can be changed while the simulator runs, through `PUT /sim/settings`. */
export const settingsSchema = z.strictObject({
  /** Which of the two contracts is spoken. */
  contract: z.enum(['published', 'skill']),
  /** How many of the webhook deliveries come twice at the same moment, 0 to 1. */
  duplicate_rate: z.number().min(0).max(1),
  /** How many of the events are lost, 0 to 1: no webhook ever hears of them. Of twenty at 0.05, the twentieth. */
  webhook_loss_rate: z.number().min(0).max(1),
  /** In which order conversations and messages are listed; Podium does not say. */
  list_order: z.enum(['newest_first', 'oldest_first', 'none']),
  /** How long an event waits before its first delivery. */
  delivery_delay_ms: z.int().min(0),
  /** Whether a retry is signed as the first attempt was (its time, its secret) or anew; Podium does not say which. */
  retry_stamp: z.enum(['first', 'anew']),
  /** Whether the API tells a webhook's secret; the schema has a field for it, and allows null. */
  webhook_secrets_told: z.boolean(),
  /** How long a created contact cannot be read (published contract: a 202 promises nothing). */
  contact_delay_ms: z.int().min(0),
  /** `GET /v4/contacts?phone=` of the skill contract answers with every contact, as an unknown filter does. */
  contacts_filter_ignored: z.boolean(),
  /** Whether the application may mirror opt-outs; without it they are answered 403. */
  opt_out_whitelisted: z.boolean(),
  /** Calls to `/v4` in 60 s before a 429; null for no limit. */
  ratelimit_per_minute: z.int().min(1).nullable(),
  /** How long the links to files are good. */
  file_link_seconds: z.number().positive(),
  /** Whether the skill contract's events give a link to a file, beside its size; its documents show none. */
  skill_file_links: z.boolean(),
  /** `senderUid` of what the API itself sent, in its echo; null for none. */
  api_sender_uid: z.guid().nullable(),
  /** Whether what the API itself sent comes back as `message.sent`: a webhook need not want that. */
  api_echoes: z.boolean(),
  /** Whether each use of a refresh token makes a new one and ends the old; null for what the contract says. */
  rotate_refresh_tokens: z.boolean().nullable(),
  /** How long an access token lives; null for what the contract says. */
  access_token_seconds: z.number().positive().nullable(),
  /** What the user has granted; a call that needs more is answered 403. */
  granted_scopes: z.array(z.string()),
  /** Whether a token's answer names what was granted; nobody says that Podium's does. */
  scopes_told: z.boolean(),
  /** The user does not agree at `/oauth/authorize`. */
  authorization_denied: z.boolean(),
});

export type Settings = z.infer<typeof settingsSchema>;
export type Contract = Settings['contract'];

export const defaultSettings: Settings = {
  contract: 'published',
  duplicate_rate: 0,
  webhook_loss_rate: 0,
  list_order: 'newest_first',
  delivery_delay_ms: 0,
  retry_stamp: 'first',
  webhook_secrets_told: false,
  contact_delay_ms: 250,
  contacts_filter_ignored: false,
  opt_out_whitelisted: false,
  ratelimit_per_minute: 300,
  file_link_seconds: 7 * 24 * 60 * 60,
  skill_file_links: false,
  // A user's uid as an agent has one, so that a handler which takes every sender for an agent is found out.
  api_sender_uid: 'a9100000-0000-4000-8000-000000000001',
  api_echoes: true,
  rotate_refresh_tokens: null,
  access_token_seconds: null,
  granted_scopes: ['read_messages', 'write_messages', 'read_contacts', 'write_contacts', 'read_locations'],
  scopes_told: false,
  authorization_denied: false,
};
