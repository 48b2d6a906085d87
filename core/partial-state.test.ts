import { isPartialState } from './partial-state';

const kept = {
  answers: [{ questionId: 'topic', label: 'Topic', value: 'Sales' }],
  waitingFor: 'name',
  askedAgain: false,
};

it('takes what a session keeps', () => {
  expect(isPartialState(kept)).toBe(true);
  expect(isPartialState({ answers: [], waitingFor: null, askedAgain: true })).toBe(true);
});

it.each([
  ['nothing', null],
  ['a list', []],
  ['answers of another shape', { ...kept, answers: { topic: 'Sales' } }],
  ['an answer without its value', { ...kept, answers: [{ questionId: 'topic', label: 'Topic' }] }],
  ['a question that is not named', { ...kept, waitingFor: 3 }],
])('refuses %s', (_, stored) => {
  expect(isPartialState(stored)).toBe(false);
});
