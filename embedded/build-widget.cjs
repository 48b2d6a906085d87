/**
 * Builds the widget into `dist/widget/`: the first script, the ES module, and the files that come later, each also
 * compressed. Fails when a customer's browser would have to load more than was promised.
 */
const { spawnSync } = require('node:child_process');
const { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { brotliCompressSync, constants, gzipSync } = require('node:zlib');
const esbuild = require('esbuild');

const ROOT = join(__dirname, '..');
const OUT = join(ROOT, 'dist/widget');

/** In bytes, compressed with gzip: what a step of the customer's makes the browser load at most. */
const LIMITS = { script: 15_000, module: 15_000, panel: 25_000, phone: 60_000 };

const SETTINGS = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  target: ['es2022', 'chrome105', 'firefox110', 'safari16.4'],
  tsconfig: 'widget/tsconfig.json',
  metafile: true,
  logLevel: 'warning',
};

/** CSS as a text, small. */
const cssAsText = {
  name: 'css-as-text',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const css = readFileSync(path, 'utf8');
      const { code } = await esbuild.transform(css, { loader: 'css', minify: true, charset: 'utf8' });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

/** The module names the panel's file, and does not hold it. */
const panelApart = (file) => ({
  name: 'panel-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/panel\/panel$/ }, () => ({ path: `./${file}`, external: true }));
  },
});

async function main() {
  rmSync(OUT, { recursive: true, force: true });
  const later = await esbuild.build({
    ...SETTINGS,
    entryPoints: { panel: 'widget/panel/panel.tsx' },
    outdir: OUT,
    format: 'esm',
    splitting: true,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    plugins: [cssAsText],
  });
  const panel = outputOf(later, 'widget/panel/panel.tsx');
  const panelFile = `assets/${basename(panel)}`;
  await esbuild.build({
    ...SETTINGS,
    entryPoints: { 'podium-webchat': 'widget/script.ts' },
    outdir: OUT,
    format: 'iife',
    define: { PANEL_FILE: JSON.stringify(panelFile) },
    plugins: [cssAsText],
  });
  await esbuild.build({
    ...SETTINGS,
    entryPoints: { 'podium-webchat': 'widget/module.ts' },
    outdir: OUT,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    plugins: [cssAsText, panelApart(panelFile)],
  });
  compressAll();
  const panelFiles = loadedWith(later, panel);
  checkSizes({
    script: ['podium-webchat.js'],
    module: ['podium-webchat.mjs'],
    panel: panelFiles,
    phone: loadedWith(later, outputOf(later, 'widget/phone-rules.ts')).filter(
      (file) => !panelFiles.includes(file),
    ),
  });
  declareTypes();
}

/** The file that was made of an entry. */
function outputOf({ metafile }, entry) {
  return Object.keys(metafile.outputs).find((file) => metafile.outputs[file].entryPoint === entry);
}

/** A file and all that it imports at once, as paths in `dist/widget/`. */
function loadedWith({ metafile }, file, seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  const imported = metafile.outputs[file].imports.filter(({ kind }) => kind === 'import-statement');
  return [file, ...imported.flatMap(({ path }) => loadedWith({ metafile }, path, seen))].map((path) =>
    path.replace('dist/widget/', ''),
  );
}

function compressAll() {
  for (const name of readdirSync(OUT, { recursive: true }).filter((name) => /\.m?js$/.test(name))) {
    const content = readFileSync(join(OUT, name));
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    };
    writeFileSync(join(OUT, `${name}.gz`), gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
    writeFileSync(join(OUT, `${name}.br`), brotliCompressSync(content, { params }));
  }
}

function checkSizes(loads) {
  for (const [load, files] of Object.entries(loads)) {
    const bytes = files.reduce((sum, file) => sum + readFileSync(join(OUT, `${file}.gz`)).length, 0);
    console.error(`  widget: ${load} ${bytes} of ${LIMITS[load]} bytes`);
    if (bytes <= LIMITS[load]) continue;
    throw new Error(
      `The widget's ${load} has ${bytes - LIMITS[load]} bytes more than the ${LIMITS[load]} that it may have (gzip): ${files.join(', ')}`,
    );
  }
}

/** For whoever imports the module. */
function declareTypes() {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(ROOT, 'widget/tsconfig.build.json')], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error("The widget's types do not hold, as said above.");
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
