/** The words of the widget: the shipped ones, with the server's and then the page's in their place. */
import { WIDGET_TEXTS, widgetLanguage, type WidgetTexts } from '../core/widget-texts';

/** Single texts by their keys, as the page gives them. */
export type OwnTexts = Partial<WidgetTexts>;

/** The shipped texts, for as long as the server has not answered. */
export function shippedTexts(language: string): WidgetTexts {
  return WIDGET_TEXTS[widgetLanguage(language)];
}

/** The attribute's JSON. @throws {SyntaxError} when it is none, or not of texts */
export function parseOwnTexts(json: string): OwnTexts {
  return checkOwnTexts(JSON.parse(json));
}

/** What a page's script has set. @throws {SyntaxError} when it is no object, or a value in it is no text */
export function checkOwnTexts(texts: unknown): OwnTexts {
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts))
    throw new SyntaxError('It is no object of texts by their keys.');
  const wrong = Object.entries(texts).find(([, text]) => typeof text !== 'string');
  if (wrong) throw new SyntaxError(`The value of "${wrong[0]}" is no text.`);
  return texts;
}
