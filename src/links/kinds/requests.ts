/** SUBSCRIBE and UNSUBSCRIBE that wait for their answer. */
import type { GatewayError } from '../../core/errors.js';
import { ReasonCode, Refusal } from '../../core/mqtt/reason-codes.js';
import { linkError } from '../errors.js';
import { reasonText } from './mqtt-causes.js';
import type { SubscriptionAnswer } from './wire/packets.js';

const WRONG = new Refusal(ReasonCode.protocolError, 'a SUBACK or UNSUBACK that nobody waits for');
const WRONG_NUMBER = new Refusal(ReasonCode.protocolError, 'a SUBACK without one Reason Code for each filter');
/** Far behind the Packet Identifiers of messages, which follow each other: there is no other way not to meet one. */
const DISTANCE = 0x7fff;

interface Request {
  readonly type: SubscriptionAnswer['type'];
  readonly filter: string;
  readonly answered: (refusal: GatewayError | undefined) => void;
}

export class Requests {
  readonly #far: string;
  readonly #waiting = new Map<number, Request>();

  constructor(far: string) {
    this.#far = far;
  }

  /**
   * @param lastMessage - Packet Identifier of the last message sent
   * @param isUsed - by a message
   * @returns the Packet Identifier
   */
  add(request: Request, lastMessage: number, isUsed: (packetIdentifier: number) => boolean): number {
    let next = ((lastMessage + DISTANCE) % 0xffff) + 1;
    while (this.#waiting.has(next) || isUsed(next)) next = (next % 0xffff) + 1;
    this.#waiting.set(next, request);
    return next;
  }

  /** @returns why the connection must end */
  answered(packet: SubscriptionAnswer): Refusal | undefined {
    const { type, packetIdentifier, reasonCodes, reasonString } = packet;
    const request = this.#waiting.get(packetIdentifier);
    if (request?.type !== type) return WRONG;
    if (type === 'suback' && reasonCodes.length !== 1) return WRONG_NUMBER;
    this.#waiting.delete(packetIdentifier);
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
