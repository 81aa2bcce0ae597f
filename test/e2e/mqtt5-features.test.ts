/** What MQTT 5.0 added, with foreign clients: shared subscriptions, topic aliases towards clients, enhanced authentication. */
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import t, { type Test } from 'tap';
import { type Access, unrestricted } from '../../src/broker/access/access.js';
import { type Broker, createBroker } from '../../src/broker/broker.js';
import { ReasonCode, Refusal } from '../../src/broker/reason-codes.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { brokerConfig } from '../support/broker-config.js';
import { eventually, needs, type Peer, startPeer } from '../support/peers.js';

async function startBroker(t: Test, access?: Access): Promise<{ broker: Broker; port: string }> {
  const config = brokerConfig();
  const broker = createBroker({
    config,
    gatewayId: 'e2e',
    log: silentLog,
    clock: systemClock,
    ...(access && { access }),
  });
  t.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(60_000));
  return { broker, port: broker.addresses()[0]!.split(':')[1]! };
}

async function connect(t: Test, port: string, options: IClientOptions): Promise<MqttClient> {
  const client = mqtt.connect({
    host: '127.0.0.1',
    port: Number(port),
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options,
  });
  t.teardown(() => client.endAsync(true));
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  return client;
}

const lines = (peer: Peer) => peer.stdout().split('\n').filter(Boolean);

t.test('mosquitto: two members of a group share; when one is killed the other has everything', async (t) => {
  for (const version of ['311', '5'] as const) {
    t.test(`-V ${version}`, needs('mosquitto_pub', 'mosquitto_sub', 'stdbuf'), async (t) => {
      const { broker, port } = await startBroker(t);
      const sub = (id: string) =>
        startPeer(t, 'stdbuf', [
          ...['-oL', 'mosquitto_sub', '-p', port, '-V', version, '-i', id],
          ...['-t', '$share/workers/jobs/#', '-q', '1', '-F', '%p'],
        ]);
      const [a, b] = [sub('a'), sub('b')];
      await eventually(() => broker.router.counters().subscriptions === 2);
      const publish = async (from: number, count: number) => {
        const jobs = Array.from({ length: count }, (_, i) => `${from + i}\n`).join('');
        const peer = startPeer(t, 'mosquitto_pub', ['-p', port, '-V', version, '-t', 'jobs/x', '-q', '1', '-l']);
        peer.child.stdin?.end(jobs);
        t.equal(await peer.ended, 0);
      };
      await publish(0, 20);
      await eventually(() => lines(a).length + lines(b).length === 20);
      t.same([lines(a).length, lines(b).length], [10, 10]);
      t.equal(new Set([...lines(a), ...lines(b)]).size, 20, 'none twice');
      await a.kill('SIGKILL');
      await publish(20, 5);
      await eventually(() => lines(b).length === 15);
      t.same(lines(b).slice(10), ['20', '21', '22', '23', '24']);
    });
  }
});

t.test('MQTT.js resolves the Topic Aliases it is sent', async (t) => {
  const { port } = await startBroker(t);
  const client = await connect(t, port, { properties: { topicAliasMaximum: 2 } });
  const got: { topic: string; packet: IPublishPacket }[] = [];
  client.on('message', (topic, _payload, packet) => got.push({ topic, packet }));
  await client.subscribeAsync('#', { qos: 1 });
  const topics = ['a/1', 'a/1', 'a/2', 'a/3', 'a/1', 'a/3'];
  for (const topic of topics) await client.publishAsync(topic, 'x', { qos: 1 });
  await eventually(() => got.length === topics.length);
  t.same(
    got.map(({ topic }) => topic),
    topics,
  );
  t.ok(
    got.every(({ packet }) => packet.properties?.topicAlias !== undefined),
    'all of them had one',
  );
});

t.test('MQTT.js proves itself with AUTH', async (t) => {
  const access: Access = {
    authenticate: () => new Refusal(ReasonCode.notAuthorized, 'by AUTH only'),
    exchange: () => {
      let steps = 0;
      return {
        step: (data) => {
          if (steps++ === 0) return { result: 'continue', data: Buffer.from('and the word is?') };
          if (String(data) !== 'sesame') return new Refusal(ReasonCode.notAuthorized, 'the wrong word');
          return {
            result: 'success',
            identity: { user: 'ali', permissions: unrestricted },
            data: Buffer.from('open'),
          };
        },
      };
    },
  };
  const { broker, port } = await startBroker(t, access);
  const properties = { authenticationMethod: 'word', authenticationData: Buffer.from('hello') };
  const attempt = async (word: string) => {
    const client = mqtt.connect({
      host: '127.0.0.1',
      port: Number(port),
      protocolVersion: 5,
      reconnectPeriod: 0,
      manualConnect: true,
      properties,
    });
    t.teardown(() => client.endAsync(true));
    client.handleAuth = (_packet, callback) => {
      const authenticationData = Buffer.from(word);
      callback(undefined, {
        cmd: 'auth',
        reasonCode: 0x18,
        properties: { authenticationMethod: 'word', authenticationData },
      });
    };
    const connected = new Promise((resolve, reject) => {
      client.once('connect', resolve);
      client.once('error', reject);
    });
    client.connect();
    return connected;
  };
  t.match(await attempt('sesame'), { reasonCode: 0, properties: { authenticationData: Buffer.from('open') } });
  t.equal(broker.clients().length, 1);
  await t.rejects(attempt('barley'), /Not authorized/i);
  await eventually(() => broker.connections() === 1);
});
