/** With `node --require`: a process of a test's own runs its TypeScript as jest does, and needs no build. */
const { transformFileSync } = require('@swc/core');
const [, options] = Object.values(require('../../jest.config.cjs').transform)[0];

require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, options).code, file);
