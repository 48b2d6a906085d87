import { Validator } from '@seriousme/openapi-schema-validator';
import { openApi } from './openapi';
import { OPERATIONS } from './operations';

const document = openApi() as { paths: Record<string, { post: { operationId: string; summary: string } }> };

it('is a valid description by OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it('describes every operation once, and no address holds a phone', () => {
  const paths = Object.keys(document.paths);
  expect(paths).toHaveLength(OPERATIONS.length + 1); // and the file that is sent
  const ids = Object.values(document.paths).map(({ post }) => post.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(paths.filter((path) => /[?{]/.test(path))).toEqual([]);
});

it('has words for every operation', () => {
  for (const { post } of Object.values(document.paths)) expect(post.summary).toMatch(/^[A-Z].{10,}/);
});
