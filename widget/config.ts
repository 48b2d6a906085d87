/** What the server tells of a store: its name and country, limits, and all texts. */
import type { WidgetTexts } from '../core/widget-texts';

export interface WidgetConfig {
  location: {
    uid: string;
    name: string;
    /** ISO alpha-2; null when it is not known. */
    country: string | null;
  };
  /** Of the texts, as `en`. */
  language: string;
  limits: {
    max_file_bytes: number;
    /** As `image/png`. */
    file_types: string[];
    max_files: number;
    /** In characters. */
    max_text: number;
    max_name: number;
  };
  /** What the customer agrees to by sending. */
  consent: string;
  texts: WidgetTexts;
}

export type ConfigAnswer =
  | { kind: 'known'; config: WidgetConfig }
  /** As `ERR_WEBCHAT_003`: the page has to be mended. */
  | { kind: 'refused'; code: string; message: string; hint: string }
  /** No answer that could be read: offline, or the server is away. */
  | { kind: 'away' };

const LONGEST_WAIT_MS = 10_000;

/**
 * Asks the server. Also without a location, since that is how the operator hears of such a page.
 *
 * @param widgetUrl URL of the server's `/widget/`, with the slash at the end
 * @param language BCP 47, as `es-MX`
 */
export async function fetchConfig(
  widgetUrl: string,
  locationUid: string | null,
  language: string,
): Promise<ConfigAnswer> {
  const query = new URLSearchParams({ ...(locationUid && { location_uid: locationUid }), language });
  try {
    const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
    const response = await fetch(`${widgetUrl}config?${query}`, { credentials: 'omit', signal });
    const body: unknown = await response.json();
    if (response.ok) return { kind: 'known', config: body as WidgetConfig };
    const { error } = body as { error?: { code: string; message: string; hint: string } };
    if (response.status < 500 && response.status !== 429 && error) return { kind: 'refused', ...error };
  } catch {
    // Told as being away.
  }
  return { kind: 'away' };
}
