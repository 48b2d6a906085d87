/** Makes `<podium-webchat>` known to the page, once. */
import { PodiumWebchatElement, type WidgetSource } from './element';

export const ELEMENT_NAME = 'podium-webchat';

/** A second script of the page changes nothing: the first one's element is used for both. */
export function defineElement(source: WidgetSource): void {
  if (customElements.get(ELEMENT_NAME)) return;
  PodiumWebchatElement.source = source;
  customElements.define(ELEMENT_NAME, PodiumWebchatElement);
}
