/** `podium-webchat.mjs`: for pages that import or bundle the widget. */
import { defineElement } from './define';

export { PodiumWebchatElement } from './element';
export type { OwnTexts } from './texts';

/** Makes `<podium-webchat>` known. Bundled elsewhere, each element names its `server`. */
export function defineWebchat(): void {
  defineElement({
    widgetUrl: new URL('.', import.meta.url).href,
    loadPanel: () => import('./panel/panel'),
  });
}
