import { operationPaths } from './openapi';
import { OPERATIONS } from './operations';

const paths = operationPaths(['image/png']) as Record<
  string,
  { post: { operationId: string; summary: string } }
>;

it('describes every operation once, and no address holds a phone', () => {
  expect(Object.keys(paths)).toHaveLength(OPERATIONS.length + 1); // and the file that is sent
  const ids = Object.values(paths).map(({ post }) => post.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(Object.keys(paths).filter((path) => /[?{]/.test(path))).toEqual([]);
});

it('has words for every operation', () => {
  for (const { post } of Object.values(paths)) expect(post.summary).toMatch(/^[A-Z].{10,}/);
});
