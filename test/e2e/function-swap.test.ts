/** A function is deployed again and again while ten thousand messages per second go through it: none is lost, doubled or reordered. */
import mqtt from 'mqtt';
import t from 'tap';
import { mqttSubscribe } from '../support/foreign-mqtt.js';
import { startFunctionGateway } from '../support/function-gateway.js';
import { eventually, needs } from '../support/peers.js';

const TOPICS = 10;
/** For each topic, each millisecond. */
const MESSAGES = 3_000;

for (const qos of [0, 1] as const) {
  t.test(`QoS ${qos}`, needs('clang', 'wasm-ld', 'mosquitto_sub'), async (t) => {
    const gateway = await startFunctionGateway(
      t,
      { mark: ['mark.c', "-DMARK='a'"] },
      `
gateway: { id: g }
broker:
  listeners: [ { type: tcp, port: 0 } ]
  limits: { receiveMaximum: 10000, queuedMessages: 1000000, pendingBytes: 1GB, queuedBytes: 1GB }
functions:
  mark: { file: ./mark.wasm, on: { upstream: raw/# } }
`,
    );
    const url = `mqtt://127.0.0.1:${gateway.mqttPort}`;
    const reader = await mqtt.connectAsync(url, { protocolVersion: 5, properties: { receiveMaximum: 65_535 } });
    const writer = await mqtt.connectAsync(url, { protocolVersion: 5 });
    t.teardown(async () => void (await Promise.all([reader.endAsync(true), writer.endAsync(true)])));
    const next = new Map<string, number>();
    const marks = new Set<string>();
    let received = 0;
    let wrong = 0;
    reader.on('message', (topic, payload) => {
      if (topic === 'raw/last') return;
      const number = payload.readUInt32BE(1);
      if (number !== (next.get(topic) ?? 0)) wrong++;
      next.set(topic, number + 1);
      marks.add(String.fromCharCode(payload[0]!));
      received++;
    });
    await reader.subscribeAsync('raw/#', { qos });
    // Another people's client sees the same.
    const seen = await mqttSubscribe(t, gateway.mqttPort, 'raw/last', '-q', '1');
    const files = ['b', 'c', 'd', 'e'].map((mark) => gateway.write(`mark-${mark}`, 'mark.c', [`-DMARK='${mark}'`]));
    let isDone = false;
    const deploying = (async () => {
      let deployed = 0;
      for (; !isDone || deployed < files.length; deployed++) {
        const { code, stderr } = await gateway.hpmq('function', 'deploy', 'mark', files[deployed % files.length]!);
        if (code !== 0) throw new Error(stderr);
      }
      return deployed;
    })();
    const startedAt = performance.now();
    let sent = 0;
    while (sent < MESSAGES) {
      const due = Math.min(MESSAGES, Math.floor(performance.now() - startedAt));
      for (; sent < due; sent++) {
        const payload = Buffer.alloc(64);
        payload[0] = 0x2d;
        payload.writeUInt32BE(sent, 1);
        for (let topic = 0; topic < TOPICS; topic++) writer.publish(`raw/${topic}`, payload, { qos });
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await eventually(() => received === MESSAGES * TOPICS, 60_000);
    const seconds = (performance.now() - startedAt) / 1_000;
    isDone = true;
    const deployed = await deploying;
    await writer.publishAsync('raw/last', '-', { qos: 1 });
    await seen('raw/last', (payload) => /^[b-e]$/.test(payload));
    t.equal(received, MESSAGES * TOPICS);
    t.equal(wrong, 0, 'in order, each once');
    t.ok(marks.size > 1 && !marks.has('-'), `by versions ${[...marks].join(', ')}`);
    t.comment(`${Math.round(received / seconds)} messages per second, ${deployed} deployments`);
    t.match(await gateway.hpmq('status', '--ledger'), { code: 0 });
  });
}
