import { findLocationUid } from './location';

const NOTHING = { uid: null, from: null, name: null };
const SEARCH = () => '?location_uid=by-url&store=by-other-parameter';
const COOKIES = () => 'a=b; location_uid=by%20cookie; store=by-other-cookie';

test.each([
  ['the attribute says it', { ...NOTHING, uid: ' by-attribute ' }, 'by-attribute'],
  ['the attribute comes before a hint', { ...NOTHING, uid: 'by-attribute', from: 'url' }, 'by-attribute'],
  ['the URL, where the page says so', { ...NOTHING, from: 'url' }, 'by-url'],
  ['a parameter of another name', { ...NOTHING, from: 'URL', name: 'store' }, 'by-other-parameter'],
  ['a cookie, where the page says so', { ...NOTHING, from: 'cookie' }, 'by cookie'],
  ['a cookie of another name', { ...NOTHING, from: 'cookie', name: 'store' }, 'by-other-cookie'],
  ['both, in the order of the page', { ...NOTHING, from: 'cookie url' }, 'by cookie'],
  ['the second one, where the first has none', { ...NOTHING, from: 'url cookie', name: 'a' }, 'b'],
])('%s', (_, attributes, uid) => {
  expect(findLocationUid(attributes, SEARCH, COOKIES)).toBe(uid);
});

test.each([
  ['nothing is said', NOTHING],
  ['the attribute is empty', { ...NOTHING, uid: ' ' }],
  ['the hint is unknown', { ...NOTHING, from: 'referrer' }],
  ['the hint leads nowhere', { ...NOTHING, from: 'url cookie', name: 'shop' }],
])('there is no default: %s', (_, attributes) => {
  expect(findLocationUid(attributes, SEARCH, COOKIES)).toBeNull();
});

test('neither URL nor cookies are looked at unless the page says so', () => {
  const forbidden = () => {
    throw new Error('This was not to be read.');
  };
  expect(findLocationUid(NOTHING, forbidden, forbidden)).toBeNull();
  expect(findLocationUid({ ...NOTHING, from: 'url' }, SEARCH, forbidden)).toBe('by-url');
});

test('a cookie that was not encoded is taken as it is', () => {
  expect(findLocationUid({ ...NOTHING, from: 'cookie' }, SEARCH, () => 'location_uid=50%')).toBe('50%');
});
