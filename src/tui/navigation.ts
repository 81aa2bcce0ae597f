/** Where one is and where the cursor is: screens, history, lists. Part of the reducer; pure. */
import { detailLines } from './detail.js';
import { helpLines } from './help.js';
import { layoutOf, scrollTo } from './layout.js';
import { cursorOf, rowsOf, selectedTopic, tables } from './select.js';
import type { ListState, Model, Move, Route, ScreenId } from './state.js';
import { leaveWrite } from './write.js';

const MAX_PAST = 50;
/** More lines than the tail can have in any mode are never asked for. */
const MAX_TAIL_BACK = 5_000;

export function withList(model: Model, change: Partial<ListState>, screen: ScreenId = model.route.screen): Model {
  return { ...model, lists: { ...model.lists, [screen]: { ...model.lists[screen], ...change } } };
}

const sameRoute = (a: Route, b: Route) => a.screen === b.screen && a.argument === b.argument;

/** Shows another screen. The list of another device, or another filter of topics, starts at its top. */
function show(model: Model, route: Route): Model {
  let next: Model = {
    ...model,
    route,
    frozen: undefined,
    help: undefined,
    dialog: undefined,
    kick: undefined,
    rollback: undefined,
    prompt: undefined,
    detail: false,
    detailTop: 0,
    pane: 0,
    tailBack: 0,
  };
  const isOther = route.screen === model.route.screen && route.argument !== model.route.argument;
  const isNewDevice = route.screen === 'points' && route.argument !== undefined;
  if (isOther || isNewDevice) next = withList(next, { selected: undefined, index: 0, top: 0, filter: '' });
  if (route.screen === 'topics' && route.argument !== undefined) next = { ...next, topicFilter: route.argument };
  return next;
}

export function go(model: Model, route: Route, select: string | undefined, filter: string | undefined): Model {
  const moved = sameRoute(route, model.route);
  const past = moved ? model.past : [...model.past, model.route].slice(-MAX_PAST);
  let next: Model = { ...show(model, route), past, future: moved ? model.future : [] };
  if (select !== undefined) next = withList(next, { selected: select, filter: '' });
  if (filter !== undefined) next = withList(next, { filter });
  return next;
}

export function back(model: Model): Model {
  const route = model.past.at(-1);
  if (route === undefined) return model;
  return { ...show(model, route), past: model.past.slice(0, -1), future: [model.route, ...model.future] };
}

export function forward(model: Model): Model {
  const [route, ...future] = model.future;
  return route === undefined ? model : { ...show(model, route), past: [...model.past, model.route], future };
}

/** esc: leaves the innermost thing that is open. */
export function leave(model: Model): Model {
  if (model.help !== undefined) return { ...model, help: undefined };
  if (model.dialog !== undefined) return { ...model, dialog: leaveWrite(model.dialog) };
  if (model.kick !== undefined) return { ...model, kick: undefined };
  if (model.rollback !== undefined) return { ...model, rollback: undefined };
  if (model.frozen !== undefined) return { ...model, frozen: undefined, tailBack: 0 };
  if (model.pane !== 0) return { ...model, pane: 0 };
  if (model.detail) return { ...model, detail: false };
  if (model.lists[model.route.screen].filter !== '') return withList(model, { filter: '', top: 0 });
  return back(model);
}

/** Looking back in the tail freezes it, else the lines would run away; its end lets it go on. */
function moveTail(model: Model, by: Move, page: number): Model {
  const steps = { first: MAX_TAIL_BACK, last: -MAX_TAIL_BACK, 'page-up': page, 'page-down': -page } as const;
  const wanted = model.tailBack + (typeof by === 'number' ? -by : steps[by]);
  const tailBack = Math.min(MAX_TAIL_BACK, Math.max(0, wanted));
  if (by === 'last') return { ...model, tailBack: 0, frozen: undefined };
  return { ...model, tailBack, frozen: model.frozen ?? { data: model.data, at: model.now } };
}

/** The first visible line of a text after a move. */
function scrolled(top: number, lines: number, page: number, by: Move): number {
  const last = Math.max(0, lines - page);
  const steps = { first: -top, last: last - top, 'page-up': -page, 'page-down': page } as const;
  return Math.min(last, Math.max(0, top + (typeof by === 'number' ? by : steps[by])));
}

function moveHelp(model: Model, top: number, by: Move): Model {
  const { body } = layoutOf(model);
  const lines = helpLines(model, body.width - 2).length;
  return { ...model, help: { top: scrolled(top, lines, Math.max(1, body.height - 2), by) } };
}

function moveDetail(model: Model, by: Move): Model {
  const { pane } = layoutOf(model);
  if (pane === undefined) return model;
  const lines = detailLines(model, pane.width - 2, false).length;
  return { ...model, detailTop: scrolled(model.detailTop, lines, Math.max(1, pane.height - 2), by) };
}

export function move(model: Model, by: Move): Model {
  const height = Math.max(1, layoutOf(model).listRows);
  if (model.help !== undefined) return moveHelp(model, model.help.top, by);
  if (model.pane === 1) return model.route.screen === 'topics' ? moveTail(model, by, height) : moveDetail(model, by);
  const { items } = rowsOf(model);
  if (items.length === 0) return model;
  const table = tables[model.route.screen];
  const last = items.length - 1;
  const from = cursorOf(model);
  const steps = { first: -from, last: last - from, 'page-up': -height, 'page-down': height } as const;
  const index = Math.min(last, Math.max(0, from + (typeof by === 'number' ? by : steps[by])));
  const stays = table.follows === true && index === last;
  return withList(
    { ...model, detailTop: 0 },
    {
      index,
      selected: stays ? undefined : table.key(items[index]!),
      top: scrollTo(model.lists[model.route.screen].top, index, height, items.length),
    },
  );
}

/** `s`: the next column that can be sorted by, after the last one the gateway's order. */
export function nextSort(model: Model): Model {
  const sortable = tables[model.route.screen].columns(model).filter((column) => column.sort !== undefined);
  const { sort } = model.lists[model.route.screen];
  const index = sort === undefined ? 0 : sortable.findIndex(({ id }) => id === sort) + 1;
  const column = sortable[index];
  return withList(model, { sort: column?.id, descending: column?.descends === true, top: 0 });
}

export function toggle(model: Model, open: boolean | undefined): Model {
  const node = selectedTopic(model);
  if (node === undefined || node.children === 0 || node.open === open) return model;
  const toggled = new Set(model.toggled);
  if (!toggled.delete(node.path)) toggled.add(node.path);
  return { ...model, toggled };
}
