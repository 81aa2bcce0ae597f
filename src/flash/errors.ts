/** What can be wrong when an image is written to a medium. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const flashErrors = {
  FLASH_NOT_A_DISK: {
    fault: 'caller',
    hint: 'name a whole disk, such as /dev/sdb or /dev/mmcblk0; `lsblk -d` lists them',
  },
  FLASH_IN_USE: { fault: 'caller', hint: 'unmount it first (`umount`), or name another disk' },
  FLASH_SYSTEM_DISK: { fault: 'caller', hint: 'name another disk: this machine runs from this one' },
  FLASH_CHANGED: {
    fault: 'caller',
    hint: 'leave it plugged in, look which disk is which (`lsblk -d`), and start again',
  },
  FLASH_READ_ONLY: { fault: 'caller', hint: 'move the lock of the card, or take another medium' },
  FLASH_TOO_SMALL: { fault: 'caller', hint: 'take a larger medium' },
  FLASH_BAD_IMAGE: {
    fault: 'caller',
    hint: 'name a disk image (.img, .img.xz, .img.zst), and fetch it again if it may be cut short',
  },
  FLASH_BAD_IDENTITY: { fault: 'caller', hint: 'correct it before the medium is written' },
  FLASH_NO_PERMISSION: { fault: 'caller', hint: 'run it as root' },
  FLASH_FAILED: { fault: 'limit', hint: 'try another medium or reader; this one does not keep what is written to it' },
  FLASH_NO_TOOL: { fault: 'config', hint: 'install the package that is named' },
} as const satisfies ErrorCatalogue;

export const flashError = errorsOf(flashErrors);
