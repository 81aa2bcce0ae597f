/** `hpmq link list` and `link show`: whether links deliver, and why they did not. */
import t from 'tap';
import type { LinkView } from '../../src/api/contract.js';
import { startFakeGateway } from '../support/cli.js';

t.test('link list and show', async (t) => {
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
    'waiting     12 messages, the oldest for',
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
