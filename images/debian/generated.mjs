/** Files of the package that the program knows itself: taken from the compiled sources in dist/. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../executable/lockfile.mjs';

const load = (path) => import(pathToFileURL(join(root, 'dist', 'src', path)).href);

export async function generated({ version, epoch }) {
  const [unit, scripts, program, man, manConfig, schema, builtin, { Cli }] = await Promise.all([
    load('systemd/unit.js'),
    load('cli/completion-scripts.js'),
    load('cli/program.js'),
    load('cli/man.js'),
    load('cli/man-config.js'),
    load('config/json-schema.js'),
    load('builtin.js'),
    load('cli/cli.js'),
  ]);
  const options = { version, date: new Date(epoch * 1000).toISOString().slice(0, 10) };
  return {
    config: unit.defaultConfig('/usr/share/doc/hpmq/hpmq.example.yaml'),
    unit: unit.serviceUnit({ executable: '/usr/bin/hpmq', config: '/etc/hpmq/hpmq.yaml' }),
    rules: unit.udevRules(),
    ...scripts.COMPLETION_SCRIPTS,
    commandsPage: man.commandsPage(await program.createWholeProgram(new Cli(process, {})), options),
    configPage: manConfig.configPage(schema.configJsonSchema(await builtin.loadAdapters()), options),
  };
}
