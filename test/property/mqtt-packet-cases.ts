/** Control packets of every kind, as our codec writes them, with what has to be read back. */
import fc from 'fast-check';
import { encodePublish } from '../../src/broker/encode-publish.js';
import { createMessage, type PublishProperties, type QoS } from '../../src/core/message.js';
import { encodeAcknowledgement } from '../../src/core/mqtt/encode-acknowledgement.js';
import {
  encodeClientDisconnect,
  encodeConnect,
  encodeSubscribe,
  encodeUnsubscribe,
  PINGREQ,
} from '../../src/core/mqtt/encode-client-packets.js';
import {
  encodeConnack,
  encodeServerDisconnect,
  encodeSuback,
  encodeUnsuback,
  PINGRESP,
} from '../../src/core/mqtt/encode-server-packets.js';
import type { Properties } from '../../src/core/mqtt/properties.js';
import { packetBytes, remainingLength, writePublishHead } from '../../src/core/mqtt/publish.js';
import { topicNameFault } from '../../src/core/topic.js';

export type Version = 4 | 5;
export const version = fc.constantFrom<Version>(4, 5);
const qos = fc.constantFrom<QoS>(0, 1, 2);
const id = fc.integer({ min: 1, max: 0xffff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((s) => s.isWellFormed() && !s.includes('\0'));
const topic = fc
  .oneof(text, fc.string({ minLength: 100, maxLength: 200 }))
  .filter((s) => topicNameFault(s) === undefined);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
/** Names that no object has by itself, and each once: mqtt-packet makes an object of them. */
const userProperties = fc.uniqueArray(
  fc.tuple(
    text.map((name) => `n${name}`),
    text,
  ),
  {
    minLength: 1,
    maxLength: 4,
    selector: ([name]) => name,
  },
);

/** A packet, as it was written; as the other half of our codec must read it; as mqtt-packet must read it. */
export interface Case {
  readonly bytes: Buffer;
  readonly ours: object;
  readonly theirs: object;
}

const messageProperties: fc.Arbitrary<PublishProperties> = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    responseTopic: topic,
    correlationData: bytes,
    userProperties,
    contentType: text,
  },
  { requiredKeys: [] },
);

const theirProperties = ({ userProperties, ...rest }: Readonly<Properties> | PublishProperties): object => ({
  ...rest,
  ...(userProperties !== undefined && { userProperties: Object.fromEntries(userProperties) }),
});

interface PublishCase {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  readonly properties: PublishProperties;
}

const publishFields: fc.Arbitrary<PublishCase> = fc
  .record({ topic, payload: bytes, qos, retain: fc.boolean(), dup: fc.boolean(), id, properties: messageProperties })
  .map(({ id, ...fields }) => ({ ...fields, dup: fields.qos > 0 && fields.dup, packetId: fields.qos > 0 ? id : 0 }));

function publishCase(version: Version, written: Buffer, fields: PublishCase): Case {
  const { packetId, properties, ...rest } = fields;
  const has = version === 5 && Object.keys(properties).length > 0;
  return {
    bytes: written,
    ours: { type: 'publish', ...rest, packetIdentifier: packetId, properties: has ? { ...properties } : undefined },
    theirs: {
      cmd: 'publish',
      ...rest,
      ...(packetId > 0 && { messageId: packetId }),
      ...(has && { properties: theirProperties(properties) }),
    },
  };
}

const acknowledgement = (version: Version): fc.Arbitrary<Case> =>
  fc
    .tuple(
      fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'),
      id,
      fc.boolean(),
      fc.option(text, { nil: undefined }),
    )
    .map(([type, packetIdentifier, isRefused, said]) => {
      const refusal = type === 'puback' || type === 'pubrec' ? 0x97 : 0x92;
      const reasonCode = version === 5 && isRefused ? refusal : 0;
      const reasonString = version === 5 ? said : undefined;
      return {
        bytes: encodeAcknowledgement(type, packetIdentifier, version, reasonCode, reasonString),
        ours: { type, packetIdentifier, reasonCode, reasonString },
        theirs: {
          cmd: type,
          messageId: packetIdentifier,
          ...(version === 5 && { reasonCode }),
          ...(reasonString !== undefined && { properties: { reasonString } }),
        },
      };
    });

