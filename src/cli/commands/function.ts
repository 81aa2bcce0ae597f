import type { FunctionLogLine, FunctionView } from '../../api/contract.js';
import { formatDuration } from '../../core/duration.js';
import { GatewayError } from '../../core/errors.js';
import { MAX_MODULE_BYTES } from '../../core/function.js';
import type { Cli } from '../cli.js';
import { ageText, functionColumns } from '../columns.js';
import type { HpmqCommand } from '../command.js';
import { confirmYes } from '../confirm.js';
import { unknown } from '../names.js';
import { bytesText, count, dateText, timeText, visible } from '../text.js';
import { defineAuthorVerbs } from './function-author.js';
import { defineRegistryVerbs } from './function-registry.js';
import { defineShadow } from './function-shadow.js';

/** Between two looks at the lines of a function, ms. */
const FOLLOW_EVERY = 500;

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['function list', 'all functions, what calls them, and what they cost'],
    ['function deploy mask ./mask.wasm', 'a new version takes the place of what runs'],
    ['function rollback mask', 'back to the one before'],
  );
  command
    .verb('list')
    .description('Lists the functions, what they cost, and how often they failed')
    .withExamples(['function list', 'all functions'], ['function list --json', 'for programs'])
    .action(
      cli.action(async () => {
        const { items } = await cli.request('GET /v1/functions');
        await cli.output.list(functionColumns(Date.now()), items, 'there are no functions in the configuration');
        return undefined;
      }),
    );
  command
    .verb('show <function>')
    .description('Shows one function: what calls it, versions, figures, failures by cause')
    .withExamples(['function show mask', 'which version runs, and why calls failed'])
    .action(cli.action(async (name: string) => show(cli, await about(cli, name, () => get(cli, name)))));
  command
    .verb('logs <function>')
    .description('Shows what a function said, and how it failed')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('-n, --lines <number>', 'so many of the newest', '100')
    .withExamples(['function logs mask', 'the newest lines'], ['function logs mask -f', 'and what comes'])
    .action(cli.action((name: string, options: LogOptions) => logs(cli, name, options)));
  command
    .verb('deploy <function> <file>')
    .description('Gives a WebAssembly module, or a .js or .ts file, to the running gateway; what is not fit is refused')
    .withExamples(['function deploy mask ./mask.wasm', 'the version before stays, for rollback'])
    .action(cli.action((name: string, file: string) => deploy(cli, name, file)));
  command
    .verb('rollback <function>')
    .description('Goes back to the newest older version that did not fail')
    .option('-y, --yes', 'do not ask')
    .withExamples(['function rollback mask', 'asks first'], ['function rollback mask --yes', 'in scripts'])
    .action(
      cli.action(async (name: string, options: { yes?: boolean }) => {
        await about(cli, name, () => get(cli, name));
        await confirmYes(cli, `Roll back ${name}?`, options.yes === true);
        return show(cli, await cli.request('POST /v1/functions/{function}/rollback', { params: { function: name } }));
      }),
    );
  defineShadow(command, cli);
  defineChange(command, cli, 'reload', 'Reads again what the configuration names: the file, or the image');
  defineChange(command, cli, 'pause', 'Leaves a function out: messages go as if it were not there');
  defineChange(command, cli, 'resume', 'Asks a paused function again');
  defineAuthorVerbs(command, cli);
  defineRegistryVerbs(command, cli);
}

function defineChange(command: HpmqCommand, cli: Cli, verb: 'reload' | 'pause' | 'resume', purpose: string): void {
  command
    .verb(`${verb} <function>`)
    .description(purpose)
    .withExamples([`function ${verb} mask`, purpose.toLowerCase()])
    .action(
      cli.action(async (name: string) => {
        const route = `POST /v1/functions/{function}/${verb}` as const;
        return show(cli, await about(cli, name, () => cli.request(route, { params: { function: name } })));
      }),
    );
}

function get(cli: Cli, name: string): Promise<FunctionView> {
  return cli.request('GET /v1/functions/{function}', { params: { function: name } });
}

/** With the name that was probably meant. */
export async function about<T>(cli: Cli, name: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'API_NOT_FOUND') throw error;
    const { items } = await cli.request('GET /v1/functions');
    const names = items.map((one) => one.name);
    throw await unknown('CLI_UNKNOWN_FUNCTION', `there is no function "${name}"`, name, names);
  }
}

