/** Every text of the widget, by key and language. The settings replace single ones, and so may the page. */
import { placeholdersOf } from './placeholders';
import { ENGLISH_TEXTS } from './widget-texts-en';
import { SPANISH_TEXTS } from './widget-texts-es';
import { FRENCH_TEXTS } from './widget-texts-fr';

export type WidgetTextKey = keyof typeof ENGLISH_TEXTS;

export type WidgetTexts = Readonly<Record<WidgetTextKey, string>>;

export const WIDGET_TEXTS = {
  en: ENGLISH_TEXTS,
  es: SPANISH_TEXTS,
  fr: FRENCH_TEXTS,
} as const satisfies Record<string, WidgetTexts>;

export type WidgetLanguage = keyof typeof WIDGET_TEXTS;

export const WIDGET_LANGUAGES = Object.keys(WIDGET_TEXTS) as WidgetLanguage[];

export const WIDGET_TEXT_KEYS = Object.keys(ENGLISH_TEXTS) as WidgetTextKey[];

/** What the widget replaces in the text of a key: the `store` of `{store}`. */
export function widgetTextPlaceholders(key: WidgetTextKey): string[] {
  return placeholdersOf(ENGLISH_TEXTS[key]);
}

/**
 * The language that fits best.
 *
 * @param tags BCP 47, the most wanted first, as `es-US`
 * @returns `en` where none fits
 */
export function widgetLanguage(...tags: string[]): WidgetLanguage {
  const wanted = tags.map((tag) => tag.trim().toLowerCase().split(/[-_]/)[0]);
  const known = wanted.find((code) => WIDGET_LANGUAGES.some((language) => language === code));
  return (known as WidgetLanguage | undefined) ?? 'en';
}