export const connectCase = (version: Version): fc.Arbitrary<Case> =>
  fc
    .record({
      clientId: text,
      cleanStart: fc.boolean(),
      keepAlive: uint16,
      will: fc.option(fc.record({ topic, payload: text, qos }), { nil: undefined }),
      username: text,
      password: text,
      sessionExpiryInterval: uint32,
      receiveMaximum: id,
      maximumPacketSize: fc.integer({ min: 1, max: 0xffff_ffff }),
      topicAliasMaximum: uint16,
      userProperties: fc.oneof(userProperties, fc.constant([])),
    })
    .map((fields) => {
      const { clientId, cleanStart, keepAlive, will, username, password, userProperties, ...limits } = fields;
      const properties = {
        sessionExpiryInterval: limits.sessionExpiryInterval,
        receiveMaximum: limits.receiveMaximum,
        maximumPacketSize: limits.maximumPacketSize,
        topicAliasMaximum: limits.topicAliasMaximum,
        ...(userProperties.length > 0 && { userProperties }),
      };
      const willFields = will && { ...will, payload: Buffer.from(will.payload), retain: true };
      return {
        bytes: encodeConnect({ version, isBridge: false, ...fields }),
        ours: {
          type: 'connect',
          protocolVersion: version,
          isBridge: false,
          clientId,
          cleanStart,
          keepAlive,
          will: willFields && { ...willFields, properties: {} },
          username,
          password: Buffer.from(password),
          properties: version === 5 ? properties : {},
        },
        theirs: {
          cmd: 'connect',
          protocolVersion: version,
          clientId,
          clean: cleanStart,
          keepalive: keepAlive,
          username,
          password: Buffer.from(password),
          ...(willFields && { will: { ...willFields } }),
          ...(version === 5 && { properties: theirProperties(properties) }),
        },
      };
    });

/** What our client writes after CONNECT. */
export const clientCase = (version: Version): fc.Arbitrary<Case> =>
  fc.oneof(
    publishFields.map((fields) => {
      const message = { ...fields, expirySeconds: undefined };
      const remaining = remainingLength(message, version, 0);
      const written = Buffer.alloc(packetBytes(remaining));
      message.payload.copy(written, writePublishHead(written, 0, message, version, 0, remaining));
      return publishCase(version, written, fields);
    }),
    acknowledgement(version),
    fc.tuple(id, topic, qos, fc.boolean(), fc.boolean()).map(([packetIdentifier, filter, qos, noLocal, onlyNew]) => {
      const [nl, rap, rh] = version === 5 ? [noLocal, true, onlyNew ? 1 : 0] : [false, false, 0];
      return {
        bytes: encodeSubscribe(version, packetIdentifier, filter, { qos, noLocal, onlyNew }),
        ours: {
          type: 'subscribe',
          packetIdentifier,
          subscriptions: [{ filter, qos, noLocal: nl, retainAsPublished: rap, retainHandling: rh, identifiers: [] }],
        },
        theirs: {
          cmd: 'subscribe',
          messageId: packetIdentifier,
          subscriptions: [{ topic: filter, qos, ...(version === 5 && { nl, rap, rh }) }],
        },
      };
    }),
    fc.tuple(id, topic).map(([packetIdentifier, filter]) => ({
      bytes: encodeUnsubscribe(version, packetIdentifier, filter),
      ours: { type: 'unsubscribe', packetIdentifier, filters: [filter] },
      theirs: { cmd: 'unsubscribe', messageId: packetIdentifier, unsubscriptions: [filter] },
    })),
    fc.constant({ bytes: PINGREQ, ours: { type: 'pingreq' }, theirs: { cmd: 'pingreq' } }),
    fc
      .constantFrom(0x00, 0x04, 0x93)
      .map((code) => disconnectCase(version, code, encodeClientDisconnect(version, code))),
  );

