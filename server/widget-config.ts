/** `GET /widget/config`: what the widget has to know of its store before it shows anything. */
import type { Context } from 'koa';
import type { Location } from '../core/events';
import { locationFailure } from '../core/verdict';
import { widgetTexts, type WidgetSettings } from '../core/widget-settings';
import { widgetLanguage } from '../core/widget-texts';
import type { ContentRules } from '../store/files/checked-content';
import { Refusal } from './errors';
import { MOST_NAME, MOST_TEXT } from './widget-fields';
import type { WidgetOrigins } from './widget-origins';

/** Of one message, each sent by itself. */
const MOST_FILES = 5;

/** In seconds: a change of the settings shows after it. */
const GOOD_FOR = 60;

export interface ConfigDependencies {
  settings: WidgetSettings;
  rules: ContentRules;
  /** Returns once the location is on the list, or the list was read anew, or the customer has waited for long enough. */
  findLocation: (uid: string) => Promise<Location | undefined>;
  /** Is told the code of what is refused. */
  onRejection: (code: string) => void;
}

/** @throws {Refusal} 400 for a location that is missing, unknown or archived; 403 for a page that may not use it */
export async function answerConfig(
  ctx: Context,
  { settings, rules, findLocation, onRejection }: ConfigDependencies,
  origins: WidgetOrigins,
): Promise<void> {
  const uid = queryOf(ctx, 'location_uid');
  const location = uid === null ? undefined : await findLocation(uid);
  const problem = locationFailure(uid, location);
  if (problem || !location) {
    const reason = { ...problem!, field: 'location_uid' };
    onRejection(reason.code);
    throw new Refusal(400, reason, { 'Cache-Control': 'no-store' });
  }
  origins.check(ctx, location.uid);
  const language = widgetLanguage(queryOf(ctx, 'language') ?? '');
  ctx.set('Cache-Control', `public, max-age=${GOOD_FOR}`);
  ctx.body = {
    location: { uid: location.uid, name: location.name, country: location.country },
    language,
    limits: {
      max_file_bytes: rules.maxBytes,
      file_types: rules.allowedTypes,
      max_files: MOST_FILES,
      max_text: MOST_TEXT,
      max_name: MOST_NAME,
    },
    consent: settings.consent[language].replaceAll('{store}', () => location.name),
    texts: widgetTexts(settings, language),
  };
}

/** What stands once in the query; null where it is missing or empty. */
export function queryOf(ctx: Context, name: string): string | null {
  const value = ctx.query[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}
