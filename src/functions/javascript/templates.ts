/** The SDKs and templates of functions-sdk. In the executable their texts are part of the bundle (images/executable/plugins.mjs). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let texts: Readonly<Record<string, string>> | undefined;

const ENDING = /\.(c|h|ts|js|rs|go|mod|toml|json|yaml|md|txt)$/;

/** @returns texts by path below functions-sdk: `templates/js/function.js` */
export function readSdkTexts(folder: string): Readonly<Record<string, string>> {
  const names = ['assemblyscript', 'c', 'go', 'js', 'rust', 'templates'].flatMap((part) =>
    readdirSync(join(folder, part), { recursive: true, encoding: 'utf8' }).map((name) => `${part}/${name}`),
  );
  const wanted = names.filter((name) => ENDING.test(name) && !name.startsWith('js/engine/'));
  return Object.fromEntries(wanted.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function all(): Readonly<Record<string, string>> {
  texts ??= readSdkTexts(join(import.meta.dirname, '../../../functions-sdk'));
  return texts;
}

export const languages = ['js', 'ts', 'c', 'assemblyscript', 'rust', 'go'] as const;
export type Language = (typeof languages)[number];

/** The SDK of a language, as it lies in a project. */
const sdk: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  js: { 'hpmq.d.ts': 'js/hpmq.d.ts' },
  ts: { 'hpmq.d.ts': 'js/hpmq.d.ts' },
  c: { 'hpmq-function.h': 'c/hpmq-function.h' },
  assemblyscript: { 'hpmq.ts': 'assemblyscript/hpmq.ts' },
  rust: { 'src/hpmq.rs': 'rust/hpmq.rs' },
  go: { 'hpmq/hpmq.go': 'go/hpmq.go' },
};

/** @returns texts by path below the new project */
export function projectFiles(language: Language, name: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const from of ['common', language]) {
    const folder = `templates/${from}/`;
    for (const [path, text] of Object.entries(all())) {
      if (path.startsWith(folder)) files.set(path.slice(folder.length), text.replaceAll('NAME', name));
    }
  }
  for (const [path, from] of Object.entries(sdk[language])) files.set(path, all()[from]!);
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
