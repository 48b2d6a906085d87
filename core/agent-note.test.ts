import {
  answersNote,
  closeNote,
  lateMessageNote,
  unclearAnswerNote,
  undeliveredNote,
  type ClosedSession,
} from './agent-note';
import type { Answers, Question } from './session';

const ANSWERS: Answers = [
  { questionId: 'topic', label: 'Topic', value: 'Sales' },
  { questionId: 'name', label: 'Name', value: 'Jane' },
];
const NAME: Question = {
  id: 'name',
  kind: 'name',
  label: 'Name',
  ask: 'Your name?',
  askAgain: 'Name, please?',
};

test('the note of a finished intake lists the answers in order', () => {
  expect(answersNote(ANSWERS)).toBe('The customer has answered all questions.\n\nTopic: Sales\nName: Jane');
});

test('the note of an unclear answer names the question, and what was answered before', () => {
  expect(unclearAnswerNote(NAME, ANSWERS.slice(0, 1))).toMatch(/"Name" .* take over\.\n\nTopic: Sales$/);
  expect(unclearAnswerNote(NAME, [])).toMatch(/take over\.$/);
});

test('the note of an idle close has the answers and the question that is open', () => {
  expect(
    closeNote({ reason: 'idle', answers: ANSWERS, openQuestion: 'E-mail', conversationClosed: true }),
  ).toBe(
    'The chat was closed, since nobody wrote for a while.\n\nTopic: Sales\nName: Jane\n\nNot answered yet: E-mail. The next message goes on from here.',
  );
});

test('a close without answers is one paragraph', () => {
  expect(
    closeNote({ reason: 'opted_out', answers: [], openQuestion: null, conversationClosed: true }),
  ).not.toContain('\n');
});

test('a close that leaves the conversation open says so', () => {
  expect(closeNote({ reason: 'idle', answers: [], openQuestion: null, conversationClosed: false })).toContain(
    'stays open',
  );
});

test('a forced close names who wanted it', () => {
  const close: ClosedSession = {
    reason: 'forced',
    answers: [],
    openQuestion: null,
    conversationClosed: true,
  };
  expect(closeNote({ ...close, actor: 'jane' })).toContain('By: jane.');
  expect(closeNote({ ...close, actor: null })).not.toContain('By:');
});

test('late messages are counted', () => {
  expect(lateMessageNote(1)).toMatch(/^A message of the customer came in late/);
  expect(lateMessageNote(3)).toMatch(/^3 messages of the customer came in late/);
});

test("the note of a text that did not arrive says why, in our words and in Podium's, and what to do", () => {
  expect(undeliveredNote('Attempted to send SMS to a landline.')).toBe(
    'A text to the customer did not arrive: the number is a landline, which takes no texts (Podium: "Attempted to send SMS to a landline."). The virtual assistant texts nothing more in this chat. Please call, or use another way.',
  );
  expect(undeliveredNote(null)).toMatch(/Podium could not deliver it\. .* Please call/);
});
