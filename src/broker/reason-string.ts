/** Reason Strings on answers (MQTT 5.0 §3.4.2.2.2 and alike). */
import type { Client } from './client.js';

/**
 * An answer with its Reason String, or without: where the client asked for none [MQTT-3.1.2-29] or where the packet would
 * exceed its Maximum Packet Size [MQTT-3.4.2-2].
 */
export function explained(
  client: Client,
  reason: string | undefined,
  encode: (reasonString: string | undefined) => Buffer,
): Buffer {
  if (reason === undefined || !client.wantsReasons) return encode(undefined);
  const bytes = encode(reason);
  return bytes.length > client.maximumPacketSize ? encode(undefined) : bytes;
}
