/** A document of any syntax, each part with its line; remembers what nobody asked for. */

export type Scalar = string | number | boolean | null;

type Content =
  | { readonly kind: 'scalar'; readonly value: Scalar }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly fields: ReadonlyMap<string, Tree> };

export class Tree {
  /** From 1. */
  readonly line: number;
  readonly #content: Content;
  #isRead = false;

  private constructor(line: number, content: Content) {
    this.line = line;
    this.#content = content;
  }

  static scalar(line: number, value: Scalar): Tree {
    return new Tree(line, { kind: 'scalar', value });
  }

  static list(line: number, items: readonly Tree[]): Tree {
    return new Tree(line, { kind: 'list', items });
  }

  static map(line: number, fields: ReadonlyMap<string, Tree>): Tree {
    return new Tree(line, { kind: 'map', fields });
  }

  get isMap(): boolean {
    return this.#content.kind === 'map';
  }

  get isList(): boolean {
    return this.#content.kind === 'list';
  }

  get keys(): readonly string[] {
    return this.#content.kind === 'map' ? [...this.#content.fields.keys()] : [];
  }

  /** Looks without counting it as read. */
  has(key: string): boolean {
    return this.#content.kind === 'map' && this.#content.fields.has(key);
  }

  get(...path: readonly string[]): Tree | undefined {
    let tree: Tree | undefined = this;
    for (const key of path) {
      tree = tree.#content.kind === 'map' ? tree.#content.fields.get(key) : undefined;
      if (tree === undefined) return undefined;
      tree.#isRead = true;
    }
    return tree;
  }

  /** The entries of a list; of one thing: itself, because XML does not know lists of one. */
  list(...path: readonly string[]): readonly Tree[] {
    const tree = path.length === 0 ? this : this.get(...path);
    if (tree === undefined) return [];
    const content = tree.#content;
    if (content.kind === 'list') {
      for (const item of content.items) item.#isRead = true;
      return content.items;
    }
    return content.kind === 'scalar' && (content.value === null || content.value === '') ? [] : [tree];
  }

  /** undefined: not there, or not a scalar. Numbers and truth values as text. */
  text(...path: readonly string[]): string | undefined {
    const tree = path.length === 0 ? this : this.get(...path);
    if (tree === undefined) return undefined;
    const content = tree.#content;
    if (content.kind !== 'scalar' || content.value === null) return undefined;
    const text = String(content.value).trim();
    return text === '' ? undefined : text;
  }

  /** undefined: not there, or not a number; text that is one is taken for it. */
  number(...path: readonly string[]): number | undefined {
    const text = this.text(...path);
    if (text === undefined || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^0x[0-9a-f]+$/i.test(text)) return undefined;
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }

  flag(...path: readonly string[]): boolean | undefined {
    const text = this.text(...path)?.toLowerCase();
    return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined;
  }

  /** All below is taken as read: what is not of interest, said by the caller. */
  skip(): void {
    this.#isRead = true;
    const content = this.#content;
    const inner = content.kind === 'map' ? content.fields.values() : content.kind === 'list' ? content.items : [];
    for (const tree of inner) tree.skip();
  }

  /** The outermost parts that nobody asked for. */
  *unread(prefix = ''): Generator<{ readonly line: number; readonly path: string }> {
    const content = this.#content;
    if (content.kind === 'map') {
      for (const [key, tree] of content.fields) {
        const path = prefix === '' ? key : `${prefix}.${key}`;
        if (tree.#isRead) yield* tree.unread(path);
        else yield { line: tree.line, path };
      }
    } else if (content.kind === 'list') {
      for (const [index, tree] of content.items.entries()) {
        if (tree.#isRead) yield* tree.unread(`${prefix}[${index}]`);
      }
    }
  }
}
