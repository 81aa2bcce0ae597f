/** The store as people see it: its own figures, and what of them is whose. */
import type { Broker } from './broker/broker.js';
import type { StoreLimits } from './core/config.js';
import type { Service } from './core/service.js';
import type { Store } from './core/store.js';
import type { StoreOutboxView, StoreQueueView, StoreSummary, StoreView } from './core/views.js';
import type { Links } from './links/links-service.js';

/** Sessions that are shown one by one. */
const SHOWN_QUEUES = 100;

export function storeSummary(store: Store): StoreSummary {
  const { messages, bytes, fileBytes, logBytes, freeBytes, diskBytes, commitsPerSecond, lossWindow } = store.figures();
  return { messages, bytes, fileBytes: fileBytes + logBytes, freeBytes, diskBytes, commitsPerSecond, lossWindow };
}

export async function storeView(
  store: Store & Service,
  limits: StoreLimits,
  broker: Broker,
  links: Links,
  now: number,
): Promise<StoreView> {
  store.askDisk();
  const queues = await queueViews(broker);
  const { state, reason, hint } = store.status();
  const { durability, logBytes, commits, failedCommits, changesPerCommit, commitMs, writtenBytes, ...rest } =
    store.figures();
  const figures = broker.figures();
  return {
    state,
    ...(reason !== undefined && { reason }),
    ...(hint !== undefined && { hint }),
    ...storeSummary(store),
    durability,
    logBytes,
    maxBytes: limits.maxBytes,
    overflow: limits.overflow,
    sessions: broker.durableSessions(),
    retained: figures.router.retained,
    commits,
    failedCommits,
    changesPerCommit,
    commitMs,
    writtenBytes,
    writtenLastDay: rest.writtenLastDay,
    droppedBy: figures.ledger.copies.droppedBy,
    setAside: rest.setAside,
    queues,
    outboxes: outboxViews(links, now),
  };
}

/** @param now - Unix ms */
function outboxViews(links: Links, now: number): StoreOutboxView[] {
  const configured = links.links().map(({ name, books, queuedBytes, oldestMs }) => ({
    link: name,
    configured: true,
    messages: books.queued,
    bytes: queuedBytes,
    oldestAt: oldestMs === null ? null : now - oldestMs,
  }));
  const orphans = links.orphans().map(({ name, ...rest }) => ({ link: name, configured: false, ...rest }));
  return [...configured, ...orphans];
}

async function queueViews(broker: Broker): Promise<StoreQueueView[]> {
  const waiting = broker.clients().filter(({ queued }) => queued > 0);
  waiting.sort((a, b) => b.queued - a.queued);
  const shown = waiting.slice(0, SHOWN_QUEUES);
  const oldest = await Promise.all(shown.map(({ clientId }) => broker.oldestQueued(clientId).catch(() => undefined)));
  return shown.map(({ clientId, connected, queued, queuedBytes }, index) => ({
    clientId,
    connected,
    messages: queued,
    bytes: queuedBytes,
    oldestAt: oldest[index] ?? null,
  }));
}
