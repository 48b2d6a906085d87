import { z } from 'zod';
import type { Location } from './events';
import { foldPhrase } from './folded-text';
import { comparable } from './plain-text';
import { isPhoneCountry } from './phone';
import type { Question, SessionPolicy } from './session';
import { text, withPlaceholders } from './setting-text';
import { widgetSettings } from './widget-settings';
import { readWish } from './wish';
import {
  keywordsOf,
  WISH_LANGUAGES,
  wordsByCountry,
  type WishLanguageCode,
  type WishWords,
} from './wish-words';

/**
 * The settings file: its shape, its defaults (the shipped file) and the rules that hold across keys.
 * Names are those of the file, so that one search finds a setting in the file, here and where it is read.
 */

const seconds = z.number().positive();
const days = z.number().positive();
const count = z.int().positive();

/** Podium takes no larger one. */
const LARGEST_FILE = 26_214_400;

/** A text to the customer. A name in braces that nobody replaces would be sent as it stands. */
const message = withPlaceholders('location', 'question', 'answers');

/** A question is put as it stands, in the middle of other texts too. */
const ask = withPlaceholders();

const question = z
  .strictObject({
    /** Names the answer in notes and in the kept state; changing it makes an answer count no more. */
    id: z.string().regex(/^[a-z][a-z0-9_]*$/, 'should be lower-case letters, digits and _, as new_or_used'),
    kind: z.enum(['choice', 'text', 'name', 'email']),
    label: text,
    ask,
    ask_again: ask,
    choices: z.array(text).min(2).max(20).optional(),
  })
  .refine(({ kind, choices }) => (kind === 'choice') === (choices !== undefined), {
    path: ['choices'],
    error: 'a choice needs its options, and no other kind has any',
  })
  .refine(({ choices }) => allDifferent((choices ?? []).map(comparable)), {
    path: ['choices'],
    error: 'two options read the same',
  });

const questions = z
  .array(question)
  .refine((list) => allDifferent(list.map(({ id }) => id)), 'two questions have the same id');

const messages = z.strictObject({
  /** Under which name the robot's messages stand in Podium's inbox. */
  sender_name: text,
  greeting: message,
  welcome_back: message,
  hand_over: message,
  hand_over_unclear: message,
  prompt_customer: message,
  prompt_store: message,
  maybe_opt_out: message,
  help: withPlaceholders('location'),
  opt_out_confirmation: withPlaceholders('location'),
});

const languages = Object.keys(WISH_LANGUAGES) as WishLanguageCode[];

const country = z.string().refine(isPhoneCountry, 'should be a country of ISO 3166-1 in capitals, as AU');

/** A keyword needs letters or digits, since nothing else of a message is compared. */
const keyword = text.refine((word) => comparable(word) !== '', 'should have letters or digits');

const optOut = z.strictObject({
  keywords: z.array(keyword).min(1),
  opt_in_keywords: z.array(keyword),
  help_keywords: z.array(keyword),
  languages: z.array(z.enum(languages)).min(1),
  countries: z.record(
    country,
    z.strictObject({ keywords: z.array(keyword).optional(), help_keywords: z.array(keyword).optional() }),
  ),
  /**
   * The door reads the ledger in the transaction that lets a text out, whatever stands here: no cache is in use that
   * could live for so long.
   */
  cache_ttl_seconds: z.number().min(0).max(60),
  /** A ledger that cannot be read lets nothing out; there is no other way. */
  fail_mode: z.literal('closed'),
  /** One text may confirm an opt-out. The specification wants none. */
  confirmation: z.boolean(),
  help_texts: z.record(z.string(), withPlaceholders('location')),
  mirror_retry_seconds: seconds,
  audit_interval_seconds: z.number().min(1),
});

const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'should be a time of day as 21:30, in quotes');

const quietHours = z
  .strictObject({
    from: clockTime,
    to: clockTime,
    time_zone: z.string().refine(isTimeZone, 'should be a time zone as Australia/Sydney'),
  })
  .nullable();

