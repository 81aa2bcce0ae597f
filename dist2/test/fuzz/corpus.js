import { Draft, namesOf } from "../differential/generate.js";
import { packet, wrongPacket } from "../differential/wrong-packets.js";
import { acknowledgement, auth, connect } from "../support/mqtt-writer.js";
const EACH = 400;
const KINDS = [
  [34, "PUBLISH"],
  [22, "SUBSCRIBE"],
  [7, "UNSUBSCRIBE"],
  [5, "DISCONNECT"],
  [3, "PINGREQ"],
  [6, "PUBACK"],
  [6, "PUBREC"],
  [8, "PUBREL"],
  [6, "PUBCOMP"]
];
function corpus(choice, version, method) {
  const names = namesOf("z", true);
  const draft = new Draft(choice, names);
  const clientIds = Array.from({ length: 40 }, (_, index) => `z-${index}`);
  const connects = Array.from({ length: EACH }, () => {
    const clientId = choice.pick(clientIds);
    if (version === 5 && choice.chance(0.12)) {
      return connect({
        version,
        clientId,
        properties: [
          [21, method],
          [22, choice.pick(["go", "ask", "no"])],
          [17, 10]
        ]
      });
    }
    return packet(draft, version, "CONNECT", clientId);
  });
  const packets = Array.from({ length: EACH * 4 }, () => {
    if (version === 5 && choice.chance(0.04)) {
      const data = choice.pick(["go", "ask", "no"]);
      return auth(choice.pick([24, 25]), [
        [21, method],
        [22, data]
      ]);
    }
    if (choice.chance(0.1)) {
      return acknowledgement(choice.pick(["PUBACK", "PUBREC", "PUBCOMP"]), 1 + choice.below(20));
    }
    const kind = choice.weighted(KINDS);
    return choice.chance(0.93) ? packet(draft, version, kind, "") : wrongPacket(draft, version, kind, "");
  });
  return { connects, packets };
}
export {
  corpus
};
//# sourceMappingURL=corpus.js.map
