import t from "tap";
import { HISTORY, MAX_LOG_ROWS } from "../../src/tui/data.js";
import { layoutOf, scrollTo } from "../../src/tui/layout.js";
import { initialModel, reduce } from "../../src/tui/model.js";
import { cursorOf, rowsOf, selectedPoint, staleSince, wantedStreams } from "../../src/tui/select.js";
import { ManualClock } from "../support/manual-clock.js";
import { FakeGateway } from "./fake-gateway.js";
const gateway = new FakeGateway({ clock: new ManualClock() });
const NOW = gateway.status().now;
const start = initialModel({
  readOnly: false,
  target: "unix:/x",
  now: NOW,
  columns: 80,
  rows: 24,
  route: { screen: "overview" }
});
function after(model, ...actions) {
  return actions.reduce(reduce, model);
}
function event(data, at = NOW) {
  return { type: "event", stream: "main", event: data, at };
}
const snapshot = event({
  kind: "snapshot",
  data: {
    status: gateway.status(),
    devices: gateway.devices(),
    points: gateway.points(),
    links: gateway.links(),
    logs: []
  }
});
const live = after(start, snapshot);
const onPoints = after(live, { type: "go", route: { screen: "points" } });
function sample(value, at) {
  const [view] = gateway.points();
  const known = {
    ...view,
    value,
    text: String(value ?? "\u2014"),
    at,
    quality: value === null ? "bad" : "good"
  };
  return known;
}
t.test("before the first snapshot nothing is known", async (t2) => {
  t2.equal(start.connection.state, "connecting");
  t2.equal(start.data.loaded, false);
  t2.equal(live.connection.state, "live");
  t2.equal(live.data.points.size, 20);
});
t.test("a snapshot replaces what was there, an event merges into it", async (t2) => {
  const [first] = gateway.devices();
  const merged = after(live, event({ kind: "devices", data: [{ ...first, state: "degraded" }] }));
  t2.equal(merged.data.devices.size, 3);
  t2.equal(merged.data.devices.get("boiler")?.state, "degraded");
  const replaced = after(merged, event({ kind: "snapshot", data: { devices: [first], points: [] } }));
  t2.strictSame([...replaced.data.devices.keys()], ["boiler"]);
  t2.equal(replaced.data.points.size, 0);
  t2.equal(replaced.data.links.size, 2, "kinds that the snapshot does not have stay");
});
t.test("the trend keeps the newest samples, and a gap where the value was not known", async (t2) => {
  let model = after(live, event({ kind: "snapshot", data: { points: [] } }));
  for (let i = 1; i <= HISTORY + 5; i++) model = after(model, event({ kind: "points", data: [sample(i, i)] }));
  model = after(model, event({ kind: "points", data: [sample(null, 1e3)] }));
  const history = model.data.points.get("boiler/temperature")?.history ?? [];
  t2.equal(history.length, HISTORY);
  t2.strictSame(history.slice(-2), [HISTORY + 5, null]);
  const same = after(model, event({ kind: "points", data: [sample(null, 1e3)] }));
  t2.equal(same.data.points.get("boiler/temperature")?.history, history, "the same sample again is no new bar");
});
t.test("after a reconnect the trend goes on behind a gap", async (t2) => {
  const model = after(
    live,
    event({ kind: "snapshot", data: { points: [] } }),
    event({ kind: "points", data: [sample(1, 1)] }),
    event({ kind: "snapshot", data: { points: [sample(5, 9)] } })
  );
  t2.strictSame(model.data.points.get("boiler/temperature")?.history, [1, null, 5]);
});
t.test("the log is a ring", async (t2) => {
  const lines = Array.from({ length: MAX_LOG_ROWS + 10 }, (_, i) => ({
    at: i,
    level: "info",
    service: "x",
    message: `line ${i}`,
    fields: {}
  }));
  const model = after(live, event({ kind: "logs", data: lines }), event({ kind: "logs", data: lines.slice(0, 1) }));
  t2.equal(model.data.logs.length, MAX_LOG_ROWS);
  t2.equal(model.data.logs.at(-1)?.line.message, "line 0");
  t2.equal(new Set(model.data.logs.map(({ id }) => id)).size, MAX_LOG_ROWS, "ids are unique");
});
t.test("a lost connection is lost since its first failure, until the next snapshot", async (t2) => {
  const error = { code: "X", fault: "peer", message: "m", hint: "h" };
  const lost = after(
    live,
    { type: "lost", stream: "main", error, at: NOW + 1e3 },
    { type: "lost", stream: "main", error, at: NOW + 3e3 }
  );
  t2.equal(lost.connection.state, "lost");
  t2.equal(staleSince(lost), NOW + 1e3);
  const back = after(lost, event({ kind: "snapshot", data: {} }, NOW + 5e3));
  t2.equal(back.connection.state, "live");
  t2.equal(staleSince(back), void 0);
});
t.test("three missing pings make a silent connection stale", async (t2) => {
  t2.equal(staleSince(after(live, { type: "tick", at: NOW + 44e3 })), void 0);
  t2.equal(staleSince(after(live, { type: "tick", at: NOW + 46e3 })), NOW);
});
t.test("the failure of a side stream does not touch the connection", async (t2) => {
  const error = { code: "X", fault: "limit", message: "m", hint: "h" };
  const model = after(live, { type: "lost", stream: "tail", error, at: NOW });
  t2.equal(model.connection.state, "live");
  t2.equal(model.data.tailError, error);
});
t.test("ages are against the clock of the gateway", async (t2) => {
  const model = after(start, event({ kind: "status", data: { ...gateway.status(), now: NOW + 6e4 } }, NOW));
  t2.equal(model.data.skewMs, 6e4);
});
t.test("the cursor follows its row when the order changes", async (t2) => {
  const model = after(onPoints, { type: "move", by: 2 });
  t2.equal(selectedPoint(model)?.key, "boiler/pressure");
  const sorted = after(model, { type: "sort" }, { type: "sort" });
  t2.equal(sorted.lists.points.sort, "value");
  t2.equal(selectedPoint(sorted)?.key, "boiler/pressure", "a write must never hit another row");
  t2.not(cursorOf(sorted), 2);
});
t.test("the cursor stays near where it was when its row is gone", async (t2) => {
  const model = after(
    onPoints,
    { type: "move", by: "last" },
    event({ kind: "snapshot", data: { points: [sample(1, 1)] } })
  );
  t2.equal(cursorOf(model), 0);
  t2.equal(cursorOf(after(model, event({ kind: "snapshot", data: { points: [] } }))), -1);
});
t.test("moving ends at the ends, and scrolls no more than needed", async (t2) => {
  t2.equal(cursorOf(after(onPoints, { type: "move", by: -5 })), 0);
  const height = layoutOf(onPoints).listRows;
  const end = after(onPoints, { type: "move", by: "last" });
  t2.equal(cursorOf(end), 19);
  t2.equal(end.lists.points.top, 20 - height);
  t2.equal(
    after(end, { type: "move", by: -1 }).lists.points.top,
    20 - height,
    "the window rests while the cursor is in it"
  );
  t2.equal(cursorOf(after(onPoints, { type: "move", by: "page-down" })), height);
  t2.equal(scrollTo(50, 3, 0, 10), 0);
});
t.test("sorting puts the unknown last, whichever way round", async (t2) => {
  const byValue = after(onPoints, { type: "sort" }, { type: "sort" });
  const qualities = (model) => rowsOf(model).items.map((item) => item.view.quality);
  t2.equal(qualities(byValue).at(-1), "bad");
  t2.equal(qualities(after(byValue, { type: "reverse" })).at(-1), "bad");
});
t.test("screens have a history", async (t2) => {
  const model = after(
    live,
    { type: "go", route: { screen: "devices" } },
    { type: "go", route: { screen: "points", argument: "boiler" } }
  );
  const back = after(model, { type: "back" });
  t2.equal(back.route.screen, "devices");
  t2.strictSame(after(back, { type: "forward" }).route, model.route);
  t2.equal(after(model, { type: "previous" }).route.screen, "devices");
  t2.strictSame(after(model, { type: "previous" }, { type: "previous" }).route, model.route, "- goes to and fro");
  t2.equal(after(live, { type: "back" }).route.screen, "overview");
});
t.test("esc leaves the innermost thing first", async (t2) => {
  let model = after(
    live,
    { type: "go", route: { screen: "points" }, filter: "temp" },
    { type: "detail" },
    { type: "freeze" },
    { type: "help" }
  );
  const seen = () => [
    model.help !== void 0,
    model.frozen !== void 0,
    model.detail,
    model.lists.points.filter,
    model.route.screen
  ];
  model = after(model, { type: "leave" });
  t2.strictSame(seen(), [false, true, true, "temp", "points"]);
  model = after(model, { type: "leave" });
  t2.strictSame(seen(), [false, false, true, "temp", "points"]);
  model = after(model, { type: "leave" });
  t2.strictSame(seen(), [false, false, false, "temp", "points"]);
  model = after(model, { type: "leave" });
  t2.strictSame(seen(), [false, false, false, "", "points"]);
  model = after(model, { type: "leave" });
  t2.equal(model.route.screen, "overview");
});
t.test("a frozen screen shows the old data while the new comes in", async (t2) => {
  const frozen = after(onPoints, { type: "freeze" }, event({ kind: "snapshot", data: { points: [] } }));
  t2.equal(rowsOf(frozen).items.length, 20);
  t2.equal(rowsOf(after(frozen, { type: "freeze" })).items.length, 0);
});
t.test("the filter works while it is typed, and esc brings the old one back", async (t2) => {
  const typed = after(onPoints, { type: "prompt", kind: "filter" }, { type: "edit", edit: (text) => `${text}tank` });
  t2.equal(rowsOf(typed).items.length, 5);
  t2.equal(after(typed, { type: "close-prompt", keep: true }).lists.points.filter, "tank");
  t2.equal(after(typed, { type: "close-prompt", keep: false }).lists.points.filter, "");
});
t.test("the points of another device start at the top", async (t2) => {
  const model = after(
    live,
    { type: "go", route: { screen: "points", argument: "boiler" } },
    { type: "move", by: "last" },
    { type: "go", route: { screen: "points", argument: "meter" } }
  );
  t2.equal(cursorOf(model), 0);
  t2.equal(rowsOf(model).items.length, 7);
});
t.test("side streams are wanted only where they are shown", async (t2) => {
  t2.strictSame(wantedStreams(onPoints), { clients: false });
  t2.strictSame(wantedStreams(after(live, { type: "go", route: { screen: "clients" } })), { clients: true });
  const topics = after(live, { type: "subscribe", filter: "plant/#" });
  t2.strictSame(wantedStreams(topics), { topics: "plant/#", tail: "plant/#", clients: false });
});
t.test("an outcome that comes after the dialog was closed is told all the same", async (t2) => {
  const closed = after(onPoints, {
    type: "write-done",
    device: "boiler",
    point: "setpoint",
    outcome: { status: "verified", value: 72.5 }
  });
  t2.equal(closed.notice?.text, "boiler/setpoint: verified 72.5 \xB0C");
});
t.test("unknown keys of state never happen: every action returns a model", async (t2) => {
  for (const type of [
    "back",
    "forward",
    "previous",
    "leave",
    "sort",
    "reverse",
    "freeze",
    "detail",
    "pane",
    "help"
  ]) {
    t2.equal(after(start, { type }).settings.target, "unix:/x", type);
  }
  t2.equal(after(start, { type: "write-next" }), start);
  t2.equal(after(start, { type: "toggle" }), start);
});
t.test("a tail begins with the retained messages in the order of their times", async (t2) => {
  const message = (text, at) => ({ topic: "a", text, bytes: 1, qos: 0, retain: true, origin: "device", at });
  const told = (model2, items) => after(model2, { type: "event", stream: "tail", event: { kind: "messages", data: { items, dropped: 0 } }, at: NOW });
  const model = told(told(live, [message("2", 2), message("1", 1)]), [message("0", 0)]);
  t2.strictSame(
    model.data.tail.map((row) => row.message.text),
    ["1", "2", "0"]
  );
});
//# sourceMappingURL=model.test.js.map
