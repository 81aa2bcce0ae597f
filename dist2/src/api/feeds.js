import { TopicCounts } from "./topic-counts.js";
const MAX_PENDING = 1e3;
const MAX_PENDING_CHARS = 4e6;
const nothing = () => {
};
function differing(list) {
  const sent = /* @__PURE__ */ new Map();
  return () => list().filter((item) => {
    const json = JSON.stringify(item);
    if (sent.get(item.name) === json) return false;
    sent.set(item.name, json);
    return true;
  });
}
function orNothing(items) {
  return items.length === 0 ? void 0 : items;
}
function devicesFeed(view) {
  const changed = differing(() => view.devices());
  return { kind: "devices", initial: changed, changes: () => orNothing(changed()), [Symbol.dispose]: nothing };
}
function linksFeed(view) {
  const changed = differing(() => view.links());
  return { kind: "links", initial: changed, changes: () => orNothing(changed()), [Symbol.dispose]: nothing };
}
function statusFeed(view) {
  let sent = "";
  let looks = 0;
  const key = (status) => JSON.stringify({ ...status, now: 0, rssBytes: 0 });
  return {
    kind: "status",
    initial() {
      const status = view.status();
      sent = key(status);
      return status;
    },
    changes() {
      const status = view.status();
      const current = key(status);
      if (current === sent && ++looks < 20) return void 0;
      looks = 0;
      sent = current;
      return status;
    },
    [Symbol.dispose]: nothing
  };
}
function pointsFeed(view) {
  let revision = 0;
  return {
    kind: "points",
    initial() {
      revision = view.pointsChangedSince(0).revision;
      return view.points();
    },
    changes() {
      const changed = view.pointsChangedSince(revision);
      revision = changed.revision;
      return orNothing(changed.points);
    },
    [Symbol.dispose]: nothing
  };
}
function logsFeed(view) {
  let pending = [];
  const subscription = view.onLog((line) => {
    pending.push(line);
    if (pending.length > MAX_PENDING) pending.shift();
  });
  const take = () => {
    const lines = pending;
    pending = [];
    return lines;
  };
  return {
    kind: "logs",
    initial() {
      take();
      return [...view.logs()];
    },
    changes: () => pending.length === 0 ? void 0 : take(),
    [Symbol.dispose]: () => subscription[Symbol.dispose]()
  };
}
function messagesFeed(view, filter) {
  let pending = [];
  let chars = 0;
  let dropped = 0;
  const tail = view.tail(filter, (message) => {
    const size = message.topic.length + (message.text ?? message.base64 ?? "").length;
    if (pending.length >= MAX_PENDING || chars + size > MAX_PENDING_CHARS) {
      dropped++;
      return;
    }
    chars += size;
    pending.push(message);
  });
  return {
    kind: "messages",
    initial: () => void 0,
    changes() {
      if (pending.length === 0 && dropped === 0) return void 0;
      const event = { items: pending, dropped };
      pending = [];
      chars = 0;
      dropped = 0;
      return event;
    },
    [Symbol.dispose]: () => tail[Symbol.dispose]()
  };
}
function topicsFeed(view, filter) {
  const counts = new TopicCounts(view, filter);
  return {
    kind: "topics",
    counts,
    initial: () => counts.takeChanged(),
    changes: () => orNothing(counts.takeChanged()),
    [Symbol.dispose]: () => counts[Symbol.dispose]()
  };
}
function createFeed(kind, view, filter) {
  switch (kind) {
    case "status":
      return statusFeed(view);
    case "devices":
      return devicesFeed(view);
    case "points":
      return pointsFeed(view);
    case "links":
      return linksFeed(view);
    case "logs":
      return logsFeed(view);
    case "topics":
      return topicsFeed(view, filter);
    case "messages":
      return messagesFeed(view, filter);
  }
}
export {
  createFeed
};
//# sourceMappingURL=feeds.js.map
