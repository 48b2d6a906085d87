/** Whether the browser of the tests complains of what nobody expected. */
import { findInaccessible, TestBrowser, useBrowser } from './browser';
import { startSmallServer, type SmallServer } from './small-server';

const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; connect-src *; require-trusted-types-for 'script'";

const quiet = useBrowser();
const complaining = new TestBrowser();
let server: SmallServer;

beforeAll(async () => {
  await complaining.launch();
  server = await startSmallServer((request, response) => {
    if (request.url !== '/') return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': POLICY });
    response.end('<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1></main>');
  });
});
afterAll(async () => {
  await complaining.close();
  await server.close();
});

/** What is said behind the test of a page that ran this script. */
async function complaintOf(script: string): Promise<string> {
  const page = await complaining.open(server.url);
  await page.evaluate(`(async () => { ${script} })()`);
  await page.evaluate('new Promise((done) => setTimeout(done))');
  return complaining.endVisits().then(
    () => '',
    (error: Error) => error.message,
  );
}

test.each([
  ['console.error("The cat is out.")', /console: The cat is out/],
  ['setTimeout(() => { throw new Error("No cat.") })', /thrown: No cat/],
  ['document.cookie = "cat=1"', /set a cookie: cat/],
  ['await fetch("http://other.example/").catch(() => null)', /asked another host: other.example/],
  ['await fetch("/cat")', /console: Failed to load resource.*404/],
  ['document.body.append(Object.assign(new Image(), { src: "/cat.png" }))', /Content Security Policy/],
  ['try { document.body.innerHTML = "<p>cat" } catch {}', /TrustedHTML/],
  ['console.log("A cat.")', /^$/],
])('a page that runs %s', async (script, complaint) => {
  expect(await complaintOf(script)).toMatch(complaint);
});

test('what a test expects is no complaint, in that test', async () => {
  complaining.expectTrouble(/out/);
  expect(await complaintOf('console.error("The cat is out.")')).toBe('');
  expect(await complaintOf('console.error("The cat is out.")')).not.toBe('');
});

test('what cannot be used by everyone is found, in a shadow tree too', async () => {
  const page = await quiet.open(server.url);
  expect(await findInaccessible(page)).toEqual([]);
  await page.evaluate(`{
    const host = document.querySelector('main').appendChild(document.createElement('div'));
    host.attachShadow({ mode: 'open' }).append(document.createElement('button'));
  }`);
  expect(await findInaccessible(page)).toEqual([expect.stringMatching(/^button-name.* at div,button/)]);
});
