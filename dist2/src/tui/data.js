const HISTORY = 60;
const MAX_LOG_ROWS = 1e3;
const MAX_TAIL_ROWS = 200;
const noData = {
  loaded: false,
  status: void 0,
  skewMs: 0,
  devices: /* @__PURE__ */ new Map(),
  points: /* @__PURE__ */ new Map(),
  links: /* @__PURE__ */ new Map(),
  logs: [],
  clients: void 0,
  topics: /* @__PURE__ */ new Map(),
  topicsError: void 0,
  tail: [],
  tailDropped: 0,
  tailError: void 0,
  nextId: 1
};
function pointKey(point) {
  return `${point.device}/${point.point}`;
}
function sampleOf(view) {
  if (view.quality === "bad" || view.value === null) return null;
  if (typeof view.value === "boolean") return view.value ? 1 : 0;
  const number = Number(view.value);
  return Number.isFinite(number) ? number : null;
}
function withPoint(points, view) {
  const key = pointKey(view);
  const old = points.get(key);
  let history = old?.history ?? [];
  if (view.at !== null && view.at !== old?.view.at) history = [...history.slice(1 - HISTORY), sampleOf(view)];
  points.set(key, { key, view, history });
}
function snapshotPoints(old, views) {
  const points = /* @__PURE__ */ new Map();
  for (const view of views) {
    const before = old.get(pointKey(view));
    if (before !== void 0 && before.view.at !== view.at) {
      points.set(before.key, { ...before, history: [...before.history.slice(1 - HISTORY), null] });
    } else if (before !== void 0) points.set(before.key, before);
    withPoint(points, view);
  }
  return points;
}
function merged(old, items, keyOf) {
  const map = new Map(old);
  for (const item of items) map.set(keyOf(item), item);
  return map;
}
function mapOf(items, keyOf) {
  return new Map(items.map((item) => [keyOf(item), item]));
}
const byName = (item) => item.name;
const byTopic = (item) => item.topic;
function appendLogs(data, before, lines) {
  let id = data.nextId;
  const added = lines.slice(-MAX_LOG_ROWS).map((line) => ({ id: id++, line }));
  return { ...data, logs: [...before, ...added].slice(-MAX_LOG_ROWS), nextId: id };
}
function appendTail(data, messages, dropped) {
  let id = data.nextId;
  const inOrder = data.tail.length === 0 ? [...messages].sort((a, b) => a.at - b.at) : messages;
  const added = inOrder.slice(-MAX_TAIL_ROWS).map((message) => ({ id: id++, message }));
  return {
    ...data,
    tail: [...data.tail, ...added].slice(-MAX_TAIL_ROWS),
    tailDropped: data.tailDropped + dropped,
    nextId: id
  };
}
function withStatus(data, status, at) {
  return { ...data, status, skewMs: status.now - at };
}
function withSnapshot(data, stream, snapshot, at) {
  let next = data;
  if (stream === "main") next = { ...next, loaded: true };
  if (stream === "topics") next = { ...next, topicsError: void 0 };
  if (stream === "tail") next = { ...next, tailError: void 0 };
  if (snapshot.status !== void 0) next = withStatus(next, snapshot.status, at);
  if (snapshot.devices !== void 0) next = { ...next, devices: mapOf(snapshot.devices, byName) };
  if (snapshot.points !== void 0) next = { ...next, points: snapshotPoints(next.points, snapshot.points) };
  if (snapshot.links !== void 0) next = { ...next, links: mapOf(snapshot.links, byName) };
  if (snapshot.topics !== void 0) next = { ...next, topics: mapOf(snapshot.topics, byTopic) };
  if (snapshot.logs !== void 0) next = appendLogs(next, [], snapshot.logs);
  return next;
}
function applyEvent(data, stream, event, at) {
  switch (event.kind) {
    case "snapshot":
      return withSnapshot(data, stream, event.data, at);
    case "status":
      return withStatus(data, event.data, at);
    case "devices":
      return { ...data, devices: merged(data.devices, event.data, byName) };
    case "points": {
      const points = new Map(data.points);
      for (const view of event.data) withPoint(points, view);
      return { ...data, points };
    }
    case "links":
      return { ...data, links: merged(data.links, event.data, byName) };
    case "logs":
      return appendLogs(data, data.logs, event.data);
    case "topics":
      return { ...data, topics: merged(data.topics, event.data, byTopic) };
    case "messages":
      return appendTail(data, event.data.items, event.data.dropped);
  }
}
export {
  HISTORY,
  MAX_LOG_ROWS,
  MAX_TAIL_ROWS,
  applyEvent,
  noData,
  pointKey
};
//# sourceMappingURL=data.js.map
