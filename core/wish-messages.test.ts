/** Some 1,800 messages as people write them, read by the shipped settings. Their sources: docs/opt-out.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedWords } from '../test/support/shipped-words';
import { readWish, type WishReading } from './wish';

type Label = 'opt_out' | 'ask' | 'none';

/** What may be read where a label stands: to be asked about a plain opt-out is a miss, the reverse is none. */
const RIGHT: Record<Label, WishReading['wish'][]> = {
  opt_out: ['opt_out'],
  ask: ['ask', 'opt_out'],
  none: ['none', 'opt_in', 'help'],
};

const messages = readFileSync(join(__dirname, 'wish-messages.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [label, language, source, text] = line.split('\t') as [Label, string, string, string];
    return { label, language, source, text: text.replaceAll('\\n', '\n').replaceAll('\\u00A0', '\u00A0') };
  });

const wrong = messages
  .map((message) => ({ ...message, ...readWish(message.text, shippedWords(null)) }))
  .filter(({ label, wish }) => !RIGHT[label].includes(wish));

const ordinary = messages.filter(({ label }) => label === 'none');
const missed = wrong.filter(({ label }) => label !== 'none');
const falseWishes = wrong.filter(({ label }) => label === 'none');

beforeAll(() => {
  process.stdout.write(
    `Opt-out wording: of ${messages.length - ordinary.length} wishes ${missed.length} missed, ` +
      `of ${ordinary.length} ordinary messages ${falseWishes.length} taken for a wish.\n`,
  );
});

test('no plain wish is missed', () => {
  expect(missed).toEqual([]);
});

test('at most one in a hundred ordinary messages is taken for a wish', () => {
  expect(falseWishes.length <= ordinary.length / 100 ? [] : falseWishes).toEqual([]);
});

test('the table has its three languages, both ways, and no message twice', () => {
  for (const language of ['en', 'es', 'fr'])
    for (const label of ['opt_out', 'ask', 'none'])
      expect(messages.filter((it) => it.language === language && it.label === label).length).toBeGreaterThan(
        30,
      );
  expect(new Set(messages.map(({ language, text }) => `${language} ${text}`)).size).toBe(messages.length);
});

test('it holds no phone but the examples', () => {
  const phones = messages.flatMap(({ text }) => text.match(/\+?\d[\d ]{7,}/g) ?? []);
  expect(phones.filter((phone) => !['+61412345678', '+61400123456', '+14155551234'].includes(phone))).toEqual(
    [],
  );
});
