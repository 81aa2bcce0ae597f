import { setTimeout as sleep } from "node:timers/promises";
import { openClient, publishFrame } from "./client.js";
import { Acknowledger, FrameCounter, Latencies } from "./counters.js";
const TOPIC = "bench/line1/temperature";
const PAYLOAD_BYTES = 64;
const BLOCK = 1e3;
function deliveryFault(sent, got) {
  if (got[0] === sent[0] && got[1] === sent[1]) return void 0;
  return `delivers frames that begin with ${got.subarray(0, 2).toString("hex")}, not ${sent.subarray(0, 2).toString("hex")}`;
}
async function closedLoop(port, { subscribers, qos, window, batch }) {
  const frames = Array.from({ length: BLOCK }, (_, i) => publishFrame(TOPIC, PAYLOAD_BYTES, qos, i + 1));
  const frameBytes = frames[0].length;
  const block = Buffer.concat([...frames, ...frames]);
  const idAt = 2 + 2 + TOPIC.length;
  const latencies = new Latencies();
  const sentAt = new Float64Array(BLOCK);
  const publisher = await openClient(port, "publisher");
  const clients = [publisher];
  const counters = [];
  const acknowledged = new FrameCounter(4);
  let published = 0;
  let delivered = 0;
  let done = 0;
  let lost = 0;
  let scheduled = false;
  let stopped = false;
  let fault;
  const pump = () => {
    scheduled = false;
    if (stopped) return;
    let slowest = qos === 1 ? acknowledged.count : Number.POSITIVE_INFINITY;
    for (const { count } of counters) slowest = Math.min(slowest, count);
    const settled = Math.min(published, slowest + lost);
    if (settled > done) {
      latencies.add(performance.now() - sentAt[(settled - 1) % BLOCK]);
      done = settled;
    }
    const room = window - (published - done);
    if (room < batch) return;
    const now = performance.now();
    const first = published % BLOCK;
    for (let i = 0; i < room; i++) sentAt[(published + i) % BLOCK] = now;
    publisher.write(block.subarray(first * frameBytes, (first + room) * frameBytes));
    published += room;
  };
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  };
  for (let i = 0; i < subscribers; i++) {
    const client = await openClient(port, `subscriber-${i}`, { filter: TOPIC, qos });
    const counter = new FrameCounter(frameBytes);
    const acknowledger = new Acknowledger(frameBytes, idAt);
    client.onBytes((bytes) => {
      if (counter.isNew) fault ??= deliveryFault(frames[0], bytes);
      delivered += counter.add(bytes.length);
      if (qos === 1) client.write(acknowledger.answer(bytes));
      schedule();
    });
    clients.push(client);
    counters.push(counter);
  }
  publisher.onBytes((bytes) => {
    acknowledged.add(bytes.length);
    schedule();
  });
  let seen = -1;
  const watchdog = setInterval(() => {
    if (done === seen && published > done) {
      lost += published - done;
      schedule();
    }
    seen = done;
  }, 1e3);
  pump();
  return {
    get published() {
      return published;
    },
    get delivered() {
      return delivered;
    },
    get lost() {
      return lost;
    },
    get fault() {
      return fault;
    },
    latencies,
    stop() {
      stopped = true;
      clearInterval(watchdog);
      for (const client of clients) client.close();
    }
  };
}
async function fixedRate(port, perSecond) {
  const frame = publishFrame(TOPIC, PAYLOAD_BYTES, 0, 0);
  const latencies = new Latencies();
  const sentAt = new Float64Array(BLOCK * 10);
  const subscriber = await openClient(port, "subscriber", { filter: TOPIC, qos: 0 });
  const publisher = await openClient(port, "publisher");
  const counter = new FrameCounter(frame.length);
  let published = 0;
  let stopped = false;
  let fault;
  subscriber.onBytes((bytes) => {
    if (counter.isNew) fault ??= deliveryFault(frame, bytes);
    const now = performance.now();
    const first = counter.count;
    const frames = counter.add(bytes.length);
    for (let i = 0; i < frames; i++) latencies.add(now - sentAt[(first + i) % sentAt.length]);
  });
  const startedAt = performance.now();
  const run = async () => {
    while (!stopped) {
      const due = Math.floor((performance.now() - startedAt) * perSecond / 1e3);
      for (; published < due; published++) {
        sentAt[published % sentAt.length] = performance.now();
        publisher.write(frame);
      }
      await sleep(1);
    }
  };
  const running = run();
  running.catch(() => {
  });
  return {
    get published() {
      return published;
    },
    get delivered() {
      return counter.count;
    },
    get lost() {
      return 0;
    },
    get fault() {
      return fault;
    },
    latencies,
    stop() {
      stopped = true;
      publisher.close();
      subscriber.close();
    }
  };
}
const scenarios = [
  {
    id: "A",
    title: "1 \u2192 1, QoS 0, 64 B, window 1000, 100 per write",
    start: (port) => closedLoop(port, { subscribers: 1, qos: 0, window: 1e3, batch: 100 })
  },
  {
    id: "D",
    title: "1 \u2192 1, QoS 1, 64 B, window 100, 10 per write",
    start: (port) => closedLoop(port, { subscribers: 1, qos: 1, window: 100, batch: 10 })
  },
  {
    id: "B",
    title: "1 \u2192 100, QoS 0, 64 B, window 100, 10 per write",
    start: (port) => closedLoop(port, { subscribers: 100, qos: 0, window: 100, batch: 10 })
  },
  {
    id: "J",
    title: "1 \u2192 1, QoS 0, 64 B, 1000 messages/s, one per write",
    start: (port) => fixedRate(port, 1e3)
  }
];
export {
  scenarios
};
//# sourceMappingURL=scenarios.js.map
