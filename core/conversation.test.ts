import { partialState, promptText, takeInbox } from './conversation';
import type { PartialState, SessionMessage, SessionPolicy } from './session';
import {
  begin,
  newState,
  noteAsked,
  nextWord,
  promptWanted,
  receive,
  sessionView,
  waitsForPerson,
  wishClose,
  type SessionState,
} from './session-state';

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;
const POLICY: SessionPolicy = {
  idleWarnSeconds: 1200,
  idleCloseSeconds: 1680,
  replyWithinSeconds: 1800,
  closeWhenStoreOwes: false,
  questions: [
    {
      id: 'topic',
      kind: 'choice',
      ask: 'What?',
      askAgain: '1 or 2?',
      label: 'Topic',
      choices: ['Sales', 'Parts'],
    },
    { id: 'name', kind: 'name', ask: 'Who?', askAgain: 'Name?', label: 'Name' },
  ],
  texts: {
    greeting: 'Hello from {location}.',
    welcomeBack: 'Welcome back.',
    handOver: 'Thanks. You said:\n{answers}',
    handOverUnclear: 'A person will help.',
    promptCustomer: 'Still there? {question}',
    promptStore: 'Not forgotten.',
  },
};
const SESSION = { locationName: 'Northside', policy: POLICY };
const CUSTOMER = { phone: '+61412345678', locationUid: 'here', policy: POLICY };

let number = 0;
beforeEach(() => (number = 0));

function message(text: string, options: Partial<SessionMessage> = {}): SessionMessage {
  return {
    ...{ number: (number += 1), from: 'customer', text, at: NOW, receivedAt: NOW, webchat: true },
    ...{ conversationUid: null, name: null, attachments: 0 },
    ...options,
  };
}

function opened(restored: PartialState | null = null): SessionState {
  const known = { sessionUid: 'uid', handledNumber: 0, undealt: [], optedOut: false, contactKnown: true };
  return begin(newState(NOW), { ...known, restored }, POLICY, NOW);
}

/** Deals with messages that come together, and lets the reply go out. */
function hear(state: SessionState, messages: SessionMessage[], now = NOW) {
  receive(state, messages, POLICY, now);
  const step = takeInbox(state, SESSION, now);
  if (step.reply && state.intake.waitingFor) state.intake.askedAt = now;
  return { reply: step.reply?.text ?? null, notes: step.notes.map(({ name }) => name) };
}

const later = (text: string, options: Partial<SessionMessage> = {}) =>
  message(text, { at: NOW + 1_000, receivedAt: NOW + 1_000, ...options });

describe('the first reply', () => {
  it('is the greeting and the first question in one', () => {
    expect(hear(opened(), [message('Hi')])).toEqual({
      reply: 'Hello from Northside.\nWhat?\n1. Sales\n2. Parts',
      notes: [],
    });
  });

  it('takes no answer from what was written before the question went out', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [message('1'), message('2')]).reply).toBeNull();
    expect(state.intake).toMatchObject({ answers: [], waitingFor: 'topic', askedAgain: false });
  });
});

describe('an answer', () => {
  it('is the first message that fits, whatever came before it', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('hmm'), later('2'), later('1')]).reply).toBe('Who?');
    expect(state.intake.answers).toEqual([{ questionId: 'topic', label: 'Topic', value: 'Parts' }]);
  });

  it('is asked for once more after a batch of wrong ones, and then handed over with a note', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('hmm'), later('well')]).reply).toBe('1 or 2?\n1. Sales\n2. Parts');
    expect(hear(state, [later('hmm')])).toEqual({ reply: 'A person will help.', notes: ['unclear:4'] });
    expect(hear(state, [later('1')]).reply).toBeNull();
  });

  it('is not looked for in a message without a word', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('', { attachments: 1 })]).reply).toBeNull();
    expect(state.intake.askedAgain).toBe(false);
  });

  it('with braces in it stays as it is in our own texts', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    hear(state, [later('1')]);
    expect(hear(state, [later('Jane {location}')])).toEqual({
      reply: 'Thanks. You said:\nTopic: Sales\nName: Jane {location}',
      notes: ['answers:3'],
    });
    expect(partialState(state, POLICY)).toBeNull();
  });
});

