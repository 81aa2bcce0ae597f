/**
 * QoS 2 over a link, exactly once and in order, while either side is killed and the network between them is cut: the session
 * at the far side, its Packet Identifiers and ours outlive all of it.
 */
import { createServer, connect as openSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { FarSide } from '../../src/links/far-side.js';
import { SessionClient } from '../crash/client.js';
import { memoryOf, openFar, outgoing } from '../support/far-side.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { startMosquitto } from '../support/links.js';
import { eventually, freePort, needs, type Peer } from '../support/peers.js';

const MESSAGES = 240;
/** Messages between two faults. */
const BETWEEN = 40;
const READY = 30_000;

interface FarBroker {
  readonly port: number;
  /** What a crash is to it. */
  fail(): Promise<void>;
}

/** A gateway of ours that is killed and starts again where it was. */
async function gateway(t: Test, yaml: (port: number) => string): Promise<FarBroker> {
  const folder = tempFolder(t);
  const port = await freePort();
  let { process } = await startTestGateway(t, yaml(port), folder);
  return {
    port,
    async fail() {
      await process.kill('SIGKILL');
      process = (await startTestGateway(t, yaml(port), folder)).process;
    },
  };
}

const yaml = (id: string, port: number, links = '') => `
gateway: { id: ${id}, data: data }
broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }] }
${links}`;

const farSides: Readonly<Record<string, (t: Test) => Promise<FarBroker>>> = {
  'our own gateway, killed': (t) => gateway(t, (port) => yaml('far', port)),
  // What it has not saved is lost with a kill: it stands still instead, and its connections break.
  'mosquitto, stopped and continued': async (t) => {
    const limits = ['max_queued_messages 10000', 'max_inflight_messages 1000'];
    const { port, peer } = await startMosquitto(t, ['allow_anonymous true', ...limits]);
    return {
      port,
      async fail() {
        const mosquitto: Peer = peer();
        mosquitto.child.kill('SIGSTOP');
        await sleep(300);
        mosquitto.child.kill('SIGCONT');
      },
    };
  },
};

interface Network {
  readonly port: number;
  /** Resets all connections. */
  cut(): void;
}

/** A wire to this port that can be cut. */
async function network(t: Test, port: number): Promise<Network> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = openSocket(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  t.teardown(() => {
    cut();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, cut };
}

/** Keeps a client connected, whatever happens to its broker. */
function persistent(t: Test, client: SessionClient, port: number): void {
  let isOver = false;
  const keep = async () => {
    while (!isOver) {
      if (!client.isConnected) await client.connect(port);
      await sleep(20);
    }
  };
  const kept = keep();
  t.teardown(async () => {
    isOver = true;
    client.drop();
    await kept;
  });
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

for (const [name, start] of Object.entries(farSides)) {
  t.test(`in: ${name}; our gateway is killed, the network is cut`, needs('mosquitto'), async (t) => {
    const far = await start(t);
    const wire = await network(t, far.port);
    const near = await gateway(t, (port) =>
      yaml(
        'near',
        port,
        `links:
  cloud:
    type: mqtt
    url: mqtt://127.0.0.1:${wire.port}
    routes: [{ direction: in, filter: cmd/#, to: 'local/{topic:1}', qos: 2 }]
`,
      ),
    );
    const got: number[] = [];
    const onMessage = ({ payload }: { payload: string | Buffer }) => void got.push(Number(payload));
    const reader = new SessionClient({ clientId: 'reader', filters: [{ topic: 'local/#', qos: 2 }], onMessage });
    persistent(t, reader, near.port);
    // The link has subscribed when the first message comes through; the next ones are what counts.
    const writer = new SessionClient({ clientId: 'writer', filters: [] });
    persistent(t, writer, far.port);
    await eventually(() => reader.isConnected && writer.isConnected, READY);
    await eventually(async () => {
      writer.publish({ topic: 'cmd/x', payload: '-1', qos: 2, retain: false, expiry: 0 });
      await sleep(200);
      return got.length > 0;
    }, READY);
    await eventually(() => writer.unacknowledged === 0, READY);
    const seen = () => got.filter((number) => number >= 0);

    const faults = [near.fail, () => wire.cut(), far.fail];
    for (let sent = 0, round = 0; sent < MESSAGES; round++) {
      for (const end = sent + BETWEEN; sent < end; sent++) {
        writer.publish({ topic: 'cmd/x', payload: String(sent), qos: 2, retain: false, expiry: 0 });
      }
      // Some are through, some on their way.
      await eventually(() => seen().length > sent - BETWEEN + ((round * 7) % 20), READY);
      await faults[round % faults.length]!();
    }
    await eventually(() => seen().length >= MESSAGES, 60_000);
    await eventually(() => writer.unacknowledged === 0, READY);
    t.equal(reader.lostSessions + writer.lostSessions, 0);
    t.strictSame(seen(), numbers(MESSAGES), 'each once, in order');
  });

  t.test(`out: ${name}; the network is cut`, needs('mosquitto'), async (t) => {
    const far = await start(t);
    const wire = await network(t, far.port);
    const got: number[] = [];
    const onMessage = ({ payload }: { payload: string | Buffer }) => void got.push(Number(payload));
    const reader = new SessionClient({ clientId: 'reader', filters: [{ topic: 'up/#', qos: 2 }], onMessage });
    persistent(t, reader, far.port);
    await eventually(() => reader.isConnected, READY);

    // As an outbox sends: under identifiers that stay, PUBLISH until PUBREC, PUBREL from then on.
    const open = new Map<number, { readonly number: number; isReleased: boolean }>();
    const memory = memoryOf();
    let side: FarSide | undefined;
    let lost = 0;
    let isOver = false;
    const send = (packetId: number, number: number, dup: boolean) =>
      side?.publish(outgoing({ topic: 'up/x', payload: Buffer.from(String(number)), qos: 2, packetId, dup }));
    const events = {
      async onMessage() {},
      onAcknowledged(packet: string, packetId: number) {
        const message = open.get(packetId);
        if (message === undefined) return;
        if (packet === 'pubcomp') return void open.delete(packetId);
        message.isReleased = true;
        side?.release(packetId);
      },
      onDrain() {},
    };
    const run = async () => {
      for (let isFirst = true; !isOver; isFirst = false) {
        const opened = await openFar(t, `mqtt://127.0.0.1:${wire.port}`, { memory, more: { events } }).catch(() => {});
        if (opened === undefined) {
          await sleep(20);
          continue;
        }
        side = opened.far;
        if (!isFirst && !side.sessionPresent && memory.clientId !== undefined) lost++;
        for (const [packetId, { number, isReleased }] of open) {
          if (isReleased) side.release(packetId);
          else send(packetId, number, true);
        }
        await side.closed;
        side = undefined;
      }
    };
    const running = run();
    await eventually(() => side !== undefined, READY);
    const faults = [far.fail, () => wire.cut(), () => wire.cut()];
    for (let sent = 0, round = 0; sent < MESSAGES; round++) {
      for (const end = sent + BETWEEN; sent < end; sent++) {
        open.set(sent + 1, { number: sent, isReleased: false });
        send(sent + 1, sent, false);
      }
      await eventually(() => got.length > sent - BETWEEN + ((round * 7) % 20), READY);
      await faults[round % faults.length]!();
      await eventually(() => side !== undefined, READY);
    }
    await eventually(() => open.size === 0 && got.length >= MESSAGES, 60_000);
    isOver = true;
    side?.close(false);
    await running;
    t.equal(lost + reader.lostSessions, 0);
    t.strictSame(got, numbers(MESSAGES), 'each once, in order');
  });
}
