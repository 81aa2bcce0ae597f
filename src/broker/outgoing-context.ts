import type { Clock } from '../core/clock.js';
import type { BrokerLimits } from '../core/config.js';
import type { Mesh } from '../core/mesh.js';
import type { PublishEncoder } from './encode-publish.js';
import type { MessageMemory } from './limits/message-memory.js';
import type { Turns } from './limits/turns.js';
import type { Statistics } from './statistics.js';

/** What sessions need of the broker to send. */
export interface OutgoingContext {
  readonly clock: Clock;
  readonly limits: BrokerLimits;
  readonly encoder: PublishEncoder;
  readonly statistics: Statistics;
  readonly messageMemory: MessageMemory;
  readonly turns: Turns;
  /** Of the gateways that are peers of this one. */
  readonly mesh: Mesh | undefined;
}
