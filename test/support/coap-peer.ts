/** A CoAP peer made of a function, on a wire in memory that is a network of datagrams. */
import { Duplex } from 'node:stream';
import { Requests } from '../../adapters/coap/exchange/requests.js';
import { DEFAULT_TRANSMISSION, type TransmissionParameters } from '../../adapters/coap/exchange/transmission.js';
import {
  decode,
  encode,
  isMalformed,
  type Message,
  NO_PAYLOAD,
  NO_TOKEN,
} from '../../adapters/coap/message/message.js';
import type { Clock } from '../../src/core/clock.js';

/** What a peer says: what is not given is Empty. */
export type Said = Partial<Message>;

class End extends Duplex {
  onDatagram: (bytes: Buffer) => void = () => {};

  constructor() {
    super({ objectMode: true });
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.onDatagram(Buffer.from(bytes));
    callback();
  }
}

export class FakePeer {
  /** The end of whoever talks to it. */
  readonly wire: Duplex;
  /** All that it received, in order. */
  readonly received: Message[] = [];
  /** Answers that are sent at once. */
  onMessage: (message: Message) => readonly Said[] | undefined = () => undefined;
  readonly #end = new End();
  #nextId = 0x1000;

  constructor() {
    this.wire = this.#end;
    this.#end.onDatagram = (bytes) => {
      const message = decode(bytes);
      if (isMalformed(message)) throw new Error(message.fault);
      this.received.push(message);
      const answers = this.onMessage(message) ?? [];
      setImmediate(() => {
        for (const answer of answers) this.say(answer);
      });
    };
  }

  /** @returns its Message ID */
  say(said: Said): number {
    const messageId = said.messageId ?? this.#nextId++;
    const message = {
      type: 'CON',
      code: 0,
      token: NO_TOKEN,
      options: [],
      payload: NO_PAYLOAD,
      ...said,
      messageId,
    } as const;
    this.bytes(encode(message));
    return messageId;
  }

  bytes(datagram: Buffer): void {
    this.#end.push(datagram);
  }

  /** Requests of the other side, without repetitions. */
  requests(): readonly Message[] {
    return this.received.filter(
      ({ code, messageId }, index) =>
        code > 0 && code < 32 && this.received.findIndex((one) => one.messageId === messageId) === index,
    );
  }

  last(): Message {
    return this.received.at(-1)!;
  }
}

/** The acknowledgement of a message, with a response in it. */
export function piggyback(request: Message, response: Said): Said {
  return { type: 'ACK', messageId: request.messageId, token: request.token, ...response };
}

export function requestsOn(peer: FakePeer, clock: Clock, transmission: Partial<TransmissionParameters> = {}): Requests {
  return new Requests({
    wire: peer.wire,
    clock,
    transmission: { ...DEFAULT_TRANSMISSION, ...transmission },
    random: () => 0,
  });
}
