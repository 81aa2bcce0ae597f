import { formatDuration } from "../../core/duration.js";
import { absolute, age, errorSpans, sparkline, stateSpan, UNKNOWN } from "../format.js";
import { span } from "../spans.js";
import { limitsOf } from "../write.js";
const qualityRank = { bad: 0, stale: 1, good: 2 };
const valueTone = { good: "plain", stale: "warn", bad: "muted" };
function ageTone({ view }, now) {
  if (view.at === null) return "muted";
  return now - view.at > Math.max(3 * view.every, 2e3) ? "warn" : "muted";
}
function columns(model) {
  const ofOneDevice = model.route.argument !== void 0;
  return [
    {
      id: "point",
      title: "POINT",
      min: 16,
      max: 22,
      priority: 0,
      cell: ({ key, view }) => span(ofOneDevice ? view.point : key),
      sort: ({ key }) => key.toLowerCase()
    },
    {
      id: "value",
      title: "VALUE",
      min: 10,
      max: 12,
      priority: 0,
      align: "right",
      cell: ({ view }) => span(view.text, valueTone[view.quality], view.quality === "good"),
      sort: ({ view }) => view.value === null ? null : typeof view.value === "boolean" ? Number(view.value) : view.value
    },
    { id: "unit", title: "UNIT", min: 5, priority: 1, cell: ({ view }) => span(view.unit ?? "", "muted") },
    {
      id: "quality",
      title: "QUALITY",
      min: 7,
      priority: 0,
      cell: ({ view }) => stateSpan(view.quality),
      sort: ({ view }) => qualityRank[view.quality]
    },
    {
      id: "age",
      title: "AGE",
      min: 7,
      priority: 0,
      align: "right",
      cell: (row, { now }) => span(age(row.view.at, now), ageTone(row, now)),
      descends: true,
      sort: ({ view }) => view.at === null ? null : -view.at
    },
    {
      id: "trend",
      title: "TREND",
      min: 12,
      max: 30,
      priority: 2,
      cell: ({ history }, { width }) => span(sparkline(history, width), "accent")
    },
    { id: "topic", title: "TOPIC", min: 24, max: 60, priority: 3, cell: ({ view }) => span(view.topic, "muted") }
  ];
}
function spanOf(history, unit) {
  const known = history.filter((sample) => sample !== null);
  if (known.length < 2) return UNKNOWN;
  return `${Math.min(...known)} to ${Math.max(...known)}${unit} in ${known.length} samples`;
}
const pointTable = {
  noun: "points",
  empty: "no points \xB7 a device has them under points: in the configuration",
  columns,
  inputs: (model, data) => [data.points, model.route.argument],
  items(model, data) {
    const device = model.route.argument;
    const rows = [...data.points.values()];
    return device === void 0 ? rows : rows.filter(({ view }) => view.device === device);
  },
  key: ({ key }) => key,
  text: ({ key, view }) => [key, view.topic, view.quality, view.unit, view.error?.code].join(" "),
  problem: ({ view }) => view.error,
  detail({ view, history }, { now, width }) {
    const unit = view.unit === void 0 ? "" : ` ${view.unit}`;
    return [
      { label: "value", spans: [span(`${view.text}${unit}`, valueTone[view.quality], true)] },
      { label: "quality", spans: [stateSpan(view.quality)] },
      ...view.error === void 0 ? [] : [{ label: "error", spans: errorSpans(view.error) }],
      {
        label: "sampled",
        spans: view.at === null ? [span("never", "muted")] : [span(`${age(view.at, now)} ago`), span(` ${absolute(view.at)}`, "muted")]
      },
      { label: "every", spans: [span(formatDuration(view.every))] },
      { label: "topic", spans: [span(view.topic)] },
      {
        label: "write",
        spans: view.writable ? [span(limitsOf(view)), ...view.write?.critical === true ? [span(" \xB7 critical", "warn", true)] : []] : [span(`read-only${view.readOnlyReason === void 0 ? "" : `: ${view.readOnlyReason}`}`, "muted")]
      },
      { label: "trend", spans: [span(sparkline(history, width), "accent")] },
      { label: "seen", spans: [span(spanOf(history, unit), "muted")] }
    ];
  }
};
export {
  pointTable
};
//# sourceMappingURL=points.js.map
