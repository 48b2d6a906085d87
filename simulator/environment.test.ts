import { readEnvironment } from './environment';

test('without any setting it is a published Podium on a free port that delivers to nobody', () => {
  expect(readEnvironment({})).toMatchObject({
    port: 0,
    contract: 'published',
    webhook: null,
    stateFile: null,
  });
});

test('every wrong value is named at once', () => {
  const env = { PORT: 'x', SIMULATOR_CONTRACT: 'other', SIMULATOR_TIME_SCALE: '0' };
  expect(() => readEnvironment(env)).toThrow(/PORT[\s\S]*SIMULATOR_CONTRACT[\s\S]*SIMULATOR_TIME_SCALE/);
});

test('a webhook without a secret is refused, since nothing would be signed', () => {
  expect(() => readEnvironment({ SIMULATOR_WEBHOOK_URL: 'http://127.0.0.1:1/' })).toThrow(
    'SIMULATOR_WEBHOOK_SECRET',
  );
});
