/** The part of the settings that is about the widget. */
import { z } from 'zod';
import { withPlaceholders } from './setting-text';
import {
  WIDGET_TEXT_KEYS,
  WIDGET_TEXTS,
  widgetTextPlaceholders,
  type WidgetLanguage,
  type WidgetTextKey,
  type WidgetTexts,
} from './widget-texts';

/** As a browser sends it: no path, and a port only where it is not the scheme's own. */
const origin = z.string().refine(isOrigin, {
  error: ({ input }) => `should be scheme://host[:port] and nothing more, as ${exampleOf(String(input))}`,
});

/** The widget puts it in wherever it stands. */
const ANYWHERE = 'store';

/** Any of the widget's texts, each with the names in braces that it has as shipped. */
const texts = z.strictObject(
  Object.fromEntries(
    WIDGET_TEXT_KEYS.map((key) => [
      key,
      withPlaceholders(...new Set([ANYWHERE, ...widgetTextPlaceholders(key)])).optional(),
    ]),
  ) as Record<WidgetTextKey, z.ZodOptional<ReturnType<typeof withPlaceholders>>>,
);

const consent = withPlaceholders('store');

export const widgetSettings = z.strictObject({
  origins: z.record(z.string(), z.array(origin)),
  consent: z.strictObject({ en: consent, es: consent, fr: consent }),
  texts: z.strictObject({ en: texts, es: texts, fr: texts }),
});

export type WidgetSettings = z.infer<typeof widgetSettings>;

/** What the widget says in a language: the shipped texts with those of the settings in their place. */
export function widgetTexts({ texts }: Pick<WidgetSettings, 'texts'>, language: WidgetLanguage): WidgetTexts {
  const said = Object.entries(texts[language]).filter(([, words]) => words !== undefined);
  return { ...WIDGET_TEXTS[language], ...(Object.fromEntries(said) as Partial<WidgetTexts>) };
}

function isOrigin(value: string): boolean {
  return originOf(value) === value;
}

/** What was meant, as far as that can be guessed. */
function exampleOf(value: string): string {
  return originOf(value) ?? originOf(`https://${value.replace(/^.*:\/\//, '')}`) ?? 'https://www.example.com';
}

/** Null where there is none, as with a pattern of many hosts. */
function originOf(value: string): string | null {
  return /^https?:[^*]*$/.test(value) && URL.canParse(value) ? new URL(value).origin : null;
}
