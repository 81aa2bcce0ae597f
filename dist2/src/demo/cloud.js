import { connectAsync } from "mqtt";
import { systemClock } from "../core/clock.js";
const PRINT_EVERY = 5e3;
async function watchCloud(options) {
  const { print, started } = options;
  const client = await connectAsync(`mqtt://127.0.0.1:${options.port}`, { protocolVersion: 5 });
  client.on("error", (error) => print(`  (gateway "cloud": ${error.message})`));
  const printed = /* @__PURE__ */ new Map();
  let first = true;
  client.on("message", (topic, payload) => {
    const now = systemClock.monotonic();
    const last = printed.get(topic);
    const isReading = /^plants\/demo\/[^/$]+\/[^/$]+$/.test(topic);
    if (isReading && last !== void 0 && now - last < PRINT_EVERY) return;
    printed.set(topic, now);
    print(`  ${topic.padEnd(32)} ${isReading ? readingText(payload) : payload.toString()}`);
    if (isReading && first) {
      first = false;
      print(`  (the first value, ${((now - started) / 1e3).toFixed(1)} s after gateway "demo" was started)`);
    }
  });
  await client.subscribeAsync("plants/demo/#", { qos: 1 });
  return { [Symbol.asyncDispose]: () => client.endAsync(true) };
}
function readingText(payload) {
  const reading = parseReading(payload);
  if (reading === void 0) return payload.toString();
  const { v, q, t, u, e } = reading;
  const value = v === null ? "\u2014" : `${v}${u === void 0 ? "" : ` ${u}`}`;
  return `${value.padEnd(14)} ${q.padEnd(5)} sampled ${new Date(t).toISOString().slice(11, 23)}${e === void 0 ? "" : `  ${e}`}`;
}
function parseReading(payload) {
  try {
    const reading = JSON.parse(payload.toString());
    return typeof reading?.q === "string" && typeof reading.t === "number" ? reading : void 0;
  } catch {
    return void 0;
  }
}
export {
  watchCloud
};
//# sourceMappingURL=cloud.js.map
