/** What a role has of its parent: words in both directions, to keep in step. */
export interface Context {
  say(word: string): void;
  /** Resolves when the parent has said the word. */
  hear(word: string): Promise<void>;
}
