import * as mqtt from "../support/mqtt-writer.js";
const NEVER = 4294967295;
function packet(draft, version, kind, clientId) {
  switch (kind) {
    case "CONNECT":
      return mqtt.connect(connectInit(draft, version, clientId));
    case "PUBLISH":
      return mqtt.publish(publishInit(draft, version));
    case "SUBSCRIBE":
      return subscribe(draft, version);
    case "UNSUBSCRIBE":
      return mqtt.unsubscribe(version, draft.id(), [draft.choice.pick(draft.names.filters)], userProperties(draft));
    case "DISCONNECT":
      return disconnect(draft, version);
    case "PINGREQ":
      return mqtt.PINGREQ;
    default: {
      const { choice } = draft;
      const codes = kind === "PUBREL" || kind === "PUBCOMP" ? [0, 146] : [0, 16, 128, 131, 151];
      if (version < 5 || choice.chance(0.6)) return mqtt.acknowledgement(kind, draft.id());
      return mqtt.acknowledgement(
        kind,
        draft.id(),
        choice.pick(codes),
        choice.chance(0.3) ? [
          [31, "why"],
          [38, ["k", "v"]]
        ] : void 0
      );
    }
  }
}
function connectInit(draft, version, clientId) {
  const { choice } = draft;
  const clean = choice.chance(0.55);
  const properties = [];
  const maybe = (probability, ...pairs) => {
    if (choice.chance(probability)) properties.push(...pairs);
  };
  maybe(0.5, [17, choice.pick([0, 3600, 86400, NEVER])]);
  maybe(0.15, [33, choice.pick([1, 2, 20, 65535])]);
  maybe(0.1, [34, choice.pick([0, 1, 5, 10])]);
  maybe(0.08, [39, choice.pick([40, 60, 300, 1e5])]);
  maybe(0.06, [23, choice.pick([0, 1])]);
  maybe(0.06, [25, choice.pick([0, 1])]);
  maybe(0.06, [38, ["k", "v"]], [38, ["k", "w"]]);
  return {
    version,
    clientId: choice.chance(0.03) && (version === 5 || version === 4 && clean) ? "" : clientId,
    clean,
    keepAlive: choice.pick([0, 60, 65535]),
    will: choice.chance(0.25) ? will(draft) : void 0,
    ...choice.chance(0.1) && { username: "u", password: "p" },
    properties
  };
}
function will(draft) {
  const { choice, names } = draft;
  return {
    topic: choice.pick(names.topics),
    payload: draft.payload(),
    qos: choice.below(3),
    retain: choice.chance(0.3),
    // A delay is either none or longer than the scenario: the broker's clock runs.
    properties: [
      ...choice.chance(0.3) ? [[24, choice.pick([0, 5e3])]] : [],
      ...choice.chance(0.3) ? messageProperties(draft) : []
    ]
  };
}
function messageProperties(draft) {
  const { choice } = draft;
  const pairs = [];
  if (choice.chance(0.3)) pairs.push([1, choice.below(2)]);
  if (choice.chance(0.3)) pairs.push([2, choice.pick([3600, 1e6])]);
  if (choice.chance(0.3)) pairs.push([3, choice.pick(["text/plain", ""])]);
  if (choice.chance(0.3)) pairs.push([8, `${draft.names.prefix}/answer`]);
  if (choice.chance(0.3)) pairs.push([9, choice.bytes(choice.below(4))]);
  for (let more = choice.below(3); more > 0; more--)
    pairs.push([38, [choice.pick(["k", "l", ""]), choice.pick(["v", ""])]]);
  return pairs;
}
function publishInit(draft, version) {
  const { choice, names } = draft;
  const qos = choice.below(3);
  const retain = choice.chance(0.3);
  const properties = choice.chance(0.35) ? messageProperties(draft) : [];
  let topic = choice.pick(names.topics);
  if (version === 5 && choice.chance(0.15)) {
    properties.push([35, 1 + choice.below(3)]);
    if (choice.chance(0.4)) topic = "";
  }
  return {
    version,
    topic,
    payload: retain && choice.chance(0.2) ? "" : choice.chance(0.02) ? draft.payload().padEnd(choice.pick([200, 5e3]), "x") : draft.payload(),
    qos,
    retain,
    dup: qos > 0 && choice.chance(0.08),
    id: draft.id(),
    properties
  };
}
function subscribe(draft, version) {
  const { choice, names } = draft;
  const filters = Array.from(
    {
      length: choice.weighted([
        [6, 1],
        [2, 2],
        [1, 3]
      ])
    },
    () => {
      let filter = choice.pick(names.filters);
      if (version < 5 && filter.startsWith("$share")) filter = names.filters[0];
      let options = choice.below(3);
      if (version === 5 && choice.chance(0.4)) {
        options |= choice.below(2) << 3;
        options |= choice.below(3) << 4;
        if (!filter.startsWith("$share")) options |= choice.below(2) << 2;
      }
      return [filter, options];
    }
  );
  const identifier = choice.chance(0.3) ? [[11, choice.pick([1, 2, 3, 200, 268435455])]] : [];
  return mqtt.subscribe(version, draft.id(), filters, [...identifier, ...userProperties(draft)]);
}
function userProperties(draft) {
  return draft.choice.chance(0.1) ? [[38, ["k", "v"]]] : [];
}
function disconnect(draft, version) {
  const { choice } = draft;
  if (version < 5 || choice.chance(0.4)) return mqtt.disconnect();
  const code = choice.pick([0, 0, 4, 4, 128, 147]);
  if (choice.chance(0.5)) return mqtt.disconnect(code);
  return mqtt.disconnect(code, [
    ...choice.chance(0.6) ? [[17, choice.pick([0, 3600, NEVER])]] : [],
    ...choice.chance(0.3) ? [[31, "bye"]] : [],
    ...userProperties(draft)
  ]);
}
const WRONG_PROPERTIES = [
  [[0, 1]],
  [[127, 1]],
  [[11, 0]],
  [[11, 1]],
  [
    [11, 1],
    [11, 2]
  ],
  [[35, 0]],
  [[35, 11]],
  [[35, 65535]],
  [
    [35, 1],
    [35, 2]
  ],
  [[33, 0]],
  [
    [33, 3],
    [33, 4]
  ],
  [[39, 0]],
  [[1, 2]],
  [
    [1, 0],
    [1, 1]
  ],
  [[23, 2]],
  [[25, 2]],
  [
    [17, 1],
    [17, 2]
  ],
  [[18, "x"]],
  [[19, 1]],
  [[21, "NO-SUCH-METHOD"]],
  [[22, "data"]],
  [
    [21, "NO-SUCH-METHOD"],
    [22, "data"]
  ],
  [[24, 1]],
  [[26, "x"]],
  [[28, "x"]],
  [[31, "x"]],
  [
    [31, "x"],
    [31, "y"]
  ],
  [[36, 1]],
  [[40, 1]],
  [[8, "a/+"]],
  [[8, "#"]],
  [[8, ""]],
  [
    [8, "a"],
    [8, "b"]
  ],
  [
    [3, "a"],
    [3, "b"]
  ],
  [
    [9, "a"],
    [9, "b"]
  ],
  [
    [2, 1e3],
    [2, 1e3]
  ],
  [[3, "a\0b"]],
  [[38, ["k\0", "v"]]],
  [
    [17, NEVER],
    [34, 3],
    [34, 4]
  ]
];
function wrongPacket(draft, version, kind, clientId) {
  const { choice, names } = draft;
  if (choice.chance(0.12)) return anyWrong(draft, version);
  if (version === 5 && kind !== "PINGREQ" && choice.chance(0.45)) return withWrongProperties(draft, kind, clientId);
  switch (kind) {
    case "CONNECT":
      return wrongConnect(draft, version, clientId);
    case "PUBLISH": {
      const init = publishInit(draft, version);
      const topic = choice.pick([
        "",
        `${names.prefix}/+`,
        `${names.prefix}/#`,
        `${names.prefix}/a\0`,
        `${"/".repeat(250)}${names.prefix}`
      ]);
      const bytes = mqtt.publish(choice.chance(0.5) ? { ...init, topic } : { ...init, id: 0 });
      return choice.chance(0.3) ? flagged(bytes, choice.pick([56, 54, 62])) : bytes;
    }
    case "SUBSCRIBE": {
      const filters = [...wrongFilters(draft), choice.pick(names.filters)];
      const options = choice.pick([3, 48, 64, 128, 255, 4, 16]);
      return choice.pick([
        () => mqtt.subscribe(version, 1, []),
        () => mqtt.subscribe(version, 0, [[names.filters[0], 0]]),
        () => mqtt.subscribe(version, 1, [[choice.pick(filters), choice.below(3)]]),
        () => mqtt.subscribe(version, 1, [
          [names.filters[0], 1],
          [choice.pick(filters), choice.below(3)]
        ]),
        () => mqtt.subscribe(version, 1, [[choice.pick(names.filters), options]]),
        () => mqtt.subscribe(5, 1, [[`$share/g/${names.prefix}/a`, 4]])
      ])();
    }
    case "UNSUBSCRIBE":
      return choice.pick([
        () => mqtt.unsubscribe(version, 1, []),
        () => mqtt.unsubscribe(version, 0, [names.filters[0]]),
        () => mqtt.unsubscribe(version, 1, [choice.pick(wrongFilters(draft))])
      ])();
    case "DISCONNECT":
      return choice.pick([
        () => mqtt.disconnect(choice.pick([1, 2, 142, 127, 255, 139])),
        () => mqtt.disconnect(0, [[17, 100]]),
        () => mqtt.disconnect(0, [[28, "elsewhere"]]),
        () => mqtt.frame(224, Buffer.from([0, 0, 0])),
        () => flagged(mqtt.disconnect(), 225)
      ])();
    case "PINGREQ":
      return choice.pick([mqtt.frame(192, Buffer.from([0])), flagged(mqtt.PINGREQ, 193)]);
    default:
      return choice.pick([
        () => mqtt.acknowledgement(kind, 0),
        () => mqtt.acknowledgement(kind, 1, choice.pick([1, 17, 142, 255])),
        () => mqtt.frame(64, Buffer.from([1])),
        () => flagged(mqtt.acknowledgement(kind, 1), choice.pick([65, 80, 83, 96, 99, 114, 68]))
      ])();
  }
}
function wrongConnect(draft, version, clientId) {
  const { choice, names } = draft;
  const init = connectInit(draft, version, clientId);
  return mqtt.connect({
    ...init,
    ...choice.pick([
      { wrongFlags: 1 },
      { wrongFlags: 8, will: void 0 },
      { wrongFlags: 32, will: void 0 },
      { wrongFlags: 24, will: void 0 },
      { wrongFlags: 4 },
      { wrongFlags: 128 },
      { wrongFlags: 64 },
      { name: "MQTX" },
      { name: "" },
      { name: "mqtt" },
      { name: "MQTT" },
      { name: "MQIsdp" },
      { level: choice.pick([0, 1, 2, 3, 4, 5, 6, 7, 127, 255]) },
      { level: choice.pick([131, 132, 133]) },
      { clientId: "", clean: false },
      { clientId: "", clean: true },
      { clientId: `${clientId}\0` },
      { clientId: `${clientId}${"x".repeat(30)}` },
      { password: "p", username: void 0 },
      { will: { topic: choice.pick(["", `${names.prefix}/+`, "#", "a\0"]), payload: "w", qos: 0, retain: false } },
      { will: { topic: names.topics[0], payload: "w", qos: 3, retain: false } },
      { will: { topic: names.topics[0], payload: "", qos: 1, retain: true } }
    ])
  });
}
function withWrongProperties(draft, kind, clientId) {
  const { choice, names } = draft;
  const list = choice.pick(WRONG_PROPERTIES);
  switch (kind) {
    case "CONNECT":
      return choice.chance(0.7) ? mqtt.connect({ version: 5, clientId, properties: list }) : mqtt.connect({
        version: 5,
        clientId,
        will: { topic: names.topics[0], payload: "w", qos: 0, retain: false, properties: list }
      });
    case "PUBLISH":
      return mqtt.publish({
        version: 5,
        topic: choice.chance(0.8) ? names.topics[0] : "",
        payload: "m",
        qos: choice.below(3),
        id: draft.id(),
        properties: list
      });
    case "SUBSCRIBE":
      return mqtt.subscribe(5, 1, [[choice.pick(names.filters), choice.below(3)]], list);
    case "UNSUBSCRIBE":
      return mqtt.unsubscribe(5, 1, [names.filters[0]], list);
    case "DISCONNECT":
      return mqtt.disconnect(0, list);
    default:
      return mqtt.acknowledgement(kind, draft.id(), 0, list);
  }
}
function wrongFilters({ names: { prefix } }) {
  return [
    "",
    `${prefix}/a+`,
    `${prefix}/#/b`,
    `${prefix}/a#`,
    `${prefix}/+a/b`,
    `${prefix}\0/#`,
    "$share",
    "$share/",
    "$share/g",
    "$share/g/",
    `$share//${prefix}/a`,
    `$share/+/${prefix}/a`,
    `$share/g#/${prefix}/a`,
    `$share/g/${prefix}/#/b`,
    `${"/".repeat(250)}${prefix}`,
    `${"+/".repeat(199)}${prefix}`
  ];
}
function anyWrong(draft, version) {
  const { choice, names } = draft;
  return choice.pick([
    () => mqtt.frame(32, Buffer.from(version === 5 ? [0, 0, 0] : [0, 0])),
    () => mqtt.frame(144, Buffer.from(version === 5 ? [0, 1, 0, 0] : [0, 1, 0])),
    () => mqtt.frame(176, Buffer.from(version === 5 ? [0, 1, 0, 0] : [0, 1])),
    () => mqtt.frame(208, Buffer.alloc(0)),
    () => mqtt.frame(0, Buffer.alloc(0)),
    () => mqtt.frame(240, Buffer.alloc(0)),
    () => mqtt.auth(24, [[21, "NO-SUCH-METHOD"]]),
    () => mqtt.auth(25, [
      [21, "NO-SUCH-METHOD"],
      [22, "data"]
    ]),
    () => mqtt.auth(0),
    () => Buffer.from([48, 255, 255, 255, 255, 1]),
    () => Buffer.from([130, 128, 128, 128, 128, 128]),
    () => Buffer.from([48, 255, 255, 255, 127, 0, 1, 97]),
    () => mqtt.connect({ version, clientId: names.clientIds[0] }),
    () => choice.bytes(1 + choice.below(12))
  ])();
}
function flagged(bytes, first) {
  const changed = Buffer.from(bytes);
  changed[0] = first;
  return changed;
}
export {
  packet,
  wrongPacket
};
//# sourceMappingURL=wrong-packets.js.map
