import { errorView, GatewayError, toGatewayError } from "../core/errors.js";
import { topicFilterFault } from "../core/topic.js";
import { complete, parseCommand } from "./prompt.js";
import { dialogPoint, namesOf } from "./select.js";
import { clean } from "./text.js";
import { confirmWrite, outcomeOfError, outcomeOfResult } from "./write.js";
const pastTense = { pause: "paused", resume: "resumed", retry: "is tried again now" };
function createController(client, store, scope, terminal) {
  const { dispatch } = store;
  function attempt(task) {
    scope.run(async (signal) => {
      try {
        await task(signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof GatewayError)) throw error;
        dispatch({ type: "notice", tone: "bad", text: `${error.code} ${error.message}`, hint: error.hint });
      }
    });
  }
  function sendWrite() {
    const { dialog } = store.model;
    if (dialog?.value === void 0) return;
    const { device, point, value } = dialog;
    scope.run(async (signal) => {
      try {
        const result = await client.request("POST /v1/points/{device}/{point}/write", {
          params: { device, point },
          body: { value },
          signal
        });
        dispatch({ type: "write-done", device, point, outcome: outcomeOfResult(result) });
      } catch (error) {
        if (signal.aborted) throw error;
        const outcome = outcomeOfError(errorView(toGatewayError(error)));
        dispatch({ type: "write-done", device, point, outcome });
      }
    });
  }
  function runCommand(text) {
    const command = parseCommand(text, namesOf(store.model));
    switch (command.kind) {
      case "quit":
        terminal.quit();
        break;
      case "help":
        dispatch({ type: "help" });
        break;
      case "problem":
        dispatch({ type: "notice", tone: "warn", text: command.problem });
        break;
      case "go": {
        const { route, filter } = command;
        dispatch(filter === void 0 ? { type: "go", route } : { type: "go", route, filter });
        break;
      }
    }
  }
  function subscribeTo(filter) {
    const fault = topicFilterFault(filter);
    if (fault === void 0) dispatch({ type: "subscribe", filter });
    else dispatch({ type: "notice", tone: "warn", text: `not a Topic Filter: ${fault}` });
  }
  return {
    get model() {
      return store.model;
    },
    dispatch,
    device: (name, verb) => attempt(async (signal) => {
      const device = await client.request(`POST /v1/devices/{device}/${verb}`, { params: { device: name }, signal });
      dispatch({ type: "device", device });
      dispatch({ type: "notice", tone: "ok", text: `${name} ${pastTense[verb]}` });
    }),
    read: ({ view }) => attempt(async (signal) => {
      const { device, point } = view;
      const read = await client.request("POST /v1/points/{device}/{point}/read", {
        params: { device, point },
        signal
      });
      dispatch({ type: "point", point: read });
      const unit = read.unit === void 0 ? "" : ` ${read.unit}`;
      if (read.error === void 0) dispatch({ type: "notice", tone: "ok", text: `read ${read.text}${unit}` });
      else
        dispatch({
          type: "notice",
          tone: "bad",
          text: `${read.error.code} ${read.error.message}`,
          hint: read.error.hint
        });
    }),
    confirmWrite() {
      const { dialog } = store.model;
      if (dialog?.stage === "done" || dialog?.stage === "sending") return dispatch({ type: "leave" });
      const row = dialogPoint(store.model);
      const isSent = dialog !== void 0 && row !== void 0 && confirmWrite(dialog, row.view).send;
      dispatch({ type: "write-next" });
      if (isSent) sendWrite();
    },
    submit() {
      const { prompt } = store.model;
      dispatch({ type: "close-prompt", keep: true });
      if (prompt === void 0 || prompt.text.trim() === "") return;
      if (prompt.kind === "command") runCommand(prompt.text);
      else if (prompt.kind === "subscribe") subscribeTo(prompt.text.trim());
    },
    complete() {
      if (store.model.prompt?.kind !== "command") return;
      dispatch({ type: "edit", edit: (text) => complete(text, namesOf(store.model)) });
    },
    copy(text) {
      terminal.send(`\x1B]52;c;${Buffer.from(text).toString("base64")}\x07`);
      dispatch({ type: "notice", tone: "ok", text: `copied ${clean(text)}`, hint: "if the terminal allows it" });
    },
    redraw: () => terminal.redraw(),
    suspend: () => terminal.suspend(),
    quit: () => terminal.quit()
  };
}
export {
  createController
};
//# sourceMappingURL=controller.js.map
