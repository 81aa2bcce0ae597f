/** Links against Debian's mosquitto as far side. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import type { RouteConfig } from '../../src/core/config.js';
import { linkConfig, publish, startLink, startMosquitto, subscriber } from '../support/links.js';
import { eventually, needs, startPeer } from '../support/peers.js';

const OUT: RouteConfig = { direction: 'out', filter: 'hpmq/plant-7/#', to: 'plants/7/{topic:2}', qos: 2 };
const IN: RouteConfig = { direction: 'in', filter: 'plants/7/cmd/#', to: 'hpmq/{gateway}/{topic:3}', qos: 2 };
const peers = needs('mosquitto', 'mosquitto_sub', 'mosquitto_pub', 'mosquitto_rr');

for (const protocolVersion of [4, 5] as const) {
  t.test(`out and in with other names, QoS 0, 1 and 2, protocol ${protocolVersion}`, peers, async (t) => {
    const far = await startMosquitto(t);
    const sub = await subscriber(t, far, 'plants/#');
    const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT, IN], { protocolVersion }));
    await is('up');

    for (const qos of [0, 1, 2] as const) router.put(`hpmq/plant-7/boiler/t${qos}`, `${20 + qos}`, { qos });
    for (const qos of [0, 1, 2]) await sub.sees(`${qos} 0 plants/7/boiler/t${qos} ${20 + qos}`);

    router.put('hpmq/plant-7/boiler/kept', 'x', { qos: 1, retain: true });
    await sub.sees('1 0 plants/7/boiler/kept x');
    router.put('elsewhere/boiler', 'no route');

    for (const qos of ['0', '1', '2']) {
      await publish(t, far, ['-V', '5', '-q', qos, '-t', 'plants/7/cmd/boiler/setpoint/set', '-m', `v${qos}`]);
      const message = await eventually(() => router.published.find(({ payload }) => payload.toString() === `v${qos}`));
      t.match(message, { topic: 'hpmq/plant-7/boiler/setpoint/set', qos: Number(qos), origin: 'link:cloud' });
    }
    await eventually(() => links.links()[0]!.queued === 0);
    const view = links.links()[0]!;
    t.match(view, { state: 'up', in: 3, out: 4, dropped: 0, queued: 0, oldestMs: null, url: far.url });
    t.ok(view.inPerSecond > 0 && view.outPerSecond > 0, 'rates are counted');
    t.equal(view.error, undefined);
    t.strictSame(links.alarms(), []);
    t.match(links.status(), { state: 'up' });
    // What came in must not go out again, although the out route matches it.
    t.notOk(sub.lines().some((line) => line.includes('plants/7/boiler/setpoint/set')));
  });

  t.test(`direction both does not echo, protocol ${protocolVersion}`, peers, async (t) => {
    const far = await startMosquitto(t);
    const both: RouteConfig = { direction: 'both', filter: 'shared/#', to: '{topic}', qos: 1 };
    const sub = await subscriber(t, far, 'shared/#');
    const { router, links, is } = await startLink(t, linkConfig(far.url, [both], { protocolVersion }));
    await is('up');
    router.put('shared/ours', '1', { qos: 1 });
    await sub.sees('1 0 shared/ours 1');
    await publish(t, far, ['-q', '1', '-t', 'shared/theirs', '-m', '2']);
    await eventually(() => router.published.some(({ topic }) => topic === 'shared/theirs'));
    // A second message behind the first in both directions shows that no echo came between.
    router.put('shared/ours', '3', { qos: 1 });
    await sub.sees('1 0 shared/ours 3');
    await publish(t, far, ['-q', '1', '-t', 'shared/theirs', '-m', '4']);
    await eventually(() => router.published.some(({ payload }) => payload.toString() === '4'));
    await sub.sees('1 0 shared/theirs 4');
    t.strictSame(
      router.published.map(({ topic, payload }) => `${topic} ${payload}`),
      ['shared/ours 1', 'shared/theirs 2', 'shared/ours 3', 'shared/theirs 4'],
    );
    t.strictSame(
      sub.lines().map((line) => line.slice(4)),
      ['shared/ours 1', 'shared/theirs 2', 'shared/ours 3', 'shared/theirs 4'],
    );
    await eventually(() => links.links()[0]!.queued === 0);
    t.match(links.links()[0], { in: 2, out: 2 });
  });
}

t.test(
  'kill -9 of the far side while 500 QoS 1 messages flow: what it did not take arrives, in order',
  peers,
  async (t) => {
    // The far side remembers the subscriber, so that it does not matter who is back first after the restart.
    const far = await startMosquitto(t, ['allow_anonymous true', 'persistence true', 'persistence_location {dir}/']);
    const sub = await subscriber(t, far, 'plants/#', ['-c', '-x', '3600']);
    far.peer().child.kill('SIGUSR1');
    await far.peer().sees(/Saving in-memory database/);
    const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT]));
    await is('up');
    let next = 0;
    const send = (count: number) => {
      for (const end = next + count; next < end; next++) {
        router.put(`hpmq/plant-7/device${next % 5}/count`, String(next), { qos: 1 });
      }
    };
    send(100);
    await sub.sees('1 0 plants/7/device4/count 99');
    send(200);
    // In the middle of them: some acknowledged, some in flight, some waiting.
    while (links.links()[0]!.out < 150) await turn();
    await far.peer().kill('SIGKILL');
    send(100);
    await is('down');
    const down = links.links()[0]!;
    t.match(down, { error: { code: /^LINK_(LOST|UNREACHABLE)$/ } });
    t.ok(down.queued >= 100 && down.oldestMs !== null && down.oldestMs >= 0, `${down.queued} wait`);
    t.equal(down.out + down.queued, 400, 'taken by the far side or still here');
    t.match(links.alarms(), [{ severity: 'error', subject: 'link:cloud' }]);
    t.match(links.status(), { state: 'degraded', reason: 'link:cloud down' });
    const beforeRestart = sub.lines().length;
    send(100);

    await far.restart();
    await is('up');
    await eventually(() => links.links()[0]!.queued === 0);
    t.match(links.links()[0], { dropped: 0, out: 500 });
    await sub.sees('1 0 plants/7/device4/count 499');

    const after = sub
      .lines()
      .slice(beforeRestart)
      .map((line) => Number(line.split(' ').at(-1)));
    const arrived = new Set(after);
    // They are acknowledged in the order they were sent.
    const missing = Array.from({ length: 500 - down.out }, (_, i) => down.out + i).filter(
      (count) => !arrived.has(count),
    );
    t.strictSame(missing, [], `all of the ${500 - down.out} not acknowledged before arrive`);
    for (let device = 0; device < 5; device++) {
      const counts = after.filter((count) => count % 5 === device);
      t.strictSame(
        counts,
        counts.toSorted((a, b) => a - b),
        `device ${device} is in order after the restart`,
      );
    }
  },
);

t.test('retained messages are sent at each connect, with their value of that moment', peers, async (t) => {
  const far = await startMosquitto(t);
  const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT]));
  router.put('hpmq/plant-7/boiler/name', 'Kessel', { qos: 1, retain: true, origin: 'device:boiler' });
  router.put('hpmq/plant-7/boiler/temp', '70', { qos: 0, retain: true });
  router.put('elsewhere/x', 'no route', { retain: true });
  await is('up');
  const first = await subscriber(t, far, 'plants/#');
  await first.sees('1 1 plants/7/boiler/name Kessel');
  await first.sees('0 1 plants/7/boiler/temp 70');
  await eventually(() => links.links()[0]!.queued === 0);

  // The far side forgets everything; QoS 0 is not queued, but the retained value is current after the reconnect.
  await far.peer().kill('SIGKILL');
  await is('down');
  router.put('hpmq/plant-7/boiler/temp', '71', { qos: 0, retain: true });
  router.put('hpmq/plant-7/boiler/temp', '72', { qos: 0, retain: true });
  t.equal(links.links()[0]!.dropped, 3, 'one before the first connect, two now');
  await far.restart();
  await is('up');
  await eventually(() => links.links()[0]!.queued === 0);
  const second = await subscriber(t, far, 'plants/#');
  await second.sees('1 1 plants/7/boiler/name Kessel');
  await second.sees('0 1 plants/7/boiler/temp 72');
  t.equal(second.lines().length, 2);
});

t.test('a command with a Response Topic gets its reply [MQTT 5.0 §4.10]', peers, async (t) => {
  const far = await startMosquitto(t);
  const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT, IN]));
  await is('up');
  router.listen('hpmq/plant-7/+/+/set', (message) => {
    const { responseTopic, correlationData, userProperties } = message.properties ?? {};
    t.match(message, { topic: 'hpmq/plant-7/boiler/setpoint/set', origin: 'link:cloud' });
    t.match(responseTopic, /^\$link\/cloud\/[\w-]{16}$/, 'a local topic that nobody can guess');
    t.equal(correlationData?.toString(), 'c-17');
    t.strictSame(userProperties, [['user', 'anna']]);
    t.ok(message.expiresAt > Date.now() + 50_000 && message.expiresAt <= Date.now() + 60_000);
    // A device may or may not copy the Correlation Data: the link knows it anyway.
    const reply = { origin: 'device:boiler', qos: 1, properties: { contentType: 'application/json' } } as const;
    router.put(responseTopic ?? '', '{"status":"verified","v":55}', reply);
  });
  const args = ['-p', `${far.port}`, '-t', 'plants/7/cmd/boiler/setpoint/set', '-e', 'answers/anna', '-m', '55'];
  const properties = [
    ['correlation-data', 'c-17'],
    ['user-property', 'user', 'anna'],
    ['message-expiry-interval', '60'],
  ].flatMap((property) => ['-D', 'publish', ...property]);
  const format = ['-F', '%t %D %C %p', '-W', '10'];
  const requester = startPeer(t, 'mosquitto_rr', [...args, ...properties, ...format]);
  t.equal(await requester.ended, 0);
  t.equal(requester.stdout().trim(), 'answers/anna c-17 application/json {"status":"verified","v":55}');

  router.put('$link/cloud/guessed', 'nobody asked', { qos: 1 });
  t.match(links.links()[0], { dropped: 1 }, 'a reply without a request is dropped and counted');
});

t.test('properties and the remaining expiry travel out; protocol 4 leaves them behind', peers, async (t) => {
  const far = await startMosquitto(t);
  const format = ['-F', '%q %r %t %p %C %R %D %E %P'];
  const sub = await subscriber(t, far, 'plants/#', format);
  const old = await startLink(t, linkConfig(far.url, [OUT], { protocolVersion: 4, clientId: 'old' }));
  const { router, is } = await startLink(t, linkConfig(far.url, [OUT]));
  await is('up');
  await old.is('up');
  const properties = {
    contentType: 'text/plain',
    responseTopic: 'answers/here',
    correlationData: Buffer.from('c1'),
    userProperties: [
      ['b', '1'],
      ['a', '2'],
      ['b', '3'],
    ],
  } as const;
  const message = { qos: 1, properties, expiresAt: Date.now() + 90_000 } as const;
  router.put('hpmq/plant-7/five', 'x', message);
  await sub.sees('1 0 plants/7/five x text/plain answers/here c1 (90|89) b:1 a:2 b:3');
  old.router.put('hpmq/plant-7/four', 'x', message);
  await sub.sees('1 0 plants/7/four x *');
  router.put('hpmq/plant-7/late', 'x', { ...message, expiresAt: Date.now() - 1 });
  router.put('hpmq/plant-7/next', 'x', { qos: 1 });
  await sub.sees('1 0 plants/7/next x *');
  t.notOk(
    sub.lines().some((line) => line.includes('late')),
    'an expired message is not sent',
  );
});

for (const protocolVersion of [4, 5] as const) {
  t.test(`the far side shows the gateway offline when the link ends, protocol ${protocolVersion}`, peers, async (t) => {
    const far = await startMosquitto(t);
    const sub = await subscriber(t, far, 'plants/#');
    const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT], { protocolVersion }));
    router.put('hpmq/plant-7/$state', '{"state":"online"}', { qos: 1, retain: true });
    await is('up');
    await sub.sees('1 0 plants/7/$state {"state":"online"}');
    router.put('hpmq/plant-7/boiler/last', 'words', { qos: 1 });
    await links[Symbol.asyncDispose]();
    await sub.sees('1 0 plants/7/$state {"state":"offline","reason":"the link is lost"}');
    t.ok(
      sub.lines().some((line) => line.endsWith('boiler/last words')),
      'what was queued went out before',
    );
    t.match(links.status(), { state: 'stopping' });
  });

  t.test(`an announced end is not covered by the will, protocol ${protocolVersion}`, peers, async (t) => {
    const far = await startMosquitto(t);
    const sub = await subscriber(t, far, 'plants/#');
    const { router, links, is } = await startLink(t, linkConfig(far.url, [OUT], { protocolVersion }));
    await is('up');
    router.put('hpmq/plant-7/$state', '{"state":"offline","reason":"stopped"}', { qos: 1, retain: true });
    await links[Symbol.asyncDispose]();
    await far.peer().sees(/Received DISCONNECT from hpmq-plant-7-cloud/);
    await publish(t, far, ['-q', '2', '-t', 'plants/next', '-m', 'x']);
    await sub.sees('2 0 plants/next x');
    t.strictSame(sub.lines(), ['1 0 plants/7/$state {"state":"offline","reason":"stopped"}', '2 0 plants/next x']);
  });
}
