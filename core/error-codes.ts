import type { Failure } from './events';

/**
 * Every error code of the product, with its name, what it says and what to do about it.
 * Codes and names are part of the product's outside: they stand in answers, logs, metrics and audit rows.
 * The texts hold no phone number and nothing of a customer's message.
 */
export const ERROR_CODES = {
  ERR_WEBCHAT_001: {
    name: 'invalid_phone_format',
    message: 'The phone number could not be made out.',
    hint: 'Give it in international form, with + and the calling code, or make sure that the location has a country.',
  },
  ERR_WEBCHAT_002: {
    name: 'missing_location_uid',
    message: 'It is not said which location this is for.',
    hint: 'Send the uid of the Podium location. There is no default location.',
  },
  ERR_WEBCHAT_003: {
    name: 'unknown_location_uid',
    message: 'The location is not among those of Podium.',
    hint: 'Check the uid against the list of locations. The list is read anew, and what waits is released when the location turns up.',
  },
  ERR_WEBCHAT_004: {
    name: 'contact_upsert_conflict_unresolved',
    message: 'Podium says that the contact exists, and does not give it.',
    hint: "Look for twins of the contact in Podium's inbox and merge them. The chat itself goes on.",
  },
  ERR_WEBCHAT_005: {
    name: 'attachment_too_large',
    message: 'The attachment is larger than Podium takes.',
    hint: 'Send a file of at most 26,214,400 bytes (25 MiB).',
  },
  ERR_WEBCHAT_006: {
    name: 'session_idle_close',
    message: 'The chat was closed after its idle time.',
    hint: 'Nothing to do: the next message goes on where this one ended.',
  },
  ERR_WEBCHAT_007: {
    name: 'session_idle_warn',
    message: 'The customer was asked whether they are still there.',
    hint: 'Nothing to do.',
  },
  ERR_WEBCHAT_008: {
    name: 'optout_keyword_received',
    message: 'The customer asked for no more messages.',
    hint: 'Nothing to do: nothing is sent to this phone any more.',
  },
  ERR_WEBCHAT_009: {
    name: 'optout_blocked_outbound',
    message: 'A message was held back, since its receiver has opted out.',
    hint: 'Nothing to do. Only a text from the phone itself, or an operator with proof, may undo an opt-out.',
  },
  ERR_WEBCHAT_010: {
    name: 'optout_store_unreachable',
    message: 'Opt-outs could not be read, so nothing was sent.',
    hint: 'Look at the database. Sending goes on by itself once it answers.',
  },
  ERR_WEBCHAT_011: {
    name: 'optout_attempt_after_block_detected',
    message: 'Podium shows a message that a person sent after the customer had opted out.',
    hint: "It did not come from here: somebody wrote it in Podium's inbox, or another program did. Talk to the store, and have Podium hold the opt-out as well (podium-webchat optout check).",
  },
  ERR_WEBCHAT_012: {
    name: 'location_routing_rejection_burst',
    message: 'Many events came for locations that are not served.',
    hint: 'Look which webhook they come through, and whether a store was added, archived or moved in Podium.',
  },
  ERR_WEBCHAT_013: {
    name: 'partial_state_hydration_failure',
    message: 'Earlier answers could not be given back; the chat began afresh.',
    hint: 'Look at the row of the partial answers. The customer is asked again.',
  },
  ERR_WEBCHAT_014: {
    name: 'locations_refresh_stale',
    message: 'The list of locations could not be read for too long.',
    hint: "Look at Podium's state and at the credentials. The list of the last reading is used meanwhile.",
  },
  ERR_WEBCHAT_015: {
    name: 'attachment_type_not_allowed',
    message: 'Files of this type are not taken.',
    hint: 'What a file is, is told by its content and not by its name. attachments.allowed_types in the settings lists what is taken.',
  },
  ERR_WEBCHAT_016: {
    name: 'attachment_link_refused',
    message: 'The link to the file leads where nothing is fetched from.',
    hint: 'Only https links to public addresses are followed. Look at the event: Podium would not send such a link.',
  },
  ERR_WEBCHAT_017: {
    name: 'attachment_link_expired',
    message: 'The file could not be fetched before its link expired.',
    hint: "Look into Podium's inbox for the file. Podium's links are good for 7 days.",
  },
  ERR_WEBCHAT_018: {
    name: 'optout_undecided',
    message: 'A message was held back: its receiver may have asked for no more messages, in other words.',
    hint: 'Read what the customer wrote. Record the opt-out with `podium-webchat optout record`, or let texts go on with `podium-webchat optout dismiss`.',
  },
  ERR_WEBCHAT_020: {
    name: 'robot_paused',
    message: 'A message was held back, since the robot is paused.',
    hint: 'A person of the store answers meanwhile. `podium-webchat robot resume` lets the robot speak again, in chats that begin then.',
  },
  ERR_WEBCHAT_021: {
    name: 'quiet_hours',
    message: 'A prompt was left out, since the store has its quiet hours.',
    hint: 'Nothing to do: whoever writes gets an answer at any hour. quiet_hours in the settings says when no prompts go out.',
  },
  ERR_WEBCHAT_022: {
    name: 'attachment_not_kept',
    message: 'The file was not kept: its upload was over before its message could be taken.',
    hint: 'Ask the customer to send the file once more.',
  },
  ERR_WHK_001: {
    name: 'missing_signature_header',
    message: 'The request carries no signature.',
    hint: 'Send podium-timestamp and podium-signature, or X-Podium-Signature. Give the webhook a secret in Podium: without one nothing is signed.',
  },
  ERR_WHK_002: {
    name: 'signature_mismatch',
    message: 'The signature does not fit the body.',
    hint: 'Check PODIUM_WEBHOOK_SECRETS against the webhook in Podium, and that no proxy changes the body.',
  },
  ERR_WHK_003: {
    name: 'replay_window_exceeded',
    message: "The signature's time is outside of the window.",
    hint: 'Check the clocks of both sides, and webhook.replay_window_seconds and webhook.clock_skew_seconds in the settings.',
  },
  ERR_WHK_004: {
    name: 'body_not_parseable',
    message: 'The body could not be read as an event.',
    hint: "Look at the stored bytes and compare them with Podium's documentation. The event can be replayed after a correction.",
  },
  ERR_WHK_005: {
    name: 'duplicate_event',
    message: 'The event was received before.',
    hint: 'Nothing to do: it took effect the first time.',
  },
  ERR_WHK_007: {
    name: 'dispatch_failed',
    message: 'Temporal refused the message for good.',
    hint: 'Look at the log of the server for its reason, then replay the event.',
  },
  ERR_WHK_011: {
    name: 'body_size_exceeded',
    message: 'The body is larger than 524,288 bytes (512 KiB).',
    hint: 'Nothing of it was kept. Look into Podium for the message itself.',
  },
  ERR_WHK_012: {
    name: 'signature_format_invalid',
    message: 'The signature header could not be read.',
    hint: 'The signature is 64 hexadecimal digits, and the time is a whole number of seconds or milliseconds since 1970.',
  },
  ERR_WHK_013: {
    name: 'message_direction_unclear',
    message: 'A message that reached us by no webhook does not say whether the customer wrote it.',
    hint: "Look at the conversation in Podium's inbox, and answer there if the customer waits.",
  },
  ERR_WHK_014: {
    name: 'set_aside_by_operator',
    message: 'An operator has set the event aside.',
    hint: 'Replay it once its session may have it: podium-webchat events replay <id>.',
  },
} as const satisfies Record<string, { name: string; message: string; hint: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a code is one of the product's own. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

/** The failure of a code; `said` replaces its general words where more is known. */
export function failure(code: ErrorCode, said: { message?: string; hint?: string } = {}): Failure {
  const { message, hint } = ERROR_CODES[code];
  return { code, message, hint, ...said };
}
