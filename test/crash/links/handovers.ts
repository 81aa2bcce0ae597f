/**
 * Who had a message last: what a relay between the two ends of a link sees of PUBLISH and its acknowledgements. A broker that
 * was restarted may have forgotten what it had acknowledged: such a loss is its own if it is proven that it had the message.
 */
import { type IPublishPacket, type Packet, type Parser, parser } from 'mqtt-packet';
import type { Direction } from '../../support/relay.js';
import { Sendings } from './sendings.js';

/** One connection. */
interface Line {
  /** CONNACK said Session Present. */
  isContinued: boolean;
  readonly parsers: Readonly<Record<Direction, Parser>>;
  /** By direction of the PUBLISH and Packet Identifier. */
  readonly flights: Readonly<Record<Direction, Map<number, string>>>;
  readonly aliases: Readonly<Record<Direction, Map<number, string>>>;
}

const other = (direction: Direction): Direction => (direction === 'up' ? 'down' : 'up');

export class Handovers {
  readonly #lines = new Map<object, Line>();
  readonly #nameOf: (topic: string, payload: Buffer) => string;
  readonly #taken: Readonly<Record<Direction, Set<string>>> = { up: new Set(), down: new Set() };
  readonly #completed: Readonly<Record<Direction, Set<string>>> = { up: new Set(), down: new Set() };
  /** QoS 2, PUBREC seen, by Packet Identifier; their exchange may end over another connection. */
  readonly #received: Readonly<Record<Direction, Map<number, string>>> = { up: new Map(), down: new Map() };
  /** QoS 2: who sent it had been told that it arrived, or took another identifier, and sent it again all the same. */
  readonly #wronglyRepeated: Readonly<Record<Direction, Set<string>>> = { up: new Set(), down: new Set() };
  /** QoS 2: sent again over a connection for whose other end there was no session. */
  readonly #sentAnew: Readonly<Record<Direction, Set<string>>> = { up: new Set(), down: new Set() };
  /** QoS 2: sent under the identifier of another that was not released. */
  readonly #masked: Readonly<Record<Direction, Set<string>>> = { up: new Set(), down: new Set() };
  /** QoS 2: by Packet Identifier, what was sent under it, until PUBREL. */
  readonly #inUse: Readonly<Record<Direction, Map<number, string>>> = { up: new Map(), down: new Map() };
  readonly #sent: Readonly<Record<Direction, Map<string, number>>> = { up: new Map(), down: new Map() };
  readonly #released: Readonly<Record<Direction, Set<string>>> = { up: new Set(), down: new Set() };
  readonly sendings: Readonly<Record<Direction, Sendings>> = { up: new Sendings(), down: new Sendings() };
  #last: Line | undefined;
  #isSubscribed = false;
  /** How often a session with subscriptions was ended by who had subscribed: what waited in it is gone by its own doing. */
  abandoned = 0;
  /** Packets that could not be read: the record has gaps. */
  unreadable = 0;

  constructor(nameOf: (topic: string, payload: Buffer) => string) {
    this.#nameOf = nameOf;
  }

  /** What one end sent, whether it arrives or not. */
  readonly saw = (connection: object, direction: Direction, bytes: Buffer): void => {
    let line = this.#lines.get(connection);
    if (line === undefined) {
      line = this.#open();
      this.#lines.set(connection, line);
      this.#last = line;
    }
    line.parsers[direction].parse(bytes);
  };

  over(connection: object): void {
    this.#lines.delete(connection);
  }

  /** The end that it went to has said that it has it: PUBACK or PUBREC. */
  wasTaken(direction: Direction, name: string): boolean {
    return this.#taken[direction].has(name);
  }

  /** And it has said that it needs nothing more to pass it on: PUBACK or PUBCOMP. */
  wasCompleted(direction: Direction, name: string): boolean {
    return this.#completed[direction].has(name);
  }

  /** Whoever sent it at QoS 2 must not have sent it again [MQTT-4.3.3-6]: a second copy is its doing. */
  wasWronglyRepeated(direction: Direction, name: string): boolean {
    return this.#wronglyRepeated[direction].has(name);
  }

  /** Because the session was forgotten: a second copy comes of that. */
  wasSentAnew(direction: Direction, name: string): boolean {
    return this.#sentAnew[direction].has(name);
  }

