/** Who writes, and the first message. The number is asked back before anything is sent. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Draft } from '../chat';
import type { ConfirmedPhone } from '../conversation';
import type { Reach } from '../phone-rules';
import { ConfirmPhone } from './confirm-phone';
import { usePanel } from './context';
import { described, ErrorSummary, FieldError, type FieldErrors, type FieldName } from './errors';
import type { FileChoice } from './files';
import { MessageField, useMessageCheck } from './message-field';
import { loadPhoneRules } from './phone-loader';
import { PhoneField } from './phone-field';

interface ContactFormProps {
  choice: FileChoice;
  /** Of the server. */
  refused: FieldErrors;
  /** The field that gets the focus when the form is shown; null for none. */
  focus: FieldName | null;
  onSent: () => void;
}

interface Asked {
  phone: ConfirmedPhone;
  reach: Reach;
}

export function ContactForm({ choice, refused, focus, onSent }: ContactFormProps) {
  const { host, conversation, say } = usePanel();
  const [errors, setErrors] = useState<FieldErrors>(refused);
  const [attempt, setAttempt] = useState(0);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [checking, setChecking] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const messageProblem = useMessageCheck(choice);
  const phoneCheck = usePhoneCheck();
  const { draft } = conversation;
  const country = draft.country ?? host.config.location.country ?? '';

  const go = (field: FieldName) => form.current?.querySelector<HTMLElement>(`#${field}`)?.focus();
  useEffect(() => {
    if (focus && !Object.keys(refused).length) go(focus);
  }, []);

  const submit = async () => {
    setChecking(true);
    const phone = await phoneCheck(draft.phone, country);
    setChecking(false);
    const found: FieldErrors = {};
    const { max_name: limit } = host.config.limits;
    if (draft.name.length > limit) found.name = say('name_too_long', { limit });
    if ('error' in phone) found.phone = phone.error;
    const wrong = messageProblem();
    if (wrong) found.body = wrong;
    setErrors(found);
    setAttempt(attempt + 1);
    if ('error' in phone || Object.keys(found).length > 0) return;
    if (conversation.identity?.phone === phone.phone.e164) send(phone.phone);
    else setAsked(phone);
  };

  /** What is changed is no longer wrong, until it is sent again. */
  const change = (field: FieldName, draft: Partial<Draft>) => {
    conversation.changeDraft(draft);
    setErrors({ ...errors, [field]: undefined });
  };

  const send = (phone: ConfirmedPhone) => {
    conversation.useIdentity(phone, draft.name.trim());
    conversation.send({ body: draft.body, files: choice.files, consent: host.config.consent });
    choice.settle();
    onSent();
  };

  if (asked) {
    const back = () => {
      setAsked(null);
      setTimeout(() => go('phone')); // once it is there again
    };
    return <ConfirmPhone {...asked} onUse={() => send(asked.phone)} onChange={back} />;
  }
  return (
    <form
      class="body form"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!checking) void submit();
      }}
    >
      <ErrorSummary errors={errors} attempt={attempt} onGo={go} />
      <div class="field">
        <label for="name">
          {say('name_label')} <span class="optional">({say('optional')})</span>
        </label>
        <input
          id="name"
          autocomplete="name"
          dir="auto"
          value={draft.name}
          aria-invalid={errors.name ? 'true' : undefined}
          aria-describedby={described(errors.name && 'name-error')}
          onInput={(event) => change('name', { name: event.currentTarget.value })}
        />
        <FieldError id="name-error" error={errors.name} />
      </div>
      <PhoneField
        phone={draft.phone}
        country={country}
        error={errors.phone}
        onChange={(phone, chosen) => change('phone', { phone, country: chosen })}
      />
      <MessageField choice={choice} error={errors.body} onChange={(body) => change('body', { body })} />
      <p class="consent">{host.config.consent}</p>
      <button class="primary wide" aria-disabled={checking}>
        {say(checking ? 'loading' : 'send')}
      </button>
    </form>
  );
}

/** The same verdict as the server's. */
function usePhoneCheck() {
  const { say } = usePanel();
  return async (typed: string, country: string): Promise<Asked | { error: string }> => {
    if (!typed.trim()) return { error: say('phone_missing') };
    const rules = await loadPhoneRules().catch(() => null);
    if (!rules) return { error: say('phone_unchecked') };
    const phone = rules.normalizePhone(typed, country || null);
    if (phone.ok) {
      const { e164 } = phone;
      return { phone: { e164, shown: rules.shownPhone(e164) }, reach: rules.reachOf(phone) };
    }
    const words = {
      country: 'phone_needs_country',
      extension: 'phone_extension',
      digits: 'phone_invalid',
    } as const;
    return { error: say(words[phone.problem]) };
  };
}
