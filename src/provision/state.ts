/** What was provisioned, on the data partition: it outlives updates, and each version writes the system's files from it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { fileFault } from '../config/files.js';
import { dropAllBeside, writeWhole } from './files.js';
import { type Settings, settingsSchema } from './settings.js';

const stateSchema = z.object({
  settings: z.record(z.string(), z.unknown()),
  /** File on the boot partition → SHA-256 of the content that was taken in last. */
  taken: z.record(z.string(), z.string()).catch({}),
});

export interface State {
  readonly settings: Settings;
  readonly taken: Readonly<Record<string, string>>;
}

export const stateFile = (root: string): string => join(root, 'data', 'system', 'provision.json');

/** Removes what a cut left beside it. @returns the state; and what of it could not be read: the machine then starts with the rest, or as if it were new */
export function readState(root: string): { readonly state: State; readonly fault?: string } {
  const empty: State = { settings: {}, taken: {} };
  let text: string;
  dropAllBeside(dirname(stateFile(root)));
  try {
    text = readFileSync(stateFile(root), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: empty };
    return { state: empty, fault: fileFault(error) };
  }
  try {
    const { settings, taken } = stateSchema.parse(JSON.parse(text));
    return usable(settings, taken);
  } catch {
    return { state: empty, fault: 'it is damaged' };
  }
}

/** A newer version may have written it, before the slot of this one was chosen again: what this one knows of it holds. */
function usable(settings: Record<string, unknown>, taken: State['taken']): ReturnType<typeof readState> {
  const lost: string[] = [];
  for (;;) {
    const result = settingsSchema.safeParse(settings);
    if (result.success) {
      if (lost.length === 0) return { state: { settings: result.data, taken } };
      return { state: { settings: result.data, taken }, fault: `this version does not take ${lost.join(', ')}` };
    }
    for (const issue of result.error.issues) {
      const isUnknown = issue.code === 'unrecognized_keys';
      const paths = isUnknown ? issue.keys.map((key) => [...issue.path, key]) : [issue.path.slice(0, 1)];
      for (const path of paths) lost.push(remove(settings, path));
    }
  }
}

/** @returns the place of what was removed; its value may be a secret */
function remove(settings: Record<string, unknown>, path: readonly PropertyKey[]): string {
  const parents = path.slice(0, -1);
  const last = path.at(-1);
  const place = parents.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], settings);
  if (last !== undefined && place !== undefined) delete (place as Record<PropertyKey, unknown>)[last];
  return path.join('.');
}

export function writeState(root: string, { settings, taken }: State): void {
  writeWhole(stateFile(root), `${JSON.stringify({ version: 1, settings, taken }, null, 1)}\n`, { mode: 0o600 });
}
