import { AUDIT_KINDS } from '../store/audit';
import { entriesInWords } from './audit-words';

const entry = (kind: string, details: object = {}, location: string | null = 'Northside') => ({
  ...{ kind, location, locationUid: 'l1', details: details as Record<string, string> },
});
const words = (...entries: ReturnType<typeof entry>[]) => entriesInWords(entries);
const greeting = { send: 's1', attempt: 1, purpose: 'greeting' };

test.each(AUDIT_KINDS)('%s has words', (kind) => {
  const [sentence] = words(entry(kind, { ...greeting, code: 'ERR_WEBCHAT_009', reason: 'idle' }));
  expect(sentence).toMatch(/^[A-Z][a-z]* [a-z]+ /);
  expect(sentence).not.toContain(kind);
});

test('a kind of a later version is told by its name', () => {
  expect(words(entry('cake_baked'), entry('constructor'))).toEqual([
    'cake_baked at Northside',
    'constructor at Northside',
  ]);
});

test('a greeting that was held back says why, with the code', () => {
  expect(words(entry('send_blocked', { ...greeting, code: 'ERR_WEBCHAT_009' }))).toEqual([
    'A greeting was not sent at Northside: the customer has opted out (ERR_WEBCHAT_009)',
  ]);
});

test('what a send was for is known behind its first entry', () => {
  const later = { send: 's1', attempt: 1 };
  expect(
    words(
      entry('send_intended', greeting),
      entry('send_outcome_unknown', later),
      entry('send_not_found', { ...later, messages: 3 }),
      entry('send_intended', { ...greeting, attempt: 2, earlierAttemptUnknown: true }),
      entry('send_sent', { ...later, by: 'echo' }),
      entry('send_failed', { ...later, cause: 'landline' }),
      entry('send_sent', { send: 'another', attempt: 1 }),
    ),
  ).toEqual([
    'A greeting was about to be sent at Northside: attempt 1',
    "Nobody knows whether a greeting was sent at Northside: Podium's answer did not come",
    'A greeting had not been sent at Northside: it is not among the 3 message(s) of the conversation',
    'A greeting was about to be sent at Northside: attempt 2; of an earlier one nobody knows whether it has left',
    "A greeting was sent at Northside: Podium's event told",
    'A greeting did not arrive at Northside: the number is a landline',
    'A message was sent at Northside',
  ]);
});

test('an opt-out of Podium’s that was in doubt says what came of it', () => {
  expect(
    words(
      entry('opt_out', { source: 'podium', actor: 'podium', rule: null, applied: false, doubtful: true }),
      entry('opt_out_dismissed', { source: 'podium', actor: 'podium', rule: null, applied: false }),
    ),
  ).toEqual([
    'Podium told of an opt-out about the time of the opt-in at Northside: which may be an echo: all texts waited until Podium was asked once more',
    'Podium was asked once more, and holds no opt-out since the opt-in at Northside: so texts go on',
  ]);
});

test('an opt-out says by whom and how, and whether it changed anything', () => {
  expect(
    words(
      entry('opt_out', { source: 'text', actor: 'customer', rule: 'keyword', applied: true }),
      entry('opt_out', { source: 'operator', actor: 'alice', rule: null, applied: false }, null),
      entry('opt_out', { source: 'podium', actor: 'podium', rule: null, applied: true }),
    ),
  ).toEqual([
    'The customer opted out at Northside: by text, rule "keyword"',
    'The customer opted out at l1: through an operator, by alice, as declared, which changed nothing',
    'The customer opted out at Northside: at Podium',
  ]);
});

test('a refusal is told in our words where the code is ours, and as Podium says it where it is not', () => {
  expect(
    words(
      entry('send_refused', { ...greeting, code: 'ERR_WEBCHAT_003' }),
      entry('send_refused', { ...greeting, code: 'invalid_phone_format' }),
      entry('file_refused', { code: 'ERR_WEBCHAT_005' }),
    ),
  ).toEqual([
    'A greeting was refused for good at Northside: the location is not among those of Podium (ERR_WEBCHAT_003)',
    'A greeting was refused for good at Northside: Podium says invalid_phone_format',
    'A file was not taken at Northside: the attachment is larger than Podium takes (ERR_WEBCHAT_005)',
  ]);
});
