/** One complete frame of a server → one packet, or why not. Bounds, UTF-8, properties and flags are checked here. */
import { readAcknowledgement, readDisconnect, readPacketIdentifier, readPublish } from './decode-common.js';
import { PacketType, type ProtocolVersion, type ServerPacket, type SubscriptionAnswer } from './packets.js';
import { readProperties } from './read-properties.js';
import { Reader } from './reader.js';
import { ReasonCode, Refusal } from './reason-codes.js';

const PINGRESP: ServerPacket = { type: 'pingresp' };
const NO_CODES = Buffer.alloc(0);

export class ServerPacketDecoder {
  readonly #reader = new Reader();
  readonly #version: ProtocolVersion;

  constructor(version: ProtocolVersion) {
    this.#version = version;
  }

  /**
   * @param frame - one control packet, complete; fixed header already checked
   * @param body - offset of the variable header in `frame`
   */
  decode(frame: Buffer, body: number): ServerPacket | Refusal {
    const reader = this.#reader;
    reader.reset(frame, body);
    switch (frame[0]! >> 4) {
      case PacketType.publish:
        return readPublish(reader, frame[0]!, this.#version, 'server');
      case PacketType.puback:
        return readAcknowledgement(reader, 'puback', this.#version, 'server');
      case PacketType.pubrec:
        return readAcknowledgement(reader, 'pubrec', this.#version, 'server');
      case PacketType.pubrel:
        return readAcknowledgement(reader, 'pubrel', this.#version, 'server');
      case PacketType.pubcomp:
        return readAcknowledgement(reader, 'pubcomp', this.#version, 'server');
      case PacketType.suback:
        return this.#subscriptionAnswer('suback');
      case PacketType.unsuback:
        return this.#subscriptionAnswer('unsuback');
      case PacketType.connack:
        return this.#connack();
      case PacketType.disconnect:
        return readDisconnect(reader, this.#version, 'server');
      case PacketType.pingresp:
        reader.expectEnd();
        return reader.fault ?? PINGRESP;
      default:
        return new Refusal(ReasonCode.protocolError, 'AUTH, which was not asked for');
    }
  }

  #subscriptionAnswer(type: SubscriptionAnswer['type']): SubscriptionAnswer | Refusal {
    const reader = this.#reader;
    const packetIdentifier = readPacketIdentifier(reader);
    const properties = this.#version === 5 ? readProperties(reader, 'acknowledgement', 'server') : undefined;
    const hasCodes = type === 'suback' || this.#version === 5;
    // Copied: the frame is gone when the answer is looked at.
    const reasonCodes = hasCodes ? Buffer.from(reader.rest()) : NO_CODES;
    reader.expectEnd();
    return reader.fault ?? { type, packetIdentifier, reasonCodes, reasonString: properties?.reasonString };
  }

  #connack(): ServerPacket | Refusal {
    const reader = this.#reader;
    const flags = reader.byte();
    if (flags > 1) reader.refuse(ReasonCode.malformedPacket, 'reserved bits in CONNACK');
    const reasonCode = reader.byte();
    // A server of an older protocol answers in its own form (§3.2.2.2), which has no properties.
    const isOld = this.#version === 5 && reader.remaining === 0;
    const properties = this.#version === 5 && !isOld ? readProperties(reader, 'connack', 'server') : undefined;
    reader.expectEnd();
    return reader.fault ?? { type: 'connack', sessionPresent: flags === 1, reasonCode, properties };
  }
}