  /** Who gets a message of QoS 2 under an identifier that is in use must take it for the one that it has [MQTT-2.2.1-3]. */
  wasMasked(direction: Direction, name: string): boolean {
    return this.#masked[direction].has(name);
  }

  /** Sent over the newest connection, and not acknowledged: whoever got it still owes the acknowledgement. */
  isOwed(direction: Direction, name: string): boolean {
    return [...(this.#last?.flights[direction].values() ?? [])].includes(name);
  }

  #open(): Line {
    const line: Line = {
      isContinued: false,
      parsers: { up: parser({ protocolVersion: 5 }), down: parser({ protocolVersion: 5 }) },
      flights: { up: new Map(), down: new Map() },
      aliases: { up: new Map(), down: new Map() },
    };
    let version = 5;
    for (const direction of ['up', 'down'] as const) {
      line.parsers[direction].on('error', () => this.unreadable++);
      line.parsers[direction].on('packet', (packet: Packet) => {
        if (packet.cmd === 'connect') {
          version = packet.protocolVersion ?? 4;
          if (packet.clean === true && this.#isSubscribed) this.abandoned++;
        }
        if (packet.cmd === 'connect' && version !== 5) this.#speak(line, version);
        else this.#packet(line, direction, packet);
      });
    }
    return line;
  }

  /** The answers are read in the version that CONNECT named. */
  #speak(line: Line, version: number): void {
    for (const direction of ['up', 'down'] as const) {
      (line.parsers[direction] as Parser & { settings: { protocolVersion: number } }).settings.protocolVersion =
        version;
    }
  }

  #packet(line: Line, direction: Direction, packet: Packet): void {
    const way = other(direction);
    if (packet.cmd === 'publish') {
      if (packet.qos === 0 || packet.messageId === undefined) return;
      const name = this.#nameOf(topicOf(packet, line.aliases[direction]), Buffer.from(packet.payload));
      line.flights[direction].set(packet.messageId, name);
      this.sendings[direction].sent(line, name);
      if (packet.qos === 2) this.#exactlyOnce(line, direction, packet.messageId, name);
    } else if (packet.cmd === 'suback') {
      this.#isSubscribed = true;
    } else if (packet.cmd === 'connack') {
      line.isContinued = packet.sessionPresent;
    } else if (packet.cmd === 'pubrel') {
      const name = this.#received[direction].get(packet.messageId ?? 0);
      if (name !== undefined) {
        this.#released[direction].add(name);
        this.sendings[direction].sent(line, name);
      }
      this.#inUse[direction].delete(packet.messageId ?? 0);
    } else if (packet.cmd === 'puback' || packet.cmd === 'pubrec') {
      const { messageId = 0, reasonCode = 0 } = packet;
      const flight = line.flights[way].get(messageId);
      if (reasonCode >= 0x80) this.#inUse[way].delete(messageId);
      if (flight === undefined || reasonCode >= 0x80) return;
      line.flights[way].delete(messageId);
      this.#taken[way].add(flight);
      this.sendings[way].taken(flight);
      if (packet.cmd === 'puback') this.#complete(way, flight);
      else this.#received[way].set(messageId, flight);
    } else if (packet.cmd === 'pubcomp') {
      const name = this.#received[way].get(packet.messageId ?? 0);
      if (name !== undefined) this.#complete(way, name);
      this.#received[way].delete(packet.messageId ?? 0);
    }
  }

  #complete(direction: Direction, name: string): void {
    this.#completed[direction].add(name);
    this.sendings[direction].completed(name);
  }

  #exactlyOnce(line: Line, direction: Direction, messageId: number, name: string): void {
    const before = this.#sent[direction].get(name);
    this.#sent[direction].set(name, messageId);
    const held = this.#inUse[direction].get(messageId);
    if (line.isContinued && held !== undefined && held !== name) this.#masked[direction].add(name);
    this.#inUse[direction].set(messageId, name);
    if (before === undefined) return;
    if (!line.isContinued) this.#sentAnew[direction].add(name);
    else if (before !== messageId || this.#released[direction].has(name)) this.#wronglyRepeated[direction].add(name);
  }
}

function topicOf({ topic, properties }: IPublishPacket, aliases: Map<number, string>): string {
  const alias = properties?.topicAlias;
  if (alias === undefined) return topic;
  if (topic !== '') aliases.set(alias, topic);
  return aliases.get(alias) ?? topic;
}
