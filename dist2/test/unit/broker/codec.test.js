import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Codec } from "../../../src/broker/codec.js";
import { encodeAcknowledgement, encodeConnack, encodeDisconnect } from "../../../src/broker/wire/encode.js";
import { repoRoot } from "../../support/peers.js";
const LIMIT = 64 * 1024;
const file = join(repoRoot, "test/vectors/mqtt/packets.json");
const { vectors } = JSON.parse(readFileSync(file, "utf8"));
const connects = {
  4: bytes("10 0d 0004 4d515454 04 02 0000 0001 61"),
  5: bytes("10 0e 0004 4d515454 05 02 0000 00 0001 61")
};
function bytes(hex) {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}
function plain(packet) {
  return JSON.parse(
    JSON.stringify(packet, (_key, value) => value?.type === "Buffer" ? Buffer.from(value).toString("hex") : value)
  );
}
for (const { name, version, bytes: hex, packet, refusal } of vectors) {
  t.test(name, async (t2) => {
    const codec = new Codec(LIMIT);
    const packets = [];
    const onPacket = (packet2) => {
      packets.push(packet2);
      return "next";
    };
    if (version !== null) t2.equal(codec.feed(connects[version], onPacket), void 0, "CONNECT is taken");
    packets.length = 0;
    const refused = codec.feed(bytes(hex), onPacket);
    if (packet === void 0) {
      t2.equal(refused?.reasonCode, Number(refusal), refused?.reason ?? "not refused");
      t2.same(packets, []);
    } else {
      t2.equal(refused, void 0, refused?.reason ?? "taken");
      t2.match(plain(packets[0]), packet);
      t2.equal(packets.length, 1);
    }
  });
}
t.test("what a partial frame announces is not allocated before it arrives", async (t2) => {
  const codec = new Codec(LIMIT);
  codec.feed(connects[5], () => "next");
  const before = process.memoryUsage().arrayBuffers;
  const codecs = Array.from({ length: 200 }, () => new Codec(1e9));
  for (const one of codecs) {
    one.feed(connects[5], () => "next");
    one.feed(bytes("30 ff ff ff 7f 0001 61"), () => "next");
  }
  t2.ok(process.memoryUsage().arrayBuffers - before < 1e7, "200 times 256 MB announced, almost nothing held");
});
t.test("acknowledgements leave out Success (\xA73.4.2.1) and 3.1.1 has no Reason Code", async (t2) => {
  t2.same(encodeAcknowledgement("puback", 258, 5, 0), bytes("40 02 0102"));
  t2.same(encodeAcknowledgement("pubrec", 1, 5, 151), bytes("50 03 0001 97"));
  t2.same(encodeAcknowledgement("pubrel", 1, 4, 146), bytes("62 02 0001"));
});
t.test("CONNACK and DISCONNECT bytes", async (t2) => {
  t2.same(encodeConnack(4, 132, false), bytes("20 02 00 01"), "3.1.1: unacceptable protocol version");
  t2.same(encodeConnack(4, 0, true), bytes("20 02 01 00"));
  t2.same(encodeConnack(3, 0, true), bytes("20 02 00 00"), "3.1 has no Session Present");
  t2.same(encodeConnack(5, 134, false), bytes("20 03 00 86 00"));
  t2.same(encodeDisconnect(142, void 0), bytes("e0 02 8e 00"));
});
//# sourceMappingURL=codec.test.js.map
