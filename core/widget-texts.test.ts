import { placeholdersOf } from './placeholders';
import {
  WIDGET_LANGUAGES,
  WIDGET_TEXT_KEYS,
  WIDGET_TEXTS,
  widgetLanguage,
  widgetTextPlaceholders,
} from './widget-texts';

describe.each(WIDGET_LANGUAGES)('the texts in %s', (language) => {
  const texts = WIDGET_TEXTS[language];

  test('are all there, each with the same names in braces', () => {
    expect(Object.keys(texts).sort()).toEqual([...WIDGET_TEXT_KEYS].sort());
    for (const key of WIDGET_TEXT_KEYS) {
      expect({ key, names: placeholdersOf(texts[key]).sort() }).toEqual({
        key,
        names: widgetTextPlaceholders(key).sort(),
      });
    }
  });

  test('are clean', () => {
    for (const [key, words] of Object.entries(texts)) {
      expect({ key, words }).toEqual({ key, words: words.trim().replace(/ {2,}/g, ' ') });
      expect(words).not.toBe('');
    }
  });
});

test.each([
  [['es-US'], 'es'],
  [['FR'], 'fr'],
  [['fr_CA'], 'fr'],
  [['de-DE', 'es'], 'es'],
  [['de'], 'en'],
  [[''], 'en'],
  [[], 'en'],
])('for %j the language is %s', (tags, language) => {
  expect(widgetLanguage(...tags)).toBe(language);
});
