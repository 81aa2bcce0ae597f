/**
 * What is wrong with the packets of a client, by the specifications alone: a second opinion that gives each difference
 * its name. Only what can be seen in the packets of one connection is judged: not sessions, quotas or other clients.
 */
import { FieldReader, type PropertyBag } from '../support/field-reader.js';
import { clientCodes, type PacketName, packetNames } from '../support/mqtt-tables.js';
import type { Version } from '../support/mqtt-writer.js';

export interface Judgement {
  readonly name: PacketName;
  readonly version: Version;
  /** `ok`, or the first thing that is wrong. */
  readonly fault: string;
  /** The whole packet; empty when it is not complete. */
  readonly bytes: Buffer;
}

/** Topic Aliases that both brokers announce. */
export const ALIASES = 10;
/** Packets that both brokers take, bytes. */
export const PACKET_BYTES = 64 * 1024;

const requiredFlags: readonly (number | undefined)[] = [
  undefined,
  0,
  undefined,
  undefined,
  0,
  0,
  2,
  0,
  2,
  undefined,
  2,
  undefined,
  0,
  undefined,
  0,
  0,
];
const SERVER_ONLY = new Set<PacketName>(['CONNACK', 'SUBACK', 'UNSUBACK', 'PINGRESP']);

/** Judges one connection, packet after packet. */
export class Judge {
  version: Version = 4;
  /** As CONNECT said; Infinity: none. */
  maximumPacketSize = Number.POSITIVE_INFINITY;
  receiveMaximum = 0xffff;
  isWillDelayed = false;
  clientId = '';
  #held: Buffer = Buffer.alloc(0);
  #isConnected = false;
  #expiry = 0;
  #hasMethod = false;
  readonly #aliases = new Set<number>();

  feed(bytes: Buffer): Judgement[] {
    this.#held = Buffer.concat([this.#held, bytes]);
    const found: Judgement[] = [];
    while (this.#held.length > 0) {
      const name = packetNames[this.#held[0]! >> 4]!;
      const frame = this.#frame();
      if (typeof frame === 'string') {
        found.push({ name, version: this.version, fault: frame, bytes: Buffer.alloc(0) });
        // What it is cannot be said any more, or must be waited for.
        if (frame !== 'incomplete') this.#held = Buffer.alloc(0);
        return found;
      }
      const judged = this.#judge(name, frame.bytes, frame.body);
      const fault = frame.isShortest ? judged : 'variable-byte-integer-not-shortest';
      found.push({ name, version: this.version, fault: fault ?? 'ok', bytes: frame.bytes });
    }
    return found;
  }

  #frame(): { bytes: Buffer; body: number; isShortest: boolean } | string {
    const held = this.#held;
    let length = 0;
    for (let i = 0; i < 4; i++) {
      const byte = held[1 + i];
      if (byte === undefined) return 'incomplete';
      length += (byte & 0x7f) * 128 ** i;
      if (byte >= 0x80) continue;
      const end = 2 + i + length;
      if (end > PACKET_BYTES) return 'too-large';
      if (held.length < end) return 'incomplete';
      this.#held = held.subarray(end);
      return { bytes: held.subarray(0, end), body: 2 + i, isShortest: i === 0 || byte > 0 };
    }
    return 'remaining-length-too-long';
  }

