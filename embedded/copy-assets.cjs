/** Second half of the build: what `tsc` leaves behind (SQL, YAML, pages) goes beside the compiled files. */
const { cpSync, existsSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const ASSETS = ['store/migrations', 'config/settings.yaml', 'server/demo'];

for (const asset of ASSETS) {
  const from = join(ROOT, asset);
  if (!existsSync(from)) continue;
  cpSync(from, join(ROOT, 'dist', asset), { recursive: true, filter: (path) => !path.endsWith('.ts') });
}
