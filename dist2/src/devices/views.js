import { errorView } from "../core/errors.js";
import { endpointName } from "../core/transport.js";
function alarmViews(ports) {
  const alarms = [];
  for (const { port, config, supervisors } of ports) {
    const view = port?.view();
    const broken = view?.state === "down" ? port?.error : void 0;
    if (view !== void 0 && broken !== void 0) {
      alarms.push(alarm("error", `port:${config.name}`, view.since, broken));
    }
    for (const { state, since, error, config: config2 } of supervisors) {
      if (error === void 0) continue;
      if (state === "offline" && broken === void 0) {
        alarms.push(alarm("error", `device:${config2.name}`, since, error));
      } else if (state === "degraded") alarms.push(alarm("warn", `device:${config2.name}`, since, error));
    }
  }
  return alarms.sort((a, b) => Number(a.severity === "warn") - Number(b.severity === "warn") || a.since - b.since);
}
function alarm(severity, subject, since, error) {
  return { severity, subject, since, error: errorView(error) };
}
function deviceView(supervisor, port) {
  const { config, stats, error, nextTryAt } = supervisor;
  const points = [...supervisor.points.values()];
  return {
    name: config.name,
    adapter: config.adapter,
    port: config.port,
    endpoint: endpointName(port.endpoint),
    address: addressOf(config.options),
    state: supervisor.state,
    since: supervisor.since,
    ...error === void 0 ? {} : { error: errorView(error) },
    points: points.length,
    badPoints: points.filter((point) => point.shadow.sample?.quality === "bad").length,
    exchangeMs: stats.exchangeMs(),
    requests: stats.requests,
    timeouts: stats.timeouts,
    errors: stats.errors,
    errorsPerMinute: stats.errorsPerMinute(),
    overruns: supervisor.overruns,
    ...supervisor.state === "offline" && nextTryAt !== void 0 ? { nextTryAt } : {}
  };
}
function addressOf(options) {
  if (typeof options !== "object" || options === null) return "";
  const first = Object.entries(options)[0];
  return first !== void 0 && ["string", "number", "boolean"].includes(typeof first[1]) ? `${first[0]} ${first[1]}` : "";
}
export {
  alarmViews,
  deviceView
};
//# sourceMappingURL=views.js.map
