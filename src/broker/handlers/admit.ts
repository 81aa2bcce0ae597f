/** The second half of CONNECT: a client that is known gets its session, and both sides learn what the other keeps to. */
import { encodeConnack } from '../../core/mqtt/encode-server-packets.js';
import type { ConnectPacket } from '../../core/mqtt/packets.js';
import type { Properties } from '../../core/mqtt/properties.js';
import { PEER_PROPERTY } from '../../core/stamp.js';
import type { Identity } from '../access/access.js';
import type { BrokerContext, Client, Handled } from '../client.js';
import { peerOf, peerRefusal } from '../peers.js';
import { ReasonCode, Refusal } from '../reason-codes.js';
import { expiryMs } from '../session-expiry.js';
import { Will } from '../will.js';

/** Announced; bounds what a connection makes us remember. */
export const TOPIC_ALIAS_MAXIMUM = 10;
const MAX_RECEIVE_MAXIMUM = 0xffff;
const MAX_KEEP_ALIVE = 0xffff;
const TAKEN_OVER = new Refusal(ReasonCode.sessionTakenOver, 'another connection has the same Client Identifier');
const TOO_MANY = new Refusal(ReasonCode.quotaExceeded, 'as many clients are connected as are allowed');

/** @param authentication - the outcome of enhanced authentication, to be repeated in CONNACK */
export function admit(
  client: Client,
  packet: ConnectPacket,
  clientId: string,
  identity: Identity | Refusal,
  authentication: Readonly<Properties> = {},
): Handled {
  if (identity instanceof Refusal || client.isOver) return identity instanceof Refusal ? identity : undefined;
  const { broker, maximumPacketSize, protocolVersion } = client;
  if (packet.will !== undefined && !identity.permissions.mayPublish(packet.will.topic)) {
    return new Refusal(ReasonCode.notAuthorized, 'the client may not publish to its Will Topic');
  }
  const { mesh } = broker;
  const peer = peerOf(packet, mesh);
  const notAPeer = peer === undefined || mesh === undefined ? undefined : peerRefusal(peer, mesh, identity);
  if (notAPeer !== undefined) return notAPeer;
  const before = broker.sessions.get(clientId);
  if (before !== undefined && before.user !== identity.user) {
    return new Refusal(ReasonCode.clientIdentifierNotValid, 'the session of this Client Identifier is of another user');
  }
  if (before?.channel === undefined && broker.sessions.connected >= broker.limits.connections) {
    broker.statistics.refuse('connections');
    // Not returned, which would count it as a fault of the client.
    client.refuse(referred(broker, TOO_MANY));
    return undefined;
  }
  const granted = Math.min(requestedExpiry(packet), broker.limits.sessionExpiry);
  const keepAlive = grantedKeepAlive(broker, packet);
  const announced = { ...announcement(client, packet, clientId, granted, keepAlive), ...authentication };
  if (encodeConnack(protocolVersion, ReasonCode.success, false, announced).length > maximumPacketSize) {
    return new Refusal(ReasonCode.packetTooLarge, 'CONNACK exceeds the Maximum Packet Size of the client');
  }

  const full = client.ticket.connect(identity.user, before?.channel !== undefined);
  if (full !== undefined) {
    client.refuse(referred(broker, full));
    return undefined;
  }
  // A session that was discarded must not come back after a crash, once the client knows that it is gone [MQTT-3.1.2-4].
  const isDiscarded = packet.cleanStart && before?.durable === true;
  takeOver(broker, clientId, packet.cleanStart);
  const discarded = isDiscarded ? broker.persistence?.store.commit() : undefined;
  const enter = () => enterSession(client, packet, clientId, identity, granted, keepAlive, announced);
  if (discarded === undefined) return enter();
  const enterLater = () => {
    if (client.isOver) return undefined;
    if (broker.sessions.get(clientId) === undefined) return enter();
    // Another came while the disk was asked.
    client.refuse(TAKEN_OVER);
    return undefined;
  };
  // Also when it cannot be written now: it is tried until it is.
  return discarded.then(enterLater, enterLater);
}

