/**
 * One gateway in a mesh of gateways: gives stamps to what enters here, and knows what was here before, so that any ring or
 * mesh delivers a message once.
 *
 *   published here ─▶ stamp ─▶ links and sessions of peers, each copy with the same one
 *   from a peer ────▶ judge ─▶ new: everywhere but where it has been │ seen, or come round: nowhere
 *
 * A broker of others that several gateways are connected to is a hub. What comes from it has `@name` as its first hop; what
 * enters at one of its gateways has `>name`: that gateway passes it there, whatever the lists of the others say. All else is
 * passed to it by the first of its gateways, and what others publish there comes in by the first.
 *
 * Retained messages have a time: the newest wins, wherever two gateways meet, and a cleared one is remembered, so that it does
 * not come back from somebody who was away. What was seen is kept in the same commit as the message. That there is
 * a mesh is kept, too, so that what is retained or cleared before the first peer is back has its stamp already.
 */
import { randomBytes } from 'node:crypto';
import type { HubConfig } from './config.js';
import type { Message, Origin, Stamp } from './message.js';
import { decodeMessageRecord, encodeMessageRecord } from './message-record.js';
import { SeenSet } from './seen-set.js';
import { joinStamp, MAX_HOPS, originOf, PASSES, passedBy } from './stamp.js';
import type { Store, StoredTable } from './store.js';
import { topicMatches } from './topic.js';

/** Tables that it uses; the store is opened with these. */
export const meshTables = ['seen', 'cleared', 'mesh'] as const;

/** In the table `mesh`: there is a mesh. */
const USED = 'used';
/** In the table `mesh`, before the origin of a hub: this gateway hears what is published there. */
const HEARD = 'heard ';
const YES = Buffer.from([1]);

