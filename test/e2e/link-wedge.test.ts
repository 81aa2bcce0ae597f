/** A far side that is connected and does nothing: the link says so, goes elsewhere, and loses nothing. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, type Packet, parser } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { SessionClient } from '../crash/client.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { startMosquitto } from '../support/links.js';
import { eventually, freePort, needs } from '../support/peers.js';

const MESSAGES = 300;
const HEARTBEAT = 1_000;

/** Answers CONNECT, and what else it is told to; nothing more. */
async function wedged(t: Test, answers: (packet: Packet) => Packet | undefined) {
  const sockets = new Set<Socket>();
  let acceptedAt: number | undefined;
  let publishes = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const parse = parser({ protocolVersion: 5 });
    parse.on('packet', (packet) => {
      if (packet.cmd === 'connect') acceptedAt ??= Date.now();
      if (packet.cmd === 'publish') publishes++;
      const answer =
        packet.cmd === 'connect'
          ? ({ cmd: 'connack', sessionPresent: false, reasonCode: 0 } as const)
          : answers(packet);
      if (answer !== undefined) socket.write(generate(answer, { protocolVersion: 5 }));
    });
    parse.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => parse.parse(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    acceptedAt: () => acceptedAt,
    publishes: () => publishes,
  };
}

const kinds: Readonly<Record<string, (packet: Packet) => Packet | undefined>> = {
  'answers CONNECT only': () => undefined,
  'answers all but PUBLISH': (packet) => {
    if (packet.cmd === 'pingreq') return { cmd: 'pingresp' };
    if (packet.cmd !== 'subscribe') return undefined;
    return { cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(({ qos }) => qos) };
  },
};

for (const [name, answers] of Object.entries(kinds)) {
  t.test(`a far side that ${name}: degraded, then another endpoint, nothing lost`, needs('mosquitto'), async (t) => {
    const wedge = await wedged(t, answers);
    const far = await startMosquitto(t);
    const got: string[] = [];
    const collector = new SessionClient({
      clientId: 'collector',
      filters: [{ topic: 'up/#', qos: 2 }],
      onMessage: ({ topic, payload }) => void got.push(`${topic} ${payload}`),
    });
    await collector.connect(far.port);
    t.teardown(() => collector.drop());
    const folder = tempFolder(t);
    const port = await freePort();
    const yaml = [
      `gateway: { id: plant-7, data: ${join(folder, 'data')} }`,
      `broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }] }`,
      'links:',
      '  cloud:',
      '    type: mqtt',
      `    url: [mqtt://127.0.0.1:${wedge.port}, mqtt://127.0.0.1:${far.port}]`,
      `    heartbeat: { every: ${HEARTBEAT}ms }`,
      '    reconnect: 2s',
      "    routes: [{ direction: out, filter: 'up/#', qos: 2 }]",
    ].join('\n');
    const gateway = await startTestGateway(t, yaml, folder);
    const publisher = new SessionClient({ clientId: 'publisher', filters: [] });
    await publisher.connect(port);
    t.teardown(() => publisher.drop());

    const api = createClient({ socket: gateway.socket });
    /** State by state, as anybody sees it. */
    const states: string[] = [];
    let degradedAfter: number | undefined;
    const sent: string[] = [];
    await eventually(async () => {
      if (sent.length < MESSAGES) {
        const qos = sent.length % 2 === 0 ? 1 : 2;
        const message = { topic: `up/${qos}`, payload: String(sent.length), qos, retain: false, expiry: 0 } as const;
        publisher.publish(message);
        sent.push(`${message.topic} ${message.payload}`);
      }
      const link = (await api.request('GET /v1/links')).items[0]!;
      const state = `${link.state} ${link.endpoint?.endsWith(`:${far.port}`) ? 'there' : 'wedged'}`;
      if (states.at(-1) !== state) states.push(state);
      if (state === 'degraded wedged') degradedAfter ??= link.since - (wedge.acceptedAt() ?? link.since);
      return state === 'up there' && sent.length === MESSAGES && got.length >= MESSAGES;
    }, 40_000);
    t.ok(states.includes('degraded wedged'), states.join(', '));
    t.notOk(states.includes('up wedged'), 'it never counted as up');
    t.comment(`degraded after ${degradedAfter} ms, heartbeats every ${HEARTBEAT} ms`);
    t.strictSame([...new Set(got)].sort(), [...sent].sort(), 'all came');
    await sleep(300);
    for (const qos of [1, 2]) {
      const numbers = got.filter((one) => one.startsWith(`up/${qos} `)).map((one) => Number(one.split(' ')[1]));
      t.strictSame(
        numbers,
        numbers.toSorted((a, b) => a - b),
        `QoS ${qos} in order, and none twice`,
      );
      t.equal(new Set(numbers).size, numbers.length);
    }
  });
}