  #judge(name: PacketName, bytes: Buffer, body: number): string | undefined {
    const flags = bytes[0]! & 0x0f;
    if (name === 'RESERVED') return 'type-reserved';
    if (!this.#isConnected && name !== 'CONNECT') return 'before-CONNECT';
    if (SERVER_ONLY.has(name)) return 'only-a-server-sends-it';
    const required = requiredFlags[bytes[0]! >> 4];
    if (required !== undefined && flags !== required) return 'flags';
    const reader = new FieldReader(bytes, body);
    switch (name) {
      case 'CONNECT':
        if (this.#isConnected) return 'second-CONNECT';
        this.#connect(reader);
        this.#isConnected = true;
        break;
      case 'PUBLISH':
        this.#publish(reader, flags);
        break;
      case 'SUBSCRIBE':
        this.#subscribe(reader);
        break;
      case 'UNSUBSCRIBE':
        this.#unsubscribe(reader);
        break;
      case 'DISCONNECT':
        this.#disconnect(reader);
        break;
      case 'AUTH':
        if (this.version < 5) return 'not-in-this-version';
        this.#codeAndProperties(reader, 'AUTH');
        if (!this.#hasMethod) reader.fail('no-method-agreed');
        reader.end();
        break;
      case 'PINGREQ':
        reader.end();
        break;
      default:
        packetIdentifier(reader);
        if (this.version === 5) this.#codeAndProperties(reader, name as 'PUBACK');
        reader.end();
    }
    return reader.fault ?? (reader.isDiscouraged ? 'discouraged-characters' : undefined);
  }

  #connect(reader: FieldReader): undefined {
    const name = reader.binary().toString('latin1');
    const level = reader.byte();
    const version = level & 0x7f;
    const isKnown = (name === 'MQTT' && (version === 4 || version === 5)) || (name === 'MQIsdp' && version === 3);
    this.version = version >= 5 ? 5 : version === 3 ? 3 : 4;
    if (!isKnown) return reader.fail(name === 'MQTT' || name === 'MQIsdp' ? 'level' : 'protocol-name');
    if (level >= 0x80) return reader.fail(version === 5 ? 'level' : 'bridge');
    const isVersion5 = version === 5;
    const flags = reader.byte();
    const has = (bit: number) => (flags & bit) !== 0;
    if (has(0x01) && version > 3) reader.fail('connect-flag-reserved');
    if (!has(0x04) && (flags & 0x38) !== 0) reader.fail('will-flags-without-will');
    if ((flags & 0x18) === 0x18) reader.fail('will-qos3');
    if (has(0x40) && !has(0x80) && !isVersion5) reader.fail('password-without-username');
    reader.uint16();
    const properties = isVersion5 ? reader.properties('CONNECT', 'client') : undefined;
    this.#expiry = (properties?.get('sessionExpiryInterval') as number | undefined) ?? 0;
    this.maximumPacketSize = (properties?.get('maximumPacketSize') as number | undefined) ?? Number.POSITIVE_INFINITY;
    this.receiveMaximum = (properties?.get('receiveMaximum') as number | undefined) ?? 0xffff;
    this.#hasMethod = properties?.has('authenticationMethod') ?? false;
    if (properties?.has('authenticationData') && !this.#hasMethod) reader.fail('authentication-data-without-method');
    const clientId = reader.string();
    this.clientId = clientId;
    if (has(0x04)) {
      const will = isVersion5 ? reader.properties('WILL', 'client') : undefined;
      topicName(reader, reader.string(), 'will-topic');
      if (will !== undefined) responseTopic(reader, will);
      this.isWillDelayed = will?.has('willDelayInterval') ?? false;
      reader.binary();
    }
    if (has(0x80)) reader.string();
    if (has(0x40)) reader.binary();
    reader.end();
    if (clientId === '' && (version === 3 || (version === 4 && !has(0x02)))) reader.fail('client-id-empty');
    if (this.#hasMethod) reader.fail('method-unknown');
  }

  #publish(reader: FieldReader, flags: number): undefined {
    const qos = (flags >> 1) & 3;
    if (qos === 3) return reader.fail('qos3');
    if (qos === 0 && (flags & 8) !== 0) reader.fail('dup-qos0');
    const topic = reader.string();
    if (qos > 0) packetIdentifier(reader);
    const properties = this.version === 5 ? reader.properties('PUBLISH', 'client') : undefined;
    const alias = properties?.get('topicAlias') as number | undefined;
    if (properties !== undefined) responseTopic(reader, properties);
    if (topic !== '' || alias === undefined) topicName(reader, topic, 'topic');
    if (alias === undefined) return;
    if (alias > ALIASES) reader.fail('alias-too-big');
    if (topic !== '') this.#aliases.add(alias);
    else if (!this.#aliases.has(alias)) reader.fail('alias-not-set');
  }

  #subscribe(reader: FieldReader): void {
    packetIdentifier(reader);
    if (this.version === 5) reader.properties('SUBSCRIBE', 'client');
    if (reader.left === 0) reader.fail('no-filter');
    let filterFault: string | undefined;
    while (reader.left > 0) {
      const filter = reader.string();
      const options = reader.byte();
      if (reader.fault !== undefined) break;
      if ((options & 3) === 3) reader.fail('qos3');
      else if ((options & (this.version === 5 ? 0xc0 : 0xfc)) !== 0) reader.fail('options-reserved');
      else if ((options & 0x30) === 0x30) reader.fail('retain-handling-3');
      else if (this.version === 5 && filter.startsWith('$share/') && (options & 4) !== 0) {
        reader.fail('share-no-local');
      }
      filterFault ??= topicFilter(filter, this.version);
    }
    if (filterFault !== undefined) reader.fail(filterFault);
  }

  #unsubscribe(reader: FieldReader): void {
    packetIdentifier(reader);
    if (this.version === 5) reader.properties('UNSUBSCRIBE', 'client');
    if (reader.left === 0) reader.fail('no-filter');
    let filterFault: string | undefined;
    while (reader.left > 0) {
      const filter = reader.string();
      filterFault ??= topicFilter(filter, this.version);
    }
    if (filterFault !== undefined) reader.fail(filterFault);
  }

  #disconnect(reader: FieldReader): void {
    const properties = this.version === 5 ? this.#codeAndProperties(reader, 'DISCONNECT') : undefined;
    reader.end();
    const expiry = properties?.get('sessionExpiryInterval') as number | undefined;
    if (expiry !== undefined && expiry > 0 && this.#expiry === 0) reader.fail('expiry-raised-from-zero');
  }

  #codeAndProperties(
    reader: FieldReader,
    name: 'PUBACK' | 'PUBREC' | 'PUBREL' | 'PUBCOMP' | 'DISCONNECT' | 'AUTH',
  ): PropertyBag | undefined {
    if (reader.left === 0) return undefined;
    const code = reader.byte();
    if (!(clientCodes[name] ?? []).includes(code)) reader.fail('reason-code-unknown');
    return reader.left > 0 ? reader.properties(name, 'client') : undefined;
  }
}

