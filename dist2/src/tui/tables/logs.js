import { absolute, timeOfDay } from "../format.js";
import { span } from "../spans.js";
const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"];
const tones = {
  trace: "muted",
  debug: "muted",
  info: "plain",
  warn: "warn",
  error: "bad",
  fatal: "bad"
};
function fieldText(value) {
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? String(value);
}
function fieldsText(row) {
  return Object.entries(row.line.fields).map(([name, value]) => `${name}=${fieldText(value)}`).join(" ");
}
const logTable = {
  noun: "logs",
  empty: "nothing at this level yet",
  follows: true,
  columns: () => [
    { id: "time", title: "TIME", min: 8, priority: 0, cell: ({ line }) => span(timeOfDay(line.at), "muted") },
    { id: "level", title: "LEVEL", min: 5, priority: 0, cell: ({ line }) => span(line.level, tones[line.level]) },
    { id: "service", title: "SERVICE", min: 8, max: 12, priority: 1, cell: ({ line }) => span(line.service, "accent") },
    {
      id: "message",
      title: "MESSAGE",
      min: 24,
      max: 1e3,
      priority: 0,
      cell: (row) => span(`${row.line.message}  ${fieldsText(row)}`.trimEnd(), tones[row.line.level])
    }
  ],
  inputs: (model, data) => [data.logs, model.logLevel],
  items(model, data) {
    const least = logLevels.indexOf(model.logLevel);
    return data.logs.filter(({ line }) => logLevels.indexOf(line.level) >= least);
  },
  key: ({ id }) => String(id),
  text: (row) => `${row.line.level} ${row.line.service} ${row.line.message} ${fieldsText(row)}`,
  detail: ({ line }) => [
    { label: "time", spans: [span(absolute(line.at))] },
    { label: "level", spans: [span(line.level, tones[line.level])] },
    { label: "service", spans: [span(line.service)] },
    { label: "message", spans: [span(line.message)] },
    ...Object.entries(line.fields).map(([name, value]) => ({ label: name, spans: [span(fieldText(value))] }))
  ]
};
export {
  logLevels,
  logTable
};
//# sourceMappingURL=logs.js.map
