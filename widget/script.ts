/** `podium-webchat.js`: one line in a page. The attributes of its script element are those of the element that it puts in. */
import { complain } from './console';
import { defineElement, ELEMENT_NAME } from './define';
import { ATTRIBUTES } from './element';
import type { PanelModule } from './panel-host';

/** Put in by the build: where the panel's file is, as seen from this one. */
declare const PANEL_FILE: string;

const script = document.currentScript;

if (script instanceof HTMLScriptElement && script.src) start(script);
else complain('podium-webchat.js is a classic script with a src. To import it, use podium-webchat.mjs.');

function start(script: HTMLScriptElement): void {
  const widgetUrl = new URL('.', script.src).href;
  defineElement({
    widgetUrl,
    loadPanel: () => import(new URL(PANEL_FILE, widgetUrl).href) as Promise<PanelModule>,
  });
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', () => putIn(script, widgetUrl));
  else putIn(script, widgetUrl);
}

/** A page that has elements of its own needs no further one, unless the script says of which store. */
function putIn(script: HTMLScriptElement, widgetUrl: string): void {
  const given = ATTRIBUTES.filter((name) => script.hasAttribute(`data-${name}`));
  const saysStore = given.some((name) => name.startsWith('location-'));
  if (!saysStore && document.querySelector(ELEMENT_NAME)) return;
  const element = document.createElement(ELEMENT_NAME);
  element.setAttribute('server', widgetUrl.replace(/\/widget\/$/, ''));
  for (const name of given) element.setAttribute(name, script.getAttribute(`data-${name}`)!);
  document.body.append(element);
}
