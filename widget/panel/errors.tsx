/** What is wrong with the form: all of it in a summary above, each at its field. */
import { useEffect, useRef } from 'preact/hooks';
import type { Refusal } from '../chat';
import type { PanelContext } from './context';
import { usePanel } from './context';

export type FieldName = 'name' | 'phone' | 'body';

export type FieldErrors = Partial<Record<FieldName, string>>;

const FIELDS: readonly FieldName[] = ['name', 'phone', 'body'];

interface ErrorSummaryProps {
  errors: FieldErrors;
  /** Counts the attempts to send: each gives the focus to the summary. */
  attempt: number;
  onGo: (field: FieldName) => void;
}

export function ErrorSummary({ errors, attempt, onGo }: ErrorSummaryProps) {
  const { say } = usePanel();
  const box = useRef<HTMLDivElement>(null);
  const wrong = FIELDS.filter((field) => errors[field]);
  useEffect(() => {
    if (wrong.length > 0) box.current?.focus();
  }, [attempt]);
  if (wrong.length === 0) return null;
  return (
    <div class="summary" ref={box} tabIndex={-1} role="group" aria-labelledby="summary-title">
      <h3 id="summary-title">{say('errors_heading')}</h3>
      <ul>
        {wrong.map((field) => (
          <li key={field}>
            <button type="button" class="link" onClick={() => onGo(field)}>
              {errors[field]}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function FieldError({ id, error }: { id: string; error: string | undefined }) {
  return error ? (
    <p class="error" id={id}>
      {error}
    </p>
  ) : null;
}

/** The ids of those that are there, for `aria-describedby`. */
export function described(...ids: (string | false | undefined)[]): string | undefined {
  return ids.filter(Boolean).join(' ') || undefined;
}

/** The words at a field for what the server refused; null when it concerns no field. */
export function refusalAtField({ host, say }: PanelContext, { field }: Refusal): FieldErrors | null {
  const { max_name: name, max_text: text } = host.config.limits;
  if (field === 'phone') return { phone: say('phone_invalid') };
  if (field === 'name') return { name: say('name_too_long', { limit: name }) };
  if (field === 'body') return { body: say('message_too_long', { limit: text }) };
  return null;
}
