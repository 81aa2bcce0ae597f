/** What a configuration grants, asked by real modules in a real gateway: http by the list of hosts, points of a device. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import { startFunctionGateway } from '../support/function-gateway.js';
import { compileLibmodbusSlave, libmodbusTcp, needsLibmodbus } from '../support/modbus-peers.js';
import { eventually, needs } from '../support/peers.js';

/** Publishes a question; resolves with the answer of the function. */
async function asker(t: Test, port: number): Promise<(question: string) => Promise<string>> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  t.teardown(() => client.endAsync(true));
  const answers: string[] = [];
  client.on('message', (_topic, payload) => void answers.push(payload.toString()));
  await client.subscribeAsync('answer', { qos: 1 });
  return async (question) => {
    const count = answers.length;
    await client.publishAsync('ask', question, { qos: 1 });
    return eventually(() => answers[count]);
  };
}

for (const isolate of ['inline', 'worker']) {
  t.test(`http, ${isolate}: hosts of the list, and no others`, needs('clang', 'wasm-ld'), async (t) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${body}`);
        if (request.url === '/silent') return;
        response.setHeader('content-type', 'text/plain');
        response.end(`${request.method} ${body}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const gateway = await startFunctionGateway(
      t,
      { ask: ['ask.c', '-DHTTP'] },
      `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
functions:
  ask:
    file: ./ask.wasm
    on: { upstream: ask }
    isolate: ${isolate}
    limits: { deadline: 10s }
    grants: { http: { hosts: [ '127.0.0.1:${port}' ], timeout: 500ms } }
  denied: { file: ./ask.wasm, on: { upstream: other } }
`,
    );
    const ask = await asker(t, gateway.mqttPort);
    const request = { method: 'POST', url: `http://127.0.0.1:${port}/x`, body: 'hällo' };
    t.match(JSON.parse(await ask(JSON.stringify(request))), {
      status: 200,
      body: 'POST hällo',
      headers: { 'content-type': 'text/plain' },
    });
    t.match(JSON.parse(await ask(`{"url":"http://localhost:${port}/"}`)), { error: /grants\.http\.hosts/ });
    t.match(JSON.parse(await ask('{"url":"file:///etc/passwd"}')), { error: /grants\.http\.hosts/ });
    t.match(JSON.parse(await ask(`{"url":"http://127.0.0.1:${port}/silent"}`)), { error: /500 ms/ });
    t.match(JSON.parse(await ask('no JSON')), { error: /JSON/ });
    t.match(JSON.parse(await ask(JSON.stringify(request))), { status: 200 });
    t.strictSame(asked, ['POST /x hällo', 'GET /silent ', 'POST /x hällo']);
    const denied = await gateway.hpmq('function', 'show', 'denied');
    t.match(denied.stdout, /FUNCTION_NOT_GRANTED/);
  });
}

const yaml = (devices: string) => `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
${devices}
functions:
  ask:
    file: ./ask.wasm
    on: { upstream: ask }
    grants: { points: { read: [ 'plc/*' ], command: [ plc/speed, plc/fixed ] } }
`;

t.test(
  'points of a foreign Modbus device: read and commanded as granted',
  needsLibmodbus('clang', 'wasm-ld'),
  async (t) => {
    const slave = await libmodbusTcp(t, compileLibmodbusSlave(t), 1);
    const gateway = await startFunctionGateway(
      t,
      { ask: ['ask.c'] },
      yaml(`
ports:
  plc: { type: tcp, host: 127.0.0.1, port: ${slave.port} }
devices:
  plc:
    adapter: modbus
    port: plc
    unit: 1
    points:
      speed: { address: 'holding:20', every: 100ms, unit: rpm, write: { max: 100 } }
      fixed: { address: 'holding:21', every: 100ms }
      valve: { address: 'holding:22', every: 100ms, write: true }
  other: { adapter: simulator, points: { level: { wave: constant, value: 5 } } }
`),
    );
    const ask = await asker(t, gateway.mqttPort);
    await eventually(async () => (await ask('plc/speed')).includes('"q":"good"'));
    t.match(JSON.parse(await ask('plc/speed')), { q: 'good', u: 'rpm', v: Number, t: Number });
    t.equal(await ask('plc/speed=42'), 'taken');
    await eventually(async () => (JSON.parse(await ask('plc/speed')) as { v: number }).v === 42);
    t.equal(await ask('plc/speed=101'), 'refused', 'over its maximum');
    t.equal(await ask('plc/speed="fast"'), 'refused', 'no number');
    t.equal(await ask('plc/speed={}'), 'refused');
    t.equal(await ask('plc/fixed=1'), 'refused', 'granted, but nobody may write it');
    t.equal(await ask('plc/valve=1'), 'refused', 'not granted');
    t.equal(await ask('plc/nothing'), 'nothing');
    t.equal(await ask('other/level'), 'nothing', 'not granted');
    t.equal(await ask('plc'), 'nothing');
    t.equal((JSON.parse(await ask('plc/speed')) as { v: number }).v, 42);
  },
);
