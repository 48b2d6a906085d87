/** The phone, with its country: formatted while it is typed, as far as that does not disturb who types. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { usePanel } from './context';
import { described, FieldError } from './errors';
import { usePhoneRules, type PhoneRules } from './phone-loader';

interface PhoneFieldProps {
  /** As it was typed. */
  phone: string;
  /** ISO alpha-2, or nothing where the number has to begin with +. */
  country: string;
  error: string | undefined;
  onChange: (phone: string, country: string) => void;
}

export function PhoneField({ phone, country, error, onChange }: PhoneFieldProps) {
  const { say } = usePanel();
  const [wanted, setWanted] = useState(phone !== '');
  const rules = usePhoneRules(wanted);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const formatted = neatAtEnd(field.current!, rules, country); // typed before the rules were there
    if (formatted !== field.current!.value) onChange(formatted, country);
  }, [rules]);
  const shown = countryShown(rules, phone, country);
  return (
    <div class="field" onFocusCapture={() => setWanted(true)}>
      <label for="phone">{say('phone_label')}</label>
      <div class="phone" data-wrong={error ? '' : undefined}>
        <CountrySelect
          rules={rules}
          country={shown}
          onChange={(chosen) => onChange(withCountry(rules, phone, chosen), chosen)}
        />
        <input
          ref={field}
          id="phone"
          type="tel"
          dir="ltr"
          autocomplete="tel"
          maxLength={200}
          value={phone}
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={described('phone-hint', error && 'phone-error')}
          onInput={(event) => onChange(formatted(event, rules, country), country)}
          onBlur={() => onChange(neat(phone, rules, country), country)}
        />
      </div>
      <FieldError id="phone-error" error={error} />
      <p class="hint" id="phone-hint">
        {say(shown ? 'phone_hint' : 'phone_hint_international')}
      </p>
    </div>
  );
}

interface CountrySelectProps {
  rules: PhoneRules | null;
  country: string;
  onChange: (country: string) => void;
}

function CountrySelect({ rules, country, onChange }: CountrySelectProps) {
  const { host, say } = usePanel();
  const { language } = host.config;
  const countries = useMemo(() => namedCountries(rules, language), [rules, language]);
  const known = countries.some(({ code }) => code === country);
  return (
    <select
      aria-label={say('country_label')}
      value={country}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {country && !known && <option value={country}>{nameOf(country, language)}</option>}
      <option value="">{say('country_other')}</option>
      {countries.map(({ code, label }) => (
        <option key={code} value={code}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** As Australia +61, in the order of the alphabet; none before the rules are there. */
function namedCountries(rules: PhoneRules | null, language: string) {
  const codes = rules?.phoneCountries() ?? [];
  return codes
    .map((code) => ({ code, label: `${nameOf(code, language)} +${rules!.callingCode(code)}` }))
    .sort((one, other) => one.label.localeCompare(other.label, language));
}

function nameOf(country: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'region' }).of(country) ?? country;
  } catch {
    return country; // an old browser, or none that knows the language
  }
}

/** A number with + says itself where it is; until it does, its calling code may be that of the country chosen. */
function countryShown(rules: PhoneRules | null, phone: string, country: string): string {
  if (!phone.trim().startsWith('+')) return country;
  const typed = rules?.countryOfTyped(phone) ?? null;
  if (typed) return typed;
  const code = rules?.callingCode(country);
  return code && phone.replace(/\D/g, '').startsWith(code) ? country : '';
}

/** A number with another country's calling code gets the one of the country that was chosen. */
function withCountry(rules: PhoneRules | null, phone: string, country: string): string {
  const before = rules?.countryOfTyped(phone);
  if (!rules || !before || !phone.trim().startsWith('+')) return phone;
  const national = phone.replace(/\D/g, '').slice(rules.callingCode(before)!.length);
  return country ? rules.formatTyped(`+${rules.callingCode(country)}${national}`, null) : phone;
}

/** Only what is added is formatted: what is deleted stays so. */
function formatted(
  event: InputEvent & { currentTarget: HTMLInputElement },
  rules: PhoneRules | null,
  country: string,
): string {
  const adds = event.inputType?.startsWith('insert') && !event.isComposing;
  return adds ? neatAtEnd(event.currentTarget, rules, country) : event.currentTarget.value;
}

/** Only with the caret at the end: so it never moves. */
function neatAtEnd(
  { value, selectionStart }: HTMLInputElement,
  rules: PhoneRules | null,
  country: string,
): string {
  return selectionStart === value.length ? neat(value, rules, country) : value;
}

/** With blanks and brackets as usual; whatever may not be a number stays as it was typed. */
function neat(typed: string, rules: PhoneRules | null, country: string): string {
  if (!rules || !/^\+?[\d\s().-]*$/.test(typed)) return typed;
  const formatted = rules.formatTyped(typed, country || null);
  return digitsOf(formatted) === digitsOf(typed) ? formatted : typed;
}

function digitsOf(text: string): string {
  return text.replace(/[^\d+]/g, '');
}
