/** Which updater a box has: the image says its slot on the kernel's command line. */
import { readFileSync } from 'node:fs';
import { isSea } from 'node:sea';
import { version } from '../version.js';
import { BoxUpdater } from './box-updater.js';
import { baseOf, CHOSEN } from './choose.js';
import { updateError } from './errors.js';
import { bootId, isAfterSlotFallback, isSlotGivenUp, readRecord } from './image-record.js';
import { ImageUpdater } from './image-updater.js';
import { readState, updateFolder, versionFolder } from './state.js';
import type { Updater } from './updater.js';

type Env = Readonly<Record<string, string | undefined>>;

/** @returns undefined: this is no image. */
export function imageSlot(env: Env): string | undefined {
  if (env.HPMQ_IMAGE_SLOT !== undefined) return env.HPMQ_IMAGE_SLOT || undefined;
  try {
    return /(?:^|\s)rauc\.slot=(\S+)/.exec(readFileSync('/proc/cmdline', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * @param who - a command may work as the user whose folder it is; a gateway is what it is
 * @throws GatewayError UPDATE_NOT_SUPPORTED
 */
export function openUpdater(env: Env, who: 'command' | 'gateway' = 'command'): Updater {
  const folder = updateFolder(env);
  const now = () => Date.now();
  if (imageSlot(env) !== undefined) {
    return new ImageUpdater({ folder, version, rauc: env.HPMQ_RAUC || 'rauc', bootId, now });
  }
  if (!isSea() && !env.HPMQ_UPDATE_DIR) {
    throw updateError('UPDATE_NOT_SUPPORTED', 'this hpmq is not the executable: it runs from its sources');
  }
  const base = baseOf(env);
  return new BoxUpdater({ folder, base, baseVersion: base.split(' ')[0]!, env, now, mayActAsOwner: who === 'command' });
}

/** The version that runs came back after another one that did not stay: what that one migrated may be taken back. */
export function isAfterFallback(env: Env): boolean {
  const folder = updateFolder(env);
  const slot = imageSlot(env);
  if (slot !== undefined) return isAfterSlotFallback(readRecord(folder), slot, bootId());
  const state = readState(folder);
  return state?.last != null && state.last.outcome !== 'confirmed' && state.trial === null;
}

/** This process is still the version that is not to run any more. */
export function isGivenUp(env: Env): boolean {
  const folder = updateFolder(env);
  const slot = imageSlot(env);
  if (slot !== undefined) return isSlotGivenUp(readRecord(folder), slot, bootId());
  const chosen = env[CHOSEN];
  const current = readState(folder)?.current;
  return Boolean(chosen) && (current == null || versionFolder(current) !== chosen) && isAfterFallback(env);
}
