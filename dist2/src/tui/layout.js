import { problemRows } from "./problem.js";
const MIN_COLUMNS = 60;
const MIN_ROWS = 15;
const WIDE_COLUMNS = 140;
const CHROME_ROWS = 2;
const TABLE_CHROME_ROWS = 3;
const BOTTOM_PANE_ROWS = 12;
const GATEWAY_ROWS = 12;
const LEAST_ALARM_ROWS = 5;
const ROWS_PER_ALARM = 2;
const hasDetail = (model) => model.route.screen !== "overview" && model.route.screen !== "topics";
function layoutOf(model) {
  const { columns, rows } = model.size;
  const frame = { width: columns, height: Math.max(1, rows - 1) };
  const problem = problemRows(model);
  const body = { width: columns, height: Math.max(0, frame.height - CHROME_ROWS - problem) };
  const place = (list, pane, beside) => ({
    tooSmall: columns < MIN_COLUMNS || rows < MIN_ROWS,
    frame,
    body,
    problemRows: problem,
    list,
    pane,
    beside,
    listRows: Math.max(0, list.height - TABLE_CHROME_ROWS)
  });
  if (model.route.screen === "overview") {
    const height = Math.max(LEAST_ALARM_ROWS, body.height - GATEWAY_ROWS);
    const listRows2 = Math.max(1, Math.floor((height - 2) / ROWS_PER_ALARM));
    return { ...place({ ...body, height }, void 0, false), listRows: listRows2 };
  }
  if (model.route.screen === "topics" && model.dialog === void 0) {
    const left = Math.max(28, Math.floor(columns * 0.45));
    return place({ ...body, width: left }, { ...body, width: columns - left }, true);
  }
  const wide = columns >= WIDE_COLUMNS && hasDetail(model);
  if (!wide && model.dialog === void 0 && !(model.detail && hasDetail(model))) return place(body, void 0, false);
  if (columns >= WIDE_COLUMNS) {
    const right = Math.floor(columns * 0.38);
    return place({ ...body, width: columns - right }, { ...body, width: right }, true);
  }
  const paneRows = Math.min(BOTTOM_PANE_ROWS, body.height);
  const listRows = body.height - paneRows;
  if (listRows < TABLE_CHROME_ROWS + 2) return place({ ...body, height: 0 }, body, false);
  return place({ ...body, height: listRows }, { ...body, height: paneRows }, false);
}
function scrollTo(top, index, height, count) {
  if (height < 1) return 0;
  const highest = Math.max(0, count - height);
  const clamped = Math.min(Math.max(0, top), highest);
  if (index < clamped) return Math.max(0, index);
  return index >= clamped + height ? index - height + 1 : clamped;
}
export {
  MIN_COLUMNS,
  MIN_ROWS,
  WIDE_COLUMNS,
  layoutOf,
  scrollTo
};
//# sourceMappingURL=layout.js.map
