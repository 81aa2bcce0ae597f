/** Retained messages (MQTT 5.0 §3.3.1.3) as a tree of topic levels: one per topic, limits in all. */
import type { Message } from '../core/message.js';
import { messageBytes } from './application-message.js';
import { NODE_BYTES } from './tree-bytes.js';

/** What all of them may hold: so much, or so much for each that is allowed. One payload alone may be a megabyte. */
const MIN_BYTES = 64 * 1024 * 1024;
const BYTES_EACH = 1024;

/** Nodes looked at in vain after which others get a turn: a filter may look at all of them and find nothing. */
const PATIENCE = 512;

interface Node {
  children: Map<string, Node> | undefined;
  message: Message | undefined;
}

interface Step {
  readonly node: Node;
  /** Levels of the filter already matched. */
  readonly depth: number;
}

export class RetainedMessages {
  readonly #root: Node = { children: undefined, message: undefined };
  readonly #limit: number;
  readonly #bytesLimit: number;
  #size = 0;
  #bytes = 0;
  #expiring = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#bytesLimit = Math.max(MIN_BYTES, limit * BYTES_EACH);
  }

  /** Messages held, those included that expired since the last look. */
  get size(): number {
    return this.#size;
  }

  /** Roughly what they hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns false when there is no room; what the topic had before, being outdated, is gone then, too */
  set(message: Message): boolean {
    const levels = message.topic.split('/');
    if (this.#size >= this.#limit || this.#bytes + messageBytes(message) > this.#bytesLimit) {
      const before = this.#find(levels)?.message;
      if (before === undefined) return false;
      if (this.#bytes - messageBytes(before) + messageBytes(message) > this.#bytesLimit) {
        this.delete(message.topic);
        return false;
      }
    }
    let node = this.#root;
    for (const level of levels) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = { children: undefined, message: undefined };
        node.children.set(level, child);
        this.#bytes += NODE_BYTES;
      }
      node = child;
    }
    this.#count(node.message, -1);
    node.message = message;
    this.#count(message, 1);
    return true;
  }

  get(topic: string): Message | undefined {
    return this.#find(topic.split('/'))?.message;
  }

  delete(topic: string): void {
    const levels = topic.split('/');
    const path: Node[] = [this.#root];
    for (const level of levels) {
      const child = path.at(-1)!.children?.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    const end = path.at(-1)!;
    this.#count(end.message, -1);
    end.message = undefined;
    for (let i = path.length - 1; i > 0; i--) {
      const node = path[i]!;
      if (node.message !== undefined || node.children !== undefined) return;
      const parent = path[i - 1]!;
      parent.children!.delete(levels[i - 1]!);
      this.#bytes -= NODE_BYTES;
      if (parent.children!.size === 0) parent.children = undefined;
    }
  }

  /**
   * Those whose topic matches and that are not expired. Reads as it is iterated: what is replaced meanwhile is given
   * in its newest form, what is cleared is not given.
   *
   * @param now - Unix ms, asked anew for each message
   */
  *match(filter: string, now: () => number): Generator<Message> {
    for (const message of this.search(filter, now)) if (message !== undefined) yield message;
  }

  /** A quick look, as far as the first wildcard. @returns false when {@link match} finds nothing */
  mayMatch(filter: string): boolean {
    let { children } = this.#root;
    for (let start = 0; ; ) {
      if (children === undefined) return false;
      const slash = filter.indexOf('/', start);
      const level = slash < 0 ? filter.slice(start) : filter.slice(start, slash);
      if (level === '+' || level === '#') return true;
      const child = children.get(level);
      if (child === undefined) return false;
      // `a/#` matches `a`, too (§4.7.1.2).
      if (slash < 0 || (child.message !== undefined && filter.startsWith('#', slash + 1))) return true;
      ({ children } = child);
      start = slash + 1;
    }
  }

  /** As {@link match}, a piece at a time: undefined is "nothing yet". */
  *search(filter: string, now: () => number): Generator<Message | undefined> {
    let looked = 0;
    const levels = filter.split('/');
    const steps: Step[] = [{ node: this.#root, depth: 0 }];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      const { node, depth } = step;
      const level = levels[depth];
      if (++looked % PATIENCE === 0) yield undefined;
      if ((level === undefined || level === '#') && node.message !== undefined) {
        if (node.message.expiresAt > now()) yield node.message;
      }
      if (level === undefined || node.children === undefined) continue;
      if (level !== '#' && level !== '+') {
        const child = node.children.get(level);
        if (child !== undefined) steps.push({ node: child, depth: depth + 1 });
        continue;
      }
      const next = level === '#' ? depth : depth + 1;
      const first = steps.length;
      for (const [name, child] of node.children) {
        // A leading wildcard does not match a topic that begins with $ [MQTT-4.7.2-1].
        if (node !== this.#root || !name.startsWith('$')) steps.push({ node: child, depth: next });
      }
      reverseFrom(steps, first);
    }
  }

  /** Removes what has expired (§3.3.2.3.3); costs nothing while no retained message can. @returns the topics */
  sweep(now: number): readonly string[] {
    if (this.#expiring === 0) return [];
    const expired: string[] = [];
    const nodes: Node[] = [this.#root];
    for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
      if (node.message !== undefined && node.message.expiresAt <= now) expired.push(node.message.topic);
      if (node.children !== undefined) for (const child of node.children.values()) nodes.push(child);
    }
    for (const topic of expired) this.delete(topic);
    return expired;
  }

  #find(levels: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const level of levels) {
      node = node.children?.get(level);
      if (node === undefined) return undefined;
    }
    return node;
  }

  #count(message: Message | undefined, step: 1 | -1): void {
    if (message === undefined) return;
    this.#size += step;
    this.#bytes += step * messageBytes(message);
    if (message.expiresAt !== Number.POSITIVE_INFINITY) this.#expiring += step;
  }
}

/** The stack gives back the last first: turned round, siblings come in the order in which they were first retained. */
function reverseFrom<T>(items: T[], start: number): void {
  for (let i = start, j = items.length - 1; i < j; i++, j--) [items[i], items[j]] = [items[j]!, items[i]!];
}
