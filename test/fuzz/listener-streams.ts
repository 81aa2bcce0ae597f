/** What comes before MQTT, broken: PROXY headers, WebSocket handshakes and frames, TLS ClientHello, at real listeners. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createBroker } from '../../src/broker/broker.js';
import { silentLog } from '../../src/core/log.js';
import { mutate } from '../differential/mutate.js';
import { brokerConfig } from '../support/broker-config.js';
import { listener, portOf, tlsConfig } from '../support/listeners.js';
import { ManualClock } from '../support/manual-clock.js';
import { eventually } from '../support/peers.js';
import { Choice } from '../support/random.js';
import { play, serves, stream } from './mqtt-streams.js';

const AT_ONCE = 30;
/** Of the broker's time for each turn of real time, ms: time-outs come due while the streams run. */
const TICK = 10;
const STEP = 200;
const LONGEST_EXPIRY = 60_000;

export interface ListenersSummary {
  readonly streams: number;
  readonly bytes: number;
  /** Control packets that came through all of it. */
  readonly packets: number;
}

export async function fuzzListeners(options: { streams: number; seed: number }): Promise<ListenersSummary> {
  const choice = new Choice(options.seed);
  const clock = new ManualClock();
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-fuzz-'));
  const broker = createBroker({
    config: brokerConfig(
      { connections: AT_ONCE * 4, packetBytes: 8_192, sessionExpiry: LONGEST_EXPIRY },
      {
        listeners: [
          listener('tcp', { proxyProtocol: true }),
          listener('ws', { webSocket: { path: '/mqtt', origins: undefined } }),
          listener('tls', { tls: tlsConfig({ ...selfSigned(folder), serial: '' }) }),
        ],
      },
    ),
    gatewayId: 'fuzz',
    log: silentLog,
    clock,
  });
  let isOver = false;
  const sum = { streams: options.streams, bytes: 0, packets: 0 };
  try {
    await broker.start(AbortSignal.timeout(60_000));
    const ownTimers = clock.pending;
    const [proxy, ws, tls] = broker.addresses().map(portOf) as [number, number, number];
    const hello = await clientHello();
    const time = (async () => {
      for (; !isOver; await sleep(TICK)) clock.step(STEP);
    })();
    let next = 0;
    const worker = async () => {
      while (next++ < options.streams) {
        const [port, bytes] = choice.pick([
          () => [proxy, proxied(choice)] as const,
          () => [ws, webSocket(choice)] as const,
          () => [tls, notQuite(choice, hello)] as const,
        ])();
        await play(port, bytes, choice.random);
        sum.bytes += bytes.length;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await eventually(() => broker.connections() === 0);
    await serves(proxy, PROXY_V1);
    await eventually(() => broker.connections() === 0);
    isOver = true;
    await time;
    for (let passed = 0; passed <= 2 * LONGEST_EXPIRY; passed += 1_000) clock.step(1_000);
    sum.packets = Number([...broker.router.retained('$SYS/broker/messages/received')][0]?.payload);
    if (broker.clients().length > 0) throw new Error(`${broker.clients().length} sessions are left`);
    // The certificate's files may be looked at just now, and then no timer waits for the next look.
    await eventually(() => clock.pending === ownTimers).catch((cause: unknown) => {
      throw new Error(`${clock.pending} timers are left, not ${ownTimers}`, { cause });
    });
  } finally {
    isOver = true;
    await broker[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
  if (clock.pending > 0) throw new Error(`${clock.pending} timers are left after the end`);
  return sum;
}

const PROXY_V1 = Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 40000 1883\r\n');
/** Signature, PROXY over TCP4, addresses and ports, and a TLV without meaning. */
const PROXY_V2 = Buffer.from(
  '0d0a0d0a000d0a515549540a211100 10c0000207c00002019c40075b04000100'.replace(' ', ''),
  'hex',
);
const PROXY_LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');

/** Right, mutated, cut off or nonsense. */
function notQuite(choice: Choice, bytes: Buffer): Buffer {
  const how = choice.random();
  if (how < 0.2) return bytes;
  if (how < 0.3) return bytes.subarray(0, choice.below(bytes.length));
  if (how < 0.4) return Buffer.concat([bytes, choice.bytes(1 + choice.below(200))]);
  if (how < 0.5) return choice.bytes(1 + choice.below(300));
  return mutate(choice, bytes);
}

function proxied(choice: Choice): Buffer {
  return Buffer.concat([notQuite(choice, choice.pick([PROXY_V1, PROXY_V2, PROXY_LOCAL])), stream(choice.random)]);
}

const UPGRADE = Buffer.from(
  [
    'GET /mqtt HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: mqtt',
    '',
    '',
  ].join('\r\n'),
);

/** A handshake, mostly right, and frames with pieces of a broken stream in them. */
function webSocket(choice: Choice): Buffer {
  const parts = [choice.chance(0.75) ? UPGRADE : notQuite(choice, UPGRADE)];
  const bytes = stream(choice.random);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + choice.below(300));
    const whole = webSocketFrame(choice, bytes.subarray(at, end));
    parts.push(choice.chance(0.85) ? whole : mutate(choice, whole));
    at = end;
  }
  return Buffer.concat(parts);
}

/** RFC 6455 §5.2. Mostly masked and binary, as it should be. */
function webSocketFrame(choice: Choice, payload: Buffer): Buffer {
  const first = choice.chance(0.9) ? 0x82 : choice.pick([0x02, 0x80, 0x81, 0x88, 0x89, 0x8a, 0x83, 0xc2, 0xf2]);
  const isMasked = choice.chance(0.95);
  const mask = isMasked ? choice.bytes(4) : Buffer.alloc(0);
  const { length } = payload;
  const size = length < 126 ? Buffer.from([length]) : Buffer.from([126, length >> 8, length & 0xff]);
  if (isMasked) size[0]! |= 0x80;
  const masked = Buffer.from(payload);
  if (isMasked) for (let at = 0; at < length; at++) masked[at]! ^= mask[at % 4]!;
  return Buffer.concat([Buffer.from([first]), size, mask, masked]);
}

/** The first bytes that a TLS client of this runtime sends. */
async function clientHello(): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ALPNProtocols: ['mqtt'],
  });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

function selfSigned(folder: string): { cert: string; key: string } {
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  const curve = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
  ];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}
