/** A far side that answers only what the test tells it to: for refusals, silence and broken packets. */
import { createServer, type Socket } from 'node:net';
import { generate, type IConnackPacket, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import type { Test } from 'tap';

export interface Connection {
  readonly socket: Socket;
  /** What the client sent, in order. */
  readonly packets: readonly Packet[];
  /** Its PUBLISH packets. */
  readonly publishes: readonly IPublishPacket[];
  send(packet: Packet): void;
}

export interface ScriptedBroker {
  readonly url: string;
  /** Newest last; closed ones too. */
  readonly connections: readonly Connection[];
  readonly open: () => number;
}

/**
 * @param answer - called for each packet of a client
 * @param receiving - called for each new connection before anything is read
 */
export async function scriptedBroker(
  t: Test,
  answer: (packet: Packet, connection: Connection) => void,
  receiving: (connection: Connection) => void = () => {},
): Promise<ScriptedBroker> {
  const connections: Connection[] = [];
  let open = 0;
  const server = createServer((socket) => {
    open++;
    const packets: Packet[] = [];
    const publishes: IPublishPacket[] = [];
    let version = 5;
    const send = (packet: Packet) => void socket.write(generate(packet, { protocolVersion: version }));
    const connection: Connection = { socket, packets, publishes, send };
    connections.push(connection);
    const incoming = parser({ protocolVersion: 5 });
    incoming.on('packet', (packet) => {
      packets.push(packet);
      if (packet.cmd === 'connect') version = packet.protocolVersion ?? 4;
      if (packet.cmd === 'publish') publishes.push(packet);
      answer(packet, connection);
    });
    socket.on('error', () => {});
    socket.on('close', () => open--);
    receiving(connection);
    socket.on('data', (chunk) => incoming.parse(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const { socket } of connections) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { url: `mqtt://127.0.0.1:${port}`, connections, open: () => open };
}

export function connack(properties: NonNullable<IConnackPacket['properties']> = {}): IConnackPacket {
  return { cmd: 'connack', sessionPresent: false, reasonCode: 0, returnCode: 0, properties };
}

/** What a friendly broker says to CONNECT, SUBSCRIBE and PUBLISH; for the packets that a script does not care about. */
export function friendly(packet: Packet, { send }: Connection): void {
  if (packet.cmd === 'connect') send(connack());
  else if (packet.cmd === 'subscribe') {
    send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(({ qos }) => qos) });
  } else if (packet.cmd === 'publish' && packet.qos === 1) send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
  else if (packet.cmd === 'publish' && packet.qos === 2) send({ cmd: 'pubrec', messageId: packet.messageId ?? 0 });
  else if (packet.cmd === 'pubrel') send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
}
