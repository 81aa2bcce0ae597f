function newNode() {
  return { children: void 0, values: void 0, multiLevel: void 0 };
}
class SubscriptionTree {
  #root = newNode();
  #size = 0;
  /** Number of values. */
  get size() {
    return this.#size;
  }
  /** @param filter - well-formed (core/topic); a value is kept once per filter */
  add(filter, value) {
    const levels = filter.split("/");
    const isMultiLevel = levels.at(-1) === "#";
    if (isMultiLevel) levels.pop();
    let node = this.#root;
    for (const level of levels) {
      node.children ??= /* @__PURE__ */ new Map();
      let child = node.children.get(level);
      if (child === void 0) {
        child = newNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (isMultiLevel) node.multiLevel ??= /* @__PURE__ */ new Set();
    else node.values ??= /* @__PURE__ */ new Set();
    const values = isMultiLevel ? node.multiLevel : node.values;
    if (!values.has(value)) this.#size++;
    values.add(value);
  }
  /** @returns whether it was there */
  remove(filter, value) {
    const levels = filter.split("/");
    const isMultiLevel = levels.at(-1) === "#";
    if (isMultiLevel) levels.pop();
    const path = [this.#root];
    for (const level of levels) {
      const child = path.at(-1).children?.get(level);
      if (child === void 0) return false;
      path.push(child);
    }
    const end = path.at(-1);
    const values = isMultiLevel ? end.multiLevel : end.values;
    if (values === void 0 || !values.delete(value)) return false;
    this.#size--;
    if (values.size === 0) {
      if (isMultiLevel) end.multiLevel = void 0;
      else end.values = void 0;
    }
    prune(path, levels);
    return true;
  }
  /** Appends every value whose filter matches; one value once for each of its filters. */
  match(topic, found) {
    const levels = topic.split("/");
    let nodes = [this.#root];
    for (let i = 0; i < levels.length && nodes.length > 0; i++) {
      const level = levels[i];
      const isHidden = i === 0 && topic.startsWith("$");
      const next = [];
      for (const node of nodes) {
        if (node.multiLevel !== void 0 && !isHidden) for (const value of node.multiLevel) found.push(value);
        if (node.children === void 0) continue;
        const same = node.children.get(level);
        if (same !== void 0) next.push(same);
        const single = isHidden ? void 0 : node.children.get("+");
        if (single !== void 0) next.push(single);
      }
      nodes = next;
    }
    for (const node of nodes) {
      if (node.values !== void 0) for (const value of node.values) found.push(value);
      if (node.multiLevel !== void 0) for (const value of node.multiLevel) found.push(value);
    }
  }
}
function prune(path, levels) {
  for (let i = path.length - 1; i > 0; i--) {
    const node = path[i];
    if (node.values !== void 0 || node.multiLevel !== void 0 || node.children !== void 0) return;
    const parent = path[i - 1];
    parent.children.delete(levels[i - 1]);
    if (parent.children.size === 0) parent.children = void 0;
  }
}
export {
  SubscriptionTree
};
//# sourceMappingURL=subscription-tree.js.map
