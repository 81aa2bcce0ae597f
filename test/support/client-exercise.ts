/** What every foreign MQTT client has to be able to do with the broker, in both versions of the protocol. */
import type { Test } from 'tap';
import type { RemoteClient, RemoteFields } from './remote-client.js';
import { isAbsent, startBroker, Witness } from './served-broker.js';

export type StartClient = (t: Test) => RemoteClient;

const levels = [0, 1, 2] as const;

async function connected(t: Test, start: StartClient, port: number, fields: RemoteFields): Promise<RemoteClient> {
  const client = start(t);
  client.tell('connect', { port, ...fields });
  t.match(await client.next('connack'), { code: '0' });
  return client;
}

async function subscribe(t: Test, client: RemoteClient, filter: string, qos: number, fields: RemoteFields = {}) {
  client.tell('subscribe', { filter, qos, ...fields });
  t.equal((await client.next('suback')).codes, String(qos), `${filter} is granted`);
}

export function clientExercise(t: Test, start: StartClient): void {
  for (const version of [4, 5] as const) {
    const name = version === 5 ? '5.0' : '3.1.1';

    t.test(`${name}: QoS 0, 1 and 2 in both directions, retained messages, unsubscribe`, async (t) => {
      const { port } = await startBroker(t);
      const witness = await Witness.connect(t, port);
      await witness.client.subscribeAsync('up/#', { qos: 2 });
      const client = await connected(t, start, port, { version, clientId: 'peer' });
      await subscribe(t, client, 'down/+/#', 2);
      for (const qos of levels) client.tell('publish', { topic: `up/${qos}`, payload: `ä${qos}`, qos });
      t.same(
        await witness.texts(3),
        levels.map((qos) => `up/${qos}|ä${qos}|q${qos}|r0`),
      );
      for (let i = 0; i < 2; i++) await client.next('puback');
      for (const qos of levels) await witness.client.publishAsync(`down/x/${qos}`, `ü${qos}`, { qos });
      t.same(
        await client.messages(3),
        levels.map((qos) => `down/x/${qos}|ü${qos}|q${qos}|r0`),
      );
      client.tell('publish', { topic: 'up/kept', payload: 'k', qos: 1, retain: 1 });
      await client.next('puback');
      await subscribe(t, client, 'up/kept', 1);
      t.same(await client.messages(1), ['up/kept|k|q1|r1']);
      client.tell('publish', { topic: 'up/kept', qos: 1, retain: 1 });
      t.same(await client.messages(1), ['up/kept||q1|r0'], 'an empty one clears it and reaches those who are there');
      client.tell('unsubscribe', { filter: 'down/+/#' });
      await client.next('unsuback');
      await witness.client.publishAsync('down/x/after', 'x', { qos: 1 });
      await witness.client.publishAsync('up/kept', 'end', { qos: 1 });
      t.same(await client.messages(1), ['up/kept|end|q1|r0']);
      client.tell('disconnect');
    });

    t.test(`${name}: the Will of a killed client; its session keeps what it missed, in order`, async (t) => {
      const { broker, port } = await startBroker(t);
      const witness = await Witness.connect(t, port);
      await witness.client.subscribeAsync('will', { qos: 2 });
      const session = { version, clientId: 'keeper', clean: 0, ...(version === 5 && { expiry: 300 }) };
      const will = { willTopic: 'will', willPayload: 'gone', willQos: 1, willRetain: 0 };
      const first = start(t);
      first.tell('connect', { port, ...session, ...will });
      const fresh = await first.next('connack');
      t.same([fresh.code, fresh.present ?? '0'], ['0', '0']);
      await subscribe(t, first, 'q/#', 2);
      await first.peer.kill();
      t.same(await witness.texts(), ['will|gone|q1|r0']);
      await isAbsent(broker, 'keeper');
      let sent = 0;
      for (const qos of [...levels, ...levels]) await witness.client.publishAsync('q/x', `m${sent++}`, { qos });
      const second = start(t);
      second.tell('connect', { port, ...session });
      const again = await second.next('connack');
      t.same([again.code, again.present ?? '1'], ['0', '1']);
      const missed = await second.messages(4);
      // Libraries hand a QoS 2 message over at PUBREL, so only the order within a QoS shows.
      t.same(
        [1, 2].map((qos) => missed.filter((text) => text.includes(`|q${qos}|`))),
        [
          ['q/x|m1|q1|r0', 'q/x|m4|q1|r0'],
          ['q/x|m2|q2|r0', 'q/x|m5|q2|r0'],
        ],
      );
      t.same(second.left('message'), []);
      second.tell('disconnect');
    });

    t.test(`${name}: a refused subscription is seen, the others stand`, async (t) => {
      const { port } = await startBroker(t, { subscriptions: 1 });
      const client = await connected(t, start, port, { version, clientId: 'peer' });
      await subscribe(t, client, 'a', 1);
      client.tell('subscribe', { filter: 'b', qos: 1 });
      t.equal((await client.next('suback')).codes, version === 5 ? String(0x97) : String(0x80));
      client.tell('publish', { topic: 'a', payload: 'x', qos: 1 });
      t.same(await client.messages(1), ['a|x|q1|r0']);
    });

    t.test(`${name}: two hundred QoS 2 messages each way, each once and in order`, async (t) => {
      const { port } = await startBroker(t, { queuedMessages: 1_000 });
      const witness = await Witness.connect(t, port);
      await witness.client.subscribeAsync('up', { qos: 2 });
      const client = await connected(t, start, port, { version, clientId: 'peer' });
      await subscribe(t, client, 'down', 2);
      const numbers = Array.from({ length: 200 }, (_, i) => `${i}`);
      for (const payload of numbers) client.tell('publish', { topic: 'up', payload, qos: 2 });
      t.same(
        await witness.texts(200),
        numbers.map((payload) => `up|${payload}|q2|r0`),
      );
      for (const payload of numbers) await witness.client.publishAsync('down', payload, { qos: 2 });
      t.same(
        await client.messages(200),
        numbers.map((payload) => `down|${payload}|q2|r0`),
      );
    });
  }

  t.test('5.0: properties travel both ways', async (t) => {
    const { port } = await startBroker(t);
    const witness = await Witness.connect(t, port);
    await witness.client.subscribeAsync('up', { qos: 1, properties: { subscriptionIdentifier: 5 } });
    const client = await connected(t, start, port, { version: 5, clientId: 'peer' });
    await subscribe(t, client, 'down', 1, { identifier: 7 });
    await subscribe(t, client, 'down/#', 2, { identifier: 268_435_455 });
    const user = ['b:1', 'a:2', 'b:3', 'ä:'];
    const properties = { response: 'answer/ä', correlation: 'id-7', type: 'text/plain', expiry: 60, format: 1, user };
    client.tell('publish', { topic: 'up', payload: 'q', qos: 1, ...properties });
    const [item] = await witness.next();
    const { userProperties, ...seen } = item!.packet.properties ?? {};
    t.same(seen, {
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      contentType: 'text/plain',
      responseTopic: 'answer/ä',
      correlationData: Buffer.from('id-7'),
      subscriptionIdentifier: 5,
    });
    t.same({ ...userProperties }, { b: ['1', '3'], a: '2', ä: '' });
    await witness.client.publishAsync('down', 'a', {
      qos: 2,
      properties: {
        payloadFormatIndicator: true,
        messageExpiryInterval: 60,
        contentType: 'application/json',
        responseTopic: 'r',
        correlationData: Buffer.from('id-8'),
        userProperties: { x: ['1', '2'], y: '3' },
      },
    });
    const { identifiers, ...message } = await client.next('message');
    t.same(message, {
      kind: 'message',
      topic: 'down',
      payload: 'a',
      qos: '2',
      retain: '0',
      dup: '0',
      response: 'r',
      correlation: 'id-8',
      type: 'application/json',
      expiry: '60',
      format: '1',
      user: ['x:1', 'x:2', 'y:3'],
    });
    const sorted = String(identifiers).split(',').sort();
    t.same(sorted, ['268435455', '7'], 'one copy, with the identifiers of both subscriptions');
    t.same(client.left('message'), []);
  });

  t.test('5.0: Assigned Client Identifier; the Reason Code of a take-over', async (t) => {
    const { broker, port } = await startBroker(t);
    const nameless = start(t);
    nameless.tell('connect', { port, version: 5, clientId: '' });
    const { assigned } = await nameless.next('connack');
    t.same(
      broker.clients().map(({ clientId }) => clientId),
      [assigned],
    );
    nameless.tell('disconnect');
    const first = await connected(t, start, port, { version: 5, clientId: 'same' });
    await connected(t, start, port, { version: 5, clientId: 'same' });
    t.equal((await first.next('closed')).code, String(0x8e));
  });

  t.test('5.0: No Local, Retain As Published, Retain Handling', async (t) => {
    const { port } = await startBroker(t);
    const witness = await Witness.connect(t, port);
    await witness.client.publishAsync('o/kept', 'k', { qos: 1, retain: true });
    const client = await connected(t, start, port, { version: 5, clientId: 'peer' });
    await subscribe(t, client, 'o/#', 1, { noLocal: 1, retainAsPublished: 1, retainHandling: 2 });
    client.tell('publish', { topic: 'o/own', payload: 'x', qos: 1 });
    await client.next('puback');
    await witness.client.publishAsync('o/live', 'l', { qos: 1, retain: true });
    t.same(await client.messages(1), ['o/live|l|q1|r1'], 'neither its own nor what was retained before');
  });

  t.test('5.0: a shared subscription; a member that is killed costs no message', async (t) => {
    const { port } = await startBroker(t);
    const witness = await Witness.connect(t, port);
    const members = await Promise.all(
      ['a', 'b'].map((clientId) => connected(t, start, port, { version: 5, clientId, clean: 1 })),
    );
    for (const member of members) await subscribe(t, member, '$share/g/jobs', 1);
    for (let i = 0; i < 10; i++) await witness.client.publishAsync('jobs', `${i}`, { qos: 1 });
    const [first, second] = members;
    const half = await Promise.all(members.map((member) => member.messages(5)));
    t.same(
      half.flat().toSorted(),
      Array.from({ length: 10 }, (_, i) => `jobs|${i}|q1|r0`),
      'in turn, each once',
    );
    await first!.peer.kill();
    for (let i = 0; i < 4; i++) await witness.client.publishAsync('jobs', `later${i}`, { qos: 1 });
    const rest = await second!.messages(4);
    t.same(
      rest.toSorted(),
      Array.from({ length: 4 }, (_, i) => `jobs|later${i}|q1|r0`),
      'all to the one that is left',
    );
  });
}
