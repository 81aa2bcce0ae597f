/**
 * The profiles beside this file: profiles/<vendor>/<model>.yaml and <model>.test.yaml. In the executable their texts are
 * part of the bundle (images/executable/plugins.mjs puts them in place of this module's folder).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProfileFiles } from '../../src/adapter.js';

const PROFILE = '.yaml';
const TEST = '.test.yaml';

/** @returns texts by path below `folder`: `eastron/sdm630.yaml` */
export function readProfileTexts(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(PROFILE));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

let texts: Readonly<Record<string, string>> | undefined;

function all(): Readonly<Record<string, string>> {
  texts ??= readProfileTexts(join(import.meta.dirname, 'profiles'));
  return texts;
}

function text(name: string): string | undefined {
  return Object.hasOwn(all(), name) ? all()[name] : undefined;
}

export const profileFiles: ProfileFiles = {
  list: () =>
    Object.keys(all())
      .filter((name) => !name.endsWith(TEST))
      .map((name) => name.slice(0, -PROFILE.length)),
  profile: (name) => text(`${name}${PROFILE}`),
  test: (name) => text(`${name}${TEST}`),
};
