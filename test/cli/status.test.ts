/** `hpmq status`: health in ten lines, and the books. */
import t from 'tap';
import { startFakeGateway, timeless } from '../support/cli.js';

t.test('status', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const text = await run(['status']);
  t.equal(text.code, 0);
  t.equal(text.stderr, '');
  t.equal(
    timeless(text.stdout),
    `plant-7    degraded, up 1h 00m, version 0.0.0, pid 4711, 61 MB
listeners  tcp 127.0.0.1:1883 (1), tls://10.0.0.1:8883 (12)
messages   in 13/s (1200), out 9/s (900), dropped 0
clients    2 connected, 5 subscriptions, 1 retained message
refused    8 before CONNACK (7 bad user name or password, 1 quota exceeded), 1 by limits (1 connections per address), 3 later (3 keep alive timeout), 2 handshakes
devices    1 online, 0 degraded, 1 offline, 0 paused
points     4 good, 0 stale, 1 bad
alarm      error device:meter for NNm NNs: unit 1 did not answer within 500 ms (FAKE_TIMEOUT); check the wiring
`,
  );
  t.strictSame(JSON.parse((await run(['status', '--json'])).stdout), view.status());
});

t.test('status --ledger: the books, and whether they balance', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const text = await run(['status', '--ledger']);
  t.equal(text.code, 0);
  t.equal(
    text.stdout,
    `MESSAGES
received                                 1200
    from clients                          200
    from devices, links and the gateway  1000
= routed                                  890
+ unmatched (nobody subscribes)           303
+ refused                                   7
    not authorized                          7
the books balance

COPIES
made                                      910
    for subscribers                       900
    of retained messages                   10
    found in the store at start             0
= delivered                               887
+ in flight                                 1
+ queued                                   18
+ expired                                   1
+ dropped                                   3
    queue full                              2
    offline                                 1
the books balance
`,
  );
  t.strictSame(JSON.parse((await run(['status', '--ledger', '--json'])).stdout), view.ledger());
  view.ledger_ = { ...view.ledger_, copies: { ...view.ledger_.copies, difference: 2 } };
  const wrong = await run(['status', '--ledger']);
  t.equal(wrong.code, 1, 'the answer is no');
  t.match(wrong.stdout, 'the books do not balance: 2 unaccounted for\n');
});

t.test('status stays ten lines, whatever is wrong', async (t) => {
  const { run, view } = await startFakeGateway(t);
  const status = view.status();
  const alarms = Array.from({ length: 9 }, (_, i) => ({ ...status.alarms[0]!, subject: `device:d${i}` }));
  const services = [...status.services, { name: 'port:line-a', state: 'down', since: 0, reason: 'gone' } as const];
  view.status = () => ({ ...status, alarms, services });
  const lines = (await run(['status'])).stdout.trimEnd().split('\n');
  t.equal(lines.length, 10);
  t.equal(lines.at(-1)?.trim(), 'and 8 more problems: hpmq status --json');
});
