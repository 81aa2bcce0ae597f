/** The transport contract over every kind of wire. */

import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import t, { type Test } from 'tap';
import type { ListenEndpoint, SerialEndpoint } from '../../src/core/transport.js';
import { plugCable } from '../support/cable.js';
import { eventually, freePort, needs, startPeer } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';
import { createWires, openTransport } from '../support/wires.js';
import { type FarSide, type TransportRig, transportContract } from './transport.js';

t.test('memory', async (t) => {
  transportContract(t, openTransport, async () => ({ endpoint: { type: 'memory' } }));
});

async function listening(t: Test, server: Server): Promise<{ port: number; far: FarSide }> {
  const sockets: Socket[] = [];
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const far = {
    stream: () => eventually(() => sockets.at(-1)),
    kill: async () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  return { port, far };
}

async function tcpRig(t: Test): Promise<TransportRig> {
  const { port, far } = await listening(t, createServer());
  return { endpoint: { type: 'tcp', host: '127.0.0.1', port }, far };
}

t.test('tcp', async (t) => {
  transportContract(t, openTransport, tcpRig);
});

t.test('tls', needs('openssl'), async (t) => {
  const authority = createAuthority(t);
  const [theirs, ours] = [
    authority.issue({ subject: '/CN=plc', names: 'DNS:plc.example' }),
    authority.issue({ subject: '/CN=gateway' }),
  ];
  const pem = (path: string) => readFileSync(path);
  transportContract(t, openTransport, async (t) => {
    const options = { cert: pem(theirs.cert), key: pem(theirs.key), ca: pem(authority.cert), requestCert: true };
    const { port, far } = await listening(t, createTlsServer(options));
    const files = { ca: authority.cert, cert: ours.cert, key: ours.key, serverName: 'plc.example' };
    return { endpoint: { type: 'tls', host: '127.0.0.1', port, ...files }, far };
  });
});

t.test('udp', async (t) => {
  transportContract(t, openTransport, async (t) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    let peer: RemoteInfo | undefined;
    const stream = new Duplex({
      read() {},
      write: (bytes: Buffer, _encoding, callback) => socket.send(bytes, peer!.port, peer!.address, callback),
    });
    socket.on('message', (bytes, from) => {
      peer = from;
      stream.push(bytes);
    });
    let isClosed = false;
    const kill = async () => {
      if (!isClosed) socket.close();
      isClosed = true;
    };
    t.teardown(kill);
    const far = { stream: async () => stream, kill, isConnectionless: true };
    return { endpoint: { type: 'udp', host: '127.0.0.1', port }, far };
  });
});

t.test('listen', async (t) => {
  const wires = createWires(t);
  transportContract(t, wires.open, async (t) => {
    const endpoint: ListenEndpoint = {
      type: 'listen',
      host: '127.0.0.1',
      port: await freePort(),
      registration: Buffer.from('DTU-7'),
    };
    let device: Socket | undefined;
    let isGone = false;
    // As they do: dial until it works, and again when it ends.
    const dial = () => {
      if (isGone) return;
      device = connect(endpoint.port, '127.0.0.1');
      device.on('error', () => {});
      device.on('close', () => setTimeout(dial, 20));
      device.write('DTU-7');
    };
    const kill = async () => {
      isGone = true;
      device?.destroy();
    };
    t.teardown(kill);
    dial();
    return { endpoint, far: { stream: async () => device!, kill } };
  });
});

/** Two ends of a line: ours and, as a second serial wire, the device's. */
async function serialRig(t: Test): Promise<TransportRig> {
  const folder = t.testdir();
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const cable = await plugCable(t, ours, theirs);
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
      kill: () => cable.unplug(),
    },
  };
}

t.test('rfc2217', async (t) => {
  transportContract(
    t,
    openTransport,
    async (t) => {
      const { endpoint, far } = await serialRig(t);
      const { path, ...line } = endpoint as SerialEndpoint;
      const port = await freePort();
      const config = join(path, '..', 'ser2net.yaml');
      writeFileSync(config, ser2netConfig(port, path));
      const ser2net = startPeer(t, 'ser2net', ['-n', '-d', '-c', config]);
      // Not by connecting: it has the line for one client, and is not rid of that one at once.
      await eventually(() => isListening(port));
      const kill = async () => void (await ser2net.kill());
      return { endpoint: { ...line, type: 'rfc2217', host: '127.0.0.1', port }, far: { stream: far!.stream, kill } };
    },
    needs('socat', 'ser2net'),
  );
});

/** proc(5): local address and port in hex, then the state, 0A: TCP_LISTEN. */
function isListening(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  return readFileSync('/proc/net/tcp', 'utf8').includes(local);
}

function ser2netConfig(port: number, path: string): string {
  const connector = `serialdev(nouucplock),${path},9600n81,local`;
  return `%YAML 1.1\n---\nconnection: &line\n  accepter: telnet(rfc2217),tcp,127.0.0.1,${port}\n  connector: ${connector}\n`;
}

t.test('serial', async (t) => {
  transportContract(t, openTransport, serialRig, needs('socat'));
});
