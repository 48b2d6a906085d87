/** Phone numbers in one form. */
import { z } from 'zod';
import { failureOutput, operation } from '../operation';
import { describePhone } from '../phones';

export const normalizePhone = operation({
  name: 'phone normalize',
  summary: 'The E.164 form of a phone number, and what its range tells: line type, original carrier',
  input: z.strictObject({
    phone: z.string().max(200).describe('As somebody typed it'),
    default_country: z
      .string()
      .regex(/^\s*[A-Za-z]{2}\s*$/, 'should be two letters of ISO 3166-1, as AU')
      .nullable()
      .default(null)
      .describe('Of a number in local form: two letters of ISO 3166-1, as AU'),
  }),
  output: z.object({
    input: z.string(),
    e164: z.string().nullable(),
    country: z.string().nullable(),
    country_code: z.int().nullable(),
    national_number: z.string().nullable(),
    is_valid: z.boolean(),
    is_possible: z.boolean(),
    number_type: z
      .string()
      .nullable()
      .describe('As libphonenumber names it: MOBILE, FIXED_LINE, TOLL_FREE …'),
    carrier: z
      .string()
      .nullable()
      .describe(
        "The original holder of the range, by Google's data: numbers move with their owners. Null where it is not known",
      ),
    error: failureOutput.nullable(),
  }),
  run: (_, { phone, default_country }) => describePhone(phone, default_country),
});
