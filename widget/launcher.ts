/** What stands in the page before anything is opened: the button, or the mark of a page that does not say its store. */
import { ICONS } from './icons';

const SVG = 'http://www.w3.org/2000/svg';

export interface Launcher {
  element: HTMLButtonElement;
  setLabel(label: string): void;
  /** While the panel is on its way. */
  setBusy(busy: boolean): void;
  /** While the panel is open, which has a button of its own. */
  setHidden(hidden: boolean): void;
  /** How many replies came that nobody has seen. @param label says so */
  setUnread(count: number, label: string): void;
}

export function createLauncher(onOpen: () => void): Launcher {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = 'launcher';
  element.setAttribute('part', 'launcher');
  element.setAttribute('aria-expanded', 'false');
  element.setAttribute('aria-haspopup', 'dialog');
  const words = document.createElement('span');
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.ariaHidden = 'true';
  badge.hidden = true;
  element.append(chatIcon(), words, badge);
  element.addEventListener('click', onOpen);
  return {
    element,
    setLabel: (label) => {
      words.textContent = label;
    },
    setBusy: (busy) => {
      element.ariaBusy = String(busy);
    },
    setHidden: (hidden) => {
      element.hidden = hidden;
      element.setAttribute('aria-expanded', String(hidden));
    },
    setUnread: (count, label) => {
      badge.hidden = count === 0;
      badge.dataset.count = String(count); // shown by the styles: the label says it in words
      if (count > 0) element.setAttribute('aria-label', label);
      else element.removeAttribute('aria-label');
    },
  };
}

/** For customers it has no words; the developer reads in the console what to mend. */
export function createMark(code: string): HTMLElement {
  const mark = document.createElement('div');
  mark.className = 'mark';
  mark.dataset.code = code;
  mark.ariaHidden = 'true';
  mark.append(chatIcon());
  return mark;
}

function chatIcon(): SVGElement {
  const icon = document.createElementNS(SVG, 'svg');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS.chat);
  icon.append(path);
  return icon;
}
