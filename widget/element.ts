/** `<podium-webchat>`: the widget as its attributes say, anew whenever they change. */
import launcherStyles from './launcher.css';
import { complain } from './console';
import { findLocationUid } from './location';
import type { PanelModule } from './panel-host';
import { adoptStyles } from './styles';
import { checkOwnTexts, parseOwnTexts, type OwnTexts } from './texts';
import { Widget, type WidgetOptions } from './widget';

/** Where the element's files come from. */
export interface WidgetSource {
  /** URL of the server's `/widget/`, with the slash at the end; an element's `server` replaces it. */
  widgetUrl: string;
  loadPanel: () => Promise<PanelModule>;
}

export const ATTRIBUTES = ['location-uid', 'location-from', 'location-name', 'server', 'language', 'texts'];

const TO_THE_PAGE = { bubbles: true, composed: true };

/** So that the module can be read where there is no browser, as when a page is rendered on a server. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

export class PodiumWebchatElement extends Base {
  static readonly observedAttributes = ATTRIBUTES;
  /** Set by whoever defines the element. */
  static source: WidgetSource;

  /** Of the attributes as they are; null while the element is in no page. */
  private widget: Widget | null = null;
  private restarts = false;
  private textsOfPage: OwnTexts = {};

  /** Single texts by their keys, in place of the server's. */
  get texts(): OwnTexts {
    return this.textsOfPage;
  }

  set texts(texts: OwnTexts) {
    this.textsOfPage = this.checked('property', () => checkOwnTexts(texts));
    this.widget?.useTexts(this.ownTexts());
  }

  /** Opens the panel, also right after the element was put in. */
  open(): void {
    queueMicrotask(() => void this.widget?.open());
  }

  close(): void {
    this.widget?.close();
  }

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    adoptStyles(root, launcherStyles);
    this.takeTextsSetBefore();
    this.restart();
  }

  disconnectedCallback(): void {
    this.widget?.end();
    this.widget = null;
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === 'texts') this.widget?.useTexts(this.ownTexts());
    else this.restart();
  }

  /** A page's script may have run before this file: then they hide those of the class. */
  private takeTextsSetBefore(): void {
    if (!Object.hasOwn(this, 'texts')) return;
    const { texts } = this;
    Reflect.deleteProperty(this, 'texts');
    this.texts = texts;
  }

  /** Once for all attributes that change together. */
  private restart(): void {
    if (!this.isConnected || this.restarts) return;
    this.restarts = true;
    queueMicrotask(() => {
      this.restarts = false;
      this.widget?.end();
      this.widget = this.isConnected ? new Widget(this.shadowRoot!, this.options()) : null;
    });
  }

  private options(): WidgetOptions {
    const { source } = PodiumWebchatElement;
    const server = this.getAttribute('server')?.replace(/\/+$/, '');
    return {
      locationUid: this.locationUid(),
      widgetUrl: server ? new URL(`${server}/widget/`, document.baseURI).href : source.widgetUrl,
      language: this.getAttribute('language') || this.languageOfPage() || navigator.language,
      texts: this.ownTexts(),
      loadPanel: source.loadPanel,
      announce: (event) => this.dispatchEvent(new CustomEvent(`podium-webchat-${event}`, TO_THE_PAGE)),
    };
  }

  private locationUid(): string | null {
    const attributes = {
      uid: this.getAttribute('location-uid'),
      from: this.getAttribute('location-from'),
      name: this.getAttribute('location-name'),
    };
    return findLocationUid(
      attributes,
      () => location.search,
      () => document.cookie,
    );
  }

  private languageOfPage(): string | null {
    return this.closest('[lang]')?.getAttribute('lang') || null;
  }

  private ownTexts(): OwnTexts {
    const json = this.getAttribute('texts');
    const ofAttribute = json ? this.checked('attribute', () => parseOwnTexts(json)) : {};
    return { ...ofAttribute, ...this.textsOfPage };
  }

  private checked(where: 'attribute' | 'property', check: () => OwnTexts): OwnTexts {
    try {
      return check();
    } catch (error) {
      complain(`the ${where} "texts" is not used: ${(error as Error).message}`);
      return {};
    }
  }
}
