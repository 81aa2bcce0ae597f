/** What both sides send: PUBLISH, its acknowledgements, DISCONNECT. Faults are left in the reader, or returned. */
import type { QoS } from '../message.js';
import { topicNameFault } from '../topic.js';
import type { AcknowledgementPacket, DisconnectPacket, ProtocolVersion, PublishPacket } from './packets.js';
import type { Properties } from './properties.js';
import { readProperties } from './read-properties.js';
import type { Reader } from './reader.js';
import { allowedReasonCodes } from './reason-code-sets.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import type { Sender } from './sender.js';

export function readPacketIdentifier(reader: Reader): number {
  const packetIdentifier = reader.uint16();
  if (packetIdentifier === 0) reader.refuse(ReasonCode.protocolError, 'Packet Identifier 0');
  return packetIdentifier;
}

/** @param first - byte of the packet: its lower bits are the flags (§3.3.1) */
export function readPublish(
  reader: Reader,
  first: number,
  version: ProtocolVersion | undefined,
  sender: Sender,
): PublishPacket | Refusal {
  const qos = (first >> 1) & 0x03;
  const dup = (first & 0x08) !== 0;
  if (qos === 3) return new Refusal(ReasonCode.malformedPacket, 'PUBLISH with QoS 3');
  // A server's slip does no harm here; a client's would go on to others.
  if (dup && qos === 0 && sender === 'client') {
    return new Refusal(ReasonCode.malformedPacket, 'PUBLISH of QoS 0 with DUP');
  }
  const topic = reader.string();
  const packetIdentifier = qos === 0 ? 0 : readPacketIdentifier(reader);
  const properties = version === 5 ? readProperties(reader, 'publish', sender) : undefined;
  const payload = reader.rest();
  if (reader.fault !== undefined) return reader.fault;
  if (topic === '') {
    // §3.3.2.1: without an alias to stand for it.
    if (properties?.topicAlias === undefined) return new Refusal(ReasonCode.protocolError, 'the Topic Name is empty');
  } else if (topicNameFault(topic) !== undefined) {
    return new Refusal(ReasonCode.topicNameInvalid, 'the Topic Name contains a wildcard');
  }
  const retain = (first & 0x01) !== 0;
  return { type: 'publish', topic, payload, qos: qos as QoS, retain, dup, packetIdentifier, properties };
}

export function readAcknowledgement(
  reader: Reader,
  type: AcknowledgementPacket['type'],
  version: ProtocolVersion | undefined,
  sender: Sender,
): AcknowledgementPacket | Refusal {
  const packetIdentifier = readPacketIdentifier(reader);
  let reasonCode: number = ReasonCode.success;
  let reasonString: string | undefined;
  if (version === 5 && reader.remaining > 0) {
    reasonCode = readReasonCode(reader, type, sender);
    if (reader.remaining > 0) reasonString = readProperties(reader, 'acknowledgement', sender)?.reasonString;
  }
  reader.expectEnd();
  return reader.fault ?? { type, packetIdentifier, reasonCode, reasonString };
}

export function readDisconnect(
  reader: Reader,
  version: ProtocolVersion | undefined,
  sender: Sender,
): DisconnectPacket | Refusal {
  let reasonCode: number = ReasonCode.success;
  let properties: Properties | undefined;
  if (version === 5 && reader.remaining > 0) {
    reasonCode = readReasonCode(reader, 'disconnect', sender);
    if (reader.remaining > 0) properties = readProperties(reader, 'disconnect', sender);
  }
  reader.expectEnd();
  if (reader.fault !== undefined) return reader.fault;
  const { sessionExpiryInterval, reasonString, serverReference } = properties ?? NO_PROPERTIES;
  return { type: 'disconnect', reasonCode, sessionExpiryInterval, reasonString, serverReference };
}

const NO_PROPERTIES: Properties = {};

/** A client's must be one of the packet's own; a server's is taken as it is: it is shown, and 0x80 and above means no. */
export function readReasonCode(reader: Reader, type: keyof typeof allowedReasonCodes, sender: Sender): number {
  const reasonCode = reader.byte();
  if (sender === 'client' && reader.fault === undefined && !allowedReasonCodes[type].has(reasonCode)) {
    reader.refuse(ReasonCode.protocolError, 'a Reason Code that this packet cannot have');
  }
  return reasonCode;
}
