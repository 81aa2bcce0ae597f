import { pino } from "pino";
import { visible } from "./cli/text.js";
import { Ring } from "./core/ring.js";
const RING_LINES = 1e3;
const SECRET_FIELD = /^(password|passphrase|token|secret|key)$/i;
function createLogging(options) {
  const ring = new Ring(RING_LINES);
  const listeners = /* @__PURE__ */ new Set();
  const stream = {
    write(json) {
      const entry = JSON.parse(json, withoutSecret);
      const line = toLine(entry);
      options.write(`${options.pretty ? visible(prettyLine(line)) : JSON.stringify(entry)}
`);
      ring.push(line);
      for (const listener of listeners) listener(line);
    }
  };
  const logger = pino(
    {
      level: options.level,
      base: null,
      serializers: { error: pino.stdSerializers.err, err: pino.stdSerializers.err }
    },
    stream
  );
  return {
    log: logger,
    audit: logger.child({ svc: "audit" }, { level: "info" }),
    lines: () => ring,
    onLine(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    }
  };
}
const withoutSecret = (field, value) => SECRET_FIELD.test(field) ? "[secret]" : value;
function toLine({ level, time, msg, svc, ...fields }) {
  return {
    at: Number(time),
    level: pino.levels.labels[Number(level)] ?? "info",
    service: typeof svc === "string" ? svc : "gateway",
    message: String(msg ?? ""),
    fields
  };
}
function prettyLine(line) {
  const time = new Date(line.at).toISOString().slice(11, 23);
  const fields = Object.entries(line.fields).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`
  );
  return [time, line.level.padEnd(5), line.service.padEnd(8), line.message, ...fields].join(" ");
}
export {
  createLogging
};
//# sourceMappingURL=logging.js.map