function packetIdentifier(reader: FieldReader): void {
  if (reader.uint16() === 0) reader.fail('id-zero');
}

function topicName(reader: FieldReader, topic: string, what: string): void {
  if (topic === '') reader.fail(`${what}-empty`);
  else if (/[+#]/.test(topic)) reader.fail(`${what}-wildcard`);
  else if (topic.split('/').length > 200) reader.fail(`${what}-levels`);
}

function responseTopic(reader: FieldReader, properties: PropertyBag): void {
  const topic = properties.get('responseTopic');
  if (topic !== undefined) topicName(reader, topic as string, 'response-topic');
}

/** §4.7.1, §4.8.2. `$share` means something in 5.0 only. */
function topicFilter(filter: string, version: Version): string | undefined {
  if (filter === '') return 'filter-empty';
  const all = filter.split('/');
  const isShared = all[0] === '$share';
  if (isShared && version < 5) return 'share-before-5';
  if (isShared && (all.length < 3 || all[1] === '' || /[+#]/.test(all[1]!) || filter.length === 8 + all[1]!.length)) {
    return 'share-malformed';
  }
  const levels = isShared ? all.slice(2) : all;
  if (levels.length > 200) return 'filter-levels';
  const isWrong = levels.some((level, index) =>
    level.length > 1 ? /[+#]/.test(level) : level === '#' && index < levels.length - 1,
  );
  return isWrong ? 'filter-wildcard' : undefined;
}
