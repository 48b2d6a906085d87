import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseSettings, sessionPolicy, type Settings } from './settings';

const SHIPPED: unknown = parse(readFileSync(join(__dirname, '../config/settings.yaml'), 'utf8'));
const NORTHSIDE = { uid: 'northside' };

function settings(own: string): Settings {
  const parsed = parseSettings(SHIPPED, parse(own));
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.settings;
}

function problems(own: string): string[] {
  const parsed = parseSettings(SHIPPED, parse(own));
  return parsed.ok ? [] : parsed.problems;
}

test('the shipped file is complete, with the promised values', () => {
  expect(settings('')).toMatchObject({
    session: {
      idle_warn_seconds: 1200,
      idle_close_seconds: 1680,
      podium_expiry_seconds: 1800,
      reply_within_seconds: 1800,
      start_on: 'webchat',
      close_when_store_owes: false,
    },
    optout: {
      keywords: ['STOP', 'UNSUBSCRIBE', 'QUIT', 'END', 'CANCEL', 'OPTOUT'],
      mirror_retry_seconds: 86_400,
      audit_interval_seconds: 86_400,
    },
    locations: { refresh_interval_seconds: 300 },
    contacts: { conflict_refetch_max_attempts: 3 },
    podium: { contract: 'published', requests_per_minute: 300 },
    webhook: { replay_window_seconds: 950_400, clock_skew_seconds: 300, secret_max_age_days: 90 },
    retention: { files_days: 90, messages_days: 400, partial_answers_days: 30 },
  });
});

test('the shipped intake is on, with three questions of which the first is a choice of three', () => {
  const { questions } = sessionPolicy(settings(''), NORTHSIDE);
  expect(questions).toHaveLength(3);
  expect(questions[0]).toMatchObject({
    kind: 'choice',
    choices: [expect.anything(), expect.anything(), expect.anything()],
  });
});

test('an own file holds only what differs', () => {
  const { session } = settings(
    'session: { idle_warn_seconds: 20.5, idle_close_seconds: 28, podium_expiry_seconds: 30 }',
  );
  expect(session).toMatchObject({ idle_warn_seconds: 20.5, idle_close_seconds: 28, start_on: 'webchat' });
});

test('unknown keys are refused by name, all at once', () => {
  expect(problems('{ session: { idle_warn_secs: 5 }, sesion: {} }')).toEqual(
    expect.arrayContaining(['session.idle_warn_secs: no such setting', 'sesion: no such setting']),
  );
});

test('every wrong value is named with its place', () => {
  expect(
    problems(`
      session: { idle_warn_seconds: 20 minutes, start_on: never }
      locations: { country_overrides: { northside: Australia } }`),
  ).toEqual([
    expect.stringMatching(/^session\.idle_warn_seconds: .*number/),
    expect.stringMatching(/^session\.start_on: .*webchat/),
    expect.stringMatching(/^locations\.country_overrides\.northside: .*ISO/),
  ]);
});

test('a file that is no mapping is refused', () => {
  expect(problems('[1, 2]')).toHaveLength(1);
  expect(problems('fast please')).toHaveLength(1);
});

test.each([
  ['the prompt with the close', 'session: { idle_warn_seconds: 1680 }'],
  ['the close with the expiry', 'session: { idle_close_seconds: 1800 }'],
  ['the close before the prompt', 'session: { idle_close_seconds: 600 }'],
])('%s is refused', (_, own) => {
  expect(problems(own)).toEqual([
    expect.stringMatching(/^session: idle_warn_seconds < idle_close_seconds </),
  ]);
});

test.each([
  ['reading opt-outs less often than once a minute', 'cache_ttl_seconds: 61'],
  ['sending while opt-outs cannot be read', 'fail_mode: open'],
])('%s is refused', (_, own) => {
  expect(problems(`optout: { ${own} }`)).toEqual([expect.stringContaining('optout.')]);
});

