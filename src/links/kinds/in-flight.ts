/** Our messages of QoS 1 and 2 that the far side has not settled, by Packet Identifier: which answer is due (MQTT 5.0 §4.3). */
import type { AcknowledgementPacket } from '../../core/mqtt/packets.js';
import { ReasonCode, Refusal } from '../../core/mqtt/reason-codes.js';
import { linkError } from '../errors.js';
import type { FarSideEvents, Outgoing } from '../far-side.js';
import { reasonText } from './mqtt-causes.js';

const FREE = 0;
/** QoS 1: PUBACK is due. */
const PUBLISHED_ONCE = 1;
/** QoS 2: PUBREC is due. */
const PUBLISHED = 2;
/** QoS 2: our PUBREL is due. */
const RECEIVED = 3;
/** QoS 2: PUBCOMP is due. */
const RELEASED = 4;

const WRONG = new Refusal(ReasonCode.protocolError, 'an acknowledgement that does not belong to its Packet Identifier');
const UNKNOWN = new Refusal(ReasonCode.protocolError, 'an acknowledgement of a Packet Identifier that is not in use');

export class InFlight {
  readonly #far: string;
  readonly #onAcknowledged: FarSideEvents['onAcknowledged'];
  readonly #states = new Uint8Array(0x1_0000);
  readonly #topics = new Map<number, string>();
  /** The far side continues a session: it may answer to what was sent over an earlier connection. */
  continues = false;

  constructor(far: string, onAcknowledged: FarSideEvents['onAcknowledged']) {
    this.#far = far;
    this.#onAcknowledged = onAcknowledged;
  }

  published({ packetId, qos, topic }: Outgoing): void {
    this.#states[packetId] = qos === 1 ? PUBLISHED_ONCE : PUBLISHED;
    this.#topics.set(packetId, topic);
  }

  released(packetIdentifier: number): void {
    this.#states[packetIdentifier] = RELEASED;
  }

  /** A PUBACK with success. @returns why the connection must end */
  puback(packetIdentifier: number): Refusal | undefined {
    if (this.#states[packetIdentifier] !== PUBLISHED_ONCE) return this.#unexpected(packetIdentifier);
    this.#free(packetIdentifier);
    this.#onAcknowledged('puback', packetIdentifier, undefined);
    return undefined;
  }

  /** @returns why the connection must end */
  acknowledged(
    packet: AcknowledgementPacket & { readonly type: 'puback' | 'pubrec' | 'pubcomp' },
  ): Refusal | undefined {
    const { type, packetIdentifier, reasonCode } = packet;
    const state = this.#states[packetIdentifier];
    // Once more for a message that was sent once more.
    if (type === 'pubrec' && (state === RECEIVED || state === RELEASED)) return undefined;
    const expected = type === 'puback' ? PUBLISHED_ONCE : type === 'pubrec' ? PUBLISHED : RELEASED;
    if (state !== expected) return this.#unexpected(packetIdentifier);
    // PUBCOMP knows no refusal: 0x92 says that an earlier PUBREL had arrived.
    const isRefused = type !== 'pubcomp' && reasonCode >= 0x80;
    const refusal = isRefused ? this.#refusal(packet) : undefined;
    if (type === 'pubrec' && !isRefused) this.#states[packetIdentifier] = RECEIVED;
    else this.#free(packetIdentifier);
    this.#onAcknowledged(type, packetIdentifier, refusal);
    return undefined;
  }

  #free(packetIdentifier: number): void {
    this.#states[packetIdentifier] = FREE;
    this.#topics.delete(packetIdentifier);
  }

  #unexpected(packetIdentifier: number): Refusal | undefined {
    if (this.#states[packetIdentifier] !== FREE) return WRONG;
    return this.continues ? undefined : UNKNOWN;
  }

  #refusal({ packetIdentifier, reasonCode, reasonString }: AcknowledgementPacket) {
    const topic = this.#topics.get(packetIdentifier);
    const text = `${this.#far} refused a message to ${topic}: ${reasonText(reasonCode, reasonString)}`;
    return linkError('LINK_PUBLISH_REFUSED', text, { details: { topic, reasonCode } });
  }
}
