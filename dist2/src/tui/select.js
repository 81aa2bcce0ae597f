import { parseFilter } from "./filter.js";
import { alarmTable } from "./tables/alarms.js";
import { clientTable } from "./tables/clients.js";
import { deviceTable } from "./tables/devices.js";
import { linkTable } from "./tables/links.js";
import { logTable } from "./tables/logs.js";
import { pointTable } from "./tables/points.js";
import { filterOfNode, topicTable } from "./tables/topics.js";
const tables = {
  overview: alarmTable,
  devices: deviceTable,
  points: pointTable,
  clients: clientTable,
  topics: topicTable,
  links: linkTable,
  logs: logTable
};
function shownData(model) {
  return model.frozen?.data ?? model.data;
}
function gatewayNow(model) {
  return model.now + model.data.skewMs;
}
function sorted(items, column, descending) {
  const keyed = items.map((item) => ({ item, key: column.sort?.(item) ?? null }));
  const direction = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    if (typeof a.key !== typeof b.key) return typeof a.key === "number" ? -1 : 1;
    return a.key < b.key ? -direction : direction;
  });
  return keyed.map(({ item }) => item);
}
function computeRows(model, screen) {
  const table = tables[screen];
  const list = model.lists[screen];
  const filter = parseFilter(list.filter);
  const all = table.items(model, shownData(model), filter);
  const matching = list.filter === "" || table.filtersItself === true ? all : all.filter((item) => filter.matches(table.text(item)));
  const column = table.columns(model).find(({ id }) => id === list.sort);
  const items = column?.sort === void 0 ? matching : sorted(matching, column, list.descending);
  return { items, total: table.count?.(shownData(model)) ?? all.length, problem: filter.problem };
}
const lastRows = /* @__PURE__ */ new Map();
function rowsOf(model, screen = model.route.screen) {
  const { filter, sort, descending } = model.lists[screen];
  const inputs = [...tables[screen].inputs(model, shownData(model)), filter, sort, descending];
  const last = lastRows.get(screen);
  if (last !== void 0 && last.inputs.length === inputs.length && last.inputs.every((x, i) => x === inputs[i])) {
    return last.rows;
  }
  const rows = computeRows(model, screen);
  lastRows.set(screen, { inputs, rows });
  return rows;
}
function cursorOf(model, screen = model.route.screen) {
  const { items } = rowsOf(model, screen);
  const table = tables[screen];
  const { selected, index } = model.lists[screen];
  if (items.length === 0) return -1;
  if (selected === void 0) return table.follows === true ? items.length - 1 : Math.min(index, items.length - 1);
  const near = items[index];
  if (near !== void 0 && table.key(near) === selected) return index;
  const found = items.findIndex((item) => table.key(item) === selected);
  return found >= 0 ? found : Math.min(index, items.length - 1);
}
function selectedItem(model, screen = model.route.screen) {
  return rowsOf(model, screen).items[cursorOf(model, screen)];
}
const onScreen = (model, screen) => model.route.screen === screen;
function selectedDevice(model) {
  return onScreen(model, "devices") ? selectedItem(model) : void 0;
}
function selectedPoint(model) {
  return onScreen(model, "points") ? selectedItem(model) : void 0;
}
function selectedTopic(model) {
  return onScreen(model, "topics") ? selectedItem(model) : void 0;
}
function selectedAlarm(model) {
  return onScreen(model, "overview") ? selectedItem(model) : void 0;
}
function dialogPoint(model) {
  const { dialog } = model;
  return dialog === void 0 ? void 0 : model.data.points.get(`${dialog.device}/${dialog.point}`);
}
function namesOf(model) {
  return { devices: [...model.data.devices.keys()], topics: [...model.data.topics.keys()] };
}
function readOnlyReason(model) {
  if (model.settings.readOnly) return "this session is read-only";
  return model.data.status?.readOnly === true ? "tui.readOnly is set in the configuration" : void 0;
}
const SILENCE_MS = 45e3;
function staleSince(model) {
  const { state, since, heardAt } = model.connection;
  if (state === "lost") return since;
  return state === "live" && model.now - heardAt > SILENCE_MS ? heardAt : void 0;
}
function wantedStreams(model) {
  if (model.route.screen !== "topics") return { clients: model.route.screen === "clients" };
  const node = selectedTopic(model);
  return {
    topics: model.topicFilter,
    tail: node === void 0 ? model.topicFilter : filterOfNode(node, model.topicFilter),
    clients: false
  };
}
function problemOf(model) {
  const item = selectedItem(model);
  const own = item === void 0 ? void 0 : tables[model.route.screen].problem?.(item);
  return own ?? shownData(model).status?.alarms[0]?.error;
}
export {
  cursorOf,
  dialogPoint,
  gatewayNow,
  namesOf,
  problemOf,
  readOnlyReason,
  rowsOf,
  selectedAlarm,
  selectedDevice,
  selectedItem,
  selectedPoint,
  selectedTopic,
  shownData,
  staleSince,
  tables,
  wantedStreams
};
//# sourceMappingURL=select.js.map
