/** What a client is told when its connection ends (MQTT 5.0 §4.13). */
import { encodeConnack, encodeServerDisconnect } from '../core/mqtt/encode-server-packets.js';
import type { ProtocolVersion } from '../core/mqtt/packets.js';
import type { Properties } from '../core/mqtt/properties.js';
import { connackReasonCode, disconnectReasonCode } from '../core/mqtt/reason-code-sets.js';
import type { Client } from './client.js';
import { connectReturnCode, ReasonCode, type Refusal } from './reason-codes.js';

/**
 * CONNACK while there is no session yet, DISCONNECT after.
 *
 * @param version - undefined: no CONNECT came
 * @returns undefined where the version has no words for it, or no packet so small
 */
export function lastPacket(
  client: Client,
  { reasonCode, reason }: Refusal,
  wasAccepted: boolean,
  version: ProtocolVersion | undefined,
): Buffer | undefined {
  if (version === undefined) return undefined;
  if (version < 5) {
    const isSaid = !wasAccepted && connectReturnCode(reasonCode) !== undefined;
    return isSaid ? encodeConnack(version, reasonCode, false) : undefined;
  }
  const encode = (properties: Readonly<Properties>) =>
    wasAccepted
      ? encodeServerDisconnect(disconnectReasonCode(reasonCode), properties)
      : encodeConnack(version, connackReasonCode(reasonCode), false, properties);
  const reference = referenceFor(client, reasonCode);
  for (const properties of [{ ...reference, reasonString: reason }, reference, {}]) {
    const bytes = encode(properties);
    if (bytes.length <= client.maximumPacketSize) return bytes;
  }
  return undefined;
}

/** §4.11: where to go instead. */
function referenceFor(client: Client, reasonCode: ReasonCode): Readonly<Properties> {
  const { serverReference } = client.broker.config;
  const isReferred = reasonCode === ReasonCode.useAnotherServer || reasonCode === ReasonCode.serverMoved;
  return isReferred && serverReference !== undefined ? { serverReference } : {};
}
