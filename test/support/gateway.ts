/** A real gateway process for end-to-end tests: `hpmq run` on a configuration of the test, free ports, a temp folder. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { PATIENCE, type Peer, repoRoot, startPeer, withoutHooks } from './peers.js';

export const hpmqEntry = join(repoRoot, 'dist', 'bin', 'hpmq.js');

export interface RunningGateway {
  readonly process: Peer;
  /** TCP port of the first MQTT listener. */
  readonly mqttPort: number;
  readonly socket: string;
  /** Runs `hpmq ARGS` against this gateway. */
  hpmq(...args: readonly string[]): Promise<Outcome>;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temp folder of this test with a short path (Unix sockets allow 107 bytes). */
export function tempFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-t-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let stateFolder: string | undefined;

/** What a gateway of this test file keeps when the test says nothing else. */
function state(): string {
  if (stateFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'hpmq-state-'));
    stateFolder = folder;
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
  return stateFolder;
}

export function runHpmq(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      ...withoutHooks(process.execPath, [hpmqEntry, ...args]),
      {
        cwd: options.cwd ?? repoRoot,
        env: { ...process.env, XDG_STATE_HOME: state(), ...options.env },
        timeout: 30_000 * PATIENCE,
      },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

/**
 * Starts a gateway and waits until it is up; stopped (SIGTERM, then killed) at the end of the test.
 *
 * @param folder - of an earlier one, to go on where it ended
 */
export async function startTestGateway(t: Test, yaml: string, folder = tempFolder(t)): Promise<RunningGateway> {
  const file = join(folder, 'hpmq.yaml');
  const socket = join(folder, 'c.sock');
  writeFileSync(file, yaml);
  const peer = startPeer(t, process.execPath, [hpmqEntry, 'run', '-c', file, '--socket', socket], {
    env: { XDG_STATE_HOME: join(folder, 'state') },
  });
  const [, port] = await peer.sees(/"listeners":\["[^"]*:(\d+)"/, 15_000);
  return {
    process: peer,
    mqttPort: Number(port),
    socket,
    hpmq: (...args) => runHpmq(['--socket', socket, ...args]),
  };
}
