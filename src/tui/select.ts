/** What is on the screen, computed from the model. Pure; the last answer per screen is kept while nothing changed. */
import type { AlarmView, ClientView, DeviceView, FunctionView, LinkView } from '../api/contract.js';
import type { ErrorView } from '../core/errors.js';
import type { Column } from './columns.js';
import { parseFilter } from './filter.js';
import type { Names } from './prompt.js';
import type { Data, LogRow, Model, PointRow, ScreenId } from './state.js';
import { alarmTable } from './tables/alarms.js';
import { clientTable } from './tables/clients.js';
import { deviceTable } from './tables/devices.js';
import { functionTable } from './tables/functions.js';
import { linkTable } from './tables/links.js';
import { logTable } from './tables/logs.js';
import { pointTable } from './tables/points.js';
import type { TableSpec } from './tables/table.js';
import { filterOfNode, type TopicNode, topicTable } from './tables/topics.js';

/** A row of any list. Each table only ever sees its own. */
export type Item = AlarmView | DeviceView | PointRow | ClientView | TopicNode | LinkView | FunctionView | LogRow;

export const tables: Readonly<Record<ScreenId, TableSpec<Item>>> = {
  overview: alarmTable as TableSpec<Item>,
  devices: deviceTable as TableSpec<Item>,
  points: pointTable as TableSpec<Item>,
  clients: clientTable as TableSpec<Item>,
  topics: topicTable as TableSpec<Item>,
  links: linkTable as TableSpec<Item>,
  functions: functionTable as TableSpec<Item>,
  logs: logTable as TableSpec<Item>,
};

/** The data on the screen: the newest, or that of the moment of the freeze. */
export function shownData(model: Model): Data {
  return model.frozen?.data ?? model.data;
}

/** The gateway's clock now; ages are against it. */
export function gatewayNow(model: Model): number {
  return model.now + model.data.skewMs;
}

export interface Rows {
  readonly items: readonly Item[];
  /** Before the filter. */
  readonly total: number;
  /** Why the filter is not applied. */
  readonly problem: string | undefined;
}

function sorted(items: readonly Item[], column: Column<Item>, descending: boolean): Item[] {
  const keyed = items.map((item) => ({ item, key: column.sort?.(item) ?? null }));
  const direction = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    if (typeof a.key !== typeof b.key) return typeof a.key === 'number' ? -1 : 1;
    return a.key < b.key ? -direction : direction;
  });
  return keyed.map(({ item }) => item);
}

function computeRows(model: Model, screen: ScreenId): Rows {
  const table = tables[screen];
  const list = model.lists[screen];
  const filter = parseFilter(list.filter);
  const all = table.items(model, shownData(model), filter);
  const matching =
    list.filter === '' || table.filtersItself === true ? all : all.filter((item) => filter.matches(table.text(item)));
  const column = table.columns(model).find(({ id }) => id === list.sort);
  const items = column?.sort === undefined ? matching : sorted(matching, column, list.descending);
  return { items, total: table.count?.(shownData(model)) ?? all.length, problem: filter.problem };
}

const lastRows = new Map<ScreenId, { readonly inputs: readonly unknown[]; readonly rows: Rows }>();

export function rowsOf(model: Model, screen: ScreenId = model.route.screen): Rows {
  const { filter, sort, descending } = model.lists[screen];
  const inputs = [...tables[screen].inputs(model, shownData(model)), filter, sort, descending];
  const last = lastRows.get(screen);
  if (last !== undefined && last.inputs.length === inputs.length && last.inputs.every((x, i) => x === inputs[i])) {
    return last.rows;
  }
  const rows = computeRows(model, screen);
  lastRows.set(screen, { inputs, rows });
  return rows;
}

