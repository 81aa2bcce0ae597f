import { jsx, jsxs } from "react/jsx-runtime";
import { Box } from "ink";
import { bytes, compact, timeOfDay } from "../format.js";
import { selectedTopic, shownData, wantedStreams } from "../select.js";
import { span, spread, wrapSpans } from "../spans.js";
import { clean, cutStart } from "../text.js";
import { Line, Lines, useTheme } from "./line.js";
import { listTitle } from "./list.js";
import { innerWidth, Panel } from "./panel.js";
import { Table } from "./table.js";
const MAX_LINES = 24;
const MAX_CHARACTERS = 4096;
const ROOMY = 60;
const TITLE_CHROME = 16;
function bytesOf(message) {
  return message.text === void 0 ? Buffer.from(message.base64 ?? "", "base64") : Buffer.from(message.text);
}
function hexLines(data, width) {
  const perLine = Math.max(4, Math.floor((width - 2) / 3));
  const lines = [];
  for (let at = 0; at < data.length && lines.length < MAX_LINES; at += perLine) {
    lines.push([...data.subarray(at, at + perLine)].map((byte) => byte.toString(16).padStart(2, "0")).join(" "));
  }
  return lines;
}
function payloadLines({ message }, mode, width) {
  if (message.bytes === 0) return ["(empty)"];
  if (mode === "hex" || message.text === void 0) return hexLines(bytesOf(message), width);
  const text = message.text.slice(0, MAX_CHARACTERS);
  if (mode === "json") {
    try {
      return JSON.stringify(JSON.parse(message.text), null, 2).split("\n");
    } catch {
    }
  }
  return text.split("\n").map((line) => clean(line));
}
function messageLines(row, base, mode, width, ascii) {
  const { message } = row;
  const isBelow = base !== "" && message.topic.startsWith(`${base}/`);
  const name = message.topic === base ? "" : isBelow ? message.topic.slice(base.length + 1) : message.topic;
  const size = width < ROOMY ? "" : `q${message.qos} ${bytes(message.bytes)}`;
  const flags = [message.stored ? "ret" : "", size].join(" ").trim();
  const left = [span(` ${timeOfDay(message.at)} `, "muted"), span(name, "accent")];
  const head = spread(left, [span(` ${flags} `, "muted")], width, ascii);
  const body = payloadLines(row, mode, width - 2).flatMap((line) => wrapSpans([span(line)], width - 2, ascii));
  const shown = body.slice(0, MAX_LINES).map((line) => [span("  "), ...line]);
  return body.length > MAX_LINES ? [head, ...shown, [span("  \u2026", "muted")]] : [head, ...shown];
}
function tailLines(model, width, height, ascii) {
  const { tail } = shownData(model);
  const base = selectedTopic(model)?.path ?? "";
  let lines = [];
  for (let i = tail.length - 1; i >= 0 && lines.length < height + model.tailBack; i--) {
    lines = [...messageLines(tail[i], base, model.payloadMode, width, ascii), ...lines];
  }
  const end = Math.max(Math.min(height, lines.length), lines.length - model.tailBack);
  return lines.slice(Math.max(0, end - height), end);
}
function Tail(props) {
  const { model } = props;
  const { ascii } = useTheme();
  const data = shownData(model);
  const width = innerWidth(props.width);
  const error = data.tailError ?? data.topicsError;
  const lines = tailLines(model, width, Math.max(0, props.height - 2), ascii);
  const nothing = error === void 0 ? " no message yet" : ` \u2715 ${error.code} ${error.message}`;
  const dropped = data.tailDropped > 0 ? [span(`${compact(data.tailDropped)} not shown`, "warn"), span(" \xB7 ", "muted")] : [];
  return /* @__PURE__ */ jsxs(
    Panel,
    {
      title: [span("tail "), span(cutStart(wantedStreams(model).tail ?? "", width - TITLE_CHROME, ascii), "accent")],
      info: [...dropped, span(model.payloadMode, "muted")],
      width: props.width,
      height: props.height,
      focused: model.pane === 1,
      children: [
        lines.length === 0 && /* @__PURE__ */ jsx(Line, { spans: [span(nothing, error === void 0 ? "muted" : "bad")], width }),
        /* @__PURE__ */ jsx(Lines, { lines, width })
      ]
    }
  );
}
function Topics(props) {
  const { model, layout } = props;
  const { list, pane } = layout;
  return /* @__PURE__ */ jsxs(Box, { width: layout.body.width, height: layout.body.height, children: [
    /* @__PURE__ */ jsx(Panel, { title: listTitle(model, list.width), width: list.width, height: list.height, focused: model.pane === 0, children: /* @__PURE__ */ jsx(Table, { model, width: innerWidth(list.width), rows: layout.listRows }) }),
    pane !== void 0 && /* @__PURE__ */ jsx(Tail, { model, width: pane.width, height: pane.height })
  ] });
}
export {
  Topics,
  tailLines
};
//# sourceMappingURL=topics.js.map
