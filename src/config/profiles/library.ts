/** Where profiles come from: folders of the operator first, then what adapters bring. Files are read when asked for. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { AnyAdapter } from '../../core/adapter.js';
import { fileFault, readRegularFile } from '../files.js';
import { fileProblem } from '../source.js';
import { isProfileName, type Profile, parseProfile } from './file.js';

/** More than this in one folder is not a folder of profiles. */
const MAX_FILES = 5_000;

export interface ProfilePlace {
  readonly name: string;
  /** undefined: it comes with an adapter. */
  readonly file: string | undefined;
  /** A file of the operator that stands in place of one that comes with an adapter. */
  readonly replaces: boolean;
}

export class ProfileLibrary {
  readonly #adapters: readonly AnyAdapter[];
  readonly #folders: readonly string[];
  readonly #cwd: string;
  readonly #profiles = new Map<string, Profile>();

  /** @param folders - absolute, with `<vendor>/<model>.yaml` in them; the first that has a profile wins */
  constructor(adapters: readonly AnyAdapter[], folders: readonly string[], cwd: string) {
    this.#adapters = adapters;
    this.#folders = folders;
    this.#cwd = cwd;
  }

  /** All profiles, by name. */
  list(): readonly ProfilePlace[] {
    const places = new Map<string, ProfilePlace>();
    for (const adapter of this.#adapters) {
      for (const name of adapter.profiles?.list() ?? []) places.set(name, { name, file: undefined, replaces: false });
    }
    const builtIn = new Set(places.keys());
    for (const folder of this.#folders.toReversed()) {
      for (const name of namesIn(folder)) {
        places.set(name, { name, file: join(folder, `${name}.yaml`), replaces: builtIn.has(name) });
      }
    }
    return [...places.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * @returns undefined when there is no such profile
   * @throws ConfigError when its file is not valid
   */
  get(name: string): Profile | undefined {
    if (!isProfileName(name)) return undefined;
    const known = this.#profiles.get(name);
    if (known !== undefined) return known;
    const found = this.#text(name, '.yaml');
    if (found === undefined) return undefined;
    const profile = parseProfile(found.shown, found.bytes, name, this.#adapters, found.file);
    this.#profiles.set(name, profile);
    return profile;
  }

  /** The file of a profile, as it is. */
  text(name: string): string | undefined {
    return isProfileName(name) ? this.#text(name, '.yaml')?.bytes.toString('utf8') : undefined;
  }

  /** The recorded exchanges of a profile: beside its file, or with the adapter. */
  test(name: string): { readonly shown: string; readonly bytes: Buffer } | undefined {
    const profile = this.get(name);
    if (profile === undefined) return undefined;
    if (profile.file === undefined) return this.#builtIn(name, '.test.yaml');
    const file = profile.file.replace(/\.yaml$/, '.test.yaml');
    const bytes = this.#read(file);
    return bytes && { shown: this.#shown(file), bytes };
  }

  #text(name: string, extension: string) {
    for (const folder of this.#folders) {
      const file = join(folder, `${name}${extension}`);
      const bytes = this.#read(file);
      if (bytes !== undefined) return { shown: this.#shown(file), bytes, file };
    }
    return this.#builtIn(name, extension);
  }

  #builtIn(name: string, extension: string) {
    for (const { type, profiles } of this.#adapters) {
      const text = extension === '.yaml' ? profiles?.profile(name) : profiles?.test(name);
      if (text !== undefined) {
        return { shown: `${type}:${name}${extension}`, bytes: Buffer.from(text), file: undefined };
      }
    }
    return undefined;
  }

  #read(file: string): Buffer | undefined {
    try {
      return readRegularFile(file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      const hint = 'let this user read it, or remove it';
      throw fileProblem(this.#shown(file), `cannot read the profile: ${fileFault(error)}`, hint);
    }
  }

  #shown(file: string): string {
    const short = relative(this.#cwd, file);
    return short === '' || short.startsWith('..') ? file : short;
  }
}

function namesIn(folder: string): readonly string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { encoding: 'utf8' }).flatMap((vendor) => {
      try {
        return readdirSync(join(folder, vendor), { encoding: 'utf8' }).map((file) => `${vendor}/${file}`);
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
  return names
    .slice(0, MAX_FILES)
    .filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .filter(isProfileName);
}