async function deploy(cli: Cli, name: string, file: string): Promise<undefined> {
  const { stat } = await import('node:fs/promises');
  const { basename } = await import('node:path');
  const { cliError } = await import('../errors.js');
  const { readFunctionFile } = await import('../../functions/javascript/files.js');
  let bytes: Buffer;
  try {
    const { size } = await stat(file);
    if (size > MAX_MODULE_BYTES) {
      throw cliError('CLI_BAD_MODULE', `${file} has ${size} bytes, more than ${MAX_MODULE_BYTES}`);
    }
    bytes = await readFunctionFile(file);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw cliError('CLI_BAD_MODULE', `cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
  const body = { module: bytes.toString('base64'), source: basename(file) };
  const ask = () => cli.request('POST /v1/functions/{function}/deploy', { params: { function: name }, body });
  return show(cli, await about(cli, name, ask));
}

interface LogOptions {
  readonly follow?: boolean;
  readonly lines: string;
}

async function logs(cli: Cli, name: string, { follow, lines }: LogOptions): Promise<undefined> {
  const params = { function: name };
  const limit = String(Math.min(500, Math.max(1, Number.parseInt(lines, 10) || 100)));
  const route = 'GET /v1/functions/{function}/logs';
  let { items } = await about(cli, name, () => cli.request(route, { params, query: { limit } }));
  let after = 0;
  for (;;) {
    for (const line of items) {
      if (cli.output.isJson) cli.output.json(line);
      else cli.output.line(lineText(line));
      after = line.sequence;
    }
    if (follow !== true || cli.stopSignal.aborted) return undefined;
    await sleep(FOLLOW_EVERY, cli.stopSignal);
    if (cli.stopSignal.aborted) return undefined;
    ({ items } = await cli.request(route, { params, query: { after: String(after) } }));
    // The gateway began anew: so do its numbers.
    if (items.length === 0 && after > 0) {
      const newest = (await cli.request(route, { params, query: { limit: '1' } })).items.at(-1)?.sequence ?? 0;
      if (newest < after) after = 0;
    }
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

const lineText = ({ at, level, text }: FunctionLogLine): string =>
  `${timeText(at)} ${level.padEnd(5)} ${visible(text)}`;

function show(cli: Cli, view: FunctionView): undefined {
  if (cli.output.isJson) cli.output.json(view);
  else for (const line of functionLines(view, Date.now())) cli.output.line(line);
  return undefined;
}

const millis = (ms: number): string => `${ms < 10 ? Math.round(ms * 1_000) / 1_000 : Math.round(ms)} ms`;

function functionLines(view: FunctionView, now: number): readonly string[] {
  const row = (title: string, text: string) => `${title.padEnd(11)} ${visible(text)}`;
  const { error, retryAt, ms, kv, lastFailure, previous } = view;
  const failures = Object.entries(view.failures).sort(([, a], [, b]) => b - a);
  const fate = [
    ...(view.passed > 0 ? [`${view.passed} passed as they came`] : []),
    ...(view.dropped > 0 ? [`${view.dropped} dropped`] : []),
    ...(view.deadLetters > 0 ? [`${count(view.deadLetters, 'dead letter')}`] : []),
  ];
  return [
    row('function', view.name),
    row('state', `${view.state} for ${ageText(view.since, now)}`),
    ...(error === undefined ? [] : [row('problem', `${error.message} (${error.code})`), row('hint', error.hint)]),
    ...(retryAt === undefined ? [] : [row('image', `is asked for again in ${ageText(now, retryAt)}`)]),
    row('source', view.source),
    ...view.triggers.map((trigger, index) => row(index === 0 ? 'called by' : '', trigger)),
    row('module', view.abi === null ? 'none' : `${view.abi}, ${view.isolate}: ${view.hooks.join(', ')}`),
    row('needs', view.needs.length === 0 ? 'nothing' : view.needs.join(', ')),
    ...view.versions.map(({ digest, source, deployedAt, current, failed }, index) =>
      row(
        index === 0 ? 'versions' : '',
        `${current ? '*' : ' '} ${digest.slice(0, 19)} ${source}, ${dateText(deployedAt)}${failed ? ', failed' : ''}`,
      ),
    ),
    row('calls', `${view.calls}, ${Math.round(view.callsPerSecond * 10) / 10}/s`),
    row('messages', `${view.messagesOut} out`),
    ...(ms.p50 === null
      ? []
      : [row('takes', `${millis(ms.p50)} (p50), ${millis(ms.p95!)} (p95), ${millis(ms.max!)} at most`)]),
    row('memory', `${bytesText(view.memory)} of ${bytesText(view.memoryLimit)}`),
    ...(view.waiting === 0 ? [] : [row('waiting', count(view.waiting, 'call'))]),
    ...(kv === undefined
      ? []
      : [row('keeps', `${count(kv.keys, 'key')}, ${bytesText(kv.bytes)} of ${bytesText(kv.quota)}`)]),
    row('remembers', `${count(previous.topics, 'topic')}, ${bytesText(previous.bytes)}`),
    row('failed', failures.length === 0 ? 'never' : failures.map(([cause, n]) => `${n} ${cause}`).join(', ')),
    ...(fate.length === 0 ? [] : [row('messages', fate.join(', '))]),
    ...(view.rateLimited === 0 ? [] : [row('over rate', count(view.rateLimited, 'message'))]),
    ...(lastFailure === undefined
      ? []
      : [
          row(
            'last',
            `${lastFailure.cause}: ${lastFailure.message}, ${formatDuration(Math.max(0, now - lastFailure.at))} ago`,
          ),
        ]),
  ];
}
