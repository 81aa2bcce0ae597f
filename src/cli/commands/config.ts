import type { GatewayConfig } from '../../core/config.js';
import { EXIT } from '../../core/exit.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { problemText } from '../output.js';
import { count, visible } from '../text.js';

/** Shown; the rest are counted. */
const MAX_NOTES = 10;

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['config check hpmq.yaml', 'all problems of a file, with place and hint'],
    ['config show --origin', 'every value and where it came from'],
    ['config schema > config.schema.json', 'for editors'],
    ['config reference ports.*.rs485', 'what a key does, its limits and its default'],
  );
  command
    .verb('check [file]')
    .description('Checks a configuration; exit code 1 when it has problems')
    .withExamples(
      ['config check', 'the file that `hpmq run` would use'],
      ['config check hpmq.yaml --json', 'problems as JSON'],
    )
    .action(cli.action((file: string | undefined) => check(cli, file)));
  command
    .verb('show [file]')
    .description('Shows the effective configuration, defaults included')
    .option('--origin', 'say for each value where it came from')
    .option('--running', 'that of the running gateway')
    .withExamples(
      ['config show', 'the file that `hpmq run` would use'],
      ['config show --origin', 'with file and line, variable or default'],
      ['config show --running', 'what the gateway runs with'],
    )
    .action(
      cli.action((file: string | undefined, options: { origin?: boolean; running?: boolean }) =>
        options.running ? showRunning(cli) : show(cli, file, options.origin ?? false),
      ),
    );
  command
    .verb('schema')
    .description('Prints the JSON Schema of the configuration')
    .withExamples(['config schema > config.schema.json', 'then: # yaml-language-server: $schema=config.schema.json'])
    .action(
      cli.action(async () => {
        const [{ editorJsonSchema }, { loadAdapters }] = await Promise.all([
          import('../../config/json-schema.js'),
          import('../../builtin.js'),
        ]);
        cli.output.line(JSON.stringify(editorJsonSchema(await loadAdapters()), null, 2));
        return undefined;
      }),
    );
  command
    .verb('reference [path]')
    .description('Explains the keys of the configuration, or those below a path')
    .withExamples(
      ['config reference links.cloud.outbox', 'keys, limits and defaults of an outbox'],
      ['config reference > configuration.md', 'all of them, in Markdown'],
    )
    .action(cli.action((path: string | undefined) => explainKeys(cli, path)));
}

async function explainKeys(cli: Cli, path: string | undefined): Promise<number> {
  const [{ configJsonSchema }, { loadAdapters }, { optionsOf, optionsWithin }, markdown] = await Promise.all([
    import('../../config/json-schema.js'),
    import('../../builtin.js'),
    import('../../config/reference/options.js'),
    import('../../config/reference/markdown.js'),
  ]);
  const all = optionsOf(configJsonSchema(await loadAdapters()));
  const options = path === undefined ? all : optionsWithin(all, path);
  if (cli.output.isJson) {
    cli.output.json(options.map(({ path: at, forms }) => ({ path: at, forms })));
  } else if (path === undefined) cli.output.line(markdown.referenceText(all).trimEnd());
  else if (options.length > 0) cli.output.line(markdown.paragraphs(options).trimEnd());
  else cli.output.note(`there is no key ${visible(path)}`);
  return options.length > 0 ? EXIT.OK : EXIT.NO;
}

async function load(cli: Cli, file: string | undefined) {
  const [{ loadConfig }, { loadAdapters }] = await Promise.all([
    import('../../config/load.js'),
    import('../../builtin.js'),
  ]);
  const adapters = await loadAdapters();
  const options = { file: file ?? cli.globals.config, env: cli.env, cwd: process.cwd(), adapters };
  return { loaded: loadConfig(options), adapters };
}

async function check(cli: Cli, file: string | undefined): Promise<number> {
  const { ConfigError } = await import('../../config/errors.js');
  const { output } = cli;
  try {
    const [{ loaded, adapters }, { notesOf }] = await Promise.all([load(cli, file), import('../../config/notes.js')]);
    const notes = notesOf(loaded.config, adapters);
    if (output.isJson) output.json({ file: loaded.file ?? null, valid: true, problems: [], notes });
    else {
      output.line(`${visible(loaded.file ?? 'no file, defaults only')}: ok, ${summary(loaded.config)}`);
      for (const note of notes.slice(0, MAX_NOTES)) output.note(`note: ${note}`);
      if (notes.length > MAX_NOTES) output.note(`and ${count(notes.length - MAX_NOTES, 'more note')}: --json`);
    }
    return EXIT.OK;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (output.isJson) output.json({ file: error.problems[0]?.file ?? null, valid: false, problems: error.problems });
    else for (const problem of error.problems) output.line(problemText(problem));
    if (!output.isJson) output.note(count(error.problems.length, 'problem'));
    return EXIT.NO;
  }
}

function summary({ ports, devices, servers, links }: GatewayConfig): string {
  const points = Object.values(devices).reduce((sum, device) => sum + Object.keys(device.points).length, 0);
  const size = (record: object, noun: string) => count(Object.keys(record).length, noun);
  // Most gateways serve no masters.
  const served = Object.keys(servers).length === 0 ? [] : [size(servers, 'server')];
  const parts = [size(ports, 'port'), size(devices, 'device'), count(points, 'point'), ...served, size(links, 'link')];
  return parts.join(', ');
}

async function show(cli: Cli, file: string | undefined, origin: boolean): Promise<undefined> {
  const { loaded, adapters } = await load(cli, file);
  const { effectiveConfig, effectiveYaml } = await import('../../config/show.js');
  if (cli.output.isJson) cli.output.json({ file: loaded.file ?? null, config: effectiveConfig(loaded, adapters) });
  else cli.output.line(effectiveYaml(loaded, adapters, { origin }).trimEnd());
  return undefined;
}

async function showRunning(cli: Cli): Promise<undefined> {
  const view = await cli.request('GET /v1/config');
  if (cli.output.isJson) cli.output.json(view);
  else {
    cli.output.note(`from ${visible(view.file ?? 'defaults')}`);
    cli.output.line(view.yaml.trimEnd());
  }
  return undefined;
}
