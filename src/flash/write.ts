/** Writes an image to a disk, and reads back from the medium, not from memory, what it really has. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { GatewayError } from '../core/errors.js';
import { type Disk, refuseOtherDisk } from './disk.js';
import { flashError } from './errors.js';
import { type Image, imageBytes } from './image.js';

const CHUNK = 4 * 1024 * 1024;
/** So often what was written is waited for: else the progress would be that of the memory. */
const SYNC_BYTES = 64 * 1024 * 1024;
const SECTOR = 512;

export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/** A disk that nobody else can mount, and whose name no other disk can get, until it is disposed of. */
export interface Medium extends AsyncDisposable {
  readonly disk: Disk;
  readonly handle: FileHandle;
  /** This very disk, whatever its name is by now; for this process. */
  readonly path: string;
}

export interface WriteOptions {
  readonly image: Image;
  readonly medium: Medium;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: 'writing' | 'verifying', percent: number) => void;
}

/** @throws GatewayError FLASH_IN_USE, FLASH_NO_PERMISSION, FLASH_READ_ONLY, FLASH_CHANGED */
export async function openMedium(disk: Disk): Promise<Medium> {
  // O_EXCL on a block device: the kernel refuses what somebody mounted meanwhile.
  const handle = await openDisk(disk, disk.path, constants.O_RDWR | constants.O_EXCL);
  try {
    refuseOtherDisk(disk, await handle.stat());
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    ...{ disk, handle, path: `/proc/self/fd/${handle.fd}` },
    [Symbol.asyncDispose]: () => handle.close().catch(() => {}),
  };
}

/** @throws GatewayError FLASH_TOO_SMALL, FLASH_BAD_IMAGE, FLASH_FAILED */
export async function writeImage(options: WriteOptions): Promise<Written> {
  const { image, medium } = options;
  const { disk, handle } = medium;
  if (image.bytes !== undefined && image.bytes > disk.bytes) throw tooSmall(disk, image.bytes);
  try {
    const written = await copy(options);
    await handle.sync();
    return written;
  } catch (cause) {
    throw translated(cause, disk, options.signal);
  }
}

/** @param at - its path, or that of a file that is open */
async function openDisk({ path }: Disk, at: string, flags: number): Promise<FileHandle> {
  try {
    return await open(at, flags);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EBUSY') throw flashError('FLASH_IN_USE', `${path} is in use`, { cause });
    if (code === 'EROFS') throw flashError('FLASH_READ_ONLY', `${path} cannot be written`, { cause });
    if (code === 'EACCES' || code === 'EPERM') {
      throw flashError('FLASH_NO_PERMISSION', `${path} may not be written by this user`, { cause });
    }
    throw flashError('FLASH_FAILED', `${path} cannot be opened: ${message}`, { cause });
  }
}

async function copy({ image, medium, signal, onProgress }: WriteOptions): Promise<Written> {
  const { disk, handle } = medium;
  const hash = createHash('sha256');
  let packed = 0;
  let bytes = 0;
  let unsynced = 0;
  const put = async (chunk: Buffer) => {
    if (bytes === 0) refuseOther(chunk, image.path);
    if (bytes + chunk.length > disk.bytes) throw tooSmall(disk, bytes + chunk.length);
    hash.update(chunk);
    for (let at = 0; at < chunk.length; )
      at += (await handle.write(chunk, at, chunk.length - at, bytes + at)).bytesWritten;
    bytes += chunk.length;
    unsynced += chunk.length;
    if (unsynced >= SYNC_BYTES) {
      await handle.datasync();
      unsynced = 0;
    }
    signal.throwIfAborted();
    onProgress('writing', Math.floor((packed / image.packedBytes) * 100));
  };
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const onPacked = (done: number) => {
    packed = done;
  };
  for await (const chunk of imageBytes(image, onPacked, signal)) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < CHUNK) continue;
    await put(Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  }
  if (waitingBytes > 0) await put(Buffer.concat(waiting));
  if (bytes === 0) throw flashError('FLASH_BAD_IMAGE', `${image.path} is empty`);
  return { bytes, sha256: hash.digest('hex') };
}

/** Boot signature of the master boot record, which GPT has, too (UEFI 2.10 §5.2.1). */
function refuseOther(first: Buffer, path: string): void {
  if (first.length >= SECTOR && first.readUInt16LE(510) === 0xaa55) return;
  throw flashError('FLASH_BAD_IMAGE', `${path} is no image of a disk: it has no partition table`);
}

/** @throws GatewayError FLASH_FAILED when the medium has something else */
export async function verifyImage(
  { medium, signal, onProgress }: WriteOptions,
  { bytes, sha256 }: Written,
): Promise<void> {
  const { disk } = medium;
  const { handle, buffer } = await openPastCache(medium);
  const hash = createHash('sha256');
  try {
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) break;
      const used = Math.min(bytesRead, bytes - at);
      hash.update(buffer.subarray(0, used));
      at += used;
      signal.throwIfAborted();
      onProgress('verifying', Math.floor((at / bytes) * 100));
    }
  } catch (cause) {
    throw translated(cause, disk, signal);
  } finally {
    await handle.close().catch(() => {});
  }
  const found = hash.digest('hex');
  if (found !== sha256) {
    throw flashError('FLASH_FAILED', `${disk.path} does not have what was written to it`, {
      details: { written: sha256, found },
    });
  }
}

/** O_DIRECT needs memory at page boundaries, which that of WebAssembly has. */
async function openPastCache({ disk, path }: Medium): Promise<{ handle: FileHandle; buffer: Buffer }> {
  const buffer = Buffer.from(new WebAssembly.Memory({ initial: CHUNK / 65_536 }).buffer);
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECT);
    try {
      await handle.read(buffer, 0, 4_096, 0);
      return { handle, buffer };
    } catch {
      await handle.close();
    }
  } catch {
    // A device that cannot read past the cache.
  }
  return { handle: await openDisk(disk, path, constants.O_RDONLY), buffer };
}

const tooSmall = (disk: Disk, bytes: number) =>
  flashError('FLASH_TOO_SMALL', `${disk.path} has ${disk.bytes} bytes, the image has ${bytes} or more`);

function translated(cause: unknown, disk: Disk, signal: AbortSignal): unknown {
  if (signal.aborted || cause instanceof GatewayError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === undefined) return cause;
  if (code === 'ENOSPC') return flashError('FLASH_TOO_SMALL', `${disk.path} is smaller than the image`, { cause });
  return flashError('FLASH_FAILED', `${disk.path}: ${message}`, { cause });
}
