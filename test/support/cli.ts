/** The command line as a process, against a control API with a fake gateway behind it. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { createApiServer } from '../../src/api/server.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { FakeView } from './fake-view.js';
import { hpmqEntry, type Outcome, tempFolder } from './gateway.js';
import { type Peer, startPeer } from './peers.js';

/** No settings, colours or sockets of the machine the tests run on. */
export const plainEnv: Record<string, string> = {
  NO_COLOR: '',
  FORCE_COLOR: '',
  HPMQ_SOCKET: '',
  XDG_RUNTIME_DIR: '',
  RUNTIME_DIRECTORY: '',
  TERM: 'xterm',
};

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Written to stdin, which is closed then. */
  readonly stdin?: string;
}

export function startHpmq(t: Test, args: readonly string[], options: RunOptions = {}): Peer {
  const peer = startPeer(t, process.execPath, [hpmqEntry, ...args], {
    env: { ...plainEnv, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  if (options.stdin !== undefined) peer.child.stdin?.end(options.stdin);
  return peer;
}

export async function hpmq(t: Test, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const peer = startHpmq(t, args, { stdin: '', ...options });
  const code = await peer.ended;
  return { code: Number(code), stdout: peer.stdout(), stderr: peer.stderr() };
}

/** A fake gateway, and the command line on its socket. */
export async function startFakeGateway(t: Test) {
  const socket = join(tempFolder(t), 'c.sock');
  const view = new FakeView(Date.now());
  const server = createApiServer({ view, socket, log: silentLog, clock: systemClock });
  await server.start(AbortSignal.timeout(10_000));
  t.teardown(() => server[Symbol.asyncDispose]());
  return {
    view,
    server,
    socket,
    run: (args: readonly string[], options: RunOptions = {}) => hpmq(t, ['--socket', socket, ...args], options),
    start: (args: readonly string[], options: RunOptions = {}) => startHpmq(t, ['--socket', socket, ...args], options),
  };
}

/** Ages and times of day are those of the moment; everything else is compared as it is. */
export function timeless(text: string): string {
  return text
    .replace(/\b\d\d:\d\d:\d\d\.\d{3}\b/g, 'HH:MM:SS.mmm')
    .replace(/\b\d+m \d\ds/g, 'NNm NNs')
    .replace(/\b\d+\.\ds/g, 'N.Ns');
}
