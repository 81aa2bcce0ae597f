/** The transport contract over every kind of wire. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SerialEndpoint } from '../../src/core/transport.js';
import { eventually, needs, startPeer } from '../support/peers.js';
import { openTransport } from '../support/wires.js';
import { type TransportRig, transportContract } from './transport.js';

t.test('memory', async (t) => {
  transportContract(t, openTransport, async () => ({ endpoint: { type: 'memory' } }));
});

async function tcpRig(t: Test): Promise<TransportRig> {
  const server = createServer();
  const sockets: Socket[] = [];
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    endpoint: { type: 'tcp', host: '127.0.0.1', port },
    far: {
      stream: () => eventually(() => sockets.at(-1)),
      kill: async () => {
        for (const socket of sockets) socket.resetAndDestroy();
      },
    },
  };
}

t.test('tcp', async (t) => {
  transportContract(t, openTransport, tcpRig);
});

/** Two ends of a line: ours and, as a second serial wire, the device's. */
async function serialRig(t: Test): Promise<TransportRig> {
  const folder = t.testdir();
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const socat = startPeer(t, 'socat', ['-d', `pty,raw,echo=0,link=${ours}`, `pty,raw,echo=0,link=${theirs}`]);
  await eventually(() => existsSync(ours) && existsSync(theirs));
  const line = (path: string): SerialEndpoint => ({
    type: 'serial',
    path,
    baudRate: 19_200,
    dataBits: 8,
    parity: 'even',
    stopBits: 1,
  });
  return {
    endpoint: line(ours),
    far: {
      stream: async () => {
        const wire = await openTransport(line(theirs), new AbortController().signal);
        t.teardown(() => wire.destroy());
        return wire;
      },
      kill: async () => {
        await socat.kill();
      },
    },
  };
}

t.test('serial', async (t) => {
  transportContract(t, openTransport, serialRig, needs('socat'));
});
