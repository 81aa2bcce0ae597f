/** What a server sends, decoded and judged strictly: a fault here is a fault of the server. */
import { FieldReader, type PropertyBag } from './field-reader.js';
import { type PacketName, packetNames, serverCodes } from './mqtt-tables.js';
import type { Version } from './mqtt-writer.js';

export interface ServerPacket {
  readonly name: PacketName;
  /** Of PUBLISH. */
  readonly qos: number;
  readonly dup: boolean;
  readonly retain: boolean;
  readonly topic: string;
  readonly payload: Buffer;
  /** Packet Identifier; 0: none. */
  readonly id: number;
  readonly codes: readonly number[];
  readonly sessionPresent: boolean;
  readonly properties: PropertyBag;
  /** What the server did wrong. */
  readonly fault: string | undefined;
  /** Of the whole packet, bytes. */
  readonly bytes: number;
}

const NOTHING = Buffer.alloc(0);
const NO_CODES: readonly number[] = [];
const NO_PROPERTIES: PropertyBag = new Map();

/** Cuts a stream into packets. */
export class ServerStream {
  version: Version;
  /** The stream itself is broken: nothing more is read. */
  isBroken = false;
  #held: Buffer | undefined;

  constructor(version: Version) {
    this.version = version;
  }

  /** Bytes of a packet that is not complete. */
  get heldBytes(): number {
    return this.#held?.length ?? 0;
  }

  feed(chunk: Buffer, onPacket: (packet: ServerPacket) => void): void {
    let bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    while (bytes.length > 0 && !this.isBroken) {
      const body = bodyStart(bytes);
      if (body === undefined) break;
      if (body < 0) {
        this.isBroken = true;
        return;
      }
      const end = body + remainingLength(bytes);
      if (bytes.length < end) break;
      onPacket(decode(bytes.subarray(0, end), body, this.version));
      bytes = bytes.subarray(end);
    }
    if (bytes.length > 0) this.#held = bytes;
  }
}

/** @returns undefined: not complete; -1: longer than four bytes */
function bodyStart(bytes: Buffer): number | undefined {
  for (let at = 1; at < 5; at++) {
    if (at >= bytes.length) return undefined;
    if (bytes[at]! < 0x80) return at + 1;
  }
  return -1;
}

function remainingLength(bytes: Buffer): number {
  let value = 0;
  for (let i = 0; ; i++) {
    value += (bytes[1 + i]! & 0x7f) * 128 ** i;
    if (bytes[1 + i]! < 0x80) return value;
  }
}

function decode(bytes: Buffer, body: number, version: Version): ServerPacket {
  const name = packetNames[bytes[0]! >> 4]!;
  const flags = bytes[0]! & 0x0f;
  const reader = new FieldReader(bytes, body);
  const isVersion5 = version === 5;
  let id = 0;
  let topic = '';
  let payload: Buffer = NOTHING;
  let codes = NO_CODES;
  let properties = NO_PROPERTIES;
  let sessionPresent = false;
  const qos = name === 'PUBLISH' ? (flags >> 1) & 3 : 0;
  if (name !== 'PUBLISH' && flags !== (name === 'PUBREL' ? 2 : 0)) reader.fail('flags');
  switch (name) {
    case 'CONNACK': {
      const acknowledge = reader.byte();
      if (acknowledge > 1) reader.fail('acknowledge-flags');
      sessionPresent = acknowledge === 1;
      codes = [reader.byte()];
      // The client's version may be unknown to the server, which then answers in its own.
      if (reader.left > 0) properties = reader.properties('CONNACK', 'server');
      else if (isVersion5 && codes[0] === 0) reader.fail('no-properties');
      if (codes[0] !== 0 && sessionPresent) reader.fail('session-present-with-refusal');
      reader.end();
      break;
    }
    case 'PUBLISH':
      if (qos === 3) reader.fail('qos3');
      if (qos === 0 && (flags & 8) !== 0) reader.fail('dup-qos0');
      topic = reader.string();
      if (qos > 0) {
        id = reader.uint16();
        if (id === 0) reader.fail('id-zero');
      }
      if (isVersion5) properties = reader.properties('PUBLISH', 'server');
      if (topic === '' && !properties.has('topicAlias')) reader.fail('topic-empty');
      if (/[+#]/.test(topic)) reader.fail('topic-wildcard');
      payload = reader.rest();
      break;
    case 'PUBACK':
    case 'PUBREC':
    case 'PUBREL':
    case 'PUBCOMP':
      id = reader.uint16();
      if (id === 0) reader.fail('id-zero');
      codes = [isVersion5 && reader.left > 0 ? reader.byte() : 0];
      if (isVersion5 && reader.left > 0) properties = reader.properties(name, 'server');
      reader.end();
      break;
    case 'SUBACK':
    case 'UNSUBACK':
      id = reader.uint16();
      if (isVersion5) properties = reader.properties(name, 'server');
      codes = isVersion5 || name === 'SUBACK' ? [...reader.rest()] : NO_CODES;
      if (codes.length === 0 && (isVersion5 || name === 'SUBACK')) reader.fail('no-codes');
      reader.end();
      break;
    case 'PINGRESP':
      reader.end();
      break;
    case 'DISCONNECT':
    case 'AUTH':
      if (!isVersion5) reader.fail('not-in-this-version');
      codes = [reader.left > 0 ? reader.byte() : 0];
      if (reader.left > 0) properties = reader.properties(name, 'server');
      reader.end();
      break;
    default:
      reader.fail('only-a-client-sends-it');
  }
  if (reader.fault === undefined) checkCodes(reader, name, codes, version);
  return {
    name,
    qos,
    dup: name === 'PUBLISH' && (flags & 8) !== 0,
    retain: name === 'PUBLISH' && (flags & 1) !== 0,
    topic,
    payload,
    id,
    codes,
    sessionPresent,
    properties,
    fault: reader.fault === undefined ? undefined : `${name}: ${reader.fault}`,
    bytes: bytes.length,
  };
}

function checkCodes(reader: FieldReader, name: PacketName, codes: readonly number[], version: Version): undefined {
  if (codes.length === 0) return;
  const allowed = serverCodes[name] ?? [];
  for (const code of codes) {
    const isLegal =
      version === 5 || (name === 'CONNACK' && code >= 0x80)
        ? allowed.includes(code)
        : name === 'CONNACK'
          ? code <= 5
          : name === 'SUBACK'
            ? code <= 2 || code === 0x80
            : code === 0;
    if (!isLegal) return reader.fail(`code-${code.toString(16)}`);
  }
}
