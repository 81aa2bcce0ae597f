/** Control packets of each kind: as they should be, and wrong in the ways the specifications name. */
import * as mqtt from '../support/mqtt-writer.js';
import type { Draft } from './generate.js';

export type Kind =
  | 'CONNECT'
  | 'PUBLISH'
  | 'SUBSCRIBE'
  | 'UNSUBSCRIBE'
  | 'DISCONNECT'
  | 'PINGREQ'
  | mqtt.AcknowledgementName;

type Pair = readonly [id: number, value: mqtt.Value];

const NEVER = 0xffff_ffff;

/** A right one, as far as that can be said without knowing the connection. */
export function packet(draft: Draft, version: mqtt.Version, kind: Kind, clientId: string): Buffer {
  switch (kind) {
    case 'CONNECT':
      return mqtt.connect(connectInit(draft, version, clientId));
    case 'PUBLISH':
      return mqtt.publish(publishInit(draft, version));
    case 'SUBSCRIBE':
      return subscribe(draft, version);
    case 'UNSUBSCRIBE':
      return mqtt.unsubscribe(version, draft.id(), [draft.choice.pick(draft.names.filters)], userProperties(draft));
    case 'DISCONNECT':
      return disconnect(draft, version);
    case 'PINGREQ':
      return mqtt.PINGREQ;
    default: {
      const { choice } = draft;
      const codes = kind === 'PUBREL' || kind === 'PUBCOMP' ? [0x00, 0x92] : [0x00, 0x10, 0x80, 0x83, 0x97];
      if (version < 5 || choice.chance(0.6)) return mqtt.acknowledgement(kind, draft.id());
      return mqtt.acknowledgement(
        kind,
        draft.id(),
        choice.pick(codes),
        choice.chance(0.3)
          ? [
              [0x1f, 'why'],
              [0x26, ['k', 'v']],
            ]
          : undefined,
      );
    }
  }
}

function connectInit(draft: Draft, version: mqtt.Version, clientId: string): mqtt.ConnectInit {
  const { choice } = draft;
  const clean = choice.chance(0.55);
  const properties: Pair[] = [];
  const maybe = (probability: number, ...pairs: Pair[]) => {
    if (choice.chance(probability)) properties.push(...pairs);
  };
  maybe(0.5, [0x11, choice.pick([0, 3_600, 86_400, NEVER])]);
  maybe(0.15, [0x21, choice.pick([1, 2, 20, 0xffff])]);
  maybe(0.1, [0x22, choice.pick([0, 1, 5, 10])]);
  maybe(0.08, [0x27, choice.pick([40, 60, 300, 100_000])]);
  maybe(0.06, [0x17, choice.pick([0, 1])]);
  maybe(0.06, [0x19, choice.pick([0, 1])]);
  maybe(0.06, [0x26, ['k', 'v']], [0x26, ['k', 'w']]);
  return {
    version,
    clientId: choice.chance(0.03) && (version === 5 || (version === 4 && clean)) ? '' : clientId,
    clean,
    keepAlive: choice.pick([0, 60, 0xffff]),
    will: choice.chance(0.25) ? will(draft) : undefined,
    ...(choice.chance(0.1) && { username: 'u', password: 'p' }),
    properties,
  };
}

function will(draft: Draft): mqtt.WillInit {
  const { choice, names } = draft;
  return {
    topic: choice.pick(names.topics),
    payload: draft.payload(),
    qos: choice.below(3),
    retain: choice.chance(0.3),
    // A delay is either none or longer than the scenario: the broker's clock runs.
    properties: [
      ...(choice.chance(0.3) ? [[0x18, choice.pick([0, 5_000])] as const] : []),
      ...(choice.chance(0.3) ? messageProperties(draft) : []),
    ],
  };
}

function messageProperties(draft: Draft): Pair[] {
  const { choice } = draft;
  const pairs: Pair[] = [];
  if (choice.chance(0.3)) pairs.push([0x01, choice.below(2)]);
  if (choice.chance(0.3)) pairs.push([0x02, choice.pick([3_600, 1_000_000])]);
  if (choice.chance(0.3)) pairs.push([0x03, choice.pick(['text/plain', ''])]);
  if (choice.chance(0.3)) pairs.push([0x08, `${draft.names.prefix}/answer`]);
  if (choice.chance(0.3)) pairs.push([0x09, choice.bytes(choice.below(4))]);
  for (let more = choice.below(3); more > 0; more--)
    pairs.push([0x26, [choice.pick(['k', 'l', '']), choice.pick(['v', ''])]]);
  return pairs;
}

