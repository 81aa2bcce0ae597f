/**
 * One gateway in a mesh of gateways: gives stamps to what enters here, and knows what was here before, so that any ring or
 * mesh delivers a message once.
 *
 *   published here ─▶ stamp ─▶ links and sessions of peers, each copy with the same one
 *   from a peer ────▶ judge ─▶ new: everywhere but where it has been │ seen, or come round: nowhere
 *
 * Retained messages have a time: the newest wins, wherever two gateways meet, and a cleared one is remembered, so that it does
 * not come back from somebody who was away. What was seen is kept in the same commit as the message. That there is
 * a mesh is kept, too, so that what is retained or cleared before the first peer is back has its stamp already.
 */
import { randomBytes } from 'node:crypto';
import { ClearedTopics } from './cleared-topics.js';
import { Hubs } from './hubs.js';
import type { Message, Origin, Stamp } from './message.js';
import { SeenSet } from './seen-set.js';
import { joinStamp, MAX_HOPS, originOf, passedBy } from './stamp.js';
import type { Store, StoredTable } from './store.js';

/** Tables that it uses; the store is opened with these. */
export const meshTables = ['seen', 'cleared', 'mesh'] as const;

/** In the table `mesh`: there is a mesh. */
const USED = 'used';
const YES = Buffer.from([1]);

/**
 * all: deliver, and retain it if it is to be; deliver, retain: only that; pass: deliver to peers, who may lack it; drop:
 * neither.
 */
export type Verdict = 'all' | 'deliver' | 'retain' | 'pass' | 'drop';

/** Behind the origin of messages of which only the copy of a sync has come. No origin ends so. */
const BY_SYNC = '?';

export interface MeshFigures {
  /** Starts of gateways whose messages are known. */
  readonly origins: number;
  /** Messages that entered here. */
  readonly stamped: number;
  /** Copies that came by another way, and were not delivered again. */
  readonly duplicates: number;
  /** Messages that came back to where they had been, or had gone too far. */
  readonly loops: number;
  /** Retained messages of a peer that were not newer than what was here. */
  readonly outdated: number;
  /** Most gateways that a message had passed. */
  readonly hops: number;
  /** Cleared topics remembered. */
  readonly cleared: number;
}

export interface MeshOptions {
  readonly gatewayId: string;
  /** Where it survives what was seen. */
  readonly store?: Pick<Store, 'table' | 'beforeBatch'> | undefined;
  /** Of this start, never used before; random when absent. */
  readonly epoch?: string;
}

export class Mesh {
  readonly gatewayId: string;
  readonly hubs: Hubs;
  /** Retained messages that are no more. */
  readonly cleared: ClearedTopics;
  /** A peer says of this gateway's state what is not so: see {@link isOwnState}. */
  onContradicted: ((at: number) => void) | undefined;
  /** A retained message that had no stamp was given one, because a peer is told of it. */
  onStamped: ((message: Message) => void) | undefined;
  readonly #epoch: string;
  readonly #stateTopic: string;
  readonly #seen: SeenSet;
  readonly #own: StoredTable | undefined;
  #sequence = 0;
  #duplicates = 0;
  #loops = 0;
  #outdated = 0;
  #hops = 0;
  #isUsed = false;
  /** Judged last, with `drop`. */
  #dropped: Message | undefined;
  #lastMessage: Message | undefined;
  #lastCopy: Message | undefined;

