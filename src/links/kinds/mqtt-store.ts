/** The packet stores that MQTT.js asks for. What is to be sent is kept by the link itself, so one of them keeps nothing. */
import { Readable } from 'node:stream';
import type { IPublishPacket, IStore, Packet } from 'mqtt';

type Found = (error?: Error, packet?: Packet) => void;

class Store implements IStore {
  put(_packet: Packet, done: (error?: Error) => void): this {
    done();
    return this;
  }

  del(_packet: Pick<Packet, 'messageId'>, done: Found): this {
    done();
    return this;
  }

  get(_packet: Pick<Packet, 'messageId'>, done: Found): this {
    done(new Error('nothing is kept'));
    return this;
  }

  createStream(): ReturnType<IStore['createStream']> {
    return Readable.from([]) as unknown as ReturnType<IStore['createStream']>;
  }

  close(done: (error?: Error) => void): void {
    done();
  }
}

/** Forgets everything at once: an unacknowledged message is sent again by the link, on the next connection. */
export class OutgoingStore extends Store {}

/** QoS 2 messages received but not yet released by PUBREL (MQTT 5.0 §4.3.3). */
export class IncomingStore extends Store {
  readonly #packets = new Map<number | undefined, Packet>();
  readonly #maxBytes: number;
  readonly #onFull: (bytes: number) => void;
  #bytes = 0;

  /** @param onFull - told when payloads of more than `maxBytes` are held */
  constructor(maxBytes: number, onFull: (bytes: number) => void) {
    super();
    this.#maxBytes = maxBytes;
    this.#onFull = onFull;
  }

  override put(packet: Packet, done: (error?: Error) => void): this {
    this.#forget(packet.messageId);
    this.#packets.set(packet.messageId, packet);
    this.#bytes += payloadBytes(packet);
    if (this.#bytes > this.#maxBytes) this.#onFull(this.#bytes);
    done();
    return this;
  }

  override del(packet: Pick<Packet, 'messageId'>, done: Found): this {
    this.#forget(packet.messageId);
    done();
    return this;
  }

  override get(packet: Pick<Packet, 'messageId'>, done: Found): this {
    const found = this.#packets.get(packet.messageId);
    if (found === undefined) done(new Error('no such packet'));
    else done(undefined, found);
    return this;
  }

  /**
   * What was acknowledged with PUBREC but never released. The far side forgets it together with the clean session and
   * does not send it again, so it counts as received.
   */
  takeAll(): readonly IPublishPacket[] {
    const all = [...this.#packets.values()] as IPublishPacket[];
    this.#packets.clear();
    this.#bytes = 0;
    return all;
  }

  #forget(messageId: number | undefined): void {
    const packet = this.#packets.get(messageId);
    if (packet === undefined) return;
    this.#packets.delete(messageId);
    this.#bytes -= payloadBytes(packet);
  }
}

function payloadBytes(packet: Packet): number {
  return packet.cmd === 'publish' ? packet.payload.length : 0;
}
