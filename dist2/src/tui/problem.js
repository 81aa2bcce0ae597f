import { errorSpans } from "./format.js";
import { candidates } from "./prompt.js";
import { namesOf, problemOf, rowsOf } from "./select.js";
import { span, wrapSpans } from "./spans.js";
import { signOf } from "./theme.js";
const NOTICE_MS = 12e3;
const MAX_ROWS = 2;
function promptHelp(model) {
  const { prompt } = model;
  if (prompt === void 0) return [];
  if (prompt.kind === "subscribe")
    return [span("a Topic Filter, such as plant/+/temperature, plant/# or $SYS/#", "muted")];
  if (prompt.kind === "filter") {
    const { problem, items, total } = rowsOf(model);
    if (problem !== void 0) return [span(`\u2715 ${problem}`, "bad")];
    return [span(`${items.length} of ${total}`), span(" \xB7 word  !without  re:expression", "muted")];
  }
  const found = candidates(prompt.text, namesOf(model));
  return found.length === 0 ? [span("screen, then a device or a Topic Filter, then /filter", "muted")] : [span(found.join("  "), "accent")];
}
function problemSpans(model) {
  if (model.prompt !== void 0) return promptHelp(model);
  const { notice, connection } = model;
  if (notice !== void 0 && model.now - notice.at < NOTICE_MS) {
    const { glyph } = signOf(notice.tone === "ok" ? "good" : notice.tone);
    const hint = notice.hint === "" ? [] : [span(" \xB7 ", "muted"), span(notice.hint, "accent")];
    return [span(`${glyph} ${notice.text}`, notice.tone), ...hint];
  }
  if (connection.state === "lost" && connection.error !== void 0)
    return [span("\u2715 ", "bad"), ...errorSpans(connection.error)];
  const problem = problemOf(model);
  return problem === void 0 ? [] : [span("\u2715 ", "bad"), ...errorSpans(problem)];
}
function problemWidth(model) {
  return Math.max(1, model.size.columns - 2);
}
function problemRows(model) {
  return Math.min(MAX_ROWS, Math.max(1, wrapSpans(problemSpans(model), problemWidth(model), false).length));
}
export {
  problemRows,
  problemSpans,
  problemWidth
};
//# sourceMappingURL=problem.js.map