  constructor({ gatewayId, store, epoch = randomBytes(9).toString('base64url') }: MeshOptions) {
    this.gatewayId = gatewayId;
    this.#epoch = epoch;
    this.#stateTopic = `hpmq/${gatewayId}/$state`;
    this.#seen = new SeenSet(store?.table('seen'));
    this.cleared = new ClearedTopics(store?.table('cleared'));
    store?.beforeBatch(() => this.#seen.save());
    this.#own = store?.table('mesh');
    const own = [...(this.#own?.entries() ?? [])].map(([key]) => key);
    this.#isUsed = own.includes(USED);
    this.hubs = new Hubs(gatewayId, this.#own, own);
    if (this.#seen.origins > 0 || this.cleared.size > 0) this.#use();
  }

  /** There is, or was, another gateway: else nothing need be looked at. */
  get isUsed(): boolean {
    return this.#isUsed || this.hubs.size > 0;
  }

  #use(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    this.#own?.set(USED, YES, false);
  }

  figures(): MeshFigures {
    return {
      origins: this.#seen.origins,
      stamped: this.#sequence,
      duplicates: this.#duplicates,
      loops: this.#loops,
      outdated: this.#outdated,
      hops: this.#hops,
      cleared: this.cleared.size,
    };
  }

  /**
   * Gives the message its stamp, unless it has one.
   *
   * @param before - the retained message that it replaces, or that cleared its topic
   */
  stamp(message: Message, before?: Message): Stamp {
    if (message.stamp !== undefined) return message.stamp;
    this.#use();
    message.stamp = this.#fresh(this.#timeOf(message, before), message.origin);
    return message.stamp;
  }

  /** {@link stamp}, unless it stays with the gateways of a hub. */
  enter(message: Message, before?: Message): void {
    if (message.stamp === undefined && !this.hubs.keeps(message)) this.stamp(message, before);
  }

  /** The same message as if it were published now. @param after - Unix ms, of what it contradicts */
  again(message: Message, now: number, after = 0): Message {
    const before = Math.max(after, message.stamp?.at ?? 0);
    return { ...message, receivedAt: now, stamp: this.#fresh(Math.max(now, before + 1)) };
  }

  #fresh(at: number, origin?: Origin): Stamp {
    const hops = this.hubs.hopsOf(origin);
    return { gateway: this.gatewayId, epoch: this.#epoch, sequence: ++this.#sequence, hops, at, isSync: false };
  }

  #timeOf({ topic, receivedAt }: Message, before: Message | undefined): number {
    if (before === undefined) return receivedAt;
    const replaced = before.stamp?.at ?? before.receivedAt;
    // A Will speaks for its gateway, on whose clock its own next word will be.
    return isState(topic) && topic !== this.#stateTopic ? replaced + 1 : Math.max(receivedAt, replaced + 1);
  }

  /** It was somewhere else, if only in between. */
  isForeign({ gateway, hops }: Stamp): boolean {
    return gateway !== this.gatewayId || hops.includes(gateway);
  }

  /**
   * Decides on a message of a peer, and remembers it.
   *
   * @param before - retained on the topic, or what cleared it
   */
  judge(message: Message, before: Message | undefined): Verdict {
    const verdict = this.#judge(message, before);
    this.#dropped = verdict === 'drop' ? message : undefined;
    return verdict;
  }

  /** Of the message that was published last. */
  hasDropped(message: Message): boolean {
    return this.#dropped === message;
  }

  #judge(message: Message, before: Message | undefined): Verdict {
    const stamp = message.stamp!;
    const { hops, sequence } = stamp;
    this.#use();
    if (stamp.gateway === this.gatewayId || hops.includes(this.gatewayId) || hops.length > MAX_HOPS) {
      this.#loops++;
      return 'drop';
    }
    if (this.hubs.bring(stamp)) {
      this.#duplicates++;
      return 'drop';
    }
    if (hops.length > this.#hops) this.#hops = Math.max(this.#hops, passedBy(stamp));
    if (!message.retain) return this.#isNew(stamp, sequence) ? 'all' : 'drop';
    const isNewer = before === undefined || this.#compare(message, before) > 0;
    // Here already, and yet new: it could not be kept.
    const isAgain = before?.stamp !== undefined && isSame(stamp, before.stamp);
    if (message.topic === this.#stateTopic) {
      this.#outdated++;
      if (isNewer) this.onContradicted?.(stamp.at);
      return 'drop';
    }
    if (stamp.isSync) {
      if ((isNewer || isAgain) && this.#seen.add(originOf(stamp), sequence)) {
        this.#seen.add(originOf(stamp) + BY_SYNC, sequence);
        return 'all';
      }
      if (isNewer) return 'retain';
      this.#outdated++;
      return 'drop';
    }
    if (this.#cameBySync(stamp)) return 'pass';
    if (!this.#isNew(stamp, sequence)) return 'drop';
    if (isNewer || isAgain) return 'all';
    this.#outdated++;
    return this.#compare(message, before) === 0 ? 'drop' : 'deliver';
  }

  /**
   * A way that loses messages may bring a value by a sync before another brings the message itself. Who has a newer value by
   * then takes none of a sync, and is still to get the message.
   */
  #cameBySync(stamp: Stamp): boolean {
    const key = originOf(stamp) + BY_SYNC;
    if (!this.#seen.has(key, stamp.sequence)) return false;
    this.#seen.remove(key, stamp.sequence);
    return true;
  }

  #isNew(stamp: Stamp, sequence: number): boolean {
    if (this.#seen.add(originOf(stamp), sequence)) return true;
    this.#duplicates++;
    return false;
  }

  /** By time, then by gateway, then by number, so that all decide alike; 0: the same value. */
  #compare(a: Message, b: Message): number {
    const [atA, atB] = [a.stamp?.at ?? a.receivedAt, b.stamp?.at ?? b.receivedAt];
    if (atA !== atB) return atA - atB;
    const [gatewayA, gatewayB] = [a.stamp?.gateway ?? this.gatewayId, b.stamp?.gateway ?? this.gatewayId];
    if (gatewayA !== gatewayB) return gatewayA < gatewayB ? -1 : 1;
    return a.stamp !== undefined && a.stamp.epoch === b.stamp?.epoch ? a.stamp.sequence - b.stamp.sequence : 0;
  }

  /**
   * It could not be kept, or is not yet: its sender has it still, or somebody else. What was known before stays known.
   *
   * @param verdict - what {@link judge} said of it
   */
  forget({ stamp }: Message, verdict: Verdict): void {
    if (stamp === undefined) return;
    const { sequence } = stamp;
    const origin = originOf(stamp);
    if (verdict === 'pass') this.#seen.add(origin + BY_SYNC, sequence);
    if (verdict !== 'all' && verdict !== 'deliver') return;
    this.#seen.remove(origin, sequence);
    this.#seen.remove(origin + BY_SYNC, sequence);
  }

  /**
   * What a peer is told of the retained messages when both meet, cleared ones included; undefined is passed through.
   *
   * @param peer - id of its gateway, if known
   */
  *sync(
    retained: Iterable<Message | undefined>,
    filter: string,
    peer: string | undefined,
  ): Generator<Message | undefined> {
    for (const message of retained) {
      const isFor = message === undefined || (!this.hasPassed(message, peer) && !this.hubs.keeps(message));
      if (isFor) yield message && this.synced(message);
    }
    for (const message of this.clearedOf(filter)) if (!this.hasPassed(message, peer)) yield message;
  }

  /** What cleared the topics of a filter, for somebody who may not know. */
  *clearedOf(filter: string): Generator<Message> {
    for (const message of this.cleared.of(filter)) yield this.synced(message);
  }

  synced(message: Message): Message {
    if (message.stamp === undefined) {
      this.stamp(message);
      this.onStamped?.(message);
    }
    return { ...message, stamp: { ...this.stamp(message), isSync: true } };
  }

  /** A peer, or the way to one, is not given the message. */
  isWithout(message: Message, peer: string | undefined): boolean {
    return message.stamp === undefined ? this.hubs.keeps(message) : this.hasPassed(message, peer);
  }

  /** The gateway has the message: it came from there, or by there. */
  hasPassed({ stamp }: Message, gateway: string | undefined): boolean {
    return gateway !== undefined && stamp !== undefined && (stamp.gateway === gateway || stamp.hops.includes(gateway));
  }

  /** As a client of the broker gets it that is a peer. One object for all of them. */
  copyFor(message: Message): Message {
    if (this.#lastMessage !== message || this.#lastCopy === undefined) {
      this.#lastMessage = message;
      const properties = joinStamp(message.properties, this.stamp(message), this.gatewayId, message);
      this.#lastCopy = { ...message, properties, stamp: undefined };
    }
    return this.#lastCopy;
  }
}

function isSame(a: Stamp, b: Stamp): boolean {
  return a.sequence === b.sequence && a.gateway === b.gateway && a.epoch === b.epoch;
}

/** `hpmq/<gateway>/$state` */
function isState(topic: string): boolean {
  return topic.startsWith('hpmq/') && topic.endsWith('/$state') && topic.split('/').length === 3;
}
