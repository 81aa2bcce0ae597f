import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import t, {} from "tap";
import { createApiServer } from "../../../src/api/server.js";
import { systemClock } from "../../../src/core/clock.js";
import { silentLog } from "../../../src/core/log.js";
import { FakeView } from "../../support/fake-view.js";
import { eventually } from "../../support/peers.js";
async function startServer(t2) {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-a-"));
  t2.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, "c.sock");
  const view = new FakeView();
  const defects = [];
  const log = { ...silentLog, error: (fields) => void defects.push(fields) };
  const server = createApiServer({ view, socket, log, clock: systemClock });
  await server.start(AbortSignal.timeout(1e4));
  t2.teardown(() => server[Symbol.asyncDispose]());
  const talk = (bytes) => new Promise((resolve) => {
    const connection = connect(socket);
    let answer = "";
    connection.setEncoding("latin1").on("data", (text) => {
      answer += text;
    });
    connection.on("error", () => {
    });
    connection.on("close", () => resolve(answer));
    connection.end(bytes);
  });
  return { view, server, socket, defects, talk };
}
const post = (path, body) => `POST ${path} HTTP/1.1\r
host: x\r
connection: close\r
content-length: ${Buffer.byteLength(body)}\r
\r
${body}`;
function holdReads(view) {
  const held = [];
  const read = (_device, _point, signal) => {
    held.push(signal);
    return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  Object.assign(view, { read });
  return held;
}
t.test("a client that leaves in the middle of its body or of a read is no defect of ours", async (t2) => {
  const { socket, view, defects } = await startServer(t2);
  const held = holdReads(view);
  const half = connect(socket);
  half.write('POST /v1/publish HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"a');
  const reader = connect(socket);
  reader.write("POST /v1/points/boiler/setpoint/read HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
  await eventually(() => held.length === 1);
  half.destroy();
  reader.destroy();
  await eventually(() => held[0].aborted);
  t2.match(held[0].reason, { code: "API_CANCELLED" });
  await new Promise((resolve) => setImmediate(resolve));
  t2.strictSame(defects, []);
});
t.test("a request in progress when the gateway stops is told so", async (t2) => {
  const { server, socket, view, defects } = await startServer(t2);
  const held = holdReads(view);
  const client = connect(socket);
  let answer = "";
  client.on("data", (chunk) => {
    answer += chunk;
  });
  client.write("POST /v1/points/boiler/setpoint/read HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
  await eventually(() => held.length === 1);
  await server[Symbol.asyncDispose]();
  await eventually(() => /"code":"STOPPED"/.test(answer));
  t2.match(answer, /^HTTP\/1\.1 503 .*connection: close/is);
  t2.strictSame(defects, []);
  client.destroy();
});
t.test("what is not HTTP is refused with the reason; after an answer has begun, without a word", async (t2) => {
  const { socket, talk } = await startServer(t2);
  t2.match(await talk("\0\x7F garbage\r\n\r\n"), /^HTTP\/1\.1 400 .*"code":"API_BAD_REQUEST"/s);
  const huge = `GET /v1/status HTTP/1.1\r
host: x\r
x: ${"a".repeat(4e4)}\r
\r
`;
  t2.match(await talk(huge), /^HTTP\/1\.1 431 .*"code":"API_BAD_REQUEST"/s);
  const stream = connect(socket);
  let events = "";
  stream.on("data", (chunk) => {
    events += chunk;
  });
  const closed = new Promise((resolve) => stream.on("close", resolve));
  stream.on("error", () => {
  });
  stream.write("GET /v1/events?kinds=logs HTTP/1.1\r\nhost: x\r\n\r\n");
  await eventually(() => events.includes("event: snapshot"));
  stream.write("\0garbage\r\n\r\n");
  await closed;
  t2.notMatch(events, /400/);
});
t.test("paths: encoded slashes stay in their segment, dots lead nowhere", async (t2) => {
  const { talk, view } = await startServer(t2);
  for (const [path, status] of [
    ["/v1/devices/boiler%2f..%2fmeter/pause", 404],
    ["/v1/devices/%2e%2e/pause", 404],
    ["/v1/devices/../../etc/passwd", 404],
    ["/v1/devices/%ff/pause", 400],
    ["/v1/devices/%00/pause", 404],
    ["/v1/devices/__proto__/pause", 404],
    ["//v1/devices/meter/pause", 404],
    ["/v1/devices//pause", 404],
    ["/v1/devices/meter/pause?x=1", 400]
  ]) {
    t2.match(await talk(post(path, "")), new RegExp(`^HTTP/1\\.1 ${status} `), path);
  }
  t2.strictSame(view.paused, []);
});
t.test(
  "any bytes, and any JSON as a body: an answer with a reason or the end of the connection, never a defect",
  async (t2) => {
    const { talk, defects, view } = await startServer(t2);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        t2.match(await talk(bytes), /^$|^HTTP\/1\.1 4\d\d /);
      }),
      { numRuns: 100 }
    );
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record(
        { topic: fc.anything(), text: fc.anything(), base64: fc.anything(), qos: fc.anything(), retain: fc.anything() },
        { requiredKeys: [] }
      ),
      fc.record({ value: fc.anything(), timeoutMs: fc.anything() }, { requiredKeys: [] })
    );
    const path = fc.constantFrom("/v1/publish", "/v1/points/boiler/setpoint/write", "/v1/devices/meter/retry");
    await fc.assert(
      fc.asyncProperty(path, body, async (path2, body2) => {
        const answer = await talk(post(path2, textOf(body2)));
        t2.match(answer, /^HTTP\/1\.1 (200|400) .*\r\n\r\n\{/s);
      }),
      { numRuns: 300 }
    );
    for (const { value } of view.written) t2.match(typeof value, /number|boolean|string/);
    t2.strictSame(defects, []);
  }
);
function textOf(body) {
  try {
    return typeof body === "string" ? body : JSON.stringify(body) ?? "";
  } catch {
    return "";
  }
}
t.test("a write: only finite numbers, and a time of at least 1 ms", async (t2) => {
  const { talk, view } = await startServer(t2);
  const path = "/v1/points/boiler/setpoint/write";
  for (const body of [
    '{"value":1e999}',
    '{"value":null}',
    '{"value":[1]}',
    "{}",
    "[]",
    '{"value":1,"timeoutMs":0.5}'
  ]) {
    t2.match(await talk(post(path, body)), /^HTTP\/1\.1 400 .*"code":"API_BAD_REQUEST"/s, body);
  }
  t2.strictSame(view.written, []);
});
//# sourceMappingURL=hostile.test.js.map
