/** DISCONNECT from a client (MQTT 5.0 §3.14). */
import type { DisconnectPacket } from '../../core/mqtt/packets.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import type { Session } from '../session.js';
import { expiryMs } from '../session-expiry.js';

export function handleDisconnect(client: Client, session: Session, packet: DisconnectPacket): Handled {
  const { sessionExpiryInterval } = packet;
  if (sessionExpiryInterval !== undefined) {
    // §3.14.2.2.2: a session that was to end with its connection cannot be kept after all.
    if (session.expiry === 0 && sessionExpiryInterval > 0) {
      return new Refusal(ReasonCode.protocolError, 'Session Expiry Interval in DISCONNECT, but none in CONNECT');
    }
    session.expiry = Math.min(expiryMs(sessionExpiryInterval), client.broker.limits.sessionExpiry);
  }
  client.leave(packet.reasonCode);
  return undefined;
}
