/** The first answer to PUBLISH: PUBACK or PUBREC (MQTT 5.0 §3.4, §3.5). */
import { encodeAcknowledgement } from '../../core/mqtt/encode-acknowledgement.js';
import type { Client } from '../client.js';
import type { ReasonCode } from '../reason-codes.js';
import { explained } from '../reason-string.js';

/** Before 5.0 there is no way to refuse one message: it is acknowledged and goes nowhere (3.1.1 §3.3.5). */
export function acknowledge(
  client: Client,
  qos: 1 | 2,
  packetIdentifier: number,
  reasonCode: ReasonCode,
  reason?: string,
): void {
  const type = qos === 1 ? 'puback' : 'pubrec';
  const version = client.protocolVersion;
  if (reason === undefined) client.send(encodeAcknowledgement(type, packetIdentifier, version, reasonCode));
  else {
    const encode = (text?: string) => encodeAcknowledgement(type, packetIdentifier, version, reasonCode, text);
    client.send(explained(client, reason, encode));
  }
}
