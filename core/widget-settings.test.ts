import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseSettings } from './settings';
import { WIDGET_TEXTS } from './widget-texts';
import { widgetTexts } from './widget-settings';

const SHIPPED: unknown = parse(readFileSync(join(__dirname, '../config/settings.yaml'), 'utf8'));

function widget(own: string) {
  const parsed = parseSettings(SHIPPED, parse(own));
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.settings.widget;
}

function problems(own: string): string[] {
  const parsed = parseSettings(SHIPPED, parse(own));
  return parsed.ok ? [] : parsed.problems;
}

test('as shipped no page of another origin may use it, and no text is another one', () => {
  const { origins, consent, texts } = widget('');
  expect(origins).toEqual({ all: [] });
  expect(Object.keys(consent)).toEqual(['en', 'es', 'fr']);
  expect(widgetTexts({ texts }, 'fr')).toEqual(WIDGET_TEXTS.fr);
});

test('a text of the settings stands in the place of the shipped one, in its language', () => {
  const { texts } = widget("widget: { texts: { es: { send: 'Mandar' } } }");
  expect(widgetTexts({ texts }, 'es')).toEqual({ ...WIDGET_TEXTS.es, send: 'Mandar' });
  expect(widgetTexts({ texts }, 'en').send).toBe('Send');
});

test.each([['https://www.example.com'], ['https://www.example.com:8443'], ['http://localhost:3000']])(
  '%s is an origin',
  (origin) => {
    expect(widget(`widget: { origins: { all: ['${origin}'] } }`).origins['all']).toEqual([origin]);
  },
);

test.each([
  ['https://www.example.com/', 'https://www.example.com'],
  ['https://www.example.com/shop', 'https://www.example.com'],
  ['https://WWW.example.com', 'https://www.example.com'],
  ['https://www.example.com:443', 'https://www.example.com'],
  ['www.example.com', 'https://www.example.com'],
  ['*', 'https://www.example.com'],
  ['https://*.example.com', 'https://www.example.com'],
  ['ftp://www.example.com', 'https://www.example.com'],
])('%s is none, and what is told instead is', (wrong, right) => {
  expect(problems(`widget: { origins: { northside: ['${wrong}'] } }`)).toEqual([
    `widget.origins.northside.0: should be scheme://host[:port] and nothing more, as ${right}`,
  ]);
});

test('what is no text of the widget, or would show its braces, is refused by name', () => {
  expect(problems("widget: { texts: { en: { sent_off: 'Sent', title: 'To {shop}' } } }")).toEqual([
    'widget.texts.en.title: of names in braces, only these are replaced here: {store}',
    'widget.texts.en.sent_off: no such setting',
  ]);
});
