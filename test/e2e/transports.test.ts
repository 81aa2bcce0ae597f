/** Foreign clients over every transport: mosquitto's over TCP, TLS and Unix sockets, MQTT.js over all of them. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import mqtt, { type IClientOptions, MqttClient } from 'mqtt';
import t, { type Test } from 'tap';
import type { Broker } from '../../src/broker/broker.js';
import { tempFolder } from '../support/gateway.js';
import { listener, startBroker, tlsConfig } from '../support/listeners.js';
import { eventually, needs, startPeer } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';

const webSocket = { path: '/mqtt', origins: undefined };

interface Place {
  readonly broker: Broker;
  /** PEM file. */
  readonly ca: string;
  readonly client: { readonly cert: string; readonly key: string };
  /** Address by the name of the listener. */
  address(name: string): string;
}

/** One broker with all of them. */
async function everywhere(t: Test): Promise<Place> {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' });
  const client = ca.issue({ subject: '/O=Plant/CN=line-3' });
  const tls = tlsConfig(pair);
  const path = join(tempFolder(t), 'mqtt.sock');
  const listeners = [
    listener('tcp'),
    listener('tls', { tls }),
    listener('tls', { name: 'mtls', tls: tlsConfig(pair, { clientCa: ca.cert }) }),
    listener('ws', { webSocket }),
    listener('wss', { webSocket, tls: { ...tls, alpn: ['http/1.1'] } }),
    listener('unix', { host: '', unix: { path, mode: 0o600 } }),
  ];
  const { broker } = await startBroker(t, listeners);
  const address = (name: string) => broker.addresses()[listeners.findIndex((one) => one.name === name)] ?? '';
  return { broker, ca: ca.cert, client, address };
}

/** Options of mosquitto's clients. */
function mosquittoOptions(place: Place, name: string): readonly string[] {
  const address = place.address(name);
  if (name === 'unix') return ['--unix', address.slice('unix:'.length)];
  const port = /:(\d+)$/.exec(address)![1]!;
  const { cert, key } = place.client;
  if (name === 'tls') return ['-h', 'localhost', '-p', port, '--cafile', place.ca, '--tls-alpn', 'mqtt'];
  if (name === 'mtls') return ['-h', 'localhost', '-p', port, '--cafile', place.ca, '--cert', cert, '--key', key];
  return ['-h', '127.0.0.1', '-p', port];
}

t.test('mosquitto clients', needs('openssl', 'mosquitto_pub', 'mosquitto_sub'), async (t) => {
  const place = await everywhere(t);
  for (const name of ['tcp', 'tls', 'mtls', 'unix']) {
    for (const version of ['311', '5']) {
      t.test(`${name}, -V ${version}: QoS 0, 1, 2 and a payload of 300 kB`, async (t) => {
        const options = mosquittoOptions(place, name);
        const before = place.broker.router.counters().subscriptions;
        const args = [...options, '-V', version, '-t', `${name}/#`, '-q', '2', '-C', '4', '-F', '%t %l q%q'];
        const sub = startPeer(t, 'mosquitto_sub', args);
        await eventually(() => place.broker.router.counters().subscriptions > before);
        const [client] = place.broker.clients();
        t.equal(client?.transport, name === 'mtls' ? 'tls' : name);
        if (client?.transport === 'tls') t.match(client.tls, { version: /^TLSv1\.[23]$/, cipher: /^[A-Z0-9_-]+$/ });
        for (const [qos, text] of [
          ['0', 'a'],
          ['1', 'bb'],
          ['2', 'ccc'],
        ] as const) {
          const pub = startPeer(t, 'mosquitto_pub', [
            ...options,
            '-V',
            version,
            '-t',
            `${name}/${qos}`,
            '-m',
            text,
            '-q',
            qos,
          ]);
          t.equal(await pub.ended, 0, pub.stderr());
        }
        const big = startPeer(t, 'mosquitto_pub', [...options, '-V', version, '-t', `${name}/big`, '-s', '-q', '1']);
        big.child.stdin?.end('x'.repeat(300_000));
        t.equal(await big.ended, 0, big.stderr());
        t.equal(await sub.ended, 0, sub.stderr());
        const lines = sub.stdout().trim().split('\n');
        t.same(lines, [`${name}/0 1 q0`, `${name}/1 2 q1`, `${name}/2 3 q2`, `${name}/big 300000 q1`]);
      });
    }
  }
});

function mqttJs(place: Place, name: string, more: IClientOptions): Promise<MqttClient> {
  const address = place.address(name);
  const options: IClientOptions = { reconnectPeriod: 0, ca: readFileSync(place.ca), ...more };
  if (name !== 'unix') {
    const { cert, key } = place.client;
    const shown = name === 'mtls' ? { cert: readFileSync(cert), key: readFileSync(key) } : {};
    const url = name === 'tcp' ? `mqtt://${address}` : address.replace('tls:', 'mqtts:');
    return mqtt.connectAsync(url, { ...options, ...shown });
  }
  const client = new MqttClient(() => connectSocket(address.slice('unix:'.length)), options);
  return new Promise((resolve, reject) => client.once('connect', () => resolve(client)).once('error', reject));
}

t.test('MQTT.js', needs('openssl'), async (t) => {
  const place = await everywhere(t);
  for (const name of ['tcp', 'tls', 'mtls', 'ws', 'wss', 'unix']) {
    for (const protocolVersion of [4, 5] as const) {
      t.test(`${name}, version ${protocolVersion}: QoS 0, 1, 2 and a payload of 300 kB`, async (t) => {
        const client = await mqttJs(place, name, { protocolVersion });
        t.teardown(() => client.endAsync(true));
        const seen: string[] = [];
        client.on('message', (topic, payload, { qos }) => seen.push(`${topic} ${payload.length} q${qos}`));
        await client.subscribeAsync('m/#', { qos: 2 });
        for (const qos of [0, 1, 2] as const) await client.publishAsync(`m/${qos}`, 'x'.repeat(qos + 1), { qos });
        await client.publishAsync('m/big', 'x'.repeat(300_000), { qos: 2 });
        await eventually(() => seen.length === 4);
        t.same(seen, ['m/0 1 q0', 'm/1 2 q1', 'm/2 3 q2', 'm/big 300000 q2']);
        await client.endAsync();
        await eventually(() => place.broker.connections() === 0);
      });
    }
  }
});

t.test(
  'the broker stops: 5.0 clients of every transport are told, the socket file is gone',
  needs('openssl'),
  async (t) => {
    const place = await everywhere(t);
    const path = place.address('unix').slice('unix:'.length);
    t.equal(statSync(path).mode & 0o777, 0o600);
    const reasons = new Map<string, number | undefined>();
    for (const name of ['tcp', 'tls', 'ws', 'wss', 'unix']) {
      const client = await mqttJs(place, name, { protocolVersion: 5, clientId: name });
      client.on('disconnect', (packet) => reasons.set(name, packet.reasonCode));
      t.teardown(() => client.endAsync(true));
    }
    await place.broker[Symbol.asyncDispose]();
    await eventually(() => reasons.size === 5).catch(() => {});
    t.same(Object.fromEntries(reasons), { tcp: 0x8b, tls: 0x8b, ws: 0x8b, wss: 0x8b, unix: 0x8b });
    t.notOk(existsSync(path));
  },
);
