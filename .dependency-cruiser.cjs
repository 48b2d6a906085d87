/**
 * Who may import whom. Each room of the house has one line; what it does not name is forbidden,
 * types included. What a room's code may *reach* is in `.dependency-cruiser.reach.cjs`.
 */
const MAY_IMPORT = {
  core: [],
  podium: ['core'],
  store: ['core'],
  config: ['core'],
  activities: ['core', 'podium', 'store', 'config'],
  workflows: ['core'],
  workers: ['activities', 'podium', 'store', 'core', 'config'],
  ops: ['core', 'store', 'podium', 'config'],
  server: ['core', 'store', 'podium', 'ops', 'config'],
  widget: ['core'],
  simulator: [],
};
const ROOMS = [...Object.keys(MAY_IMPORT), 'embedded', 'bench', 'test'];

/** Tests stand beside what they test and may use everything. */
const TEST_FILE = '\\.test\\.ts$';

const roomRules = Object.entries(MAY_IMPORT).map(([room, allowed]) => {
  const others = ROOMS.filter((other) => other !== room && !allowed.includes(other));
  return {
    name: `room-${room}`,
    comment: `${room}/ may import ${allowed.join(', ') || 'nothing of ours'}.`,
    severity: 'error',
    from: { path: `^${room}/`, pathNot: TEST_FILE },
    to: {
      path: `^(${others.join('|')})/`,
      // A workflow names its activities by their types; that import is gone when it runs.
      ...(room === 'workflows' ? { pathNot: '^activities/' } : {}),
    },
  };
});

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'workflows-call-activities-by-type',
      comment: "workflows/ may import types of activities/, never code: an activity's code runs elsewhere.",
      severity: 'error',
      from: { path: '^workflows/', pathNot: TEST_FILE },
      to: { path: '^activities/', dependencyTypesNot: ['type-only', 'type-import'] },
    },
    {
      name: 'phone-rules-come-later',
      comment:
        'The numbering plans of all countries are loaded when a phone is about to be typed: by import().',
      severity: 'error',
      from: { path: '^widget/', pathNot: '^widget/phone-rules\\.ts$' },
      to: {
        path: '^(widget/phone-rules|core/phone)\\.ts$|node_modules/libphonenumber-js/',
        dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'],
      },
    },
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one file, or three.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'type-import'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'production-without-tools',
      comment: 'What runs in production must be in "dependencies".',
      severity: 'error',
      from: { path: `^(${Object.keys(MAY_IMPORT).join('|')})/`, pathNot: TEST_FILE },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'type-import'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.data)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['node', 'require', 'import', 'default', 'types'],
    },
  },
};
