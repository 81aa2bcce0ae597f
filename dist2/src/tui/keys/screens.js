import { layoutOf, WIDE_COLUMNS } from "../layout.js";
import { readOnlyReason, selectedAlarm, selectedDevice, selectedPoint, selectedTopic, shownData } from "../select.js";
import { causeOf } from "../tables/alarms.js";
const lists = ["devices", "points", "clients", "links"];
const isConnected = (model) => model.connection.state === "live" ? true : "no connection to the gateway";
function mayChange(model) {
  return readOnlyReason(model) ?? isConnected(model);
}
function mayWrite(model) {
  const row = selectedPoint(model);
  if (row === void 0) return "select a point";
  const may = mayChange(model);
  if (may !== true || row.view.writable) return may;
  return row.view.readOnlyReason === void 0 ? "the point is read-only" : `the point is read-only: ${row.view.readOnlyReason}`;
}
const mayActOnDevice = (model) => selectedDevice(model) === void 0 ? "select a device" : mayChange(model);
const mayOpenDetail = (model) => model.size.columns >= WIDE_COLUMNS ? "it is already beside the list" : true;
function openTail(controller) {
  const row = selectedPoint(controller.model);
  if (row !== void 0) controller.dispatch({ type: "subscribe", filter: row.view.topic });
}
function jumpToCause({ model, dispatch }) {
  const alarm = selectedAlarm(model);
  if (alarm !== void 0) dispatch({ type: "go", ...causeOf(alarm, shownData(model)) });
}
const screenBindings = [
  {
    id: "overview.cause",
    keys: ["enter"],
    contexts: ["overview"],
    title: "go to the cause",
    help: "Jumps to where the selected alarm comes from",
    hint: 1,
    when: (model) => selectedAlarm(model) === void 0 ? "there is no alarm" : true,
    run: jumpToCause
  },
  {
    id: "device.points",
    keys: ["enter"],
    contexts: ["devices"],
    title: "points",
    help: "Shows the points of the device",
    hint: 1,
    when: (model) => selectedDevice(model) === void 0 ? "select a device" : true,
    run({ model, dispatch }) {
      const device = selectedDevice(model);
      if (device !== void 0) dispatch({ type: "go", route: { screen: "points", argument: device.name } });
    }
  },
  {
    id: "device.pause",
    keys: ["p"],
    contexts: ["devices"],
    title: (model) => selectedDevice(model)?.state === "paused" ? "resume" : "pause",
    help: "Stops polling the device, or starts it again",
    danger: true,
    hint: 2,
    when: mayActOnDevice,
    run(controller) {
      const device = selectedDevice(controller.model);
      if (device !== void 0) controller.device(device.name, device.state === "paused" ? "resume" : "pause");
    }
  },
  {
    id: "device.retry",
    keys: ["r"],
    contexts: ["devices"],
    title: "retry now",
    help: "Tries an offline device now instead of at its next attempt",
    hint: 3,
    when(model) {
      const may = mayActOnDevice(model);
      return may === true && selectedDevice(model)?.state === "paused" ? "the device is paused, p resumes it" : may;
    },
    run(controller) {
      const device = selectedDevice(controller.model);
      if (device !== void 0) controller.device(device.name, "retry");
    }
  },
  {
    id: "point.write",
    keys: ["w"],
    contexts: ["points"],
    title: "write",
    help: "Writes a value to the point, after asking",
    danger: true,
    hint: 1,
    when: mayWrite,
    run({ model, dispatch }) {
      const row = selectedPoint(model);
      if (row !== void 0) dispatch({ type: "write", device: row.view.device, point: row.view.point });
    }
  },
  {
    id: "point.tail",
    keys: ["t"],
    contexts: ["points"],
    title: "tail",
    help: "Shows the messages of the point as they come",
    hint: 2,
    when: (model) => selectedPoint(model) === void 0 ? "select a point" : true,
    run: openTail
  },
  {
    id: "point.read",
    keys: ["r"],
    contexts: ["points"],
    title: "read now",
    help: "Reads the point from the device now",
    hint: 3,
    when: (model) => selectedPoint(model) === void 0 ? "select a point" : isConnected(model),
    run(controller) {
      const row = selectedPoint(controller.model);
      if (row !== void 0) controller.read(row);
    }
  },
  {
    id: "topic.copy",
    keys: ["y"],
    contexts: ["points", "topics"],
    title: "copy",
    help: "Copies the topic to the clipboard of the terminal (OSC 52)",
    hint: 4,
    run(controller) {
      const topic = selectedPoint(controller.model)?.view.topic ?? selectedTopic(controller.model)?.path;
      if (topic !== void 0) controller.copy(topic);
    }
  },
  {
    id: "topic.toggle",
    keys: ["enter"],
    contexts: ["topics"],
    title: "open, close",
    help: "Shows or hides what is below the topic",
    hint: 1,
    run: ({ dispatch }) => dispatch({ type: "toggle" })
  },
  {
    id: "topic.open",
    keys: ["right", "l"],
    contexts: ["topics"],
    title: "open",
    help: "Shows what is below the topic",
    run: ({ dispatch }) => dispatch({ type: "toggle", open: true })
  },
  {
    id: "topic.close",
    keys: ["left", "h"],
    contexts: ["topics"],
    title: "close",
    help: "Hides what is below the topic",
    run: ({ dispatch }) => dispatch({ type: "toggle", open: false })
  },
  {
    id: "topic.subscribe",
    keys: ["+"],
    contexts: ["topics"],
    title: "subscribe",
    help: "Watches another Topic Filter, such as plant/+/temperature or $SYS/#",
    hint: 2,
    run: ({ dispatch }) => dispatch({ type: "prompt", kind: "subscribe" })
  },
  {
    id: "topic.payload",
    keys: ["x"],
    contexts: ["topics"],
    title: (model) => model.payloadMode === "text" ? "json" : model.payloadMode === "json" ? "hex" : "text",
    help: "Shows payloads as text, as JSON, or in hexadecimal",
    hint: 3,
    run: ({ dispatch }) => dispatch({ type: "payload" })
  },
  {
    id: "pane",
    keys: ["tab"],
    contexts: ["topics", "devices", "points", "clients", "links", "logs"],
    title: "pane",
    help: "Goes to the other pane, to scroll it, and back",
    hint: 7,
    when: (model) => layoutOf(model).pane === void 0 ? "i opens the detail" : true,
    run: ({ dispatch }) => dispatch({ type: "pane" })
  },
  {
    id: "log.level",
    keys: ["L"],
    contexts: ["logs"],
    title: (model) => `level ${model.logLevel}`,
    help: "Shows lines of this level and above: trace, debug, info, warn, error, fatal",
    hint: 1,
    run: ({ dispatch }) => dispatch({ type: "level" })
  },
  {
    id: "detail.open",
    keys: ["enter"],
    contexts: ["points", "clients", "links", "logs"],
    title: "detail",
    help: "Shows everything about the selected line",
    hint: 5,
    when: mayOpenDetail,
    run: ({ dispatch }) => dispatch({ type: "detail" })
  },
  {
    id: "detail.info",
    keys: ["i"],
    contexts: ["devices", "points", "clients", "links", "logs"],
    title: "detail",
    help: "Shows or hides everything about the selected line",
    hint: 5,
    when: mayOpenDetail,
    run: ({ dispatch }) => dispatch({ type: "detail" })
  },
  {
    id: "sort",
    keys: ["s"],
    contexts: lists,
    title: "sort",
    help: "Sorts by the next column; after the last one, as the gateway lists them",
    hint: 6,
    run: ({ dispatch }) => dispatch({ type: "sort" })
  },
  {
    id: "sort.reverse",
    keys: ["S"],
    contexts: lists,
    title: "reverse",
    help: "Sorts the other way round",
    run: ({ dispatch }) => dispatch({ type: "reverse" })
  }
];
export {
  screenBindings
};
//# sourceMappingURL=screens.js.map
