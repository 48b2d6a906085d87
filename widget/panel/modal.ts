/** While the panel fills the window, nothing of the page behind it is seen: then the focus stays in it, too. */
import { useLayoutEffect, useState } from 'preact/hooks';

/** As in panel.css. */
const FILLS_WINDOW = '(max-width: 32em), (max-height: 32em)';

export function useFillsWindow(): boolean {
  const [fills, setFills] = useState(() => matchMedia(FILLS_WINDOW).matches);
  useLayoutEffect(() => {
    const query = matchMedia(FILLS_WINDOW);
    const changed = () => setFills(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return fills;
}

/** Behind the last place to go to comes the first one again, and the other way round. */
export function keepTabWithin(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  if (event.key !== 'Tab') return;
  const { currentTarget: panel, shiftKey } = event;
  const places = [
    ...panel.querySelectorAll<HTMLElement>('button, input, select, textarea, [tabindex]'),
  ].filter(
    (place) => place.tabIndex >= 0 && !place.matches(':disabled') && place.getClientRects().length > 0,
  );
  const focused = places.indexOf((panel.getRootNode() as ShadowRoot).activeElement as HTMLElement);
  // The title, at -1, stands before all of them.
  const leaves = shiftKey ? focused <= 0 : focused === places.length - 1;
  if (!leaves) return;
  event.preventDefault();
  places.at(shiftKey ? -1 : 0)?.focus();
}
