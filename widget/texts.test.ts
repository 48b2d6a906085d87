import { checkOwnTexts, parseOwnTexts } from './texts';

test('a page gives single texts by their keys', () => {
  expect(parseOwnTexts('{"send":"Off it goes"}')).toEqual({ send: 'Off it goes' });
});

test.each([[null], ['Send'], [['Send']], [{ send: 7 }], [{ send: null }]])('%j are no texts', (texts) => {
  expect(() => checkOwnTexts(texts)).toThrow(SyntaxError);
  expect(() => parseOwnTexts(JSON.stringify(texts))).toThrow(SyntaxError);
});
