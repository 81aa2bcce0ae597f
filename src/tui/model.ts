/** The reducer: `(model, action) → model`. Pure; it alone changes what the interface knows. */
import { appendTail, applyEvent, noData } from './data.js';
import { helpLines } from './help.js';
import { layoutOf, scrollTo } from './layout.js';
import { cursorOf, dialogPoint, rowsOf, selectedTopic, tables } from './select.js';
import type { Action, Connection, ListState, Model, Move, Notice, Route, ScreenId } from './state.js';
import { logLevels } from './tables/logs.js';
import { confirmWrite, editWrite, leaveWrite, openWrite, outcomeHint, outcomeText } from './write.js';

const MAX_PAST = 50;
/** More lines than the tail can have in any mode are never asked for. */
const MAX_TAIL_BACK = 5_000;

const freshList: ListState = {
  selected: undefined,
  index: 0,
  top: 0,
  filter: '',
  sort: undefined,
  descending: false,
};

export interface Start {
  readonly readOnly: boolean;
  readonly target: string;
  readonly now: number;
  readonly columns: number;
  readonly rows: number;
  readonly route: Route;
}

export function initialModel(start: Start): Model {
  return {
    settings: { readOnly: start.readOnly, target: start.target },
    size: { columns: start.columns, rows: start.rows },
    now: start.now,
    connection: { state: 'connecting', since: start.now, heardAt: start.now },
    data: noData,
    frozen: undefined,
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
      logs: freshList,
    },
    detail: false,
    pane: 0,
    tailBack: 0,
    help: undefined,
    prompt: undefined,
    dialog: undefined,
    notice: undefined,
    logLevel: 'info',
    topicFilter: '#',
    toggled: new Set(),
    payloadMode: 'text',
  };
}

function withList(model: Model, change: Partial<ListState>, screen: ScreenId = model.route.screen): Model {
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
    prompt: undefined,
    detail: false,
    pane: 0,
    tailBack: 0,
  };
  const isOther = route.screen === model.route.screen && route.argument !== model.route.argument;
  const isNewDevice = route.screen === 'points' && route.argument !== undefined;
  if (isOther || isNewDevice) next = withList(next, { selected: undefined, index: 0, top: 0, filter: '' });
  if (route.screen === 'topics' && route.argument !== undefined) next = { ...next, topicFilter: route.argument };
  return next;
}

function go(model: Model, route: Route, select: string | undefined, filter: string | undefined): Model {
  const moved = sameRoute(route, model.route);
  const past = moved ? model.past : [...model.past, model.route].slice(-MAX_PAST);
  let next: Model = { ...show(model, route), past, future: moved ? model.future : [] };
  if (select !== undefined) next = withList(next, { selected: select, filter: '' });
  if (filter !== undefined) next = withList(next, { filter });
  return next;
}

function back(model: Model): Model {
  const route = model.past.at(-1);
  if (route === undefined) return model;
  return { ...show(model, route), past: model.past.slice(0, -1), future: [model.route, ...model.future] };
}

function forward(model: Model): Model {
  const [route, ...future] = model.future;
  return route === undefined ? model : { ...show(model, route), past: [...model.past, model.route], future };
}