describe('a late message', () => {
  const old = { at: NOW - 31 * MINUTE };

  it('gets no reply but a note, and the greeting is kept for the next one', () => {
    const state = opened();
    expect(hear(state, [message('Hi', old)])).toEqual({ reply: null, notes: ['late:1'] });
    expect(hear(state, [message('Anyone?')]).reply).toContain('Hello from Northside.');
  });

  it('still answers a question, and the next one is put to the next message', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    const now = NOW + 60 * MINUTE;
    expect(hear(state, [later('1')], now)).toEqual({ reply: null, notes: ['late:2'] });
    expect(state.intake).toMatchObject({ answers: [{ value: 'Sales' }], waitingFor: 'name', askedAt: null });
    expect(hear(state, [message('Hello?', { at: now, receivedAt: now })], now).reply).toBe('Who?');
  });

  it('that answers wrongly does not count as a wrong answer', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    hear(state, [later('hmm')], NOW + 60 * MINUTE);
    expect(state.intake.askedAgain).toBe(false);
  });
});

describe('an agent', () => {
  it('ends the questions, after the answer that came with it', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('1'), later('Ann here', { from: 'agent' })]).reply).toBeNull();
    expect(state.intake).toMatchObject({ stage: 'over', answers: [{ value: 'Sales' }] });
    expect(nextWord(state)).toBe('customer');
    expect(hear(state, [later('Jane')]).reply).toBeNull();
    expect(nextWord(state)).toBe('store');
    expect(promptText(state, SESSION).text).toBe('Not forgotten.');
  });
});

describe('a mere no', () => {
  const no = (text = 'No thanks') => later(text, { refusal: true });
  const about = 'STOP ends our texts.';
  const session = { ...SESSION, policy: { ...POLICY, texts: { ...POLICY.texts, maybeOptOut: about } } };
  const say = (state: SessionState, said: SessionMessage) => {
    receive(state, [said], session.policy, said.at);
    return takeInbox(state, session, said.at).reply;
  };

  it('that answers no question is asked about, once', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(say(state, no())?.text).toBe(`${about}\n1 or 2?\n1. Sales\n2. Parts`);
    state.intake.askedAt = NOW + 2 * MINUTE;
    expect(say(state, { ...no(), at: NOW + 3 * MINUTE })?.text).toBe('A person will help.');
  });

  it('is nobody’s name', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    hear(state, [later('1')]);
    expect(say(state, { ...no('Nope'), at: NOW + 3 * MINUTE })?.text).toBe(`${about}\nName?`);
    expect(state.intake.answers).toHaveLength(1);
  });
});

describe('a wish for no more messages in other words', () => {
  it('is no answer and gets none: the store has the conversation, and nothing is prompted', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('1'), later('Lose my number', { mayOptOut: true })]).reply).toBeNull();
    expect(state).toMatchObject({ undecided: true, lastSpeaker: 'customer', intake: { stage: 'over' } });
    expect(state.intake.answers).toMatchObject([{ value: 'Sales' }]);
    expect([nextWord(state), promptWanted(state)]).toEqual(['store', false]);
    const { waiting_for } = sessionView(state, CUSTOMER, NOW);
    expect(waiting_for).toContain("the store's decision");
    expect(hear(state, [later('Hello?', { webchat: false })]).reply).toBeNull();
  });
});