function publishInit(draft: Draft, version: mqtt.Version): mqtt.PublishInit {
  const { choice, names } = draft;
  const qos = choice.below(3);
  const retain = choice.chance(0.3);
  const properties: Pair[] = choice.chance(0.35) ? messageProperties(draft) : [];
  let topic = choice.pick(names.topics);
  if (version === 5 && choice.chance(0.15)) {
    properties.push([0x23, 1 + choice.below(3)]);
    if (choice.chance(0.4)) topic = '';
  }
  return {
    version,
    topic,
    payload:
      retain && choice.chance(0.2)
        ? ''
        : choice.chance(0.02)
          ? draft.payload().padEnd(choice.pick([200, 5_000]), 'x')
          : draft.payload(),
    qos,
    retain,
    dup: qos > 0 && choice.chance(0.08),
    id: draft.id(),
    properties,
  };
}

function subscribe(draft: Draft, version: mqtt.Version): Buffer {
  const { choice, names } = draft;
  const filters = Array.from(
    {
      length: choice.weighted([
        [6, 1],
        [2, 2],
        [1, 3],
      ]),
    },
    () => {
      let filter = choice.pick(names.filters);
      if (version < 5 && filter.startsWith('$share')) filter = names.filters[0]!;
      let options = choice.below(3);
      if (version === 5 && choice.chance(0.4)) {
        options |= choice.below(2) << 3;
        options |= choice.below(3) << 4;
        if (!filter.startsWith('$share')) options |= choice.below(2) << 2;
      }
      return [filter, options] as const;
    },
  );
  const identifier = choice.chance(0.3) ? [[0x0b, choice.pick([1, 2, 3, 200, 268_435_455])] as const] : [];
  return mqtt.subscribe(version, draft.id(), filters, [...identifier, ...userProperties(draft)]);
}

function userProperties(draft: Draft): Pair[] {
  return draft.choice.chance(0.1) ? [[0x26, ['k', 'v']]] : [];
}

function disconnect(draft: Draft, version: mqtt.Version): Buffer {
  const { choice } = draft;
  if (version < 5 || choice.chance(0.4)) return mqtt.disconnect();
  const code = choice.pick([0, 0, 4, 4, 0x80, 0x93]);
  if (choice.chance(0.5)) return mqtt.disconnect(code);
  return mqtt.disconnect(code, [
    ...(choice.chance(0.6) ? [[0x11, choice.pick([0, 3_600, NEVER])] as const] : []),
    ...(choice.chance(0.3) ? [[0x1f, 'bye'] as const] : []),
    ...userProperties(draft),
  ]);
}

/** Properties that are wrong in every packet, or in most. */
const WRONG_PROPERTIES: readonly mqtt.PropertyList[] = [
  [[0x00, 1]],
  [[0x7f, 1]],
  [[0x0b, 0]],
  [[0x0b, 1]],
  [
    [0x0b, 1],
    [0x0b, 2],
  ],
  [[0x23, 0]],
  [[0x23, 11]],
  [[0x23, 0xffff]],
  [
    [0x23, 1],
    [0x23, 2],
  ],
  [[0x21, 0]],
  [
    [0x21, 3],
    [0x21, 4],
  ],
  [[0x27, 0]],
  [[0x01, 2]],
  [
    [0x01, 0],
    [0x01, 1],
  ],
  [[0x17, 2]],
  [[0x19, 2]],
  [
    [0x11, 1],
    [0x11, 2],
  ],
  [[0x12, 'x']],
  [[0x13, 1]],
  [[0x15, 'NO-SUCH-METHOD']],
  [[0x16, 'data']],
  [
    [0x15, 'NO-SUCH-METHOD'],
    [0x16, 'data'],
  ],
  [[0x18, 1]],
  [[0x1a, 'x']],
  [[0x1c, 'x']],
  [[0x1f, 'x']],
  [
    [0x1f, 'x'],
    [0x1f, 'y'],
  ],
  [[0x24, 1]],
  [[0x28, 1]],
  [[0x08, 'a/+']],
  [[0x08, '#']],
  [[0x08, '']],
  [
    [0x08, 'a'],
    [0x08, 'b'],
  ],
  [
    [0x03, 'a'],
    [0x03, 'b'],
  ],
  [
    [0x09, 'a'],
    [0x09, 'b'],
  ],
  [
    [0x02, 1_000],
    [0x02, 1_000],
  ],
  [[0x03, 'a\0b']],
  [[0x26, ['k\0', 'v']]],
  [
    [0x11, NEVER],
    [0x22, 3],
    [0x22, 4],
  ],
];

