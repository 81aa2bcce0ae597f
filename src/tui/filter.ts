/** The `/` filter: words that must all occur, `!x` for those that must not, `re:…` for a regular expression. */

export interface Filter {
  matches(text: string): boolean;
  /** Why it cannot be used; then everything matches. */
  readonly problem?: string;
}

const everything: Filter = { matches: () => true };

/** Case is ignored. A regular expression is tried against at most 1,000 characters. */
export function parseFilter(source: string): Filter {
  const text = source.trim();
  if (text === '') return everything;
  if (text.startsWith('re:')) {
    try {
      const expression = new RegExp(text.slice(3), 'iu');
      return { matches: (row) => expression.test(row.slice(0, 1_000)) };
    } catch (error) {
      return { matches: () => true, problem: (error as Error).message };
    }
  }
  const wanted: string[] = [];
  const unwanted: string[] = [];
  for (const word of text.toLowerCase().split(/\s+/)) {
    if (word.startsWith('!') && word.length > 1) unwanted.push(word.slice(1));
    else if (word !== '!') wanted.push(word);
  }
  return {
    matches(row) {
      const lower = row.toLowerCase();
      return wanted.every((word) => lower.includes(word)) && !unwanted.some((word) => lower.includes(word));
    },
  };
}
