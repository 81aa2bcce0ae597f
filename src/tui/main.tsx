/**
 * The terminal interface, a client of the control API. This file only decides how; Ink and React are loaded when there is
 * a terminal to draw on, after the environment that they read at their import is set.
 */
import type { ApiClient } from '../api/contract.js';
import { type Clock, systemClock } from '../core/clock.js';
import { tuiError } from './errors.js';
import { type ScreenId, screens } from './state.js';
import { needsAscii, type Theme } from './theme.js';

export { tuiErrors } from './errors.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface TuiOptions {
  readonly client: ApiClient;
  /** Nothing can be changed from this session. */
  readonly readOnly: boolean;
  readonly color: boolean;
  readonly ascii: boolean;
  /** The heartbeat is drawn. */
  readonly motion: boolean;
  /** The first screen; the overview when absent. */
  readonly screen?: string;
  /** What is watched, as a person reads it: the socket or the URL. */
  readonly target: string;
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout?: NodeJS.WriteStream;
  readonly stderr?: NodeJS.WritableStream;
  readonly env?: Env;
  readonly clock?: Clock;
  /** In [0, 1), for the jitter of reconnects. */
  readonly random?: () => number;
}

const PLAIN_COLUMNS = 80;

function screenOf(name: string | undefined): ScreenId {
  const screen = screens.find((candidate) => candidate === (name ?? 'overview'));
  if (screen === undefined) throw tuiError('TUI_SCREEN_UNKNOWN', `there is no screen ${JSON.stringify(name)}`);
  return screen;
}

/**
 * Runs the terminal interface until the user leaves it. Without a terminal, prints one plain frame of the overview.
 *
 * @returns the exit code: 0, or 128 + the number of the signal that ended it
 * @throws GatewayError of the client when the gateway cannot be reached at the start; TUI_SCREEN_UNKNOWN
 */
export async function runTui(options: TuiOptions): Promise<number> {
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = options;
  const screen = screenOf(options.screen);
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true && env.TERM !== 'dumb';
  const isColored = options.color && isTerminal && (!env.NO_COLOR || env.FORCE_COLOR !== undefined);
  // Both read it once, when they are imported; neither knows NO_COLOR.
  process.env.NODE_ENV = 'production';
  if (!isColored) process.env.FORCE_COLOR = '0';
  const { printOnce, runSession } = await import('./run.js');
  const theme: Theme = {
    ascii: options.ascii || needsAscii(env),
    motion: options.motion,
    screenReader: env.INK_SCREEN_READER === 'true',
    dimmed: false,
  };
  const session = {
    client: options.client,
    readOnly: options.readOnly,
    target: options.target,
    theme,
    route: { screen },
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    stdin,
    stdout,
  };
  if (isTerminal) return runSession(session);
  await printOnce(session, stdout.columns || Number(env.COLUMNS) || PLAIN_COLUMNS);
  stderr.write('hint: this is no terminal; use `hpmq status --json` for something to read by a program\n');
  return 0;
}
