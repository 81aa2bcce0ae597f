/** MQTT.js in a real browser: Chromium loads it from a page of the test and speaks through ws and wss. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import t, { type Test } from 'tap';
import { listener, recordingLog, startBroker, tlsConfig } from '../support/listeners.js';
import { needs, repoRoot } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';

const mqttJs = join(repoRoot, 'node_modules', 'mqtt', 'dist', 'mqtt.min.js');

/** The page and the library; nothing else is on this server. */
async function servePage(t: Test): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/mqtt.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(mqttJs));
    } else if (request.url === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><script src="/mqtt.js"></script>');
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  t.teardown(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function startBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  t.teardown(() => browser.close());
  return browser;
}

t.test('MQTT.js in Chromium', needs('chromium', 'openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' });
  const webSocket = { path: '/mqtt', origins: undefined };
  const listeners = [
    listener('ws', { webSocket }),
    listener('wss', { webSocket, tls: tlsConfig(pair, { alpn: ['http/1.1'] }) }),
    listener('ws', { name: 'closed', webSocket: { path: '/mqtt', origins: ['https://panel.example.com'] } }),
  ];
  const { log, lines } = recordingLog();
  const { broker } = await startBroker(t, listeners, { log });
  const [ws, wss, closed] = broker.addresses() as [string, string, string];
  const browser = await startBrowser(t);
  // Chromium takes authorities from a store of the user, which a test must not touch; that clients check the certificate
  // is shown by others (tls.test.ts).
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(await servePage(t));

  for (const [name, url] of [
    ['ws', ws],
    ['wss', wss],
  ] as const) {
    for (const protocolVersion of [4, 5] as const) {
      const outcome = await page.evaluate(inPage, { url, protocolVersion });
      t.same(
        outcome,
        {
          received: ['b/0 1 q0', 'b/1 2 q1', 'b/2 3 q2', 'b/big 300000 q2'],
          isIntact: true,
          subprotocol: 'mqtt',
          property: protocolVersion === 5 ? 'seven' : undefined,
        },
        `${name}, version ${protocolVersion}`,
      );
    }
  }
  t.equal(broker.router.counters().received, 16);
  t.match(
    await page.evaluate(inPage, { url: closed, protocolVersion: 5 as const }),
    { failure: /./ },
    'another origin',
  );
  const reasons = lines.filter(({ message }) => message === 'handshake failed').map(({ fields }) => fields.reason);
  t.match(reasons.at(-1), /^WebSocket: pages of http:\/\/127\.0\.0\.1:\d+ may not connect/);
});

interface Outcome {
  readonly received: readonly string[];
  readonly isIntact: boolean;
  readonly subprotocol: string;
  readonly property: string | undefined;
}

/** Runs in the browser. */
async function inPage(options: { url: string; protocolVersion: 4 | 5 }): Promise<Outcome | { failure: string }> {
  const { mqtt } = globalThis as unknown as { mqtt: typeof import('mqtt').default };
  const { protocolVersion } = options;
  let subprotocol = '';
  const createWebsocket = (url: string, protocols: string[]) => {
    const socket = new WebSocket(url, protocols);
    socket.addEventListener('open', () => {
      subprotocol = socket.protocol;
    });
    return socket;
  };
  try {
    const client = mqtt.connect(options.url, { protocolVersion, reconnectPeriod: 0, createWebsocket });
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error('closed')));
    });
    const big = new Uint8Array(300_000).map((_, index) => index % 251);
    const received: string[] = [];
    let isIntact = false;
    let property: string | undefined;
    const all = new Promise<void>((resolve) => {
      client.on('message', (topic, payload, packet) => {
        received.push(`${topic} ${payload.length} q${packet.qos}`);
        const { place } = (packet.properties?.userProperties ?? {}) as { place?: string };
        property ??= place;
        if (topic !== 'b/big') return;
        isIntact = payload.every((byte, index) => byte === big[index]);
        resolve();
      });
    });
    await client.subscribeAsync('b/#', { qos: 2 });
    const properties = protocolVersion === 5 ? { properties: { userProperties: { place: 'seven' } } } : {};
    for (const qos of [0, 1, 2] as const)
      await client.publishAsync(`b/${qos}`, 'x'.repeat(qos + 1), { qos, ...properties });
    await client.publishAsync('b/big', big as never, { qos: 2 });
    await all;
    await client.endAsync();
    return { received, isIntact, subprotocol, property };
  } catch (error) {
    return { failure: String(error) };
  }
}
