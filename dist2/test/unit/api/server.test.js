import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { createServer as createNetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, {} from "tap";
import { createClient } from "../../../src/api/client.js";
import { createApiServer } from "../../../src/api/server.js";
import { MAX_SOCKET_PATH_BYTES } from "../../../src/api/socket.js";
import { systemClock } from "../../../src/core/clock.js";
import { GatewayError } from "../../../src/core/errors.js";
import { silentLog } from "../../../src/core/log.js";
import { FakeView } from "../../support/fake-view.js";
import { startPeer } from "../../support/peers.js";
function tempFolder(t2) {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-a-"));
  t2.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
async function startServer(t2, socket = join(tempFolder(t2), "c.sock")) {
  const view = new FakeView();
  const server = createApiServer({ view, socket, log: silentLog, clock: systemClock });
  await server.start(AbortSignal.timeout(1e4));
  t2.teardown(() => server[Symbol.asyncDispose]());
  return { view, server, socket, client: createClient({ socket }) };
}
function raw(socketPath, method, path, body) {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on(
        "end",
        () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) })
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}
async function thrown(promise) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("it did not throw");
}
t.test("every route answers through the client as the view says", async (t2) => {
  const { client, view } = await startServer(t2);
  t2.strictSame(await client.request("GET /v1/status"), view.status());
  t2.strictSame((await client.request("GET /v1/devices")).items, view.devices());
  t2.strictSame(await client.request("GET /v1/devices/{device}", { params: { device: "boiler" } }), view.devices()[0]);
  t2.equal((await client.request("GET /v1/points")).items.length, 5);
  t2.equal((await client.request("GET /v1/points", { query: { device: "meter" } })).items.length, 2);
  const params = { device: "boiler", point: "setpoint" };
  t2.equal((await client.request("GET /v1/points/{device}/{point}", { params })).value, 65);
  t2.equal((await client.request("POST /v1/points/{device}/{point}/read", { params })).value, 65);
  const result = await client.request("POST /v1/points/{device}/{point}/write", {
    params,
    body: { value: 72.5, timeoutMs: 900 }
  });
  t2.match(result, { status: "verified", value: 72.5 });
  t2.strictSame(view.written, [{ device: "boiler", point: "setpoint", value: 72.5, timeoutMs: 900 }]);
  await client.request("POST /v1/devices/{device}/pause", { params: { device: "meter" } });
  t2.strictSame(view.paused, ["meter"]);
  await client.request("POST /v1/devices/{device}/resume", { params: { device: "meter" } });
  t2.strictSame(view.paused, []);
  await client.request("POST /v1/devices/{device}/retry", { params: { device: "meter" } });
  t2.strictSame(await client.request("POST /v1/publish", { body: { topic: "a/b", text: "x", qos: 1, retain: true } }), {
    delivered: true
  });
  t2.strictSame(view.published, [{ topic: "a/b", text: "x", qos: 1, retain: true }]);
  t2.equal((await client.request("GET /v1/retained", { query: { filter: "hpmq/#" } })).items.length, 1);
  t2.strictSame((await client.request("GET /v1/topics")).items, [
    { topic: "hpmq/plant-7/boiler/temperature", retained: true, messages: 0, at: view.retained_[0]?.at }
  ]);
  t2.equal((await client.request("GET /v1/links")).items[0]?.name, "cloud");
  t2.equal((await client.request("GET /v1/logs", { query: { limit: "10" } })).items.length, 1);
  t2.strictSame((await client.request("GET /v1/clients")).items, []);
  t2.equal((await client.request("GET /v1/config")).file, "/etc/hpmq/hpmq.yaml");
});
t.test("errors of the gateway arrive with code, fault, hint and details", async (t2) => {
  const { client, socket } = await startServer(t2);
  const params = { device: "meter", point: "power" };
  const error = await thrown(client.request("POST /v1/points/{device}/{point}/read", { params }));
  t2.match(error, {
    code: "FAKE_TIMEOUT",
    fault: "device",
    hint: "check the wiring",
    details: { unit: 1, timeoutMs: 500 }
  });
  t2.equal((await raw(socket, "POST", "/v1/points/meter/power/read")).status, 502);
});
t.test("requests that are wrong get an ErrorBody with the right status", async (t2) => {
  const { socket, view } = await startServer(t2);
  const write = "/v1/points/boiler/setpoint/write";
  const cases = [
    ["GET", "/v1/nothing", void 0, 404, /no route GET \/v1\/nothing/],
    ["GET", "/", void 0, 404, /no route/],
    ["DELETE", "/v1/status", void 0, 405, /DELETE is not a method/],
    ["GET", "/v1/devices/nope", void 0, 404, /no device "nope"/],
    ["GET", "/v1/points/boiler/nope", void 0, 404, /has no point "nope"/],
    ["GET", "/v1/points/%ff/x", void 0, 400, /percent-encoded/],
    ["GET", "/v1/points?devise=x", void 0, 400, /unknown parameter "devise"; known: device/],
    ["GET", "/v1/logs?limit=0", void 0, 400, /"limit" is not a whole number/],
    ["POST", write, '{"value":', 400, /not JSON/],
    ["POST", write, "[1]", 400, /not a JSON object/],
    ["POST", write, "", 400, /not a JSON object/],
    ["POST", write, '{"value":null}', 400, /"value" is not/],
    ["POST", write, '{"value":1,"force":true}', 400, /unknown field "force"/],
    ["POST", write, '{"value":1,"timeoutMs":-1}', 400, /"timeoutMs"/],
    ["POST", "/v1/publish", '{"topic":"a","qos":3,"text":""}', 400, /"qos"/],
    ["POST", "/v1/publish", '{"topic":"a"}', 400, /one of "text" and "base64"/],
    ["POST", "/v1/publish", '{"topic":"a","base64":"?"}', 400, /not base64/],
    ["POST", write, `{"value":"${"x".repeat(1e6)}"}`, 413, /more than 1000000 bytes/],
    ["GET", "/v1/events", void 0, 400, /"kinds"/],
    ["GET", "/v1/events?kinds=status,tea", void 0, 400, /no kind "tea"/],
    ["GET", "/v1/events?kinds=status&rate=99", void 0, 400, /"rate"/]
  ];
  for (const [method, path, body, status, message] of cases) {
    const answer = await raw(socket, method, path, body);
    t2.equal(answer.status, status, `${method} ${path}`);
    t2.match(answer.body.error?.message, message);
    t2.equal(answer.body.error?.fault, "caller");
    t2.ok(answer.body.error?.hint);
  }
  t2.equal((await raw(socket, "DELETE", "/v1/status")).headers.allow, "GET");
  t2.strictSame(view.written, []);
});
t.test("names with special characters survive the path", async (t2) => {
  const { client, view } = await startServer(t2);
  view.devices_ = [{ ...view.devices_[0], name: "a b/\xFC%2F" }];
  t2.equal((await client.request("GET /v1/devices/{device}", { params: { device: "a b/\xFC%2F" } })).name, "a b/\xFC%2F");
});
t.test("health: alive always, ready when up", async (t2) => {
  const { socket, view } = await startServer(t2);
  t2.equal((await raw(socket, "GET", "/healthz")).status, 200);
  t2.equal((await raw(socket, "GET", "/readyz")).status, 200);
  const up = view.status();
  view.status = () => ({ ...up, state: "stopping" });
  t2.equal((await raw(socket, "GET", "/healthz")).status, 200);
  t2.equal((await raw(socket, "GET", "/readyz")).status, 503);
});
t.test("the socket is open to owner and group, and gone after the stop", async (t2) => {
  const { server, socket } = await startServer(t2);
  t2.equal(statSync(socket).mode & 511, 432);
  t2.equal(server.status().state, "up");
  await server[Symbol.asyncDispose]();
  t2.throws(() => statSync(socket), { code: "ENOENT" });
});
t.test("a second gateway on the same socket is refused, and the first lives on", async (t2) => {
  const { socket, client } = await startServer(t2);
  const second = createApiServer({ view: new FakeView(), socket, log: silentLog, clock: systemClock });
  const error = await thrown(second.start(AbortSignal.timeout(5e3)));
  t2.match(error, { code: "API_SOCKET_IN_USE", fault: "config", message: /another gateway runs here/ });
  await second[Symbol.asyncDispose]();
  t2.equal((await client.request("GET /v1/status")).gateway, "plant-7");
});
t.test("the socket of a process that was killed is taken over", async (t2) => {
  const socket = join(tempFolder(t2), "c.sock");
  const script = `require('net').createServer().listen(${JSON.stringify(socket)}, () => console.log('ready'))`;
  const peer = startPeer(t2, process.execPath, ["-e", script]);
  await peer.sees(/ready/);
  await peer.kill("SIGKILL");
  t2.ok(statSync(socket).isSocket(), "it is still there");
  const { client } = await startServer(t2, socket);
  t2.equal((await client.request("GET /v1/status")).gateway, "plant-7");
});
t.test("what is not ours is left alone", async (t2) => {
  const folder = tempFolder(t2);
  const file = join(folder, "file");
  writeFileSync(file, "precious");
  const start = (socket) => thrown(
    createApiServer({ view: new FakeView(), socket, log: silentLog, clock: systemClock }).start(
      AbortSignal.timeout(5e3)
    )
  );
  t2.match(await start(file), { code: "API_SOCKET_FAILED", message: /exists and is not a socket/ });
  t2.match(await start(join(file, "c.sock")), { code: "API_SOCKET_FAILED", message: /cannot make the folder/ });
  t2.match(await start(join(folder, "x".repeat(MAX_SOCKET_PATH_BYTES))), {
    code: "API_SOCKET_FAILED",
    message: /more than 107/
  });
  t2.ok(statSync(file).isFile());
});
t.test("a missing folder is made, for this user alone", async (t2) => {
  const folder = join(tempFolder(t2), "a", "b");
  await startServer(t2, join(folder, "c.sock"));
  t2.equal(statSync(folder).mode & 511, 448);
});
t.test("client: what is wrong on the way is a GatewayError with a hint", async (t2) => {
  const folder = tempFolder(t2);
  const at = (name) => createClient({ socket: join(folder, name), timeoutMs: 300 }).request("GET /v1/status");
  t2.match(await thrown(at("none")), { code: "GATEWAY_NOT_RUNNING", fault: "peer", hint: /start it with `hpmq run`/ });
  const answering = async (name, answer) => {
    const server = createNetServer((socket) => {
      socket.on("error", () => {
      });
      if (answer === void 0) return;
      socket.end(answer);
    });
    await new Promise((resolve) => server.listen(join(folder, name), resolve));
    t2.teardown(() => server.close());
    return thrown(at(name));
  };
  t2.match(await answering("silent", void 0), { code: "GATEWAY_NO_ANSWER", message: /within 300 ms/ });
  const silent = createClient({ socket: join(folder, "silent"), timeoutMs: 300 });
  const stream = silent.events({ kinds: ["status"], signal: new AbortController().signal });
  t2.match(await thrown(stream[Symbol.asyncIterator]().next()), { code: "GATEWAY_NO_ANSWER", message: /within 300 ms/ });
  t2.match(await answering("ssh", "SSH-2.0-OpenSSH_9.2\r\n"), { code: "GATEWAY_BAD_ANSWER" });
  t2.match(await answering("html", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<htm>"), { code: "GATEWAY_BAD_ANSWER" });
  t2.match(await answering("odd", "HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}"), {
    code: "GATEWAY_BAD_ANSWER",
    message: /status 500/
  });
  t2.match(await answering("cut", ""), { code: "GATEWAY_LOST" });
});
t.test("client: a request can be cancelled", async (t2) => {
  const { client } = await startServer(t2);
  const error = await thrown(client.request("GET /v1/status", { signal: AbortSignal.abort() }));
  t2.equal(error.code, "API_CANCELLED");
});
t.test("a folder of somebody else in the temp directory is not trusted", async (t2) => {
  const folder = tempFolder(t2);
  mkdirSync(join(folder, "x"));
  chmodSync(join(folder, "x"), 511);
  await startServer(t2, join(folder, "x", "c.sock"));
  t2.pass("a path that was named is used as it is");
});
//# sourceMappingURL=server.test.js.map
