/** `hpmq provision`: run by the image at each start; with --check by whoever prepares a card. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EXIT } from '../../core/exit.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { problemText } from '../output.js';
import { count, visible } from '../text.js';

interface Options {
  readonly from: string;
  readonly root: string;
  readonly check?: boolean;
}

export function define(command: HpmqCommand, cli: Cli): void {
  command
    .requiredOption('--from <folder>', 'the boot partition: hpmq.yaml, provision.yaml, authorized_keys, hpmq/')
    .option('--check', 'only say what would be refused; changes nothing')
    .option('--root <folder>', 'root of the system', '/')
    .withExamples(
      ['provision --from /media/anna/BOOT --check', 'look over a card before it goes into the machine'],
      ['provision --from /boot/firmware', 'what the image does at each start'],
    )
    .action(cli.action((options: Options) => run(cli, options)));
}

async function run(cli: Cli, { from, root, check = false }: Options): Promise<number> {
  const { provision } = await import('../../provision/provision.js');
  const { output } = cli;
  const work = mkdtempSync(join(tmpdir(), 'hpmq-provision-'));
  try {
    const { hostname, taken, problems } = await provision({
      from: resolve(from),
      root: resolve(root),
      checkOnly: check,
      env: cli.env,
      loadAdapters: async () => (await import('../../builtin.js')).loadAdapters(),
      staging: join(work, 'config'),
      now: () => new Date(),
    });
    if (output.isJson) output.json({ hostname, taken, problems });
    else {
      for (const name of taken) output.line(`${check ? 'good' : 'taken in'}: ${visible(name)}`);
      for (const one of problems) output.line(problemText(one));
      if (taken.length === 0 && problems.length === 0) output.note('nothing new');
      else if (problems.length > 0) output.note(count(problems.length, 'problem'));
    }
    return problems.length === 0 ? EXIT.OK : EXIT.NO;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
