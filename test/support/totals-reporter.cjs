/** Jest's own reporter; in the end it names the slowest files, and what counts: `N passed, N failed`. */
const { relative } = require('node:path');
const { DefaultReporter } = require('@jest/reporters');

const SLOWEST = 10;

module.exports = class TotalsReporter extends DefaultReporter {
  onRunComplete(contexts, results) {
    super.onRunComplete(contexts, results);
    for (const line of slowest(results.testResults)) this.log(line);
    // A file that could not even be loaded has no tests to count, and must not pass for nothing.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.on('exit', () => console.log(`${results.numPassedTests} passed, ${failed} failed`));
  }
};

/** So that slowness is seen when it comes, and not when a run takes half an hour. */
function slowest(files) {
  const taken = files
    .map(({ testFilePath, perfStats }) => ({ testFilePath, seconds: perfStats.runtime / 1000 }))
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, SLOWEST);
  if (taken.length < SLOWEST) return [];
  return [
    'The slowest files:',
    ...taken.map(
      ({ testFilePath, seconds }) =>
        `${seconds.toFixed(0).padStart(5)} s  ${relative(process.cwd(), testFilePath)}`,
    ),
  ];
}
