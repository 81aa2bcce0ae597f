/** CONNECT (MQTT 5.0 §3.1, 3.1.1 §3.1): who is it, which session, what do both sides keep to. */
import type { Identity } from '../access/access.js';
import type { Client, Handled } from '../client.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import { TOPIC_ALIAS_MAXIMUM } from '../topic-aliases.js';
import { topicRefusal } from '../topic-rules.js';
import { Will } from '../will.js';
import { type ConnackProperties, encodeConnack } from '../wire/encode.js';
import type { ConnectPacket } from '../wire/packets.js';

const NEVER = 0xffff_ffff;
const MAX_RECEIVE_MAXIMUM = 0xffff;

export function handleConnect(client: Client, packet: ConnectPacket): Handled {
  const refusal = connectRefusal(packet);
  if (refusal !== undefined) return refusal;
  if (client.ticket.refusal !== undefined) {
    // Counted when it was accepted.
    client.refuse(client.ticket.refusal);
    return undefined;
  }
  const { access, random } = client.broker;
  const clientId = packet.clientId === '' ? assignedClientIdentifier(random) : packet.clientId;
  const { protocolVersion, username, password } = packet;
  const identity = access.authenticate({ peer: client.peer, clientId, protocolVersion, username, password });
  if (identity instanceof Promise) return identity.then((known) => admit(client, packet, clientId, known));
  return admit(client, packet, clientId, identity);
}

function admit(
  client: Client,
  packet: ConnectPacket,
  clientId: string,
  identity: Identity | Refusal,
): Refusal | undefined {
  if (identity instanceof Refusal || client.isOver) return identity instanceof Refusal ? identity : undefined;
  const { broker } = client;
  const before = broker.sessions.get(clientId);
  if (before?.channel === undefined && broker.sessions.connected >= broker.limits.connections) {
    broker.statistics.refuse('connections');
    // Not returned, which would count it as a fault of the client.
    client.refuse(new Refusal(ReasonCode.quotaExceeded, 'as many clients are connected as are allowed'));
    return undefined;
  }
  const { properties } = packet;
  const asked = requestedExpiry(packet);
  const granted = Math.min(asked, broker.limits.sessionExpiry);
  const announced: ConnackProperties = {
    receiveMaximum: broker.limits.receiveMaximum,
    maximumPacketSize: client.ticket.limits.packetBytes,
    topicAliasMaximum: TOPIC_ALIAS_MAXIMUM,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: false,
    ...(packet.clientId === '' && { assignedClientIdentifier: clientId }),
    ...(granted !== asked && { sessionExpiryInterval: Math.floor(granted / 1_000) }),
  };
  const connack = (sessionPresent: boolean) =>
    encodeConnack(client.protocolVersion, ReasonCode.success, sessionPresent, announced);
  const maximumPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
  if (connack(false).length > maximumPacketSize) {
    return new Refusal(ReasonCode.packetTooLarge, 'CONNACK exceeds the Maximum Packet Size of the client');
  }

  const full = client.ticket.connect(identity.user, before?.channel !== undefined);
  if (full !== undefined) {
    client.refuse(full);
    return undefined;
  }
  before?.channel?.refuse(
    new Refusal(ReasonCode.sessionTakenOver, 'another connection has the same Client Identifier'),
  );
  if (packet.cleanStart) before?.end();
  const present = broker.sessions.get(clientId);
  const session = present ?? broker.sessions.create(clientId);
  const receiveMaximum = properties.receiveMaximum ?? MAX_RECEIVE_MAXIMUM;
  const { isBridge, keepAlive } = packet;
  client.accept({ session, identity, isBridge, keepAlive, receiveMaximum, maximumPacketSize });
  session.connect(client, granted, packet.will === undefined ? undefined : new Will(packet.will, session.origin));
  broker.sessions.present(session);
  client.send(connack(present !== undefined));
  session.resume();
  return undefined;
}

function connectRefusal(packet: ConnectPacket): Refusal | undefined {
  if (packet.properties.authenticationMethod !== undefined) {
    return new Refusal(ReasonCode.badAuthenticationMethod, 'enhanced authentication is not offered');
  }
  if (packet.properties.authenticationData !== undefined) {
    return new Refusal(ReasonCode.protocolError, 'Authentication Data without an Authentication Method');
  }
  if (
    packet.clientId === '' &&
    (packet.protocolVersion === 3 || (packet.protocolVersion === 4 && !packet.cleanStart))
  ) {
    return new Refusal(ReasonCode.clientIdentifierNotValid, 'an empty Client Identifier needs a clean session');
  }
  if (packet.will !== undefined && topicRefusal(packet.will.topic) !== undefined) {
    return new Refusal(ReasonCode.topicNameInvalid, 'the Will Topic is not open to clients');
  }
  return undefined;
}

/** ms. 3.1.1 knows only two: the connection, or as long as the server keeps it (§3.1.2.4). */
function requestedExpiry(packet: ConnectPacket): number {
  if (packet.protocolVersion < 5) return packet.cleanStart ? 0 : Number.POSITIVE_INFINITY;
  return expiryMs(packet.properties.sessionExpiryInterval ?? 0);
}

/** Session Expiry Interval, seconds on the wire, all ones: never (§3.1.2.11.2). @returns ms */
export function expiryMs(seconds: number): number {
  return seconds === NEVER ? Number.POSITIVE_INFINITY : seconds * 1_000;
}

function assignedClientIdentifier(random: () => number): string {
  let text = 'hpmq-';
  for (let i = 0; i < 16; i++) text += Math.floor(random() * 36).toString(36);
  return text;
}
