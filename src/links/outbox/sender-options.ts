/** What the sender of a link is made of. */
import type { Clock } from '../../core/clock.js';
import type { OutboxConfig } from '../../core/config.js';
import type { GatewayError } from '../../core/errors.js';
import type { Message, Origin } from '../../core/message.js';
import type { Router } from '../../core/router.js';
import type { StoredQueue } from '../../core/store.js';
import type { OutDoor } from '../door.js';
import type { LoopGuard } from '../loops.js';
import type { Replies } from '../replies.js';
import type { RouteFigures } from '../route-figures.js';
import type { Rules } from '../rules.js';
import type { Drain } from './drain.js';
import type { Keeping } from './keeping.js';
import type { Losses, LossRecord } from './losses.js';

export interface SenderOptions {
  readonly rules: Rules;
  readonly config: OutboxConfig;
  readonly protocolVersion: 4 | 5;
  readonly queue: StoredQueue;
  readonly keeping: Keeping;
  readonly losses: Losses;
  /** Topic of the loss record. */
  readonly lossTopic: string;
  readonly drain: Drain;
  readonly origin: Origin;
  readonly router: Router;
  readonly clock: Clock;
  readonly replies: Replies;
  readonly loops: LoopGuard;
  /** Functions in the way out. */
  readonly door?: Pick<OutDoor, 'accept'> | undefined;
  readonly figures: RouteFigures;
  /** One message was refused for good; it is counted as dropped. */
  readonly onRefused: (error: GatewayError) => void;
  /** The same, of a message of QoS 1 or 2. */
  readonly onDeadLetter: (message: Message, error: GatewayError) => void;
  /** The far side does not want to hear what was lost. */
  readonly onLossUntold: (record: LossRecord) => void;
  /** Nothing that was accepted before this connection is left to settle: the far side holds nothing older of ours. */
  readonly onCaughtUp?: (() => void) | undefined;
}