/** Index of the cursor; −1 in an empty list. It follows its key; when that is gone, it stays where it was. */
export function cursorOf(model: Model, screen: ScreenId = model.route.screen): number {
  const { items } = rowsOf(model, screen);
  const table = tables[screen];
  const { selected, index } = model.lists[screen];
  if (items.length === 0) return -1;
  if (selected === undefined) return table.follows === true ? items.length - 1 : Math.min(index, items.length - 1);
  const near = items[index];
  if (near !== undefined && table.key(near) === selected) return index;
  const found = items.findIndex((item) => table.key(item) === selected);
  return found >= 0 ? found : Math.min(index, items.length - 1);
}

export function selectedItem(model: Model, screen: ScreenId = model.route.screen): Item | undefined {
  return rowsOf(model, screen).items[cursorOf(model, screen)];
}

const onScreen = (model: Model, screen: ScreenId) => model.route.screen === screen;

export function selectedDevice(model: Model): DeviceView | undefined {
  return onScreen(model, 'devices') ? (selectedItem(model) as DeviceView | undefined) : undefined;
}

export function selectedPoint(model: Model): PointRow | undefined {
  return onScreen(model, 'points') ? (selectedItem(model) as PointRow | undefined) : undefined;
}

export function selectedClient(model: Model): ClientView | undefined {
  return onScreen(model, 'clients') ? (selectedItem(model) as ClientView | undefined) : undefined;
}

export function selectedFunction(model: Model): FunctionView | undefined {
  return onScreen(model, 'functions') ? (selectedItem(model) as FunctionView | undefined) : undefined;
}

export function selectedTopic(model: Model): TopicNode | undefined {
  return onScreen(model, 'topics') ? (selectedItem(model) as TopicNode | undefined) : undefined;
}

export function selectedAlarm(model: Model): AlarmView | undefined {
  return onScreen(model, 'overview') ? (selectedItem(model) as AlarmView | undefined) : undefined;
}

/** The point of the open write dialog, as it is now (never frozen). */
export function dialogPoint(model: Model): PointRow | undefined {
  const { dialog } = model;
  return dialog === undefined ? undefined : model.data.points.get(`${dialog.device}/${dialog.point}`);
}

/** What arguments of commands are completed with. */
export function namesOf(model: Model): Names {
  return { devices: [...model.data.devices.keys()], topics: [...model.data.topics.keys()] };
}

/** Nothing may be changed from here, and why. */
export function readOnlyReason(model: Model): string | undefined {
  if (model.settings.readOnly) return 'this session is read-only';
  return model.data.status?.readOnly === true ? 'tui.readOnly is set in the configuration' : undefined;
}

/** A gateway pings every 15 s; three of them missing is old data. */
const SILENCE_MS = 45_000;

/** Since when (our clock) the screen is not current; undefined: it is. */
export function staleSince(model: Model): number | undefined {
  const { state, since, heardAt } = model.connection;
  if (state === 'lost') return since;
  return state === 'live' && model.now - heardAt > SILENCE_MS ? heardAt : undefined;
}

/** Which streams the screen needs; undefined: not now. */
export function wantedStreams(model: Model): {
  readonly topics?: string;
  readonly tail?: string;
  readonly clients: boolean;
  /** The function whose lines are shown. */
  readonly functionLines?: string;
  /** The point whose last day is shown. */
  readonly pointDay?: PointRow;
} {
  const point = model.data.status?.history === undefined ? undefined : selectedPoint(model);
  if (point !== undefined) return { clients: false, pointDay: point };
  const name = selectedFunction(model)?.name;
  if (name !== undefined) return { clients: false, functionLines: name };
  if (model.route.screen !== 'topics') return { clients: model.route.screen === 'clients' };
  const node = selectedTopic(model);
  return {
    topics: model.topicFilter,
    tail: node === undefined ? model.topicFilter : filterOfNode(node, model.topicFilter),
    clients: false,
  };
}

/** The most pressing thing that is wrong: with the selected row, else with the gateway. */
export function problemOf(model: Model): ErrorView | undefined {
  const item = selectedItem(model);
  const own = item === undefined ? undefined : tables[model.route.screen].problem?.(item);
  return own ?? shownData(model).status?.alarms[0]?.error;
}
