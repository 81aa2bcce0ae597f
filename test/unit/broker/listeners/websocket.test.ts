/** The WebSocket listener against clients that speak raw HTTP, raw frames, and `ws` as a client. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { buffer } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import type { WebSocketConfig } from '../../../../src/core/config.js';
import { listener, recordingLog, startBroker } from '../../../support/listeners.js';
import { eventually } from '../../../support/peers.js';

const CONNECT = Buffer.from('100d00044d51545404020000000161', 'hex');
const CONNACK = '20020000';
const PINGREQ = Buffer.from('c000', 'hex');
const PINGRESP = 'd000';
const DISCONNECT = Buffer.from('e000', 'hex');

async function start(t: Test, webSocket: Partial<WebSocketConfig> = {}, limits = {}, anonymous = true) {
  const { log, lines } = recordingLog();
  const config = listener('ws', {
    webSocket: { path: '/mqtt', origins: undefined, ...webSocket },
    auth: { anonymous },
  });
  const { broker, port } = await startBroker(t, [config], { log, limits });
  const reasons = () =>
    lines.filter(({ message }) => message === 'handshake failed').map(({ fields }) => fields.reason);
  return { broker, port, url: `ws://127.0.0.1:${port}/mqtt`, reasons };
}

/** A client whose messages are collected as hexadecimal. */
async function open(t: Test, url: string, protocols: string | string[] = 'mqtt') {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: true });
  t.teardown(() => socket.terminate());
  let received = '';
  let closed: { code: number; reason: string } | undefined;
  socket.on('message', (data: Buffer, isBinary) => {
    received += isBinary ? data.toString('hex') : '(text)';
  });
  socket.on('close', (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return { socket, received: () => received, closed: () => closed };
}

/** An HTTP request as it is, and what was answered. */
function ask(
  port: number,
  options: { path?: string; headers?: IncomingHttpHeaders; method?: string },
): Promise<{ status: number; text: string; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const { path = '/mqtt', headers = {}, method = 'GET' } = options;
    const asked = request({ host: '127.0.0.1', port, path, method, headers: { ...headers } }, (response) => {
      buffer(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, text: body.toString(), headers: response.headers });
      }, reject);
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, text: '', headers: response.headers });
    });
    asked.on('error', reject);
    asked.end();
  });
}

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'mqtt',
};

t.test('the subprotocol is mqtt, or that of MQTT 3.1 [MQTT-6.0.0-3, MQTT-6.0.0-4]', async (t) => {
  const { url, port, reasons } = await start(t);
  for (const [offered, chosen] of [
    ['mqtt', 'mqtt'],
    [['other', 'mqttv3.1', 'mqtt'], 'mqtt'],
    ['mqttv3.1', 'mqttv3.1'],
  ] as const) {
    const { socket } = await open(t, url, typeof offered === 'string' ? offered : [...offered]);
    t.equal(socket.protocol, chosen);
    t.equal(socket.extensions, '', 'no compression');
  }
  const { 'sec-websocket-protocol': _, ...none } = upgrade;
  for (const headers of [none, { ...upgrade, 'sec-websocket-protocol': 'MQTT, other' }]) {
    t.match(await ask(port, { headers }), { status: 400, text: /must offer the subprotocol mqtt/ });
  }
  await eventually(() => reasons().length === 2);
  t.match(reasons()[0], /^WebSocket: the client must offer the subprotocol/);
});

t.test('packets do not care for frames [MQTT-6.0.0-2]', async (t) => {
  const { url, broker } = await start(t);
  const client = await open(t, url);
  for (const byte of CONNECT) client.socket.send(Buffer.from([byte]));
  await eventually(() => client.received() === CONNACK);
  client.socket.send(Buffer.concat([PINGREQ, PINGREQ, PINGREQ.subarray(0, 1)]));
  client.socket.send(PINGREQ.subarray(1, 2), { fin: false });
  client.socket.send(Buffer.alloc(0), { fin: false });
  client.socket.send(PINGREQ, { fin: true });
  await eventually(() => client.received() === CONNACK + PINGRESP.repeat(4));
  client.socket.send(Buffer.alloc(0));
  client.socket.send(Buffer.concat([PINGREQ, DISCONNECT]));
  await eventually(() => client.closed());
  t.equal(client.received(), CONNACK + PINGRESP.repeat(5));
  t.equal(client.closed()?.code, 1000);
  await eventually(() => broker.connections() === 0);
});

t.test('a text frame ends the connection [MQTT-6.0.0-1]', async (t) => {
  const { url, broker } = await start(t);
  const client = await open(t, url);
  client.socket.send(CONNECT);
  await eventually(() => client.received() === CONNACK);
  client.socket.send('\xc0\x00');
  client.socket.send(PINGREQ);
  await eventually(() => client.closed());
  t.same(client.closed(), { code: 1003, reason: 'MQTT is sent in binary frames' });
  t.equal(client.received(), CONNACK, 'nothing after it was served');
  await eventually(() => broker.connections() === 0);
});

