/** `hpmq run`: the gateway as a process: configuration, log, signals, exit code. */
import { defaultSocket } from './api/socket.js';
import { loadAdapters } from './builtin.js';
import { loadConfigApart } from './config-thread.js';
import { systemClock } from './core/clock.js';
import { collectGarbage } from './core/collect-garbage.js';
import { compileEarly, optimise, optimiseOnceConnected } from './core/compile-early.js';
import type { GatewayConfig } from './core/config.js';
import { toGatewayError } from './core/errors.js';
import { EXIT } from './core/exit.js';
import { type Log, type LogLevel, silentLog } from './core/log.js';
import { startGateway } from './gateway.js';
import { createLogging } from './logging.js';
import { type Supervision, takeSupervision } from './systemd/notify.js';
import { supervised } from './systemd/supervised.js';
import type { BoxUpdater } from './update/box-updater.js';
import { becomeBase, CHOSEN } from './update/choose.js';
import type { Updater } from './update/updater.js';
import { version } from './version.js';

/** Time for draining and closing after the first signal, ms. */
const STOP_DEADLINE = 10_000;

export interface RunOptions {
  readonly config?: string | undefined;
  readonly socket?: string | undefined;
  /** 0: the level of the configuration; 1: debug; 2 and more: trace. */
  readonly verbose: number;
}

/** Runs until SIGINT, SIGTERM or SIGHUP (a second one ends it at once) or, started by a parent over IPC, until that is gone. */
export async function runGateway(options: RunOptions): Promise<number> {
  const supervision = takeSupervision(process.env, process.pid, systemClock);
  const reached: { data?: string } = {};
  try {
    return await run(options, supervision, reached);
  } catch (error) {
    // A version on trial that does not start is no reason to be without a gateway.
    if (process.env[CHOSEN]) await giveUpTrial(error, supervision, reached.data).catch(() => {});
    throw error;
  }
}

async function run(
  options: RunOptions,
  supervision: Supervision | undefined,
  reached: { data?: string },
): Promise<number> {
  const { config, file, yaml } = await loadConfigApart(options.config, process.cwd());
  reached.data = config.gateway.data;
  const level: LogLevel = options.verbose > 1 ? 'trace' : options.verbose === 1 ? 'debug' : config.log.level;
  const logging = createLogging({
    level,
    pretty: process.stderr.isTTY === true,
    write: (text) => void process.stderr.write(text),
  });
  // Whoever reads the log may go; the plant does not stop for that.
  process.stderr.on('error', () => {});
  endOnDefect(logging.log);
  const stop = waitForStop();
  const restart = Promise.withResolvers<string>();
  const types = [
    ...Object.values(config.devices).map(({ adapter }) => adapter),
    ...Object.values(config.servers).map(({ type }) => type),
  ];
  const adapters = await loadAdapters(new Set(types));
  collectGarbage();
  compileEarly();
  if (hasWork(config)) optimise();
  else optimiseOnceConnected();
  const gateway = await startGateway({
    config,
    shown: { file: file ?? null, yaml },
    adapters,
    socket: options.socket ?? config.api.socket ?? defaultSocket(process.env),
    logging,
    clock: systemClock,
    update: {
      updater: ownUpdater,
      isChosen: Boolean(process.env[CHOSEN]),
      isAfterFallback: (await import('./update/open-updater.js')).isAfterFallback(process.env),
      restart: restart.resolve,
    },
  });
  // A parent that is gone by now is told by the channel's end.
  process.send?.({ ready: true, addresses: gateway.addresses }, () => {});
  const supervisor =
    supervision &&
    (await supervised(supervision, {
      answers: gateway.answers,
      statusLine: gateway.statusLine,
      log: logging.log.child({ svc: 'systemd' }),
      clock: systemClock,
    }));
  const reason = await Promise.race([stop, restart.promise.then((why) => ({ why }))]);
  const isRestart = typeof reason === 'object';
  logging.log.info({ reason: isRestart ? reason.why : reason }, isRestart ? 'restarting' : 'stopping');
  const deadline = systemClock.after(STOP_DEADLINE, () => {
    logging.log.error({ deadlineMs: STOP_DEADLINE }, 'could not stop in time');
    process.exit(EXIT.TRY_LATER);
  });
  try {
    const said = typeof reason === 'object' ? supervisor?.restarting(reason.why) : supervisor?.stopping(reason);
    await Promise.all([said, gateway[Symbol.asyncDispose]()]);
  } finally {
    deadline.cancel();
  }
  await giveBack(config.gateway.data, logging.log);
  if (isRestart) takeOver(supervision);
  return EXIT.OK;
}