describe('whether a message was written after the question went out', () => {
  /** Podium's clock is so far ahead of ours; the question is out at NOW by ours. */
  const asked = (aheadMs: number) => {
    const state = opened();
    hear(state, [message('Hi')]);
    noteAsked(state, { at: NOW + aheadMs, since: NOW });
    return state;
  };
  const answers = (state: SessionState) => state.intake.answers.map(({ value }) => value);

  it('is told by our clock for one that has no time of Podium', () => {
    const state = asked(120_000);
    hear(state, [message('1', { at: NOW + 2_500, receivedAt: NOW + 2_500 })]);
    expect(answers(state)).toEqual(['Sales']);
  });

  it('is told by Podium’s clock for one that has its time', () => {
    const [ahead, behind] = [asked(120_000), asked(-120_000)];
    hear(ahead, [message('1', { at: NOW + 119_000, receivedAt: NOW + 2_000 })]);
    hear(behind, [message('1', { at: NOW - 118_000, receivedAt: NOW + 2_000 })]);
    expect([answers(ahead), answers(behind)]).toEqual([[], ['Sales']]);
  });

  it('is told by the one time that there is, in a run of an earlier version', () => {
    const state = asked(0);
    delete state.intake.askedSince;
    hear(state, [later('1')]);
    expect(answers(state)).toEqual(['Sales']);
  });
});

describe('a message of a person that comes late', () => {
  const agent = (at: number) => message('On my way', { from: 'agent', webchat: false, at });

  it('takes the conversation from the robot, but answers nothing that was written after it', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('1'), agent(NOW - MINUTE)]).reply).toBeNull();
    expect(state).toMatchObject({ lastSpeaker: 'customer', intake: { stage: 'over' } });
    expect([nextWord(state), waitsForPerson(state)]).toEqual(['store', true]);
  });

  it('answers what was written before it, by a clock that is a little behind too', () => {
    const state = opened();
    hear(state, [message('Hi'), agent(NOW - 4_000)]);
    expect([nextWord(state), waitsForPerson(state)]).toEqual(['customer', false]);
  });
});

describe('a text that did not arrive', () => {
  const failed = (at: number) => message('A landline', { from: 'delivery', webchat: false, at });
  const view = (state: SessionState) => sessionView(state, CUSTOMER, NOW).waiting_for;

  it('hands over to the store: nothing is asked any more, and nothing prompted', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [failed(NOW)])).toEqual({ reply: null, notes: [] }); // the note came with the news
    expect(state).toMatchObject({ undeliverable: true, handledNumber: 2, lastSpeaker: 'customer' });
    expect([nextWord(state), promptWanted(state)]).toEqual(['store', false]);
    expect(view(state)).toContain('texts do not reach the customer');
    expect(hear(state, [later('2'), later('Hello?')]).reply).toBeNull();
  });

  it('costs no answer that was given', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('1'), failed(NOW)]).reply).toBeNull();
    expect(partialState(state, POLICY)).toMatchObject({ answers: [{ value: 'Sales' }], waitingFor: null });
  });

  it('is no word of a person: the idle time goes on, and its prompt is not repeated', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    state.prompted = true;
    receive(state, [failed(NOW + MINUTE)], POLICY, NOW + MINUTE);
    expect(state).toMatchObject({ idleSince: NOW, prompted: true });
  });

  it('is forgotten once the customer texts, but not when they write on the website', () => {
    const state = opened();
    hear(state, [message('Hi'), failed(NOW)]);
    hear(state, [later('Hello?')]);
    expect(state.undeliverable).toBe(true);
    hear(state, [later('Hello?', { webchat: false })]);
    expect(state.undeliverable).toBe(false);
    expect([nextWord(state), promptWanted(state)]).toEqual(['store', true]);
  });

  it('is no matter when the customer has texted since it went out', () => {
    const state = opened();
    hear(state, [message('Hi')]);
    expect(hear(state, [later('1', { webchat: false }), failed(NOW)]).reply).toBe('Who?');
    expect(state.undeliverable).toBe(false);
  });

  it('told to a session that begins with it starts no idle time of the year 1970', () => {
    const known = { sessionUid: 'uid', handledNumber: 0, undealt: [], optedOut: false, contactKnown: true };
    const early = newState(NOW);
    receive(early, [failed(NOW)], POLICY, NOW);
    expect(begin(early, { ...known, restored: null }, POLICY, NOW).idleSince).toBe(NOW);
  });
});