const schema = z
  .strictObject({
    session: z.strictObject({
      idle_warn_seconds: seconds,
      idle_close_seconds: seconds,
      podium_expiry_seconds: seconds,
      reply_within_seconds: seconds,
      start_on: z.enum(['webchat', 'any']),
      close_when_store_owes: z.boolean(),
    }),
    optout: optOut,
    locations: z.strictObject({
      refresh_interval_seconds: seconds,
      rejection_burst: z.strictObject({ count, minutes: z.number().positive() }),
      country_overrides: z.record(z.string(), country),
    }),
    reconciliation: z.strictObject({ interval_seconds: z.number().min(1), first_look_seconds: seconds }),
    contacts: z.strictObject({ conflict_refetch_max_attempts: count }),
    podium: z.strictObject({ contract: z.enum(['published', 'skill']), requests_per_minute: count }),
    webhook: z.strictObject({
      replay_window_seconds: seconds,
      clock_skew_seconds: seconds,
      check_interval_seconds: seconds,
      secret_max_age_days: z.number().positive(),
    }),
    attachments: z.strictObject({
      max_bytes: count.max(LARGEST_FILE),
      allowed_types: z.array(
        z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'should be a MIME type, as image/png'),
      ),
      store: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('folder'), path: text }),
        z.strictObject({
          kind: z.literal('s3'),
          bucket: text,
          endpoint: z.url().optional(),
          region: text.optional(),
          prefix: text.optional(),
        }),
      ]),
      link_seconds: seconds,
    }),
    retention: z.strictObject({
      files_days: days,
      messages_days: days,
      partial_answers_days: days,
    }),
    pause: z.strictObject({ all: z.boolean(), locations: z.array(text) }),
    quiet_hours: z.strictObject({ all: quietHours, locations: z.record(z.string(), quietHours) }),
    messages: z.strictObject({ en: messages }),
    widget: widgetSettings,
    intake: z.strictObject({
      enabled: z.boolean(),
      questions,
      locations: z.record(
        z.string(),
        z.strictObject({ enabled: z.boolean().optional(), questions: questions.optional() }),
      ),
    }),
  })
  .superRefine(({ session }, context) => {
    const { idle_warn_seconds: warn, idle_close_seconds: close, podium_expiry_seconds: expiry } = session;
    if (warn < close && close < expiry) return;
    context.addIssue({
      code: 'custom',
      path: ['session'],
      message: `idle_warn_seconds < idle_close_seconds < podium_expiry_seconds has to hold, and it is ${warn}, ${close}, ${expiry}`,
    });
  })
  .superRefine(({ retention, webhook }, context) => {
    const windowDays = webhook.replay_window_seconds / 86_400;
    if (retention.messages_days > windowDays) return;
    context.addIssue({
      code: 'custom',
      path: ['retention', 'messages_days'],
      message: `has to be more than webhook.replay_window_seconds, ${windowDays} days: an event that comes again would be taken for new`,
    });
  })
  .superRefine(({ optout, intake }, context) => {
    const sets = [null, ...Object.keys(optout.countries)].map(wordsByCountry(optout));
    for (const { path, choice } of choicesOf(intake)) {
      const reason = sets.map((words) => whyNoChoice(choice, words)).find((why) => why !== null);
      if (!reason) continue;
      const problem = `the option "${choice}" ${reason}; use another word`;
      context.addIssue({ code: 'custom', path: ['intake', ...path], message: problem });
    }
  });

export type Settings = z.infer<typeof schema>;

export type ParsedSettings = { ok: true; settings: Settings } | { ok: false; problems: string[] };

/**
 * The settings of the shipped file with an own file laid over it. Mappings are merged (but those of another
 * `kind`), everything else is replaced; only the opt-out keywords add up, a country's too, since the shipped ones
 * always count.
 *
 * @param shipped the parsed shipped file, which is complete
 * @param own the parsed own file; null when there is none
 * @returns the settings, or everything that is wrong with them
 */