test('an interval that Temporal could not keep is refused', () => {
  expect(problems('optout: { audit_interval_seconds: 0.5 }')).toEqual([
    expect.stringMatching(/^optout\.audit_interval_seconds: /),
  ]);
});

test('messages are kept for longer than the window in which they may come again', () => {
  expect(problems('retention: { messages_days: 11 }')).toEqual([
    expect.stringMatching(/^retention\.messages_days: .*replay_window_seconds, 11 days/),
  ]);
  expect(problems('retention: { messages_days: 12 }')).toEqual([]);
});

test('own opt-out keywords come on top of the shipped ones', () => {
  expect(settings('optout: { keywords: [ALTO, STOP] }').optout.keywords).toEqual([
    ...['STOP', 'UNSUBSCRIBE', 'QUIT', 'END', 'CANCEL', 'OPTOUT', 'ALTO'],
  ]);
});

test("a country's own keywords come on top of the shipped ones of that country", () => {
  expect(
    settings('optout: { countries: { CA: { keywords: [FINI] }, MX: { keywords: [ALTO YA] } } }').optout
      .countries,
  ).toEqual({ CA: { keywords: ['ARRET', 'FINI'], help_keywords: ['AIDE'] }, MX: { keywords: ['ALTO YA'] } });
});

test.each([
  ['a language that is not shipped', 'optout: { languages: [en, de] }', /^optout\.languages\.1: .*en/],
  ['no language at all', 'optout: { languages: [] }', /^optout\.languages: /],
  ['a country that is none', 'optout: { countries: { Canada: {} } }', /^optout\.countries\.Canada: .*/],
  ['a keyword of signs', 'optout: { keywords: ["!!"] }', /^optout\.keywords\.6: .*letters/],
])('%s is refused', (_, own, problem) => {
  expect(problems(own)).toEqual([expect.stringMatching(problem)]);
});

const CHOICE = (choices: string) =>
  `[{ id: topic, kind: choice, label: Topic, ask: What?, ask_again: Again?, choices: [${choices}] }]`;

test.each(['Cancel', 'cancel my order', 'Front-end', 'Alto'])(
  'the option %j would opt the customer out',
  (option) => {
    expect(
      problems(`{ optout: { keywords: [ALTO] }, intake: { questions: ${CHOICE(`Sales, ${option}`)} } }`),
    ).toEqual([expect.stringMatching(/^intake\.questions\.0\.choices: .*opts the customer out/)]);
  },
);

test.each([
  ['Tarifa baja', 'BAJA'],
  ['Annuler', 'ANNULER'],
  ['Opt out of coffee', 'C:opt-out-somewhere'],
  ['Leave me alone', 'C:leave-me-alone'],
])('so would the option %j, by the words of the languages (%s)', (option, word) => {
  expect(problems(`intake: { questions: ${CHOICE(`Sales, ${option}`)} }`)).toEqual([
    expect.stringContaining(word),
  ]);
});

test('words of a language that is not active, nor of a country, are fine options', () => {
  expect(
    problems(`{ optout: { languages: [en] }, intake: { questions: ${CHOICE('Tarifa baja, Sales')} } }`),
  ).toEqual([]);
  expect(
    problems(`{ optout: { languages: [en] }, intake: { questions: ${CHOICE('Arrêt, Sales')} } }`),
  ).toHaveLength(1);
});

test("a location's own options are looked at too", () => {
  expect(problems(`intake: { locations: { northside: { questions: ${CHOICE('Sales, Stop')} } } }`)).toEqual([
    expect.stringMatching(/^intake\.locations\.northside\.questions\.0\.choices: /),
  ]);
});

test('a word that only begins like an opt-out is a fine option', () => {
  expect(problems(`intake: { questions: ${CHOICE('Weekend, Cancellations')} }`)).toEqual([]);
});

