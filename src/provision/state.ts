/** What was provisioned, on the data partition: it outlives updates, and each version writes the system's files from it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { fileFault } from '../config/files.js';
import { writeWhole } from './files.js';
import { type Settings, settingsSchema } from './settings.js';

const stateSchema = z.object({
  version: z.literal(1),
  settings: settingsSchema,
  /** File on the boot partition → SHA-256 of the content that was taken in last. */
  taken: z.record(z.string(), z.string()).default({}),
});

export interface State {
  readonly settings: Settings;
  readonly taken: Readonly<Record<string, string>>;
}

export const stateFile = (root: string): string => join(root, 'data', 'system', 'provision.json');

/** @returns the state; and why it could not be read, when it was there: the machine then starts as if it were new */
export function readState(root: string): { readonly state: State; readonly fault?: string } {
  const empty: State = { settings: {}, taken: {} };
  let text: string;
  try {
    text = readFileSync(stateFile(root), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: empty };
    return { state: empty, fault: fileFault(error) };
  }
  try {
    const { settings, taken } = stateSchema.parse(JSON.parse(text));
    return { state: { settings, taken } };
  } catch {
    return { state: empty, fault: 'it is damaged, or of a version that this one does not know' };
  }
}

export function writeState(root: string, { settings, taken }: State): void {
  writeWhole(stateFile(root), `${JSON.stringify({ version: 1, settings, taken }, null, 1)}\n`, { mode: 0o600 });
}
