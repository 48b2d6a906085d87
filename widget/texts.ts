/** The words of the widget: the shipped ones, with the server's and then the page's in their place. */
import { WIDGET_TEXTS, widgetLanguage, type WidgetTexts } from '../core/widget-texts';

/** Single texts by their keys, as the page gives them. */
export type OwnTexts = Partial<WidgetTexts>;

/** The shipped texts, for as long as the server has not answered. */
export function shippedTexts(language: string): WidgetTexts {
  return WIDGET_TEXTS[widgetLanguage(language)];
}

/** The attribute's JSON. @throws {SyntaxError} when it is none, or no object */
export function parseOwnTexts(json: string): OwnTexts {
  const texts: unknown = JSON.parse(json);
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts))
    throw new SyntaxError('It is no object of texts by their keys.');
  return texts;
}
