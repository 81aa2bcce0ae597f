/**
 * The build file of HPMQ 1, by default named `hpmq`:
 *
 *   FROM scratch
 *   KIND wasi
 *   COPY target/wasm32-wasip1/release/decode.wasm /
 *   CMD /decode.wasm
 */
import { registryError } from './errors.js';

export interface BuildFile {
  /** Of the module on this disk, relative to the folder of the build file. */
  readonly source: string;
  /** Its name in the image. */
  readonly fileName: string;
}

/** @throws GatewayError FUNCTION_BUILD_FILE, with the line */
export function parseBuildFile(text: string): BuildFile {
  const copies: { readonly source: string; readonly target: string }[] = [];
  let command: string | undefined;
  let kind: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const fail = (why: string) => registryError('FUNCTION_BUILD_FILE', `line ${index + 1}: ${why}`);
    const words = wordsOf(line);
    if (words.length === 0) continue;
    const [instruction = '', ...rest] = words;
    switch (instruction.toUpperCase()) {
      case 'FROM':
        if (rest.length !== 1 || rest[0] !== 'scratch') throw fail('a function is made FROM scratch');
        break;
      case 'KIND':
        kind = rest[0]?.toLowerCase();
        if (kind !== 'wasi') throw fail(`KIND ${rest.join(' ')} cannot be run; write KIND wasi`);
        break;
      case 'COPY': {
        if (rest.length !== 2) throw fail('write COPY with one file, and where it goes');
        const [source = '', target = ''] = rest;
        const name = source.split('/').at(-1)!;
        copies.push({ source, target: plain(target.endsWith('/') || target === '.' ? `${target}/${name}` : target) });
        break;
      }
      case 'CMD':
        if (rest.length !== 1) throw fail('write CMD with the module alone');
        command = plain(rest[0]!);
        break;
      default:
        throw fail(`there is no instruction ${instruction.slice(0, 32)}`);
    }
  }
  if (copies.length === 0) throw registryError('FUNCTION_BUILD_FILE', 'nothing is copied into the image');
  if (command === undefined) throw registryError('FUNCTION_BUILD_FILE', 'CMD is missing: what is run');
  const copy = copies.findLast(({ target }) => target === command);
  if (copy === undefined) throw registryError('FUNCTION_BUILD_FILE', `CMD names ${command}, which no COPY puts there`);
  return { source: copy.source, fileName: command.split('/').at(-1)! };
}

function plain(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** Blanks divide; `["a", "b"]` as Docker has it, too. */
function wordsOf(line: string): readonly string[] {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return [];
  const [, instruction = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(trimmed)!;
  if (rest.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(rest);
      if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return [instruction, ...list];
    } catch {}
  }
  return [instruction, ...rest.split(/\s+/).filter((word) => word !== '')];
}
