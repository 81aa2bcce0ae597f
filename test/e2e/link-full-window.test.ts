/**
 * QoS 2 with the whole window in flight, and none of the PUBRECs arrives: Mosquitto counts what it has of the session against
 * its Receive Maximum, and closes the connection at the next new message, were it the link's own heartbeat.
 */
import { connectAsync } from 'mqtt';
import t from 'tap';
import { createClient } from '../../src/api/client.js';
import { startTestGateway } from '../support/gateway.js';
import { startMosquitto } from '../support/links.js';
import { eventually, freePort, needs } from '../support/peers.js';
import { Relay } from '../support/relay.js';

const MESSAGES = 60;
const PUBREC_BYTES = 4;

const cases = [
  ['a window of 20', 20, ''],
  ['a window of 20, without heartbeats', 20, ', heartbeat: off'],
  // It cannot be shared: after three connections the link goes on without heartbeats for a while.
  ['a window of one', 1, ''],
] as const;

for (const [name, window, heartbeat] of cases) {
  t.test(name, needs('mosquitto'), async (t) => {
    const mosquitto = await startMosquitto(t, [
      'allow_anonymous true',
      'max_queued_messages 0',
      `max_inflight_messages ${window}`,
    ]);
    const relay = await Relay.open(mosquitto.port);
    t.teardown(() => relay[Symbol.asyncDispose]());
    const port = await freePort();
    const gateway = await startTestGateway(
      t,
      `gateway: { id: near, data: data }
broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }] }
links:
  up:
    { type: mqtt, url: 'mqtt://127.0.0.1:${relay.port}', routes: [{ direction: both, filter: 'a/#', qos: 2 }]${heartbeat} }
`,
    );
    const link = async () => (await createClient({ socket: gateway.socket }).request('GET /v1/links')).items[0]!;
    await eventually(async () => (await link()).state === 'up');
    const got: string[] = [];
    const listener = await connectAsync(mosquitto.url);
    t.teardown(() => listener.endAsync(true));
    listener.on('message', (_topic, payload) => void got.push(`${payload}`));
    await listener.subscribeAsync('a/#', { qos: 2 });
    const publisher = await connectAsync(`mqtt://127.0.0.1:${port}`);
    t.teardown(() => publisher.endAsync(true));

    relay.swallow('down');
    const published = Array.from({ length: MESSAGES }, (_, n) => publisher.publishAsync('a/b', `${n}`, { qos: 2 }));
    await Promise.all(published);
    await eventually(() => relay.swallowedBytes >= Math.max(1, window - 1) * PUBREC_BYTES);
    relay.pass();

    await eventually(async () => (await link()).queued === 0, 60_000);
    await eventually(() => got.length >= MESSAGES);
    t.strictSame(
      got,
      Array.from({ length: MESSAGES }, (_, n) => `${n}`),
      'each once, in order',
    );
  });
}