export function wrongPacket(draft: Draft, version: mqtt.Version, kind: Kind, clientId: string): Buffer {
  const { choice, names } = draft;
  if (choice.chance(0.12)) return anyWrong(draft, version);
  if (version === 5 && kind !== 'PINGREQ' && choice.chance(0.45)) return withWrongProperties(draft, kind, clientId);
  switch (kind) {
    case 'CONNECT':
      return wrongConnect(draft, version, clientId);
    case 'PUBLISH': {
      const init = publishInit(draft, version);
      const topic = choice.pick([
        '',
        `${names.prefix}/+`,
        `${names.prefix}/#`,
        `${names.prefix}/a\0`,
        `${'/'.repeat(250)}${names.prefix}`,
      ]);
      const bytes = mqtt.publish(choice.chance(0.5) ? { ...init, topic } : { ...init, id: 0 });
      // DUP with QoS 0, QoS 3.
      return choice.chance(0.3) ? flagged(bytes, choice.pick([0x38, 0x36, 0x3e])) : bytes;
    }
    case 'SUBSCRIBE': {
      const filters = [...wrongFilters(draft), choice.pick(names.filters)];
      const options = choice.pick([3, 0x30, 0x40, 0x80, 0xff, 0x04, 0x10]);
      return choice.pick([
        () => mqtt.subscribe(version, 1, []),
        () => mqtt.subscribe(version, 0, [[names.filters[0]!, 0]]),
        () => mqtt.subscribe(version, 1, [[choice.pick(filters), choice.below(3)]]),
        () =>
          mqtt.subscribe(version, 1, [
            [names.filters[0]!, 1],
            [choice.pick(filters), choice.below(3)],
          ]),
        () => mqtt.subscribe(version, 1, [[choice.pick(names.filters), options]]),
        () => mqtt.subscribe(5, 1, [[`$share/g/${names.prefix}/a`, 4]]),
      ])();
    }
    case 'UNSUBSCRIBE':
      return choice.pick([
        () => mqtt.unsubscribe(version, 1, []),
        () => mqtt.unsubscribe(version, 0, [names.filters[0]!]),
        () => mqtt.unsubscribe(version, 1, [choice.pick(wrongFilters(draft))]),
      ])();
    case 'DISCONNECT':
      return choice.pick([
        () => mqtt.disconnect(choice.pick([1, 2, 0x8e, 0x7f, 0xff, 0x8b])),
        () => mqtt.disconnect(0, [[0x11, 100]]),
        () => mqtt.disconnect(0, [[0x1c, 'elsewhere']]),
        () => mqtt.frame(0xe0, Buffer.from([0, 0, 0])),
        () => flagged(mqtt.disconnect(), 0xe1),
      ])();
    case 'PINGREQ':
      return choice.pick([mqtt.frame(0xc0, Buffer.from([0])), flagged(mqtt.PINGREQ, 0xc1)]);
    default:
      return choice.pick([
        () => mqtt.acknowledgement(kind, 0),
        () => mqtt.acknowledgement(kind, 1, choice.pick([1, 0x11, 0x8e, 0xff])),
        () => mqtt.frame(0x40, Buffer.from([1])),
        () => flagged(mqtt.acknowledgement(kind, 1), choice.pick([0x41, 0x50, 0x53, 0x60, 0x63, 0x72, 0x44])),
      ])();
  }
}

