/** `hpmq link …`: text, JSON, exit codes, and what is asked before messages are given up. */
import t from 'tap';
import type { LinkView } from '../../src/api/contract.js';
import { startFakeGateway, timeless } from '../support/cli.js';

t.test('link list and show: what waits, what was lost, and when it will be gone', async (t) => {
  const { run, view } = await startFakeGateway(t);
  t.equal(
    timeless((await run(['link', 'list'])).stdout),
    `LINK   STATE   SINCE  QUEUED  OLDEST  DONE IN  P50 MS  P99 MS  OUT/S  IN/S  DROPPED  HEARTBEAT  ENDPOINT
cloud  up     NNm NNs       0       —        —       —       —      1     0        0  off        mqtt://iot.example.com:1883
`,
  );
  t.strictSame(JSON.parse((await run(['link', 'list', '--json'])).stdout), { items: view.links() });
  const { stdout } = await run(['link', 'show', 'cloud']);
  for (const line of [
    /^outbox +0 messages \(0 B\), on disk$/m,
    /^drain +nothing waits$/m,
    /^dropped +nothing since start$/m,
    /^lost +nothing$/m,
    /^routes +out hpmq\/# plant\/# · out 2 \(2 kB\), 1 dropped, 3 refused$/m,
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

t.test('link list and show: whether it delivers, and why not', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const [quiet] = view.links();
  const at = Date.now() - 3_600_000;
  const link: LinkView = {
    ...quiet!,
    state: 'degraded',
    error: { code: 'LINK_NOT_DELIVERING', fault: 'peer', message: 'nothing came back', hint: 'check its log' },
    queued: 12,
    oldestMs: 61_000,
    endpoint: 'mqtts://a:8883 via eth0',
    heartbeat: 'returned',
    provenAt: at,
    rttMs: { p50: 7, p99: 40 },
    connects: 2,
    endpoints: [
      { endpoint: 'mqtts://a:8883 via eth0', state: 'good', isCurrent: true, isHeld: false, rttMs: 7, connects: 2 },
      {
        endpoint: 'mqtts://b:8883 via eth0',
        state: 'failed',
        isCurrent: false,
        isHeld: true,
        rttMs: null,
        connects: 0,
      },
    ],
    certificates: [{ side: 'far', subject: 'broker\x1b[2J', serial: '01', notBefore: 0, notAfter: at }],
    history: [
      { at, endpoint: null, code: 'LINK_UNREACHABLE', message: 'refused', failures: 3, endedAt: at + 5_000 },
      { at, endpoint: 'mqtts://a:8883', code: 'LINK_LOST', message: 'closed', failures: 0, endedAt: null },
    ],
  };
  view.links = () => [link];
  t.match(
    (await run(['link', 'list'])).stdout,
    /^LINK +STATE .*\ncloud +degraded .* 12 .* 7 +40 .*returned +mqtts:\/\/a:8883 via eth0/,
  );
  t.strictSame(JSON.parse((await run(['link', 'show', 'cloud', '--json'])).stdout), link);
  const { stdout } = await run(['link', 'show', 'cloud']);
  for (const expected of [
    'problem     nothing came back (LINK_NOT_DELIVERING)',
    'hint        check its log',
    'heartbeat   returned, 1h',
    'round trip  7 ms (p50), 40 ms (p99)',
    'connected   2 times',
    'endpoints   mqtts://a:8883 via eth0 · in use, 7 ms · 2 times',
    'mqtts://b:8883 via eth0 · failed, tried last · 0 times',
    'their cert. broker',
    'mqtts://a:8883: closed (LINK_LOST)',
    ', 3 attempts failed: refused (LINK_UNREACHABLE)',
  ]) {
    t.match(stdout, expected);
  }
  t.notMatch(stdout, /\x1b/, 'what the far side says does not steer the terminal');
  const unknown = await run(['link', 'show', 'clod']);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, 'hint: did you mean cloud?');
});
