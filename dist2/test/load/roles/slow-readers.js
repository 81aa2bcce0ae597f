import { setTimeout as sleep } from "node:timers/promises";
import { LoadClient, publishFrame, sourceAddress } from "../client.js";
async function slowReaders(context, options) {
  const clients = [];
  for (let from = 0; from < options.clients; from += 100) {
    const batch = Array.from({ length: Math.min(100, options.clients - from) }, (_, k) => from + k);
    await Promise.all(
      batch.map(async (i) => {
        const client = new LoadClient({ port: options.port, localAddress: sourceAddress(i) }, `slow-${i}`);
        clients.push(client);
        const code = await client.connack;
        if (code !== 0) throw new Error(`reader ${i} was answered ${code}`);
        const filter = options.ownTopics ? `load/slow/${i}` : "load/slow/all";
        await client.subscribe([filter, options.qos]);
        client.socket.pause();
      })
    );
  }
  context.say("connected");
  await context.hear("close");
  for (const client of clients) client.close();
}
async function reader(context, { port, qos, messages }) {
  const client = new LoadClient({ port }, "healthy");
  if (await client.connack !== 0) throw new Error("the reader was refused");
  let received = 0;
  let wrong = 0;
  client.onPublish = (_topic, payload) => {
    if (payload.readInt32BE(0) !== received++) wrong++;
  };
  await client.subscribe(["load/slow/+", qos]);
  context.say("connected");
  await context.hear("published");
  for (let tries = 0; received < messages && tries < 500; tries++) await sleep(20);
  client.close();
  return { received, wrong };
}
async function publisher(context, options) {
  const { port, qos, messages, bytes, topics } = options;
  const client = new LoadClient({ port }, "publisher");
  if (await client.connack !== 0) throw new Error("the publisher was refused");
  await client.subscribe(["load/echo", 0]);
  let echo = () => {
  };
  client.onPublish = () => echo();
  await context.hear("publish");
  const startedAt = performance.now();
  const payload = Buffer.alloc(bytes, 120);
  for (let i = 0; i < messages; i++) {
    payload.writeInt32BE(i, 0);
    const topic = topics === 0 ? "load/slow/all" : `load/slow/${i % topics}`;
    client.socket.write(publishFrame(topic, payload, qos, i % 65535 + 1));
    if (i % 4 !== 3) continue;
    const echoed = new Promise((resolve) => {
      echo = resolve;
    });
    client.socket.write(publishFrame("load/echo", "x"));
    await echoed;
  }
  const ms = performance.now() - startedAt;
  client.close();
  return { ms };
}
export {
  publisher,
  reader,
  slowReaders
};
//# sourceMappingURL=slow-readers.js.map
