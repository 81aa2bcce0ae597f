/** What a session needs of its connection. */

import type { OutgoingTopicAliases } from '../core/mqtt/outgoing-topic-aliases.js';
import type { ProtocolVersion } from '../core/mqtt/packets.js';
import type { EncodedPublish } from './encode-publish.js';
import type { Passage } from './fast/passage.js';
import type { Peer } from './peer.js';
import type { Refusal } from './reason-codes.js';

/** The connection as the session sees it. */
export interface Channel {
  readonly peer: Peer;
  /** When the last packet of the client came, monotonic ms. */
  readonly packetAt: number;
  /** ms; 0: none. */
  readonly keepAlive: number;
  readonly protocolVersion: ProtocolVersion;
  /** Of the client: how many QoS 1 and 2 messages it takes unacknowledged. */
  readonly receiveMaximum: number;
  /** Of the client, bytes. */
  readonly maximumPacketSize: number;
  /** A gateway in a mesh with this one: what it gets has stamps. */
  readonly isPeer: boolean;
  /** undefined: the client takes none. */
  readonly outgoingAliases: OutgoingTopicAliases | undefined;
  /** undefined: it is sent nothing as it came. */
  readonly lane: Passage | undefined;
  /** So much waits to be written that nothing more should be sent; `resume` is due when it is over. */
  readonly isCongested: boolean;
  /** Whether a packet of this size may be sent now; if not, `resume` is due when it may. */
  hasRoomFor(bytes: number): boolean;
  /** Drops QoS 0 messages that wait, the oldest first, to free so many bytes. @returns how many */
  dropOldest(bytes: number): number;
  /** Ends the connection: more is sent to the client than it takes, and the policy does not allow that. */
  tooSlow(): void;
  send(bytes: Buffer): void;
  sendPublish(encoded: EncodedPublish, packetIdentifier: number): void;
  /** Ends the connection; the client is told why where its version can say so, and its Will is sent. */
  refuse(refusal: Refusal): void;
}

/** What waits for one client. */
export interface OutgoingFigures {
  readonly inflight: number;
  readonly queued: number;
  readonly queuedBytes: number;
  /** Queued and in flight. */
  readonly storedBytes: number;
}
