/** What was written and replied, in the order in which it came. */
import { useEffect, useRef } from 'preact/hooks';
import { isGivenUp, type Entry, type OwnMessage, type Reply } from '../chat';
import { FILE_LOST } from '../conversation';
import { shownSize } from '../file-checks';
import { focusMessage, usePanel, type PanelContext } from './context';
import { FileName } from './files';
import { Icon } from './icon';

const NEAR_END_PX = 60;

export function Entries({ entries }: { entries: readonly Entry[] }) {
  const { host, say } = usePanel();
  const log = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const last = entries.at(-1);
  useEffect(() => {
    // Who reads further up is left there, unless they write.
    if (atEnd.current || last?.kind === 'own') log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [last?.id]);
  const { language } = host.config;
  return (
    // New ones are read out once the reader has time; which of them were there before are not.
    <div
      class="log"
      ref={log}
      role="log"
      aria-label={say('replies_label')}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
      }}
    >
      <ol>
        {entries.map((entry, at) => {
          const day = dayOf(entry, language, say);
          const before = entries[at - 1];
          const newDay = before && dayOf(before, language, say) !== day;
          return (
            <li key={entry.id} class={entry.kind === 'own' ? 'own' : 'theirs'}>
              {newDay && <p class="day">{day}</p>}
              {entry.kind === 'own' ? <Own message={entry} /> : <Theirs reply={entry} />}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Own({ message }: { message: OwnMessage }) {
  const { say } = usePanel();
  return (
    <>
      <div class="bubble" dir="auto">
        <span class="unseen">{say('you')}: </span>
        {message.file ? <FileName file={message.file} /> : message.body}
      </div>
      <OwnState message={message} />
    </>
  );
}

function OwnState({ message }: { message: OwnMessage }) {
  const panel = usePanel();
  const { host, conversation, say } = panel;
  const { status, file } = message;
  const time = timeOf(message.at, host.config.language);
  if (status === 'sent') return <p class="meta">{`${time} · ${say('sent')}`}</p>;
  const share = conversation.progressOf(message.id);
  if (file && share !== null) return <Upload message={message} name={file.name} share={share} />;
  const stuck = isStuck(panel, message);
  return (
    <div class={status === 'refused' || stuck ? 'meta trouble' : 'meta'}>
      <p>{ownStateWords(panel, message)}</p>
      <div class="choices">
        {stuck && (
          <button type="button" class="link" onClick={() => conversation.retryGivenUp(message)}>
            {file ? say('file_retry', { name: file.name }) : say('retry')}
          </button>
        )}
        {(file || status === 'refused' || stuck) && (
          <button
            type="button"
            class="link"
            onClick={(event) => {
              focusMessage(event);
              conversation.discard(message);
            }}
          >
            {say('discard')}
          </button>
        )}
      </div>
    </div>
  );
}

/** A file on its way. */
function Upload({ message, name, share }: { message: OwnMessage; name: string; share: number }) {
  const { conversation, say } = usePanel();
  const percent = Math.floor(share * 100);
  const cancel = say('file_cancel', { name });
  return (
    <div class="meta upload">
      <progress max={100} value={percent} aria-label={say('file_progress', { name, percent })} />
      <span aria-hidden="true">{percent}%</span>
      <button
        type="button"
        class="icon"
        aria-label={cancel}
        title={cancel}
        onClick={(event) => {
          focusMessage(event);
          conversation.discard(message);
        }}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** It was tried again and again, though the browser is online: the trouble is on the server's side, or the line. */
function isStuck({ conversation }: PanelContext, message: OwnMessage): boolean {
  const failing = message.status === 'waiting' && conversation.failuresOf(message) >= 2;
  return (failing || isGivenUp(message)) && navigator.onLine;
}

/** What becomes of a message that is not sent yet, or will not be. */
export function ownStateWords(panel: PanelContext, message: OwnMessage): string {
  const { host, say } = panel;
  const { status, file, refusal, notBefore } = message;
  const seconds = Math.ceil((notBefore - Date.now()) / 1000);
  if (status === 'sent') return say('sent');
  if (status === 'refused') return refusedWords();
  if (!navigator.onLine) return say('queued');
  if (seconds > 0) return say('rate_limited', { seconds });
  if (!isStuck(panel, message)) return say('sending');
  return file ? say('file_failed', { name: file.name }) : say('failed');

  function refusedWords(): string {
    const { language, limits } = host.config;
    const name = file?.name ?? '';
    if (refusal?.code === FILE_LOST) return say('file_lost', { name });
    if (refusal?.code === 'ERR_WEBCHAT_005') {
      const limit = shownSize(limits.max_file_bytes, language);
      return say('file_too_large', { name, size: shownSize(file?.size ?? 0, language), limit });
    }
    if (refusal?.code === 'ERR_WEBCHAT_015') return say('file_wrong_type', { name });
    return `${say('not_sent')}. ${say('unavailable')}.`;
  }
}

function Theirs({ reply }: { reply: Reply }) {
  const { host, say } = usePanel();
  const texts = [reply.private ? say('reply_private') : reply.text, reply.file && say('reply_file')].filter(
    Boolean,
  );
  return (
    <>
      <p class="meta">{`${senderOf(reply, say)} · ${timeOf(Date.parse(reply.at), host.config.language)}`}</p>
      {texts.map((text, at) => (
        <div class={reply.private || at > 0 ? 'bubble aside' : 'bubble'} dir="auto" key={at}>
          {text}
        </div>
      ))}
    </>
  );
}

function senderOf({ from, name }: Reply, say: PanelContext['say']): string {
  if (from === 'robot') return say('from_robot');
  return name ? say('from_person', { name }) : say('from_store');
}

function timeOf(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(at);
}

function dayOf(entry: Entry, language: string, say: PanelContext['say']): string {
  const at = new Date(entry.at);
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (at.toDateString() === today.toDateString()) return say('today');
  if (at.toDateString() === yesterday.toDateString()) return say('yesterday');
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(at);
}
