/** Where everything is, by the size of the terminal. One place, so that keys and drawing agree. */
import { problemRows } from './problem.js';
import type { Model } from './state.js';

export const MIN_COLUMNS = 60;
export const MIN_ROWS = 15;
/** From here on the detail pane is always beside the list. */
export const WIDE_COLUMNS = 140;

/** Status line and hints; the problem has rows of its own. */
const CHROME_ROWS = 2;
/** Two borders and the header of a table. */
const TABLE_CHROME_ROWS = 3;
const BOTTOM_PANE_ROWS = 12;
/** The panels of the overview above its alarms; the alarms keep room for at least one. */
const GATEWAY_ROWS = 12;
const LEAST_ALARM_ROWS = 5;
const ROWS_PER_ALARM = 2;

export interface Area {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** The terminal cannot hold a screen. */
  readonly tooSmall: boolean;
  /** All that is drawn: one row less than the terminal, else every frame clears it. */
  readonly frame: Area;
  readonly body: Area;
  /** Rows of the line between the body and the hints. */
  readonly problemRows: number;
  /** The list, or the left pane; height 0: hidden by the pane. */
  readonly list: Area;
  /** Detail, dialog or tail; undefined: not shown. */
  readonly pane: Area | undefined;
  /** The pane is beside the list, not below it. */
  readonly beside: boolean;
  /** Rows of the list that show items. */
  readonly listRows: number;
}

const hasDialog = (model: Model) =>
  model.dialog !== undefined || model.kick !== undefined || model.rollback !== undefined;

const hasDetail = (model: Model) => model.route.screen !== 'overview' && model.route.screen !== 'topics';

export function layoutOf(model: Model): Layout {
  const { columns, rows } = model.size;
  const frame = { width: columns, height: Math.max(1, rows - 1) };
  const problem = problemRows(model);
  const body = { width: columns, height: Math.max(0, frame.height - CHROME_ROWS - problem) };
  const place = (list: Area, pane: Area | undefined, beside: boolean): Layout => ({
    tooSmall: columns < MIN_COLUMNS || rows < MIN_ROWS,
    frame,
    body,
    problemRows: problem,
    list,
    pane,
    beside,
    listRows: Math.max(0, list.height - TABLE_CHROME_ROWS),
  });
  if (model.route.screen === 'overview') {
    const height = Math.max(LEAST_ALARM_ROWS, body.height - GATEWAY_ROWS);
    const listRows = Math.max(1, Math.floor((height - 2) / ROWS_PER_ALARM));
    return { ...place({ ...body, height }, undefined, false), listRows };
  }
  if (model.route.screen === 'topics' && !hasDialog(model)) {
    const left = Math.max(28, Math.floor(columns * 0.45));
    return place({ ...body, width: left }, { ...body, width: columns - left }, true);
  }
  const wide = columns >= WIDE_COLUMNS && hasDetail(model);
  if (!wide && !hasDialog(model) && !(model.detail && hasDetail(model))) return place(body, undefined, false);
  if (columns >= WIDE_COLUMNS) {
    const right = Math.floor(columns * 0.38);
    return place({ ...body, width: columns - right }, { ...body, width: right }, true);
  }
  const paneRows = Math.min(BOTTOM_PANE_ROWS, body.height);
  const listRows = body.height - paneRows;
  // A list of fewer rows shows nothing of use: the pane takes its place.
  if (listRows < TABLE_CHROME_ROWS + 2) return place({ ...body, height: 0 }, body, false);
  return place({ ...body, height: listRows }, { ...body, height: paneRows }, false);
}

/** The first visible row: moved only as far as needed to show the cursor. */
export function scrollTo(top: number, index: number, height: number, count: number): number {
  if (height < 1) return 0;
  const highest = Math.max(0, count - height);
  const clamped = Math.min(Math.max(0, top), highest);
  if (index < clamped) return Math.max(0, index);
  return index >= clamped + height ? index - height + 1 : clamped;
}
