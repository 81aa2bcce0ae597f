/** Foreign clients against the broker as it runs: mosquitto's over processes, MQTT.js in this one. */
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import t, { type Test } from 'tap';
import { type Broker, createBroker } from '../../src/broker/broker.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';
import { eventually, freePort, needs, type Peer, startPeer } from '../support/peers.js';

const versions = ['311', '5'] as const;
const levels = [0, 1, 2] as const;

async function startBroker(t: Test): Promise<{ broker: Broker; port: string }> {
  const broker = createBroker({ config: brokerConfig(), gatewayId: 'e2e', log: silentLog, clock: systemClock });
  t.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(60_000));
  return { broker, port: broker.addresses()[0]!.split(':')[1]! };
}

function subscriptions(broker: Broker, count: number): Promise<boolean> {
  return eventually(() => broker.router.counters().subscriptions >= count);
}

async function pub(t: Test, port: string, ...args: readonly string[]): Promise<void> {
  const peer = startPeer(t, 'mosquitto_pub', ['-p', port, ...args]);
  t.equal(await peer.ended, 0, `mosquitto_pub ${args.join(' ')} ${peer.stderr()}`);
}

function sub(t: Test, port: string, ...args: readonly string[]): Peer {
  return startPeer(t, 'mosquitto_sub', ['-p', port, '-F', '%t|%p|q%q|r%r', ...args]);
}

async function connect(t: Test, port: string, options: IClientOptions): Promise<MqttClient> {
  const client = await mqtt.connectAsync({ host: '127.0.0.1', port: Number(port), reconnectPeriod: 0, ...options });
  t.teardown(() => client.endAsync(true));
  return client;
}

/** Collects what a client receives. */
function inbox(client: MqttClient): { text: string; packet: IPublishPacket }[] {
  const items: { text: string; packet: IPublishPacket }[] = [];
  client.on('message', (topic, payload, packet) => {
    items.push({ text: `${topic}|${payload}|q${packet.qos}|r${packet.retain ? 1 : 0}`, packet });
  });
  return items;
}

const texts = (items: readonly { text: string }[]) => items.map(({ text }) => text);

