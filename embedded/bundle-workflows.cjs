/** Last step of the build: what a worker runs of the workflows in one file, so that no start has to put it together. */
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { bundleWorkflowCode, DefaultLogger } = require('@temporalio/worker');

const built = (path) => join(__dirname, '../dist', path);

async function main() {
  const { code } = await bundleWorkflowCode({
    workflowsPath: built('workflows/index.js'),
    workflowInterceptorModules: [built('workflows/trace.js')],
    payloadConverterPath: built('core/payload-converter.js'),
    failureConverterPath: built('core/failure-converter.js'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(built('workflows/bundle.js'), code);
}

void main();
