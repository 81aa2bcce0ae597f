import { jsx } from "react/jsx-runtime";
import { useApp, useInput, usePaste, useWindowSize } from "ink";
import { useEffect, useSyncExternalStore } from "react";
import { dispatchKey } from "../keys.js";
import { pressesOf } from "../press.js";
import { clean } from "../text.js";
import { View } from "./view.js";
function App({ store, controller, theme, onTerminal }) {
  const model = useSyncExternalStore(store.subscribe, store.snapshot);
  const { columns, rows } = useWindowSize();
  const { suspendTerminal } = useApp();
  useEffect(() => store.dispatch({ type: "resize", columns, rows }), [store, columns, rows]);
  useEffect(() => onTerminal(() => suspendTerminal()), [onTerminal, suspendTerminal]);
  useInput((input, key) => {
    for (const press of pressesOf(input, key)) dispatchKey(press, controller);
  });
  usePaste((text) => {
    const { prompt, dialog } = store.model;
    if (prompt !== void 0 || dialog !== void 0) {
      controller.dispatch({ type: "edit", edit: (line) => line + clean(text).slice(0, 1e3) });
    }
  });
  return /* @__PURE__ */ jsx(View, { model, theme });
}
export {
  App
};
//# sourceMappingURL=app.js.map
