/** CONNECT (MQTT 5.0 §3.1, 3.1.1 §3.1): is it sound, and who is it. What follows is in admit.ts. */
import type { ConnectPacket } from '../../core/mqtt/packets.js';
import type { Credentials } from '../access/access.js';
import type { BrokerContext, Client, Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import { hasPayloadFault, topicRefusal } from '../topic-rules.js';
import { admit } from './admit.js';
import { EnhancedAuthentication } from './auth.js';

export function handleConnect(client: Client, packet: ConnectPacket): Handled {
  const { broker } = client;
  if (client.ticket.refusal !== undefined) {
    // Counted when it was accepted.
    client.refuse(client.ticket.refusal);
    return undefined;
  }
  if (broker.config.moved) {
    // Not returned, which would count it as a fault of the client.
    client.refuse(new Refusal(ReasonCode.serverMoved, 'the clients of this broker belong to another server'));
    return undefined;
  }
  const refusal = connectRefusal(broker, packet);
  if (refusal !== undefined) return refusal;
  const clientId = packet.clientId === '' ? assignedClientIdentifier(broker) : packet.clientId;
  const { protocolVersion, username, password } = packet;
  const credentials = { peer: client.peer, clientId, protocolVersion, username, password };
  const method = packet.properties.authenticationMethod;
  if (method !== undefined) return exchange(client, packet, credentials, method);
  const identity = broker.access.authenticate(credentials);
  if (!(identity instanceof Promise)) return admit(client, packet, clientId, identity);
  const rest = withoutSecrets(packet);
  return identity.then((known) => admit(client, rest, clientId, known));
}

/** §4.12: the answer to CONNECT is AUTH until both sides are content. */
function exchange(client: Client, packet: ConnectPacket, credentials: Credentials, method: string): Handled {
  const exchange = client.broker.access.exchange(method, credentials);
  if (exchange instanceof Refusal) return exchange;
  const rest = withoutSecrets(packet);
  const authentication = new EnhancedAuthentication(client, method, credentials, ({ identity, data }) =>
    admit(client, rest, credentials.clientId, identity, {
      authenticationMethod: method,
      ...(data !== undefined && { authenticationData: data }),
    }),
  );
  client.authentication = authentication;
  return authentication.start(exchange, packet.properties.authenticationData);
}

/** What waits must not keep the password. */
function withoutSecrets(packet: ConnectPacket): ConnectPacket {
  const { authenticationData: _, ...properties } = packet.properties;
  return { ...packet, password: undefined, properties };
}

function connectRefusal(broker: BrokerContext, packet: ConnectPacket): Refusal | undefined {
  const { will, properties, protocolVersion } = packet;
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    return new Refusal(ReasonCode.protocolError, 'Authentication Data without an Authentication Method');
  }
  if (packet.clientId === '' && (protocolVersion === 3 || (protocolVersion === 4 && !packet.cleanStart))) {
    return new Refusal(ReasonCode.clientIdentifierNotValid, 'an empty Client Identifier needs a clean session');
  }
  if (will === undefined) return undefined;
  if (topicRefusal(will.topic) !== undefined) {
    return new Refusal(ReasonCode.topicNameInvalid, 'the Will Topic is not open to clients');
  }
  if (broker.config.payloadFormatCheck && hasPayloadFault(will.properties, will.payload)) {
    return new Refusal(ReasonCode.payloadFormatInvalid, 'the Will Payload is not the UTF-8 it is said to be');
  }
  return undefined;
}

/** One that no session has [MQTT-3.2.2-16]. */
function assignedClientIdentifier({ random, sessions }: BrokerContext): string {
  let text: string;
  do {
    text = 'hpmq-';
    for (let i = 0; i < 16; i++) text += Math.floor(random() * 36).toString(36);
  } while (sessions.get(text) !== undefined);
  return text;
}
