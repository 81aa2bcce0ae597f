import t from "tap";
import { needs } from "../support/peers.js";
import { entries, freedoms } from "./differences.js";
import { generate } from "./generate.js";
import { runDifferential } from "./run.js";
t.test("where mosquitto and ours differ on generated sequences, a clause decides", needs("mosquitto"), async (t2) => {
  const { unlisted, unlistedSequences, listed, packets } = await runDifferential({ sequences: 400, seed: 1 });
  t2.equal(unlistedSequences, 0, unlisted.join("\n"));
  t2.ok(listed.size > 20, `${listed.size} classes of the list were seen`);
  t2.ok(packets > 2e3, `${packets} steps were played`);
});
t.test("a difference that is not in the list is found, and told in few steps", needs("mosquitto"), async (t2) => {
  const found = await runDifferential({ sequences: 40, seed: 1, mostTold: 4, lookUp: () => void 0 });
  t2.ok(found.unlistedSequences > 5, `${found.unlistedSequences} were found`);
  t2.equal(found.unlisted.length, 4);
  for (const text of found.unlisted) t2.ok(text.split("\n").length < 10, text);
});
t.test("the same seed gives the same sequences", async (t2) => {
  for (const index of [0, 1, 99999]) t2.strictSame(generate(7, index), generate(7, index));
  t2.notSame(generate(7, 1).steps, generate(8, 1).steps);
});
t.test("every entry of the list names its clause and who is right", async (t2) => {
  for (const { clause, verdict, why } of entries) {
    t2.match(clause, /§|\[MQTT-/, why);
    t2.ok(["ours", "mosquitto", "both"].includes(verdict));
  }
  for (const { clause, what } of freedoms) t2.match(clause, /§|\[MQTT-/, what);
});
//# sourceMappingURL=differential.test.js.map
