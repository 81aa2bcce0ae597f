/** docs/first-ten-minutes.md is played: its files are written, its commands run, and what it shows is what comes. */
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { plainEnv } from '../support/cli.js';
import { readDocument } from '../support/documents.js';
import { hpmqEntry, tempFolder } from '../support/gateway.js';
import { eventually, freePort, needs, type Peer, startPeer } from '../support/peers.js';

const PATH = 'docs/first-ten-minutes.md';
const LIMIT = 30_000;

/** Numbers, ages and columns are those of the moment. */
function shape(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) =>
      line
        .replace(/-?\d[\d.]*(?:ms|s|m|h|d)?(?: \d\ds)?(?![\w/])|—/g, '#')
        .replace(/\s+/g, ' ')
        .trim(),
    );
}

t.test('every command works, and shows what the page says', needs('mosquitto', 'mosquitto_sub'), async (t) => {
  const folder = tempFolder(t);
  const bin = join(folder, 'bin');
  for (const one of ['bin', 'run', 'work']) mkdirSync(join(folder, one));
  writeFileSync(join(bin, 'hpmq'), `#!/bin/sh\nexec "${process.execPath}" "${hpmqEntry}" "$@"\n`);
  chmodSync(join(bin, 'hpmq'), 0o755);
  const ports = new Map<string, string>();
  for (const port of ['1502', '1883', '1884']) ports.set(port, String(await freePort()));
  const local = (text: string) => text.replace(/\b(1502|1883|1884)\b/g, (port) => ports.get(port)!);
  const cwd = join(folder, 'work');
  const env = {
    ...plainEnv,
    PATH: `${bin}:${process.env.PATH}:/usr/sbin`,
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_CONFIG_HOME: join(folder, 'run'),
    HPMQ_BROKER__LISTENERS__0__PORT: ports.get('1883')!,
  };
  const started: { text: string; peer: Peer }[] = [];

  const { fences } = readDocument(PATH);
  let played = 0;
  for (const [index, { info, text, line }] of fences.entries()) {
    const file = /^yaml (file|append)=([\w.]+)$/.exec(info);
    if (file !== null) (file[1] === 'file' ? writeFileSync : appendFileSync)(join(cwd, file[2]!), `${local(text)}\n`);
    if (info === 'sh background') {
      started.push({ text, peer: startPeer(t, 'sh', ['-c', `exec ${local(text)}`], { cwd, env }) });
    }
    if (info === 'sh stop') {
      const gateway = started.findLast(({ text }) => text === 'hpmq run')!.peer;
      gateway.child.kill('SIGINT');
      t.equal(await gateway.ended, 0, 'the gateway ends on Ctrl-C');
    }
    if (info !== 'sh run') continue;
    played++;
    const next = fences[index + 1];
    const shown = next?.info.startsWith('text output') ? shape(next.text.replaceAll('/home/pi', cwd)) : undefined;
    let last = '';
    const run = async () => {
      const peer = startPeer(t, 'sh', ['-e', '-c', local(text)], { cwd, env });
      const code = await peer.ended;
      const given = shape(local(peer.stdout()));
      const [want, got] = next?.info.endsWith('unordered') ? [shown?.toSorted(), given.toSorted()] : [shown, given];
      last = `exit ${code}\n${peer.stderr()}\nexpected ${JSON.stringify(want)}\ncame     ${JSON.stringify(got)}`;
      return code === 0 && (want === undefined || JSON.stringify(want) === JSON.stringify(got));
    };
    // Right after a start there is nothing to see yet.
    const isSo = await eventually(run, LIMIT).catch(() => false);
    t.ok(isSo, `${PATH}:${line}: ${last}`);
  }
  t.ok(played >= 8, `${played} blocks of commands were run`);
  for (const { peer } of started.toReversed()) {
    peer.child.kill('SIGTERM');
    await peer.ended;
  }
});
