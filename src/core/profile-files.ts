/**
 * The profiles that an adapter brings along: <vendor>/<model>.yaml and <model>.test.yaml in its folder of profiles. In the
 * executable their texts are part of the bundle (images/executable/plugins.mjs puts them in place of the folder).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProfileFiles } from './adapter.js';

const PROFILE = '.yaml';
const TEST = '.test.yaml';

/** By path below the folder: `eastron/sdm630.yaml` */
export type ProfileTexts = Readonly<Record<string, string>>;

export function readProfileTexts(folder: string): ProfileTexts {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(PROFILE));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** @param read - called once, when a profile is asked for */
export function profileFilesOf(read: () => ProfileTexts): ProfileFiles {
  let texts: ProfileTexts | undefined;
  const all = () => {
    texts ??= read();
    return texts;
  };
  const text = (name: string) => (Object.hasOwn(all(), name) ? all()[name] : undefined);
  return {
    list: () =>
      Object.keys(all())
        .filter((name) => !name.endsWith(TEST))
        .map((name) => name.slice(0, -PROFILE.length)),
    profile: (name) => text(`${name}${PROFILE}`),
    test: (name) => text(`${name}${TEST}`),
  };
}
