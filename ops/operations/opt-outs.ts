/** Opt-outs: the ledger, what somebody declares, and whether Podium says the same. */
import { z } from 'zod';
import { phoneHash } from '../../core/ids';
import { PHONE_COUNTRIES } from '../../core/phone';
import { readWish } from '../../core/wish';
import { wordsForTag } from '../../core/wish-words';
import { customerMeant } from '../customer-meant';
import {
  e164,
  nullableTime,
  operation,
  OperationRefused,
  phoneAtStoreInput,
  phoneInput,
  storeInput,
  textInput,
  time,
  type OpsTools,
} from '../operation';
import { auditPhone, reportDrift } from '../opt-out-audit';
import { declareOptOut, type Declaration } from '../opt-out-changes';
import { importOptOutFile } from '../opt-out-import';
import { idKeysOf } from '../used-keys';
import { checkOptOut as check, optOutHistory as historyOf, retryMirrors as retry } from '../opt-outs';

const ofPhone = z.strictObject({ phone: phoneInput });
const source = z.enum(['webchat', 'text', 'operator', 'api', 'podium']);

export const optOutReport = z.object({
  opted_out: z.boolean(),
  source: source.nullable().describe('Who said so; of an opt-out that was said several times, first'),
  recorded_at: nullableTime,
  version: z.int().describe('Counts the changes of the state'),
  undecided_since: nullableTime.describe(
    'Since when sends are held back until somebody has decided about a wish in other words',
  ),
  unsettled: z
    .boolean()
    .describe(
      'Podium is being asked whether an opt-out that it told of shortly after the opt-in is one; sends wait',
    ),
  podium: z
    .object({
      state: z.enum(['pending', 'told', 'not_permitted', 'refused']),
      told_at: nullableTime,
      not_permitted_since: nullableTime,
      last_attempt_at: nullableTime,
      attempts: z.int(),
      location_uid: z.string().nullable(),
      error_code: z.string().nullable(),
    })
    .nullable()
    .describe('How far Podium knows; null when there is nothing for it to know'),
});

export const checkOptOut = operation({
  name: 'optout check',
  summary: 'Whether a phone is opted out, and whether Podium knows',
  input: ofPhone,
  output: z.object({ phone: z.string(), ...optOutReport.shape }),
  async run({ pool }, input) {
    const phone = e164(input.phone);
    return { phone, ...(await check(pool, phone)) };
  },
});

export const optOutHistory = operation({
  name: 'optout history',
  summary: 'Everything that ever wanted to change whether a phone is opted out, the oldest first',
  input: ofPhone,
  output: z.object({
    phone: z.string(),
    history: z.array(
      z.object({
        wish: z.enum(['opt_out', 'opt_in', 'ask', 'dismiss']),
        applied: z.boolean().describe('False when the state was so already, or a later change was known'),
        version: z.int().describe('Of the state after it'),
        source: source.describe('The channel, or who else told of it'),
        actor: z.string(),
        rule: z.string().nullable(),
        location_uid: z.string().nullable(),
        message_uid: z.string().nullable(),
        proof: z.string().nullable().describe('What it rests on, as declared'),
        at: time.describe("By Podium's clock; by ours where it gave no time"),
        written_at: time.describe('By ours'),
      }),
    ),
  }),
  async run({ pool }, input) {
    const phone = e164(input.phone);
    return { phone, history: await historyOf(pool, phone) };
  },
});

const declarationReport = z.object({
  phone: z.string(),
  applied: z.boolean().describe('False when the state was so already, or something later is known'),
  ...optOutReport.shape,
});

export const recordOptOut = operation({
  name: 'optout record',
  summary: 'The customer wants no more messages: nothing is sent to the phone any more',
  input: z.strictObject({
    phone: phoneAtStoreInput,
    location_uid: storeInput
      .optional()
      .describe('By which Podium is told; if left out, one where the customer was, as far as any is known'),
  }),
  output: declarationReport,
  run: async (tools, input, { actor }) =>
    declare(tools, { ...(await customerMeant(tools, input)), wish: 'opt_out', actor, proof: null }),
});

export const restoreOptOut = operation({
  name: 'optout restore',
  summary: 'The customer wants messages again, which has to be proven',
  input: z.strictObject({
    phone: phoneAtStoreInput,
    location_uid: storeInput.optional().describe('By which Podium is told'),
    proof: textInput(500).describe('What it rests on, as "signed form of 3 May"; it is kept'),
  }),
  output: declarationReport,
  run: async (tools, { proof, ...customer }, { actor }) =>
    declare(tools, { ...(await customerMeant(tools, customer)), wish: 'opt_in', actor, proof }),
});

export const dismissOptOut = operation({
  name: 'optout dismiss',
  summary: 'What the customer wrote was no wish for no more messages: texts go on',
  input: ofPhone.extend({
    seen_version: z
      .int()
      .min(0)
      .optional()
      .describe('As "optout check" has shown it: refused when the customer has said something since'),
  }),
  output: declarationReport,
  run: (tools, { phone, seen_version: seenVersion }, { actor }) =>
    declare(tools, {
      ...{ phone: e164(phone), wish: 'dismiss', actor, locationUid: null, proof: null },
      ...(seenVersion !== undefined && { seenVersion }),
    }),
});

