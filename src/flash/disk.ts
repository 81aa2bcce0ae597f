/** Whether a path is a disk that may be overwritten: asked of sysfs, before anything is opened for writing. */
import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { GatewayError } from '../core/errors.js';
import { flashError } from './errors.js';

const SECTOR = 512;
/** Folders above a disk in sysfs that are asked for its serial number. */
const MAX_LEVELS = 6;

export interface Disk {
  readonly path: string;
  /** In `/sys/block`. */
  readonly name: string;
  readonly bytes: number;
  readonly model: string;
  readonly serial: string | undefined;
  /** `major:minor` */
  readonly numbers: string;
  /** Another one for every disk that ever had this name (sysfs-block(5)); undefined: a kernel before 5.15. */
  readonly sequence: string | undefined;
}

export interface DiskPlaces {
  readonly mountinfo: string;
  readonly swaps: string;
  /** `major:minor` of the file system this machine runs from. */
  readonly root: string;
}

/** A line of /proc/self/mountinfo (proc(5)). */
interface Mount {
  /** `major:minor`; of btrfs, overlayfs and others a number of no device. */
  readonly numbers: string;
  readonly at: string;
  readonly source: string;
  readonly options: string;
}

export const numbersOf = (device: number): string => `${major(device)}:${minor(device)}`;
/** makedev(3) of glibc. */
const major = (device: number): number => Number((BigInt(device) >> 8n) & 0xfffn);
const minor = (device: number): number => Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xfff00n));

export function systemPlaces(): DiskPlaces {
  return { mountinfo: '/proc/self/mountinfo', swaps: '/proc/swaps', root: numbersOf(statSync('/').dev) };
}

/** @throws GatewayError FLASH_NOT_A_DISK, FLASH_IN_USE, FLASH_SYSTEM_DISK, FLASH_READ_ONLY */
export function inspectDisk(given: string, places: DiskPlaces = systemPlaces()): Disk {
  let path: string;
  let numbers: string;
  try {
    path = realpathSync(given);
    const stat = statSync(path);
    if (!stat.isBlockDevice()) {
      throw flashError('FLASH_NOT_A_DISK', `${given} is ${stat.isFile() ? 'a file' : 'not a block device'}`);
    }
    numbers = numbersOf(stat.rdev);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw flashError('FLASH_NOT_A_DISK', `there is no ${given} (${code})`, { cause });
  }
  const folder = realpathSync(`/sys/dev/block/${numbers}`);
  if (textOf(join(folder, 'partition')) !== undefined) {
    throw flashError(
      'FLASH_NOT_A_DISK',
      `${given} is a partition of /dev/${basename(dirname(folder))}, not a whole disk`,
      {
        hint: `name the disk: /dev/${basename(dirname(folder))}`,
      },
    );
  }
  const parts = [folder, ...partitionsOf(folder)];
  const mounts = mountsOf(places);
  if (numbersOfRoot(places.root, mounts).flatMap(disksUnder).includes(folder)) {
    throw flashError('FLASH_SYSTEM_DISK', `${given} is the disk this machine runs from`);
  }
  refuseUsed(given, parts, mounts, places);
  const disk = diskIn(folder, path, numbers);
  if (disk.bytes === 0) throw flashError('FLASH_NOT_A_DISK', `there is no medium in ${given}`);
  if (textOf(join(folder, 'ro')) === '1') throw flashError('FLASH_READ_ONLY', `${given} cannot be written`);
  return disk;
}

function diskIn(folder: string, path: string, numbers: string): Disk {
  return {
    ...{ path, numbers, name: basename(folder), model: modelOf(folder), serial: serialOf(folder) },
    bytes: Number(textOf(join(folder, 'size')) ?? 0) * SECTOR,
    sequence: textOf(join(folder, 'diskseq')),
  };
}

/**
 * Of a disk that is open, so that no other one can have its number meanwhile.
 *
 * @param device - what fstat(2) says of the open file
 * @throws GatewayError FLASH_CHANGED: it is not the disk that was looked at
 */
export function refuseOtherDisk(disk: Disk, device: Pick<Stats, 'rdev' | 'isBlockDevice'>): void {
  const numbers = numbersOf(device.rdev);
  let found: Disk | undefined;
  try {
    if (device.isBlockDevice()) found = diskIn(realpathSync(`/sys/dev/block/${numbers}`), disk.path, numbers);
  } catch {
    // It is gone.
  }
  if (!isDeepStrictEqual(found, disk)) {
    throw flashError('FLASH_CHANGED', `${disk.path} is not the disk any more that it was when it was shown`);
  }
}

