/** `hpmq link …`: text, JSON, exit codes, and what is asked before messages are given up. */
import t from 'tap';
import { startFakeGateway, timeless } from '../support/cli.js';

t.test('link list and show: what waits, what was lost, and when it will be gone', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.equal(
    timeless((await run(['link', 'list'])).stdout),
    `LINK   STATE   SINCE  QUEUED  OLDEST  DONE IN  OUT/S  IN/S  DROPPED  URL
cloud  up     NNm NNs       0       —        —      1     0        0  mqtt://iot.example.com:1883
`,
  );
  t.strictSame(JSON.parse((await run(['link', 'list', '--json'])).stdout), { items: view.links() });
  const { stdout } = await run(['link', 'show', 'cloud']);
  for (const line of [
    /^outbox +0 messages \(0 B\), on disk$/m,
    /^drain +nothing waits$/m,
    /^dropped +nothing since start$/m,
    /^lost +nothing$/m,
    /^books +0 found \+ 0 received = 0 delivered \+ 0 queued \+ 0 expired \+ 0 dropped$/m,
  ]) {
    t.match(stdout, line);
  }
  const unknown = await run(['link', 'show', 'clowd']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'did you mean cloud?');
});

t.test('link drain: pauses and resumes', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.match(await run(['link', 'drain', 'pause', 'cloud']), {
    code: 0,
    stdout: 'cloud: 40 messages held back; new messages pass\n',
  });
  t.ok(view.drainsPaused.has('cloud'));
  t.match(await run(['link', 'drain', 'resume', 'cloud']), { code: 0, stdout: 'cloud: nothing waits\n' });
  t.notOk(view.drainsPaused.has('cloud'));
  t.match(await run(['link', 'drain', 'stop', 'cloud']), { code: 64, stderr: /neither pause nor resume/ });
  t.match(await run(['link', 'drain', 'pause', 'nowhere']), { code: 64, stderr: /there is no link "nowhere"/ });
});

t.test('link forget: only when confirmed, and only what has no link', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.match((await run(['store', 'stat'])).stdout, /^outbox +old-cloud: 12 messages .*hpmq link forget old-cloud$/m);
  t.equal((await run(['link', 'forget', 'old-cloud'])).code !== 0, true, 'nobody confirmed it');
  t.equal(view.orphanedOutboxes().length, 1);
  t.match(await run(['link', 'forget', 'cloud', '-y']), {
    code: 64,
    stderr: /nothing waits for a removed link "cloud"/,
  });
  t.match(await run(['link', 'forget', 'old-cloud', '-y']), {
    code: 0,
    stdout: 'old-cloud: 12 messages given up\n',
  });
  t.strictSame(view.orphanedOutboxes(), []);
});
