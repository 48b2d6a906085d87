import { ERROR_CODES, failure } from './error-codes';

const PROMISED = {
  ERR_WEBCHAT_001: 'invalid_phone_format',
  ERR_WEBCHAT_002: 'missing_location_uid',
  ERR_WEBCHAT_003: 'unknown_location_uid',
  ERR_WEBCHAT_004: 'contact_upsert_conflict_unresolved',
  ERR_WEBCHAT_005: 'attachment_too_large',
  ERR_WEBCHAT_006: 'session_idle_close',
  ERR_WEBCHAT_007: 'session_idle_warn',
  ERR_WEBCHAT_008: 'optout_keyword_received',
  ERR_WEBCHAT_009: 'optout_blocked_outbound',
  ERR_WEBCHAT_010: 'optout_store_unreachable',
  ERR_WEBCHAT_011: 'optout_attempt_after_block_detected',
  ERR_WEBCHAT_012: 'location_routing_rejection_burst',
  ERR_WEBCHAT_013: 'partial_state_hydration_failure',
  ERR_WEBCHAT_014: 'locations_refresh_stale',
  ERR_WHK_001: 'missing_signature_header',
  ERR_WHK_002: 'signature_mismatch',
  ERR_WHK_003: 'replay_window_exceeded',
  ERR_WHK_004: 'body_not_parseable',
  ERR_WHK_005: 'duplicate_event',
  ERR_WHK_007: 'dispatch_failed',
  ERR_WHK_011: 'body_size_exceeded',
  ERR_WHK_012: 'signature_format_invalid',
};

test('every promised code keeps its name', () => {
  const names = Object.fromEntries(Object.entries(ERROR_CODES).map(([code, { name }]) => [code, name]));
  expect(names).toMatchObject(PROMISED);
});

test('every code says what happened and what to do, in sentences', () => {
  for (const { message, hint } of Object.values(ERROR_CODES)) {
    expect(message).toMatch(/^[A-Z].*\.$/);
    expect(hint).toMatch(/^[A-Z].*\.$/);
  }
});

test('a failure says what its code says, unless more is known', () => {
  expect(failure('ERR_WHK_005')).toEqual({ code: 'ERR_WHK_005', ...wordsOf('ERR_WHK_005') });
  expect(failure('ERR_WEBCHAT_003', { message: 'The location is archived.' })).toEqual({
    ...failure('ERR_WEBCHAT_003'),
    message: 'The location is archived.',
  });
});

function wordsOf(code: keyof typeof ERROR_CODES) {
  const { message, hint } = ERROR_CODES[code];
  return { message, hint };
}