function mountsOf({ mountinfo }: DiskPlaces): readonly Mount[] {
  return (textOf(mountinfo) ?? '').split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , numbers, , at] = before.split(' ');
    const [, source, options] = after.split(' ');
    if (numbers === undefined || at === undefined || source === undefined) return [];
    return [{ numbers, at: plain(at), source: plain(source), options: options ?? '' }];
  });
}

/** Octal escapes of proc(5): a space is \040. */
const plain = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Of the device that is the source of a mount, where it is one. */
function numbersOfSource({ source }: Mount): string | undefined {
  if (!source.startsWith('/')) return undefined;
  const stat = statSync(source, { throwIfNoEntry: false });
  return stat?.isBlockDevice() === true ? numbersOf(stat.rdev) : undefined;
}

/** The file system of the root, and what btrfs has as its source and overlayfs as its layers. */
function numbersOfRoot(root: string, mounts: readonly Mount[]): readonly string[] {
  const found = new Set([root]);
  for (const mount of mounts.filter(({ at }) => at === '/')) {
    const layers = /(?:^|,)lowerdir=([^,]*)/.exec(mount.options)?.[1]?.split(':') ?? [];
    const upper = /(?:^|,)upperdir=([^,]*)/.exec(mount.options)?.[1];
    for (const one of [mount, ...[...layers, upper ?? ''].flatMap((layer) => mountOf(plain(layer), mounts) ?? [])]) {
      found.add(one.numbers);
      const source = numbersOfSource(one);
      if (source !== undefined) found.add(source);
    }
  }
  return [...found];
}

/** Where a path lies, by the names of the mount points: that of the layers is often not to be seen from the root. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const above = mounts.filter(({ at }) => at !== '/' && (path === at || path.startsWith(`${at}/`)));
  return above.toSorted((a, b) => a.at.length - b.at.length).at(-1);
}

function partitionsOf(folder: string): readonly string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((one) => textOf(join(one, 'partition')) !== undefined);
}

/** The disks under a file system: through partitions, encryption, RAID and LVM. */
function disksUnder(numbers: string): readonly string[] {
  let folder: string;
  try {
    folder = realpathSync(`/sys/dev/block/${numbers}`);
  } catch {
    return [];
  }
  const slaves = namesIn(join(folder, 'slaves'));
  if (slaves.length > 0) {
    return slaves.flatMap((name) => disksUnder(textOf(join(folder, 'slaves', name, 'dev')) ?? ''));
  }
  return [textOf(join(folder, 'partition')) === undefined ? folder : dirname(folder)];
}

function refuseUsed(given: string, parts: readonly string[], mounts: readonly Mount[], { swaps }: DiskPlaces): void {
  const sources = mounts.map((mount) => ({ at: mount.at, all: [mount.numbers, numbersOfSource(mount)] }));
  const swapped = textOf(swaps) ?? '';
  for (const part of parts) {
    const device = `/dev/${basename(part)}`;
    const numbers = textOf(join(part, 'dev'));
    const mount = sources.find(({ all }) => all.includes(numbers));
    if (mount !== undefined) throw flashError('FLASH_IN_USE', `${device} is mounted at ${mount.at}`);
    if (swapped.split('\n').some((line) => line.startsWith(`${device} `))) {
      throw flashError('FLASH_IN_USE', `${device} is swap space in use`, { hint: `end that first: swapoff ${device}` });
    }
    const [holder] = namesIn(join(part, 'holders'));
    if (holder !== undefined)
      throw flashError('FLASH_IN_USE', `${device} is used by /dev/${holder} (encryption, RAID or LVM)`);
  }
  if (parts.length === 0) throw flashError('FLASH_NOT_A_DISK', `${given} is not known to the kernel`);
}

function modelOf(folder: string): string {
  const vendor = textOf(join(folder, 'device', 'vendor')) ?? '';
  const model = textOf(join(folder, 'device', 'model')) ?? textOf(join(folder, 'device', 'name')) ?? '';
  const backing = textOf(join(folder, 'loop', 'backing_file'));
  return `${vendor} ${model}`.trim() || (backing === undefined ? 'unknown model' : `file ${backing}`);
}

function serialOf(folder: string): string | undefined {
  let at = join(folder, 'device');
  for (let level = 0; level < MAX_LEVELS; level++) {
    const found = textOf(join(at, 'serial'));
    if (found !== undefined && found !== '') return found;
    at = join(at, '..');
  }
  return undefined;
}

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
};
