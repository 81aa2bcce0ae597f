/** One feed per kind of event: what it begins with, and what changed since the last look. Buffers are bounded. */
import type { EventKind, Events, GatewayView, LogLine, MessageView } from './contract.js';
import { TopicCounts } from './topic-counts.js';

/** Messages and log lines kept for a watcher between two events; more are dropped, messages counted. */
const MAX_PENDING = 1_000;
/** Payload characters kept for a watcher between two events. */
const MAX_PENDING_CHARS = 4_000_000;

export interface Feed<K extends EventKind = EventKind> extends Disposable {
  readonly kind: K;
  /** For the snapshot; undefined: nothing. */
  initial(): Events[K] | undefined;
  /** What is to be sent now; undefined: nothing changed. */
  changes(): Events[K] | undefined;
}

const nothing = (): void => {};

/** Of a list of named things: those that differ from what was given last. */
function differing<T extends { readonly name: string }>(list: () => readonly T[]): () => readonly T[] {
  const sent = new Map<string, string>();
  return () =>
    list().filter((item) => {
      const json = JSON.stringify(item);
      if (sent.get(item.name) === json) return false;
      sent.set(item.name, json);
      return true;
    });
}

function orNothing<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

function devicesFeed(view: GatewayView): Feed<'devices'> {
  const changed = differing(() => view.devices());
  return { kind: 'devices', initial: changed, changes: () => orNothing(changed()), [Symbol.dispose]: nothing };
}

function linksFeed(view: GatewayView): Feed<'links'> {
  const changed = differing(() => view.links());
  return { kind: 'links', initial: changed, changes: () => orNothing(changed()), [Symbol.dispose]: nothing };
}

function functionsFeed(view: GatewayView): Feed<'functions'> {
  const changed = differing(() => view.functions());
  return { kind: 'functions', initial: changed, changes: () => orNothing(changed()), [Symbol.dispose]: nothing };
}

/** The status counts as changed when more than its clock and memory figures did. */
function statusFeed(view: GatewayView): Feed<'status'> {
  let sent = '';
  let looks = 0;
  const key = (status: Events['status']) => JSON.stringify({ ...status, now: 0, rssBytes: 0 });
  return {
    kind: 'status',
    initial() {
      const status = view.status();
      sent = key(status);
      return status;
    },
    changes() {
      const status = view.status();
      const current = key(status);
      // Every 20th look anyway: memory and clock of a quiet gateway stay true.
      if (current === sent && ++looks < 20) return undefined;
      looks = 0;
      sent = current;
      return status;
    },
    [Symbol.dispose]: nothing,
  };
}

function pointsFeed(view: GatewayView): Feed<'points'> {
  let revision = 0;
  return {
    kind: 'points',
    initial() {
      // First the revision, then the points: a change between the two is sent twice, never missed.
      revision = view.pointsChangedSince(0).revision;
      return view.points();
    },
    changes() {
      const changed = view.pointsChangedSince(revision);
      revision = changed.revision;
      return orNothing(changed.points);
    },
    [Symbol.dispose]: nothing,
  };
}

function logsFeed(view: GatewayView): Feed<'logs'> {
  let pending: LogLine[] = [];
  const subscription = view.onLog((line) => {
    pending.push(line);
    if (pending.length > MAX_PENDING) pending.shift();
  });
  const take = () => {
    const lines = pending;
    pending = [];
    return lines;
  };
  return {
    kind: 'logs',
    initial() {
      take();
      return [...view.logs()];
    },
    changes: () => (pending.length === 0 ? undefined : take()),
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}

function messagesFeed(view: GatewayView, filter: string): Feed<'messages'> {
  let pending: MessageView[] = [];
  let chars = 0;
  let dropped = 0;
  const tail = view.tail(filter, (message) => {
    const size = message.topic.length + (message.text ?? message.base64 ?? '').length;
    if (pending.length >= MAX_PENDING || chars + size > MAX_PENDING_CHARS) {
      dropped++;
      return;
    }
    chars += size;
    pending.push(message);
  });
  return {
    kind: 'messages',
    initial: () => undefined,
    changes() {
      if (pending.length === 0 && dropped === 0) return undefined;
      const event = { items: pending, dropped };
      pending = [];
      chars = 0;
      dropped = 0;
      return event;
    },
    [Symbol.dispose]: () => tail[Symbol.dispose](),
  };
}

export type TopicsFeed = Feed<'topics'> & { readonly counts: TopicCounts };

function topicsFeed(view: GatewayView, filter: string): TopicsFeed {
  const counts = new TopicCounts(view, filter);
  return {
    kind: 'topics',
    counts,
    initial: () => counts.takeChanged(),
    changes: () => orNothing(counts.takeChanged()),
    [Symbol.dispose]: () => counts[Symbol.dispose](),
  };
}

export function createFeed(kind: EventKind, view: GatewayView, filter: string): Feed | TopicsFeed {
  switch (kind) {
    case 'status':
      return statusFeed(view);
    case 'devices':
      return devicesFeed(view);
    case 'points':
      return pointsFeed(view);
    case 'links':
      return linksFeed(view);
    case 'functions':
      return functionsFeed(view);
    case 'logs':
      return logsFeed(view);
    case 'topics':
      return topicsFeed(view, filter);
    case 'messages':
      return messagesFeed(view, filter);
  }
}
