import fc from 'fast-check';
import { foldPhrase, foldText } from './folded-text';

test.each([
  ['Stop!', ['stop']],
  ['  ＳＴＯＰ  ', ['stop']],
  ['s\u200Bt\u00ADop \u202Cnow', ['stop', 'now']],
  ['Arrêtez ÇA', ['arretez', 'ca']],
  ['ARRE\u0302T', ['arret']],
  ['STRASSE straße', ['strasse', 'strasse']],
  ['SİGN ıt', ['sign', 'it']],
  ['stop ❤️🛑👍🏽', ['stop']],
  ['1️⃣', ['1']],
  ["don't don’t don´t DON`T don＇t", ['dont', 'dont', 'dont', 'dont', 'dont']],
  ["n'envoyez d’accord", ['n', 'envoyez', 'd', 'accord']],
  ['opt-out', ['opt', 'out']],
  ['', []],
  ['?! 🙂', []],
])('the words of %j are %j', (text, words) => {
  expect(foldText(text).words).toEqual(words);
});

test.each([
  ['Stop. Thanks', [['stop'], ['thanks']]],
  [
    "Don't text me, call me",
    [
      ['dont', 'text', 'me'],
      ['call', 'me'],
    ],
  ],
  ['no - stop', [['no'], ['stop']]],
  ['opt-out\nplease', [['opt', 'out'], ['please']]],
  ['¡Alto! Gracias…', [['alto'], ['gracias']]],
])('%j is parted at what parts sentences', (text, clauses) => {
  expect(foldText(text).clauses).toEqual(clauses);
});

test('accents of other scripts stay, since they may make another word', () => {
  expect(foldPhrase('बंद करो')).toBe('बंद करो');
  expect(foldPhrase('й')).toBe('й');
});

test('folding twice changes nothing more', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(foldPhrase(foldPhrase(text))).toBe(foldPhrase(text));
    }),
  );
});
