import { Latencies } from "../../bench/counters.js";
import { LoadClient, publishFrame } from "../client.js";
function quiet(results) {
  const second = (values) => [...values].sort((a, b) => a - b)[values.length > 2 ? 1 : 0];
  return { p50: second(results.map(({ p50 }) => p50)), p99: second(results.map(({ p99 }) => p99)) };
}
async function probe(context, options) {
  const { port, clients: count, rate, credentials } = options;
  const latencies = new Latencies();
  let sent = 0;
  let received = 0;
  let isMeasuring = false;
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = new LoadClient({ port, localAddress: "127.0.0.250" }, `probe-${i}`, credentials);
    const code = await client.connack;
    if (code !== 0) throw new Error(`probe ${i} was answered ${code}`);
    client.onPublish = (_topic, payload2) => {
      received++;
      const at = payload2.readDoubleBE(0);
      if (isMeasuring) latencies.add(performance.now() - at);
    };
    await client.subscribe([`load/probe/${i}`, 0]);
    clients.push(client);
  }
  const payload = Buffer.alloc(64);
  let next = 0;
  let dueAt = performance.now();
  const step = 1e3 / (rate * count);
  const timer = setInterval(() => {
    for (; dueAt <= performance.now(); dueAt += step) {
      const i = next++ % count;
      payload.writeDoubleBE(performance.now(), 0);
      clients[i].socket.write(publishFrame(`load/probe/${i}`, payload));
      sent++;
    }
  }, 1);
  context.say("connected");
  void context.hear("close").then(() => {
    clearInterval(timer);
    for (const client of clients) client.close();
    process.exit(0);
  });
  for (; ; ) {
    await context.hear("start");
    latencies.clear();
    [sent, received, isMeasuring] = [0, 0, true];
    await context.hear("stop");
    isMeasuring = false;
    const result = { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99), sent, received };
    context.say(JSON.stringify(result));
  }
}
export {
  probe,
  quiet
};
//# sourceMappingURL=probe.js.map
