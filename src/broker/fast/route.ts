/**
 * Topic Name → who gets what is published there, worked out once.
 *
 * Rules: a route never changes, but becomes stale; whether its receivers may still read the topic is asked with each use,
 * by comparing the revisions of their permissions, not by looking at rules.
 */
import type { QoS } from '../../core/message.js';
import type { Subscription } from '../../core/router.js';
import { Entry } from '../receiver.js';
import { Session } from '../session.js';
import type { SharedSubscription } from '../shared-subscriptions.js';
import type { Recipient } from './passage.js';
import type { Pile } from './pile.js';
import { isTopic, type TopicWords } from './topic-words.js';

/** A client that gets what is published to the topic. */
export interface Target {
  readonly session: Session;
  /** Of the session, as {@link pile} is. */
  readonly recipient: Recipient;
  readonly pile: Pile;
  readonly subscription: Subscription;
  readonly qos: QoS;
  /** It does not want what it published itself. */
  readonly noLocal: boolean;
  /** It wants nothing in the packet that is not in that of the publisher: no identifiers, no stamp. */
  readonly isPlain: boolean;
  /** It may not read the topic. */
  readonly isDenied: boolean;
  /** {@link isDenied} is as of these. */
  readonly identity: number;
  readonly revision: number;
}

/** A message of its own for a receiver takes as long as so many copies. */
const MESSAGE_WORK = 8;
/** Of all routes one. */
const NOBODY: Route['rest'] = [];

/** Whom a verdict of the publisher's is about: another object once it may have changed. */
export type Permit = object;

/** What is needed for each message comes first: it lies in as few lines of the cache as can be (test/bench F). */
export class Route {
  /** As of this state of the subscriptions; -1: stale. */
  version: number;
  /** What the same client published to next: devices report their values in the same order again and again. */
  successor: Route | undefined = undefined;
  /** Who published last, and may. */
  permit: Permit | undefined = undefined;
  readonly #words: Int32Array;
  readonly #at: number;
  /** Of the topic, bytes. */
  readonly length: number;
  readonly targets: readonly Target[];
  /** What it takes to give out a run, a copy as it came being 1. */
  readonly work: number;
  /** Receivers that take messages only: devices, links, the API, Shared Subscriptions. */
  readonly rest: readonly (Entry | SharedSubscription)[];
  readonly topic: string;
  /** @see Found.isTransformed */
  readonly isTransformed: boolean;
  readonly hash: number;
  /** In the same bucket of the table. */
  next: Route | undefined = undefined;

  constructor(topic: string, { words, at, length }: TopicWords, hash: number, version: number, found: Found) {
    this.version = version;
    this.#words = words;
    this.#at = at;
    this.length = length;
    this.targets = found.targets;
    this.work = found.targets.reduce((sum, { isPlain }) => sum + (isPlain ? 1 : MESSAGE_WORK), 0);
    this.rest = found.rest.length === 0 ? NOBODY : found.rest;
    this.topic = topic;
    this.isTransformed = found.isTransformed === true;
    this.hash = hash;
  }

  /** Whether it is for the topic there. */
  isFor(bytes: Buffer, start: number, end: number): boolean {
    return isTopic(this.#words, this.#at, this.length, bytes, start, end);
  }
}

export interface Found {
  readonly targets: readonly Target[];
  readonly rest: readonly (Entry | SharedSubscription)[];
  /** Messages are given to a function before anybody gets them: they take the general path. */
  readonly isTransformed?: boolean;
}

export const TRANSFORMED: Found = { targets: [], rest: [], isTransformed: true };

/**
 * Sorts what the subscription tree found.
 *
 * @returns undefined when it depends on the publisher what a client gets: of its subscriptions some are with No Local
 */
export function sortFound(topic: string, found: readonly (Entry | SharedSubscription)[]): Found | undefined {
  /** The subscription of each; merged: no Entry has it. */
  const clients = new Map<Session, Entry | Subscription>();
  const rest: (Entry | SharedSubscription)[] = [];
  for (const one of found) {
    if (!(one instanceof Entry) || !(one.sink instanceof Session)) {
      rest.push(one);
      continue;
    }
    const before = clients.get(one.sink);
    if (before === undefined) {
      clients.set(one.sink, one);
      continue;
    }
    const known = before instanceof Entry ? before.subscription : before;
    if (known.noLocal || one.subscription.noLocal) return undefined;
    clients.set(one.sink, merge(known, one.subscription));
  }
  const targets = Array.from(clients, ([session, one]) => {
    const isDenied = !session.mayReceive(topic);
    if (!(one instanceof Entry)) return targetOf(session, one, isDenied);
    const shared = one.target as Target | undefined;
    // A thousand routes of a few subscriptions must not be a thousand times as many objects: they are read per message.
    if (shared !== undefined && shared.isDenied === isDenied && isOf(shared, one)) return shared;
    const target = targetOf(session, one.subscription, isDenied);
    one.target = target;
    return target;
  });
  return { targets, rest };
}

function targetOf(session: Session, subscription: Subscription, isDenied: boolean): Target {
  const { recipient, pile, verdicts } = session;
  const { identity, revision } = verdicts;
  return {
    session,
    recipient,
    pile,
    subscription,
    qos: subscription.qos,
    noLocal: subscription.noLocal,
    isPlain: subscription.identifiers.length === 0 && !session.stamped,
    isDenied,
    identity,
    revision,
  };
}

function isOf(target: Target, { subscription }: Entry): boolean {
  return target.subscription === subscription && !isStale(target);
}

/** Whether the verdict on it may not hold any more. */
export function isStale({ session, identity, revision }: Target): boolean {
  const { verdicts } = session;
  return verdicts.identity !== identity || verdicts.revision !== revision;
}

/** Whether what goes by one of two subscriptions of a client may go by the other: it gets both as they came. */
export function isAlike(a: Target | undefined, b: Target): boolean {
  if (a === undefined || !a.isPlain || !b.isPlain || a.isDenied || b.isDenied) return false;
  return a.session === b.session && a.identity === b.identity && a.revision === b.revision;
}

/** Whether all verdicts on its receivers still hold. */
export function isCurrent(route: Route): boolean {
  const { targets } = route;
  for (let i = 0; i < targets.length; i++) if (isStale(targets[i]!)) return false;
  return true;
}

/** Overlapping subscriptions of one receiver: the highest QoS and all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-3]. */
export function merge(a: Subscription, b: Subscription): Subscription {
  return {
    filter: a.filter,
    qos: Math.max(a.qos, b.qos) as QoS,
    minQos: Math.max(a.minQos ?? 0, b.minQos ?? 0) as QoS,
    noLocal: false,
    retainAsPublished: a.retainAsPublished || b.retainAsPublished,
    retainHandling: 0,
    identifiers: b.identifiers.length === 0 ? a.identifiers : [...a.identifiers, ...b.identifiers],
  };
}
