/** Where the boot partition (FAT) of a disk begins: from its MBR entry, else from the GPT (UEFI 2.10 §5). */
import type { FileHandle } from 'node:fs/promises';
import { flashError } from './errors.js';

const SECTOR = 512;
const FAT_TYPES: readonly number[] = [0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0xef];
/** EFI System Partition c12a7328-f81f-11d2-ba4b-00a0c93ec93b, as it lies on disk. */
const ESP = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
const MAX_ENTRIES = 128;

/** @returns bytes. @throws GatewayError FLASH_BAD_IMAGE */
export async function bootPartitionAt(handle: FileHandle): Promise<number> {
  const mbr = await sectors(handle, 0, 1);
  for (let entry = 446; entry < 510; entry += 16) {
    if (FAT_TYPES.includes(mbr[entry + 4]!)) return mbr.readUInt32LE(entry + 8) * SECTOR;
  }
  const header = await sectors(handle, 1, 1);
  if (header.toString('latin1', 0, 8) === 'EFI PART') {
    const entries = Math.min(header.readUInt32LE(80), MAX_ENTRIES);
    const size = header.readUInt32LE(84);
    if (size >= 128 && size <= 4_096) {
      const first = Number(header.readBigUInt64LE(72));
      const table = await sectors(handle, first, Math.ceil((entries * size) / SECTOR));
      for (let at = 0; at + size <= entries * size; at += size) {
        if (table.subarray(at, at + 16).equals(ESP)) return Number(table.readBigUInt64LE(at + 32)) * SECTOR;
      }
    }
  }
  throw flashError('FLASH_BAD_IMAGE', 'the image has no boot partition (FAT) that could take an identity');
}

async function sectors(handle: FileHandle, first: number, count: number): Promise<Buffer> {
  const buffer = Buffer.alloc(count * SECTOR);
  await handle.read(buffer, 0, buffer.length, first * SECTOR);
  return buffer;
}
