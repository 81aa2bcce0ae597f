/**
 * What the two slots know of the last update: `image.json` in the folder of updates, which both share.
 *
 *   installing ─▶ installed ─(reboot: trial)─▶ confirmed ─▶ rolled-back
 *                                 └─▶ failed
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { UpdateFacts } from '../core/update-views.js';
import { makeFolder, readJsonObject, syncFolder, writeDurably } from './durable.js';
import { updateError } from './errors.js';

const RECORD = 'image.json';

export interface ImageRecord extends UpdateFacts {
  readonly format: 1;
  /** Version and slot that come back when the other ones do not stay. */
  readonly from: string;
  readonly fromSlot: string;
  /** Version and slot that this is about: installed, confirmed or given up. */
  readonly to: string;
  readonly toSlot: string;
  /** Of the kernel that ran while it was installed, or given up. */
  readonly bootId: string;
  readonly windowMs: number;
  /** installing: on disk before RAUC makes the slot the one to start, so that a cut in between is no start without a trial. */
  readonly state: 'installing' | 'installed' | 'confirmed' | 'rolled-back' | 'failed';
  /** Why it failed. */
  readonly reason?: string;
  readonly at: number;
}

/** Not yet confirmed, and not given up. */
export type Undecided = ImageRecord & { readonly state: 'installing' | 'installed' };

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

export function readRecord(folder: string): ImageRecord | undefined {
  const found = readJsonObject(join(folder, RECORD));
  return found?.format === 1 ? (found as unknown as ImageRecord) : undefined;
}

/** @param record - undefined: as if nothing had ever been installed. @throws GatewayError UPDATE_NO_SPACE, UPDATE_FAILED */
export function keepRecord(folder: string, record: ImageRecord | undefined): void {
  const file = join(folder, RECORD);
  try {
    if (record === undefined) {
      rmSync(file, { force: true });
      syncFolder(folder);
    } else {
      makeFolder(folder);
      writeDurably(file, `${JSON.stringify(record, null, 2)}\n`);
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw updateError(isFull ? 'UPDATE_NO_SPACE' : 'UPDATE_FAILED', `${file} cannot be written: ${message}`, { cause });
  }
}

/** Started, and neither confirmed nor given up. */
export function isOnTrial(record: ImageRecord | undefined, booted: string, boot: string): record is Undecided {
  return record !== undefined && isUndecided(record) && record.toSlot === booted && record.bootId !== boot;
}

/** Started at least once since it was installed, and yet the slot before it runs. */
export function hasFallenBack(record: ImageRecord | undefined, booted: string, boot: string): boolean {
  return record?.state === 'installed' && record.bootId !== boot && record.toSlot !== booted;
}

/** The power went while RAUC wrote: it may or may not have been started. */
export function isCutOff(record: ImageRecord | undefined, booted: string, boot: string): boolean {
  return record?.state === 'installing' && record.bootId !== boot && record.toSlot !== booted;
}

/** The version that runs came back after the one of the record: what that one migrated may be taken back. */
export function isAfterSlotFallback(record: ImageRecord | undefined, booted: string, boot: string): boolean {
  if (record === undefined || record.toSlot === booted) return false;
  return isGivenUpState(record) || hasFallenBack(record, booted, boot) || isCutOff(record, booted, boot);
}

/** The slot runs until the machine restarts, and is not to be started again; a boot loader that starts it anyway has decided. */
export function isSlotGivenUp(record: ImageRecord | undefined, booted: string, boot: string): boolean {
  return record !== undefined && isGivenUpState(record) && record.toSlot === booted && record.bootId === boot;
}

const isUndecided = ({ state }: ImageRecord) => state === 'installing' || state === 'installed';
const isGivenUpState = ({ state }: ImageRecord) => state === 'rolled-back' || state === 'failed';
