/** The commands of `hpmq` as documents name them, compared with those that there are. */
import { Cli } from '../../src/cli/cli.js';
import type { HpmqCommand } from '../../src/cli/command.js';
import { createWholeProgram } from '../../src/cli/program.js';
import type { Document } from './documents.js';

/** The whole tree, every module loaded. */
export async function wholeProgram(): Promise<HpmqCommand> {
  return createWholeProgram(new Cli({ stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }, {}));
}

/** What a text has in backticks, or a shell fence in its lines, that begins with `hpmq`. */
export function commandsIn({ prose, fences }: Pick<Document, 'prose' | 'fences'>): readonly string[] {
  const spans = [...prose.matchAll(/`((?:npx )?hpmq(?: [^`]*)?)`/g)].map(([, text = '']) => text.replace(/\s+/g, ' '));
  const lines = fences
    .filter(({ info }) => info === '' || info.startsWith('sh'))
    .flatMap(({ text }) => text.replace(/\\\n\s*/g, ' ').split('\n'))
    .flatMap((line) => line.replace(/\s#.*$/, '').split(/ (?:\|\||&&|\||;) |\$\(|; /))
    .map((line) => line.replace(/^\s*(?:\$ )?(?:sudo )?/, ''))
    .filter((line) => /^(?:npx )?hpmq(?: |$)/.test(line));
  return [...spans, ...lines].map((text) => text.replace(/^npx /, ''));
}

/** @returns what is wrong with it, if anything is */
export function commandFault(program: HpmqCommand, text: string): string | undefined {
  const words = text.match(/'[^']*'|"[^"]*"|\S+/g)?.slice(1) ?? [];
  let commands: (typeof program.commands)[number][] = [program as never];
  let wantsArgument = false;
  for (const [index, word] of words.entries()) {
    if (word === '>' || word === '<' || word === '…') break;
    if (wantsArgument && !word.startsWith('-')) {
      wantsArgument = false;
      continue;
    }
    wantsArgument = false;
    if (word.startsWith('-')) {
      const flag = word.split('=')[0]!;
      if (flag === '-h' || flag === '--help') continue;
      const options = [...program.options, ...commands.flatMap((one) => one.options)];
      const option = options.find(({ short, long }) => short === flag || long === flag);
      if (option === undefined) return `there is no option ${flag}`;
      wantsArgument = option.required && !word.includes('=');
      continue;
    }
    const below = commands.flatMap((one) => one.commands);
    if (below.length === 0) continue;
    const names = word.split('|');
    const found = names.map((name) => below.find((one) => one.name() === name));
    if (found.includes(undefined)) return `there is no command ${words.slice(0, index + 1).join(' ')}`;
    commands = found as never;
  }
  return undefined;
}
