/** The phone rules, fetched once they are needed. */
import { useEffect, useState } from 'preact/hooks';
import type * as phoneRules from '../phone-rules';

export type PhoneRules = typeof phoneRules;

let loading: Promise<PhoneRules> | null = null;

/** Rejects when they cannot be fetched; the next call tries again. */
export function loadPhoneRules(): Promise<PhoneRules> {
  loading ??= import('../phone-rules').catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** Null until they are there. @param wanted whether a phone is about to be typed */
export function usePhoneRules(wanted: boolean): PhoneRules | null {
  const [rules, setRules] = useState<PhoneRules | null>(null);
  useEffect(() => {
    if (wanted && !rules) loadPhoneRules().then(setRules, () => undefined); // tried again when the form is sent
  }, [wanted]);
  return rules;
}
