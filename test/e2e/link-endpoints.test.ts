/** Links with several far sides and uplinks, with real brokers. */
import t from 'tap';
import type { LinkConfig, RouteConfig } from '../../src/core/config.js';
import { linkConfig, startLink, startMosquitto, subscriber } from '../support/links.js';
import { eventually, needs } from '../support/peers.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: 'far/{topic:1}', qos: 1 };
const peers = needs('mosquitto', 'mosquitto_sub');
const BEAT = { every: 1_000, topic: undefined };

function config(urls: readonly string[], more: Partial<LinkConfig> = {}, reach: Partial<LinkConfig['reach']> = {}) {
  const base = linkConfig(urls[0]!, [OUT], { heartbeat: BEAT, keepAlive: 60_000, ...more });
  return { ...base, reach: { ...base.reach, urls, failBack: 2_000, maxWait: 1_000, ...reach } };
}

t.test('a frozen broker: degraded within two heartbeats, the next takes over, nothing is lost', peers, async (t) => {
  const first = await startMosquitto(t);
  const second = await startMosquitto(t);
  const watcher = await subscriber(t, second, 'far/#');
  const { router, links, is } = await startLink(t, config([first.url, second.url]));
  await eventually(() => links.links()[0]!.heartbeat === 'returned');
  first.peer().child.kill('SIGSTOP');
  for (let i = 0; i < 200; i++) router.put(`out/${i}`, String(i), { qos: 1 });
  await is('degraded');
  t.match(links.links()[0], { endpoint: first.url, error: { code: 'LINK_NOT_DELIVERING' }, queued: 200 });
  await is('up');
  t.match(links.links()[0], { endpoint: second.url, history: [{ code: 'LINK_NOT_DELIVERING', endpoint: first.url }] });
  for (let i = 0; i < 200; i++) await watcher.sees(`1 0 far/${i} ${i}`);
  t.strictSame(
    watcher.lines(),
    Array.from({ length: 200 }, (_, i) => `1 0 far/${i} ${i}`),
  );

  first.peer().child.kill('SIGCONT');
  await eventually(() => links.links()[0]!.endpoint === first.url, 30_000);
  t.match(links.links()[0]!.history.at(-1), { code: 'LINK_MOVED' }, 'it goes back when the preferred one was good');
});

t.test('two uplinks: the first is preferred, the second takes over when its address is gone', peers, async (t) => {
  // All of 127.0.0.0/8 is this machine: addresses of uplinks without a second network.
  const present = new Map([
    ['eth0', '127.0.0.2'],
    ['wwan0', '127.0.0.3'],
  ]);
  const interfaces = () =>
    Object.fromEntries([...present].map(([name, address]) => [name, [{ address, family: 'IPv4', internal: false }]]));
  const far = await startMosquitto(t);
  const reach = { via: ['eth0', 'wwan0'] };
  const { router, links, is } = await startLink(t, config([far.url], { clientId: 'gw' }, reach), { interfaces });
  const watcher = await subscriber(t, far, 'far/#');
  await is('up');
  t.match(links.links()[0], {
    endpoint: `${far.url} via eth0`,
    endpoints: [{ isCurrent: true }, { isCurrent: false }],
  });
  await far.peer().sees(/New client connected from 127.0.0.2:\d+ as gw /);
  present.delete('eth0');
  for (let i = 0; i < 100; i++) router.put(`out/${i}`, '', { qos: 1 });
  await eventually(() => links.links()[0]!.endpoint === `${far.url} via wwan0`, 30_000);
  t.match(links.links()[0]!.history.at(-1), { code: 'LINK_UPLINK_ABSENT', endpoint: `${far.url} via eth0` });
  await is('up');
  await far.peer().sees(/New client connected from 127.0.0.3:\d+ as gw /);
  present.set('eth0', '127.0.0.2');
  await eventually(() => links.links()[0]!.endpoint === `${far.url} via eth0`, 40_000);
  await is('up');
  await eventually(() => links.links()[0]!.queued === 0);
  await watcher.sees('1 0 far/99 ');
  t.equal(new Set(watcher.lines()).size, 100);
});
