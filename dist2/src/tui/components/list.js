import { jsx, jsxs } from "react/jsx-runtime";
import { Box } from "ink";
import { rowsOf, tables } from "../select.js";
import { span } from "../spans.js";
import { cutStart } from "../text.js";
import { Detail } from "./detail.js";
import { Dialog } from "./dialog.js";
import { innerWidth, Panel } from "./panel.js";
import { Table } from "./table.js";
const TITLE_CHROME = 20;
function listTitle(model, width) {
  const { filter } = model.lists[model.route.screen];
  const { items, total } = rowsOf(model);
  const table = tables[model.route.screen];
  const isCut = filter !== "" && table.filtersItself !== true;
  const watched = model.route.screen === "topics" ? [span(` ${cutStart(model.topicFilter, Math.max(8, width - TITLE_CHROME))}`, "accent")] : [];
  return [
    span(table.noun),
    span(` (${isCut ? `${items.length}/` : ""}${total})`, "muted"),
    ...watched,
    ...filter === "" ? [] : [span(` /${filter}`, "accent")]
  ];
}
function sortInfo(model) {
  const { sort, descending } = model.lists[model.route.screen];
  const column = tables[model.route.screen].columns(model).find(({ id }) => id === sort);
  return column === void 0 ? void 0 : [span(`by ${column.title.toLowerCase()} ${descending ? "\u25BE" : "\u25B4"}`, "muted")];
}
function List(props) {
  const { model, layout } = props;
  const { body, list, pane } = layout;
  return /* @__PURE__ */ jsxs(Box, { flexDirection: layout.beside ? "row" : "column", width: body.width, height: body.height, children: [
    list.height > 0 && /* @__PURE__ */ jsx(
      Panel,
      {
        title: listTitle(model, list.width),
        info: sortInfo(model),
        width: list.width,
        height: list.height,
        focused: model.dialog === void 0 && model.pane === 0,
        children: /* @__PURE__ */ jsx(Table, { model, width: innerWidth(list.width), rows: layout.listRows })
      }
    ),
    pane !== void 0 && (model.dialog === void 0 ? /* @__PURE__ */ jsx(Detail, { model, area: pane }) : /* @__PURE__ */ jsx(Dialog, { model, area: pane }))
  ] });
}
export {
  List,
  listTitle
};
//# sourceMappingURL=list.js.map
