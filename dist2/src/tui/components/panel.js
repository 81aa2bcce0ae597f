import { jsx, jsxs } from "react/jsx-runtime";
import { Box } from "ink";
import { compose, span, spansWidth } from "../spans.js";
import { styleOf } from "../theme.js";
import { Line, Lines, useTheme } from "./line.js";
function innerWidth(width) {
  return Math.max(0, width - 2);
}
function Panel(props) {
  const theme = useTheme();
  const { width, height } = props;
  if (width < 4 || height < 1) return null;
  const tone = props.focused === true ? "accent" : "muted";
  const style = styleOf(theme, tone);
  const info = props.info ?? [];
  const infoWidth = info.length === 0 ? 0 : spansWidth(info, theme.ascii) + 2;
  const titleRoom = Math.max(0, width - 4 - infoWidth - (infoWidth > 0 ? 1 : 0));
  const titleWidth = Math.min(titleRoom, spansWidth(props.title, theme.ascii) + 2);
  const title = compose([span(" "), ...props.title, span(" ")], titleWidth, theme.ascii);
  const dashes = Math.max(0, width - 3 - titleWidth - infoWidth - (infoWidth > 0 ? 1 : 0));
  const top = [
    span(`${theme.screenReader ? "" : "\u250C\u2500"}`, tone),
    ...title,
    span(theme.screenReader ? " " : "\u2500".repeat(dashes), tone),
    ...infoWidth > 0 ? [span(" "), ...info, span(" "), span(theme.screenReader ? "" : "\u2500", tone)] : [],
    span(theme.screenReader ? "" : "\u2510", tone)
  ];
  const border = theme.screenReader ? {} : {
    borderStyle: theme.ascii ? "classic" : "single",
    borderTop: false,
    ...style.color === void 0 ? {} : { borderColor: style.color },
    borderDimColor: style.dimColor === true
  };
  return /* @__PURE__ */ jsxs(Box, { flexDirection: "column", width, height, flexShrink: 0, children: [
    /* @__PURE__ */ jsx(Line, { spans: top, width }),
    /* @__PURE__ */ jsx(Box, { flexDirection: "column", width, height: height - 1, flexShrink: 0, ...border, children: props.children })
  ] });
}
function TextPanel(props) {
  const { lines, ...panel } = props;
  return /* @__PURE__ */ jsx(Panel, { ...panel, children: /* @__PURE__ */ jsx(Lines, { lines: lines.slice(0, Math.max(0, props.height - 2)), width: innerWidth(props.width) }) });
}
export {
  Panel,
  TextPanel,
  innerWidth
};
//# sourceMappingURL=panel.js.map
