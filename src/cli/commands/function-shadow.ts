import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ShadowView } from '../../api/contract.js';
import { parseDuration } from '../../core/duration.js';
import { GatewayError } from '../../core/errors.js';
import { EXIT } from '../../core/exit.js';
import type { ShadowOptions } from '../../core/shadow-views.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { unknown } from '../names.js';
import { count, visible } from '../text.js';

/** Between two looks at a run, ms. */
const LOOK_EVERY = 250;
const MAX_RECORDING_BYTES = 500_000_000;

interface Options {
  readonly candidate?: string;
  readonly live?: string;
  readonly messages?: string;
  readonly current?: string;
  readonly promote?: boolean;
  readonly allow: string;
  readonly show: string;
  readonly jsonEqual?: boolean;
  readonly end?: boolean;
}

export function defineShadow(command: HpmqCommand, cli: Cli): void {
  command
    .verb('shadow <function>')
    .description('Runs a candidate beside the current version, and says where they differ')
    .option('--candidate <module>', 'to be tried: a .wasm, .js or .ts file, builtin:NAME, or an image: host/name:tag')
    .option('--live <duration>', 'beside the running gateway, for so long; Ctrl-C ends it', '60s')
    .option('--messages <file>', 'over recorded messages, one JSON object per line; needs no gateway')
    .option('--current <module>', 'with --messages: compare with this, not with the version of the configuration')
    .option('--promote', 'deploy the candidate when nothing differs')
    .option('--allow <number>', 'differences up to which it is as good', '0')
    .option('--show <number>', 'differences to show', '10')
    .option('--json-equal', 'compare payloads that are JSON by value')
    .option('--end', 'end the run that is under way')
    .withExamples(
      ['function shadow mask --candidate ./mask.wasm --live 5m', 'beside what runs; its outputs go nowhere'],
      [
        'function shadow mask --candidate registry.example.com/fn/mask:1.4',
        'an image, trusted as the gateway trusts it',
      ],
      ['function shadow mask --candidate ./mask.wasm --messages day.ndjson --promote', 'deployed when nothing differs'],
    )
    .action(cli.action((name: string, options: Options) => shadow(cli, name, options)));
}

async function shadow(cli: Cli, name: string, options: Options): Promise<number> {
  const params = { function: name };
  if (options.end === true) {
    return report(cli, await cli.request('POST /v1/functions/{function}/shadow/end', { params }));
  }
  if (options.candidate === undefined) throw cliError('CLI_USAGE', 'what is to be tried? name it with --candidate');
  const how: ShadowOptions = {
    allow: number('--allow', options.allow, 1_000_000_000),
    show: number('--show', options.show, 100),
    jsonEqual: options.jsonEqual === true,
  };
  const candidate = await moduleOf(cli, options.candidate);
  const { bytes, source } = candidate;
  if (options.messages !== undefined) return report(cli, await recorded(cli, name, options, candidate, how));
  const liveMs = parseDuration(options.live ?? '');
  if (liveMs === undefined || liveMs < 1_000 || liveMs > 86_400_000) {
    throw cliError('CLI_USAGE', `--live "${options.live}" is not a duration from 1s to 24h`);
  }
  const body = { module: bytes.toString('base64'), source, liveMs, promote: options.promote === true, ...how };
  let view = await cli.request('POST /v1/functions/{function}/shadow', { params, body });
  while (view.state === 'running') {
    await pause(cli.stopSignal);
    view = cli.stopSignal.aborted
      ? await cli.request('POST /v1/functions/{function}/shadow/end', { params })
      : await cli.request('GET /v1/functions/{function}/shadow', { params });
  }
  return report(cli, view);
}

async function recorded(
  cli: Cli,
  name: string,
  { current, messages, promote }: Options,
  candidate: Candidate,
  how: ShadowOptions,
): Promise<ShadowView> {
  const [{ rehearse }, { recordedMessages }, { compile }, { systemClock }] = await Promise.all([
    import('../../functions/rehearse.js'),
    import('../../functions/recorded-messages.js'),
    import('../../functions/engine/module.js'),
    import('../../core/clock.js'),
  ]);
  const { config, ...running } = await configured(cli, name, current);
  const { size } = await stat(messages!).catch((cause: Error) => {
    throw cliError('CLI_USAGE', `cannot read ${messages}: ${cause.message}`, { cause });
  });
  if (size > MAX_RECORDING_BYTES) throw cliError('CLI_USAGE', `${messages} is too large: more than 500 MB`);
  const view = await rehearse({
    ...how,
    config,
    compile,
    clock: systemClock,
    current: running,
    candidate,
    messages: recordedMessages(await readFile(messages!, 'utf8'), basename(messages!)),
    signal: cli.stopSignal,
  });
  if (promote !== true || view.refusal !== null) return view;
  const body = { module: candidate.bytes.toString('base64'), source: candidate.source };
  await cli.request('POST /v1/functions/{function}/deploy', { params: { function: name }, body });
  return { ...view, promoted: true };
}

