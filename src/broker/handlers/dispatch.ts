/** One packet → its handler, if the connection is far enough for it. */
import { PINGRESP } from '../../core/mqtt/encode-server-packets.js';
import type { ClientPacket } from '../../core/mqtt/packets.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import { handleAuth } from './auth.js';
import { handleConnect } from './connect.js';
import { handleDisconnect } from './disconnect.js';
import { handlePuback } from './puback.js';
import { handlePubcomp } from './pubcomp.js';
import { handlePublish } from './publish.js';
import { handlePubrec } from './pubrec.js';
import { handlePubrel } from './pubrel.js';
import { handleSubscribe } from './subscribe.js';
import { handleUnsubscribe } from './unsubscribe.js';

/** The codec lets nothing but CONNECT through first, and that only once. */
export function dispatch(client: Client, packet: ClientPacket): Handled {
  const { session } = client;
  if (session === undefined) return beforeSession(client, packet);
  switch (packet.type) {
    case 'publish':
      return handlePublish(client, session, packet);
    case 'puback':
      return handlePuback(session, packet);
    case 'pubrec':
      return handlePubrec(client, session, packet);
    case 'pubrel':
      return handlePubrel(client, session, packet);
    case 'pubcomp':
      return handlePubcomp(session, packet);
    case 'subscribe':
      return handleSubscribe(client, session, packet);
    case 'unsubscribe':
      return handleUnsubscribe(client, session, packet);
    case 'pingreq':
      client.send(PINGRESP);
      return undefined;
    case 'disconnect':
      return handleDisconnect(client, session, packet);
    case 'auth':
      return handleAuth(client, packet);
    case 'connect':
      return new Refusal(ReasonCode.protocolError, 'a second CONNECT');
  }
}

/** §4.12: until CONNACK a client that authenticates sends AUTH or DISCONNECT, nothing else [MQTT-3.1.2-30]. */
function beforeSession(client: Client, packet: ClientPacket): Handled {
  switch (packet.type) {
    case 'connect':
      client.broker.statistics.connectReceived++;
      return handleConnect(client, packet);
    case 'auth':
      return handleAuth(client, packet);
    case 'disconnect':
      client.leave(ReasonCode.success);
      return undefined;
    default:
      return new Refusal(ReasonCode.protocolError, 'a packet before the authentication is complete');
  }
}
