/** Requests and their responses by token (RFC 7252 §5.2, §5.3), on one message layer. */
import type { Clock, GatewayError } from '../../../src/adapter.js';
import { coapError } from '../errors.js';
import { type Message, newToken } from '../message/message.js';
import { isCritical, OptionNumber } from '../message/options.js';
import {
  type Ending,
  MessageLayer,
  type MessageLayerOptions,
  type Outgoing,
  type Transmission,
} from './message-layer.js';

export interface Request extends Omit<Outgoing, 'token'> {
  readonly isConfirmable: boolean;
  /** As people read it: `GET /temp`. */
  readonly name: string;
  /** A new one when absent. */
  readonly token?: Buffer;
}

/** Critical options that a response may have. */
const KNOWN: readonly number[] = [OptionNumber.BLOCK1, OptionNumber.BLOCK2];

interface Waiting {
  resolve(response: Message): void;
  reject(error: GatewayError): void;
}

export class Requests {
  readonly layer: MessageLayer;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  readonly #observers = new Map<string, (response: Message) => void>();
  readonly #probingRate: number;
  /** Monotonic ms: PROBING_RATE of what went out in vain. */
  #probeAt = 0;

  constructor(options: Omit<MessageLayerOptions, 'onResponse'>) {
    this.#clock = options.clock;
    this.#probingRate = options.transmission.probingRate;
    this.layer = new MessageLayer({ ...options, onResponse: (response) => this.#take(response) });
  }

  /** Monotonic ms before which a device that does not answer gets nothing more (§4.7). */
  get readyAt(): number {
    return this.#probeAt;
  }

  /** Responses with this token that no request waits for are notifications. */
  observe(token: Buffer, onNotification: (response: Message) => void): void {
    this.#observers.set(token.toString('hex'), onNotification);
  }

  forget(token: Buffer): void {
    this.#observers.delete(token.toString('hex'));
  }

  /**
   * One request, one response; blocks are the caller's.
   *
   * @throws COAP_TIMEOUT, COAP_NOT_SENT, COAP_RESET, COAP_BAD_MESSAGE, COAP_DISCONNECTED, COAP_QUEUE_FULL
   */
  async exchange(request: Request, signal: AbortSignal): Promise<Message> {
    const { isConfirmable, name, token = newToken(), ...rest } = request;
    const startedAt = this.#clock.monotonic();
    const key = token.toString('hex');
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    if (signal.aborted) throw this.#silence(name, startedAt, 0, false, signal.reason);
    let isAcknowledged = false;
    const transmission = this.layer.transmit(isConfirmable ? 'CON' : 'NON', { ...rest, token });
    const onAbort = () => reject(this.#silence(name, startedAt, transmission.sent, isAcknowledged, signal.reason));
    this.#waiting.set(key, { resolve, reject });
    signal.addEventListener('abort', onAbort, { once: true });
    void transmission.ended.then((ending) => {
      if (ending.result === 'acknowledged') isAcknowledged = true;
      if (ending.result === 'acknowledged' && ending.response !== undefined) this.#take(ending.response);
      else if (ending.result === 'timeout') reject(this.#silence(name, startedAt, transmission.sent, false, undefined));
      else if (ending.result !== 'acknowledged') {
        const error = failure(ending, name, transmission);
        if (error !== undefined) reject(error);
      }
    });
    try {
      const response = await promise;
      this.#probeAt = 0;
      return response;
    } catch (error) {
      if (!isConfirmable && transmission.sent > 0) {
        const bytes = 16 + rest.payload.length;
        this.#probeAt = this.#clock.monotonic() + (1_000 * bytes) / this.#probingRate;
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (this.#waiting.get(key)?.resolve === resolve) this.#waiting.delete(key);
      transmission.stop();
    }
  }

  close(): void {
    this.layer.close();
    this.#observers.clear();
  }

  /** @returns whether somebody waits for it */
  #take(response: Message): boolean {
    const key = response.token.toString('hex');
    const waiting = this.#waiting.get(key);
    const observer = this.#observers.get(key);
    if (waiting === undefined && observer === undefined) return false;
    const unknown = response.options.find(({ number }) => isCritical(number) && !KNOWN.includes(number));
    if (unknown !== undefined) {
      const message = `the response has the critical option ${unknown.number}, which is not known`;
      waiting?.reject(coapError('COAP_BAD_MESSAGE', message, { details: { option: unknown.number } }));
      return false;
    }
    if (waiting === undefined) observer?.(response);
    else {
      // What follows with this token before the caller goes on is a notification.
      this.#waiting.delete(key);
      waiting.resolve(response);
    }
    return true;
  }

  #silence(
    name: string,
    startedAt: number,
    transmissions: number,
    isAcknowledged: boolean,
    cause: unknown,
  ): GatewayError {
    const timeoutMs = Math.round(this.#clock.monotonic() - startedAt);
    const details = { request: name, timeoutMs, transmissions, acknowledged: isAcknowledged, sent: transmissions > 0 };
    if (transmissions === 0) {
      const message = `${name} was not sent within ${timeoutMs} ms: an earlier request has no answer yet`;
      return coapError('COAP_NOT_SENT', message, { details, cause });
    }
    const message = isAcknowledged
      ? `${name} was acknowledged, but not answered within ${timeoutMs} ms`
      : `${name} was not answered within ${timeoutMs} ms (sent ${transmissions === 1 ? 'once' : `${transmissions} times`})`;
    return coapError('COAP_TIMEOUT', message, { details, cause });
  }
}

function failure({ result }: Ending, name: string, { sent }: Transmission): GatewayError | undefined {
  const details = { request: name, sent: sent > 0 };
  switch (result) {
    case 'reset':
      return coapError('COAP_RESET', `${name} was rejected with Reset`, { details: { request: name } });
    case 'closed':
      return coapError('COAP_DISCONNECTED', `the wire closed before ${name} was answered`, { details });
    case 'full':
      return coapError('COAP_QUEUE_FULL', `${name} was not sent: too many requests wait already`, {
        details: { request: name, sent: false },
      });
    default:
      return undefined;
  }
}
