/**
 * Bundles on sticks, without udev: what the kernel lists as removable or on USB is looked through, where it is mounted or,
 * for root, mounted read-only for a moment.
 */
import { execFile } from 'node:child_process';
import {
  constants,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from './durable.js';
import { updateError } from './errors.js';
import { lockInstallation } from './lock.js';
import { freeBytes, MAX_BYTES, SPARE_BYTES } from './source.js';
import { compareVersions } from './updater.js';

const run = promisify(execFile);
const MOUNT_TIMEOUT = 30_000;
/** Entries of a stick that are looked at. */
const MAX_ENTRIES = 1_000;
const CHUNK = 1024 * 1024;

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
 * @param isWanted - what is not, going by its name, is found, but not copied
 * @throws GatewayError UPDATE_NO_STICK, UPDATE_NO_SPACE
 */
export async function findOnSticks(
  suffix: string,
  copyTo: string,
  signal: AbortSignal,
  isWanted: (version: string) => boolean = () => true,
  options: UsbOptions = SYSTEM,
): Promise<Found> {
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
      const found = await onUnmounted(device, (folder) => {
        const here = bestIn(folder, suffix, device);
        if (here === undefined || newer(best, here) === best) return undefined;
        return isWanted(here.version) ? copied(here, copyTo, signal) : here;
      });
      best = newer(best, found);
    } catch (error) {
      signal.throwIfAborted();
      if ((error as { code?: unknown }).code === 'UPDATE_NO_SPACE') throw error;
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

async function onUnmounted<T>(device: string, look: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-stick-'));
  try {
    await run('mount', ['-o', 'ro,nosuid,nodev,noexec', device, folder], { timeout: MOUNT_TIMEOUT });
    try {
      return await look(folder);
    } finally {
      await run('umount', [folder], { timeout: MOUNT_TIMEOUT });
    }
  } finally {
    rmdirSync(folder);
  }
}

/** Whoever made the stick is not trusted: no links, no devices, and not more than there is room for. */
async function copied(found: Found, copyTo: string, signal: AbortSignal): Promise<Found> {
  await using from = await open(found.file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stat = await from.stat();
  if (!stat.isFile() || stat.size > MAX_BYTES) throw new Error(`${found.file} is no file of a bundle's size`);
  const room = freeBytes(copyTo) - SPARE_BYTES;
  if (stat.size > room) {
    const free = `there is room for ${Math.max(0, room)} in ${copyTo}`;
    throw updateError('UPDATE_NO_SPACE', `the bundle on ${found.device} has ${stat.size} bytes, ${free}`);
  }
  const file = join(copyTo, 'from-stick');
  // One device after the other: what was copied is from an older one.
  rmSync(file, { force: true });
  await using to = await open(file, 'wx', 0o600);
  const buffer = Buffer.alloc(CHUNK);
  for (let at = 0; at < stat.size; ) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, Math.min(CHUNK, stat.size - at), at);
    if (bytesRead === 0) throw new Error(`${found.file} became shorter while it was read`);
    await to.writeFile(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return { ...found, file };
}

const COPIES = 'stick-';

/** A folder for what is copied from sticks, of whoever holds it; what a cut left of another goes. @throws GatewayError UPDATE_BUSY */
export async function stickFolder(updates: string): Promise<AsyncDisposable & { readonly folder: string }> {
  makeFolder(updates);
  const lock = await lockInstallation(join(updates, COPIES));
  for (const name of names(updates))
    if (name.startsWith(COPIES)) rmSync(join(updates, name), { recursive: true, force: true });
  const folder = mkdtempSync(join(updates, COPIES));
  return {
    folder,
    [Symbol.asyncDispose]: async () => {
      rmSync(folder, { recursive: true, force: true });
      await lock[Symbol.asyncDispose]();
    },
  };
}

function bestIn(folder: string, suffix: string, device: string): Found | undefined {
  let best: Found | undefined;
  for (const name of names(folder)) {
    const version = /^hpmq-(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)??)(?:-[a-z0-9_-]+)?$/.exec(
      name.slice(0, -suffix.length),
    )?.[1];
    if (!name.endsWith(suffix) || version === undefined) continue;
    if (lstatSync(join(folder, name), { throwIfNoEntry: false })?.isFile() !== true) continue;
    best = newer(best, { file: join(folder, name), version, device });
  }
  return best;
}

function newer(a: Found | undefined, b: Found | undefined): Found | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareVersions(b.version, a.version) > 0 ? b : a;
}
