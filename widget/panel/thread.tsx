/** The conversation as it goes on: what was said, how it goes on by text, and a line to write more. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { OwnMessage } from '../chat';
import { usePanel } from './context';
import { Entries, ownStateWords } from './entries';
import { type FieldErrors } from './errors';
import type { FileChoice } from './files';
import { MessageField, useMessageCheck } from './message-field';
import { WithPhone } from './with-phone';

interface ThreadProps {
  choice: FileChoice;
  onOtherPhone: () => void;
}

export function Thread({ choice, onOtherPhone }: ThreadProps) {
  const panel = usePanel();
  const { host, conversation } = panel;
  const [errors, setErrors] = useState<FieldErrors>({});
  const input = useRef<HTMLTextAreaElement>(null);
  const messageProblem = useMessageCheck(choice);
  const { entries, identity } = conversation;
  useEffect(() => focusForTyping(input.current), []);

  const submit = () => {
    const body = messageProblem();
    setErrors(body ? { body } : {});
    if (!body) conversation.send({ body: conversation.draft.body, files: choice.files, consent: null });
    if (!body) choice.settle();
    input.current?.focus();
  };
  const last = entries.findLast((entry): entry is OwnMessage => entry.kind === 'own');
  return (
    <>
      <Entries entries={entries} />
      <div class="foot">
        <p class="unseen" role="status">
          {last && ownStateWords(panel, last)}
        </p>
        <State />
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <MessageField
            choice={choice}
            error={errors.body}
            onChange={(body) => {
              conversation.changeDraft({ body });
              setErrors({});
            }}
            line
            input={input}
          />
        </form>
        {identity && !identity.optedOut && (
          <p class="hint">
            <WithPhone text={host.texts.by_text} phone={identity.phoneShown} />
          </p>
        )}
        <Leave onOtherPhone={onOtherPhone} />
      </div>
    </>
  );
}

/** What a customer has to know before they write more. */
function State() {
  const { host, conversation, say } = usePanel();
  const { identity } = conversation;
  if (!identity) return null;
  if (identity.optedOut)
    return (
      <p class="note">
        <WithPhone text={host.texts.opted_out} phone={identity.phoneShown} />
      </p>
    );
  return identity.open ? null : <p class="note">{say('ended')}</p>;
}

/** Ways out: another number, or nothing of this chat left in a browser that others use, too. */
function Leave({ onOtherPhone }: { onOtherPhone: () => void }) {
  const { conversation, say } = usePanel();
  const [asks, setAsks] = useState<boolean | null>(null);
  const next = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asks !== null) next.current?.focus(); // the button that was pressed is gone
  }, [asks]);
  if (asks)
    return (
      <div class="note" role="group" aria-labelledby="forget-question">
        <p id="forget-question">{say('forget_question')}</p>
        <div class="choices">
          <button type="button" ref={next} class="small" onClick={() => conversation.forget()}>
            {say('forget_yes')}
          </button>
          <button type="button" class="small" onClick={() => setAsks(false)}>
            {say('forget_no')}
          </button>
        </div>
      </div>
    );
  return (
    <div class="choices leave">
      <button type="button" class="link" onClick={onOtherPhone}>
        {say('phone_change')}
      </button>
      <button type="button" ref={next} class="link" onClick={() => setAsks(true)}>
        {say('forget')}
      </button>
    </div>
  );
}

/** On a phone the focus would bring up the keyboard, over what one wants to read. */
function focusForTyping(field: HTMLElement | null): void {
  const root = field?.getRootNode() as ShadowRoot | undefined;
  if (matchMedia('(hover: hover)').matches) field?.focus();
  else root?.getElementById('title')?.focus();
}
