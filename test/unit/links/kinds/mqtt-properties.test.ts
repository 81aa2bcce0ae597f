import { generate, parser } from 'mqtt-packet';
import t from 'tap';
import { createMessage, type PublishProperties } from '../../../../src/core/message.js';
import { fromMqttProperties, publishBytes, toMqttProperties } from '../../../../src/links/kinds/mqtt-properties.js';

const full: PublishProperties = {
  payloadFormatIndicator: true,
  contentType: 'text/plain',
  responseTopic: 'answers/ü',
  correlationData: Buffer.from([0, 1, 2]),
  userProperties: [
    ['b', '1'],
    ['__proto__', '2'],
    ['b', '3'],
  ],
};

const packetOf = (topic: string, payload: Buffer, qos: 0 | 1, properties: object | undefined) =>
  generate({ cmd: 'publish', topic, payload, qos, messageId: 7, dup: false, retain: false, properties } as never, {
    protocolVersion: 5,
  });

t.test('properties survive the codec; repeated user properties and odd names too', async (t) => {
  let back: PublishProperties | undefined;
  let expiry: number | undefined;
  const theirs = parser({ protocolVersion: 5 });
  theirs.on('packet', (packet) => {
    if (packet.cmd !== 'publish') return;
    back = fromMqttProperties(packet.properties);
    expiry = packet.properties?.messageExpiryInterval;
  });
  theirs.parse(packetOf('a', Buffer.from('x'), 1, toMqttProperties(full, 30)));
  t.equal(expiry, 30);
  t.match(back, { ...full, userProperties: [] });
  t.strictSame(back?.userProperties?.toSorted(), [...(full.userProperties ?? [])].toSorted());
  t.equal(fromMqttProperties(undefined), undefined);
  t.equal(
    fromMqttProperties({ topicAlias: 3, subscriptionIdentifier: 9 }),
    undefined,
    'those of a connection stay there',
  );
});

t.test('user properties are written in their order [MQTT 5.0 §3.3.2.3.7]', async (t) => {
  const bytes = packetOf('a', Buffer.from('x'), 1, toMqttProperties(full, undefined)).toString('latin1');
  const at = ['\x01b\x00\x011', '__proto__\x00\x012', '\x01b\x00\x013'].map((text) => bytes.indexOf(text));
  t.ok(at[0]! > 0 && at[0]! < at[1]! && at[1]! < at[2]!, `${at}`);
});

t.test('the size of a packet is exact', async (t) => {
  for (const payloadBytes of [0, 1, 100, 127, 128, 16_383, 16_384, 70_000]) {
    for (const qos of [0, 1] as const) {
      for (const properties of [undefined, full, { contentType: 'x'.repeat(200) }]) {
        for (const expirySeconds of [undefined, 1]) {
          const payload = Buffer.alloc(payloadBytes, 1);
          const source = createMessage({
            topic: 'plants/ü',
            payload,
            origin: 'client:x',
            receivedAt: 0,
            qos,
            properties,
          });
          const theirs = toMqttProperties(properties, expirySeconds);
          const expected = packetOf(source.topic, payload, qos, theirs).length;
          const bytes = publishBytes({ ...source, expirySeconds, packetId: 0, dup: false }, 5);
          if (bytes !== expected) t.fail(`${payloadBytes} bytes, QoS ${qos}: ${bytes}, expected ${expected}`);
        }
      }
    }
  }
  const source = createMessage({
    topic: 'a/b',
    payload: 'xyz',
    origin: 'client:x',
    receivedAt: 0,
    qos: 1,
    properties: full,
  });
  t.equal(
    publishBytes({ ...source, expirySeconds: undefined, packetId: 0, dup: false }, 4),
    2 + 5 + 2 + 3,
    'protocol 4 has no properties',
  );
});
