/** What an operator can do, each thing once: the command line and the HTTP API are both made of these. */
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import type { Environment } from '../core/environment';
import type { Failure } from '../core/events';
import { normalizePhone } from '../core/phone';
import type { Settings } from '../core/settings';
import type { PodiumApi } from '../podium/api';
import type { Pool } from '../store/database';
import type { FileStore } from '../store/files/file-store';
import type { Person } from '../store/personal-data';

/** What operations work with. Each is made when it is first asked for, so that nobody has to configure what is not used. */
export interface OpsTools {
  readonly pool: Pool;
  /** Every call needs a deadline (`within`), or it may wait for ever. */
  readonly temporal: Client;
  readonly podium: PodiumApi;
  /** @throws ConfigurationError */
  readonly settings: Settings;
  /** @throws ConfigurationError that names all that is missing or wrong */
  environment<Key extends keyof Environment>(...needs: Key[]): Pick<Environment, Key>;
  openFiles(): Promise<FileStore>;
}

/** Who does it. */
export interface Operator {
  /** Stands in the audit: of a token its name (marked as authenticated), in a shell the user as declared. */
  actor: string;
  /** Hears what there is to say besides the result, in words and without a phone. */
  tell: (line: string) => void;
}

export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** As it is called in a shell; with slashes between the words, its path below `/ops`. */
  name: string;
  summary: string;
  /** Names are those of the JSON body. */
  input: Input;
  /** Phones are whole in it (E.164): who shows them masks them. */
  output: Output;
  run(tools: OpsTools, input: z.output<Input>, by: Operator): Promise<z.input<Output>>;
}

/** Has the types follow from the schemas. */
export function operation<Input extends z.ZodObject, Output extends z.ZodType>(
  parts: Operation<Input, Output>,
): Operation<Input, Output> {
  return parts;
}

/** `wrong_input`: it cannot be told what is meant. `unknown`: there is no such thing. `refused`: it cannot be done now. */
export type RefusalKind = 'wrong_input' | 'unknown' | 'refused';

/** Why an operation is not done, in words for the operator. Nothing was changed. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
  constructor(
    readonly kind: RefusalKind,
    readonly failure: Failure,
  ) {
    super(failure.message);
  }
}

/** @throws OperationRefused that names every field that is wrong */
export function readInput<Input extends z.ZodObject>(
  { input }: Pick<Operation<Input>, 'input'>,
  given: unknown,
): z.output<Input> {
  const read = input.safeParse(given);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw new OperationRefused('wrong_input', {
    code: 'ERR_HTTP_INVALID_REQUEST',
    message: `${problems.join('; ')}.`,
    hint: 'Compare it with the help of the command, or with /openapi.json.',
  });
}

export const phoneInput = z
  .string()
  .max(64)
  .describe('A phone in international form, with + and the calling code, as +61412345678')
  .meta({ format: 'phone' });
export const phoneAtStoreInput = phoneInput.describe(
  'A phone in international form, as +61412345678; with a location also as it is dialled there, as 0412 345 678',
);
/** Something other than blanks, and no U+0000: Postgres has no text with it, and refuses to look for one. */
export const textInput = (longest: number) =>
  z
    .string()
    .trim()
    .max(longest)
    .regex(/^[^\u0000]*[^\s\u0000][^\u0000]*$/, 'should be a text, and without U+0000');
export const storeInput = textInput(200)
  .describe('The uid of a Podium location, or its name')
  .meta({ format: 'location-uid' });
export const failureOutput = z.object({ code: z.string(), message: z.string(), hint: z.string() });
export const time = z.iso.datetime().describe('ISO 8601, UTC');
export const nullableTime = time.nullable();

/** @param country where a local form is dialled @throws OperationRefused with `ERR_WEBCHAT_001` */
export function e164(phone: string, country?: string | null): string {
  return personOf(phone, country).phone;
}

/**
 * A phone in its parts.
 * @param country ISO alpha-2 of the store that is named beside it; null where none is, or it has none
 * @throws OperationRefused with `ERR_WEBCHAT_001`
 */
export function personOf(phone: string, country: string | null = null): Person {
  const read = normalizePhone(phone, country);
  if (!read.ok) {
    const hint = read.problem === 'country' ? LOCAL_FORM_HINT : read.failure.hint;
    throw new OperationRefused('wrong_input', { ...read.failure, hint });
  }
  return { phone: read.e164, countryCode: read.countryCode, nationalNumber: read.nationalNumber };
}

const LOCAL_FORM_HINT =
  'Give it with + and the calling code, as +61412345678; where a store is named beside it, that store needs a country.';

/** A time of the store in ISO form. */
export const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
