/**
 * A document whose commands are run. Its fences: `yaml file=NAME` and `append=NAME` are files, `sh background` a program
 * that goes on, `sh stop` Ctrl-C for `hpmq run`, `sh run` commands that must succeed; `text output` behind them is what
 * they show (`unordered`: in any order).
 */
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { plainEnv } from './cli.js';
import { readDocument } from './documents.js';
import { hpmqEntry, tempFolder } from './gateway.js';
import { eventually, freePort, type Peer, startPeer } from './peers.js';

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

/**
 * @param taken - ports that the document names; free ones stand for them, the first for the broker's
 * @returns how many fences of commands were run
 */
export async function playDocument(t: Test, path: string, taken: readonly string[]): Promise<number> {
  const folder = tempFolder(t);
  const bin = join(folder, 'bin');
  for (const one of ['bin', 'run', 'work']) mkdirSync(join(folder, one));
  writeFileSync(join(bin, 'hpmq'), `#!/bin/sh\nexec "${process.execPath}" "${hpmqEntry}" "$@"\n`);
  chmodSync(join(bin, 'hpmq'), 0o755);
  const ports = new Map<string, string>();
  for (const port of taken) ports.set(port, String(await freePort()));
  const local = (text: string) =>
    [...ports].reduce((sum, [port, free]) => sum.replace(new RegExp(`\\b${port}\\b`, 'g'), free), text);
  const cwd = join(folder, 'work');
  const env = {
    ...plainEnv,
    PATH: `${bin}:${process.env.PATH}:/usr/sbin`,
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_CONFIG_HOME: join(folder, 'run'),
    HPMQ_BROKER__LISTENERS__0__PORT: ports.get(taken[0]!)!,
  };
  const started: { text: string; peer: Peer }[] = [];
  const { fences } = readDocument(path);
  let played = 0;
  for (const [index, { info, text, line }] of fences.entries()) {
    const file = /^\w+ (file|append)=([\w./]+)$/.exec(info);
    if (file !== null) {
      const full = join(cwd, file[2]!);
      mkdirSync(dirname(full), { recursive: true });
      (file[1] === 'file' ? writeFileSync : appendFileSync)(full, `${local(text)}\n`);
    }
    if (info === 'sh background') {
      started.push({ text, peer: startPeer(t, 'sh', ['-c', `exec ${local(text)}`], { cwd, env }) });
    }
    if (info === 'sh stop') {
      const gateway = started.findLast((one) => one.text === 'hpmq run')!.peer;
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
    const isSo = started.length === 0 ? await run() : await eventually(run, LIMIT).catch(() => false);
    t.ok(isSo, `${path}:${line}: ${last}`);
  }
  for (const { peer } of started.toReversed()) {
    peer.child.kill('SIGTERM');
    await peer.ended;
  }
  return played;
}
