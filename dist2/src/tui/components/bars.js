import { jsx } from "react/jsx-runtime";
import { formatDuration } from "../../core/duration.js";
import { age, rate } from "../format.js";
import { bindingsOf, contextsOf, disabledReason, keyLabel, titleOf } from "../keys.js";
import { problemSpans, problemWidth } from "../problem.js";
import { gatewayNow, shownData, staleSince } from "../select.js";
import { span, spansWidth, spread, wrapSpans } from "../spans.js";
import { cutStart } from "../text.js";
import { signOf } from "../theme.js";
import { Line, Lines, ThemeContext, useTheme } from "./line.js";
const CURSOR = "\u2588";
const PROMPT_CHROME = 5;
const GAP = span("  ");
function joined(parts) {
  return parts.flatMap((part, i) => i === 0 ? part : [GAP, ...part]);
}
function linkParts(model) {
  const now = gatewayNow(model);
  return [...shownData(model).links.values()].map((link) => {
    const { glyph, tone } = signOf(link.state);
    const since = link.state === "up" ? "" : ` ${age(link.since, now)}`;
    return [
      span(`${glyph} `, tone),
      span(link.name),
      span(` ${link.state}${since}`, link.state === "up" ? "muted" : tone)
    ];
  });
}
function linkSummary(model) {
  const links = [...shownData(model).links.values()];
  if (links.length === 0) return [];
  const up = links.filter((link) => link.state === "up").length;
  const { glyph, tone } = signOf(up === links.length ? "up" : up > 0 ? "degraded" : "down");
  const count = up === links.length ? `${up}` : `${up} of ${links.length}`;
  return [[span(`${glyph} `, tone), span(`${count} ${links.length === 1 ? "link" : "links"} up`)]];
}
function gauges(model, room, ascii) {
  const stale = staleSince(model);
  if (stale !== void 0) {
    const what = model.connection.state === "lost" ? "connection lost" : "no news for";
    const text = `\u25CB ${what} ${formatDuration(model.now - stale)}${model.connection.state === "lost" ? " ago, retrying" : ""}`;
    return [span(text, "bad", true)];
  }
  const { status } = shownData(model);
  if (status === void 0) return [span("\u25D0 connecting", "warn")];
  const frozen = model.frozen === void 0 ? [] : [[span(`frozen ${formatDuration(model.now - model.frozen.at)}`, "warn", true)]];
  const up = [span("up ", "muted"), span(age(status.startedAt, gatewayNow(model)))];
  const traffic = [
    span("in ", "muted"),
    span(rate(status.messages.receivedPerSecond)),
    span("  out ", "muted"),
    span(rate(status.messages.deliveredPerSecond))
  ];
  const all = linkParts(model);
  const few = linkSummary(model);
  const choices = [
    [...frozen, up, traffic, ...all],
    [...frozen, up, traffic, ...few],
    [...frozen, traffic, ...few],
    [...frozen, ...few],
    frozen
  ];
  return choices.map(joined).find((spans) => spansWidth(spans, ascii) <= room) ?? [];
}
function StatusLine(props) {
  const { model } = props;
  const theme = useTheme();
  const { columns } = model.size;
  const { route } = model;
  const gateway = shownData(model).status?.gateway ?? model.settings.target;
  const left = [
    span(" hpmq ", "focus"),
    span(gateway, "plain", true),
    span(" \u25B8 ", "muted"),
    span(route.screen, "accent"),
    ...route.argument === void 0 ? [] : [span(" \u25B8 ", "muted"), span(route.argument)],
    ...model.settings.readOnly ? [span("  read-only", "warn")] : []
  ];
  const isBeat = theme.motion && model.connection.state === "live" && Math.floor(model.now / 1e3) % 2 === 0;
  const beat = span(isBeat ? " \xB7" : "  ", "ok");
  const room = columns - Math.min(spansWidth(left, theme.ascii), Math.floor(columns * 0.7)) - 4;
  const right = [...gauges(model, room, theme.ascii), beat];
  return /* @__PURE__ */ jsx(ThemeContext, { value: { ...theme, dimmed: false }, children: /* @__PURE__ */ jsx(Line, { spans: spread(left, right, columns, theme.ascii), width: columns }) });
}
function ProblemLine(props) {
  const { model, rows } = props;
  const theme = useTheme();
  const all = wrapSpans(problemSpans(model), problemWidth(model), theme.ascii);
  const rest = all.slice(rows - 1).flatMap((line) => [...line, span(" ")]);
  const lines = [...all.slice(0, rows - 1), rest];
  return /* @__PURE__ */ jsx(ThemeContext, { value: { ...theme, dimmed: false }, children: /* @__PURE__ */ jsx(Lines, { lines: lines.map((line) => [span(" "), ...line]), width: model.size.columns }) });
}
function hint(keys, title, disabled) {
  return [span(keys, disabled ? "muted" : "accent"), span(` ${title}`, disabled ? "muted" : "plain")];
}
function hintSpans(model, ascii) {
  const shown = bindingsOf(contextsOf(model)).filter((binding) => binding.hint !== void 0).sort((a, b) => (a.hint ?? 0) - (b.hint ?? 0));
  const parts = (isGlobal) => shown.filter((binding) => (binding.hint ?? 0) > 100 === isGlobal).filter((binding, i, all) => i === 0 || titleOf(all[i - 1], model) !== titleOf(binding, model)).map(
    (binding) => hint(keyLabel(binding.keys[0]), titleOf(binding, model), disabledReason(binding, model) !== void 0)
  );
  const own = parts(false);
  const everywhere = parts(true);
  const line = (left, right) => {
    const separator = left.length > 0 && right.length > 0 ? [span(" \u2502 ", "muted")] : [];
    const spaced = (list) => list.flatMap((part, i) => i === 0 ? part : [span("  "), ...part]);
    return [span(" "), ...spaced(left), ...separator, ...spaced(right)];
  };
  for (let count = own.length; count > 0; count--) {
    const spans = line(own.slice(0, count), everywhere);
    if (spansWidth(spans, ascii) <= model.size.columns) return spans;
  }
  return line([], everywhere);
}
const promptMarks = { command: ":", filter: "/", subscribe: "+ " };
function HintsLine(props) {
  const { model } = props;
  const { columns } = model.size;
  const theme = useTheme();
  const spans = model.prompt === void 0 ? hintSpans(model, theme.ascii) : [
    span(` ${promptMarks[model.prompt.kind]}`, "accent", true),
    span(cutStart(model.prompt.text, columns - PROMPT_CHROME, theme.ascii)),
    span(CURSOR, "focus")
  ];
  return /* @__PURE__ */ jsx(ThemeContext, { value: { ...theme, dimmed: false }, children: /* @__PURE__ */ jsx(Line, { spans, width: model.size.columns }) });
}
export {
  HintsLine,
  ProblemLine,
  StatusLine
};
//# sourceMappingURL=bars.js.map
