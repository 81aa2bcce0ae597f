/**
 * Short pieces of memory, copied eight bytes at a time: a call of the runtime that copies a hundred bytes costs more than the
 * bytes do (test/bench F).
 */

/** From so many bytes on the runtime is faster. */
const SHORT = 512;
const WORD = 8;

let seen: Buffer | undefined;
let words: DataView = new DataView(new ArrayBuffer(0));

/** The view of the buffer that was asked for last is kept: one is read many times. */
export function wordsOf(bytes: Buffer): DataView {
  if (seen !== bytes) {
    words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    seen = bytes;
  }
  return words;
}

/**
 * @param words - of `target`
 * @param from - of `source`
 */
export function copyTo(
  target: Buffer,
  words: DataView,
  at: number,
  source: Buffer,
  from: DataView,
  start: number,
  end: number,
): void {
  const last = end - WORD;
  if (last < start || end - start > SHORT) {
    source.copy(target, at, start, end);
    return;
  }
  let to = at;
  for (let i = start; i < last; i += WORD, to += WORD) words.setBigInt64(to, from.getBigInt64(i, true), true);
  words.setBigInt64(at + last - start, from.getBigInt64(last, true), true);
}