async function declare(tools: OpsTools, declared: Omit<Declaration, 'phoneHash'>) {
  const { phone } = declared;
  const [idKey] = await idKeysOf(tools);
  return { phone, ...(await declareOptOut(tools.pool, { ...declared, phoneHash: phoneHash(phone, idKey) })) };
}

export const retryMirrors = operation({
  name: 'optout retry',
  summary:
    'Tells Podium again what it did not permit or refused: of a phone, or of all that it did not permit',
  input: z.strictObject({ phone: phoneInput.optional() }),
  output: z.object({ tried: z.int() }),
  async run(tools, { phone: given }, { actor }) {
    const phone = given === undefined ? null : e164(given);
    const hash = phone === null ? null : phoneHash(phone, (await idKeysOf(tools))[0]);
    return { tried: await retry(tools.pool, phone, { actor, phoneHash: hash }) };
  },
});

export const auditOptOut = operation({
  name: 'optout audit',
  summary: 'Whether the ledger and Podium say the same of a phone; it mends nothing',
  input: ofPhone,
  output: z.object({
    phone: z.string(),
    optout_store: z.object({
      opted_out: z.boolean().nullable(),
      source: z.string().nullable(),
      recorded_at: z.int().nullable().describe('Unix seconds'),
      recorded_at_iso: nullableTime,
    }),
    podium_contact: z.object({
      uid: z.string().nullable(),
      opted_out: z.boolean().nullable(),
      last_updated_iso: nullableTime,
    }),
    consistent: z.boolean().nullable().describe('Null when a layer cannot be reached'),
    reason: z.string().nullable(),
  }),
  async run({ pool, podium }, input, { tell }) {
    const phone = e164(input.phone);
    return { phone, ...(await auditPhone({ pool, podium, onAway: tell }, phone)) };
  },
});

const run = z.object({
  started_at: time,
  finished_at: nullableTime,
  looked_at: z.int(),
  agreed: z.int(),
  drifted: z.record(z.string(), z.int()),
  mended: z.int(),
  not_asked: z.int().describe('Of so many phones nobody can tell'),
});

export const reportOptOuts = operation({
  name: 'optout report',
  summary:
    'What the last look at everyone has found, and the phones of which ledger and Podium do not say the same',
  input: z.strictObject({}),
  output: z.object({
    last_run: run.nullable(),
    under_way: run.nullable(),
    outdated: z
      .boolean()
      .describe('The last run ended longer ago than two intervals, or there was none: nobody can tell'),
    drifts: z.array(
      z.object({
        phone: z.string(),
        reason: z.string(),
        since: time,
        seen_at: time,
        told_again: z.boolean(),
      }),
    ),
  }),
  run: ({ pool, settings }) => reportDrift(pool, settings.optout.audit_interval_seconds),
});

export const importOptOuts = operation({
  name: 'optout import',
  summary: 'Opt-outs that another system has kept: all of them, or none',
  input: z.strictObject({
    csv: z.string().describe('With a header: phone, opted_out_at, and source and proof if there are any'),
    default_country: z
      .enum(PHONE_COUNTRIES, 'should be a country of ISO 3166-1 in capitals, as AU')
      .nullable()
      .default(null)
      .describe('Of phones in local form, as AU'),
  }),
  output: z.object({
    lines: z.int(),
    applied: z.int(),
    unchanged: z.int().describe('Known, or older than what is known'),
    refused: z.array(z.object({ line: z.int(), phone: z.string().nullable(), problem: z.string() })),
  }),
  async run(tools, { csv, default_country: defaultCountry }, { actor }) {
    const [idKey] = await idKeysOf(tools);
    return importOptOutFile(tools.pool, csv, { actor, idKey }, { defaultCountry, now: new Date() });
  },
});

export const classifyText = operation({
  name: 'optout classify',
  summary: 'What a text wishes for, as the settings have it; nothing is looked up',
  input: z.strictObject({
    text: z.string().max(20_000),
    language: z
      .string()
      .max(20)
      .nullable()
      .default(null)
      .describe('By the words of a language (es), of a country (CA), or of both (fr-CA)')
      .meta({ format: 'language' }),
  }),
  output: z.object({
    text: z.string(),
    wish: z.enum(['opt_out', 'ask', 'opt_in', 'help', 'none']),
    rule: z.string().nullable(),
  }),
  run: ({ settings }, { text, language }) => {
    const words = wordsOf(settings, language);
    return Promise.resolve({ text, ...readWish(text, words) });
  },
});

function wordsOf({ optout }: OpsTools['settings'], language: string | null) {
  try {
    return wordsForTag(optout, language);
  } catch (error) {
    throw new OperationRefused('wrong_input', {
      code: 'ERR_OPS_UNKNOWN_LANGUAGE',
      message: (error as Error).message,
      hint: 'Give a language that the settings have (optout.languages), a country, or both, as es, CA or fr-CA.',
    });
  }
}