function wrongConnect(draft: Draft, version: mqtt.Version, clientId: string): Buffer {
  const { choice, names } = draft;
  const init = connectInit(draft, version, clientId);
  return mqtt.connect({
    ...init,
    ...choice.pick<Partial<mqtt.ConnectInit>>([
      { wrongFlags: 1 },
      { wrongFlags: 0x08, will: undefined },
      { wrongFlags: 0x20, will: undefined },
      { wrongFlags: 0x18, will: undefined },
      { wrongFlags: 0x04 },
      { wrongFlags: 0x80 },
      { wrongFlags: 0x40 },
      { name: 'MQTX' },
      { name: '' },
      { name: 'mqtt' },
      { name: 'MQTT' },
      { name: 'MQIsdp' },
      { level: choice.pick([0, 1, 2, 3, 4, 5, 6, 7, 0x7f, 0xff]) },
      { level: choice.pick([0x83, 0x84, 0x85]) },
      { clientId: '', clean: false },
      { clientId: '', clean: true },
      { clientId: `${clientId}\0` },
      { clientId: `${clientId}${'x'.repeat(30)}` },
      { password: 'p', username: undefined },
      { will: { topic: choice.pick(['', `${names.prefix}/+`, '#', 'a\0']), payload: 'w', qos: 0, retain: false } },
      { will: { topic: names.topics[0]!, payload: 'w', qos: 3, retain: false } },
      { will: { topic: names.topics[0]!, payload: '', qos: 1, retain: true } },
    ]),
  });
}

function withWrongProperties(draft: Draft, kind: Exclude<Kind, 'PINGREQ'>, clientId: string): Buffer {
  const { choice, names } = draft;
  const list = choice.pick(WRONG_PROPERTIES);
  switch (kind) {
    case 'CONNECT':
      return choice.chance(0.7)
        ? mqtt.connect({ version: 5, clientId, properties: list })
        : mqtt.connect({
            version: 5,
            clientId,
            will: { topic: names.topics[0]!, payload: 'w', qos: 0, retain: false, properties: list },
          });
    case 'PUBLISH':
      return mqtt.publish({
        version: 5,
        topic: choice.chance(0.8) ? names.topics[0]! : '',
        payload: 'm',
        qos: choice.below(3),
        id: draft.id(),
        properties: list,
      });
    case 'SUBSCRIBE':
      return mqtt.subscribe(5, 1, [[choice.pick(names.filters), choice.below(3)]], list);
    case 'UNSUBSCRIBE':
      return mqtt.unsubscribe(5, 1, [names.filters[0]!], list);
    case 'DISCONNECT':
      return mqtt.disconnect(0, list);
    default:
      return mqtt.acknowledgement(kind, draft.id(), 0, list);
  }
}

function wrongFilters({ names: { prefix } }: Draft): string[] {
  return [
    '',
    `${prefix}/a+`,
    `${prefix}/#/b`,
    `${prefix}/a#`,
    `${prefix}/+a/b`,
    `${prefix}\0/#`,
    '$share',
    '$share/',
    '$share/g',
    '$share/g/',
    `$share//${prefix}/a`,
    `$share/+/${prefix}/a`,
    `$share/g#/${prefix}/a`,
    `$share/g/${prefix}/#/b`,
    `${'/'.repeat(250)}${prefix}`,
    `${'+/'.repeat(199)}${prefix}`,
  ];
}

/** Packets no client may send, or not now. */
function anyWrong(draft: Draft, version: mqtt.Version): Buffer {
  const { choice, names } = draft;
  return choice.pick([
    () => mqtt.frame(0x20, Buffer.from(version === 5 ? [0, 0, 0] : [0, 0])),
    () => mqtt.frame(0x90, Buffer.from(version === 5 ? [0, 1, 0, 0] : [0, 1, 0])),
    () => mqtt.frame(0xb0, Buffer.from(version === 5 ? [0, 1, 0, 0] : [0, 1])),
    () => mqtt.frame(0xd0, Buffer.alloc(0)),
    () => mqtt.frame(0x00, Buffer.alloc(0)),
    () => mqtt.frame(0xf0, Buffer.alloc(0)),
    () => mqtt.auth(0x18, [[0x15, 'NO-SUCH-METHOD']]),
    () =>
      mqtt.auth(0x19, [
        [0x15, 'NO-SUCH-METHOD'],
        [0x16, 'data'],
      ]),
    () => mqtt.auth(0x00),
    () => Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
    () => Buffer.from([0x82, 0x80, 0x80, 0x80, 0x80, 0x80]),
    () => Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61]),
    () => mqtt.connect({ version, clientId: names.clientIds[0]! }),
    () => choice.bytes(1 + choice.below(12)),
  ])();
}

function flagged(bytes: Buffer, first: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[0] = first;
  return changed;
}
