/**
 * The message layer towards one peer (RFC 7252 §4): one datagram of the wire is one message.
 *
 *   transmit ─▶ at most NSTART ─▶ wire ─▶ again and again until ACK, RST, stop() or MAX_RETRANSMIT
 *   wire ─▶ decode ─▶ duplicate? ─▶ the last reply again
 *                  └▶ ACK, RST ─▶ transmission    response ─▶ onResponse    request ─▶ onRequest
 *
 * Rules: no datagram throws; a message is acted upon once; all that waits has a limit.
 */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../../src/adapter.js';
import {
  decode,
  EMPTY,
  emptyMessage,
  encode,
  isMalformed,
  isRequest,
  isResponse,
  type Message,
} from '../message/message.js';
import { Duplicates } from './duplicates.js';
import { exchangeLifetime, type TransmissionParameters } from './transmission.js';

/** Messages that wait for their turn. */
const QUEUE_LIMIT = 64;

/** acknowledged: with the piggybacked response, if there is one. */
export type Ending =
  | { readonly result: 'acknowledged'; readonly response: Message | undefined }
  /** What it says is old: what is sent in its place goes on with these attempts. */
  | { readonly result: 'superseded'; readonly attempts: Attempts }
  | { readonly result: 'reset' | 'timeout' | 'stopped' | 'closed' | 'full' };

/** What has been tried in vain. */
export interface Attempts {
  readonly sent: number;
  /** For the next attempt, ms. */
  readonly timeoutMs: number;
}

export interface TransmitOptions {
  /** RFC 7641 §4.5.2: in place of a message that was not acknowledged. */
  readonly after?: Attempts | undefined;
  /** Asked when an attempt has timed out: whether to end as superseded instead of sending the same again. */
  readonly isOld?: () => boolean;
}

/** What is to be sent: type and Message ID are the layer's. */
export type Outgoing = Pick<Message, 'code' | 'token' | 'options' | 'payload'>;

export interface MessageLayerOptions {
  readonly wire: Duplex;
  readonly clock: Clock;
  readonly transmission: TransmissionParameters;
  /** Returns a number in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** @returns whether somebody waits for it; who waits for nothing rejects it */
  readonly onResponse?: (message: Message) => boolean;
  /** Absent: requests are rejected. */
  readonly onRequest?: (message: Message) => void;
  /** A Reset that belongs to no Confirmable message: of a Non-confirmable one. */
  readonly onReset?: (messageId: number) => void;
}

export interface Transmission {
  readonly messageId: number;
  /** How often it, and what it replaces, went out. */
  readonly sent: number;
  /** Never rejects. A Non-confirmable message ends only by stop(), or with the wire. */
  readonly ended: Promise<Ending>;
  /** It is answered, or no longer of interest. */
  stop(): void;
}

export class MessageLayer {
  readonly #o: MessageLayerOptions;
  readonly #random: () => number;
  readonly #duplicates: Duplicates;
  readonly #queue: Pending[] = [];
  readonly #active = new Map<number, Pending>();
  readonly #onData = (bytes: unknown) => this.#receive(bytes as Buffer);
  readonly #onClose = () => this.close();
  #nextId: number;
  #isClosed = false;
  /** Datagrams that were no CoAP message. */
  malformed = 0;
  /** Messages received that had been received before. */
  duplicates = 0;