function takeOver({ sessions }: BrokerContext, clientId: string, cleanStart: boolean): void {
  const before = sessions.get(clientId);
  before?.channel?.refuse(TAKEN_OVER);
  if (cleanStart) before?.end();
}

function enterSession(
  client: Client,
  packet: ConnectPacket,
  clientId: string,
  identity: Identity,
  granted: number,
  keepAlive: number,
  announced: Readonly<Properties>,
): Handled {
  const { broker, protocolVersion } = client;
  const { properties } = packet;
  const present = broker.sessions.get(clientId);
  const session = present ?? broker.sessions.create(clientId, granted > 0);
  session.peerGateway = peerOf(packet, broker.mesh);
  session.identify(identity);
  client.accept({
    session,
    isBridge: packet.isBridge,
    keepAlive,
    receiveMaximum: properties.receiveMaximum ?? MAX_RECEIVE_MAXIMUM,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
  });
  session.connect(client, granted, packet.will === undefined ? undefined : new Will(packet.will, session.origin));
  broker.sessions.present(session);
  const answer = () => {
    if (client.isOver) return undefined;
    client.send(encodeConnack(protocolVersion, ReasonCode.success, present !== undefined, announced));
    session.resume();
    if (present !== undefined) session.arrived();
    return undefined;
  };
  return session.founding.wait()?.then(answer) ?? answer();
}

/** Who is too many is told of another server where there is one (§4.11). */
function referred({ config }: BrokerContext, full: Refusal): Refusal {
  return config.serverReference === undefined ? full : new Refusal(ReasonCode.useAnotherServer, full.reason);
}

/**
 * What the broker keeps to (§3.2.2.3). Maximum QoS and Retain Available are left out, which says: everything; and so are
 * the subscriptions that are available, by default, where the client takes small packets only.
 */
function announcement(
  { broker: { limits, config, mesh }, ticket }: Client,
  packet: ConnectPacket,
  clientId: string,
  granted: number,
  keepAlive: number,
): Readonly<Properties> {
  const { properties } = packet;
  const response = properties.requestResponseInformation
    ? responseInformation(config.responseInformation, clientId)
    : undefined;
  return {
    receiveMaximum: limits.receiveMaximum,
    maximumPacketSize: ticket.limits.packetBytes,
    topicAliasMaximum: TOPIC_ALIAS_MAXIMUM,
    ...((properties.maximumPacketSize ?? ROOMY) >= ROOMY && {
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: true,
      sharedSubscriptionAvailable: true,
    }),
    ...(packet.clientId === '' && { assignedClientIdentifier: clientId }),
    ...(keepAlive !== packet.keepAlive && { serverKeepAlive: keepAlive }),
    ...(response !== undefined && { responseInformation: response }),
    ...(mesh !== undefined &&
      peerOf(packet, mesh) !== undefined && { userProperties: [[PEER_PROPERTY, mesh.gatewayId] as const] }),
    ...(granted !== requestedExpiry(packet) && { sessionExpiryInterval: Math.floor(granted / 1_000) }),
  };
}

/** Maximum Packet Size from which on CONNACK says what it need not, bytes. */
const ROOMY = 256;

/** Seconds. Before 5.0 a client cannot be told another one than it asked for (§3.2.2.3.14). */
function grantedKeepAlive({ limits }: BrokerContext, { protocolVersion, keepAlive }: ConnectPacket): number {
  const longest = Math.floor(limits.keepAlive / 1_000);
  if (protocolVersion < 5 || longest >= MAX_KEEP_ALIVE) return keepAlive;
  return keepAlive === 0 ? longest : Math.min(keepAlive, longest);
}

/** §3.2.2.3.15. A Client Identifier that cannot be part of a topic gets none. */
function responseInformation(template: string | undefined, clientId: string): string | undefined {
  return /[+#]/.test(clientId) ? undefined : template?.replaceAll('%c', () => clientId);
}

/** ms. 3.1.1 knows only two: the connection, or as long as the server keeps it (§3.1.2.4). */
function requestedExpiry(packet: ConnectPacket): number {
  if (packet.protocolVersion < 5) return packet.cleanStart ? 0 : Number.POSITIVE_INFINITY;
  return expiryMs(packet.properties.sessionExpiryInterval ?? 0);
}
