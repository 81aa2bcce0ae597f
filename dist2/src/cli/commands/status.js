import { formatDuration } from "../../core/duration.js";
import { bytesText, count, rateText, visible } from "../text.js";
const STATE_TONES = { up: "ok", starting: "warn", degraded: "warn", stopping: "warn" };
const MAX_ALARMS = 5;
function define(command, cli) {
  command.withExamples(["status", "health in ten lines"], ["status --json", "the same, and more, for programs"]).action(
    cli.action(async () => {
      const status = await cli.request("GET /v1/status");
      if (cli.output.isJson) cli.output.json(status);
      else print(status, cli.output);
      return void 0;
    })
  );
}
function print(status, output) {
  const { messages, devices, points, alarms } = status;
  const row = (title, text) => output.line(`${title.padEnd(10)} ${text}`);
  const state = output.paint(STATE_TONES[status.state] ?? "muted", status.state);
  const up = formatDuration(status.now - status.startedAt);
  row(
    status.gateway,
    `${state}, up ${up}, version ${status.version}, pid ${status.pid}, ${bytesText(status.rssBytes)}`
  );
  row("listeners", status.listeners.join(", ") || "none");
  row(
    "messages",
    `in ${rateText(messages.receivedPerSecond)} (${messages.received}), out ${rateText(messages.deliveredPerSecond)} (${messages.delivered}), dropped ${messages.dropped}`
  );
  row(
    "clients",
    `${status.clients} connected, ${count(status.subscriptions, "subscription")}, ${count(status.retained, "retained message")}`
  );
  row(
    "devices",
    `${devices.online} online, ${devices.degraded} degraded, ${devices.offline} offline, ${devices.paused} paused${devices.starting > 0 ? `, ${devices.starting} starting` : ""}`
  );
  row("points", `${points.good} good, ${points.stale} stale, ${points.bad} bad`);
  for (const service of status.services.filter((one) => one.state !== "up")) {
    row(
      "service",
      visible(`${service.name} ${service.state}${service.reason === void 0 ? "" : `: ${service.reason}`}`)
    );
  }
  for (const alarm of alarms.slice(0, MAX_ALARMS)) row("alarm", alarmText(alarm, status.now, output));
  if (alarms.length > MAX_ALARMS) row("", `and ${count(alarms.length - MAX_ALARMS, "more alarm")}: hpmq status --json`);
}
function alarmText({ severity, subject, since, error }, now, output) {
  const word = output.paint(severity === "error" ? "bad" : "warn", severity);
  return `${word} ${visible(`${subject} for ${formatDuration(now - since)}: ${error.message} (${error.code}); ${error.hint}`)}`;
}
export {
  define
};
//# sourceMappingURL=status.js.map
