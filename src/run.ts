/** `hpmq run`: the gateway as a process: configuration, log, signals, exit code. */
import { defaultSocket } from './api/socket.js';
import { loadAdapters } from './builtin.js';
import { loadConfigApart } from './config-thread.js';
import { systemClock } from './core/clock.js';
import { collectGarbage } from './core/collect-garbage.js';
import { compileEarly } from './core/compile-early.js';
import { EXIT } from './core/exit.js';
import type { Log, LogLevel } from './core/log.js';
import { startGateway } from './gateway.js';
import { createLogging } from './logging.js';
import { takeSupervision } from './systemd/notify.js';
import { supervised } from './systemd/supervised.js';

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
  const { config, file, yaml } = await loadConfigApart(options.config, process.cwd());
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
  const types = [
    ...Object.values(config.devices).map(({ adapter }) => adapter),
    ...Object.values(config.servers).map(({ type }) => type),
  ];
  const adapters = await loadAdapters(new Set(types));
  collectGarbage();
  compileEarly();
  const gateway = await startGateway({
    config,
    shown: { file: file ?? null, yaml },
    adapters,
    socket: options.socket ?? config.api.socket ?? defaultSocket(process.env),
    logging,
    clock: systemClock,
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
  const reason = await stop;
  logging.log.info({ reason }, 'stopping');
  const deadline = systemClock.after(STOP_DEADLINE, () => {
    logging.log.error({ deadlineMs: STOP_DEADLINE }, 'could not stop in time');
    process.exit(EXIT.TRY_LATER);
  });
  try {
    await Promise.all([supervisor?.stopping(reason), gateway[Symbol.asyncDispose]()]);
  } finally {
    deadline.cancel();
  }
  return EXIT.OK;
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
