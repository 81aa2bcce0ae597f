/** What a shell is offered, and that bash, zsh and fish offer it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { hpmq, startFakeGateway } from '../../support/cli.js';
import { hpmqEntry, tempFolder } from '../../support/gateway.js';
import { eventually, needs } from '../../support/peers.js';

async function offered(t: Test, ...words: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await hpmq(t, ['__complete', '--', ...words]);
  t.match({ code, stderr }, { code: 0, stderr: '' });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t')[0]!);
}

t.test('commands, verbs, options and the values of arguments', async (t) => {
  const commands = await offered(t, '');
  t.ok(['run', 'config', 'service', 'completion'].every((one) => commands.includes(one)));
  t.notOk(commands.includes('__complete') || commands.includes('help'), 'what is hidden stays so');
  t.strictSame(await offered(t, 'ser'), ['server', 'service']);
  t.strictSame(await offered(t, 'config', ''), ['check', 'show', 'schema', 'reference']);
  t.strictSame(await offered(t, 'service', 'install', '--no'), ['--no-start', '--no-color', '--no-input']);
  t.strictSame(await offered(t, 'completion', ''), ['bash', 'zsh', 'fish']);
  t.strictSame(await offered(t, 'link', 'drain', ''), ['pause', 'resume']);
  t.strictSame(await offered(t, 'config', 'check', ''), [':files']);
  t.strictSame(await offered(t, '--config', 'h'), [':files'], 'the value of an option');
  t.strictSame(await offered(t, '--config', 'x', 'config', 'ch'), ['check'], 'behind it');
  t.strictSame(await offered(t, 'version', 'x', ''), [], 'too many');
  t.strictSame(await offered(t, 'nope', ''), []);
});

t.test('names of the running gateway; nothing where none runs', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const words = async (...args: readonly string[]) =>
    (await run(['__complete', '--', ...args])).stdout.split('\n').slice(0, -1);
  const [device] = view.devices();
  // A busy machine may miss the patience of a person at the cursor, and then nothing is said.
  await eventually(async () => (await words('device', 'show', '')).includes(`${device!.name}\t${device!.state}`));
  await eventually(async () => (await words('client', 'show', '')).length > 0);
  t.ok((await words('point', 'read', '')).every((line) => line.includes('/')));
  const away = await hpmq(t, ['--socket', join(tempFolder(t), 'none'), '__complete', '--', 'device', 'show', '']);
  t.strictSame(away, { code: 0, stdout: '', stderr: '' });
});

/** A folder with `hpmq` in it, as a PATH has it. */
function programs(t: Test): string {
  const folder = join(tempFolder(t), 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'hpmq'), `#!/bin/sh\nexec '${process.execPath}' '${hpmqEntry}' "$@"\n`);
  chmodSync(join(folder, 'hpmq'), 0o755);
  return `${folder}:/usr/bin:/bin`;
}

t.test('bash', needs('bash'), async (t) => {
  const script = `
eval "$(hpmq completion bash)"
try() { COMP_LINE=$1 COMP_POINT=\${#1}; read -r -a COMP_WORDS <<<"$1"; [[ $1 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _hpmq; echo "\${COMPREPLY[@]}"; }
try 'hpmq conf'
try 'hpmq config '
try 'hpmq config check '
`;
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'my file.yaml'), '');
  const text = execFileSync('bash', ['--norc', '-c', script], {
    env: { PATH: programs(t) },
    cwd: folder,
    encoding: 'utf8',
  });
  t.strictSame(text.split('\n'), ['config', 'check show schema reference', 'my file.yaml', '']);
});

t.test('fish', needs('fish'), async (t) => {
  const script = 'hpmq completion fish | source; complete -C "hpmq config s"';
  const text = execFileSync('fish', ['-c', script], {
    env: { PATH: programs(t), HOME: tempFolder(t) },
    encoding: 'utf8',
  });
  t.strictSame(
    text
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0]),
    ['schema', 'show'],
  );
});

t.test('zsh', needs('zsh'), async (t) => {
  // What _describe is given, without a terminal.
  const script = `
compdef() { :; }
_describe() { print -l -- "\${(@P)2}"; }
eval "$(hpmq completion zsh)"
words=(hpmq config s); CURRENT=3; _hpmq
`;
  const text = execFileSync('zsh', ['-f', '-c', script], { env: { PATH: programs(t) }, encoding: 'utf8' });
  t.strictSame(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0]),
    ['show', 'schema'],
  );
});
