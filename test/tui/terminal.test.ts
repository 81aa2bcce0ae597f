/** A real terminal: what the shell finds afterwards, whichever way the interface ended. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { eventually, needs, repoRoot } from '../support/peers.js';

interface Pane {
  tmux(...args: readonly string[]): string;
  text(): string;
  keys(...keys: readonly string[]): void;
  /** Waits for a file of the pane's shell. */
  file(name: string): Promise<string>;
  pid(): Promise<number>;
}

/** A shell in a terminal of its own that starts the interface, and writes down how it found its terminal before and after. */
function startPane(t: Test): Pane {
  // Short, for the path of a socket has little room.
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-'));
  writeFileSync(
    join(folder, 'run.sh'),
    [
      `stty -g > before`,
      // exec keeps the process number that was written down.
      `sh -c 'echo $$ > pid; exec "${process.execPath}" "${join(repoRoot, 'dist/test/tui/launch.js')}"' 2> errors`,
      `echo $? > code`,
      `stty -g > after`,
      `touch done`,
      '',
    ].join('\n'),
  );
  const tmux = (...command: readonly string[]) =>
    execFileSync('tmux', ['-S', join(folder, 'tmux'), '-f', '/dev/null', ...command], { encoding: 'utf8' });
  const env = ['-e', 'LANG=C.UTF-8', '-e', 'CI=false', '-e', 'NO_COLOR=', '-e', 'FORCE_COLOR='];
  tmux('new-session', '-d', '-x', '80', '-y', '24', '-c', folder, ...env, 'sh run.sh; sleep 600');
  t.teardown(() => {
    tmux('kill-server');
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string) =>
    eventually(() => {
      try {
        return readFileSync(join(folder, name), 'utf8') || undefined;
      } catch {
        return undefined;
      }
    }, 20_000);
  return {
    tmux,
    text: () => tmux('capture-pane', '-p'),
    keys: (...keys) => void tmux('send-keys', ...keys),
    file,
    pid: async () => Number(await file('pid')),
  };
}

async function sees(pane: Pane, pattern: RegExp): Promise<void> {
  await eventually(() => pattern.test(pane.text()), 20_000);
}

/** The terminal is as it was: modes, cursor, main screen. */
async function isSane(t: Test, pane: Pane): Promise<void> {
  const after = await pane.file('after');
  t.equal(after, await pane.file('before'), 'stty is unchanged');
  t.equal(
    pane.tmux('display-message', '-p', '#{cursor_flag} #{alternate_on}').trim(),
    '1 0',
    'cursor shown, main screen',
  );
}

t.test('start, filter, write, resize, quit', needs('tmux'), async (t) => {
  const pane = startPane(t);
  await sees(pane, /▸ overview/);
  pane.keys('3');
  await sees(pane, /boiler\/setpoint +70\.0/);
  pane.keys('/', 'setp', 'Enter');
  await sees(pane, /points \(1\/20\) \/setp/);
  pane.keys('w', '72.5', 'Enter');
  await sees(pane, /70\.0 °C → 72\.5 °C/);
  pane.keys('Enter');
  await sees(pane, /● verified 72\.5 °C/);
  pane.keys('Enter');
  pane.tmux('resize-window', '-x', '140', '-y', '40');
  await sees(pane, /┐┌─ boiler\/setpoint ─/);
  t.equal(
    pane
      .text()
      .split('\n')
      .filter((line) => /^ hpmq/.test(line)).length,
    1,
    'nothing of the old frame is left',
  );
  pane.keys('q');
  t.equal((await pane.file('code')).trim(), '0');
  await isSane(t, pane);
});

t.test('kill -TERM leaves a sane terminal', needs('tmux'), async (t) => {
  const pane = startPane(t);
  await sees(pane, /▸ overview/);
  process.kill(await pane.pid(), 'SIGTERM');
  t.equal((await pane.file('code')).trim(), '143');
  await isSane(t, pane);
});

t.test('a stop from outside gives the terminal back, and going on takes it again', needs('tmux'), async (t) => {
  const pane = startPane(t);
  await sees(pane, /▸ overview/);
  const pid = await pane.pid();
  const tty = pane.tmux('display-message', '-p', '#{pane_tty}').trim();
  const modes = () => execFileSync('stty', ['-g', '-F', tty], { encoding: 'utf8' });
  const raw = modes();
  const isStopped = () => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  process.kill(pid, 'SIGTSTP');
  await eventually(isStopped);
  t.equal(modes(), await pane.file('before'), 'stty is as before');
  t.equal(pane.tmux('display-message', '-p', '#{cursor_flag} #{alternate_on}').trim(), '1 0');
  process.kill(pid, 'SIGCONT');
  await sees(pane, /▸ overview/);
  t.equal(modes(), raw, 'raw mode is on again');

  // Nothing can be done before a SIGSTOP, but all of it after.
  process.kill(pid, 'SIGSTOP');
  await eventually(isStopped);
  execFileSync('stty', ['-F', tty, 'sane']);
  process.kill(pid, 'SIGCONT');
  await eventually(() => modes() === raw);
  pane.keys('2');
  await sees(pane, /▸ devices/);
  t.pass('keys are heard');
});

t.test('an error nobody caught leaves a sane terminal, and is read on it', needs('tmux'), async (t) => {
  const pane = startPane(t);
  await sees(pane, /▸ overview/);
  process.kill(await pane.pid(), 'SIGUSR2');
  t.not((await pane.file('code')).trim(), '0');
  t.match(await pane.file('errors'), 'crashed on purpose');
  await isSane(t, pane);
});
