import { nearest } from "../core/nearest.js";
function choices(title, word, candidates) {
  const close = nearest(word, candidates);
  const shown = candidates.slice(0, 20).join(", ") + (candidates.length > 20 ? ", \u2026" : "");
  return `known ${title}: ${shown}${close === void 0 ? "" : ` (did you mean ${close}?)`}`;
}
export {
  choices
};
//# sourceMappingURL=choices.js.map
