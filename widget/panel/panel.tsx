/** The panel: the form at first, then the conversation. This file and what it needs are loaded when it is opened. */
import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { OwnMessage } from '../chat';
import { Conversation } from '../conversation';
import type { Panel, PanelHost } from '../panel-host';
import { adoptStyles } from '../styles';
import { ContactForm } from './contact-form';
import { panelContext, PanelProvider, useConversationChanges, usePanel } from './context';
import { refusalAtField, type FieldErrors } from './errors';
import { useFileChoice } from './files';
import { Icon } from './icon';
import { keepTabWithin, useFillsWindow } from './modal';
import panelStyles from './panel.css';
import { Thread } from './thread';

export function createPanel(host: PanelHost): Panel {
  adoptStyles(host.root, panelStyles);
  const place = document.createElement('div');
  host.root.append(place);
  let opened = false;
  let unread = 0;
  const conversation = new Conversation(host, () => {
    if (!opened) host.onUnread(++unread);
  });
  const context = panelContext(host, conversation);
  const draw = () =>
    render(
      opened ? (
        <PanelProvider value={context}>
          <OpenPanel />
        </PanelProvider>
      ) : null,
      place,
    );
  return {
    open: () => {
      [opened, unread] = [true, 0];
      draw();
    },
    close: () => {
      opened = false;
      draw();
    },
    remove: () => {
      opened = false;
      draw();
      place.remove();
      conversation.end();
    },
  };
}

function OpenPanel() {
  const panel = usePanel();
  const { host, conversation, say } = panel;
  useConversationChanges(conversation);
  useLineChanges();
  const fillsWindow = useFillsWindow();
  const choice = useFileChoice(panel);
  const [editing, setEditing] = useState(false);
  const [refused, setRefused] = useState<FieldErrors>({});
  const box = useRef<HTMLElement>(null);
  const { entries, identity } = conversation;
  const talking = identity !== null && entries.length > 0 && !editing;
  const [dropping, dropEvents] = useDrop(choice.add);

  // A refusal that concerns a field takes the customer back to that field, with what was written.
  const wrong = entries.find(
    (entry): entry is OwnMessage => entry.kind === 'own' && entry.status === 'refused',
  );
  useEffect(() => {
    const errors = wrong?.refusal && refusalAtField(panel, wrong.refusal);
    if (!wrong || !errors) return;
    conversation.takeBack(wrong);
    setRefused(errors);
    setEditing(true);
  }, [wrong?.id]);
  useEffect(() => {
    if (!talking && !editing) box.current?.querySelector<HTMLElement>('#title')?.focus();
  }, [talking]);

  return (
    <section
      class="panel"
      ref={box}
      role="dialog"
      aria-modal={fillsWindow || undefined}
      aria-labelledby="title"
      aria-describedby={talking ? undefined : 'intro'}
      lang={host.config.language}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.isComposing) host.onClose();
        if (fillsWindow) keepTabWithin(event);
      }}
      onPaste={(event) => {
        const files = event.clipboardData?.files;
        if (!files?.length) return;
        event.preventDefault();
        choice.add(files);
      }}
      {...dropEvents}
    >
      <div class="head">
        <h2 id="title" tabIndex={-1}>
          {say('title')}
        </h2>
        <button
          type="button"
          class="icon"
          aria-label={say('close')}
          title={say('close')}
          onClick={() => host.onClose()}
        >
          <Icon name="close" />
        </button>
        {!talking && <p id="intro">{say('intro')}</p>}
      </div>
      {talking ? (
        <Thread choice={choice} onOtherPhone={() => setEditing(true)} />
      ) : (
        <ContactForm
          key={JSON.stringify(refused)}
          choice={choice}
          refused={refused}
          focus={editing ? 'phone' : null}
          onSent={() => {
            setEditing(false);
            setRefused({});
          }}
        />
      )}
      {dropping && <div class="drop">{say('drop_here')}</div>}
    </section>
  );
}

/** Draws again when the browser goes offline or comes back. */
function useLineChanges(): void {
  const [, setOnline] = useState(navigator.onLine);
  useLayoutEffect(() => {
    const changed = () => setOnline(navigator.onLine);
    const ending = new AbortController();
    addEventListener('online', changed, ending);
    addEventListener('offline', changed, ending);
    return () => ending.abort();
  }, []);
}

/** @returns whether files are over the panel, and what listens for them */
function useDrop(add: (files: Iterable<File>) => void) {
  const [dropping, setDropping] = useState(false);
  const events = {
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setDropping(true);
    },
    onDragLeave: (event: DragEvent) => {
      const within = event.currentTarget as Node;
      if (!within.contains(event.relatedTarget as Node | null)) setDropping(false);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setDropping(false);
      add(event.dataTransfer?.files ?? []);
    },
  };
  return [dropping, events] as const;
}
