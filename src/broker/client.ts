/** What the handlers of control packets see of a connection and of the broker. Implemented in connection.ts, broker.ts. */
import type { Clock } from '../core/clock.js';
import type { BrokerConfig, BrokerLimits } from '../core/config.js';
import type { Log } from '../core/log.js';
import type { Mesh } from '../core/mesh.js';
import type { IncomingTopicAliases } from '../core/mqtt/incoming-topic-aliases.js';
import type { ConnectPacket } from '../core/mqtt/packets.js';
import type { Router } from '../core/router.js';
import type { Access } from './access/access.js';
import type { Channel } from './channel.js';
import type { FastPath } from './fast/fast-path.js';
import type { Ticket } from './limits/admission.js';
import type { IncompletePackets } from './limits/incomplete-packets.js';
import type { Throttle } from './limits/throttle.js';
import type { Turns } from './limits/turns.js';
import type { Peer } from './peer.js';
import type { Persistence } from './persistence/persistence.js';
import type { ReasonCode, Refusal } from './reason-codes.js';
import type { MessageRouter } from './router.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import type { WriterContext } from './socket-writer.js';
import type { SpareBuffers } from './spare-buffers.js';
import type { Statistics } from './statistics.js';

export interface BrokerContext {
  readonly router: Router & Pick<MessageRouter, 'hasMatched' | 'wasStored' | 'transforming'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: BrokerConfig;
  readonly limits: BrokerLimits;
  readonly access: Access;
  readonly sessions: Sessions;
  /** undefined: no client is a peer. */
  readonly mesh: Mesh | undefined;
  readonly statistics: Statistics;
  readonly turns: Turns;
  readonly throttle: Throttle;
  /** undefined: every packet takes the general path. */
  readonly fastPath: FastPath | undefined;
  readonly writing: WriterContext;
  readonly spareBuffers: SpareBuffers;
  readonly incomplete: IncompletePackets<{ tooMuch(): void }>;
  /** undefined: everything is only in memory. */
  readonly persistence: Persistence | undefined;
  /** A number in [0, 1), not to be guessed. */
  readonly random: () => number;
}

/** What CONNECT settled for this connection. */
export interface Accepted {
  readonly session: Session;
  readonly isBridge: boolean;
  /** Seconds; 0: none. */
  readonly keepAlive: number;
  readonly receiveMaximum: number;
  readonly topicAliasMaximum: number;
}

/** Enhanced authentication of one connection (MQTT 5.0 §4.12); it stays for as long as the connection. */
export interface Authentication {
  /** Of CONNECT; every AUTH must name it [MQTT-4.12.0-5]. */
  readonly method: string;
  /** AUTH 0x18. */
  continue(data: Buffer | undefined): Handled;
  /** AUTH 0x19. */
  restart(data: Buffer | undefined): Handled;
}

/** Acknowledgements of one client that wait for one commit, or one function. */
export interface Late {
  readonly committed: Promise<void>;
  /** They are sent, or refused; never rejects. */
  readonly settled: Promise<void>;
  add(qos: 1 | 2, packetIdentifier: number, reasonCode: ReasonCode): void;
}

/** One network connection of one client. */
export interface Client extends Channel {
  readonly broker: BrokerContext;
  readonly peer: Peer;
  /** Its place in the counts of connections, and the limits of its listener. */
  readonly ticket: Ticket;
  /** It ended while a handler waited: nothing more may be done for it. */
  readonly isOver: boolean;
  /** From CONNACK on. */
  readonly session: Session | undefined;
  /** Request Problem Information (§3.1.2.11.7): answers other than CONNACK and DISCONNECT may have a Reason String. */
  readonly wantsReasons: boolean;
  /** Set by a CONNECT with an Authentication Method. */
  authentication: Authentication | undefined;
  readonly topicAliases: IncomingTopicAliases;
  /** {@link ConnectPacket.isBridge} */
  readonly isBridge: boolean;
  /** PUBLISH packets of QoS 1 whose acknowledgement waits for a commit. */
  unacknowledged: number;
  /** The last that wait; undefined: none do. */
  late: Late | undefined;
  /** From CONNECT on. */
  accept(accepted: Accepted): void;
  /** The client said DISCONNECT. */
  leave(reasonCode: number): void;
}

/**
 * A handler's answer: undefined, or why the connection must end. While it is a promise, which must not reject, the next
 * packets of the client wait.
 */
export type Handled = Refusal | undefined | Promise<Refusal | undefined>;
