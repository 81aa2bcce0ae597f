/**
 * What the conformance tests have in common: one test for several versions, packets byte by byte, and what a refusal looks like.
 *
 * The title of a test names the clauses that it proves: `[MQTT-3.8.3-4]` of 5.0, `[3.1.1: MQTT-3.8.3-2]` of 3.1.1; several of
 * one version are separated by commas. `clauses.md` is made from the titles (see clauses.ts), so a title is one plain string.
 */
import { type Packet, parser } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { type Access, type Identity, unrestricted } from '../../src/broker/access/access.js';
import { ReasonCode, Refusal } from '../../src/broker/reason-codes.js';
import type { TestClient } from '../unit/broker/harness.js';

export type Version = 3 | 4 | 5;
const names: Readonly<Record<Version, string>> = { 3: '3.1', 4: '3.1.1', 5: '5.0' };

/** One test, run for each version. */
export function each(
  versions: readonly Version[],
  title: string,
  run: (t: Test, version: Version) => Promise<void>,
): void {
  t.test(title, async (t) => {
    for (const version of versions) await t.test(names[version], (t) => run(t, version));
  });
}

/** A byte, a UTF-8 Encoded String with its length in front, or bytes as they are. */
export type Part = number | string | Buffer;

export function bytes(...parts: Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.from([part]);
      return typeof part === 'string' ? sized(Buffer.from(part)) : part;
    }),
  );
}

/** A Two Byte Integer. */
export function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** A Four Byte Integer. */
export function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

/** Bytes with a Two Byte Integer length in front: Binary Data, or a string that is not UTF-8. */
export function sized(data: Buffer): Buffer {
  return Buffer.concat([u16(data.length), data]);
}

/** A Variable Byte Integer. */
export function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f;
    out.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(out);
}

/** Properties with their length in front. */
export function properties(...parts: Part[]): Buffer {
  const body = bytes(...parts);
  return Buffer.concat([varint(body.length), body]);
}

/** A whole packet: the first byte, the Remaining Length, and the rest. */
export function packet(first: number, ...parts: Part[]): Buffer {
  const body = bytes(...parts);
  return Buffer.concat([Buffer.from([first]), varint(body.length), body]);
}

export interface ConnectBytes {
  /** @default the name that belongs to the version */
  readonly name?: string;
  /** @default the version */
  readonly level?: number;
  /** @default 0x02, Clean Start */
  readonly flags?: number;
  readonly keepAlive?: number;
  /** With their length in front; 5.0 only. @default none */
  readonly properties?: Buffer;
  /** @default the Client Identifier `c` */
  readonly payload?: readonly Part[];
}

/** CONNECT with every field as the test wants it. */
export function connect(version: Version, fields: ConnectBytes = {}): Buffer {
  return packet(
    0x10,
    fields.name ?? (version === 3 ? 'MQIsdp' : 'MQTT'),
    fields.level ?? version,
    fields.flags ?? 0x02,
    u16(fields.keepAlive ?? 0),
    ...(version === 5 ? [fields.properties ?? properties()] : []),
    ...(fields.payload ?? ['c']),
  );
}

/** PUBLISH of QoS 0 with every byte as the test wants it. */
export function publish(version: Version, topic: Part, payload = '', props = properties()): Buffer {
  return packet(0x30, topic, ...(version === 5 ? [props] : []), Buffer.from(payload));
}

/** SUBSCRIBE with packet identifier 1 to one filter. */
export function subscribe(version: Version, filter: Part, options = 0, props = properties()): Buffer {
  return packet(0x82, u16(1), ...(version === 5 ? [props] : []), filter, options);
}

/** Everything that arrives on this connection from now on, byte for byte. */
export function recorded(client: TestClient): { bytes(): Buffer; packets(): Packet[] } {
  const chunks: Buffer[] = [];
  client.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    bytes: () => Buffer.concat(chunks),
    packets: () => {
      const found: Packet[] = [];
      const parse = parser({ protocolVersion: client.version });
      parse.on('packet', (packet) => found.push(packet));
      parse.parse(Buffer.concat(chunks));
      return found;
    },
  };
}

/**
 * The broker ends a connection for a fault of the client: 5.0 is told the reason in a DISCONNECT and gets nothing else, 3.x gets
 * nothing at all (a server has no DISCONNECT there); then the connection is closed.
 */
export async function refused(t: Test, client: TestClient, reasonCode: number): Promise<void> {
  await client.closed();
  const arrived = (await client.pending()).map(brief);
  t.same(arrived, client.version === 5 ? [`disconnect 0x${reasonCode.toString(16)}`] : [], 'what the client was told');
}

/** The broker closes without a word. */
export async function closedSilently(t: Test, client: TestClient): Promise<void> {
  await client.closed();
  t.same((await client.pending()).map(brief), [], 'nothing was sent');
}

/** A CONNECT is refused: exactly one CONNACK with this code, then the end. */
export async function connectRefused(t: Test, client: TestClient, code: number): Promise<void> {
  await client.closed();
  const arrived = await client.pending();
  t.same(arrived.map(brief), [`connack 0x${code.toString(16)}`], 'what the client was told');
  if (arrived[0]?.cmd === 'connack') t.equal(arrived[0].sessionPresent, false, 'no session present');
}

/** The connection is open and nothing waits to be read: the next packet after PINGREQ is PINGRESP. */
export async function unharmed(t: Test, client: TestClient): Promise<void> {
  client.send({ cmd: 'pingreq' });
  t.same((await client.pending()).map(brief), ['pingresp'], 'the connection lives on, undisturbed');
  t.notOk(client.isClosed, 'the connection is open');
}

/** Everything that the broker sends before it answers a PINGREQ sent now, and that answer is not missing. */
export async function settled(client: TestClient): Promise<Packet[]> {
  const found = await client.pending();
  client.send({ cmd: 'pingreq' });
  for (let rounds = 0; rounds < 1_000; rounds++) {
    found.push(...(await client.pending()));
    if (found.at(-1)?.cmd === 'pingresp') return found.slice(0, -1);
  }
  throw new Error('PINGREQ was not answered');
}

/** Lets everybody in except Client Identifier `no`, who is refused with the given code. */
export function accessExcept(
  reasonCode: ReasonCode,
  identity: Identity = { user: undefined, permissions: unrestricted },
): Access {
  return {
    authenticate: ({ clientId }) => (clientId === 'no' ? new Refusal(reasonCode, 'not you') : identity),
    exchange: () => new Refusal(ReasonCode.badAuthenticationMethod, 'none'),
  };
}

/** A packet as one line: its name and code, or what a PUBLISH carries. */
export function brief(packet: Packet): string {
  switch (packet.cmd) {
    case 'publish':
      return `publish ${packet.topic} ${packet.payload} q${packet.qos}${packet.retain ? ' retain' : ''}${packet.dup ? ' dup' : ''}`;
    case 'connack':
      return `connack 0x${(packet.reasonCode ?? packet.returnCode ?? 0).toString(16)}`;
    case 'suback':
    case 'unsuback':
      return `${packet.cmd} ${packet.messageId} [${((packet.granted ?? []) as number[]).map((code) => `0x${code.toString(16)}`).join(' ')}]`;
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return `${packet.cmd} ${packet.messageId} 0x${(packet.reasonCode ?? 0).toString(16)}`;
    case 'disconnect':
    case 'auth':
      return `${packet.cmd} 0x${(packet.reasonCode ?? 0).toString(16)}`;
    default:
      return packet.cmd;
  }
}
