/** tmux: a real terminal, whose keys are typed and whose screen is read. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Test } from 'tap';
import { tempFolder } from './gateway.js';
import { eventually } from './peers.js';

export interface Terminal {
  type(...keys: readonly string[]): void;
  screen(): string;
  sees(pattern: RegExp, timeoutMs?: number): Promise<string>;
  resize(columns: number, rows: number): void;
}

/** A terminal with a shell in it, closed at the end of the test. */
export function terminal(t: Test, columns: number, rows: number): Terminal {
  const server = join(tempFolder(t), 'tmux');
  const tmux = (...args: readonly string[]) =>
    execFileSync('tmux', ['-S', server, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...process.env, TMUX: '', LC_ALL: 'C.UTF-8' },
    });
  tmux(
    '-u',
    'new-session',
    '-d',
    '-x',
    String(columns),
    '-y',
    String(rows),
    '-s',
    'a',
    'env PS1=READY: bash --norc --noprofile',
  );
  t.teardown(() => tmux('kill-server'));
  const screen = () => tmux('capture-pane', '-p', '-t', 'a');
  return {
    type: (...keys) => void tmux('send-keys', '-t', 'a', ...keys),
    screen,
    async sees(pattern, timeoutMs = 15_000) {
      try {
        return await eventually(() => pattern.test(screen()) && screen(), timeoutMs);
      } catch (error) {
        throw new Error(`${pattern} was not on the screen:\n${screen()}`, { cause: error });
      }
    },
    resize: (c, r) => void tmux('resize-window', '-t', 'a', '-x', String(c), '-y', String(r)),
  };
}
