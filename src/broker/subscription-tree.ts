/**
 * Topic Filters as a tree of levels: finds what matches a topic without looking at the rest. Agrees with core/topic's
 * topicMatches (property test). Walks breadth first: the depth of hostile filters costs no stack.
 */

/** Most filters have one subscriber: it needs no Set. */
type Values<T> = T | Set<T> | undefined;

interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  /** The child `+`: most nodes that have it have no other. */
  single: Node<T> | undefined;
  /** Filters that end here. */
  values: Values<T>;
  /** Filters that end here with `#`, which also matches the parent level (MQTT 5.0 §4.7.1.2). */
  multiLevel: Values<T>;
}

function newNode<T>(): Node<T> {
  return { children: undefined, single: undefined, values: undefined, multiLevel: undefined };
}

/** @param T - not a Set, and never undefined */
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
    for (const level of levels) node = childOf(node, level) ?? newChild(node, level);
    const place = isMultiLevel ? 'multiLevel' : 'values';
    const values = node[place];
    if (has(values, value)) return;
    this.#size++;
    if (values === undefined) node[place] = value;
    else if (values instanceof Set) values.add(value);
    else node[place] = new Set([values, value]);
  }

  /** @returns whether it was there */
  remove(filter: string, value: T): boolean {
    const levels = filter.split('/');
    const isMultiLevel = levels.at(-1) === '#';
    if (isMultiLevel) levels.pop();
    let end = this.#root;
    // The last on the way that is needed for something else, too, and the level that leads on from it.
    let fork = end;
    let forkLevel: string | undefined;
    for (const level of levels) {
      const child = childOf(end, level);
      if (child === undefined) return false;
      if (forkLevel === undefined || holdsMore(end)) {
        fork = end;
        forkLevel = level;
      }
      end = child;
    }
    const place = isMultiLevel ? 'multiLevel' : 'values';
    const values = end[place];
    if (!has(values, value)) return false;
    this.#size--;
    if (values instanceof Set && values.size > 1) values.delete(value);
    else {
      end[place] = undefined;
      if (forkLevel !== undefined && isEmpty(end)) dropChild(fork, forkLevel);
    }
    return true;
  }

  /** Every value, once for each of its filters; the tree must not change meanwhile. */
  *values(): Iterable<T> {
    const nodes = [this.#root];
    const found: T[] = [];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      append(node.values, found);
      append(node.multiLevel, found);
      yield* found.splice(0);
      if (node.single !== undefined) nodes.push(node.single);
      for (const child of node.children?.values() ?? []) nodes.push(child);
    }
  }

  /** Appends every value whose filter matches; one value once for each of its filters. */
  match(topic: string, found: T[]): void {
    let only = this.#root;
    let nodes: Node<T>[] | undefined;
    let start = 0;
    // While one way leads on, which is mostly so, no list of nodes is made.
    while (start <= topic.length && nodes === undefined) {
      const end = levelEnd(topic, start);
      // A leading wildcard does not match a topic that begins with $ [MQTT-4.7.2-1].
      const isHidden = start === 0 && topic.startsWith('$');
      if (!isHidden) append(only.multiLevel, found);
      const same = only.children?.get(topic.slice(start, end));
      const single = isHidden ? undefined : only.single;
      if (same !== undefined && single !== undefined) nodes = [same, single];
      else if (same !== undefined) only = same;
      else if (single !== undefined) only = single;
      else return;
      start = end + 1;
    }
    nodes ??= [only];
    while (start <= topic.length && nodes.length > 0) {
      const end = levelEnd(topic, start);
      const level = topic.slice(start, end);
      const next: Node<T>[] = [];
      for (const node of nodes) {
        append(node.multiLevel, found);
        const same = node.children?.get(level);
        if (same !== undefined) next.push(same);
        if (node.single !== undefined) next.push(node.single);
      }
      nodes = next;
      start = end + 1;
    }
    for (const node of nodes) {
      append(node.values, found);
      append(node.multiLevel, found);
    }
  }
}

function levelEnd(topic: string, start: number): number {
  const end = topic.indexOf('/', start);
  return end < 0 ? topic.length : end;
}

function childOf<T>(node: Node<T>, level: string): Node<T> | undefined {
  return level === '+' ? node.single : node.children?.get(level);
}

function newChild<T>(node: Node<T>, level: string): Node<T> {
  const child = newNode<T>();
  if (level === '+') node.single = child;
  else {
    node.children ??= new Map();
    node.children.set(level, child);
  }
  return child;
}

function has<T>(values: Values<T>, value: T): boolean {
  return values instanceof Set ? values.has(value) : values === value;
}

function append<T>(values: Values<T>, found: T[]): void {
  if (values instanceof Set) for (const value of values) found.push(value);
  else if (values !== undefined) found.push(values);
}

function isEmpty<T>({ children, single, values, multiLevel }: Node<T>): boolean {
  return values === undefined && multiLevel === undefined && children === undefined && single === undefined;
}

/** More than one child. */
function holdsMore<T>({ children, single, values, multiLevel }: Node<T>): boolean {
  if (values !== undefined || multiLevel !== undefined) return true;
  return children !== undefined && (single !== undefined || children.size > 1);
}

function dropChild<T>(parent: Node<T>, level: string): void {
  if (level === '+') parent.single = undefined;
  else if (parent.children!.size === 1) parent.children = undefined;
  else parent.children!.delete(level);
}
