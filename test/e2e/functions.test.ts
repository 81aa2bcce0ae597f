/** Every way in which a function is called, with real modules, in a real gateway, seen by mosquitto's and MQTT.js' clients. */
import { execFile } from 'node:child_process';
import mqtt from 'mqtt';
import t from 'tap';
import { coapServer, needsLibcoap } from '../support/coap-peers.js';
import { mqttPublish, mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { startFunctionGateway } from '../support/function-gateway.js';
import { tempFolder } from '../support/gateway.js';
import { startMosquitto, subscriber } from '../support/links.js';
import { eventually, needs, startPeer } from '../support/peers.js';

const clang = ['clang', 'wasm-ld'] as const;

t.test('upstream, subscribe, timer, start', needs(...clang, 'mosquitto_sub', 'mosquitto_pub'), async (t) => {
  const gateway = await startFunctionGateway(
    t,
    { mark: ['mark.c'], clock: ['clock.c'] },
    `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
functions:
  mark: { file: ./mark.wasm, on: { upstream: raw/# } }
  clock: { file: ./clock.wasm, on: { subscribe: raw/#, timer: 200ms, start: true } }
`,
  );
  const seen = await mqttSubscribe(t, gateway.mqttPort, '#');
  await seen('made/timer', (payload) => payload === 'beat');
  for (const qos of ['0', '1', '2']) {
    await mqttPublish(gateway.mqttPort, `raw/${qos}`, `x${qos}`, '-q', qos);
    await seen(`raw/${qos}`, (payload) => payload === `1${qos}`);
    await seen('made/seen', (payload) => payload === `1${qos}`);
  }
  const started = await mqttSubscribe(t, gateway.mqttPort, 'made/#');
  t.match(await gateway.hpmq('function', 'reload', 'clock'), { code: 0 });
  await started('made/timer', () => true);
  t.match(await gateway.hpmq('function', 'list'), { code: 0, stdout: /mark.*\n?.*clock|clock.*\n?.*mark/s });
  const ledger = await gateway.hpmq('status', '--ledger');
  t.match(ledger, { code: 0, stdout: /\+ made by functions +3\n/ });
  t.match(ledger.stdout, /\+ transformed \(given to functions\) +3\n/);
});

t.test(
  'both doors of a link, and downstream',
  needs(...clang, 'mosquitto', 'mosquitto_sub', 'mosquitto_pub'),
  async (t) => {
    const far = await startMosquitto(t);
    const sub = await subscriber(t, far, 'up/#');
    const gateway = await startFunctionGateway(
      t,
      { out: ['mark.c', "-DMARK='o'"], in: ['mark.c', "-DMARK='i'"], down: ['mark.c', "-DMARK='d'"] },
      `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
links:
  far:
    type: mqtt
    url: ${far.url}
    routes:
      - { direction: out, filter: up/# }
      - { direction: in, filter: cmd/# }
functions:
  out: { file: ./out.wasm, on: { link: { name: far, direction: out } } }
  in: { file: ./in.wasm, on: { link: { name: far, direction: in, filter: cmd/door/# } } }
  down: { file: ./down.wasm, on: { downstream: cmd/path/# } }
`,
    );
    const seen = await mqttSubscribe(t, gateway.mqttPort, '#');
    await eventually(async () => (await gateway.hpmq('link', 'list')).stdout.includes('up'));
    await mqttPublish(gateway.mqttPort, 'up/a', 'x1');
    await sub.sees('1 0 up/a o1');
    await seen('up/a', (payload) => payload === 'x1');
    await mqttPublish(far.port, 'cmd/door/a', 'x2');
    await seen('cmd/door/a', (payload) => payload === 'i2');
    await mqttPublish(far.port, 'cmd/path/a', 'x3');
    await seen('cmd/path/a', (payload) => payload === 'd3');
    await mqttPublish(gateway.mqttPort, 'cmd/path/a', 'x4');
    await seen('cmd/path/a', (payload) => payload === 'x4');
  },
);

t.test('a function decides who may connect', needs(...clang, 'mosquitto_pub'), async (t) => {
  const gateway = await startFunctionGateway(
    t,
    { gate: ['gate.c'] },
    `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0, auth: { anonymous: true } } ] }
functions:
  gate: { file: ./gate.wasm, on: { connect: true } }
`,
  );
  const login = (user: string) =>
    new Promise<number>((resolve) => {
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        `${gateway.mqttPort}`,
        '-V',
        '5',
        '-u',
        user,
        '-P',
        'x',
        '-t',
        't',
        '-m',
        'x',
      ];
      execFile('mosquitto_pub', args, { timeout: 20_000 }, (error) => resolve(error === null ? 0 : 1));
    });
  t.equal(await login('anna'), 0);
  t.equal(await login('nobody'), 0, 'no opinion: anonymous clients are allowed');
  t.equal(await login('dora'), 1);
  t.equal(await login('trap'), 1);
  t.equal(await login('loop'), 1, 'stopped, and not let in');
  t.equal(await login('anna'), 0, 'for others it works as before');
  const shown = await gateway.hpmq('function', 'show', 'gate');
  t.match(shown.stdout, /fuel/);
  t.match(shown.stdout, /unreachable/);
});

