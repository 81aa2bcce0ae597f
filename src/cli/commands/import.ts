import { writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileFault, readRegularFile } from '../../config/files.js';
import { EXIT } from '../../core/exit.js';
import type { ImportFinding } from '../../import/draft.js';
import type { Imported } from '../../import/finish.js';
import { FORMATS } from '../../import/formats.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { count, visible } from '../text.js';

/** What a gateway's file can be at most. */
const MAX_BYTES = 16_000_000;

const KIND_TITLES = { unmapped: 'not mapped', assumed: 'assumed', ignored: 'ignored' } as const;

export function define(command: HpmqCommand, cli: Cli): void {
  command
    .argument('<format>', FORMATS.map(({ name, title }) => `${name}: ${title}`).join('; '))
    .argument('<file>', 'what the product wrote or reads; -: standard input')
    .option('-o, --output <file>', 'where the configuration goes; standard output when absent')
    .option('-f, --force', 'replace that file')
    .withExamples(
      ['import telegraf telegraf.conf -o hpmq.yaml', 'convert; the report goes to stderr'],
      ['import neuron tags.csv', 'print the configuration'],
      ['import hivemq config.xml --json', 'configuration and report as JSON'],
    )
    .action(
      cli.action((format: string, file: string, options: { output?: string; force?: boolean }) =>
        run(cli, format, file, options),
      ),
    );
}

async function run(
  cli: Cli,
  formatName: string,
  file: string,
  { output: target, force = false }: { output?: string; force?: boolean },
): Promise<number> {
  const format = FORMATS.find(({ name }) => name === formatName);
  if (format === undefined) {
    const known = FORMATS.map(({ name }) => name).join(', ');
    throw cliError('CLI_USAGE', `there is no format "${formatName}"`, { hint: `known formats: ${known}` });
  }
  const text = file === '-' ? await readStdin(cli) : readText(file);
  const [{ importText }, { loadAdapters }] = await Promise.all([
    import('../../import/formats.js'),
    import('../../builtin.js'),
  ]);
  const imported = await importText(
    format,
    text,
    file === '-' ? 'standard input' : basename(file),
    await loadAdapters(),
  );
  if (target !== undefined && target !== '-') write(resolve(process.cwd(), target), imported.yaml, force);
  report(cli, imported, target);
  return imported.mapped === imported.entries ? EXIT.OK : EXIT.NO;
}

function readText(file: string): string {
  try {
    return readRegularFile(resolve(process.cwd(), file), MAX_BYTES).toString('utf8');
  } catch (cause) {
    throw cliError('CLI_BAD_IMPORT', `cannot read ${file}: ${fileFault(cause)}`, {
      cause,
      hint: 'name a configuration file of the product',
    });
  }
}

async function readStdin(cli: Cli): Promise<string> {
  let text = '';
  cli.streams.stdin.setEncoding('utf8');
  for await (const chunk of cli.streams.stdin) {
    text += chunk as string;
    if (text.length > MAX_BYTES) throw cliError('CLI_BAD_IMPORT', `standard input has more than ${MAX_BYTES} bytes`);
  }
  return text;
}

function write(path: string, yaml: string, force: boolean): void {
  try {
    writeFileSync(path, yaml, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw cliError('CLI_BAD_IMPORT', exists ? `${path} exists` : `cannot write ${path}: ${fileFault(cause)}`, {
      cause,
      hint: exists ? 'choose another file, or replace it with --force' : 'choose a place where this user may write',
    });
  }
}

function report(cli: Cli, imported: Imported, target: string | undefined): void {
  const { output } = cli;
  if (output.isJson) {
    output.json(imported);
    return;
  }
  if (target === undefined || target === '-') output.line(imported.yaml.trimEnd());
  for (const line of reportLines(imported)) output.note(line);
  if (target !== undefined && target !== '-') {
    output.note(`written to ${visible(target)}; look at it with \`hpmq config check ${visible(target)}\``);
  }
}

/** For the person who converted: what is not in the result first. */
export function reportLines({ findings, entries, mapped, points, devices, ports }: Imported): readonly string[] {
  const place = ({ line, entry, message }: ImportFinding) => visible(`  line ${line}, ${entry}: ${message}`);
  const sections = (['unmapped', 'assumed', 'ignored'] as const).flatMap((kind) => {
    const own = findings.filter((finding) => finding.kind === kind);
    return own.length === 0 ? [] : [`${KIND_TITLES[kind]} (${own.length}):`, ...own.map(place)];
  });
  const entryText = `${entries} ${entries === 1 ? 'entry' : 'entries'}`;
  return [
    ...sections,
    `${entryText}: ${mapped} mapped, ${entries - mapped} not; ${count(points, 'point')}, ${count(devices, 'device')}, ${count(ports, 'port')}`,
  ];
}
