import { detailLines } from "./detail.js";
import { helpLines } from "./help.js";
import { layoutOf, scrollTo } from "./layout.js";
import { cursorOf, rowsOf, selectedTopic, tables } from "./select.js";
import { leaveWrite } from "./write.js";
const MAX_PAST = 50;
const MAX_TAIL_BACK = 5e3;
function withList(model, change, screen = model.route.screen) {
  return { ...model, lists: { ...model.lists, [screen]: { ...model.lists[screen], ...change } } };
}
const sameRoute = (a, b) => a.screen === b.screen && a.argument === b.argument;
function show(model, route) {
  let next = {
    ...model,
    route,
    frozen: void 0,
    help: void 0,
    dialog: void 0,
    prompt: void 0,
    detail: false,
    detailTop: 0,
    pane: 0,
    tailBack: 0
  };
  const isOther = route.screen === model.route.screen && route.argument !== model.route.argument;
  const isNewDevice = route.screen === "points" && route.argument !== void 0;
  if (isOther || isNewDevice) next = withList(next, { selected: void 0, index: 0, top: 0, filter: "" });
  if (route.screen === "topics" && route.argument !== void 0) next = { ...next, topicFilter: route.argument };
  return next;
}
function go(model, route, select, filter) {
  const moved = sameRoute(route, model.route);
  const past = moved ? model.past : [...model.past, model.route].slice(-MAX_PAST);
  let next = { ...show(model, route), past, future: moved ? model.future : [] };
  if (select !== void 0) next = withList(next, { selected: select, filter: "" });
  if (filter !== void 0) next = withList(next, { filter });
  return next;
}
function back(model) {
  const route = model.past.at(-1);
  if (route === void 0) return model;
  return { ...show(model, route), past: model.past.slice(0, -1), future: [model.route, ...model.future] };
}
function forward(model) {
  const [route, ...future] = model.future;
  return route === void 0 ? model : { ...show(model, route), past: [...model.past, model.route], future };
}
function leave(model) {
  if (model.help !== void 0) return { ...model, help: void 0 };
  if (model.dialog !== void 0) return { ...model, dialog: leaveWrite(model.dialog) };
  if (model.frozen !== void 0) return { ...model, frozen: void 0, tailBack: 0 };
  if (model.pane !== 0) return { ...model, pane: 0 };
  if (model.detail) return { ...model, detail: false };
  if (model.lists[model.route.screen].filter !== "") return withList(model, { filter: "", top: 0 });
  return back(model);
}
function moveTail(model, by, page) {
  const steps = { first: MAX_TAIL_BACK, last: -MAX_TAIL_BACK, "page-up": page, "page-down": -page };
  const wanted = model.tailBack + (typeof by === "number" ? -by : steps[by]);
  const tailBack = Math.min(MAX_TAIL_BACK, Math.max(0, wanted));
  if (by === "last") return { ...model, tailBack: 0, frozen: void 0 };
  return { ...model, tailBack, frozen: model.frozen ?? { data: model.data, at: model.now } };
}
function scrolled(top, lines, page, by) {
  const last = Math.max(0, lines - page);
  const steps = { first: -top, last: last - top, "page-up": -page, "page-down": page };
  return Math.min(last, Math.max(0, top + (typeof by === "number" ? by : steps[by])));
}
function moveHelp(model, top, by) {
  const { body } = layoutOf(model);
  const lines = helpLines(model, body.width - 2).length;
  return { ...model, help: { top: scrolled(top, lines, Math.max(1, body.height - 2), by) } };
}
function moveDetail(model, by) {
  const { pane } = layoutOf(model);
  if (pane === void 0) return model;
  const lines = detailLines(model, pane.width - 2, false).length;
  return { ...model, detailTop: scrolled(model.detailTop, lines, Math.max(1, pane.height - 2), by) };
}
function move(model, by) {
  const height = Math.max(1, layoutOf(model).listRows);
  if (model.help !== void 0) return moveHelp(model, model.help.top, by);
  if (model.pane === 1) return model.route.screen === "topics" ? moveTail(model, by, height) : moveDetail(model, by);
  const { items } = rowsOf(model);
  if (items.length === 0) return model;
  const table = tables[model.route.screen];
  const last = items.length - 1;
  const from = cursorOf(model);
  const steps = { first: -from, last: last - from, "page-up": -height, "page-down": height };
  const index = Math.min(last, Math.max(0, from + (typeof by === "number" ? by : steps[by])));
  const stays = table.follows === true && index === last;
  return withList(
    { ...model, detailTop: 0 },
    {
      index,
      selected: stays ? void 0 : table.key(items[index]),
      top: scrollTo(model.lists[model.route.screen].top, index, height, items.length)
    }
  );
}
function nextSort(model) {
  const sortable = tables[model.route.screen].columns(model).filter((column2) => column2.sort !== void 0);
  const { sort } = model.lists[model.route.screen];
  const index = sort === void 0 ? 0 : sortable.findIndex(({ id }) => id === sort) + 1;
  const column = sortable[index];
  return withList(model, { sort: column?.id, descending: column?.descends === true, top: 0 });
}
function toggle(model, open) {
  const node = selectedTopic(model);
  if (node === void 0 || node.children === 0 || node.open === open) return model;
  const toggled = new Set(model.toggled);
  if (!toggled.delete(node.path)) toggled.add(node.path);
  return { ...model, toggled };
}
export {
  back,
  forward,
  go,
  leave,
  move,
  nextSort,
  toggle,
  withList
};
//# sourceMappingURL=navigation.js.map
