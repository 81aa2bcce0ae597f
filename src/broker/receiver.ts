/** Who receives, and through which subscriptions. */
import type { Sink, Subscription } from '../core/router.js';
import type { Member, SharedSubscription } from './shared-subscriptions.js';

/** One subscription of one receiver, as it stands in the tree; or one member of a Shared Subscription, which does. */
export class Entry implements Member {
  readonly receiver: Receiver;
  readonly share: SharedSubscription | undefined;
  subscription: Subscription;

  constructor(receiver: Receiver, subscription: Subscription, share: SharedSubscription | undefined) {
    this.receiver = receiver;
    this.share = share;
    this.subscription = subscription;
  }

  get sink(): Sink {
    return this.receiver.sink;
  }
}

/** A sink and what the running publish() found for it. */
export class Receiver {
  readonly sink: Sink;
  readonly entries = new Map<string, Entry>();
  isAttached = true;
  /** The publish() that found it last, and where it stands among what that found. */
  foundBy = 0;
  foundAt = 0;

  constructor(sink: Sink) {
    this.sink = sink;
  }
}
