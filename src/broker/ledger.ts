/**
 * The books: what came in, and what became of every copy of it. They balance at any moment:
 *
 *   messages: received (distinct) + made = routed + unmatched + refused(reason) + duplicates + transformed
 *   copies:   routed + replayed + restored = delivered + in flight + queued + expired + dropped(reason)
 *
 * duplicates: came from peers by several ways (core/mesh.ts). transformed: given to functions, which made others of them,
 * or none (discarded). received: PUBLISH of clients, and what devices, links, Wills and the gateway itself publish, `$SYS` included. routed:
 * somebody subscribes; a look at the traffic through the API is nobody. copy: one for each receiver, and one for each
 * Shared Subscription, which stays one when it goes from member to member. replayed: retained messages sent because
 * of a new subscription. restored: found in the store at start. delivered: QoS 0: given to the network; QoS 1 and 2: acknowledged; inside the gateway: taken.
 *
 * Both sides of each equation are counted where they happen, so that a message that is lost between is seen. Rules:
 * plain counters, nothing is allocated per message.
 */
import type { LedgerView } from '../core/views.js';
import { Drops } from './drops.js';
import { type ReasonCode, reasonName } from './reason-codes.js';

/** What sessions hold at this moment. */
export interface Held {
  readonly inflight: number;
  readonly queued: number;
}

export class Ledger {
  /** PUBLISH packets of clients; QoS 2 sent again included. */
  publishes = 0;
  /** QoS 2 messages that came again before they were released: known already, routed once. */
  repeated = 0;
  /** PUBLISH packets that went to the router. */
  accepted = 0;
  /** What the router was given, by whom ever. */
  published = 0;
  routed = 0;
  unmatched = 0;
  /** From peers, and not delivered: it was here before, or has come round. */
  duplicates = 0;
  /** Given to functions in their path. */
  transformed = 0;
  /** Of these, those of which nothing came. */
  discarded = 0;
  /** What functions made of them. */
  made = 0;
  /** Copies made by the router. */
  copies = 0;
  /** Copies made of retained messages for clients. */
  replayed = 0;
  /** Copies that waited in the store when the gateway started. */
  restored = 0;
  delivered = 0;
  expired = 0;
  readonly drops = new Drops();
  readonly #refused = new Map<ReasonCode, number>();

  /** A message that nobody gets because its publisher may not, or not so. */
  refuse(reasonCode: ReasonCode): void {
    this.#refused.set(reasonCode, (this.#refused.get(reasonCode) ?? 0) + 1);
  }

  /** A receiver inside the gateway was given a copy. */
  hand(isTaken: boolean): void {
    if (isTaken) this.delivered++;
    else this.drops.receiverFull++;
  }

  view(held: Held): LedgerView {
    const { repeated, routed, unmatched, duplicates, transformed, discarded, delivered, expired, drops } = this;
    const clients = this.publishes - repeated;
    const inside = this.published - this.accepted;
    const refusedBy = Object.fromEntries(Array.from(this.#refused, ([code, count]) => [reasonName(code), count]));
    const refused = Object.values(refusedBy).reduce((sum, count) => sum + count, 0);
    const made = this.copies + this.replayed + this.restored;
    return {
      messages: {
        received: clients + inside,
        fromClients: clients,
        fromInside: inside,
        repeated,
        routed,
        unmatched,
        refused,
        refusedBy,
        duplicates,
        transformed,
        discarded,
        made: this.made,
        difference: clients + inside + this.made - routed - unmatched - refused - duplicates - transformed,
      },
      copies: {
        made,
        routed: this.copies,
        replayed: this.replayed,
        restored: this.restored,
        delivered,
        inFlight: held.inflight,
        queued: held.queued,
        expired,
        dropped: drops.total,
        droppedBy: drops.view(),
        difference: made - delivered - held.inflight - held.queued - expired - drops.total,
      },
    };
  }
}
