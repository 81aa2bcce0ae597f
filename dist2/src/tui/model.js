import { applyEvent, noData } from "./data.js";
import { back, forward, go, leave, move, nextSort, toggle, withList } from "./navigation.js";
import { dialogPoint } from "./select.js";
import { logLevels } from "./tables/logs.js";
import { confirmWrite, editWrite, openWrite, outcomeHint, outcomeText } from "./write.js";
const freshList = {
  selected: void 0,
  index: 0,
  top: 0,
  filter: "",
  sort: void 0,
  descending: false
};
function initialModel(start) {
  return {
    settings: { readOnly: start.readOnly, target: start.target },
    size: { columns: start.columns, rows: start.rows },
    now: start.now,
    connection: { state: "connecting", since: start.now, heardAt: start.now },
    data: noData,
    frozen: void 0,
    route: start.route,
    past: [],
    future: [],
    lists: {
      overview: freshList,
      devices: freshList,
      points: freshList,
      clients: freshList,
      topics: freshList,
      links: freshList,
      logs: freshList
    },
    detail: false,
    detailTop: 0,
    pane: 0,
    tailBack: 0,
    help: void 0,
    prompt: void 0,
    dialog: void 0,
    notice: void 0,
    logLevel: "info",
    topicFilter: "#",
    toggled: /* @__PURE__ */ new Set(),
    payloadMode: "text"
  };
}
function edit(model, change) {
  if (model.prompt !== void 0) {
    const prompt = { ...model.prompt, text: change(model.prompt.text) };
    const next = { ...model, prompt };
    return prompt.kind === "filter" ? withList(next, { filter: prompt.text, index: 0, top: 0 }) : next;
  }
  return model.dialog === void 0 ? model : { ...model, dialog: editWrite(model.dialog, change) };
}
function closePrompt(model, keep) {
  const { prompt } = model;
  if (prompt === void 0) return model;
  const next = { ...model, prompt: void 0 };
  return prompt.kind === "filter" && !keep ? withList(next, { filter: prompt.before }) : next;
}
function withNotice(model, tone, text, hint = "") {
  return { ...model, notice: { tone, text, hint, at: model.now } };
}
function writeDone(model, action) {
  const { dialog } = model;
  if (dialog?.device === action.device && dialog.point === action.point && dialog.stage === "sending") {
    return { ...model, dialog: { ...dialog, stage: "done", outcome: action.outcome } };
  }
  const row = model.data.points.get(`${action.device}/${action.point}`);
  const text = row === void 0 ? action.outcome.status : outcomeText(action.outcome, row.view);
  const isGood = action.outcome.status === "verified" || action.outcome.status === "written";
  return withNotice(
    model,
    isGood ? "ok" : "bad",
    `${action.device}/${action.point}: ${text}`,
    outcomeHint(action.outcome)
  );
}
function lost(connection, action) {
  const since = connection.state === "lost" ? connection.since : action.at;
  return { ...connection, state: "lost", since, error: action.error };
}
function heard(model, action) {
  const data = applyEvent(model.data, action.stream, action.event, action.at);
  if (action.stream !== "main") return { ...model, data };
  const { since, state } = model.connection;
  const isBack = state !== "live" && action.event.kind === "snapshot";
  const connection = {
    state: isBack ? "live" : state,
    since: isBack ? action.at : since,
    heardAt: action.at
  };
  return { ...model, data, connection, now: Math.max(model.now, action.at) };
}
function withLost(model, action) {
  if (action.stream === "main") return { ...model, connection: lost(model.connection, action) };
  const key = action.stream === "topics" ? "topicsError" : "tailError";
  return { ...model, data: { ...model.data, [key]: action.error } };
}
function reduce(model, action) {
  switch (action.type) {
    case "event":
      return heard(model, action);
    case "lost":
      return withLost(model, action);
    case "reset":
      return {
        ...model,
        data: action.stream === "topics" ? { ...model.data, topics: noData.topics, topicsError: void 0 } : { ...model.data, tail: [], tailDropped: 0, tailError: void 0 }
      };
    case "clients":
      return { ...model, data: { ...model.data, clients: action.items } };
    case "device": {
      const devices = new Map(model.data.devices).set(action.device.name, action.device);
      return { ...model, data: { ...model.data, devices } };
    }
    case "point":
      return { ...model, data: applyEvent(model.data, "main", { kind: "points", data: [action.point] }, model.now) };
    case "tick":
      return { ...model, now: action.at };
    case "resize":
      return { ...model, size: { columns: action.columns, rows: action.rows } };
    case "notice":
      return withNotice(model, action.tone, action.text, action.hint);
    case "go":
      return go(model, action.route, action.select, action.filter);
    case "back":
      return back(model);
    case "forward":
      return forward(model);
    case "previous": {
      const route = model.past.at(-1);
      return route === void 0 ? model : go(model, route, void 0, void 0);
    }
    case "leave":
      return leave(model);
    case "move":
      return move(model, action.by);
    case "sort":
      return nextSort(model);
    case "reverse":
      return withList(model, { descending: !model.lists[model.route.screen].descending });
    case "freeze":
      return model.frozen === void 0 ? { ...model, frozen: { data: model.data, at: model.now } } : { ...model, frozen: void 0, tailBack: 0 };
    case "detail":
      return { ...model, detail: !model.detail, detailTop: 0, pane: 0 };
    case "pane":
      return { ...model, pane: model.pane === 0 ? 1 : 0 };
    case "help":
      return { ...model, help: model.help === void 0 ? { top: 0 } : void 0 };
    case "level":
      return {
        ...withList(model, { selected: void 0, index: 0, top: 0 }),
        logLevel: logLevels[(logLevels.indexOf(model.logLevel) + 1) % logLevels.length]
      };
    case "payload": {
      const payloadMode = model.payloadMode === "text" ? "json" : model.payloadMode === "json" ? "hex" : "text";
      return { ...model, payloadMode, tailBack: 0 };
    }
    case "toggle":
      return toggle(model, action.open);
    case "prompt": {
      const text = action.kind === "filter" ? model.lists[model.route.screen].filter : "";
      return { ...model, prompt: { kind: action.kind, text, before: text }, notice: void 0 };
    }
    case "edit":
      return edit(model, action.edit);
    case "close-prompt":
      return closePrompt(model, action.keep);
    case "subscribe":
      return go(model, { screen: "topics", argument: action.filter }, void 0, void 0);
    case "write":
      return { ...model, dialog: openWrite(action.device, action.point), notice: void 0 };
    case "write-next": {
      const row = dialogPoint(model);
      if (model.dialog === void 0 || row === void 0) return model;
      return { ...model, dialog: confirmWrite(model.dialog, row.view).dialog };
    }
    case "write-done":
      return writeDone(model, action);
  }
}
export {
  initialModel,
  reduce
};
//# sourceMappingURL=model.js.map
