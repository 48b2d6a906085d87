/** What the widget and its panel know of each other. The panel's file comes later, when it is opened. */
import type { WidgetTexts } from '../core/widget-texts';
import type { WidgetConfig } from './config';
import type { ChatStore } from './store';

export interface PanelHost {
  /** Where the panel is put. */
  root: ShadowRoot;
  /** URL of the server's `/widget/`, with the slash at the end. */
  widgetUrl: string;
  config: WidgetConfig;
  texts: WidgetTexts;
  store: ChatStore;
  /** The customer closes the panel. */
  onClose(): void;
  /** @param count replies that came while the panel was closed */
  onUnread(count: number): void;
  /** The server has accepted a message. */
  onSent(): void;
}

export interface Panel {
  open(): void;
  close(): void;
  /** Ends all that it does, and takes it out of the page. */
  remove(): void;
}

/** Of the panel's own file. */
export interface PanelModule {
  createPanel: (host: PanelHost) => Panel;
}
