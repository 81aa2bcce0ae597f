import { jsx } from "react/jsx-runtime";
import { detailLines } from "../detail.js";
import { selectedItem, tables } from "../select.js";
import { span } from "../spans.js";
import { useTheme } from "./line.js";
import { innerWidth, TextPanel } from "./panel.js";
function Detail(props) {
  const { model, area } = props;
  const { ascii } = useTheme();
  const item = selectedItem(model);
  const title = item === void 0 ? "nothing selected" : tables[model.route.screen].key(item);
  const lines = detailLines(model, innerWidth(area.width), ascii);
  const page = Math.max(1, area.height - 2);
  const top = Math.min(model.detailTop, Math.max(0, lines.length - page));
  const below = lines.length - top - page;
  const more = below > 0 ? [span(`\u2193 ${below} more with ${model.pane === 1 ? "j" : "tab j"}`, "muted")] : void 0;
  return /* @__PURE__ */ jsx(
    TextPanel,
    {
      title: [span(model.route.screen === "logs" ? "line" : title)],
      info: more,
      width: area.width,
      height: area.height,
      focused: model.pane === 1,
      lines: lines.slice(top)
    }
  );
}
export {
  Detail
};
//# sourceMappingURL=detail.js.map
