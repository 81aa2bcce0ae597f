/** Copies for a receiver that it will not get, by reason. Plain fields: incremented per message. */
import { type DropReason, dropReasons } from '../core/views.js';

export class Drops implements Record<DropReason, number> {
  queueFull = 0;
  offline = 0;
  slowReader = 0;
  tooLarge = 0;
  memory = 0;
  denied = 0;
  sessionEnded = 0;
  refusedByReceiver = 0;
  noMember = 0;
  storeFailed = 0;
  receiverFull = 0;

  get total(): number {
    let sum = 0;
    for (const reason of dropReasons) sum += this[reason];
    return sum;
  }

  /** Those that happened. */
  view(): Partial<Record<DropReason, number>> {
    return Object.fromEntries(dropReasons.filter((reason) => this[reason] > 0).map((reason) => [reason, this[reason]]));
  }
}
