/** Copies for a receiver that it will not get, by reason. Plain fields: incremented per message. */
import type { DropReason } from '../core/views.js';

export class Drops implements Record<DropReason, number> {
  /** QoS 1 or 2, and the queue of the session is full: the oldest goes. */
  queueFull = 0;
  /** QoS 0, and the client has no connection. */
  offline = 0;
  /** QoS 0, and the client does not read fast enough. */
  slowReader = 0;
  /** The packet exceeds the Maximum Packet Size of the client [MQTT-3.1.2-25]. */
  tooLarge = 0;

  get total(): number {
    return this.queueFull + this.offline + this.slowReader + this.tooLarge;
  }

  /** Those that happened. */
  view(): Partial<Record<DropReason, number>> {
    const { queueFull, offline, slowReader, tooLarge } = this;
    const all = { queueFull, offline, slowReader, tooLarge };
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
  }
}