t.test(
  'a serial device: frames to points, writes to frames',
  needs(...clang, 'socat', 'mosquitto_sub', 'mosquitto_pub'),
  async (t) => {
    const folder = tempFolder(t);
    const line = startPeer(t, 'socat', ['-d', '-d', '-', `pty,raw,echo=0,link=${folder}/tty`]);
    await line.sees(/starting data transfer loop/);
    const gateway = await startFunctionGateway(
      t,
      { device: ['device.c'] },
      `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { type: serial, path: ${folder}/tty, baudRate: 9600, parity: none }
devices:
  oven:
    adapter: serial
    port: line
    frame: line
    points:
      temperature: { type: number }
      setpoint: { command: true, encoded: true, write: { min: 0, max: 99 } }
functions:
  oven: { file: ./device.wasm, on: { decode: oven, encode: oven } }
`,
    );
    const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/g/oven/#');
    const value = async (fits: string) => reading(await seen('hpmq/g/oven/temperature', (text) => text.includes(fits)));
    await eventually(async () => {
      line.write('T215\r\n');
      return (await gateway.hpmq('point', 'list')).stdout.includes('21.5');
    });
    t.match(await value('21.5'), { v: 21.5, q: 'good' });
    line.write('T?\r\n');
    t.match(await value('SERIAL_DECODED_BAD'), { v: null, q: 'bad' });
    line.write('T!\r\n');
    t.match(await value('FUNCTION_FAILED'), { v: null, q: 'bad' });
    line.write('T300\r\n');
    t.match(await value('"v":30,'), { q: 'good' });
    await mqttPublish(gateway.mqttPort, 'hpmq/g/oven/setpoint/set', '42');
    await line.sees(/S42\nGO\n/);
  },
);

t.test(
  'a CoAP device: payloads to points, writes to payloads',
  needs(...clang, ...(needsLibcoap().skip ? ['coap-server-openssl'] : [])),
  async (t) => {
    const server = await coapServer(t);
    const gateway = await startFunctionGateway(
      t,
      { device: ['device.c'] },
      `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
devices:
  oven:
    adapter: coap
    port: { type: udp, host: 127.0.0.1, port: ${server.port} }
    every: 200ms
    points:
      temperature: { path: /example_data, writeFormat: text, observe: false }
      setpoint: { path: /example_data, observe: false, every: 1h, encoded: true, write: { min: 0, max: 99 } }
      raw: { path: /example_data, observe: false, every: 1h, write: true, writeFormat: text }
functions:
  oven: { file: ./device.wasm, on: { decode: oven, encode: oven } }
`,
    );
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
    t.teardown(() => client.endAsync(true));
    const seen: string[] = [];
    client.on('message', (_topic, payload) => void seen.push(`${payload}`));
    await client.subscribeAsync('hpmq/g/oven/temperature');
    await gateway.hpmq('point', 'write', 'oven.raw', 'T195');
    await eventually(() => seen.some((text) => text.includes('"v":19.5')));
    await gateway.hpmq('point', 'write', 'oven.setpoint', '42');
    await server.peer.sees(/<<G O \. >>/);
  },
);
