/** Which store the page is of: by the attribute, or by URL or cookie where the page says so. There is no default. */

/** The ways besides the attribute in which a page may tell its store. */
type Hint = 'url' | 'cookie';

export interface LocationAttributes {
  /** `location-uid` */
  uid: string | null;
  /** `location-from`: `url`, `cookie`, or both in the order in which they are looked at. */
  from: string | null;
  /** `location-name`: of the URL's parameter and the cookie. */
  name: string | null;
}

const USUAL_NAME = 'location_uid';

/**
 * The uid of the store; null when the page does not tell it.
 *
 * @param search of the page's URL, as `?location_uid=…`
 * @param cookies as `document.cookie` gives them; read only where the page says so
 */
export function findLocationUid(
  { uid, from, name }: LocationAttributes,
  search: () => string,
  cookies: () => string,
): string | null {
  if (uid?.trim()) return uid.trim();
  const key = name?.trim() || USUAL_NAME;
  for (const hint of (from ?? '').toLowerCase().split(/[\s,]+/)) {
    const found = isHint(hint) && (hint === 'url' ? fromUrl(search(), key) : fromCookie(cookies(), key));
    if (found) return found;
  }
  return null;
}

function isHint(word: string): word is Hint {
  return word === 'url' || word === 'cookie';
}

function fromUrl(search: string, name: string): string | null {
  return new URLSearchParams(search).get(name)?.trim() || null;
}

function fromCookie(cookies: string, name: string): string | null {
  const pairs = cookies.split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  if (!value) return null;
  try {
    return decodeURIComponent(value).trim() || null;
  } catch {
    return value; // not one that was encoded
  }
}
