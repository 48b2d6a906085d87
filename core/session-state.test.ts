import type { SessionMessage, SessionPolicy } from './session';
import { deadlines, newState, receive, waitsForPerson, type SessionState } from './session-state';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const policy = { idleWarnSeconds: 1200, idleCloseSeconds: 1680 } as SessionPolicy;

function message(number: number, at: number, receivedAt = at): SessionMessage {
  return {
    ...{ number, from: 'customer', text: 'Hi', at, receivedAt, webchat: true },
    ...{ conversationUid: null, name: null, attachments: 0 },
  };
}

it('a message that was on its way while the prompt went out begins an idle time of its own', () => {
  const state = newState(0);
  receive(state, [message(1, 0)], policy, 0);
  state.prompted = true;
  const now = 20 * MINUTE + 5 * SECOND;
  receive(state, [message(2, 10 * SECOND), message(3, 12 * SECOND)], policy, now);
  expect(state.prompted).toBe(false);
  expect(deadlines(state, policy)).toEqual({ promptAt: now + 20 * MINUTE, closeAt: now + 28 * MINUTE });
});

it('a message before the prompt counts from when it was written', () => {
  const state = newState(0);
  receive(state, [message(1, 0)], policy, 0);
  receive(state, [message(2, 5 * MINUTE)], policy, 6 * MINUTE);
  expect(deadlines(state, policy).promptAt).toBe(25 * MINUTE);
});

const withIntake = (
  stage: SessionState['intake']['stage'],
  more: Partial<SessionState> = {},
): SessionState => {
  const state: SessionState = { ...newState(0), lastSpeaker: 'customer', ...more };
  return { ...state, intake: { ...state.intake, stage } };
};

it.each([
  ['once the robot has handed over', withIntake('over'), true],
  ['while a message was too late for an answer of the robot', withIntake('asking', { late: true }), true],
  ['not once that person has written', withIntake('over', { lastSpeaker: 'agent' }), false],
  ['not before anybody has written', withIntake('new', { lastSpeaker: null }), false],
  ['as before, while the robot asks', withIntake('asking'), null],
])('a person is waited for %s', (_, state, expected) => {
  expect(waitsForPerson(state)).toBe(expected);
});