t.test('mosquitto clients', needs('mosquitto_pub', 'mosquitto_sub'), async (t) => {
  for (const version of versions) {
    t.test(`-V ${version}: QoS 0, 1, 2 both ways, wildcards, a payload of 60 kB`, async (t) => {
      const { broker, port } = await startBroker(t);
      const subs = levels.map((qos) => sub(t, port, '-V', version, '-t', 'plant/+/temp/#', '-q', `${qos}`, '-C', '4'));
      await subscriptions(broker, 3);
      for (const qos of levels) {
        await pub(t, port, '-V', version, '-t', `plant/line${qos}/temp`, '-m', `v${qos}`, '-q', `${qos}`);
      }
      await pub(t, port, '-V', version, '-t', 'plant/x/temp/big', '-m', 'x'.repeat(60_000), '-q', '1');
      for (const [index, peer] of subs.entries()) {
        t.equal(await peer.ended, 0);
        const lines = peer.stdout().trim().split('\n');
        t.same(
          lines.slice(0, 3),
          levels.map((qos) => `plant/line${qos}/temp|v${qos}|q${Math.min(qos, index)}|r0`),
        );
        t.equal(lines[3]?.length, 'plant/x/temp/big||q0|r0'.length + 60_000);
      }
      await eventually(() => broker.connections() === 0);
    });

    t.test(`-V ${version}: retained messages`, async (t) => {
      const { broker, port } = await startBroker(t);
      await pub(t, port, '-V', version, '-t', 'r/a', '-m', 'kept', '-r', '-q', '1');
      await pub(t, port, '-V', version, '-t', 'r/b', '-m', 'cleared', '-r', '-q', '1');
      await pub(t, port, '-V', version, '-t', 'r/b', '-n', '-r', '-q', '1');
      const peer = sub(t, port, '-V', version, '-t', 'r/#', '-q', '1', '-C', '2');
      await subscriptions(broker, 1);
      await pub(t, port, '-V', version, '-t', 'r/c', '-m', 'live', '-q', '1');
      t.equal(await peer.ended, 0);
      t.equal(peer.stdout().trim(), 'r/a|kept|q1|r1\nr/c|live|q1|r0');
    });

    t.test(`-V ${version}: the Will of a client killed with SIGKILL`, async (t) => {
      const { broker, port } = await startBroker(t);
      const watcher = sub(t, port, '-V', version, '-t', 'will/+', '-q', '2');
      await subscriptions(broker, 1);
      const will = ['--will-topic', 'will/a', '--will-payload', 'gone', '--will-qos', '1', '--will-retain'];
      const victim = sub(t, port, '-V', version, '-i', 'victim', '-t', 'nothing', ...will);
      await subscriptions(broker, 2);
      await victim.kill('SIGKILL');
      await watcher.sees(/^will\/a\|gone\|q1\|r0$/m);
      const late = sub(t, port, '-V', version, '-t', 'will/+', '-C', '1');
      await late.sees(/^will\/a\|gone\|q0\|r1$/m);
    });

    t.test(`-V ${version}: a persistent session gets what it missed, in order`, async (t) => {
      const { broker, port } = await startBroker(t);
      const expiry = version === '5' ? ['-x', '300'] : [];
      const session = ['-V', version, '-i', 'keeper', '-c', ...expiry, '-t', 'q/#', '-q', '2'];
      const first = sub(t, port, ...session);
      await subscriptions(broker, 1);
      await first.kill('SIGKILL');
      await eventually(() => broker.clients()[0]?.connected === false);
      for (const qos of levels) await pub(t, port, '-V', version, '-t', `q/${qos}`, '-m', `m${qos}`, '-q', `${qos}`);
      t.match(broker.clients(), [{ clientId: 'keeper', queued: 2 }]);
      const second = sub(t, port, ...session, '-C', '2');
      t.equal(await second.ended, 0);
      t.same(second.stdout().trim().split('\n'), ['q/1|m1|q1|r0', 'q/2|m2|q2|r0']);
    });
  }

  t.test('-V 5: properties travel; request and response', async (t) => {
    const { broker, port } = await startBroker(t);
    const format = ['-F', '%t|%p|%R|%D|%C|%P|%E'];
    const peer = startPeer(t, 'mosquitto_sub', ['-p', port, '-V', '5', '-t', 'req/#', '-C', '1', ...format]);
    await subscriptions(broker, 1);
    const properties = [
      ['response-topic', 'answer/1'],
      ['correlation-data', 'id-7'],
      ['content-type', 'text/plain'],
      ['message-expiry-interval', '60'],
      ['user-property', 'b', '1'],
      ['user-property', 'a', '2'],
      ['user-property', 'b', '3'],
    ].flatMap((property) => ['-D', 'publish', ...property]);
    await pub(t, port, '-V', '5', '-t', 'req/x', '-m', 'q', ...properties);
    t.equal(await peer.ended, 0);
    t.match(peer.stdout().trim(), /^req\/x\|q\|answer\/1\|id-7\|text\/plain\|b:1 a:2 b:3\|(60|59)$/);
  });

  t.test('a second client with the same identifier takes over, and the first is told', async (t) => {
    const { broker, port } = await startBroker(t);
    const first = sub(t, port, '-V', '5', '-i', 'same', '-t', 'x', '-d');
    await subscriptions(broker, 1);
    const second = sub(t, port, '-V', '311', '-i', 'same', '-t', 'y', '-C', '1');
    await first.sees(/DISCONNECT \(142\)|[Tt]aken over/);
    // It would come back and take over in turn.
    await first.kill();
    await eventually(() => broker.clients()[0]?.protocol === '3.1.1' && broker.router.counters().subscriptions === 1);
    t.match(broker.clients(), { length: 1 });
    await second.kill();
  });
});

for (const protocolVersion of [4, 5] as const) {
  t.test(`MQTT.js, protocol version ${protocolVersion}`, async (t) => {
    t.test('QoS 0, 1, 2 both ways, retained, unsubscribe', async (t) => {
      const { port } = await startBroker(t);
      const receiver = await connect(t, port, { protocolVersion });
      const sender = await connect(t, port, { protocolVersion });
      const received = inbox(receiver);
      await sender.publishAsync('t/kept', 'k', { qos: 1, retain: true });
      await receiver.subscribeAsync('t/#', { qos: 2 });
      await eventually(() => received.length === 1);
      for (const qos of levels) await sender.publishAsync(`t/${qos}`, `m${qos}`, { qos });
      await eventually(() => received.length === 4);
      t.same(texts(received), ['t/kept|k|q1|r1', 't/0|m0|q0|r0', 't/1|m1|q1|r0', 't/2|m2|q2|r0']);
      await receiver.unsubscribeAsync('t/#');
      await sender.publishAsync('t/after', 'x', { qos: 1 });
      await receiver.subscribeAsync('end');
      await sender.publishAsync('end', 'x', { qos: 1 });
      await eventually(() => received.some(({ text }) => text.startsWith('end')));
      t.equal(received.length, 5);
    });

    t.test('two thousand QoS 2 messages, each once and in order', async (t) => {
      const { broker, port } = await startBroker(t);
      const receiver = await connect(t, port, { protocolVersion });
      const sender = await connect(t, port, { protocolVersion });
      const received = inbox(receiver);
      await receiver.subscribeAsync('n', { qos: 2 });
      const window = 15;
      let next = 0;
      const worker = async () => {
        while (next < 2_000) await sender.publishAsync('n', `${next++}`, { qos: 2 });
      };
      await Promise.all(Array.from({ length: window }, worker));
      await eventually(() => received.length >= 2_000);
      t.same(
        received.map(({ text }) => Number(text.split('|')[1])),
        Array.from({ length: 2_000 }, (_, i) => i),
      );
      t.match(broker.router.counters(), { received: 2_000, delivered: 2_000, dropped: 0 });
    });

    t.test('a persistent session across a cut wire; the Will of the client that was cut', async (t) => {
      const { broker, port } = await startBroker(t);
      const options: IClientOptions = {
        protocolVersion,
        clientId: 'js',
        clean: false,
        will: { topic: 'w', payload: Buffer.from('bye'), qos: 1, retain: false },
        ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 300 } }),
      };
      const watcher = await connect(t, port, { protocolVersion });
      const seen = inbox(watcher);
      await watcher.subscribeAsync('w', { qos: 1 });
      const first = await connect(t, port, options);
      await first.subscribeAsync('p', { qos: 1 });
      first.stream.destroy();
      await eventually(() => seen.length === 1);
      t.same(texts(seen), ['w|bye|q1|r0']);
      await watcher.publishAsync('p', 'missed', { qos: 1 });
      t.match(
        broker.clients().filter(({ clientId }) => clientId === 'js'),
        [{ connected: false, queued: 1 }],
      );
      const second = mqtt.connect({ host: '127.0.0.1', port: Number(port), reconnectPeriod: 0, ...options });
      t.teardown(() => second.endAsync(true));
      const received = inbox(second);
      const present = new Promise((resolve) => second.on('connect', (connack) => resolve(connack.sessionPresent)));
      t.equal(await present, true);
      await eventually(() => received.length === 1);
      t.same(texts(received), ['p|missed|q1|r0']);
    });
  });
}

