/** A step of the build: what `tsc` leaves behind (SQL, YAML, pages) goes beside the compiled files, and the command is made one. */
const { chmodSync, cpSync } = require('node:fs');
const { join } = require('node:path');

const ROOT = join(__dirname, '..');
const ASSETS = ['store/migrations', 'config/settings.yaml', 'server/demo'];

for (const asset of ASSETS) cpSync(join(ROOT, asset), join(ROOT, 'dist', asset), { recursive: true });

chmodSync(join(ROOT, 'dist/ops/cli/main.js'), 0o755);
