/** One session of the terminal interface, from the first request to the restored terminal. */
import { type Instance, render, renderToString } from 'ink';
import type { ApiClient } from '../api/contract.js';
import type { Clock } from '../core/clock.js';
import { Scope } from '../core/scope.js';
import { App } from './components/app.js';
import { View } from './components/view.js';
import { createController, type TerminalActions } from './controller.js';
import { Feed } from './feed.js';
import { initialModel, reduce } from './model.js';
import type { Route } from './state.js';
import { Store } from './store.js';
import type { Theme } from './theme.js';

export interface Session {
  readonly client: ApiClient;
  readonly readOnly: boolean;
  readonly target: string;
  readonly theme: Theme;
  readonly route: Route;
  readonly clock: Clock;
  readonly random: () => number;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

const MAX_FRAMES_PER_SECOND = 10;
const HOME_AND_ERASE = '\x1b[H\x1b[2J';
/** A shell without job control ignores the suspension: then we go on. */
const SUSPEND_MS = 500;

/** Exit codes of the signals that end a terminal program: 128 + number. */
const endings = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

function startModel(session: Session, columns: number, rows: number) {
  const { readOnly, target, route, clock } = session;
  return initialModel({ readOnly, target, route, now: clock.now(), columns, rows });
}

/** Prints one frame of the overview, as high as it needs to be. */
export async function printOnce(session: Session, columns: number): Promise<void> {
  const { client, clock, stdout, theme } = session;
  const [status, links] = await Promise.all([client.request('GET /v1/status'), client.request('GET /v1/links')]);
  const rows = 20 + 2 * Math.max(1, status.alarms.length);
  const model = reduce(startModel({ ...session, route: { screen: 'overview' } }, columns, rows), {
    type: 'event',
    stream: 'main',
    event: { kind: 'snapshot', data: { status, links: links.items } },
    at: clock.now(),
  });
  const frame = renderToString(<View model={model} theme={{ ...theme, motion: false }} hints={false} />, { columns });
  const lines = frame.split('\n').map((line) => line.trimEnd());
  await new Promise<void>((resolve, reject) => {
    stdout.write(`${lines.join('\n').trimEnd()}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

/** Runs until the user quits or a signal ends it. @returns the exit code */
export async function runSession(session: Session): Promise<number> {
  const { client, clock, stdin, stdout, random } = session;
  // Before the screen is touched: no gateway is an ordinary error message.
  const status = await client.request('GET /v1/status');
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<number>();

  await using scope = new Scope(fail);
  using store = new Store(startModel(session, stdout.columns, stdout.rows), clock);
  store.dispatch({ type: 'event', stream: 'main', event: { kind: 'status', data: status }, at: clock.now() });

  let instance: Instance | undefined;
  let suspendInk: (() => Promise<{ resume(): Promise<void> }>) | undefined;

  const erase = () => {
    stdout.write(HOME_AND_ERASE);
    instance?.clear();
  };

  let isSuspended = false;
  const onStop = () => scope.run(() => suspend(() => process.kill(process.pid, 'SIGSTOP')));

  /** The whole process group, as the terminal does it: a shell may have started us through another program. */
  function stopGroup(): void {
    process.off('SIGTSTP', onStop);
    process.kill(0, 'SIGTSTP');
  }

  async function suspend(stop: () => void): Promise<void> {
    if (suspendInk === undefined || isSuspended) return;
    isSuspended = true;
    const suspension = await suspendInk();
    const continued = Promise.withResolvers<void>();
    process.once('SIGCONT', continued.resolve);
    stop();
    await Promise.race([continued.promise, clock.sleep(SUSPEND_MS)]);
    process.off('SIGCONT', continued.resolve);
    process.off('SIGTSTP', onStop);
    process.on('SIGTSTP', onStop);
    await suspension.resume();
    isSuspended = false;
  }

  /** After a stop that could not be seen coming: whoever had the terminal meanwhile left it in their modes. */
  const onContinue = () => {
    if (isSuspended) return;
    stdin.setRawMode(false);
    stdin.setRawMode(true);
    terminal.redraw();
  };

  const terminal: TerminalActions = {
    redraw() {
      erase();
      instance?.rerender(app());
    },
    suspend: () => scope.run(() => suspend(stopGroup)),
    quit: () => end(0),
    send: (sequence) => void stdout.write(sequence),
  };
  const controller = createController(client, store, scope, terminal);
  const onTerminal = (handOver: NonNullable<typeof suspendInk>) => {
    suspendInk = handOver;
  };
  const app = () => <App store={store} controller={controller} theme={session.theme} onTerminal={onTerminal} />;

  await using feed = new Feed({ client, store, clock, random, onError: fail });
  // Registered before Ink's own listener: it then draws on an empty screen, whatever the terminal did with the old one.
  stdout.on('resize', erase);
  process.on('SIGTSTP', onStop);
  process.on('SIGCONT', onContinue);
  // Ink does it only after the first frame: what is typed until then would be echoed into that frame.
  stdin.setRawMode(true);
  instance = render(app(), {
    stdout,
    stdin,
    exitOnCtrlC: false,
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: MAX_FRAMES_PER_SECOND,
    isScreenReaderEnabled: session.theme.screenReader,
  });
  const restore = () => instance.unmount();
  const undo = onEndings(session, end, restore);
  feed.start();
  try {
    return await Promise.race([ended, instance.waitUntilExit().then(() => ended)]);
  } finally {
    undo();
    stdout.off('resize', erase);
    process.off('SIGTSTP', onStop);
    process.off('SIGCONT', onContinue);
    restore();
    await instance.waitUntilExit().catch(() => {});
    stdin.setRawMode(false);
  }
}

/** Everything that ends a session besides its keys. The terminal is restored in each case. @returns how to undo it */
function onEndings({ stdin, stdout }: Session, end: (code: number) => void, restore: () => void): () => void {
  const handlers = Object.entries(endings).map(([signal, code]) => {
    const handler = () => end(code);
    process.on(signal, handler);
    return () => void process.off(signal, handler);
  });
  // Only looks on: what happens to the error is decided elsewhere, but its message needs a sane terminal.
  const onUncaught = () => {
    restore();
    if (stdin.isTTY) stdin.setRawMode(false);
  };
  // A terminal that can no longer be read or written is gone.
  const onHangUp = () => end(endings.SIGHUP);
  process.on('uncaughtExceptionMonitor', onUncaught);
  stdin.on('end', onHangUp);
  stdout.on('error', onHangUp);
  return () => {
    for (const undo of handlers) undo();
    process.off('uncaughtExceptionMonitor', onUncaught);
    stdin.off('end', onHangUp);
    stdout.off('error', onHangUp);
  };
}
