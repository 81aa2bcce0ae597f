import { setTimeout as sleep } from "node:timers/promises";
import { LoadClient, publishFrame, sourceAddress } from "../client.js";
const STEPS = 50;
const PATIENCE = 6e4;
async function exchange(context, options) {
  const { port, first, clients: count, group, rounds, shared } = options;
  const clients = [];
  let received = 0;
  let wrong = 0;
  const last = Array.from({ length: count }, () => new Int32Array(group + 2).fill(-1));
  const startedAt = performance.now();
  for (let from = 0; from < count; from += options.connectAtOnce) {
    const batch = Array.from({ length: Math.min(options.connectAtOnce, count - from) }, (_, k) => from + k);
    await Promise.all(
      batch.map(async (i) => {
        const index = first + i;
        const client = new LoadClient({ port, localAddress: sourceAddress(index) }, `load-${index}`);
        clients[i] = client;
        const code = await client.connack;
        if (code !== 0) throw new Error(`client ${index} was answered ${code}`);
        const ownGroup = Math.floor(index / group);
        client.onPublish = (topic, payload2) => {
          const sender = payload2.readUInt32BE(0);
          const number = payload2.readInt32BE(4);
          const place = topic.startsWith("load/own/") ? sender === index && topic === `load/own/${index}` ? group : -1 : topic === "load/all" ? group + 1 : Math.floor(sender / group) === ownGroup && topic === `load/group/${ownGroup}` ? sender % group : -1;
          received++;
          if (place < 0 || last[i][place] !== number - 1) wrong++;
          else last[i][place] = number;
        };
        await client.subscribe([`load/own/${index}`, 1], [`load/group/${ownGroup}`, 1], ["load/all", 0]);
      })
    );
  }
  const connectMs = performance.now() - startedAt;
  context.say("connected");
  await context.hear("exchange");
  const exchangeAt = performance.now();
  const payload = Buffer.alloc(64);
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < STEPS; step++) {
      for (let i = step; i < count; i += STEPS) {
        payload.writeUInt32BE(first + i, 0);
        payload.writeInt32BE(round, 4);
        const { socket } = clients[i];
        socket.write(publishFrame(`load/own/${first + i}`, payload, 1, 1));
        socket.write(publishFrame(`load/group/${Math.floor((first + i) / group)}`, payload, 1, 2));
      }
      await sleep(5);
    }
  }
  for (let number = 0; first === 0 && number < shared; number++) {
    payload.writeUInt32BE(0, 0);
    payload.writeInt32BE(number, 4);
    clients[0].socket.write(publishFrame("load/all", payload, 0));
    await sleep(20);
  }
  const expected = count * (rounds * (1 + group) + shared);
  for (const until = performance.now() + PATIENCE; received < expected && performance.now() < until; ) await sleep(20);
  const exchangeMs = performance.now() - exchangeAt;
  context.say("done");
  await context.hear("close");
  for (const client of clients) client.close();
  return { connectMs, exchangeMs, expected, received, wrong };
}
export {
  exchange
};
//# sourceMappingURL=exchange.js.map
