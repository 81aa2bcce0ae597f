/** Whether a path is a disk that may be overwritten: asked of sysfs, before anything is opened for writing. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
}

export interface DiskPlaces {
  readonly mountinfo: string;
  readonly swaps: string;
  /** `major:minor` of the file system this machine runs from. */
  readonly root: string;
}

const numbersOf = (device: number): string => `${major(device)}:${minor(device)}`;
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
  if (disksUnder(places.root).some((one) => one === folder)) {
    throw flashError('FLASH_SYSTEM_DISK', `${given} is the disk this machine runs from`);
  }
  refuseUsed(given, parts, places);
  const bytes = Number(textOf(join(folder, 'size')) ?? 0) * SECTOR;
  if (bytes === 0) throw flashError('FLASH_NOT_A_DISK', `there is no medium in ${given}`);
  if (textOf(join(folder, 'ro')) === '1') throw flashError('FLASH_READ_ONLY', `${given} cannot be written`);
  return { path, name: basename(folder), bytes, model: modelOf(folder), serial: serialOf(folder) };
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

function refuseUsed(given: string, parts: readonly string[], { mountinfo, swaps }: DiskPlaces): void {
  const mounts = (textOf(mountinfo) ?? '').split('\n').map((line) => line.split(' '));
  const swapped = textOf(swaps) ?? '';
  for (const part of parts) {
    const device = `/dev/${basename(part)}`;
    const numbers = textOf(join(part, 'dev'));
    const mount = mounts.find((fields) => fields[2] === numbers);
    if (mount !== undefined) throw flashError('FLASH_IN_USE', `${device} is mounted at ${mount[4]}`);
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