test.each([
  ['a choice without options', '{ id: a, kind: choice, label: A, ask: A?, ask_again: A? }'],
  ['options that are no choice', '{ id: a, kind: text, label: A, ask: A?, ask_again: A?, choices: [x, y] }'],
  [
    'two options that read the same',
    '{ id: a, kind: choice, label: A, ask: A?, ask_again: A?, choices: [x, X!] }',
  ],
  ['an id with a blank', '{ id: "a b", kind: text, label: A, ask: A?, ask_again: A? }'],
  ['an empty text', '{ id: a, kind: text, label: A, ask: " ", ask_again: A? }'],
])('%s is refused', (_, question) => {
  expect(problems(`intake: { questions: [${question}] }`)).toHaveLength(1);
});

test('two questions of the same id are refused', () => {
  const question = '{ id: a, kind: text, label: A, ask: A?, ask_again: A? }';
  expect(problems(`intake: { questions: [${question}, ${question}] }`)).toEqual([
    'intake.questions: two questions have the same id',
  ]);
});

test('a name in braces that nobody replaces is refused', () => {
  expect(problems('messages: { en: { greeting: "Hi from {locaton}!" } }')).toEqual([
    'messages.en.greeting: of names in braces, only these are replaced here: {location}, {question}, {answers}',
  ]);
  expect(
    problems('intake: { questions: [{ id: a, kind: text, label: A, ask: "Hi {location}", ask_again: A? }] }'),
  ).toEqual(['intake.questions.0.ask: of names in braces, only these are replaced here: none']);
});

test('a session takes its times and texts from the settings', () => {
  expect(sessionPolicy(settings(''), NORTHSIDE)).toMatchObject({
    idleWarnSeconds: 1200,
    idleCloseSeconds: 1680,
    replyWithinSeconds: 1800,
    closeWhenStoreOwes: false,
    texts: { greeting: expect.stringContaining('{location}') },
  });
});

test('a location may have questions of its own, or none', () => {
  const own = settings(
    `intake: { locations: { northside: { questions: ${CHOICE('Bikes, Boats')} }, bayview: { enabled: false } } }`,
  );
  expect(sessionPolicy(own, NORTHSIDE).questions).toEqual([
    {
      id: 'topic',
      kind: 'choice',
      label: 'Topic',
      ask: 'What?',
      askAgain: 'Again?',
      choices: ['Bikes', 'Boats'],
    },
  ]);
  expect(sessionPolicy(own, { uid: 'bayview' }).questions).toEqual([]);
  expect(sessionPolicy(own, { uid: 'elsewhere' }).questions).toHaveLength(3);
});

test('with the intake off a location can still have it', () => {
  const own = settings('intake: { enabled: false, locations: { northside: { enabled: true } } }');
  expect(sessionPolicy(own, NORTHSIDE).questions).toHaveLength(3);
  expect(sessionPolicy(own, { uid: 'elsewhere' }).questions).toEqual([]);
});

test('files are kept in a folder, or in a bucket of which the folder knows nothing', () => {
  expect(settings('').attachments).toMatchObject({
    max_bytes: 26_214_400,
    store: { kind: 'folder', path: 'files' },
  });
  expect(settings('attachments: { store: { path: /srv/files } }').attachments.store).toEqual({
    kind: 'folder',
    path: '/srv/files',
  });
  expect(settings('attachments: { store: { kind: s3, bucket: chats } }').attachments.store).toEqual({
    kind: 's3',
    bucket: 'chats',
  });
  expect(problems('attachments: { store: { kind: s3, bucket: chats, path: x } }')).toEqual([
    'attachments.store.path: no such setting',
  ]);
});

test('no file can be larger than Podium takes, and nothing active is taken as shipped', () => {
  expect(problems('attachments: { max_bytes: 26214401 }')).toHaveLength(1);
  expect(problems('attachments: { allowed_types: [png] }')).toEqual([
    'attachments.allowed_types.0: should be a MIME type, as image/png',
  ]);
  const active = /html|svg|xml|script|text|octet|executable|msdownload|zip|x-sh|flash|java/;
  expect(settings('').attachments.allowed_types.filter((type) => active.test(type))).toEqual([]);
});
