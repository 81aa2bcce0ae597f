import { jsx } from "react/jsx-runtime";
import { Text } from "ink";
import { createContext, memo, useContext } from "react";
import { compose } from "../spans.js";
import { styleOf } from "../theme.js";
const ThemeContext = createContext({ ascii: false, motion: true, screenReader: false, dimmed: false });
function useTheme() {
  return useContext(ThemeContext);
}
function Line(props) {
  const theme = useTheme();
  return props.width < 1 ? null : /* @__PURE__ */ jsx(Pieces, { spans: compose(props.spans, props.width, theme.ascii), theme });
}
const isSameSpan = (a, b) => a.text === b?.text && a.tone === b.tone && a.bold === b.bold;
const Pieces = memo(
  ({ spans, theme }) => /* @__PURE__ */ jsx(Text, { wrap: "truncate", children: spans.map((item, index) => {
    const style = styleOf(theme, item.tone ?? "plain");
    const bold = !theme.dimmed && (item.bold === true || style.bold === true);
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line have no identity but their place
      /* @__PURE__ */ jsx(Text, { ...style, bold, children: item.text }, index)
    );
  }) }),
  (before, after) => before.theme.dimmed === after.theme.dimmed && before.spans.length === after.spans.length && before.spans.every((item, i) => isSameSpan(item, after.spans[i]))
);
function Lines(props) {
  return props.lines.map((spans, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their place
    /* @__PURE__ */ jsx(Line, { spans, width: props.width }, index)
  ));
}
export {
  Line,
  Lines,
  ThemeContext,
  useTheme
};
//# sourceMappingURL=line.js.map