  constructor(options: MessageLayerOptions) {
    this.#o = options;
    this.#random = options.random ?? Math.random;
    this.#nextId = Math.floor(this.#random() * 0x10000);
    this.#duplicates = new Duplicates(options.clock, exchangeLifetime(options.transmission));
    options.wire.on('data', this.#onData);
    options.wire.on('close', this.#onClose);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  transmit(type: 'CON' | 'NON', message: Outgoing, options: TransmitOptions = {}): Transmission {
    const pending = new Pending({ ...message, type, messageId: this.#id() }, options, (one) => this.#leave(one));
    if (this.#isClosed) pending.end({ result: 'closed' });
    else if (this.#queue.length >= QUEUE_LIMIT) pending.end({ result: 'full' });
    else {
      this.#queue.push(pending);
      this.#next();
    }
    return pending;
  }

  /** A Non-confirmable message that nobody answers: a notification, a response. @returns its Message ID */
  sendOnce(message: Outgoing): number {
    const messageId = this.#id();
    this.#write(encode({ ...message, type: 'NON', messageId }));
    return messageId;
  }

  acknowledge(request: Message): void {
    this.#reply(request, emptyMessage('ACK', request.messageId));
  }

  reset(message: Pick<Message, 'messageId'>): void {
    this.#reply(message, emptyMessage('RST', message.messageId));
  }

  /** §5.2.1: the response in the acknowledgement. */
  piggyback(request: Message, response: Outgoing): void {
    this.#reply(request, { ...response, type: 'ACK', messageId: request.messageId });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#o.wire.off('data', this.#onData);
    this.#o.wire.off('close', this.#onClose);
    for (const pending of [...this.#active.values(), ...this.#queue]) pending.end({ result: 'closed' });
    this.#queue.length = 0;
    this.#active.clear();
  }

  #id(): number {
    this.#nextId = (this.#nextId + 1) & 0xffff;
    return this.#nextId;
  }

  #next(): void {
    while (this.#active.size < this.#o.transmission.nstart) {
      const pending = this.#queue.shift();
      if (pending === undefined) return;
      this.#active.set(pending.messageId, pending);
      const { ackTimeout, ackRandomFactor } = this.#o.transmission;
      const first = ackTimeout * (1 + this.#random() * (ackRandomFactor - 1));
      this.#send(pending, pending.options.after?.timeoutMs ?? first);
    }
  }

  /** §4.2: the time-out doubles with each transmission. */
  #send(pending: Pending, timeoutMs: number): void {
    pending.sent++;
    this.#write(pending.bytes);
    if (pending.isEnded || pending.message.type !== 'CON') return;
    pending.timer = this.#o.clock.after(timeoutMs, () => {
      const { sent, options } = pending;
      if (sent > this.#o.transmission.maxRetransmit) pending.end({ result: 'timeout' });
      else if (options.isOld?.() === true)
        pending.end({ result: 'superseded', attempts: { sent, timeoutMs: 2 * timeoutMs } });
      else this.#send(pending, 2 * timeoutMs);
    });
  }

  #leave(pending: Pending): void {
    if (this.#active.get(pending.messageId) === pending) this.#active.delete(pending.messageId);
    else {
      const at = this.#queue.indexOf(pending);
      if (at >= 0) this.#queue.splice(at, 1);
    }
    if (!this.#isClosed) this.#next();
  }

  #receive(bytes: Buffer): void {
    if (this.#isClosed) return;
    const message = decode(bytes);
    if (isMalformed(message)) {
      this.malformed++;
      if (message.header?.type === 'CON') this.#write(encode(emptyMessage('RST', message.header.messageId)));
      return;
    }
    if (message.type === 'ACK' || message.type === 'RST') this.#conclude(message);
    else this.#take(message, bytes);
  }

  #conclude(message: Message): void {
    const pending = this.#active.get(message.messageId);
    if (message.type === 'RST') {
      if (pending !== undefined) pending.end({ result: 'reset' });
      else this.#o.onReset?.(message.messageId);
      return;
    }
    if (pending === undefined || pending.message.type !== 'CON') return;
    if (message.code === EMPTY) {
      pending.end({ result: 'acknowledged', response: undefined });
    } else if (isResponse(message.code) && message.token.equals(pending.message.token)) {
      // §5.3.2: a piggybacked response has the Message ID and the token of the request.
      pending.end({ result: 'acknowledged', response: message });
    }
  }

  #take(message: Message, bytes: Buffer): void {
    const { onResponse, onRequest } = this.#o;
    const isConfirmable = message.type === 'CON';
    const known = this.#duplicates.take(message.messageId, bytes);
    if (known !== undefined) {
      this.duplicates++;
      if (known.reply !== undefined) this.#write(known.reply);
      return;
    }
    if (isResponse(message.code)) {
      // §4.2, §4.3: what nobody waits for is rejected; that ends an observation that we have forgotten, too.
      if (onResponse?.(message) !== true) this.reset(message);
      else if (isConfirmable) this.acknowledge(message);
    } else if (isRequest(message.code) && onRequest !== undefined) onRequest(message);
    // An Empty Confirmable message is a ping (§4.3); other codes are reserved.
    else if (isConfirmable) this.reset(message);
  }

  #reply(to: Pick<Message, 'messageId'>, message: Message): void {
    const bytes = encode(message);
    this.#duplicates.answered(to.messageId, bytes);
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    if (!this.#isClosed && this.#o.wire.writable) this.#o.wire.write(bytes);
  }
}

class Pending implements Transmission {
  readonly message: Message;
  readonly options: TransmitOptions;
  readonly bytes: Buffer;
  readonly ended: Promise<Ending>;
  sent: number;
  timer: Timer | undefined;
  isEnded = false;
  readonly #resolve: (ending: Ending) => void;
  readonly #onEnd: (pending: Pending) => void;

  constructor(message: Message, options: TransmitOptions, onEnd: (pending: Pending) => void) {
    this.message = message;
    this.options = options;
    this.sent = options.after?.sent ?? 0;
    this.bytes = encode(message);
    this.#onEnd = onEnd;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    this.#resolve = resolve;
  }

  get messageId(): number {
    return this.message.messageId;
  }

  end(ending: Ending): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.timer?.cancel();
    this.#resolve(ending);
    this.#onEnd(this);
  }

  stop(): void {
    this.end({ result: 'stopped' });
  }
}
