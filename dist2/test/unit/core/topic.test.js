import t from "tap";
import { topicFilterFault, topicMatches, topicNameFault } from "../../../src/core/topic.js";
t.test("Topic Names [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3] [MQTT-3.3.2-2]", async (t2) => {
  t2.equal(topicNameFault(""), "empty");
  t2.equal(topicNameFault("a\0b"), "contains U+0000");
  t2.equal(topicNameFault("a/+/b"), "contains a wildcard");
  t2.equal(topicNameFault("a/#"), "contains a wildcard");
  t2.equal(topicNameFault("a\uD800"), "is not valid Unicode");
  t2.equal(topicNameFault("x".repeat(65536)), "too long");
  t2.equal(topicNameFault("\u20AC".repeat(21846)), "too long", "the limit counts bytes of UTF-8");
  t2.equal(topicNameFault("\u20AC".repeat(21845)), void 0);
  for (const good of ["/", "a", "//", "a b", "/finance", "$SYS/x", "x".repeat(65535)])
    t2.equal(topicNameFault(good), void 0);
});
t.test("Topic Filters [MQTT-4.7.1-1] [MQTT-4.7.1-2]", async (t2) => {
  for (const good of ["#", "+", "+/+", "/+", "sport/#", "sport/+/player1", "+/tennis/#", "$SYS/#"]) {
    t2.equal(topicFilterFault(good), void 0, good);
  }
  for (const bad of ["sport/tennis#", "sport/tennis/#/ranking", "sport+", "a/+b", "##", "a/#b"]) {
    t2.equal(topicFilterFault(bad), "wildcard is misplaced", bad);
  }
});
t.test("matching, by the examples of \xA74.7.1 and \xA74.7.2", async (t2) => {
  const table = [
    ["sport/tennis/player1/#", "sport/tennis/player1", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
    ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
    ["sport/#", "sport", true],
    ["#", "anything/at/all", true],
    ["sport/tennis/+", "sport/tennis/player1", true],
    ["sport/tennis/+", "sport/tennis/player1/ranking", false],
    ["sport/+", "sport", false],
    ["sport/+", "sport/", true],
    ["+/+", "/finance", true],
    ["/+", "/finance", true],
    ["+", "/finance", false],
    ["#", "$SYS/broker", false],
    ["+/monitor/Clients", "$SYS/monitor/Clients", false],
    ["$SYS/#", "$SYS/", true],
    ["$SYS/monitor/+", "$SYS/monitor/Clients", true],
    ["Accounts", "accounts", false],
    ["a//b", "a//b", true],
    ["a/+/b", "a//b", true]
  ];
  for (const [filter, topic, matches] of table) t2.equal(topicMatches(filter, topic), matches, `${filter} ~ ${topic}`);
});
//# sourceMappingURL=topic.test.js.map
