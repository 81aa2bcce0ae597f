import { createBroker } from "../../src/broker/broker.js";
import { systemClock } from "../../src/core/clock.js";
import { silentLog } from "../../src/core/log.js";
import { brokerConfig } from "../unit/broker/harness.js";
function listener(type, more = {}) {
  return { name: type, type, host: "127.0.0.1", port: 0, auth: { anonymous: true }, ...more };
}
function tlsConfig(pair, more = {}) {
  return {
    cert: pair.cert,
    key: pair.key,
    sni: {},
    clientCertificate: more.clientCa === void 0 ? "none" : "required",
    clientCa: void 0,
    crl: [],
    alpn: ["mqtt"],
    minVersion: "TLSv1.2",
    ciphers: void 0,
    ...more
  };
}
async function startBroker(t, listeners, options = {}) {
  const { limits, clock = systemClock, log = silentLog, env = {} } = options;
  const broker = createBroker({
    config: brokerConfig({ packetBytes: 1e6, ...limits }, { listeners }),
    gatewayId: "e2e",
    log,
    clock,
    env
  });
  t.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(6e4));
  return { broker, port: portOf(broker.addresses()[0] ?? "") };
}
function portOf(address) {
  return Number(/:(\d+)(\/|$)/.exec(address)?.[1] ?? 0);
}
function recordingLog() {
  const lines = [];
  const write = (level) => (fields, message = "") => {
    const isText = typeof fields === "string";
    lines.push({ level, message: isText ? fields : message, fields: isText ? {} : { ...fields } });
  };
  const log = {
    trace: write("trace"),
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    fatal: write("fatal"),
    child: () => log,
    isLevelEnabled: () => true
  };
  return { log, lines };
}
export {
  listener,
  portOf,
  recordingLog,
  startBroker,
  tlsConfig
};
//# sourceMappingURL=listeners.js.map
