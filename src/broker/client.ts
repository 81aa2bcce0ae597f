/** What the handlers of control packets see of a connection and of the broker. Implemented in connection.ts, broker.ts. */
import type { Clock } from '../core/clock.js';
import type { BrokerLimits } from '../core/config.js';
import type { Log } from '../core/log.js';
import type { Router } from '../core/router.js';
import type { Channel } from './outgoing.js';
import type { Refusal } from './reason-codes.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import type { Statistics } from './statistics.js';
import type { TopicAliases } from './topic-aliases.js';
import type { ConnectPacket } from './wire/packets.js';

export interface BrokerContext {
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: BrokerLimits;
  /** Clients without a proven identity are let in. */
  readonly anonymous: boolean;
  readonly sessions: Sessions;
  readonly statistics: Statistics;
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
  readonly maximumPacketSize: number;
}

/** One network connection of one client. */
export interface Client extends Channel {
  readonly broker: BrokerContext;
  readonly topicAliases: TopicAliases;
  /** {@link ConnectPacket.isBridge} */
  readonly isBridge: boolean;
  /** PUBLISH packets of QoS 1 whose acknowledgement waits for a commit. */
  unacknowledged: number;
  /** From CONNECT on. */
  accept(accepted: Accepted): void;
  /** The client said DISCONNECT. */
  leave(reasonCode: number): void;
}

/** A handler's answer: undefined, or why the connection must end. */
export type Handled = Refusal | undefined;
