/** SUBSCRIBE and UNSUBSCRIBE that wait for their answer. */
import type { GatewayError } from '../../core/errors.js';
import type { SubscriptionAnswer } from '../../core/mqtt/packets.js';
import { ReasonCode, Refusal } from '../../core/mqtt/reason-codes.js';
import { linkError } from '../errors.js';
import { freeOf, REQUESTS } from '../packet-identifiers.js';
import { reasonText } from './mqtt-causes.js';

const WRONG = new Refusal(ReasonCode.protocolError, 'a SUBACK or UNSUBACK that nobody waits for');
const WRONG_NUMBER = new Refusal(ReasonCode.protocolError, 'a SUBACK without one Reason Code for each filter');

interface Request {
  readonly type: SubscriptionAnswer['type'];
  readonly filter: string;
  readonly answered: (refusal: GatewayError | undefined) => void;
}

export class Requests {
  readonly #far: string;
  readonly #waiting = new Map<number, Request>();
  /** Those that wait for an identifier; the first first. */
  readonly #queue: (() => void)[] = [];

  constructor(far: string) {
    this.#far = far;
  }

  /** @returns the Packet Identifier; undefined: as many as there are wait for their answers */
  add(request: Request): number | undefined {
    const id = freeOf(REQUESTS, (packetIdentifier) => this.#waiting.has(packetIdentifier));
    if (id !== undefined) this.#waiting.set(id, request);
    return id;
  }

  /** Resolves when one was answered. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  /** @returns why the connection must end */
  answered(packet: SubscriptionAnswer): Refusal | undefined {
    const { type, packetIdentifier, reasonCodes, reasonString } = packet;
    const request = this.#waiting.get(packetIdentifier);
    if (request?.type !== type) return WRONG;
    if (type === 'suback' && reasonCodes.length !== 1) return WRONG_NUMBER;
    this.#waiting.delete(packetIdentifier);
    this.#queue.shift()?.();
    const reasonCode = reasonCodes[0] ?? 0;
    request.answered(reasonCode < 0x80 ? undefined : this.#refusal(request, reasonCode, reasonString));
    return undefined;
  }

  #refusal({ type, filter }: Request, reasonCode: number, reasonString: string | undefined): GatewayError {
    const what = type === 'suback' ? 'the subscription to' : 'to end the subscription to';
    const text = `${this.#far} refused ${what} ${filter}: ${reasonText(reasonCode, reasonString)}`;
    return linkError('LINK_SUBSCRIPTION_REFUSED', text, { details: { filter, reasonCode } });
  }
}