function disconnectCase(version: Version, code: number, bytes: Buffer, said: Readonly<Properties> = {}): Case {
  const reasonCode = version === 5 ? code : 0;
  return {
    bytes,
    ours: {
      type: 'disconnect',
      reasonCode,
      sessionExpiryInterval: undefined,
      reasonString: said.reasonString,
      serverReference: said.serverReference,
    },
    theirs: {
      cmd: 'disconnect',
      ...(version === 5 && { reasonCode }),
      ...(Object.keys(said).length > 0 && { properties: said }),
    },
  };
}

const connackProperties: fc.Arbitrary<Properties> = fc.record(
  {
    sessionExpiryInterval: uint32,
    receiveMaximum: id,
    maximumPacketSize: fc.integer({ min: 1, max: 0xffff_ffff }),
    assignedClientIdentifier: text,
    topicAliasMaximum: uint16,
    reasonString: text,
    wildcardSubscriptionAvailable: fc.boolean(),
    subscriptionIdentifiersAvailable: fc.boolean(),
    sharedSubscriptionAvailable: fc.boolean(),
    serverKeepAlive: uint16,
    responseInformation: text,
    serverReference: text,
    authenticationMethod: text,
    authenticationData: bytes,
    userProperties,
  },
  { requiredKeys: [] },
);

export const connackCase = (version: Version): fc.Arbitrary<Case> =>
  fc.tuple(fc.boolean(), connackProperties).map(([sessionPresent, properties]) => {
    const has = version === 5 && Object.keys(properties).length > 0;
    return {
      bytes: encodeConnack(version, 0, sessionPresent, properties),
      ours: { type: 'connack', sessionPresent, reasonCode: 0, properties: has ? { ...properties } : undefined },
      theirs: {
        cmd: 'connack',
        sessionPresent,
        [version === 5 ? 'reasonCode' : 'returnCode']: 0,
        ...(has && { properties: theirProperties(properties) }),
      },
    };
  });

/** What our server writes after CONNACK. */
export const serverCase = (version: Version): fc.Arbitrary<Case> =>
  fc.oneof(
    publishFields.map((fields) => {
      const { packetId, dup, qos, retain, ...content } = fields;
      const message = createMessage({ ...content, origin: 'client:a', receivedAt: 0 });
      const flags = { qos, retain, dup, identifiers: [], now: 0, alias: 0 };
      const { bytes, identifierAt } = encodePublish(message, version, flags);
      if (qos > 0) bytes.writeUInt16BE(packetId, identifierAt);
      return publishCase(version, bytes, fields);
    }),
    acknowledgement(version),
    fc
      .tuple(
        id,
        fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1, maxLength: 5 }),
        fc.option(text),
        fc.boolean(),
      )
      .map(([packetIdentifier, granted, said, isSuback]) => {
        // UNSUBACK has other codes (§3.11.3).
        const codes = isSuback ? granted : granted.map((code) => (code === 1 || code === 2 ? 0x11 : code));
        const reasonString = version === 5 ? (said ?? undefined) : undefined;
        const encode = isSuback ? encodeSuback : encodeUnsuback;
        const reasonCodes = isSuback || version === 5 ? codes : [];
        return {
          bytes: encode(version, packetIdentifier, codes, reasonString),
          ours: {
            type: isSuback ? 'suback' : 'unsuback',
            packetIdentifier,
            reasonCodes: Buffer.from(reasonCodes),
            reasonString,
          },
          theirs: {
            cmd: isSuback ? 'suback' : 'unsuback',
            messageId: packetIdentifier,
            ...(reasonCodes.length > 0 && { granted: reasonCodes }),
            ...(reasonString !== undefined && { properties: { reasonString } }),
          },
        };
      }),
    fc.constant({ bytes: PINGRESP, ours: { type: 'pingresp' }, theirs: { cmd: 'pingresp' } }),
    ...(version === 5
      ? [
          fc
            .record({ reasonString: text, serverReference: text }, { requiredKeys: [] })
            .map((said) => disconnectCase(5, 0x9d, encodeServerDisconnect(0x9d, said), said)),
        ]
      : []),
  );
