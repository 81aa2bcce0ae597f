/** What is kept on disk, and at what cost. */
import type { Snapshot } from './define.js';
import type { Definitions } from './definitions.js';

export function defineStore({ counter, gauge }: Definitions): void {
  type Figures = NonNullable<Snapshot['store']>;
  const plain = (define: typeof gauge, name: string, help: string, of: (store: Figures) => number | null) =>
    define(name, help, ({ store }, set) => {
      const value = store === undefined ? null : of(store);
      if (value !== null) set(value);
    });
  plain(gauge, 'store_messages', 'Copies that wait on disk for clients', (store) => store.messages);
  plain(gauge, 'store_bytes', 'Of the copies that wait on disk', (store) => store.bytes);
  plain(gauge, 'store_queues', 'Sessions and others that have a queue on disk', (store) => store.queues);
  plain(gauge, 'store_file_bytes', 'Size of the database', (store) => store.fileBytes);
  plain(gauge, 'store_log_bytes', 'Size of its write-ahead log', (store) => store.logBytes);
  plain(gauge, 'store_disk_free_bytes', 'Free on the disk of the store', (store) => store.freeBytes);
  plain(gauge, 'store_disk_bytes', 'Size of the disk of the store', (store) => store.diskBytes);
  plain(counter, 'store_commits_total', 'Commits', (store) => store.commits);
  plain(counter, 'store_commits_failed_total', 'Commits that the disk did not take', (store) => store.failedCommits);
  plain(counter, 'store_written_bytes_total', 'Bytes written to the disk', (store) => store.writtenBytes);
  plain(gauge, 'store_changes_per_commit', 'In one of the last commits, on average', (store) => store.changesPerCommit);
  plain(
    gauge,
    'store_loss_window_seconds',
    'What was acknowledged so long ago at most may be lost by a power cut',
    (store) => store.lossWindow / 1_000,
  );
  const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);
  const took = 'From the end of a batch until it is on disk, of the last commits';
  plain(gauge, 'store_commit_p50_seconds', `${took}, median`, ({ commitMs }) => seconds(commitMs.p50));
  plain(gauge, 'store_commit_p99_seconds', `${took}, 99th percentile`, ({ commitMs }) => seconds(commitMs.p99));
}
