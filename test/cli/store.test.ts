/** `hpmq store stat`. */
import t from 'tap';
import { startFakeGateway, timeless } from '../support/cli.js';

t.test('store stat: size, what waits, commits, loss window, and whose queues', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const text = await run(['store', 'stat']);
  t.equal(text.code, 0);
  t.equal(
    timeless(text.stdout),
    `state      up
durability strict: what was acknowledged is on disk
disk       5 MB, 1 MB of that the log; 12 GB of 64 GB free
messages   1003 messages wait (205 kB of 1 GB, then refuse)
sessions   2 sessions, 7 retained messages
commits    13/s (5000, 3 failed), 1.3 ms each, 99 % within 13 ms, 42.3 changes in one
written    30 MB in a day, 90 MB since start
dropped    4 queue full, 1 store failed
queue      logger: 1000 messages (200 kB), oldest 1h 00m ago, away
queue      panel: 3 messages (5 kB), connected
outbox     old-cloud: 12 messages (2 kB), oldest 1d 0h ago; the link is not configured any more: hpmq link forget old-cloud
`,
  );
  t.strictSame(JSON.parse((await run(['store', 'stat', '--json'])).stdout), view.store_);
});

t.test('store stat: a store that cannot write, relaxed durability, a damaged file', async (t) => {
  const { run, view } = await startFakeGateway(t);
  view.store_ = {
    ...view.store_!,
    state: 'degraded',
    reason: 'the disk of /data is full',
    hint: 'free space',
    durability: 'relaxed',
    lossWindow: 1_000,
    commitMs: { p50: null, p99: null },
    setAside: '/data/store.sqlite.damaged-2026',
    queues: [],
    droppedBy: {},
  };
  const { stdout } = await run(['store', 'stat']);
  t.match(stdout, 'state      degraded: the disk of /data is full; free space');
  t.match(stdout, 'damaged    set aside at start: /data/store.sqlite.damaged-2026');
  t.match(stdout, 'relaxed: a power cut loses at most what was acknowledged in the last 1.0s');
  t.match(stdout, 'commits    13/s (5000, 3 failed), 42.3 changes in one');
  t.notMatch(stdout, 'queue ');
});

t.test('store stat: a gateway that keeps nothing says so', async (t) => {
  const { run, view } = await startFakeGateway(t);
  view.store_ = undefined;
  const { code, stderr } = await run(['store', 'stat']);
  t.equal(code, 64);
  t.match(stderr, 'keeps nothing on disk');
});