describe('a restored session', () => {
  const waiting = (waitingFor: string | null): PartialState => ({
    answers: waitingFor === 'topic' ? [] : [{ questionId: 'topic', label: 'Topic', value: 'Sales' }],
    waitingFor,
    askedAgain: true,
  });

  it('takes its first message for the answer to a choice when it fits', () => {
    const state = opened(waiting('topic'));
    expect(hear(state, [message('2', { webchat: false })]).reply).toBe('Welcome back.\nWho?');
  });

  it('puts the question again otherwise, as if for the first time', () => {
    const state = opened(waiting('topic'));
    expect(hear(state, [message('Hello')]).reply).toBe('Welcome back.\nWhat?\n1. Sales\n2. Parts');
    expect(state.intake.askedAgain).toBe(false);
  });

  it('takes nothing for a name, since it might be anything', () => {
    const state = opened(waiting('name'));
    expect(hear(state, [message('Hello')]).reply).toBe('Welcome back.\nWho?');
  });

  it('is left to the person who had it, until a new chat begins on the website', () => {
    expect(hear(opened(waiting(null)), [message('Thanks', { webchat: false })]).reply).toBeNull();
    expect(hear(opened(waiting(null)), [message('Hi')]).reply).toBe('Welcome back.\nWho?');
  });
});

describe('the inbox', () => {
  it('takes each number once, in order, and none that was dealt with', () => {
    const [one, two, three] = [message('1'), message('2'), message('3')];
    const state = { ...opened(), handledNumber: 1 };
    receive(state, [three, one, two, three], POLICY, NOW);
    expect(state.inbox).toEqual([two, three]);
  });

  it('keeps for the next session what comes after a forced close', () => {
    const state = opened();
    receive(state, [message('Hi')], POLICY, NOW);
    wishClose(state, { actor: 'ann', reason: '', at: null });
    receive(state, [message('Wait')], POLICY, NOW);
    takeInbox(state, SESSION, NOW);
    expect(state).toMatchObject({ handledNumber: 1, inbox: [{ text: 'Wait' }] });
  });

  it('is looked at again once it is known what an earlier run dealt with', () => {
    const early = newState(NOW);
    receive(early, [message('1'), message('2')], POLICY, NOW);
    const known = {
      sessionUid: 'uid',
      handledNumber: 1,
      restored: null,
      undealt: [],
      optedOut: false,
      contactKnown: true,
    };
    expect(begin(early, known, POLICY, NOW).inbox).toMatchObject([{ number: 2 }]);
  });
});

test('a session begins with what an earlier run has left, each message once and in order', () => {
  const [one, two] = [message('Hi'), message('Hello?')];
  const known = { sessionUid: 'uid', handledNumber: one.number - 1, optedOut: false, contactKnown: true };
  const before = { ...newState(NOW), inbox: [two] };
  const state = begin(before, { ...known, restored: null, undealt: [one, two] }, POLICY, NOW);
  expect(state.inbox).toEqual([one, two]);
});

test('two sessions have nothing in common', () => {
  hear(opened(), [message('Hi')]);
  expect(opened().intake).toMatchObject({ stage: 'new', waitingFor: null });
});

test('the prompt repeats the question that waits', () => {
  const state = opened();
  hear(state, [message('Hi')]);
  expect(promptText(state, SESSION).text).toBe('Still there? What?\n1. Sales\n2. Parts');
});

test('the view says whose word is waited for, and until when', () => {
  const state = opened();
  hear(state, [message('Hi')]);
  const view = sessionView(state, CUSTOMER, NOW + 90_000);
  expect(view).toMatchObject({ idle_seconds: 90, waiting_for: 'the customer\'s answer to "topic"' });
  const at = (minutes: number) => new Date(NOW + minutes * MINUTE).toISOString();
  expect(view).toMatchObject({ idle_since: at(0), prompt_at: at(20), close_at: at(28) });
  expect(sessionView({ ...state, prompted: true, status: 'warned' }, CUSTOMER, NOW)).toMatchObject({
    ...{ prompt_at: null, close_at: at(28) },
  });
  expect(sessionView({ ...state, status: 'closed' }, CUSTOMER, NOW)).toMatchObject({
    ...{ prompt_at: null, close_at: null },
  });
});

test('a session goes through JSON unharmed', () => {
  const state = opened();
  hear(state, [message('Hi')]);
  receive(state, [later('1')], POLICY, NOW);
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
});
