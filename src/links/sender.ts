/**
 * The outgoing half of a link: from the router to the far side.
 *
 *   accept ─▶ outbox ─▶ next ─▶ encode ─▶ in flight ─▶ acknowledged ─▶ settled
 *                └──────────── sent again after a lost connection ◀┘
 *
 * - A message of QoS 1 or 2 stays in the outbox until the far side acknowledges it; after a lost connection it is sent again,
 *   in order, under the same Packet Identifier (MQTT 5.0 §4.4).
 * - QoS 0 does not wait for a connection.
 * - Retained messages follow after each connect, when the backlog is gone, each with its value of that moment.
 */
import type { Clock } from '../core/clock.js';
import type { OutboxConfig } from '../core/config.js';
import { GatewayError } from '../core/errors.js';
import { createMessage, type Message, type Origin, type QoS } from '../core/message.js';
import type { Router } from '../core/router.js';
import type { StoredQueue } from '../core/store.js';
import { topicMatches } from '../core/topic.js';
import type { LinkBooksView, LinkDrainView } from '../core/views.js';
import type { EchoGuard } from './echo.js';
import type { FarSide, FarSideEvents } from './far-side.js';
import { AlarmClock } from './outbox/alarm-clock.js';
import { Books } from './outbox/books.js';
import { Drain } from './outbox/drain.js';
import { type Flight, Flights, flightOf, packetIdOf } from './outbox/flights.js';
import type { Item } from './outbox/item.js';
import type { Losses } from './outbox/losses.js';
import { type Keeping, Outbox } from './outbox/outbox.js';
import { markBackfill, outgoing } from './outbox/outgoing.js';
import { Refusals } from './outbox/refusals.js';
import { Replay } from './outbox/replay.js';
import { Stall } from './outbox/stall.js';
import { isTooOld } from './outbox/trimmer.js';
import { Volatile } from './outbox/volatile.js';
import { Rate } from './rate.js';
import type { Replies } from './replies.js';
import type { Encoded, Target } from './route-types.js';
import type { Routing } from './routing.js';
import type { Rules } from './rules.js';

/** The far side publishes the record as it likes: a message of ours like any other. */
const LOSS_QOS = 1;

export interface SenderOptions {
  readonly rules: Rules;
  readonly routing: Routing;
  readonly config: OutboxConfig;
  readonly protocolVersion: 4 | 5;
  readonly queue: StoredQueue;
  readonly keeping: Keeping;
  readonly losses: Losses;
  /** Topic of the loss record. */
  readonly lossTopic: string;
  readonly origin: Origin;
  readonly router: Router;
  readonly clock: Clock;
  readonly replies: Replies;
  readonly echo: EchoGuard;
  /** The far side refused one message for good; it is counted as dropped. */
  readonly onRefused: (error: GatewayError) => void;
}
