/**
 * Topic Filters as a tree of levels: finds what matches a topic without looking at the rest. Agrees with core/topic's
 * topicMatches (property test). Walks breadth first: the depth of hostile filters costs no stack.
 */

interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  /** Filters that end here. */
  values: Set<T> | undefined;
  /** Filters that end here with `#`, which also matches the parent level (MQTT 5.0 §4.7.1.2). */
  multiLevel: Set<T> | undefined;
}

function newNode<T>(): Node<T> {
  return { children: undefined, values: undefined, multiLevel: undefined };
}

export class SubscriptionTree<T> {
  readonly #root: Node<T> = newNode();
  #size = 0;

  /** Number of values. */
  get size(): number {
    return this.#size;
  }

  /** @param filter - well-formed (core/topic); a value is kept once per filter */
  add(filter: string, value: T): void {
    const levels = filter.split('/');
    const isMultiLevel = levels.at(-1) === '#';
    if (isMultiLevel) levels.pop();
    let node = this.#root;
    for (const level of levels) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (isMultiLevel) node.multiLevel ??= new Set();
    else node.values ??= new Set();
    const values = (isMultiLevel ? node.multiLevel : node.values)!;
    if (!values.has(value)) this.#size++;
    values.add(value);
  }

  /** @returns whether it was there */
  remove(filter: string, value: T): boolean {
    const levels = filter.split('/');
    const isMultiLevel = levels.at(-1) === '#';
    if (isMultiLevel) levels.pop();
    const path: Node<T>[] = [this.#root];
    for (const level of levels) {
      const child = path.at(-1)!.children?.get(level);
      if (child === undefined) return false;
      path.push(child);
    }
    const end = path.at(-1)!;
    const values = isMultiLevel ? end.multiLevel : end.values;
    if (values === undefined || !values.delete(value)) return false;
    this.#size--;
    if (values.size === 0) {
      if (isMultiLevel) end.multiLevel = undefined;
      else end.values = undefined;
    }
    prune(path, levels);
    return true;
  }

  /** Appends every value whose filter matches; one value once for each of its filters. */
  match(topic: string, found: T[]): void {
    const levels = topic.split('/');
    let i = 0;
    let only = this.#root;
    let nodes: Node<T>[] | undefined;
    // While one way leads on, which is mostly so, no list of nodes is made.
    for (; i < levels.length && nodes === undefined; i++) {
      const isHidden = i === 0 && topic.startsWith('$');
      if (only.multiLevel !== undefined && !isHidden) for (const value of only.multiLevel) found.push(value);
      const same = only.children?.get(levels[i]!);
      const single = isHidden ? undefined : only.children?.get('+');
      if (same !== undefined && single !== undefined) nodes = [same, single];
      else if (same !== undefined) only = same;
      else if (single !== undefined) only = single;
      else return;
    }
    nodes ??= [only];
    for (; i < levels.length && nodes.length > 0; i++) {
      const level = levels[i]!;
      // A leading wildcard does not match a topic that begins with $ [MQTT-4.7.2-1].
      const isHidden = i === 0 && topic.startsWith('$');
      const next: Node<T>[] = [];
      for (const node of nodes) {
        if (node.multiLevel !== undefined && !isHidden) for (const value of node.multiLevel) found.push(value);
        if (node.children === undefined) continue;
        const same = node.children.get(level);
        if (same !== undefined) next.push(same);
        const single = isHidden ? undefined : node.children.get('+');
        if (single !== undefined) next.push(single);
      }
      nodes = next;
    }
    for (const node of nodes) {
      if (node.values !== undefined) for (const value of node.values) found.push(value);
      if (node.multiLevel !== undefined) for (const value of node.multiLevel) found.push(value);
    }
  }
}

/** Drops the nodes at the end of the path that hold nothing any more. */
function prune<T>(path: readonly Node<T>[], levels: readonly string[]): void {
  for (let i = path.length - 1; i > 0; i--) {
    const node = path[i]!;
    if (node.values !== undefined || node.multiLevel !== undefined || node.children !== undefined) return;
    const parent = path[i - 1]!;
    parent.children!.delete(levels[i - 1]!);
    if (parent.children!.size === 0) parent.children = undefined;
  }
}
