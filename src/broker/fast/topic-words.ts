/**
 * Topic Names, to be compared with those in packets by words of four bytes. They lie one behind the other in the order in
 * which they came first, which is mostly that in which they come again: what is compared next is near what was compared last
 * (test/bench F).
 */
import { wordsOf } from './words.js';

/**
 * Words of one piece of memory; it is given back when none of its topics is needed any more. The first ones are small: a client
 * that has published once may keep the piece of a topic that nobody else has (test/bench G).
 */
const LARGEST_PIECE = 1_024;

/** Where a topic lies. */
export interface TopicWords {
  readonly words: Int32Array;
  readonly at: number;
  /** Bytes. */
  readonly length: number;
}

export class TopicShelf {
  #piece = new Int32Array(0);
  #used = 0;
  /** Words of all topics that were put here. */
  size = 0;

  /** @param topic - at most {@link LARGEST_PIECE} words */
  put(topic: Uint8Array): TopicWords {
    const { length } = topic;
    const needed = (length + 3) >> 2;
    if (this.#used + needed > this.#piece.length) {
      this.#piece = new Int32Array(Math.min(LARGEST_PIECE, Math.max(needed, 2 * this.#piece.length)));
      this.#used = 0;
    }
    const [words, at] = [this.#piece, this.#used];
    const view = new DataView(topic.buffer, topic.byteOffset, length);
    for (let i = 0; i < length >> 2; i++) words[at + i] = view.getInt32(4 * i, true);
    if (length % 4 !== 0) words[at + needed - 1] = lastWord(view, topic, 0, length);
    this.#used += needed;
    this.size += needed;
    return { words, at, length };
  }
}

/** Whether `bytes` has the topic from `start` to `end`. From the end on: there topics differ more often than at the beginning. */
export function isTopic(
  words: Int32Array,
  at: number,
  length: number,
  bytes: Buffer,
  start: number,
  end: number,
): boolean {
  if (end - start !== length) return false;
  const view = wordsOf(bytes);
  const whole = length >> 2;
  if ((length & 3) !== 0 && words[at + whole] !== lastWord(view, bytes, start, end)) return false;
  for (let i = whole - 1; i >= 0; i--) if (words[at + i] !== view.getInt32(start + 4 * i, true)) return false;
  return true;
}

/** The last four bytes, some of which are those of the word before; of less than four all there are. */
function lastWord(view: DataView, bytes: Uint8Array, start: number, end: number): number {
  if (end - start >= 4) return view.getInt32(end - 4, true);
  let word = 0;
  for (let i = start; i < end; i++) word = (word << 8) | bytes[i]!;
  return word;
}
