import { mayMeanOptOut } from './refusal';

test.each([
  ...[
    'no',
    'Nope.',
    'no thanks',
    'No, not interested',
    "I'm not interested, thank you",
    'enough!',
    '🛑',
    '👎🏽',
  ],
  ...['no gracias', 'no me interesa', 'ya no, gracias', 'non merci', 'pas intéressée', 'ça suffit'],
])('%j may be an opt-out where it answers no question', (text) => {
  expect(mayMeanOptOut(text)).toBe(true);
});

test.each([
  ...[
    '',
    ' ',
    'yes',
    'thanks',
    'no, Tuesday is better',
    'no problem',
    'not interested in the red one',
    '🙂',
    '👍',
  ],
  ...['no sé', 'non, demain', '1'],
])('%j may not', (text) => {
  expect(mayMeanOptOut(text)).toBe(false);
});
