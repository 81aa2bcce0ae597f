import { errorsOf } from "../core/errors.js";
const tuiErrors = {
  TUI_SCREEN_UNKNOWN: {
    fault: "caller",
    hint: "use one of overview, devices, points, clients, topics, links, logs"
  },
  TUI_STREAM_ENDED: { fault: "peer", hint: "look into the log of the gateway if it happens again" }
};
const tuiError = errorsOf(tuiErrors);
export {
  tuiError,
  tuiErrors
};
//# sourceMappingURL=errors.js.map
