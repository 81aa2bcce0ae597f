/** One client that sends mutated packets over a wire in memory, and holds the broker to what it may answer. */
import type { Broker } from '../../src/broker/broker.js';
import type { Peer } from '../../src/broker/peer.js';
import { mutate } from '../differential/mutate.js';
import { acknowledgement, type Version } from '../support/mqtt-writer.js';
import type { Choice } from '../support/random.js';
import { type ServerPacket, ServerStream } from '../support/server-packets.js';
import type { Corpus } from './corpus.js';
import { Wire } from './wire.js';

/** What a socket would hold for the broker before its peer must wait. */
const UNREAD_BYTES = 64 * 1024;
/** Turns a connection may take to close after both sides have ended. */
const TURNS_TO_CLOSE = 10;

export interface FuzzContext {
  readonly broker: Broker;
  readonly peer: Peer;
  readonly choice: Choice;
  readonly corpora: ReadonlyMap<Version, Corpus>;
  /** Counters of the run. */
  readonly sum: { packets: number; mutated: number; connections: number; refused: number; received: number };
}

/** What the client said of itself, when its CONNECT was a valid one. */
interface Announced {
  readonly maximumPacketSize: number;
  readonly topicAliasMaximum: number;
}

const NOTHING_ANNOUNCED: Announced = { maximumPacketSize: Number.POSITIVE_INFINITY, topicAliasMaximum: 0xffff };

export class FuzzClient {
  readonly #context: FuzzContext;
  #wire: Wire | undefined;
  #stream: ServerStream | undefined;
  #announced = NOTHING_ANNOUNCED;
  #hasEnded = false;
  #isRefused = false;
  /** It does not close its side after the broker has: the broker must not wait for ever. */
  #isDeaf = false;
  #turnsSinceEnd = 0;
  #replies: Buffer[] = [];
  /** What was sent over this connection, for the report. */
  #sent: Buffer[] = [];

  constructor(context: FuzzContext) {
    this.#context = context;
  }

  get isOpen(): boolean {
    return this.#wire !== undefined;
  }

