import { Choice } from "../support/random.js";
import { mutate } from "./mutate.js";
import { SLOTS } from "./scenario.js";
import { packet, wrongPacket } from "./wrong-packets.js";
class Draft {
  choice;
  names;
  #payloads = 0;
  constructor(choice, names) {
    this.choice = choice;
    this.names = names;
  }
  /** Told apart, so that copies of one message are seen as such. */
  payload() {
    return `m${++this.#payloads}`;
  }
  id() {
    return this.choice.weighted([
      [12, this.choice.below(4) + 1],
      [1, 65535],
      [1, 1 + this.choice.below(65535)]
    ]);
  }
}
function generate(seed, index) {
  const choice = new Choice(Math.imul(seed, 2654435761) ^ Math.imul(index + 1, 2246822507));
  const isGlobal = choice.chance(0.01);
  const prefix = choice.name(9);
  const names = namesOf(prefix, isGlobal);
  const draft = new Draft(choice, names);
  const slots = choice.weighted([
    [35, 1],
    [45, 2],
    [20, 3]
  ]);
  const steps = [];
  const isOpen = [false, false, false];
  const versions = [4, 4, 4];
  const isWordy = choice.chance(0.3);
  const length = 3 + choice.below(isWordy ? 14 : 8);
  for (let slot = 0; slot < slots; slot++) open(slot);
  while (steps.length < length + slots) {
    const slot = choice.below(slots);
    if (!isOpen[slot]) open(slot);
    else if (choice.chance(0.06)) {
      steps.push({ does: "cut", slot });
      isOpen[slot] = false;
    } else send(slot);
  }
  return { index, prefix, steps, isAutomatic: Array.from({ length: SLOTS }, () => choice.chance(0.7)), isGlobal };
  function open(slot) {
    const version = choice.weighted([
      [8, 3],
      [34, 4],
      [58, 5]
    ]);
    versions[slot] = version;
    const others = choice.chance(0.1) ? choice.pick(names.clientIds) : void 0;
    const clientId = others ?? names.clientIds[slot];
    const right = packet(draft, version, "CONNECT", clientId);
    const isWrong = choice.chance(0.14);
    const bytes = !isWrong ? right : choice.chance(0.5) ? wrongPacket(draft, version, "CONNECT", clientId) : mutate(choice, right);
    isOpen[slot] = !isWrong || choice.chance(0.3);
    steps.push({ does: "open", slot, bytes });
  }
  function send(slot) {
    const version = versions[slot];
    if (choice.chance(0.12)) {
      steps.push({
        does: "reply",
        slot,
        reply: choice.weighted([
          [8, "right"],
          [1, "PUBACK"],
          [1, "PUBREC"],
          [1, "PUBCOMP"]
        ]),
        which: choice.weighted([
          [4, 0],
          [1, 1]
        ]),
        code: choice.weighted([
          [6, void 0],
          [1, 0],
          [1, 128],
          [1, 16]
        ])
      });
      return;
    }
    const kind = choice.weighted([
      [34, "PUBLISH"],
      [26, "SUBSCRIBE"],
      [6, "UNSUBSCRIBE"],
      [6, "DISCONNECT"],
      [2, "PINGREQ"],
      [2, "PUBACK"],
      [2, "PUBREC"],
      [6, "PUBREL"],
      [2, "PUBCOMP"]
    ]);
    const how = choice.random();
    if (how < 0.78) {
      const bytes2 = packet(draft, version, kind, "");
      if (kind === "DISCONNECT") isOpen[slot] = false;
      if (choice.chance(0.03)) {
        const at = 1 + choice.below(bytes2.length - 1);
        steps.push(
          { does: "send", slot, bytes: bytes2.subarray(0, at) },
          { does: "send", slot, bytes: bytes2.subarray(at) }
        );
      } else if (choice.chance(0.06)) {
        const more = Array.from(
          { length: 1 + choice.below(3) },
          () => packet(draft, version, choice.pick(["PUBLISH", "SUBSCRIBE", "PINGREQ"]), "")
        );
        steps.push({ does: "send", slot, bytes: Buffer.concat([bytes2, ...more]) });
      } else steps.push({ does: "send", slot, bytes: bytes2 });
      return;
    }
    const bytes = how < 0.89 ? wrongPacket(draft, version, kind, "") : mutate(choice, packet(draft, version, kind, ""));
    steps.push({ does: "send", slot, bytes });
    if (choice.chance(0.6)) isOpen[slot] = false;
  }
}
function namesOf(prefix, isGlobal) {
  return {
    prefix,
    isGlobal,
    clientIds: [`${prefix}-1`, `${prefix}-2`, `${prefix}-3`],
    topics: topics(prefix),
    filters: isGlobal ? [...filters(prefix), "#", "+/#", "+/a", "+", "+/+/+"] : filters(prefix)
  };
}
function topics(prefix) {
  return [
    `${prefix}/a`,
    `${prefix}/a`,
    `${prefix}/a/b`,
    `${prefix}/b`,
    `${prefix}//b`,
    `${prefix}/a/`,
    `/${prefix}/a`,
    `${prefix}/a b/\xE9\u20AC\u{1D11E}`,
    `$${prefix}/a`,
    prefix
  ];
}
function filters(prefix) {
  const plain = [
    `${prefix}/a`,
    `${prefix}/#`,
    `${prefix}/+`,
    `${prefix}/+/b`,
    `${prefix}/a/#`,
    `${prefix}/a/+`,
    `/${prefix}/a`,
    `${prefix}/+/+`,
    `${prefix}//#`,
    `$${prefix}/#`,
    `${prefix}/a b/+`,
    prefix
  ];
  return [...plain, ...plain, `$share/g/${prefix}/a`, `$share/g/${prefix}/#`, `$share/${prefix}/${prefix}/+`];
}
export {
  Draft,
  generate,
  namesOf
};
//# sourceMappingURL=generate.js.map
