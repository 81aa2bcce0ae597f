import { Fragment, jsx, jsxs } from "react/jsx-runtime";
import { COLUMN_GAP, placeColumns } from "../columns.js";
import { scrollTo } from "../layout.js";
import { cursorOf, gatewayNow, rowsOf, tables } from "../select.js";
import { span } from "../spans.js";
import { clean, fit } from "../text.js";
import { Line, useTheme } from "./line.js";
const MARK = 2;
const MARGIN = 1;
const gap = span(" ".repeat(COLUMN_GAP));
function joined(cells) {
  return cells.flatMap((cell, i) => i === 0 ? [cell] : [gap, cell]);
}
function Table(props) {
  const { model, width, rows: height } = props;
  const { ascii } = useTheme();
  const table = tables[model.route.screen];
  const list = model.lists[model.route.screen];
  const { items } = rowsOf(model);
  const cursor = cursorOf(model);
  const now = gatewayNow(model);
  const placed = placeColumns(table.columns(model), width - MARK - MARGIN);
  const heading = ({ column, width: room }) => {
    const isSorted = list.sort === column.id;
    const mark = isSorted ? list.descending ? " \u25BE" : " \u25B4" : "";
    const title = `${column.title}${mark}`;
    const text = title.length > room && isSorted ? `${column.title.slice(0, room - 1)}${mark.trim()}` : title;
    return span(fit(clean(text, ascii), room, column.align, ascii), isSorted ? "accent" : "muted");
  };
  const row = (item, isSelected) => {
    const cells = placed.map(({ column, width: room }, i) => {
      const cell = column.cell(item, { now, width: room });
      const text = fit(clean(cell.text, ascii), room, column.align, ascii);
      return isSelected && i === 0 ? span(text, "focus") : { ...cell, text, bold: cell.bold === true || isSelected };
    });
    return [span(isSelected ? "\u25B8 " : "  ", "focus"), ...joined(cells)];
  };
  const top = scrollTo(list.top, Math.max(0, cursor), height, items.length);
  return /* @__PURE__ */ jsxs(Fragment, { children: [
    /* @__PURE__ */ jsx(Line, { spans: [span(" ".repeat(MARK)), ...joined(placed.map(heading))], width }),
    items.slice(top, top + height).map((item, i) => /* @__PURE__ */ jsx(Line, { spans: row(item, top + i === cursor), width }, table.key(item))),
    items.length === 0 && /* @__PURE__ */ jsx(Line, { spans: [span(`  ${emptyText(model)}`, "muted")], width })
  ] });
}
function emptyText(model) {
  if (!model.data.loaded) return "waiting for the gateway";
  const { filter } = model.lists[model.route.screen];
  if (filter !== "" && rowsOf(model).total > 0) return `nothing matches ${filter} \xB7 esc shows all`;
  if (model.route.screen === "clients" && model.data.clients === void 0) return "waiting for the gateway";
  return tables[model.route.screen].empty;
}
export {
  Table
};
//# sourceMappingURL=table.js.map
