import { globalBindings } from "./keys/global.js";
import { overlayBindings } from "./keys/overlays.js";
import { screenBindings } from "./keys/screens.js";
const bindings = [...screenBindings, ...globalBindings, ...overlayBindings];
function contextsOf(model) {
  if (model.prompt !== void 0) return ["prompt", "always"];
  if (model.help !== void 0) return ["help", "always"];
  if (model.dialog !== void 0) return ["dialog", "always"];
  return [model.route.screen, "global", "always"];
}
function bindingsOf(contexts) {
  return bindings.filter((binding) => binding.contexts.some((context) => contexts.includes(context)));
}
function titleOf(binding, model) {
  return typeof binding.title === "string" ? binding.title : binding.title(model);
}
function disabledReason(binding, model) {
  const may = binding.when?.(model) ?? true;
  return may === true ? void 0 : may;
}
const labels = { enter: "\u23CE", up: "\u2191", down: "\u2193", left: "\u2190", right: "\u2192" };
function keyLabel(key) {
  return labels[key] ?? key;
}
function dispatchKey(press, controller) {
  const { model, dispatch } = controller;
  const binding = bindingsOf(contextsOf(model)).find(({ keys }) => keys.includes(press.name));
  if (binding === void 0) {
    const { text } = press;
    if (text !== void 0 && (model.prompt !== void 0 || model.dialog !== void 0)) {
      dispatch({ type: "edit", edit: (line) => line + text });
    }
    return;
  }
  const reason = disabledReason(binding, model);
  if (reason === void 0) binding.run(controller);
  else dispatch({ type: "notice", tone: "warn", text: `${titleOf(binding, model)}: ${reason}` });
}
export {
  bindings,
  bindingsOf,
  contextsOf,
  disabledReason,
  dispatchKey,
  keyLabel,
  titleOf
};
//# sourceMappingURL=keys.js.map
