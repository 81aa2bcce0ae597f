/**
 * Bundles on sticks, without udev: what the kernel lists as removable or on USB is looked through, where it is mounted or,
 * for root, mounted read-only for a moment.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync, statSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { updateError } from './errors.js';
import { compareVersions } from './updater.js';

const run = promisify(execFile);
const MOUNT_TIMEOUT = 30_000;
/** Entries of a stick that are looked at. */
const MAX_ENTRIES = 1_000;

export interface UsbOptions {
  readonly sys: string;
  readonly mounts: string;
  readonly dev: string;
}

const SYSTEM: UsbOptions = { sys: '/sys/block', mounts: '/proc/self/mounts', dev: '/dev' };

export interface Found {
  /** Of the copy that was made, or in the folder where the stick is mounted. */
  readonly file: string;
  readonly version: string;
  readonly device: string;
}

/** Devices that may be sticks, each partition and each whole disk that has none. */
export function removableDevices({ sys, dev }: UsbOptions = SYSTEM): readonly string[] {
  const found: string[] = [];
  for (const disk of names(sys)) {
    if (!isRemovable(join(sys, disk))) continue;
    const partitions = names(join(sys, disk)).filter((name) => exists(join(sys, disk, name, 'partition')));
    for (const name of partitions.length > 0 ? partitions : [disk]) found.push(join(dev, name));
  }
  return found.sort();
}

function isRemovable(folder: string): boolean {
  if (read(join(folder, 'removable')) === '1') return true;
  try {
    return /\/usb\d+\//.test(readlinkSync(folder));
  } catch {
    return false;
  }
}

const names = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).slice(0, MAX_ENTRIES);
  } catch {
    return [];
  }
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
};

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/**
 * The newest bundle on any stick.
 *
 * @param suffix - `.raucb` on the image, `.hpmq` on a box
 * @param copyTo - what lies on a stick that is not mounted is copied there
 * @throws GatewayError UPDATE_NO_STICK
 */
export async function findOnSticks(suffix: string, copyTo: string, options: UsbOptions = SYSTEM): Promise<Found> {
  const devices = removableDevices(options);
  const unread: string[] = [];
  let best: Found | undefined;
  for (const device of devices) {
    const mounted = mountPointOf(device, options);
    if (mounted !== undefined) {
      best = newer(best, bestIn(mounted, suffix, device));
      continue;
    }
    try {
      const found = await onUnmounted(device, suffix, copyTo, best);
      best = newer(best, found);
    } catch (error) {
      unread.push(`${device} (${(error as Error).message.trim().split('\n').at(-1)?.slice(0, 100)})`);
    }
  }
  if (best !== undefined) return best;
  const where = devices.length === 0 ? 'there is no stick' : `there is no hpmq-*${suffix} on ${devices.join(', ')}`;
  const rest = unread.length === 0 ? '' : `; not readable: ${unread.join(', ')}`;
  throw updateError('UPDATE_NO_STICK', where + rest);
}

/** Octal escapes of proc(5): a space is \040. */
function mountPointOf(device: string, { mounts }: UsbOptions): string | undefined {
  for (const line of read(mounts).split('\n')) {
    const [source, target] = line.split(' ');
    if (source === device && target !== undefined)
      return target.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  }
  return undefined;
}

async function onUnmounted(
  device: string,
  suffix: string,
  copyTo: string,
  best: Found | undefined,
): Promise<Found | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-stick-'));
  try {
    await run('mount', ['-o', 'ro,nosuid,nodev,noexec', device, folder], { timeout: MOUNT_TIMEOUT });
    try {
      const found = bestIn(folder, suffix, device);
      if (found === undefined || newer(best, found) === best) return undefined;
      await mkdir(copyTo, { recursive: true });
      const copy = join(copyTo, `from-stick${suffix}`);
      await copyFile(found.file, copy);
      return { ...found, file: copy };
    } finally {
      await run('umount', [folder], { timeout: MOUNT_TIMEOUT });
    }
  } finally {
    rmdirSync(folder);
  }
}

function bestIn(folder: string, suffix: string, device: string): Found | undefined {
  let best: Found | undefined;
  for (const name of names(folder)) {
    const version = /^hpmq-(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)??)(?:-[a-z0-9_-]+)?$/.exec(
      name.slice(0, -suffix.length),
    )?.[1];
    if (!name.endsWith(suffix) || version === undefined) continue;
    best = newer(best, { file: join(folder, name), version, device });
  }
  return best;
}

function newer(a: Found | undefined, b: Found | undefined): Found | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareVersions(b.version, a.version) > 0 ? b : a;
}
