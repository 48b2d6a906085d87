import { z } from 'zod';

/**
 * Words for what comes from Podium. Any field may be null, missing, or of a type that nobody announced,
 * and new ones turn up at any time: what cannot be read counts as absent, and what must be there is
 * checked by the one who needs it.
 */

/** A text without the two things that Postgres cannot store: U+0000 and halves of surrogate pairs. */
export const plainText = z.string().transform((text) => text.replace(/[\0\ud800-\udfff]/gu, '\ufffd'));

/** A text, or null. The empty one is null too: Podium means nothing by it. */
export const text = plainText.transform((value) => value || null).catch(null);

/** A number of bytes, or null. */
export const bytes = z.int().min(0).nullable().catch(null);

/** Outside of these, a time is nobody's time but a mistake, and Postgres cannot hold every one that JavaScript can. */
const EARLIEST = Date.UTC(2000, 0);
const LATEST = Date.UTC(2100, 0);

/** A time in ISO form, or null, also for one that cannot be meant. Without a zone it is UTC, as Podium's documents say. */
export const time = z
  .string()
  .transform((value) => {
    const at = new Date(/:.*(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`);
    return at.getTime() >= EARLIEST && at.getTime() < LATEST ? at : null;
  })
  .catch(null);

/** When somebody opted out, or null. Whatever is said there is an opt-out, even with a time we cannot read. */
export const optOutTime = z
  .unknown()
  .optional()
  .transform((value) => ((value ?? false) === false ? null : (time.parse(value) ?? new Date())));

/** An object with these fields; anything else reads as one that has none of them. */
export const part = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess((value) => (isObject(value) ? value : {}), z.object(shape));

/** A list of such items; anything else reads as an empty one. */
export const list = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value): unknown[] => (Array.isArray(value) ? value : []), z.array(item));

/** An ISO 3166-1 alpha-2 country in upper case, or null. */
export const country = z
  .string()
  .transform((value) => value.trim().toUpperCase())
  .pipe(z.string().regex(/^[A-Z]{2}$/))
  .nullable()
  .catch(null);

/** Whether it is a JSON object: no array, no null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Those of the phones that are in E.164 form, each once. What Podium holds in another form compares with nothing. */
export function e164Forms(phones: (string | null)[]): string[] {
  const isE164 = (phone: string | null): phone is string => phone !== null && /^\+[1-9]\d{6,14}$/.test(phone);
  return [...new Set(phones)].filter(isE164);
}
