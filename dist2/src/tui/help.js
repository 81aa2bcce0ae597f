import { bindingsOf, disabledReason, keyLabel, titleOf } from "./keys.js";
import { span, wrapSpans } from "./spans.js";
const KEYS = 12;
const TITLE = 16;
function group(model, title, contexts, width) {
  const lines = bindingsOf(contexts).flatMap((binding) => {
    const reason = disabledReason(binding, model);
    const tone = reason === void 0 ? "plain" : "muted";
    const keys = span(
      ` ${binding.keys.map(keyLabel).join(" ").padEnd(KEYS)}`,
      reason === void 0 ? "accent" : "muted"
    );
    const help = [span(binding.help, tone), ...reason === void 0 ? [] : [span(` (now: ${reason})`, "warn")]];
    const name = span(titleOf(binding, model).padEnd(TITLE), tone, reason === void 0);
    const indent = span(" ".repeat(1 + KEYS + TITLE));
    return wrapSpans(help, Math.max(1, width - 1 - KEYS - TITLE), false).map(
      (line, i) => i === 0 ? [keys, name, ...line] : [indent, ...line]
    );
  });
  return [[span(` ${title}`, "focus")], ...lines, []];
}
function helpLines(model, width) {
  return [
    ...group(model, `on ${model.route.screen}`, [model.route.screen], width),
    ...group(model, "everywhere", ["global", "always"], width),
    ...group(model, "while typing", ["prompt"], width)
  ];
}
export {
  helpLines
};
//# sourceMappingURL=help.js.map