export function parseSettings(shipped: unknown, own: unknown = null): ParsedSettings {
  const merged = own === null ? shipped : merge(shipped, own);
  const result = schema.safeParse(withShippedKeywords(merged, shipped));
  if (result.success) return { ok: true, settings: result.data };
  return { ok: false, problems: result.error.issues.flatMap(describe) };
}

/** What the settings decide about a session at a location. */
export function sessionPolicy(settings: Settings, location: Pick<Location, 'uid'>): SessionPolicy {
  const { session, messages, intake } = settings;
  const here = intake.locations[location.uid];
  const enabled = here?.enabled ?? intake.enabled;
  return {
    idleWarnSeconds: session.idle_warn_seconds,
    idleCloseSeconds: session.idle_close_seconds,
    replyWithinSeconds: session.reply_within_seconds,
    closeWhenStoreOwes: session.close_when_store_owes,
    questions: enabled ? (here?.questions ?? intake.questions).map(toQuestion) : [],
    texts: {
      greeting: messages.en.greeting,
      welcomeBack: messages.en.welcome_back,
      handOver: messages.en.hand_over,
      handOverUnclear: messages.en.hand_over_unclear,
      maybeOptOut: messages.en.maybe_opt_out,
      promptCustomer: messages.en.prompt_customer,
      promptStore: messages.en.prompt_store,
    },
  };
}

function toQuestion({ ask_again, choices, ...rest }: z.infer<typeof question>): Question {
  return { ...rest, askAgain: ask_again, ...(choices ? { choices } : {}) };
}

function merge(base: unknown, over: unknown): unknown {
  if (!isMapping(base) || !isMapping(over)) return over;
  if ('kind' in over && over['kind'] !== base['kind']) return over; // another kind of thing has other keys
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = Object.hasOwn(base, key) ? merge(base[key], value) : value;
  }
  return merged;
}

function withShippedKeywords(merged: unknown, shipped: unknown): unknown {
  if (!isMapping(shipped) || !isMapping(merged)) return merged;
  return { ...merged, optout: withKeywords(merged['optout'], shipped['optout']) };
}

/** Lists named `keywords` add up, wherever they stand. */
function withKeywords(wanted: unknown, always: unknown): unknown {
  if (!isMapping(wanted) || !isMapping(always)) return wanted;
  const added = { ...wanted };
  for (const [key, value] of Object.entries(always)) {
    const own = wanted[key];
    if (key === 'keywords' && Array.isArray(value) && Array.isArray(own))
      added[key] = [...new Set([...(value as unknown[]), ...(own as unknown[])])];
    else if (isMapping(value)) added[key] = withKeywords(own, value);
  }
  return added;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* choicesOf(intake: Settings['intake']) {
  const lists: { path: (string | number)[]; questions: Settings['intake']['questions'] }[] = [
    { path: ['questions'], questions: intake.questions },
    ...Object.entries(intake.locations).map(([uid, { questions }]) => ({
      path: ['locations', uid, 'questions'],
      questions: questions ?? [],
    })),
  ];
  for (const { path, questions } of lists) {
    for (const [at, { choices }] of questions.entries()) {
      for (const choice of choices ?? []) yield { path: [...path, at, 'choices'], choice };
    }
  }
}

/**
 * Why an option is none: an answer in its words would opt the customer out. An opt-out word inside of it is
 * enough, since people answer with a part. Whole words, so that "Weekend" is no END.
 */
function whyNoChoice(choice: string, words: WishWords): string | null {
  const said = ` ${foldPhrase(choice)} `;
  const keyword = keywordsOf(words).find((keyword) => said.includes(` ${foldPhrase(keyword)} `));
  if (keyword !== undefined) return `holds "${keyword}", which opts the customer out`;
  const { wish, rule } = readWish(choice, words);
  return wish === 'none' ? null : `reads as a wish of its own (${wish}, ${rule}), and would be no answer`;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function allDifferent(values: string[]): boolean {
  return new Set(values).size === values.length;
}

function describe(issue: z.core.$ZodIssue): string[] {
  const at = (...more: PropertyKey[]) => [...issue.path, ...more].map(String).join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${at(key)}: no such setting`);
  return [`${at()}: ${issue.message}`];
}
