/** mosquitto's clients against the broker, further: mosquitto_rr, shared subscriptions, a delayed Will, refusals. */
import t, { type Test } from 'tap';
import { eventually, needs, type Peer, startPeer } from '../support/peers.js';
import { startBroker, subscriptions, Witness } from '../support/served-broker.js';

const FORMAT = ['-F', '%t|%p|q%q|r%r'];

function sub(t: Test, port: number, ...args: readonly string[]): Peer {
  return startPeer(t, 'stdbuf', ['-oL', 'mosquitto_sub', '-p', String(port), ...FORMAT, ...args]);
}

async function pub(t: Test, port: number, ...args: readonly string[]): Promise<void> {
  const peer = startPeer(t, 'mosquitto_pub', ['-p', String(port), ...args]);
  t.equal(await peer.ended, 0, `mosquitto_pub ${args.join(' ')} ${peer.stderr()}`);
}

const lines = (peer: Peer) =>
  peer
    .stdout()
    .trim()
    .split('\n')
    .filter((line) => line !== '');

t.test('mosquitto clients, further', needs('mosquitto_pub', 'mosquitto_sub', 'mosquitto_rr', 'stdbuf'), async (t) => {
  for (const version of ['311', '5'] as const) {
    t.test(`mosquitto_rr -V ${version}: a request of each QoS gets its response`, async (t) => {
      const { port } = await startBroker(t);
      const responder = await Witness.connect(t, port);
      await responder.client.subscribeAsync('requests/#', { qos: 2 });
      for (const qos of [0, 1, 2] as const) {
        const request = [
          '-V',
          version,
          '-t',
          `requests/${qos}`,
          '-e',
          `answers/${qos}`,
          '-m',
          'how much?',
          '-q',
          `${qos}`,
        ];
        const peer = startPeer(t, 'mosquitto_rr', ['-p', String(port), ...request, '-F', '%t|%p|q%q']);
        const [item] = await responder.next();
        t.equal(item?.text, `requests/${qos}|how much?|q${qos}|r0`);
        const { responseTopic, correlationData } = item?.packet.properties ?? {};
        t.equal(responseTopic, version === '5' ? `answers/${qos}` : undefined);
        const properties = correlationData === undefined ? {} : { properties: { correlationData } };
        await responder.client.publishAsync(`answers/${qos}`, '71.4', { qos, ...properties });
        t.equal(await peer.ended, 0, peer.stderr());
        t.equal(peer.stdout().trim(), `answers/${qos}|71.4|q${qos}`);
      }
    });

    t.test(`mosquitto_sub -V ${version}: a shared subscription gives each message to one of its clients`, async (t) => {
      const { broker, port } = await startBroker(t);
      const members = ['a', 'b', 'c'].map((id) =>
        sub(t, port, '-V', version, '-i', id, '-t', '$share/g/jobs/#', '-q', '1'),
      );
      await eventually(() => broker.clients().filter((client) => client.subscriptions > 0).length === 3);
      const all = sub(t, port, '-V', version, '-t', 'jobs/#', '-q', '1', '-C', '30');
      await eventually(() => broker.clients().filter((client) => client.subscriptions > 0).length === 4);
      const sender = await Witness.connect(t, port);
      const jobs = Array.from({ length: 30 }, (_, i) => `jobs/x|${i}|q1|r0`);
      for (let i = 0; i < 30; i++) await sender.client.publishAsync('jobs/x', `${i}`, { qos: 1 });
      t.equal(await all.ended, 0);
      t.same(lines(all), jobs, 'a subscription of its own gets them all');
      await eventually(() => members.flatMap(lines).length >= 30);
      t.same(members.flatMap(lines).toSorted(), jobs.toSorted(), 'each job once');
      for (const member of members) t.ok(lines(member).length >= 5, `a fair share: ${lines(member).length}`);
    });

    t.test(`mosquitto_sub -V ${version}: a refused subscription is told`, async (t) => {
      const { port } = await startBroker(t, { subscriptions: 1 });
      const peer = sub(t, port, '-V', version, '-d', '-t', 'a', '-t', 'b', '-q', '1');
      await peer.sees(version === '5' ? /Subscribed \(mid: 1\): 1, 151/ : /Subscribed \(mid: 1\): 1, 128/);
    });
  }

  t.test('mosquitto_pub -V 5: a topic alias; a refusal has its Reason Code', async (t) => {
    const { port } = await startBroker(t);
    const witness = await Witness.connect(t, port);
    await witness.client.subscribeAsync('#', { qos: 1 });
    await pub(t, port, '-V', '5', '-t', 'aliased', '-m', 'x', '-q', '1', '-D', 'publish', 'topic-alias', '3');
    t.same(await witness.texts(), ['aliased|x|q1|r0']);
    const args = ['-p', String(port), '-V', '5', '-d', '-t', '$SYS/broker/x', '-m', 'x', '-q', '1'];
    const refused = startPeer(t, 'mosquitto_pub', args);
    await refused.ended;
    t.match(refused.stdout() + refused.stderr(), /rc135|RC:135|not authorised/i);
  });

  t.test(
    'mosquitto_sub -V 5: a Will with a delay is sent when its time is over, and not before a reconnect',
    async (t) => {
      const { broker, port } = await startBroker(t);
      const watcher = await Witness.connect(t, port);
      await watcher.client.subscribeAsync('will/#', { qos: 1 });
      const victim = ['-V', '5', '-c', '-x', '60', '-t', 'nothing', '--will-qos', '1', '--will-payload', 'gone'];
      const delayed = (seconds: number) => [
        '-D',
        'will',
        'will-delay-interval',
        String(seconds),
        '-D',
        'will',
        'content-type',
        'text/x',
      ];
      const first = sub(t, port, '-i', 'back', ...victim, '--will-topic', 'will/back', ...delayed(1));
      const second = sub(t, port, '-i', 'lost', ...victim, '--will-topic', 'will/lost', ...delayed(1));
      await subscriptions(broker, 2);
      const killedAt = performance.now();
      await Promise.all([first.kill(), second.kill()]);
      await eventually(() => broker.clients().filter(({ connected }) => !connected).length === 2);
      sub(t, port, '-i', 'back', '-V', '5', '-c', '-x', '60', '-t', 'nothing');
      const [item] = await watcher.next();
      t.equal(item?.text, 'will/lost|gone|q1|r0');
      t.equal(item?.packet.properties?.contentType, 'text/x');
      t.ok(performance.now() - killedAt > 900, 'not before its delay');
    },
  );
});
