/** Our DTLS client against the servers of OpenSSL, GnuTLS and libcoap. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import type { DtlsEndpoint } from '../../src/core/transport.js';
import { DtlsClient, type DtlsSession } from '../../src/devices/transport/dtls/client.js';
import { Wires } from '../../src/devices/transport/open.js';
import { openUdp } from '../../src/devices/transport/udp.js';
import { coapServer, freeUdpPort, lossyRelay, needsLibcoap } from '../support/coap-peers.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually, needs, startPeer } from '../support/peers.js';

const KEY = 'a secret key';
const HEX = Buffer.from(KEY).toString('hex');

async function opensslServer(t: Test, cipher: string, ...more: string[]) {
  const port = await freeUdpPort();
  const args = [
    's_server',
    '-dtls1_2',
    '-accept',
    `127.0.0.1:${port}`,
    '-psk',
    HEX,
    '-nocert',
    '-cipher',
    cipher,
    ...more,
  ];
  const peer = startPeer(t, 'openssl', args);
  await peer.sees(/ACCEPT/);
  return { port, peer };
}

function endpoint(port: number, more: Partial<DtlsEndpoint> = {}): DtlsEndpoint {
  return { type: 'dtls', host: '127.0.0.1', port, identity: 'Client_identity', key: Buffer.from(KEY), ...more };
}

function wires(t: Test): Wires {
  const all = new Wires({ clock: systemClock, log: silentLog });
  t.teardown(() => all[Symbol.asyncDispose]());
  return all;
}

const never = () => new AbortController().signal;

t.test('OpenSSL: every suite, both directions; gone without a word, the wire closes', needs('openssl'), async (t) => {
  for (const cipher of ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM', 'PSK-AES128-CCM8']) {
    const { port, peer } = await opensslServer(t, cipher);
    const wire = await wires(t).open(endpoint(port), never());
    const heard: string[] = [];
    wire.on('data', (bytes: Buffer) => void heard.push(bytes.toString()));
    wire.write(Buffer.from('from us\n'));
    await peer.sees(/from us/);
    peer.write('from them\n');
    await eventually(() => heard.includes('from them\n'));
    await peer.kill();
    await eventually(() => {
      if (!wire.destroyed) wire.write(Buffer.from('is anybody there?'));
      return wire.destroyed;
    });
    t.pass(cipher);
  }
});

t.test('GnuTLS echoes what it gets; in pieces of a small path', needs('gnutls-serv'), async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'psk.txt');
  writeFileSync(file, `Client_identity:${HEX}\n`);
  const port = await freeUdpPort();
  const args = [
    '--udp',
    '--echo',
    '--mtu',
    '256',
    '-p',
    String(port),
    `--pskpasswd=${file}`,
    '--priority',
    'NORMAL:-KX-ALL:+PSK',
  ];
  const peer = startPeer(t, 'gnutls-serv', args);
  // It says where before it is there.
  await peer.sees(/listening on IPv4.*\.\.\.done/i);
  const wire = await wires(t).open(endpoint(port), never());
  t.teardown(() => void wire.destroy());
  const heard: string[] = [];
  wire.on('data', (bytes: Buffer) => void heard.push(bytes.toString()));
  for (let n = 0; n < 20; n++) {
    wire.write(Buffer.from(`message ${n}`));
    await eventually(() => heard.includes(`message ${n}`));
  }
});

t.test(
  'a wrong key, and an unknown identity, are refused with a code; so is a server without such keys',
  needs('openssl', 'gnutls-serv'),
  async (t) => {
    const { port } = await opensslServer(t, 'PSK-AES128-CCM8');
    await t.rejects(wires(t).open(endpoint(port, { key: Buffer.from('another'), connectTimeout: 1_500 }), never()), {
      code: 'PORT_DTLS',
      fault: 'device',
      hint: /identity/,
    });
    const { port: other } = await opensslServer(t, 'PSK-AES256-CBC-SHA');
    await t.rejects(wires(t).open(endpoint(other, { connectTimeout: 3_000 }), never()), {
      code: 'PORT_DTLS',
      message: /handshake_failure/,
    });
    const silent = await freeUdpPort();
    await t.rejects(wires(t).open(endpoint(silent), never()), { code: /^PORT_/ });
  },
);

/** A handshake without a gateway around it. @returns the session, and whether it was resumed */
async function handshake(port: number, session: DtlsSession | undefined) {
  const inner = await openUdp({ type: 'udp', host: '127.0.0.1', port }, never());
  try {
    return await new Promise<{ session: DtlsSession | undefined; isResumed: boolean }>((resolve, reject) => {
      const client = new DtlsClient({
        identity: Buffer.from('Client_identity'),
        key: Buffer.from(KEY),
        session,
        clock: systemClock,
        send: (datagram) => void inner.write(datagram),
        onConnected(next, isResumed) {
          setTimeout(() => {
            client.close();
            resolve({ session: next, isResumed });
          }, 50);
        },
        onData: () => {},
        onEnd: (why) => reject(new Error(why)),
      });
      inner.on('data', (datagram: Buffer) => client.receive(datagram));
      client.start();
    });
  } finally {
    inner.destroy();
  }
}

