import { choices } from "./choices.js";
import { refusals } from "./refusals.js";
const freedoms = [
  {
    clause: "\xA73.2.2.3",
    what: "limits that CONNACK announces, the text of an assigned Client Identifier, Response Information"
  },
  { clause: "\xA74.6", what: "the order of messages of different topics or of different QoS" },
  { clause: "[MQTT-3.8.4-1] ff.", what: "whether PUBLISH packets come before or after SUBACK" },
  {
    clause: "[MQTT-3.3.4-2]",
    what: "one copy for overlapping subscriptions or one each: the highest QoS and all identifiers count"
  },
  { clause: "\xA73.3.2.3.4", what: "Topic Aliases towards the client" },
  { clause: "[MQTT-2.2.1-4]", what: "the Packet Identifiers that the broker chooses" },
  { clause: "\xA73.4.2.1", what: "PUBACK and PUBREC with 0x10 (no matching subscribers) or 0x00" },
  {
    clause: "\xA73.6.2.1, \xA73.7.2.1",
    what: "PUBREL and PUBCOMP with 0x92 for a Packet Identifier that is not known (mosquitto says 0x00 always)"
  },
  { clause: "\xA73.2.2.3.9 and alike", what: "Reason Strings and User Properties of answers" },
  { clause: "\xA73.3.2.3.3", what: "the second in which the remaining Message Expiry Interval is counted" }
];
const entries = [...refusals, ...choices];
function entryOf(difference) {
  return entries.find((entry) => entry.when(difference));
}
export {
  entries,
  entryOf,
  freedoms
};
//# sourceMappingURL=differences.js.map
