import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, {} from "tap";
import { createClient } from "../../../src/api/client.js";
import { createApiServer } from "../../../src/api/server.js";
import { MAX_STREAMS } from "../../../src/api/sse.js";
import { parseEvents } from "../../../src/api/sse-parser.js";
import { silentLog } from "../../../src/core/log.js";
import { FakeView } from "../../support/fake-view.js";
import { ManualClock } from "../../support/manual-clock.js";
import { eventually } from "../../support/peers.js";
async function startServer(t2) {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-e-"));
  t2.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, "c.sock");
  const view = new FakeView();
  const clock = new ManualClock();
  const server = createApiServer({ view, socket, log: silentLog, clock });
  await server.start(AbortSignal.timeout(1e4));
  t2.teardown(() => server[Symbol.asyncDispose]());
  return { view, clock, server, socket, client: createClient({ socket }) };
}
function watch(t2, { client }, options) {
  const stop = new AbortController();
  const events = [];
  let failure;
  const ended = (async () => {
    try {
      for await (const event of client.events({ ...options, signal: stop.signal })) events.push(event);
    } catch (error) {
      failure = error;
    }
  })();
  t2.teardown(async () => {
    stop.abort();
    await ended;
  });
  const seen = (count) => eventually(() => events.length >= count && events);
  return { events, seen, stop, ended, failure: () => failure };
}
function rawStream(socketPath, path) {
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath, path, agent: false }, resolve).on("error", reject).end();
  });
}
t.test("snapshot first, then only what changed", async (t2) => {
  const started = await startServer(t2);
  const { view, clock } = started;
  const { seen } = watch(t2, started, { kinds: ["points", "devices", "links", "status", "logs"], rate: 4 });
  const [snapshot] = await seen(1);
  t2.equal(snapshot?.kind, "snapshot");
  t2.strictSame(Object.keys(snapshot?.data ?? {}).sort(), ["devices", "links", "logs", "points", "status"]);
  view.set("boiler", "temperature", 72);
  view.set("boiler", "temperature", 73);
  view.log("something happened");
  await clock.advance(250);
  const [, points, logs] = await seen(3);
  t2.match(points, { kind: "points", data: [{ point: "temperature", value: 73 }] }, "two changes, one event");
  t2.match(logs, { kind: "logs", data: [{ message: "something happened" }] });
  await clock.advance(1e3);
  view.devices_ = view.devices_.map((device) => device.name === "meter" ? { ...device, state: "online" } : device);
  await clock.advance(250);
  const events = await seen(4);
  t2.equal(events.length, 4, "what does not change is not sent");
  t2.match(events[3], { kind: "devices", data: [{ name: "meter", state: "online" }] });
});
t.test("messages: the filter is kept, what overflows is counted", async (t2) => {
  const started = await startServer(t2);
  const { view, clock } = started;
  const { seen } = watch(t2, started, { kinds: ["messages"], filter: "a/#" });
  await seen(1);
  for (let i = 0; i < 1005; i++) view.arrive("a/b", String(i));
  view.arrive("c", "not asked for");
  await clock.advance(250);
  const [snapshot, event] = await seen(2);
  t2.strictSame(snapshot, { kind: "snapshot", data: {} });
  const data = event?.data;
  t2.equal(data.items.length, 1e3);
  t2.equal(data.dropped, 5);
  t2.equal(data.items[0]?.text, "0", "the first are kept, in order");
});
t.test("topics: counted while somebody watches, retained ones known from the start", async (t2) => {
  const started = await startServer(t2);
  const { view, clock, client } = started;
  const { seen } = watch(t2, started, { kinds: ["topics"] });
  const [snapshot] = await seen(1);
  t2.match(snapshot?.data, { topics: [{ topic: "hpmq/plant-7/boiler/temperature", retained: true, messages: 0 }] });
  view.arrive("new/topic", "1");
  view.arrive("new/topic", "2");
  view.arrive("hpmq/plant-7/boiler/temperature", "", true);
  await clock.advance(250);
  const [, event] = await seen(2);
  t2.match(event?.data, [
    { topic: "new/topic", retained: false, messages: 2 },
    { topic: "hpmq/plant-7/boiler/temperature", retained: false, messages: 1 }
  ]);
  const { items } = await client.request("GET /v1/topics");
  t2.ok(items.some(({ topic }) => topic === "new/topic"));
});
t.test("the rate is the client\u2019s", async (t2) => {
  const started = await startServer(t2);
  const { view, clock } = started;
  const slow = watch(t2, started, { kinds: ["points"], rate: 1 });
  const fast = watch(t2, started, { kinds: ["points"], rate: 10 });
  await slow.seen(1);
  await fast.seen(1);
  for (let i = 0; i < 10; i++) {
    view.set("boiler", "temperature", i);
    await clock.advance(100);
  }
  await fast.seen(11);
  await slow.seen(2);
  t2.equal(slow.events.length, 2);
  t2.match(slow.events[1], { data: [{ value: 9 }] });
});
t.test("nobody watches: no timer, no subscription", async (t2) => {
  const started = await startServer(t2);
  const { view, clock } = started;
  t2.equal(clock.pending, 0);
  const one = watch(t2, started, { kinds: ["points", "logs", "messages", "topics"] });
  await one.seen(1);
  t2.equal(view.watchers, 3);
  t2.equal(clock.pending, 1);
  one.stop.abort();
  await one.ended;
  t2.equal(one.failure(), void 0, "a stream that was cancelled just ends");
  await eventually(() => view.watchers === 0 && clock.pending === 0);
});
t.test("a quiet stream is pinged every 15 s; events carry increasing ids", async (t2) => {
  const { socket, clock, view } = await startServer(t2);
  const stream = await rawStream(socket, "/v1/events?kinds=points");
  t2.teardown(() => stream.destroy());
  t2.equal(stream.headers["content-type"], "text/event-stream; charset=utf-8");
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  await eventually(() => text.includes("event: snapshot"));
  await clock.advance(15250);
  await eventually(() => text.includes(": ping\n\n"));
  view.set("boiler", "temperature", 1);
  await clock.advance(250);
  await eventually(() => text.includes("event: points"));
  t2.match(text, /^id: 1\nevent: snapshot\ndata: .*\n\n: ping\n\nid: 2\nevent: points\ndata: /s);
});
t.test("a reader that does not drain is skipped, then disconnected", async (t2) => {
  const { socket, clock, view } = await startServer(t2);
  const stream = await rawStream(socket, "/v1/events?kinds=messages");
  t2.teardown(() => stream.destroy());
  stream.on("error", () => {
  });
  stream.pause();
  const payload = "x".repeat(6e4);
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 50; i++) view.arrive("a", payload);
    await clock.advance(250);
  }
  t2.equal(view.watchers, 1, "still there, its buffers bounded");
  await clock.advance(61e3);
  t2.equal(view.watchers, 0, "given up after a minute");
});
t.test("eight streams at most; the ninth is refused with a reason", async (t2) => {
  const started = await startServer(t2);
  for (let i = 0; i < MAX_STREAMS; i++) await watch(t2, started, { kinds: ["status"] }).seen(1);
  const ninth = watch(t2, started, { kinds: ["status"] });
  await ninth.ended;
  t2.match(ninth.failure(), { code: "API_TOO_MANY_STREAMS", fault: "limit" });
});
t.test("an invalid filter is refused before the stream begins, and leaves nothing behind", async (t2) => {
  const started = await startServer(t2);
  const bad = watch(t2, started, { kinds: ["logs", "topics"], filter: "bad/#/filter" });
  await bad.ended;
  t2.match(bad.failure(), { code: "FAKE_TIMEOUT" });
  t2.equal(started.view.watchers, 0);
});
t.test("when the gateway stops, its watchers are told", async (t2) => {
  const started = await startServer(t2);
  const one = watch(t2, started, { kinds: ["status"] });
  await one.seen(1);
  await started.server[Symbol.asyncDispose]();
  await one.ended;
  t2.match(one.failure(), { code: "GATEWAY_LOST", fault: "peer" });
});
t.test("the parser takes any chunking", async (t2) => {
  const text = 'id: 1\nevent: status\ndata: {"a":1}\n\n: ping\n\nevent: logs\ndata: []\n\n';
  for (let size = 1; size <= text.length; size++) {
    const chunks = (async function* () {
      for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
    })();
    const events = [];
    for await (const event of parseEvents(chunks)) events.push(event);
    t2.strictSame(events, [
      { kind: "status", data: { a: 1 } },
      { kind: "logs", data: [] }
    ]);
  }
});
//# sourceMappingURL=events.test.js.map
