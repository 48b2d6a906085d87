import { askAgainText, nextQuestion, questionText, readAnswer } from './intake';
import type { Question } from './session';

const TOPIC: Question = {
  id: 'topic',
  kind: 'choice',
  label: 'Topic',
  ask: 'What can we help with?',
  askAgain: 'Just a number, please.',
  choices: ['Sales', 'Service', 'Something else'],
};
const NAME: Question = {
  id: 'name',
  kind: 'name',
  label: 'Name',
  ask: 'Your name?',
  askAgain: 'Name, please?',
};
const EMAIL: Question = { ...NAME, id: 'email', kind: 'email' };
const DETAILS: Question = { ...NAME, id: 'details', kind: 'text' };

test('a choice is put with its options as numbered lines', () => {
  expect(questionText(TOPIC)).toBe('What can we help with?\n1. Sales\n2. Service\n3. Something else');
  expect(askAgainText(TOPIC)).toBe('Just a number, please.\n1. Sales\n2. Service\n3. Something else');
  expect(questionText(NAME)).toBe('Your name?');
});

test('questions come in order, and each until it is answered', () => {
  const answered = { questionId: 'topic', label: 'Topic', value: 'Sales' };
  expect(nextQuestion([TOPIC, NAME], [])).toBe(TOPIC);
  expect(nextQuestion([TOPIC, NAME], [answered])).toBe(NAME);
  expect(nextQuestion([TOPIC], [answered])).toBeNull();
  expect(nextQuestion([], [])).toBeNull();
});

test.each([
  '2',
  ' 2 ',
  '2.',
  '2)',
  '(2)',
  '#2',
  '"2"',
  '2️⃣',
  '２',
  'service',
  'SERVICE!',
  '2. Service',
  '2 - service',
])('%j chooses the second option', (text) => {
  expect(readAnswer(TOPIC, text)).toBe('Service');
});

test.each([
  '0',
  '4',
  '22',
  '-',
  '',
  '2nd',
  '1 2',
  '2 of 3',
  '1.5',
  '1 Service',
  'serv',
  'sales or service',
  'no',
])('%j chooses nothing', (text) => {
  expect(readAnswer(TOPIC, text)).toBeNull();
});

test('the words of an option go before the number of another', () => {
  const seats: Question = { ...TOPIC, choices: ['2', '1'] };
  expect(readAnswer(seats, '2')).toBe('2');
});

test.each([
  ['Jane', 'Jane'],
  ['  Jane \n Citizen ', 'Jane Citizen'],
  ["O'Neill-Smith Jr.", "O'Neill-Smith Jr."],
  ['山田', '山田'],
  ['J\u200Bane', 'Jane'],
  ['x'.repeat(80), 'x'.repeat(80)],
])('%j is a name', (text, name) => {
  expect(readAnswer(NAME, text)).toBe(name);
});

test.each(['', '12', '👋', 'How much is it?', 'jane@example.com', 'x'.repeat(81)])(
  '%j is no name',
  (text) => {
    expect(readAnswer(NAME, text)).toBeNull();
  },
);

test.each([
  'jane@example.com',
  ' Jane@Example.com ',
  'It is jane@example.com.',
  '<jane@example.com>',
  'mailto:jane@example.com',
  'jane@example.com, yes jane@example.com!',
  'jane＠example.com',
])('%j holds an e-mail address', (text) => {
  expect(readAnswer(EMAIL, text)?.toLowerCase()).toBe('jane@example.com');
});

test.each([
  '',
  'jane',
  'jane@',
  '@example.com',
  'jane@example',
  'jane at example.com',
  'a@example.com or b@example.com',
])('%j holds none, or more than one', (text) => {
  expect(readAnswer(EMAIL, text)).toBeNull();
});

test('an e-mail address longer than any can be is none', () => {
  expect(readAnswer(EMAIL, `${'x'.repeat(250)}@example.com`)).toBeNull();
});

test('a text is taken as it was written', () => {
  expect(readAnswer(DETAILS, ' A test drive\non Friday? ')).toBe('A test drive\non Friday?');
  expect(readAnswer(DETAILS, '5')).toBe('5');
});

test.each(['', ' \n', '...', '👍'])('%j says nothing', (text) => {
  expect(readAnswer(DETAILS, text)).toBeNull();
});

test('a very long text is cut between characters', () => {
  expect(readAnswer(DETAILS, `a${'😀'.repeat(3_000)}`)).toBe(`a${'😀'.repeat(1_999)}…`);
});

// With work in the square of the length these take minutes, in a worker that every chat shares.
test.each([
  ['marks heaped on a letter', `a${'\u0301\u0316'.repeat(100_000)}`],
  ['punctuation', `1${'!'.repeat(200_000)}x`],
  ['keys drawn around nothing', `1${'\u20e3'.repeat(200_000)}x`],
  ['a word of dots', `a@b.example${'.'.repeat(200_000)}x`],
  ['a domain without an end', `a@${'b.'.repeat(100_000)}`],
])('%s, as much as an event can hold, answer nothing and hold up nobody', (_, text) => {
  expect(readAnswer(TOPIC, text)).toBeNull();
  expect(readAnswer(EMAIL, text)).toBeNull();
  expect(readAnswer(NAME, text)).toBeNull();
});
