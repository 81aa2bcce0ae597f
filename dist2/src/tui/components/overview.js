import { jsx, jsxs } from "react/jsx-runtime";
import { Box } from "ink";
import { age, bytes, compact, plural, rate, stateSpan, UNKNOWN } from "../format.js";
import { scrollTo } from "../layout.js";
import { cursorOf, gatewayNow, rowsOf, shownData } from "../select.js";
import { span } from "../spans.js";
import { clean, fit } from "../text.js";
import { signOf } from "../theme.js";
import { TextPanel } from "./panel.js";
const LABEL = 9;
const SERVICE_COLUMNS = 21;
const LEAST_REASON = 12;
const SUBJECT = 17;
const TWO_PANELS = 72;
const LEFT_SHARE = 0.55;
function row(label, ...spans) {
  return [span(` ${label.padEnd(LABEL)}`, "muted"), ...spans];
}
function counts(parts) {
  return parts.filter(([count], i) => i === 0 || count > 0).flatMap(([count, word], i) => {
    const { glyph, tone } = signOf(word);
    const isNone = count === 0;
    return [span(`${i === 0 ? "" : "  "}${glyph} `, isNone ? "muted" : tone), span(`${compact(count)} ${word}`)];
  });
}
function servicesRow(status) {
  const of = (...states) => status.services.filter(({ state }) => states.includes(state)).length;
  return counts([
    [of("up"), "up"],
    [of("starting", "stopping", "degraded"), "degraded"],
    [of("down"), "down"]
  ]);
}
function linksRow(model) {
  const links = [...shownData(model).links.values()];
  if (links.length === 0) return [span("none", "muted")];
  const of = (state) => links.filter((link) => link.state === state).length;
  return counts([
    [of("up"), "up"],
    [of("connecting"), "connecting"],
    [of("down"), "down"]
  ]);
}
function gatewayLines(model, status) {
  const now = gatewayNow(model);
  const { messages, devices, points } = status;
  const queued = [...shownData(model).links.values()].reduce((sum, link) => sum + link.queued, 0);
  return [
    row("state", stateSpan(status.state), span(`, started ${age(status.startedAt, now)} ago`, "muted")),
    row("services", ...servicesRow(status)),
    row("messages", span(`in ${rate(messages.receivedPerSecond)}  out ${rate(messages.deliveredPerSecond)}`)),
    row(
      "queues",
      span(`${compact(queued)} in links`, queued > 0 ? "warn" : "plain"),
      span(`  ${compact(messages.dropped)} dropped`, messages.dropped > 0 ? "bad" : "muted")
    ),
    row("clients", span(`${status.clients}`), span(`  ${plural(status.subscriptions, "subscription")}`, "muted")),
    row(
      "devices",
      ...counts([
        [devices.online, "online"],
        [devices.degraded, "degraded"],
        [devices.offline, "offline"],
        [devices.paused, "paused"],
        [devices.starting, "starting"]
      ])
    ),
    row(
      "points",
      ...counts([
        [points.good, "good"],
        [points.stale, "stale"],
        [points.bad, "bad"]
      ])
    ),
    row("links", ...linksRow(model)),
    row("memory", span(bytes(status.rssBytes)), span(`  ${compact(status.retained)} retained`, "muted")),
    row("listens", span(status.listeners.length === 0 ? UNKNOWN : status.listeners.join(" ")))
  ];
}
function serviceLines(model, status, room) {
  const rank = { down: 0, degraded: 1, starting: 2, stopping: 3, up: 4 };
  const now = gatewayNow(model);
  const longest = Math.max(0, ...status.services.map(({ name }) => name.length));
  const nameRoom = Math.min(longest, Math.max(8, room - SERVICE_COLUMNS));
  const hasReasons = room - nameRoom - SERVICE_COLUMNS >= LEAST_REASON;
  return [...status.services].sort((a, b) => rank[a.state] - rank[b.state]).map((service) => {
    const { glyph, tone } = signOf(service.state);
    return [
      span(` ${glyph} `, tone),
      span(`${fit(clean(service.name), nameRoom)} `),
      span(service.state.padEnd(9), service.state === "up" ? "muted" : tone),
      span(age(service.since, now).padStart(7), "muted"),
      span(service.reason === void 0 || !hasReasons ? "" : `  ${service.reason}`, "muted")
    ];
  });
}
function alarmLines(alarm, isSelected, now) {
  const tone = alarm.severity === "error" ? "bad" : "warn";
  const { glyph } = signOf(alarm.severity);
  return [
    [
      span(isSelected ? "\u25B8 " : "  ", "focus"),
      span(`${glyph} ${alarm.severity.padEnd(6)}`, tone),
      span(`${fit(clean(alarm.subject), SUBJECT)} `, isSelected ? "focus" : "plain", isSelected),
      span(`${age(alarm.since, now).padStart(7)}  `, "muted"),
      span(`${alarm.error.code} `, tone, true),
      span(alarm.error.message)
    ],
    [span("           "), span(alarm.error.hint, "accent")]
  ];
}
function Alarms(props) {
  const { model, area, visible } = props;
  const { items, total } = rowsOf(model, "overview");
  const alarms = items;
  const cursor = cursorOf(model, "overview");
  const top = scrollTo(model.lists.overview.top, Math.max(0, cursor), visible, alarms.length);
  const { filter } = model.lists.overview;
  const count = filter === "" ? `${total}` : `${alarms.length}/${total}`;
  const title = [
    span(total === 0 ? "alarms" : `alarms (${count})`),
    ...filter === "" ? [] : [span(` /${filter}`, "accent")]
  ];
  const none = total === 0 ? "\u25CF no alarms: nothing needs a person" : `nothing matches ${filter}`;
  const lines = alarms.length === 0 ? [[span(`  ${none}`, total === 0 ? "ok" : "muted")]] : alarms.slice(top, top + visible).flatMap((alarm, i) => alarmLines(alarm, top + i === cursor, gatewayNow(model)));
  return /* @__PURE__ */ jsx(TextPanel, { title, width: area.width, height: area.height, focused: true, lines });
}
function Overview(props) {
  const { model, layout } = props;
  const area = layout.body;
  const { status } = shownData(model);
  if (status === void 0)
    return /* @__PURE__ */ jsx(TextPanel, { lines: [[span(" waiting for the gateway", "muted")]], title: [], ...area });
  const top = area.height - layout.list.height;
  const isTwo = area.width >= TWO_PANELS;
  const left = isTwo ? Math.floor(area.width * LEFT_SHARE) : area.width;
  const title = [span(status.gateway, "plain", true), span(` ${status.version}`, "muted")];
  const up = status.services.filter(({ state }) => state === "up").length;
  return /* @__PURE__ */ jsxs(Box, { flexDirection: "column", width: area.width, height: area.height, children: [
    /* @__PURE__ */ jsxs(Box, { height: top, children: [
      /* @__PURE__ */ jsx(TextPanel, { lines: gatewayLines(model, status), title, width: left, height: top }),
      isTwo && /* @__PURE__ */ jsx(
        TextPanel,
        {
          lines: serviceLines(model, status, area.width - left - 2),
          title: [span(`services (${up}/${status.services.length} up)`)],
          width: area.width - left,
          height: top
        }
      )
    ] }),
    /* @__PURE__ */ jsx(Alarms, { model, area: layout.list, visible: layout.listRows })
  ] });
}
export {
  Overview
};
//# sourceMappingURL=overview.js.map
