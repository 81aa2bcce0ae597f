/** Clients that are gateways in a mesh with this one (core/mesh.ts): who may be one. */
import type { Mesh } from '../core/mesh.js';
import type { QoS } from '../core/message.js';
import type { ConnectPacket } from '../core/mqtt/packets.js';
import type { Properties } from '../core/mqtt/properties.js';
import { isGatewayId, MIN_QOS_PROPERTY, PEER_PROPERTY } from '../core/stamp.js';
import type { Identity } from './access/access.js';
import { ReasonCode, Refusal } from './reason-codes.js';

const NOT_A_PEER = new Refusal(
  ReasonCode.notAuthorized,
  'the user may not connect as a peer gateway: it needs the role peer',
);
const SAME_GATEWAY = new Refusal(
  ReasonCode.clientIdentifierNotValid,
  'the peer has the same gateway id: each gateway of a mesh needs its own',
);
const MALFORMED = new Refusal(ReasonCode.protocolError, 'the peer says no gateway id');

/** @returns the gateway that the client says it is; undefined: a client like any other */
export function peerOf(packet: ConnectPacket, mesh: Mesh | undefined): string | undefined {
  if (mesh === undefined) return undefined;
  return packet.properties.userProperties?.find(([name]) => name === PEER_PROPERTY)?.[1];
}

/** Of SUBSCRIBE: the lowest QoS at which a peer wants messages; they have their own again when it passes them on (core/stamp.ts). */
export function minQosOf(properties: Properties['userProperties'] = []): QoS {
  const value = properties.find(([name]) => name === MIN_QOS_PROPERTY)?.[1];
  return value === '1' || value === '2' ? (Number(value) as QoS) : 0;
}

/** Refused instead of served as a client like any other: without stamps its messages would go round. */
export function peerRefusal(gateway: string, mesh: Mesh, identity: Identity): Refusal | undefined {
  if (!isGatewayId(gateway)) return MALFORMED;
  if (gateway === mesh.gatewayId) return SAME_GATEWAY;
  return mayPeer(identity) ? undefined : NOT_A_PEER;
}

/** @returns why a peer may stay no longer */
export function peerStanding(isPeer: boolean, identity: Identity | undefined): Refusal | undefined {
  return isPeer && identity !== undefined && !mayPeer(identity) ? NOT_A_PEER : undefined;
}

function mayPeer({ permissions }: Identity): boolean {
  return permissions.mayPeer === true;
}
