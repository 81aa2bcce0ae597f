import t from "tap";
import { fuzzListeners } from "../../fuzz/listener-streams.js";
import { fuzzConnections } from "../../fuzz/mqtt-connections.js";
import { fuzzBroker } from "../../fuzz/mqtt-streams.js";
import { needs } from "../../support/peers.js";
t.test(
  "tens of thousands of mutated packets: every answer is a legal one, nothing is left, memory stays",
  async (t2) => {
    const { mutated, connections, refused, received } = await fuzzConnections({ packets: 2e4, seed: 1 });
    t2.ok(mutated >= 2e4);
    t2.ok(connections > 5e3, `${connections} connections`);
    t2.ok(refused > 2e3, `${refused} were refused in words`);
    t2.ok(received > 1e4, `${received} packets of the broker were judged`);
  }
);
t.test("a thousand broken streams: nothing crashes, nothing is left, the broker serves on", async (t2) => {
  const { streams, packets, refused } = await fuzzBroker({ streams: 1e3, seed: 1 });
  t2.equal(streams, 1e3);
  t2.ok(refused > 100, `${refused} were refused`);
  t2.ok(packets > 250, `${packets} packets were taken`);
});
t.test("broken PROXY headers, WebSocket frames and TLS handshakes", needs("openssl"), async (t2) => {
  const { packets } = await fuzzListeners({ streams: 600, seed: 1 });
  t2.ok(packets > 50, `${packets} packets came through`);
});
//# sourceMappingURL=malformed-input.test.js.map
