/** One control packet → one that is probably wrong. */
import { variable } from '../support/mqtt-writer.js';
import type { Choice } from '../support/random.js';

/** Bytes that mean something somewhere: lengths, NUL, wildcards, the beginning of bad UTF-8, surrogates, types. */
const TELLING = [
  0x00, 0x01, 0x02, 0x03, 0x04, 0x7f, 0x80, 0x81, 0xff, 0xfe, 0x2b, 0x23, 0x2f, 0x24, 0xc0, 0xc1, 0xed, 0xf8, 0x26,
  0x0b, 0x23, 0x11,
];
const SEQUENCES = [
  [0xed, 0xa0, 0x80],
  [0xc0, 0x80],
  [0xef, 0xbb, 0xbf],
  [0xef, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0x00],
  [0x26, 0, 0, 0, 0],
  [0x00, 0x01, 0x23],
];

export function mutate(choice: Choice, packet: Buffer): Buffer {
  let bytes = packet;
  for (
    let changes = choice.weighted([
      [6, 1],
      [2, 2],
      [1, 4],
    ]);
    changes > 0;
    changes--
  )
    bytes = change(choice, bytes);
  return bytes;
}

function change(choice: Choice, bytes: Buffer): Buffer {
  const at = choice.below(bytes.length);
  switch (choice.below(9)) {
    case 0: {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 << choice.below(8);
      return changed;
    }
    case 1: {
      const changed = Buffer.from(bytes);
      changed[at] = choice.pick(TELLING);
      return changed;
    }
    case 2: {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at]! + (choice.chance(0.5) ? 1 : 255)) & 0xff;
      return changed;
    }
    case 3:
      return splice(bytes, at, 0, choice.pick(SEQUENCES), choice.chance(0.8));
    case 4:
      return splice(bytes, at, 0, [...choice.bytes(1 + choice.below(3))], choice.chance(0.8));
    case 5:
      return splice(bytes, at, 1 + choice.below(4), [], choice.chance(0.8));
    case 6:
      return splice(bytes, at, bytes.length - at, [], choice.chance(0.8));
    case 7:
      return splice(bytes, bytes.length, 0, [...choice.bytes(1 + choice.below(4))], choice.chance(0.8));
    default: {
      const end = Math.min(bytes.length, at + 1 + choice.below(12));
      return splice(bytes, end, 0, [...bytes.subarray(at, end)], choice.chance(0.8));
    }
  }
}

/** Replaces bytes of the body. @param isMeasured - the Remaining Length says so, else it lies */
function splice(bytes: Buffer, at: number, removed: number, inserted: readonly number[], isMeasured: boolean): Buffer {
  let body = 1;
  while (body < bytes.length && body < 5 && bytes[body]! >= 0x80) body++;
  body++;
  if (!isMeasured || at < body || body > bytes.length) {
    const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted), bytes.subarray(at + removed)]);
    return changed.length === 0 ? bytes : changed;
  }
  const rest = Buffer.concat([bytes.subarray(body, at), Buffer.from(inserted), bytes.subarray(at + removed)]);
  return Buffer.concat([bytes.subarray(0, 1), variable(rest.length), rest]);
}
