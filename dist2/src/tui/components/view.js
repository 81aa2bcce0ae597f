import { jsx, jsxs } from "react/jsx-runtime";
import { Box } from "ink";
import { layoutOf, MIN_COLUMNS, MIN_ROWS } from "../layout.js";
import { staleSince } from "../select.js";
import { span } from "../spans.js";
import { HintsLine, ProblemLine, StatusLine } from "./bars.js";
import { Help } from "./help.js";
import { Line, ThemeContext } from "./line.js";
import { List } from "./list.js";
import { Overview } from "./overview.js";
import { Topics } from "./topics.js";
function Body(props) {
  const { model } = props;
  const layout = layoutOf(model);
  if (model.help !== void 0) return /* @__PURE__ */ jsx(Help, { model, area: layout.body });
  if (model.route.screen === "overview") return /* @__PURE__ */ jsx(Overview, { model, layout });
  if (model.route.screen === "topics") return /* @__PURE__ */ jsx(Topics, { model, layout });
  return /* @__PURE__ */ jsx(List, { model, layout });
}
function View(props) {
  const { model } = props;
  const { tooSmall, frame, body, problemRows } = layoutOf(model);
  const { columns, rows } = model.size;
  const theme = { ...props.theme, dimmed: staleSince(model) !== void 0 };
  if (tooSmall) {
    const text = `terminal too small: need ${MIN_COLUMNS}\xD7${MIN_ROWS}, have ${columns}\xD7${rows}`;
    return /* @__PURE__ */ jsx(ThemeContext, { value: theme, children: /* @__PURE__ */ jsx(Box, { width: frame.width, height: frame.height, children: /* @__PURE__ */ jsx(Line, { spans: [span(text, "warn")], width: frame.width }) }) });
  }
  return /* @__PURE__ */ jsx(ThemeContext, { value: theme, children: /* @__PURE__ */ jsxs(Box, { flexDirection: "column", width: frame.width, height: frame.height, children: [
    /* @__PURE__ */ jsx(StatusLine, { model }),
    /* @__PURE__ */ jsx(Box, { height: body.height, flexShrink: 0, children: /* @__PURE__ */ jsx(Body, { model }) }),
    /* @__PURE__ */ jsx(ProblemLine, { model, rows: problemRows }),
    props.hints !== false && /* @__PURE__ */ jsx(HintsLine, { model })
  ] }) });
}
export {
  View
};
//# sourceMappingURL=view.js.map