t.test('a session is resumed', needs('openssl'), async (t) => {
  const { port } = await opensslServer(t, 'PSK-AES128-GCM-SHA256', '-no_ticket');
  const first = await handshake(port, undefined);
  t.notOk(first.isResumed);
  const second = await handshake(port, first.session);
  t.ok(second.isResumed);
  t.ok(second.session?.id.equals(first.session!.id));
  const forgotten = await handshake(port, { ...first.session!, id: Buffer.alloc(32, 7) });
  t.notOk(forgotten.isResumed, 'a session that the server has not: all of it anew');
});

t.test('a third of the datagrams of a handshake are lost', needs('openssl'), async (t) => {
  const { port } = await opensslServer(t, 'PSK-AES128-GCM-SHA256');
  const relay = await lossyRelay(t, port, { seed: 3, loss: 0.3, twice: 0.2 });
  const wire = await wires(t).open(endpoint(relay.port, { connectTimeout: 60_000 }), never());
  wire.destroy();
  t.ok(relay.lost > 0);
});

t.test('CoAP over it: values, a wrong key, another address in the middle', needsLibcoap(), async (t) => {
  const server = await coapServer(t, ['-k', KEY, '-h', 'hint']);
  const relay = await lossyRelay(t, server.port + 1, { seed: 5, loss: 0 });
  const device = (port: number, key: string) => `
    adapter: coap
    port: { type: dtls, host: 127.0.0.1, port: ${port}, identity: dev, key: { env: ${key} }, connectTimeout: 2s, timeout: 1s }
    every: 200ms
    recheck: 1s
    ackTimeout: 200ms
    points: { ticks: { path: '/time?ticks' } }
`;
  process.env.HPMQ_TEST_RIGHT_KEY = KEY;
  process.env.HPMQ_TEST_WRONG_KEY = 'wrong';
  const gateway = await startTestGateway(
    t,
    `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
devices:
  right:${device(relay.port, 'HPMQ_TEST_RIGHT_KEY')}
  wrong:${device(server.port + 1, 'HPMQ_TEST_WRONG_KEY')}
`,
  );
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  t.teardown(() => client.endAsync(true));
  const seen: { v: number | null; q: string; e?: string }[] = [];
  const refused: { q: string; e?: string }[] = [];
  client.on('message', (topic, payload) => {
    (topic.includes('right') ? seen : refused).push(JSON.parse(payload.toString()));
  });
  await client.subscribeAsync(['hpmq/g/right/ticks', 'hpmq/g/wrong/ticks']);
  await eventually(() => seen.filter(({ q }) => q === 'good').length >= 3);
  await eventually(() => refused.some(({ q, e }) => q === 'bad' && e === 'PORT_DTLS'), 20_000);
  t.notOk(refused.some(({ q }) => q === 'good'));

  relay.rebind();
  const before = seen.length;
  await eventually(() => seen.slice(before).filter(({ q }) => q === 'good').length >= 3, 40_000);
  const values = seen.filter(({ q }) => q === 'good').map(({ v }) => Number(v));
  t.strictSame(
    values,
    [...values].sort((a, b) => a - b),
  );
  const gap = seen.slice(before).findIndex(({ q }) => q === 'good');
  const missing = Number(seen[before + gap]?.v) - Number(values[values.length - 4] ?? 0);
  t.ok(gap > 0 || missing <= 2, 'what could not be read is said to be bad');
});
