/** What the browser's build says of a phone, in a real Chromium: the same as the server, on each line of the table. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as PhoneRules from '../widget/phone-rules';
import { normalizePhone } from '../core/phone';
import { useBrowser } from './support/browser';
import { phoneInputs } from './support/phone-inputs';
import { startSmallServer, type SmallServer } from './support/small-server';

const ASSETS = join(__dirname, '../dist/widget/assets');

const browser = useBrowser();
let server: SmallServer;

beforeAll(async () => {
  server = await startSmallServer((request, response) => {
    const asset = readdirSync(ASSETS).find((file) => request.url === `/${file}`);
    response.writeHead(200, { 'content-type': asset ? 'text/javascript' : 'text/html' });
    response.end(asset ? readFileSync(join(ASSETS, asset)) : '<!doctype html><title>A page</title>');
  });
});
afterAll(() => server.close());

test("the browser's build and the server say the same of every phone", async () => {
  const page = await browser.open(server.url);
  const built = readdirSync(ASSETS).find((file) => /^phone-rules-.*\.js$/.test(file));
  const inBrowser = await page.evaluate(
    async ({ url, inputs }) => {
      const rules = (await import(url)) as typeof PhoneRules;
      return inputs.map(({ input, country }) => rules.normalizePhone(input, country));
    },
    { url: `/${built}`, inputs: phoneInputs },
  );
  const different = phoneInputs.filter(
    ({ input, country }, at) =>
      JSON.stringify(inBrowser[at]) !== JSON.stringify(normalizePhone(input, country)),
  );
  expect(different).toEqual([]);
  expect(inBrowser.map((phone) => (phone.ok ? phone.e164 : phone.failure.code))).toEqual(
    phoneInputs.map(({ expected }) => expected),
  );
});
