/** The description of the routes, held against the routes that there are. */
import { Validator } from '@seriousme/openapi-schema-validator';
import type Router from '@koa/router';
import { createTestDatabase, type TestDatabase } from '../test/support/database';
import { startReceiver } from '../test/support/receiver';
import { openApi } from './openapi';

const document = openApi(['image/png']) as { paths: Record<string, Record<string, { operationId: string }>> };

/** The later scripts of the widget, whose names are the build's. */
const THE_BUILDS = ['get /widget/{name}.js', 'get /widget/{name}.mjs', 'get /widget/assets/{name}.js'];
const OF_EVERY_PAGE = ['get /widget/podium-webchat.js', 'get /widget/podium-webchat.mjs'];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('is a valid description by OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it('describes every route that there is, by its method, and none besides', async () => {
  const { app, close } = await startReceiver(database.pool);
  await close();
  const routers = app.middleware.flatMap((each) => (each as { router?: Router }).router ?? []);
  const layers = routers.flatMap(({ stack }) => stack);
  const routes = layers.flatMap(({ path, methods }) => named(String(path), methods));
  expect(routes.length).toBeGreaterThan(50);
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    named(path, Object.keys(methods)),
  );
  expect([...described, ...THE_BUILDS].sort()).toEqual([...new Set([...routes, ...OF_EVERY_PAGE])].sort());
});

/** HEAD goes with GET, and OPTIONS is the browsers' own question. */
function named(path: string, methods: string[]): string[] {
  const asked = methods
    .map((each) => each.toLowerCase())
    .filter((each) => !['head', 'options'].includes(each));
  return asked.map((method) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
}

it('calls every route by a name of its own', () => {
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});
