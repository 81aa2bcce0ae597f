import { jsx } from "react/jsx-runtime";
import { age, stateSpan } from "../format.js";
import { dialogPoint, gatewayNow } from "../select.js";
import { span, wrapSpans } from "../spans.js";
import { cutStart } from "../text.js";
import { signOf } from "../theme.js";
import { limitsOf, outcomeHint, outcomeText, valueText } from "../write.js";
import { useTheme } from "./line.js";
import { innerWidth, TextPanel } from "./panel.js";
const LABEL = 9;
const CURSOR = "\u2588";
function label(text) {
  return span(` ${text.padEnd(LABEL)}`, "muted");
}
function message(dialog, row) {
  const problem = dialog.problem === void 0 ? [] : [span(`\u2715 ${dialog.problem}`, "bad", true)];
  if (problem.length > 0 && dialog.stage !== "name") return problem;
  switch (dialog.stage) {
    case "edit":
      return [span("\u23CE checks the value, nothing is written yet", "muted")];
    case "confirm":
      return [span("write this now? ", "warn", true), span("\u23CE writes, esc changes the value", "muted")];
    case "name": {
      const question = span(`this point is critical: type ${dialog.point}`, "warn", true);
      return [...problem.length === 0 ? [question] : problem, span(" "), span(`${dialog.name}${CURSOR}`, "focus")];
    }
    case "sending":
      return [span("\u25D0 writing, waiting for the device", "warn")];
    case "done": {
      if (dialog.outcome === void 0) return [];
      const { glyph, tone } = signOf(dialog.outcome.status);
      const hint = outcomeHint(dialog.outcome);
      return [
        span(`${glyph} ${outcomeText(dialog.outcome, row.view)}`, tone, true),
        ...hint === "" ? [] : [span(" \xB7 ", "muted"), span(hint, "accent")]
      ];
    }
  }
}
function value(dialog, row, room) {
  const unit = row.view.unit === void 0 ? "" : ` ${row.view.unit}`;
  if (dialog.stage === "edit")
    return [span(`${cutStart(dialog.text, room - unit.length)}${CURSOR}`, "focus"), span(unit, "muted")];
  return [
    span(`${dialog.from ?? row.view.text}${unit}`, "muted"),
    span(" \u2192 ", "muted"),
    span(valueText(dialog.value ?? null, row.view, dialog.from), "focus")
  ];
}
function Dialog(props) {
  const { model, area } = props;
  const { ascii } = useTheme();
  const { dialog } = model;
  const row = dialogPoint(model);
  if (dialog === void 0) return null;
  const width = innerWidth(area.width);
  const title = [span("write ", "accent"), span(`${dialog.device}/${dialog.point}`, "focus")];
  const lines = [];
  if (row === void 0) lines.push([span(" the gateway has no such point any more", "bad")]);
  else {
    const unit = row.view.unit === void 0 ? "" : ` ${row.view.unit}`;
    lines.push(
      [label("topic"), span(row.view.topic, "muted")],
      [
        label("now"),
        span(`${row.view.text}${unit}`, "plain", true),
        span("  "),
        stateSpan(row.view.quality),
        span(`  ${age(row.view.at, gatewayNow(model))} ago`, "muted")
      ],
      [label("range"), span(limitsOf(row.view))],
      [],
      [label(dialog.stage === "edit" ? "new" : "change"), ...value(dialog, row, width - LABEL - 3)],
      [],
      ...wrapSpans(message(dialog, row), Math.max(1, width - 2), ascii).map((line) => [span(" "), ...line])
    );
  }
  return /* @__PURE__ */ jsx(TextPanel, { title, width: area.width, height: area.height, focused: true, lines });
}
export {
  Dialog
};
//# sourceMappingURL=dialog.js.map
