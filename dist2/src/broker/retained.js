import { messageBytes } from "./application-message.js";
const MIN_BYTES = 64 * 1024 * 1024;
const BYTES_EACH = 1024;
class RetainedMessages {
  #root = { children: void 0, message: void 0 };
  #limit;
  #bytesLimit;
  #size = 0;
  #bytes = 0;
  #expiring = 0;
  constructor(limit) {
    this.#limit = limit;
    this.#bytesLimit = Math.max(MIN_BYTES, limit * BYTES_EACH);
  }
  /** Messages held, those included that expired since the last look. */
  get size() {
    return this.#size;
  }
  /** @returns false when there is no room; what the topic had before, being outdated, is gone then, too */
  set(message) {
    const levels = message.topic.split("/");
    if (this.#size >= this.#limit || this.#bytes + messageBytes(message) > this.#bytesLimit) {
      const before = this.#find(levels)?.message;
      if (before === void 0) return false;
      if (this.#bytes - messageBytes(before) + messageBytes(message) > this.#bytesLimit) {
        this.delete(message.topic);
        return false;
      }
    }
    let node = this.#root;
    for (const level of levels) {
      node.children ??= /* @__PURE__ */ new Map();
      let child = node.children.get(level);
      if (child === void 0) {
        child = { children: void 0, message: void 0 };
        node.children.set(level, child);
      }
      node = child;
    }
    this.#count(node.message, -1);
    node.message = message;
    this.#count(message, 1);
    return true;
  }
  delete(topic) {
    const levels = topic.split("/");
    const path = [this.#root];
    for (const level of levels) {
      const child = path.at(-1).children?.get(level);
      if (child === void 0) return;
      path.push(child);
    }
    const end = path.at(-1);
    this.#count(end.message, -1);
    end.message = void 0;
    for (let i = path.length - 1; i > 0; i--) {
      const node = path[i];
      if (node.message !== void 0 || node.children !== void 0) return;
      const parent = path[i - 1];
      parent.children.delete(levels[i - 1]);
      if (parent.children.size === 0) parent.children = void 0;
    }
  }
  /**
   * Those whose topic matches and that are not expired. Reads as it is iterated: what is replaced meanwhile is given
   * in its newest form, what is cleared is not given.
   *
   * @param now - Unix ms, asked anew for each message
   */
  *match(filter, now) {
    const levels = filter.split("/");
    const steps = [{ node: this.#root, depth: 0 }];
    for (let step = steps.pop(); step !== void 0; step = steps.pop()) {
      const { node, depth } = step;
      const level = levels[depth];
      if ((level === void 0 || level === "#") && node.message !== void 0) {
        if (node.message.expiresAt > now()) yield node.message;
      }
      if (level === void 0 || node.children === void 0) continue;
      if (level !== "#" && level !== "+") {
        const child = node.children.get(level);
        if (child !== void 0) steps.push({ node: child, depth: depth + 1 });
        continue;
      }
      const next = level === "#" ? depth : depth + 1;
      const first = steps.length;
      for (const [name, child] of node.children) {
        if (node !== this.#root || !name.startsWith("$")) steps.push({ node: child, depth: next });
      }
      reverseFrom(steps, first);
    }
  }
  /** Removes what has expired (§3.3.2.3.3); costs nothing while no retained message can. */
  sweep(now) {
    if (this.#expiring === 0) return;
    const expired = [];
    const nodes = [this.#root];
    for (let node = nodes.pop(); node !== void 0; node = nodes.pop()) {
      if (node.message !== void 0 && node.message.expiresAt <= now) expired.push(node.message.topic);
      if (node.children !== void 0) for (const child of node.children.values()) nodes.push(child);
    }
    for (const topic of expired) this.delete(topic);
  }
  #find(levels) {
    let node = this.#root;
    for (const level of levels) {
      node = node.children?.get(level);
      if (node === void 0) return void 0;
    }
    return node;
  }
  #count(message, step) {
    if (message === void 0) return;
    this.#size += step;
    this.#bytes += step * messageBytes(message);
    if (message.expiresAt !== Number.POSITIVE_INFINITY) this.#expiring += step;
  }
}
function reverseFrom(items, start) {
  for (let i = start, j = items.length - 1; i < j; i++, j--) [items[i], items[j]] = [items[j], items[i]];
}
export {
  RetainedMessages
};
//# sourceMappingURL=retained.js.map
