/** One complete frame of a client → one packet, or why not. Bounds, UTF-8, properties, flags and Reason Codes are checked here. */
import {
  readAcknowledgement,
  readDisconnect,
  readPacketIdentifier,
  readPublish,
  readReasonCode,
} from './decode-common.js';
import { readConnect, readProtocol } from './decode-connect.js';
import { readSubscribe, readUnsubscribe } from './decode-subscribe.js';
import { type ClientPacket, PacketType, type ProtocolVersion } from './packets.js';
import { readProperties } from './read-properties.js';
import { Reader } from './reader.js';
import { ReasonCode, Refusal } from './reason-codes.js';

const PINGREQ: ClientPacket = { type: 'pingreq' };

export class ClientPacketDecoder {
  readonly #reader = new Reader();
  #version: ProtocolVersion | undefined;

  /** As the last CONNECT said, also when it was refused later; undefined before. An unknown version counts as the nearest known. */
  get protocolVersion(): ProtocolVersion | undefined {
    return this.#version;
  }

  /**
   * @param frame - one control packet, complete; fixed header already checked
   * @param body - offset of the variable header in `frame`
   */
  decode(frame: Buffer, body: number): ClientPacket | Refusal {
    const reader = this.#reader;
    reader.reset(frame, body);
    switch (frame[0]! >> 4) {
      case PacketType.publish:
        return readPublish(reader, frame[0]!, this.#version, 'client');
      case PacketType.puback:
        return readAcknowledgement(reader, 'puback', this.#version, 'client');
      case PacketType.pubrec:
        return readAcknowledgement(reader, 'pubrec', this.#version, 'client');
      case PacketType.pubrel:
        return readAcknowledgement(reader, 'pubrel', this.#version, 'client');
      case PacketType.pubcomp:
        return readAcknowledgement(reader, 'pubcomp', this.#version, 'client');
      case PacketType.pingreq:
        reader.expectEnd();
        return reader.fault ?? PINGREQ;
      case PacketType.connect:
        return this.#connect();
      case PacketType.subscribe:
        return readSubscribe(reader, readPacketIdentifier(reader), this.#version);
      case PacketType.unsubscribe:
        return readUnsubscribe(reader, readPacketIdentifier(reader), this.#version);
      case PacketType.disconnect:
        return readDisconnect(reader, this.#version, 'client');
      case PacketType.auth:
        return this.#auth();
      default:
        return new Refusal(ReasonCode.protocolError, 'a packet only a server sends');
    }
  }

  #connect(): ClientPacket | Refusal {
    const protocol = readProtocol(this.#reader);
    if (this.#reader.fault === undefined) this.#version = protocol.version;
    return readConnect(this.#reader, protocol);
  }

  #auth(): ClientPacket | Refusal {
    const reader = this.#reader;
    if (this.#version !== 5) return new Refusal(ReasonCode.protocolError, 'AUTH before MQTT 5.0');
    const reasonCode = reader.remaining === 0 ? ReasonCode.success : readReasonCode(reader, 'auth', 'client');
    const properties = reader.remaining > 0 ? readProperties(reader, 'auth', 'client') : undefined;
    reader.expectEnd();
    if (reader.fault !== undefined) return reader.fault;
    if (reasonCode === ReasonCode.success || properties?.authenticationMethod === undefined) {
      return new Refusal(
        ReasonCode.protocolError,
        'AUTH without a Reason Code of a client or an Authentication Method',
      );
    }
    const { authenticationMethod, authenticationData } = properties;
    return { type: 'auth', reasonCode, authenticationMethod, authenticationData };
  }
}