/** Even when nobody connects. */
function hasWork({ devices, servers, links, functions }: GatewayConfig): boolean {
  return [devices, servers, links, functions].some((parts) => Object.keys(parts).length > 0);
}

/** @returns undefined: this program is not updated by itself */
async function ownUpdater(): Promise<Updater | undefined> {
  const { openUpdater } = await import('./update/open-updater.js');
  try {
    return openUpdater(process.env, 'gateway');
  } catch {
    return undefined;
  }
}

/** The version before takes this process over; returns when this one is not on trial, or another gateway decides on it. */
async function giveUpTrial(
  error: unknown,
  supervision: Supervision | undefined,
  data: string | undefined,
): Promise<void> {
  const updater = await ownUpdater();
  if (updater?.form !== 'executable' || (await updater.status()).state !== 'trial') return;
  const { code, message } = toGatewayError(error);
  const box = updater as BoxUpdater;
  // The one that runs already decides.
  if (code === 'API_SOCKET_IN_USE' || (data !== undefined && !(await box.claim(data)))) return;
  const { version } = await box.giveUp('failed', `it did not start: ${message}`);
  if (data !== undefined) await giveBack(data, silentLog);
  process.stderr.write(`the new version did not start, version ${version} comes back: ${message}\n`);
  takeOver(supervision);
}

/** The program that follows in this process is supervised as this one was. */
function takeOver(supervision: Supervision | undefined): never {
  return becomeBase({ ...process.env, ...supervision?.environment }, process.argv.slice(2));
}

/** What this version has migrated is taken back when the version before it is the next to run. */
async function giveBack(data: string, log: Log): Promise<void> {
  const { isGivenUp } = await import('./update/open-updater.js');
  if (!isGivenUp(process.env)) return;
  try {
    const { giveStoreBack } = await import('./store/give-back.js');
    const schema = giveStoreBack(data, version);
    if (schema !== undefined) log.info({ schema }, 'the store was migrated back for the version before this one');
  } catch (error) {
    log.error({ err: error }, 'the store could not be migrated back: the version before this one uses its backup');
  }
}

/** After an error that nobody expected, rejected promises included, nothing is certain: better a fresh start by the supervisor. */
function endOnDefect(log: Log): void {
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, 'the gateway ends by a defect');
    process.exit(EXIT.BUG);
  });
}

/** Ctrl-C under npm comes from the terminal and once more from npm: signals this close together, ms, are one. */
const ONE_SIGNAL = 250;

/** Resolves with the first reason to stop; the second signal ends the process. */
export function waitForStop(): Promise<string> {
  return new Promise((resolve) => {
    let first: number | undefined;
    for (const [signal, code] of [
      ['SIGINT', EXIT.SIGINT],
      ['SIGTERM', EXIT.SIGTERM],
      ['SIGHUP', 129],
    ] as const) {
      process.on(signal, () => {
        first ??= systemClock.monotonic();
        if (systemClock.monotonic() - first > ONE_SIGNAL) process.exit(code);
        resolve(signal);
      });
    }
    if (process.connected) {
      process.once('disconnect', () => resolve('parent is gone'));
      // The channel alone must not keep a process alive that is done.
      process.channel?.unref();
    }
  });
}