  /** One turn: connects, or sends a packet or a few. */
  turn(): void {
    const { choice } = this.#context;
    const wire = this.#wire;
    if (wire === undefined) {
      this.#open();
      return;
    }
    if (this.#hasEnded) {
      if (this.#isDeaf) return;
      if (++this.#turnsSinceEnd > TURNS_TO_CLOSE) this.#fail('the connection does not close');
      return;
    }
    if (wire.isStalled) {
      if (choice.chance(0.02)) wire.takeAgain();
      return;
    }
    const how = choice.random();
    if (how < 0.01) wire.push(null);
    else if (how < 0.02) wire.destroy();
    else if (how < 0.022) wire.isStalled = true;
    else this.#send(wire);
  }

  /** The network is cut. */
  cut(): void {
    this.#wire?.destroy();
  }

  #open(): void {
    const { broker, peer, choice, corpora, sum } = this.#context;
    const version = choice.weighted<Version>([
      [1, 3],
      [3, 4],
      [6, 5],
    ]);
    const wire: Wire = new Wire({
      onBytes: (bytes) => this.#received(bytes),
      onEnd: () => {
        this.#hasEnded = true;
        if (!this.#isDeaf) wire.push(null);
      },
      onClosed: () => {
        this.#wire = undefined;
        if (this.#stream !== undefined && this.#stream.heldBytes > 0 && this.#hasEnded) this.#fail('half a packet');
      },
    });
    this.#wire = wire;
    this.#stream = new ServerStream(version);
    this.#hasEnded = false;
    this.#isRefused = false;
    this.#isDeaf = choice.chance(0.01);
    this.#turnsSinceEnd = 0;
    this.#replies = [];
    this.#sent = [];
    this.#announced = NOTHING_ANNOUNCED;
    sum.connections++;
    broker.serve(wire, peer);
    const right = choice.pick(corpora.get(version)!.connects);
    const isMutated = choice.chance(0.12);
    const bytes = isMutated ? mutate(choice, right) : right;
    if (!isMutated) this.#announced = announcedIn(right, version);
    else this.#stream.version = versionOf(bytes);
    this.#push(wire, bytes, isMutated);
  }

  #send(wire: Wire): void {
    const { choice, corpora } = this.#context;
    if (wire.readableLength > UNREAD_BYTES) return;
    if (this.#replies.length > 0 && choice.chance(0.7)) {
      this.#push(wire, Buffer.concat(this.#replies.splice(0)), false);
    }
    const { packets } = corpora.get(this.#stream!.version)!;
    for (let count = choice.weighted(BURST); count > 0 && !this.#hasEnded && !wire.destroyed; count--) {
      const right = choice.pick(packets);
      const isMutated = choice.chance(0.8);
      const bytes = isMutated ? mutate(choice, right) : right;
      if (choice.chance(0.05) && bytes.length > 1) {
        const at = 1 + choice.below(bytes.length - 1);
        this.#push(wire, bytes.subarray(0, at), isMutated);
        if (!this.#hasEnded && !wire.destroyed) wire.push(bytes.subarray(at));
      } else this.#push(wire, bytes, isMutated);
    }
  }

  #push(wire: Wire, bytes: Buffer, isMutated: boolean): void {
    const { sum } = this.#context;
    sum.packets++;
    if (isMutated) sum.mutated++;
    this.#sent.push(bytes);
    wire.push(bytes);
  }

  #received(bytes: Buffer): void {
    this.#stream!.feed(bytes, this.#onPacket);
    if (this.#stream!.isBroken) this.#fail('a stream that is no MQTT');
  }

  readonly #onPacket = (packet: ServerPacket): void => {
    const { sum, choice } = this.#context;
    sum.received++;
    if (packet.fault !== undefined) this.#fail(packet.fault);
    if (this.#isRefused) this.#fail(`${packet.name} after the last packet`);
    if (packet.bytes > this.#announced.maximumPacketSize) this.#fail(`${packet.name} of ${packet.bytes} bytes`);
    switch (packet.name) {
      case 'CONNACK':
        this.#isRefused = packet.codes[0] !== 0;
        if (this.#isRefused) sum.refused++;
        break;
      case 'DISCONNECT':
        this.#isRefused = true;
        sum.refused++;
        break;
      case 'PUBLISH': {
        const alias = (packet.properties.get('topicAlias') as number | undefined) ?? 0;
        if (alias > this.#announced.topicAliasMaximum) this.#fail(`Topic Alias ${alias}`);
        if (packet.qos > 0 && choice.chance(0.8)) {
          this.#replies.push(acknowledgement(packet.qos === 1 ? 'PUBACK' : 'PUBREC', packet.id));
        }
        break;
      }
      case 'PUBREL':
        this.#replies.push(acknowledgement('PUBCOMP', packet.id));
        break;
      case 'PUBREC':
        if (packet.codes[0]! < 0x80) this.#replies.push(acknowledgement('PUBREL', packet.id));
        break;
      default:
        break;
    }
  };

  #fail(what: string): never {
    const sent = this.#sent.map((bytes) => bytes.toString('hex')).join(' ');
    throw new Error(`MQTT ${this.#stream?.version} client: ${what}; it was sent ${sent}`);
  }
}

const BURST: readonly (readonly [weight: number, count: number])[] = [
  [8, 1],
  [3, 2],
  [1, 6],
];

/** Reads what a valid CONNECT of 5.0 announces. */
function announcedIn(bytes: Buffer, version: Version): Announced {
  if (version < 5) return NOTHING_ANNOUNCED;
  // From the Property Length on: the protocol name has four bytes, all lengths of the corpus one or two.
  let at = bytes[1]! >= 0x80 ? 13 : 12;
  const end = at + 1 + bytes[at]!;
  at++;
  let maximumPacketSize = Number.POSITIVE_INFINITY;
  let topicAliasMaximum = 0;
  while (at < end) {
    const id = bytes[at]!;
    if (id === 0x27) maximumPacketSize = bytes.readUInt32BE(at + 1);
    if (id === 0x22) topicAliasMaximum = bytes.readUInt16BE(at + 1);
    at += 1 + propertyBytes(bytes, at);
  }
  return { maximumPacketSize, topicAliasMaximum };
}

/** Length of a property of CONNECT behind its identifier. */
function propertyBytes(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case 0x11:
    case 0x27:
      return 4;
    case 0x21:
    case 0x22:
      return 2;
    case 0x15:
    case 0x16:
      return 2 + bytes.readUInt16BE(at + 1);
    case 0x26: {
      const first = 2 + bytes.readUInt16BE(at + 1);
      return first + 2 + bytes.readUInt16BE(at + 1 + first);
    }
    default:
      return 1;
  }
}

/** As a CONNECT says, if it can be read at all. */
function versionOf(bytes: Buffer): Version {
  let body = 1;
  while (body < bytes.length && bytes[body]! >= 0x80) body++;
  body++;
  const length = bytes.length > body + 2 ? bytes.readUInt16BE(body) : 0;
  const level = (bytes[body + 2 + length] ?? 4) & 0x7f;
  return level >= 5 ? 5 : level === 3 ? 3 : 4;
}
