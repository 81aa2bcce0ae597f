/** PUBLISH and its acknowledgements byte by byte, in both directions. */
import type { IConnectPacket } from 'mqtt-packet';
import type { Bench, TestClient } from '../unit/broker/harness.js';
import { connect, type Part, packet, properties, u16, u32, type Version } from './harness.js';

export interface PublishFields {
  readonly topic?: Part;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
  /** Packet Identifier, from QoS 1 on. */
  readonly id?: number;
  /** With their length in front; 5.0 only. */
  readonly properties?: Buffer;
  readonly payload?: string | Buffer;
}

/** PUBLISH, to `t` by default. */
export function message(version: Version, fields: PublishFields = {}): Buffer {
  const { topic = 't', qos = 0, dup = false, retain = false, id = 1, payload = '' } = fields;
  return packet(
    0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0),
    topic,
    ...(qos > 0 ? [u16(id)] : []),
    ...(version === 5 ? [fields.properties ?? properties()] : []),
    Buffer.from(payload),
  );
}

export const puback = (id: number, ...rest: Part[]) => packet(0x40, u16(id), ...rest);
export const pubrec = (id: number, ...rest: Part[]) => packet(0x50, u16(id), ...rest);
export const pubrel = (id: number, ...rest: Part[]) => packet(0x62, u16(id), ...rest);
export const pubcomp = (id: number, ...rest: Part[]) => packet(0x70, u16(id), ...rest);

/** Packets as the strings that {@link Wire} compares with. */
export const hex = (...packets: Buffer[]) => packets.map((one) => one.toString('hex'));

/** One connection, byte for byte. What its client's own `next` would return passes it by: use one or the other. */
export class Wire {
  readonly client: TestClient;
  #bytes = Buffer.alloc(0);

  constructor(client: TestClient) {
    this.client = client;
    client.stream.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
  }

  /** Sends, and returns what arrives until all is quiet. */
  async ask(...packets: Buffer[]): Promise<string[]> {
    this.client.raw(Buffer.concat(packets));
    return this.take();
  }

  /** All packets that arrived since the last time, in hex. */
  async take(): Promise<string[]> {
    await this.client.pending();
    const packets: string[] = [];
    for (let at = 0; at < this.#bytes.length; ) {
      let length = 0;
      let next = at + 1;
      for (let shift = 0; ; shift += 7) {
        const byte = this.#bytes[next++] ?? 0;
        length += (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      packets.push(this.#bytes.subarray(at, next + length).toString('hex'));
      at = next + length;
    }
    this.#bytes = Buffer.alloc(0);
    return packets;
  }
}

/** What CONNECT says for a session that outlives its connection. */
export function kept(version: Version): Partial<IConnectPacket> {
  return version === 5 ? { clean: false, properties: { sessionExpiryInterval: 600 } } : { clean: false };
}

/** A client whose session is kept, with a subscription to `t`. */
export async function subscriber(bench: Bench, version: Version, qos: 0 | 1 | 2, clientId = 's'): Promise<Wire> {
  const client = await bench.connect(version, clientId, kept(version));
  await client.subscribe('t', qos);
  return new Wire(client);
}

/** Connects again to a session that was kept; also returns what followed CONNACK at once. */
export async function resumed(
  bench: Bench,
  version: Version,
  clientId = 's',
  ...more: Part[]
): Promise<[Wire, string[]]> {
  const wire = new Wire(bench.open(version));
  const props = properties(0x11, u32(600), ...more);
  const [connack = '', ...rest] = await wire.ask(
    connect(version, { flags: 0, properties: props, payload: [clientId] }),
  );
  // 3.1 does not say whether it has the session.
  const present = version === 3 ? '00' : '01';
  if (!connack.startsWith('20') || connack.slice(4, 8) !== `${present}00`) throw new Error(`not resumed: ${connack}`);
  return [wire, rest];
}

/** A client whose messages somebody gets: they are acknowledged without a word about that. */
export async function publisher(bench: Bench, version: Version): Promise<Wire> {
  const listener = await bench.connect(version, 'listener');
  await listener.subscribe('#', 0);
  return new Wire(await bench.connect(version, 'p'));
}
