/** The table of phones as people type them: the server and the browser's build say the same of each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PhoneInput {
  /** ISO alpha-2 of where it is typed; null where that is not known. */
  country: string | null;
  input: string;
  /** E.164, or the code of its refusal. */
  expected: string;
}

/** Each line: the country, the input as a JSON string, and what it is. */
export const phoneInputs: PhoneInput[] = readFileSync(join(__dirname, '../../core/phone-inputs.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [country, input, expected] = line.split('\t') as [string, string, string];
    return { country: country || null, input: JSON.parse(input) as string, expected };
  });
