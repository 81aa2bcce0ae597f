/** `hpmq function new` and `test`. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT } from '../../core/exit.js';
import type { Language } from '../../functions/javascript/templates.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { bytesText, count, visible } from '../text.js';

export function defineAuthorVerbs(command: HpmqCommand, cli: Cli): void {
  command
    .verb('new <name>')
    .description('Makes a folder with a function that works, and its test')
    .requiredOption('--lang <language>', 'js, ts, c, assemblyscript, rust or go')
    .option('--into <folder>', 'instead of a folder with that name here')
    .withExamples(
      ['function new mask --lang ts', 'TypeScript; nothing has to be installed'],
      ['function new mask --lang c --into functions/mask', 'C, for clang'],
    )
    .action(cli.action((name: string, options: NewOptions) => create(cli, name, options)));
  command
    .verb('test [path]')
    .description('Plays cases to a function, in the engine of the gateway; exit code 1 when it gives something else')
    .option('--cases <file>', 'instead of the *.test.yaml beside the function')
    .option('--messages <file>', 'recorded messages, as `hpmq topic tail --json` writes them')
    .withExamples(
      ['function test', 'the function of this folder, built if needed'],
      ['function test mask.js', 'plays mask.test.yaml'],
      ['function test mask.wasm --messages yesterday.ndjson', 'what it makes of recorded messages'],
    )
    .action(cli.action((path: string | undefined, options: TestOptions) => test(cli, path ?? '.', options)));
}

interface NewOptions {
  readonly lang: string;
  readonly into?: string;
}

async function create(cli: Cli, name: string, { lang, into }: NewOptions): Promise<undefined> {
  const { languages, projectFiles } = await import('../../functions/javascript/templates.js');
  if (!(languages as readonly string[]).includes(lang)) {
    throw cliError('CLI_USAGE', `there is no template for "${visible(lang)}"`, {
      hint: `choose one of ${languages.join(', ')}`,
    });
  }
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    throw cliError('CLI_USAGE', `"${visible(name)}" is not a name for a function`, {
      hint: 'begin with a letter; letters a to z, digits and hyphens',
    });
  }
  const folder = resolve(into ?? name);
  const files = projectFiles(lang as Language, name);
  const taken = [...files.keys()].find((path) => existsSync(join(folder, path)));
  if (taken !== undefined) {
    throw cliError('CLI_USAGE', `${join(folder, taken)} exists already`, { hint: 'name another folder with --into' });
  }
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { flag: 'wx' });
  }
  if (cli.output.isJson) cli.output.json({ folder, files: [...files.keys()] });
  else {
    for (const path of files.keys()) cli.output.line(join(into ?? name, path));
    cli.output.note(`next: cd ${into ?? name} && hpmq function test`);
  }
  return undefined;
}

interface TestOptions {
  readonly cases?: string;
  readonly messages?: string;
}

async function test(cli: Cli, path: string, options: TestOptions): Promise<number> {
  const [{ openProject, moduleOf }, { openModule, playCases, readCases, resultLines }, { parseFunctionCases }] =
    await Promise.all([
      import('../function-project.js'),
      import('../function-cases.js'),
      import('../../config/function-cases.js'),
    ]);
  const project = openProject(resolve(path));
  const files = options.cases === undefined ? project.cases : [resolve(options.cases)];
  if (files.length === 0 && options.messages === undefined) {
    throw cliError('CLI_NO_CASES', `there are no cases for ${project.file}`);
  }
  const all = files.map((file) => parseFunctionCases(file, readCases(file)));
  const bytes = await moduleOf(project.file);
  const results = await playCases(bytes, files);
  const { output } = cli;
  let replayed: Awaited<ReturnType<typeof replay>> | undefined;
  if (options.messages !== undefined) {
    const { replayMessages } = await import('../../function-replay.js');
    const text = readCases(options.messages).toString('utf8');
    const [first] = all;
    replayed = replay(await replayMessages(await openModule(bytes, first?.limits), text, first?.config ?? {}));
  }
  const failed = results.filter(({ ok }) => !ok).length;
  if (output.isJson) output.json({ cases: results, ...(replayed !== undefined && { messages: replayed.view }) });
  else {
    for (const result of results) for (const line of resultLines(result)) output.line(line);
    for (const line of replayed?.lines ?? []) output.line(line);
    if (results.length > 0) output.note(`${count(results.length, 'case')}, ${failed} failed`);
  }
  return failed === 0 && (replayed?.view.failed ?? 0) === 0 ? EXIT.OK : EXIT.NO;
}

function replay(view: import('../../function-replay.js').ReplayView) {
  const { messages, given, dropped, failed, causes, fuel, memory, us } = view;
  const lines = [
    `${count(messages, 'message')}: ${given} given, ${dropped} dropped, ${failed} failed`,
    `most fuel ${fuel}, memory ${bytesText(memory)}, ${us} µs on average`,
    ...causes.map((cause) => `FAIL  ${visible(cause)}`),
  ];
  return { view, lines };
}
