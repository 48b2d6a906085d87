/** The message, with its files and the button that sends both. */
import type { Ref } from 'preact';
import { usePanel } from './context';
import { described, FieldError } from './errors';
import { AttachButtons, FileList, type FileChoice } from './files';
import { Icon } from './icon';

interface MessageFieldProps {
  choice: FileChoice;
  error: string | undefined;
  onChange: (body: string) => void;
  /** In a conversation that has begun the field is a line, which Enter sends. */
  line?: boolean;
  input?: Ref<HTMLTextAreaElement>;
}

/** So few characters left are told. */
const NEARLY_FULL = 200;

/** Where the browser does not fit the field to its content by itself. */
const MOST_ROWS = 5;

export function MessageField({ choice, error, onChange, line = false, input = null }: MessageFieldProps) {
  const { host, conversation, say } = usePanel();
  const { body } = conversation.draft;
  const left = host.config.limits.max_text - body.length;
  return (
    <div class="field">
      <label for="body" class={line ? 'unseen' : undefined}>
        {say('message_label')}
      </label>
      <div class={line ? 'message line' : 'message'} data-wrong={error ? '' : undefined}>
        <textarea
          id="body"
          ref={input}
          dir="auto"
          rows={line ? Math.min(MOST_ROWS, body.split('\n').length) : 3}
          placeholder={line ? say('message_label') : undefined}
          value={body}
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={described(left < NEARLY_FULL && 'body-left', error && 'body-error')}
          onInput={(event) => onChange(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (!line || event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }}
        />
        <div class="tools">
          <AttachButtons choice={choice} />
          {line && (
            <button class="icon primary" aria-label={say('send')} title={say('send')}>
              <Icon name="send" />
            </button>
          )}
        </div>
      </div>
      {left < NEARLY_FULL && (
        <p class="hint" id="body-left">
          {say('message_left', { count: left })}
        </p>
      )}
      <FieldError id="body-error" error={error} />
      <FileList choice={choice} />
    </div>
  );
}

/** What is wrong with the message; undefined when it may be sent. */
export function useMessageCheck(choice: FileChoice): () => string | undefined {
  const { host, conversation, say } = usePanel();
  const { max_text: limit } = host.config.limits;
  return () => {
    const { body } = conversation.draft;
    if (!body.trim() && choice.files.length === 0) return say('message_missing');
    return body.length > limit ? say('message_too_long', { limit }) : undefined;
  };
}