t.test('a message larger than the largest packet is not collected', async (t) => {
  const { url, broker } = await start(t, {}, { packetBytes: 1_000 });
  const client = await open(t, url);
  client.socket.send(CONNECT);
  await eventually(() => client.received() === CONNACK);
  client.socket.send(Buffer.alloc(1_000 + 64 * 1024 + 1));
  await eventually(() => client.closed());
  t.equal(client.closed()?.code, 1009);
  await eventually(() => broker.connections() === 0);
});

t.test('a message in very many fragments is not collected either', async (t) => {
  const { url, broker } = await start(t, {}, { packetBytes: 1_000 });
  const client = await open(t, url);
  for (const byte of CONNECT) client.socket.send(Buffer.of(byte), { fin: false });
  client.socket.send(Buffer.alloc(0), { fin: true });
  await eventually(() => client.received() === CONNACK);
  for (let i = 0; i < 70; i++) client.socket.send(PINGREQ.subarray(0, 1), { fin: false });
  await eventually(() => client.closed());
  t.equal(client.closed()?.code, 1008);
  await eventually(() => broker.connections() === 0);
});

t.test('Ping is answered', async (t) => {
  const { url } = await start(t);
  const { socket } = await open(t, url);
  const pong = new Promise<Buffer>((resolve) => socket.once('pong', resolve));
  socket.ping('are you there');
  t.equal((await pong).toString(), 'are you there');
});

t.test('HTTP without upgrade is told what to do', async (t) => {
  const { port, reasons } = await start(t, { path: '/ws/mqtt' });
  const wrong = await ask(port, { path: '/' });
  t.match(wrong, { status: 404, text: /served at \/ws\/mqtt\n/, headers: { connection: 'close' } });
  const right = await ask(port, { path: '/ws/mqtt?x=1', method: 'POST' });
  t.match(right, { status: 426, text: /connect with an MQTT client/, headers: { upgrade: 'websocket' } });
  t.match(await ask(port, { headers: upgrade }), { status: 404, text: /served at \/ws\/mqtt/ });
  t.match(await ask(port, { path: '/ws/mqtt?x=1', headers: upgrade }), { status: 101 });
  const oldVersion = { ...upgrade, 'sec-websocket-version': '7' };
  t.match(await ask(port, { path: '/ws/mqtt', headers: oldVersion }), {
    status: 400,
    headers: { 'sec-websocket-version': '13, 8' },
  });
  t.match(await ask(port, { path: '/ws/mqtt', headers: { ...upgrade, upgrade: 'h2c' } }), { status: 400 });
  t.match(await ask(port, { path: '/ws/mqtt', headers: { 'x-large': 'x'.repeat(17_000) } }), { status: 431 });
  await eventually(() => reasons().length >= 6);
});

t.test('what is no HTTP is refused and closed', async (t) => {
  const { port, reasons } = await start(t);
  const socket = connect(port, '127.0.0.1');
  socket.write(CONNECT);
  t.match((await buffer(socket)).toString(), /^HTTP\/1\.1 400 Bad Request\r\n.*\r\n\r\nthis is not HTTP\n$/s);
  await eventually(() => reasons().length === 1);
  t.equal(reasons()[0], 'WebSocket: this is not HTTP');
});

t.test('web pages: those of the host itself, or those of the list', async (t) => {
  const from = async (port: number, origin: string, host = `127.0.0.1:${port}`) =>
    (await ask(port, { headers: { ...upgrade, origin, host } })).status;
  const own = await start(t);
  t.equal(await from(own.port, 'http://127.0.0.1:8000'), 101);
  t.equal(await from(own.port, 'http://[::1]:8000', `[::1]:${own.port}`), 101);
  t.equal(await from(own.port, 'http://localhost:3000', 'localhost:8083'), 101);
  t.equal(await from(own.port, `https://${hostname()}`, `${hostname()}:8083`), 101);
  t.equal(await from(own.port, 'https://evil.example', 'evil.example:8083'), 403, 'a name that was pointed to us');
  const guarded = await start(t, {}, {}, false);
  t.equal(await from(guarded.port, 'https://box.example', 'box.example:8083'), 101, 'it will need credentials');
  t.equal(await from(own.port, 'https://evil.example'), 403);
  t.equal(await from(own.port, 'https://box.local.evil.example', 'box.local'), 403);
  t.equal(await from(own.port, 'null'), 403, 'a page from a file');
  t.equal(await from(own.port, 'nonsense'), 403);
  const listed = await start(t, { origins: ['https://panel.example.com', 'null'] });
  t.equal(await from(listed.port, 'https://Panel.example.com'), 101);
  t.equal(await from(listed.port, 'null'), 101);
  t.equal(await from(listed.port, 'http://panel.example.com'), 403);
  t.equal(await from(listed.port, `http://127.0.0.1:${listed.port}`), 403, 'the list is all of it');
  t.equal((await ask(listed.port, { headers: upgrade })).status, 101, 'other programs name none');
  const all = await start(t, { origins: ['*'] });
  t.equal(await from(all.port, 'https://evil.example'), 101);
});
