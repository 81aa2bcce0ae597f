/** A foreign MQTT client over TLS and WebSocket, in both versions of the protocol. */
import type { Test } from 'tap';
import type { StartClient } from './client-exercise.js';
import { listener, portOf, startBroker, tlsConfig } from './listeners.js';
import { createAuthority } from './pki.js';

const webSocket = { path: '/mqtt', origins: undefined };
/** More than one TLS record and WebSocket frame. */
const LARGE = 'x'.repeat(100_000);

export async function transportExercise(t: Test, start: StartClient): Promise<void> {
  const authority = createAuthority(t);
  const pair = authority.issue({ subject: '/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' });
  const tls = tlsConfig(pair);
  const listeners = [
    listener('tls', { tls }),
    listener('ws', { webSocket }),
    listener('wss', { webSocket, tls: { ...tls, alpn: ['http/1.1'] } }),
  ];
  const { broker } = await startBroker(t, listeners);
  for (const [index, { type }] of listeners.entries()) {
    const port = portOf(broker.addresses()[index] ?? '');
    for (const version of [4, 5] as const) {
      await t.test(`${type}, ${version === 5 ? '5.0' : '3.1.1'}: QoS 0, 1, 2 and a payload of 100 kB`, async (t) => {
        const client = start(t);
        const topic = `${type}/${version}`;
        client.tell('connect', {
          host: 'localhost',
          port,
          transport: type,
          version,
          clientId: topic,
          ...(type !== 'ws' && { ca: authority.cert }),
          ...(type !== 'tls' && { path: webSocket.path }),
        });
        t.match(await client.next('connack'), { code: '0' });
        client.tell('subscribe', { filter: topic, qos: 2 });
        t.equal((await client.next('suback')).codes, '2');
        for (const qos of [0, 1, 2]) client.tell('publish', { topic, payload: `${qos}`, qos });
        const seen = await client.messages(3);
        t.same(seen.toSorted(), [`${topic}|0|q0|r0`, `${topic}|1|q1|r0`, `${topic}|2|q2|r0`]);
        client.tell('publish', { topic, payload: LARGE, qos: 2 });
        t.equal((await client.next('message')).payload, LARGE);
        client.tell('disconnect');
      });
    }
  }
}
