import { undeliveredCause } from './undelivered';

test.each([
  ['Attempted to send SMS to a landline.', 'landline'],
  ['Landline or unreachable carrier', 'landline'],
  ['The contact has opted out.', 'opted_out'],
  ['contact_opted_out', 'opted_out'],
  ['Attempt to send to unsubscribed recipient (21610)', 'opted_out'],
  ['The customer has replied with STOP', 'opted_out'],
  ['Error 21610', 'opted_out'],
  ['The number is invalid.', 'no_such_number'],
  ['Unreachable destination handset', 'unreachable'],
  ['Message blocked by the carrier', 'carrier'],
  ['Something went wrong', 'unknown'],
  ['', 'unknown'],
  [null, 'unknown'],
])('%j means %s', (reason, cause) => {
  expect(undeliveredCause(reason)).toBe(cause);
});

test.each(['The contact has not opted out.', 'Please stop by', 'Copted outer', 'Not unsubscribed'])(
  'nobody has opted out by %j',
  (reason) => {
    expect(undeliveredCause(reason)).not.toBe('opted_out');
  },
);