/** Cleared topics remembered; those that had no value here go first, and of these the one cleared longest ago. */
const MAX_CLEARED = 10_000;

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
  /** A peer says of this gateway's state what is not so: see {@link isOwnState}. */
  onContradicted: ((at: number) => void) | undefined;
  /** A retained message that had no stamp was given one, because a peer is told of it. */
  onStamped: ((message: Message) => void) | undefined;
  readonly #epoch: string;
  readonly #stateTopic: string;
  readonly #seen: SeenSet;
  readonly #table: StoredTable | undefined;
  readonly #own: StoredTable | undefined;
  /** Topic → the message that cleared it, longest ago first. */
  readonly #cleared = new Map<string, Message>();
  /** Of these, topics that had no value here since the start, longest ago first. */
  readonly #idle = new Set<string>();
  /** Hubs, by the origin of what comes from them. */
  readonly #hubs = new Map<Origin, HubConfig>();
  /** Those of them that have a subscription of ours. */
  readonly #heard = new Set<string>();
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
    this.#table = store?.table('cleared');
    store?.beforeBatch(() => this.#seen.save());
    const cleared: Message[] = [];
    for (const [topic, bytes] of this.#table?.entries() ?? []) {
      const message = decodeMessageRecord(bytes);
      if (message?.stamp === undefined) this.#table?.delete(topic);
      else cleared.push(message);
    }
    for (const message of cleared.sort((a, b) => a.stamp!.at - b.stamp!.at)) this.#cleared.set(message.topic, message);
    this.#own = store?.table('mesh');
    for (const [key] of this.#own?.entries() ?? []) {
      if (key === USED) this.#isUsed = true;
      else if (key.startsWith(HEARD)) this.#heard.add(key.slice(HEARD.length));
    }
    if (this.#seen.origins > 0 || cleared.length > 0) this.#use();
  }

  /** There is, or was, another gateway: else nothing need be looked at. */
  get isUsed(): boolean {
    return this.#isUsed;
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
      cleared: this.#cleared.size,
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
    const from = this.#hubs.get(message.origin);
    const stamp = this.#fresh(this.#timeOf(message, before), from);
    message.stamp = stamp;
    return stamp;
  }

  /** Messages of this origin come from a broker that other gateways of the mesh are connected to, too. */
  addHub(origin: Origin, hub: HubConfig): void {
    this.#hubs.set(origin, hub);
    this.#use();
  }

  /** The link of {@link addHub} is no more, unless there is another under its name already. */
  removeHub(origin: Origin, hub: HubConfig): void {
    if (this.#hubs.get(origin) === hub) this.#hubs.delete(origin);
  }

  /** All hubs are added: what was heard of others is past. */
  forgetOtherHubs(): void {
    const known = new Set([...this.#hubs].map(([origin, hub]) => heardOf(origin, hub)));
    for (const key of this.#heard) {
      if (known.has(key)) continue;
      this.#heard.delete(key);
      this.#own?.delete(HEARD + key);
    }
  }

  /** The hub has our subscription, and keeps it: what is published there need not come by others any more. */
  hearsHub(origin: Origin): void {
    const key = heardOf(origin, this.#hubs.get(origin));
    if (this.#heard.has(key)) return;
    this.#heard.add(key);
    this.#own?.set(HEARD + key, YES, false);
  }

  /** It came without a stamp from a hub: its other gateways have it from there, and the first of them tells the mesh. */
  staysHere({ stamp, origin }: Message): boolean {
    if (stamp !== undefined) return false;
    const hub = this.#hubs.get(origin);
    return hub !== undefined && hub.gateways[0] !== this.gatewayId;
  }

  /** Of the gateways of a hub, this one passes the message to it: that where it entered, else the first. */
  isFor(message: Message, hub: HubConfig): boolean {
    const { gateway, hops } = this.stamp(message);
    if (hops.includes(hopOf(hub))) return false;
    return (hops.includes(PASSES + hub.name) ? gateway : hub.gateways[0]) === this.gatewayId;
  }

  /** The same message as if it were published now. @param after - Unix ms, of what it contradicts */
  again(message: Message, now: number, after = 0): Message {
    const before = Math.max(after, message.stamp?.at ?? 0);
    return { ...message, receivedAt: now, stamp: this.#fresh(Math.max(now, before + 1)) };
  }

  /** @param from - the hub that it comes from */
  #fresh(at: number, from?: HubConfig): Stamp {
    const hops = from === undefined ? [] : [hopOf(from)];
    for (const hub of this.#hubs.values()) if (hub.name !== from?.name) hops.push(PASSES + hub.name);
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
    for (const [origin, hub] of this.#hubs) {
      // It comes from there by itself.
      if (!hops.includes(hopOf(hub)) || !this.#heard.has(heardOf(origin, hub))) continue;
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

  /** It could not be kept: its sender has it still, or somebody else. */
  forget({ stamp }: Message): void {
    if (stamp === undefined) return;
    this.#seen.remove(originOf(stamp), stamp.sequence);
    this.#seen.remove(originOf(stamp) + BY_SYNC, stamp.sequence);
  }

  /** What cleared this topic. */
  cleared(topic: string): Message | undefined {
    return this.#cleared.get(topic);
  }

  /**
   * A retained message was set or cleared.
   *
   * @param hadValue - something was retained on the topic
   */
  retained(message: Message, hadValue: boolean): void {
    const { topic, payload, stamp } = message;
    const isKnown = this.#cleared.delete(topic);
    const wasIdle = this.#idle.delete(topic);
    if (payload.length > 0 || stamp === undefined) {
      if (isKnown) this.#table?.delete(topic);
      return;
    }
    const cleared = { ...message, properties: undefined };
    this.#cleared.set(topic, cleared);
    if (!hadValue && (wasIdle || !isKnown)) this.#idle.add(topic);
    this.#table?.set(topic, encodeMessageRecord(cleared), false);
    if (this.#cleared.size > MAX_CLEARED) this.#forgetCleared();
  }

  #forgetCleared(): void {
    for (const oldest of this.#idle.size > 0 ? this.#idle : this.#cleared.keys()) {
      this.#cleared.delete(oldest);
      this.#idle.delete(oldest);
      this.#table?.delete(oldest);
      break;
    }
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
      const isFor = message === undefined || (!this.hasPassed(message, peer) && !this.staysHere(message));
      if (isFor) yield message && this.synced(message);
    }
    for (const message of this.clearedOf(filter)) if (!this.hasPassed(message, peer)) yield message;
  }

  /** What cleared the topics of a filter, for somebody who may not know. */
  *clearedOf(filter: string): Generator<Message> {
    for (const message of [...this.#cleared.values()]) {
      if (topicMatches(filter, message.topic)) yield this.synced(message);
    }
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
    return message.stamp === undefined ? this.staysHere(message) : this.hasPassed(message, peer);
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

/** A broker among the gateways passed. */
function hopOf({ name }: HubConfig): string {
  return `@${name}`;
}

function heardOf(origin: Origin, hub: HubConfig | undefined): string {
  return `${hub?.name} ${origin}`;
}

/** `hpmq/<gateway>/$state` */
function isState(topic: string): boolean {
  return topic.startsWith('hpmq/') && topic.endsWith('/$state') && topic.split('/').length === 3;
}