t.test('MQTT.js 5.0: request and response, Topic Alias, identifiers, take-over told with 0x8E', async (t) => {
  const { port } = await startBroker(t);
  const server = await connect(t, port, { protocolVersion: 5, clientId: 'server' });
  const client = await connect(t, port, { protocolVersion: 5, autoAssignTopicAlias: true });
  await server.subscribeAsync('cmd/#', { qos: 1, properties: { subscriptionIdentifier: 17 } });
  server.on('message', (_topic, payload, packet) => {
    const { responseTopic, correlationData, subscriptionIdentifier } = packet.properties ?? {};
    if (responseTopic === undefined || correlationData === undefined) return;
    server.publish(responseTopic, `${payload} by ${subscriptionIdentifier}`, { properties: { correlationData } });
  });
  const answers = inbox(client);
  await client.subscribeAsync('answer');
  for (const [index, payload] of ['one', 'two', 'three'].entries()) {
    const properties = { responseTopic: 'answer', correlationData: Buffer.from([index]) };
    await client.publishAsync('cmd/do', payload, { qos: 1, properties });
  }
  await eventually(() => answers.length === 3);
  t.same(
    answers.map(({ text, packet }) => [text, packet.properties?.correlationData?.[0]]),
    [
      ['answer|one by 17|q0|r0', 0],
      ['answer|two by 17|q0|r0', 1],
      ['answer|three by 17|q0|r0', 2],
    ],
  );
  const told = new Promise<number | undefined>((resolve) => {
    server.on('disconnect', ({ reasonCode }) => resolve(reasonCode));
  });
  await connect(t, port, { protocolVersion: 5, clientId: 'server' });
  t.equal(await told, 0x8e);
});

t.test(
  'a mosquitto bridge with its default settings',
  needs('mosquitto', 'mosquitto_pub', 'mosquitto_sub'),
  async (t) => {
    const { broker, port } = await startBroker(t);
    const far = String(await freePort());
    const lines = [
      `listener ${far} 127.0.0.1`,
      'allow_anonymous true',
      'connection bridge',
      `address 127.0.0.1:${port}`,
      'topic # both 1',
      'notifications false',
    ];
    const folder = t.testdir({ 'mosquitto.conf': `${lines.join('\n')}\n` });
    startPeer(t, 'mosquitto', ['-c', `${folder}/mosquitto.conf`]);
    await subscriptions(broker, 1);
    const here = sub(t, port, '-t', 'up', '-C', '1');
    await subscriptions(broker, 2);
    await pub(t, far, '-t', 'up', '-m', 'u', '-q', '1');
    t.equal(await here.ended, 0);
    t.equal(here.stdout(), 'up|u|q0|r0\n');
    await pub(t, port, '-t', 'down', '-m', 'd', '-q', '1', '-r');
    const there = sub(t, far, '-t', 'down', '-C', '1');
    t.equal(await there.ended, 0);
    t.match(there.stdout(), /^down\|d\|q0/);
    const later = sub(t, far, '-t', 'down', '-C', '1');
    t.equal(await later.ended, 0, 'retained over there, too');
    t.equal(later.stdout(), 'down|d|q0|r1\n');
  },
);