/** The function of the configuration, and the version that it is compared with: what was deployed last, or what is configured. */
async function configured(cli: Cli, name: string, current: string | undefined) {
  const [{ loadConfig }, { loadAdapters }, { VersionFolder }] = await Promise.all([
    import('../../config/load.js'),
    import('../../builtin.js'),
    import('../../functions/version-folder.js'),
  ]);
  const adapters = await loadAdapters();
  const { config: all } = loadConfig({ file: cli.globals.config, env: cli.env, cwd: process.cwd(), adapters });
  const config = all.functions[name];
  if (config === undefined) {
    const message = `there is no function "${name}" in the configuration`;
    throw await unknown('CLI_UNKNOWN_FUNCTION', message, name, Object.keys(all.functions));
  }
  if (current !== undefined) return { config, ...(await moduleOf(cli, current)) };
  const folder = new VersionFolder(all.gateway.data, name);
  const state = await folder.state();
  const bytes = state === undefined ? undefined : await folder.module(state.current);
  if (bytes !== undefined) {
    const source = state!.versions.find(({ digest }) => digest === state!.current)?.source ?? 'deployed';
    return { config, bytes, source };
  }
  if (config.source.type === 'file') {
    return { config, ...(await moduleOf(cli, config.source.file)) };
  }
  throw cliError(
    'CLI_BAD_MODULE',
    `the image of ${name} is not here yet: name the current version with --current FILE`,
  );
}

interface Candidate {
  readonly bytes: Buffer;
  /** For people. */
  readonly source: string;
}

/** A file, one of the ready functions, or an image: from its registry, or from the cache where that gives no answer. */
async function moduleOf(cli: Cli, name: string): Promise<Candidate> {
  if (name.startsWith('builtin:')) {
    const { builtin } = await import('../../functions/slot-loader.js');
    return { bytes: await builtin(name.slice('builtin:'.length)), source: name };
  }
  try {
    const { isScript, readFunctionFile } = await import('../../functions/javascript/files.js');
    return { bytes: isScript(name) ? await readFunctionFile(name) : await readFile(name), source: basename(name) };
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT' && (await isImage(name))) {
      const { openImages } = await import('../function-images.js');
      const { images } = await openImages(cli, {});
      const { module, reference } = await images.find(name);
      return { bytes: module, source: reference };
    }
    if (cause instanceof GatewayError) throw cause;
    throw cliError('CLI_BAD_MODULE', `cannot read ${name}: ${(cause as Error).message}`, { cause });
  }
}

async function isImage(name: string): Promise<boolean> {
  const { parseReference } = await import('../../functions/registry/reference.js');
  try {
    parseReference(name);
    return true;
  } catch {
    return false;
  }
}

function number(option: string, text: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw cliError('CLI_USAGE', `${option} "${text}" is not a number from 0 to ${max}`);
  return value;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LOOK_EVERY);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}

function report(cli: Cli, view: ShadowView): number {
  if (cli.output.isJson) cli.output.json(view);
  else for (const line of reportLines(view)) cli.output.line(line);
  return view.refusal === null ? EXIT.OK : 1;
}

function reportLines(view: ShadowView): readonly string[] {
  const { current, candidate, messages, equal, different, skipped, differences, refusal, promoted } = view;
  const side = ({ digest, source, fuel, us, failures }: ShadowView['current']) =>
    [
      `${digest.slice(0, 19)} ${visible(source)}`,
      ...(fuel === null ? [] : [`${Math.round(fuel)} fuel`]),
      ...(us === null ? [] : [`${us.toFixed(1)} µs`]),
      count(failures, 'failure'),
    ].join(', ');
  return [
    ...differences.flatMap(({ number: at, hook, about, lines }) => [
      `${hook} ${at} ${visible(about)}`.trimEnd(),
      ...lines.map((line) => `  ${visible(line)}`),
    ]),
    ...(different > differences.length ? [`and ${different - differences.length} more`] : []),
    `current     ${side(current)}`,
    `candidate   ${side(candidate)}`,
    `messages    ${messages}: ${equal} equal, ${different} different${skipped > 0 ? `, ${skipped} not compared` : ''}`,
    promoted
      ? 'promoted    the candidate runs now'
      : `verdict     ${refusal === null ? 'the candidate is as good' : `not as good: ${refusal}`}`,
  ];
}
