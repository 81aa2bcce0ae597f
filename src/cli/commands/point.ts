import { createInterface } from 'node:readline/promises';
import type { CommandResult, PointView } from '../../api/contract.js';
import { GatewayError } from '../../core/errors.js';
import { EXIT } from '../../core/exit.js';
import { wholeNumber, writtenValue } from '../arguments.js';
import type { Cli } from '../cli.js';
import { changeLine, pointColumns, valueText } from '../columns.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { resolveDevice, resolvePoint, unknown } from '../names.js';
import { visible } from '../text.js';

/** Devices need longer than the gateway itself, ms. */
const DEVICE_TIMEOUT = 10_000;
/** The gateway answers about a time that ran out; we wait for that answer so much longer, ms. */
const MARGIN = 1_000;

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['point list boiler', 'values of one device'],
    ['point write boiler.setpoint 72.5', 'write, read back, say what was read'],
    ['point watch boiler.temperature', 'follow a value until Ctrl-C'],
  );
  command
    .verb('list [device]')
    .description('Lists points with value, quality and age')
    .withExamples(['point list', 'all points'], ['point list boiler --json', 'those of one device, for programs'])
    .action(
      cli.action(async (device: string | undefined) => {
        const query = device === undefined ? {} : { device: (await resolveDevice(cli, device)).name };
        const { items } = await cli.request('GET /v1/points', { query });
        await cli.output.list(pointColumns(Date.now()), items, 'there are no points in the configuration');
        return undefined;
      }),
    );
  command
    .verb('read <point> [name]')
    .description('Reads one point from its device now')
    .withExamples(
      ['point read boiler.temperature', 'as device.point'],
      ['point read boiler temperature', 'or as two words'],
    )
    .action(
      cli.action((point: string, name: string | undefined) => read(cli, name === undefined ? [point] : [point, name])),
    );
  command
    .verb('write <point> <value> [extra]')
    .usage('[options] <point> <value>')
    .description('Writes a value to a point')
    .option('--confirm <name>', 'name of a critical point, instead of typing it when asked')
    .withExamples(
      ['point write boiler.setpoint 72.5', 'exit code 0 when written, 1 when refused or failed'],
      ['point write boiler setpoint 72.5', 'device and point as two words'],
      ['point write boiler.release 1 --confirm release', 'a critical point, without being asked'],
    )
    .action(
      cli.action((first: string, second: string, third: string | undefined, options: { confirm?: string }) =>
        third === undefined
          ? write(cli, [first], second, options.confirm)
          : write(cli, [first, second], third, options.confirm),
      ),
    );
  command
    .verb('watch [names...]')
    .description('Follows points: one line per change')
    .option('--limit <n>', 'end after so many lines', wholeNumber)
    .withExamples(
      ['point watch', 'all points'],
      ['point watch boiler meter.power', 'a device and a point'],
      ['point watch boiler --json', 'NDJSON, one point per line'],
    )
    .action(cli.action((names: readonly string[], options: { limit?: number }) => watch(cli, names, options.limit)));
}

async function read(cli: Cli, words: readonly string[]): Promise<number> {
  const { device, point } = await resolvePoint(cli, words);
  const params = { device, point };
  const view = await cli.request('POST /v1/points/{device}/{point}/read', { params }, cli.timeoutMs(DEVICE_TIMEOUT));
  if (cli.output.isJson) cli.output.json(view);
  else cli.output.line(view.quality === 'good' ? valueText(view) : `${valueText(view)} (${view.quality})`);
  if (view.quality === 'good') return EXIT.OK;
  if (!cli.output.isJson && view.error !== undefined) {
    cli.output.note(`${visible(view.error.message)} (${view.error.code})\nhint: ${visible(view.error.hint)}`);
  }
  return EXIT.UNAVAILABLE;
}

async function write(cli: Cli, words: readonly string[], text: string, confirm: string | undefined): Promise<number> {
  const view = await resolvePoint(cli, words);
  if (view.write?.critical) await confirmName(cli, view, text, confirm);
  const { device, point } = view;
  const timeoutMs = cli.timeoutMs(DEVICE_TIMEOUT);
  const body = { value: writtenValue(text), timeoutMs };
  const params = { device, point };
  const result = await cli.request('POST /v1/points/{device}/{point}/write', { params, body }, timeoutMs + MARGIN);
  const done = result.status === 'verified' || result.status === 'written';
  if (cli.output.isJson) cli.output.json(result);
  else if (done) cli.output.line(resultText(result, view));
  else cli.output.error(failureOf(result, view));
  return done ? EXIT.OK : EXIT.NO;
}

function resultText(result: CommandResult, { unit }: PointView): string {
  return visible(`${result.status} ${result.value}${unit === undefined ? '' : ` ${unit}`}`);
}

function failureOf(result: CommandResult, { device, point }: PointView): GatewayError {
  const {
    code = 'WRITE_FAILED',
    fault = 'device',
    message = 'no reason was given',
    hint = 'look at the log',
  } = result.error ?? {};
  return new GatewayError(code, { fault, hint }, `${result.status}: ${device}.${point}: ${message}`);
}

async function confirmName(
  cli: Cli,
  { device, point }: PointView,
  value: string,
  given: string | undefined,
): Promise<void> {
  const names = [point, `${device}.${point}`];
  const refuse = (message: string) => cliError('CLI_NOT_CONFIRMED', message);
  if (given !== undefined) {
    if (!names.includes(given)) throw refuse(`"${given}" is not the name of the point ${device}.${point}`);
    return;
  }
  const { stdin, stderr } = cli.streams;
  if (!cli.globals.input || stdin.isTTY !== true)
    throw refuse(`${device}.${point} is critical and nobody confirmed the write`);
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    const question = `${device}.${point} is critical. Type its name to write ${visible(value)}: `;
    // Ctrl-C and Ctrl-D reject, with the cursor still behind the question.
    const typed = await terminal.question(question).catch(() => void stderr.write('\n'));
    if (!names.includes(typed?.trim() ?? '')) throw refuse('nothing was written');
  } finally {
    terminal.close();
  }
}

async function watch(cli: Cli, names: readonly string[], limit = Number.POSITIVE_INFINITY): Promise<number> {
  const client = await cli.client();
  const wanted = (one: PointView) =>
    names.length === 0 ||
    names.some(
      (name) => name === one.device || name === `${one.device}.${one.point}` || name === `${one.device}/${one.point}`,
    );
  let lines = 0;
  for await (const event of client.events({ kinds: ['points'], rate: 10, signal: cli.stopSignal })) {
    const points = event.kind === 'snapshot' ? event.data.points : event.kind === 'points' ? event.data : undefined;
    if (event.kind === 'snapshot') await checkNames(names, points ?? []);
    for (const point of points?.filter(wanted) ?? []) {
      if (cli.output.isJson) cli.output.jsonLine(point);
      else cli.output.line(changeLine(point));
      if (++lines >= limit) return EXIT.OK;
    }
  }
  return cli.stopCode;
}

async function checkNames(names: readonly string[], points: readonly PointView[]): Promise<void> {
  const known = new Set(points.flatMap(({ device, point }) => [device, `${device}.${point}`, `${device}/${point}`]));
  for (const name of names) {
    if (!known.has(name)) {
      throw await unknown('CLI_UNKNOWN_POINT', `there is no point or device "${name}"`, name, [...known]);
    }
  }
}
