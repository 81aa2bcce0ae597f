import { jsx } from "react/jsx-runtime";
import { helpLines } from "../help.js";
import { span } from "../spans.js";
import { innerWidth, TextPanel } from "./panel.js";
function Help(props) {
  const { model, area } = props;
  const lines = helpLines(model, innerWidth(area.width));
  const rows = Math.max(1, area.height - 2);
  const top = Math.min(model.help?.top ?? 0, Math.max(0, lines.length - rows));
  const more = top + rows < lines.length ? [span("\u2193 more with j", "muted")] : void 0;
  return /* @__PURE__ */ jsx(TextPanel, { title: [span("keys")], info: more, ...area, focused: true, lines: lines.slice(top) });
}
export {
  Help
};
//# sourceMappingURL=help.js.map
