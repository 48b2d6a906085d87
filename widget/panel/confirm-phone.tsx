/** The number, shown back in full before anything is sent, with a question when texts may not reach it. */
import { useEffect, useRef } from 'preact/hooks';
import type { ConfirmedPhone } from '../conversation';
import type { Reach } from '../phone-rules';
import { usePanel } from './context';
import { Icon } from './icon';
import { WithPhone } from './with-phone';

interface ConfirmPhoneProps {
  phone: ConfirmedPhone;
  reach: Reach;
  onUse: () => void;
  onChange: () => void;
}

const QUESTIONS = { texts: 'phone_confirm', landline: 'phone_landline', no_texts: 'phone_no_texts' } as const;

export function ConfirmPhone({ phone, reach, onUse, onChange }: ConfirmPhoneProps) {
  const { host, say } = usePanel();
  const question = useRef<HTMLHeadingElement>(null);
  useEffect(() => question.current?.focus(), []);
  const sure = reach === 'texts';
  return (
    <div class="body confirm">
      <Icon name={sure ? 'chat' : 'alert'} />
      <h3 ref={question} tabIndex={-1}>
        <WithPhone text={host.texts[QUESTIONS[reach]]} phone={phone.shown} />
      </h3>
      <div class="choices">
        <button type="button" class="primary" onClick={onUse}>
          {say(sure ? 'send' : 'phone_use')}
        </button>
        <button type="button" onClick={onChange}>
          {say(sure ? 'phone_change' : 'phone_use_another')}
        </button>
      </div>
    </div>
  );
}
