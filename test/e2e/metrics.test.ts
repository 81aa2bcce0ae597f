/** `/metrics` of a real gateway, read by promtool, which checks form and names; on the control socket and over TCP. */
import { spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import t from 'tap';
import { mqttPublish, mqttSubscribe } from '../support/foreign-mqtt.js';
import { startTestGateway } from '../support/gateway.js';
import { needs } from '../support/peers.js';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function get(options: { socketPath?: string; port?: number; path?: string; method?: string }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', path: '/metrics', agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
      );
    });
    request.on('error', reject).end();
  });
}

/** What promtool has to say; empty when all is well. */
function promtool(text: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    child.on('close', (code) => resolve(said === '' && code !== 0 ? `exit code ${code}` : said));
    child.stdin.end(text);
  });
}

const yaml = `
gateway: { id: plant-7 }
broker: { listeners: [{ type: tcp, port: 0 }] }
devices: { sim: { adapter: simulator, points: { level: { wave: sine, every: 100ms } } } }
servers: { s: { type: modbus, listen: { type: tcp, port: 0 }, units: { 1: { points: [ { point: sim.level, address: 'holding:0', type: float32 } ] } } } }
api: { metrics: { port: 0 } }
`;

t.test(
  'promtool accepts names and form, and the figures are those of the traffic',
  needs('promtool', 'mosquitto_sub', 'mosquitto_pub'),
  async (t) => {
    const gateway = await startTestGateway(t, yaml);
    const seen = await mqttSubscribe(t, gateway.mqttPort, 'metrics/#');
    await mqttPublish(gateway.mqttPort, 'metrics/a', 'x'.repeat(7));
    await seen('metrics/a', () => true);
    const { status, type, text } = await get({ socketPath: gateway.socket });
    t.equal(status, 200);
    t.match(type, 'text/plain; version=0.0.4');
    t.equal(await promtool(text), '');
    const value = (name: string) =>
      Number(new RegExp(`^${name.replace(/[{}"|]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
    t.equal(value('hpmq_mqtt_messages_received_total'), 1);
    t.equal(value('hpmq_mqtt_messages_sent_total'), 1);
    t.equal(value('hpmq_mqtt_payload_bytes_received_total'), 7);
    t.equal(value('hpmq_mqtt_dropped_total{reason="queue_full"}'), 0);
    t.equal(value('hpmq_mqtt_sessions{state="connected"}'), 1);
    t.equal(value('hpmq_devices{state="online"}'), 1);
    t.equal(value('hpmq_server_masters{server="s"}'), 0);
    t.equal(value('hpmq_server_requests_total{server="s"}'), 0);
    t.ok(value('hpmq_resident_memory_bytes') > 1e6);
    t.notMatch(text, 'metrics/a', 'no topics');
    t.notMatch(text, /mosq/, 'no clients');
    const [, port = ''] = /"address":"127\.0\.0\.1:(\d+)".*metrics are served/.exec(gateway.process.stderr()) ?? [];
    const tcp = await get({ port: Number(port) });
    t.equal(tcp.status, 200);
    t.equal(await promtool(tcp.text), '');
    t.equal((await get({ port: Number(port), path: '/v1/status' })).status, 404, 'nothing but metrics');
    t.equal((await get({ port: Number(port), method: 'DELETE' })).status, 405);
    t.equal((await promtool('hpmq_wrong{ 1\n')) === '', false, 'promtool does look');
  },
);
