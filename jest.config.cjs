/** One runner for every room; Temporal's worker needs the node environment and time to bundle. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  reporters: ['<rootDir>/test/support/totals-reporter.cjs'],
  transform: {
    '^.+\\.(t|j|mj)s$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'commonjs', ignoreDynamic: true },
      },
    ],
  },
  transformIgnorePatterns: [
    '/node_modules/(?!(@seriousme|get-port|node-pg-migrate|file-type|strtok3|token-types|uint8array-extras|@borewit|@tokenizer)/)',
  ],
  // The package names no entry for who requires it; Node itself takes the one for who imports it.
  moduleNameMapper: { '^file-type$': '<rootDir>/node_modules/file-type/index.js' },
  // As many as there are cores: with more, whatever has a deadline meets it on a busy machine.
  maxWorkers: '100%',
  testTimeout: 180_000,
};
