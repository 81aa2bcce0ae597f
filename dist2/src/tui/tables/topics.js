import { age, compact } from "../format.js";
import { span } from "../spans.js";
const OPEN_DEPTH = 3;
const SMALL = 60;
function branch(path, level, depth) {
  return { path, level, depth, below: /* @__PURE__ */ new Map(), topic: void 0, messages: 0, at: null };
}
function treeOf(topics) {
  const root = branch("", "", -1);
  for (const topic of topics) {
    let node = root;
    const levels = topic.topic.split("/");
    for (let depth = 0; depth < levels.length; depth++) {
      const level = levels[depth];
      let next = node.below.get(level);
      if (next === void 0) {
        next = branch(depth === 0 ? level : `${node.path}/${level}`, level, depth);
        node.below.set(level, next);
      }
      node = next;
      node.messages += topic.messages;
      if (topic.at !== null) node.at = Math.max(node.at ?? 0, topic.at);
    }
    node.topic = topic;
  }
  return root;
}
function topicNodes(topics, toggled, filter) {
  const all = [...topics.values()];
  const wanted = filter === void 0 ? all : all.filter(({ topic }) => filter.matches(topic));
  const openDepth = wanted.length <= SMALL || filter !== void 0 ? Number.POSITIVE_INFINITY : OPEN_DEPTH;
  const nodes = [];
  const visit = (node) => {
    for (const child of [...node.below.values()].sort((a, b) => a.level < b.level ? -1 : 1)) {
      const open = child.below.size > 0 && child.depth < openDepth !== toggled.has(child.path);
      nodes.push({
        path: child.path,
        level: child.level,
        depth: child.depth,
        children: child.below.size,
        open,
        isTopic: child.topic !== void 0,
        retained: child.topic?.retained === true,
        messages: child.messages,
        at: child.at
      });
      if (open) visit(child);
    }
  };
  visit(treeOf(wanted));
  return nodes;
}
function filterOfNode(node, watched) {
  if (node.children === 0) return node.path;
  const levels = watched.split("/");
  const below = levels.slice(node.depth + 1);
  const isAll = levels.slice(0, node.depth + 1).includes("#") || below.length === 0;
  return `${node.path}/${isAll ? "#" : below.join("/")}`;
}
const topicTable = {
  noun: "topics",
  empty: "no topic seen yet",
  filtersItself: true,
  columns: () => [
    {
      id: "topic",
      title: "TOPIC",
      min: 14,
      max: 200,
      priority: 0,
      cell: (node) => {
        const mark = node.children === 0 ? "\xB7" : node.open ? "-" : "+";
        const level = node.level === "" ? "(empty)" : node.level;
        return span(`${"  ".repeat(Math.min(node.depth, 8))}${mark} ${level}`, node.isTopic ? "plain" : "muted");
      }
    },
    {
      id: "retained",
      title: "RET",
      min: 3,
      priority: 1,
      cell: (node) => span(node.retained ? "ret" : "", "accent")
    },
    {
      id: "messages",
      title: "COUNT",
      min: 5,
      priority: 0,
      align: "right",
      cell: (node) => span(compact(node.messages))
    },
    {
      id: "age",
      title: "AGE",
      min: 7,
      priority: 2,
      align: "right",
      cell: (node, { now }) => span(age(node.at, now), "muted")
    }
  ],
  inputs: (model, data) => [data.topics, model.toggled],
  items: (model, data, filter) => topicNodes(data.topics, model.toggled, model.lists.topics.filter === "" ? void 0 : filter),
  count: (data) => data.topics.size,
  key: (node) => node.path,
  text: (node) => node.path
};
export {
  filterOfNode,
  topicNodes,
  topicTable
};
//# sourceMappingURL=topics.js.map
