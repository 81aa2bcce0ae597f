/** Finds what was probably meant by a mistyped word. */

/**
 * Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
 * Both words are configuration keys or names, so quadratic time is fine; longer ones are cut.
 */
export function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64);
  const b = right.slice(0, 64);
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, beforeLast[j - 2]! + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** @returns the candidate that is close enough to be a slip of the finger, or undefined */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let found: string | undefined;
  let distance = Math.max(1, Math.floor(word.length / 3)) + 0.5;
  for (const candidate of candidates) {
    const d =
      candidate.toLowerCase() === word.toLowerCase() ? 0 : editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (d < distance) {
      found = candidate;
      distance = d;
    }
  }
  return found;
}

/** `known ports: a, b, c (did you mean b?)` */
export function choices(title: string, word: string, candidates: readonly string[]): string {
  const close = nearest(word, candidates);
  const shown = candidates.slice(0, 20).join(', ') + (candidates.length > 20 ? ', …' : '');
  return `known ${title}: ${shown}${close === undefined ? '' : ` (did you mean ${close}?)`}`;
}
