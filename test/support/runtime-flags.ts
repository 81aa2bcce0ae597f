import { readFileSync } from 'node:fs';

/** The options of Node that the gateway is started with: those in the first line of `dist/bin/hpmq.js`. What is measured is what ships. */
export function runtimeFlags(entry: string): readonly string[] {
  const [line = ''] = readFileSync(entry, 'utf8').split('\n', 1);
  const command = /^#!\/usr\/bin\/env -S node (.*)$/.exec(line)?.[1];
  if (command === undefined) throw new Error(`${entry} does not begin with "#!/usr/bin/env -S node …"`);
  return command.split(' ');
}