/** esc: leaves the innermost thing that is open. */
function leave(model: Model): Model {
  if (model.help !== undefined) return { ...model, help: undefined };
  if (model.dialog !== undefined) return { ...model, dialog: leaveWrite(model.dialog) };
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

function moveHelp(model: Model, top: number, by: Move): Model {
  const { body } = layoutOf(model);
  const page = Math.max(1, body.height - 2);
  const last = Math.max(0, helpLines(model, body.width - 2).length - page);
  const steps = { first: -top, last: last - top, 'page-up': -page, 'page-down': page } as const;
  const wanted = top + (typeof by === 'number' ? by : steps[by]);
  return { ...model, help: { top: Math.min(last, Math.max(0, wanted)) } };
}

function move(model: Model, by: Move): Model {
  const height = Math.max(1, layoutOf(model).listRows);
  if (model.pane === 1 && model.help === undefined) return moveTail(model, by, height);
  if (model.help !== undefined) return moveHelp(model, model.help.top, by);
  const { items } = rowsOf(model);
  if (items.length === 0) return model;
  const table = tables[model.route.screen];
  const last = items.length - 1;
  const from = cursorOf(model);
  const steps = { first: -from, last: last - from, 'page-up': -height, 'page-down': height } as const;
  const index = Math.min(last, Math.max(0, from + (typeof by === 'number' ? by : steps[by])));
  const stays = table.follows === true && index === last;
  return withList(model, {
    index,
    selected: stays ? undefined : table.key(items[index]!),
    top: scrollTo(model.lists[model.route.screen].top, index, height, items.length),
  });
}

/** `s`: the next column that can be sorted by, after the last one the gateway's order. */
function nextSort(model: Model): Model {
  const sortable = tables[model.route.screen].columns(model).filter((column) => column.sort !== undefined);
  const { sort } = model.lists[model.route.screen];
  const index = sort === undefined ? 0 : sortable.findIndex(({ id }) => id === sort) + 1;
  const column = sortable[index];
  return withList(model, { sort: column?.id, descending: column?.descends === true, top: 0 });
}

function toggle(model: Model, open: boolean | undefined): Model {
  const node = selectedTopic(model);
  if (node === undefined || node.children === 0 || node.open === open) return model;
  const toggled = new Set(model.toggled);
  if (!toggled.delete(node.path)) toggled.add(node.path);
  return { ...model, toggled };
}

function edit(model: Model, change: (text: string) => string): Model {
  if (model.prompt !== undefined) {
    const prompt = { ...model.prompt, text: change(model.prompt.text) };
    const next = { ...model, prompt };
    return prompt.kind === 'filter' ? withList(next, { filter: prompt.text, index: 0, top: 0 }) : next;
  }
  return model.dialog === undefined ? model : { ...model, dialog: editWrite(model.dialog, change) };
}

function closePrompt(model: Model, keep: boolean): Model {
  const { prompt } = model;
  if (prompt === undefined) return model;
  const next = { ...model, prompt: undefined };
  return prompt.kind === 'filter' && !keep ? withList(next, { filter: prompt.before }) : next;
}

function withNotice(model: Model, tone: Notice['tone'], text: string, hint = ''): Model {
  return { ...model, notice: { tone, text, hint, at: model.now } };
}

function writeDone(model: Model, action: Extract<Action, { type: 'write-done' }>): Model {
  const { dialog } = model;
  if (dialog?.device === action.device && dialog.point === action.point && dialog.stage === 'sending') {
    return { ...model, dialog: { ...dialog, stage: 'done', outcome: action.outcome } };
  }
  // The dialog was closed meanwhile: the outcome is told all the same.
  const row = model.data.points.get(`${action.device}/${action.point}`);
  const text = row === undefined ? action.outcome.status : outcomeText(action.outcome, row.view);
  const isGood = action.outcome.status === 'verified' || action.outcome.status === 'written';
  return withNotice(
    model,
    isGood ? 'ok' : 'bad',
    `${action.device}/${action.point}: ${text}`,
    outcomeHint(action.outcome),
  );
}

function lost(connection: Connection, action: Extract<Action, { type: 'lost' }>): Connection {
  const since = connection.state === 'lost' ? connection.since : action.at;
  return { ...connection, state: 'lost', since, error: action.error };
}

function heard(model: Model, action: Extract<Action, { type: 'event' }>): Model {
  const data = applyEvent(model.data, action.stream, action.event, action.at);
  if (action.stream !== 'main') return { ...model, data };
  const { since, state } = model.connection;
  const isBack = state !== 'live' && action.event.kind === 'snapshot';
  const connection: Connection = {
    state: isBack ? 'live' : state,
    since: isBack ? action.at : since,
    heardAt: action.at,
  };
  return { ...model, data, connection, now: Math.max(model.now, action.at) };
}

function withLost(model: Model, action: Extract<Action, { type: 'lost' }>): Model {
  if (action.stream === 'main') return { ...model, connection: lost(model.connection, action) };
  const key = action.stream === 'topics' ? 'topicsError' : 'tailError';
  return { ...model, data: { ...model.data, [key]: action.error } };
}

export function reduce(model: Model, action: Action): Model {
  switch (action.type) {
    case 'event':
      return heard(model, action);
    case 'lost':
      return withLost(model, action);
    case 'reset':
      return {
        ...model,
        data:
          action.stream === 'topics'
            ? { ...model.data, topics: noData.topics, topicsError: undefined }
            : { ...model.data, tail: [], tailDropped: 0, tailError: undefined },
      };
    case 'retained':
      return { ...model, data: appendTail(model.data, action.items, 0) };
    case 'clients':
      return { ...model, data: { ...model.data, clients: action.items } };
    case 'device': {
      const devices = new Map(model.data.devices).set(action.device.name, action.device);
      return { ...model, data: { ...model.data, devices } };
    }
    case 'point':
      return { ...model, data: applyEvent(model.data, 'main', { kind: 'points', data: [action.point] }, model.now) };
    case 'tick':
      return { ...model, now: action.at };
    case 'resize':
      return { ...model, size: { columns: action.columns, rows: action.rows } };
    case 'notice':
      return withNotice(model, action.tone, action.text, action.hint);
    case 'go':
      return go(model, action.route, action.select, action.filter);
    case 'back':
      return back(model);
    case 'forward':
      return forward(model);
    case 'previous': {
      const route = model.past.at(-1);
      return route === undefined ? model : go(model, route, undefined, undefined);
    }
    case 'leave':
      return leave(model);
    case 'move':
      return move(model, action.by);
    case 'sort':
      return nextSort(model);
    case 'reverse':
      return withList(model, { descending: !model.lists[model.route.screen].descending });
    case 'freeze':
      return model.frozen === undefined
        ? { ...model, frozen: { data: model.data, at: model.now } }
        : { ...model, frozen: undefined, tailBack: 0 };
    case 'detail':
      return { ...model, detail: !model.detail };
    case 'pane':
      return { ...model, pane: model.pane === 0 ? 1 : 0 };
    case 'help':
      return { ...model, help: model.help === undefined ? { top: 0 } : undefined };
    case 'level':
      return {
        ...withList(model, { selected: undefined, index: 0, top: 0 }),
        logLevel: logLevels[(logLevels.indexOf(model.logLevel) + 1) % logLevels.length]!,
      };
    case 'payload': {
      const payloadMode = model.payloadMode === 'text' ? 'json' : model.payloadMode === 'json' ? 'hex' : 'text';
      return { ...model, payloadMode, tailBack: 0 };
    }
    case 'toggle':
      return toggle(model, action.open);
    case 'prompt': {
      const text = action.kind === 'filter' ? model.lists[model.route.screen].filter : '';
      return { ...model, prompt: { kind: action.kind, text, before: text }, notice: undefined };
    }
    case 'edit':
      return edit(model, action.edit);
    case 'close-prompt':
      return closePrompt(model, action.keep);
    case 'subscribe':
      return go(model, { screen: 'topics', argument: action.filter }, undefined, undefined);
    case 'write':
      return { ...model, dialog: openWrite(action.device, action.point), notice: undefined };
    case 'write-next': {
      const row = dialogPoint(model);
      if (model.dialog === undefined || row === undefined) return model;
      return { ...model, dialog: confirmWrite(model.dialog, row.view).dialog };
    }
    case 'write-done':
      return writeDone(model, action);
  }
}
