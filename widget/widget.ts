/** Asks the server about the store, and shows the launcher, or the mark of a page that has to be mended. */
import type { WidgetTexts } from '../core/widget-texts';
import { fetchConfig, type ConfigAnswer, type WidgetConfig } from './config';
import { complain } from './console';
import { fill } from './fill';
import { createLauncher, createMark, type Launcher } from './launcher';
import type { Panel, PanelModule } from './panel-host';
import { ChatStore } from './store';
import { shippedTexts, type OwnTexts } from './texts';

export interface WidgetOptions {
  /** Null when the page does not tell its store. */
  locationUid: string | null;
  /** URL of the server's `/widget/`, with the slash at the end. */
  widgetUrl: string;
  /** BCP 47. */
  language: string;
  /** Of the page. */
  texts: OwnTexts;
  loadPanel: () => Promise<PanelModule>;
  /** Tells the page. */
  announce: (event: 'open' | 'close' | 'sent') => void;
}

/** What a developer does about a refusal; others have the server's own words. */
const WHAT_TO_MEND: Record<string, string> = {
  ERR_WEBCHAT_002:
    'Set location-uid (data-location-uid in a script) to the uid of the Podium location that this page belongs to. `podium-webchat locations list` shows the uids.',
  ERR_WEBCHAT_003:
    'Check location-uid (data-location-uid in a script): `podium-webchat locations list` shows the uids that are served.',
};

const NOTICE_MS = 6_000;

export class Widget {
  private readonly launcher: Launcher;
  private readonly notice = document.createElement('div');
  private texts: WidgetTexts;
  private ownTexts: OwnTexts;
  private config: WidgetConfig | null = null;
  private panel: Promise<Panel> | null = null;
  private mark: HTMLElement | null = null;
  private opened = false;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private readonly ending = new AbortController();

  constructor(
    private readonly root: ShadowRoot,
    private readonly options: WidgetOptions,
  ) {
    this.ownTexts = options.texts;
    this.texts = this.mergedTexts();
    this.launcher = createLauncher(() => void this.open());
    this.launcher.setLabel(this.texts.launcher);
    this.notice.className = 'notice';
    this.notice.setAttribute('role', 'status');
    if (options.locationUid) root.append(this.launcher.element, this.notice);
    void this.start();
  }

  async open(): Promise<void> {
    if (this.opened || this.mark) return;
    this.launcher.setBusy(true);
    try {
      await this.askServer();
      const panel = this.config && (await this.preparePanel(this.config));
      if (!panel || this.opened || this.ending.signal.aborted) return;
      this.opened = true;
      this.launcher.setHidden(true);
      this.launcher.setUnread(0, '');
      panel.open();
      this.options.announce('open');
    } catch {
      this.panel = null; // its file did not come
      this.say(navigator.onLine ? this.texts.unavailable : this.texts.offline);
    } finally {
      this.launcher.setBusy(false);
    }
  }

  /** Says it in the page's words from now on, also where it is open. */
  useTexts(own: OwnTexts): void {
    this.ownTexts = own;
    this.texts = this.mergedTexts();
    this.launcher.setLabel(this.texts.launcher);
    if (this.opened) void this.panel?.then((panel) => panel.open());
  }

  close(): void {
    if (!this.opened) return;
    this.opened = false;
    void this.panel?.then((panel) => panel.close());
    this.launcher.setHidden(false);
    this.launcher.element.focus();
    this.options.announce('close');
  }

  /** Takes it out of the page. */
  end(): void {
    this.ending.abort();
    void this.panel?.then((panel) => panel.remove());
    for (const part of [this.launcher.element, this.notice, this.mark]) part?.remove();
  }

  /** A chat that goes on is followed from the page's start: it may have something to send, or get replies. */
  private async start(): Promise<void> {
    await this.askServer().catch(() => undefined); // asked again when it is opened
    const { config } = this;
    if (config && this.storeOf(config).read('entries')?.length) await this.preparePanel(config);
  }

  /** @throws when there is no answer */
  private async askServer(): Promise<void> {
    if (this.config) return;
    const { widgetUrl, locationUid, language } = this.options;
    const answer = await fetchConfig(widgetUrl, locationUid, language);
    if (this.ending.signal.aborted) return;
    if (answer.kind === 'away') throw new Error('The server is not to be reached.');
    if (answer.kind === 'refused') return this.giveUp(answer);
    this.config = answer.config;
    this.texts = this.mergedTexts();
    this.launcher.setLabel(this.texts.launcher);
  }

  private mergedTexts(): WidgetTexts {
    const language = this.config?.language ?? this.options.language;
    return { ...shippedTexts(language), ...this.config?.texts, ...this.ownTexts };
  }

  private giveUp({ code, message, hint }: Extract<ConfigAnswer, { kind: 'refused' }>): void {
    complain(`${code}: ${message} ${WHAT_TO_MEND[code] ?? hint}`);
    this.launcher.element.remove();
    this.mark ??= createMark(code);
    this.root.append(this.mark);
  }

  private preparePanel(config: WidgetConfig): Promise<Panel> {
    return (this.panel ??= this.loadPanel(config));
  }

  private async loadPanel(config: WidgetConfig): Promise<Panel> {
    const { createPanel } = await this.options.loadPanel();
    const texts = () => this.texts;
    const panel = createPanel({
      root: this.root,
      widgetUrl: this.options.widgetUrl,
      config,
      get texts() {
        return texts();
      },
      store: this.storeOf(config),
      onClose: () => this.close(),
      onSent: () => this.options.announce('sent'),
      onUnread: (count) => this.showUnread(count),
    });
    if (this.ending.signal.aborted) panel.remove();
    return panel;
  }

  private storeOf({ location }: WidgetConfig): ChatStore {
    return new ChatStore(this.options.widgetUrl, location.uid);
  }

  private showUnread(count: number): void {
    if (this.opened) return;
    const label = fill(this.texts.launcher_new, { count });
    this.launcher.setUnread(count, label);
    this.say(label, { unseen: true });
  }

  /** For a moment, beside the launcher. @param unseen only for who hears the page */
  private say(words: string, { unseen } = { unseen: false }): void {
    this.notice.toggleAttribute('data-unseen', unseen);
    this.notice.textContent = words;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.notice.textContent = ''), NOTICE_MS);
  }
}
