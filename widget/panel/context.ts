/** What every part of the panel needs: the store's place, the conversation, and the words. */
import { createContext } from 'preact';
import { useContext, useLayoutEffect, useState } from 'preact/hooks';
import type { WidgetTexts } from '../../core/widget-texts';
import type { Conversation } from '../conversation';
import { fill } from '../fill';
import type { PanelHost } from '../panel-host';

export interface PanelContext {
  host: PanelHost;
  conversation: Conversation;
  /** The words of a key, with the store's name and `values` in their places. */
  say: (key: keyof WidgetTexts, values?: Record<string, string | number>) => string;
}

const Context = createContext<PanelContext | null>(null);

export const PanelProvider = Context.Provider;

export function usePanel(): PanelContext {
  return useContext(Context)!;
}

export function panelContext(host: PanelHost, conversation: Conversation): PanelContext {
  const store = host.config.location.name;
  return { host, conversation, say: (key, values) => fill(host.texts[key], { store, ...values }) };
}

/** For a button that takes itself out of the page: who pressed it goes on at the message. */
export function focusMessage({ currentTarget }: { currentTarget: HTMLElement }): void {
  (currentTarget.getRootNode() as ShadowRoot).getElementById('body')?.focus();
}

/** Draws the component again when the conversation changes, also between its first drawing and the next frame. */
export function useConversationChanges(conversation: Conversation): void {
  const [, draw] = useState({});
  useLayoutEffect(() => conversation.listen(() => draw({})), [conversation]);
}
