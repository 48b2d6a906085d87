/**
 * What must not be reachable from code that runs in a workflow's sandbox or in a browser, over
 * however many files. Types are left out: they are gone when the code runs.
 */
const HEAVY = {
  workflows: 'node_modules/(zod|libphonenumber-js|@opentelemetry)/',
  widget: 'node_modules/(zod|@opentelemetry)/',
};

const cannotReach = (room, what, to) => ({
  name: `${room}-reaches-${what}`,
  severity: 'error',
  from: { path: `^${room}/`, pathNot: '\\.test\\.ts$' },
  to: { ...to, reachable: true },
});

module.exports = {
  forbidden: ['workflows', 'widget'].flatMap((room) => [
    {
      ...cannotReach(room, 'heavy', { path: HEAVY[room] }),
      comment: 'Each live workflow would carry it in memory, and each customer would load it.',
    },
    {
      ...cannotReach(room, 'node', {
        path: '^(node:)?(assert|buffer|child_process|crypto|dns|events|fs|http|https|net|os|path|perf_hooks|process|stream|timers|tls|url|util|v8|vm|worker_threads|zlib)(/|$)',
      }),
      comment: 'There is no Node.js in the sandbox, nor in a browser.',
    },
  ]),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.data)/' },
    tsPreCompilationDeps: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['node', 'require', 'import', 'default', 'types'],
    },
  },
};
