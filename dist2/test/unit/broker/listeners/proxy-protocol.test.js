import fc from "fast-check";
import t from "tap";
import { crc32c, parseProxyHeader } from "../../../../src/broker/listeners/proxy-protocol.js";
const SIGNATURE = "0d0a0d0a000d0a515549540a";
function v2(command, family, rest) {
  const head = Buffer.concat([Buffer.from(SIGNATURE, "hex"), Buffer.from([32 | command, family, 0, 0])]);
  head.writeUInt16BE(rest.length, 14);
  return Buffer.concat([head, rest]);
}
const tlv = (type, value) => Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]);
const ipv4 = Buffer.from("c0000207c6336401c822075b", "hex");
t.test("version 1", async (t2) => {
  const parse = (text) => parseProxyHeader(Buffer.from(text, "latin1"));
  const line = "PROXY TCP4 192.0.2.7 198.51.100.1 51234 1883\r\n";
  t2.same(parse(`${line}\f`), {
    length: line.length,
    source: { host: "192.0.2.7", port: 51234 },
    certificate: void 0
  });
  t2.match(parse("PROXY TCP6 2001:db8::7 2001:db8::1 51234 1883\r\n"), {
    source: { host: "2001:db8::7", port: 51234 }
  });
  t2.match(parse("PROXY UNKNOWN\r\n"), { length: 15, source: void 0 });
  t2.match(parse("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), { source: void 0 });
  for (let length = 0; length < line.length; length++) t2.equal(parse(line.slice(0, length)), "more");
  for (const broken of [
    "PROXY TCP4 192.0.2.7 198.51.100.1 51234\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 51234 1883 \r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 65536 1883\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 -1 1883\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 01 1883\r\n",
    "PROXY TCP4 2001:db8::7 198.51.100.1 51234 1883\r\n",
    "PROXY TCP4 999.0.2.7 198.51.100.1 51234 1883\r\n",
    "PROXY TCP6 192.0.2.7 ::1 51234 1883\r\n",
    "PROXY TCP6 1:2 ::1 51234 1883\r\n",
    "PROXY UDP4 192.0.2.7 198.51.100.1 51234 1883\r\n",
    "PROXY \r\n",
    `PROXY UNKNOWN ${"x".repeat(100)}\r
`,
    `PROXY ${"x".repeat(200)}`
  ]) {
    t2.match(parse(broken), { fault: /./ }, JSON.stringify(broken));
  }
});
t.test("version 2: addresses", async (t2) => {
  const header = v2(1, 17, ipv4);
  t2.same(parseProxyHeader(Buffer.concat([header, Buffer.from("100c", "hex")])), {
    length: 28,
    source: { host: "192.0.2.7", port: 51234 },
    certificate: void 0
  });
  for (let length = 0; length < header.length; length++) t2.equal(parseProxyHeader(header.subarray(0, length)), "more");
  const ipv6 = Buffer.from(`20010db8${"00".repeat(11)}07${"00".repeat(15)}01c822075b`, "hex");
  t2.match(parseProxyHeader(v2(1, 33, ipv6)), { source: { host: "2001:db8::7", port: 51234 } });
  t2.match(parseProxyHeader(v2(1, 49, Buffer.alloc(216))), { length: 232, source: void 0 }, "a Unix socket");
  t2.match(parseProxyHeader(v2(1, 0, Buffer.alloc(0))), { length: 16, source: void 0 }, "unspecified");
  t2.match(
    parseProxyHeader(v2(0, 0, Buffer.alloc(7, 255))),
    { length: 23, source: void 0 },
    "LOCAL: the rest is skipped"
  );
});
t.test("version 2: what is not one", async (t2) => {
  const badVersion = v2(1, 17, ipv4);
  badVersion[12] = 17;
  for (const [what, bytes] of [
    ["version 1 in binary", badVersion],
    ["an unknown command", v2(2, 17, ipv4)],
    ["an unknown family", v2(1, 65, ipv4)],
    ["UDP", v2(1, 18, ipv4)],
    ["no room for the addresses", v2(1, 17, ipv4.subarray(1))],
    ["a TLV that leaves the header", v2(1, 17, Buffer.concat([ipv4, Buffer.from("04000500", "hex")]))],
    ["half a TLV", v2(1, 17, Buffer.concat([ipv4, Buffer.from("04", "hex")]))],
    ["a short TLV of TLS", v2(1, 17, Buffer.concat([ipv4, tlv(32, Buffer.alloc(4))]))],
    [
      "a broken TLV within that of TLS",
      v2(1, 17, Buffer.concat([ipv4, tlv(32, Buffer.from("070000000022ffff", "hex"))]))
    ],
    ["a checksum of 3 bytes", v2(1, 17, Buffer.concat([ipv4, tlv(3, Buffer.alloc(3))]))],
    ["a wrong checksum", v2(1, 17, Buffer.concat([ipv4, tlv(3, Buffer.alloc(4))]))],
    ["more than 4 KiB", v2(1, 17, Buffer.alloc(4097)).subarray(0, 16)],
    ["MQTT", Buffer.from("100c00044d515454", "hex")],
    ["a line break", Buffer.from("\n")]
  ]) {
    t2.match(parseProxyHeader(bytes), { fault: /./ }, what);
  }
});
t.test("version 2: the checksum over the header without itself", async (t2) => {
  t2.equal(crc32c(Buffer.from("123456789")), 3808858755, "the check value of CRC-32C");
  const header = v2(
    1,
    17,
    Buffer.concat([tlv(4, Buffer.from("noop")), tlv(3, Buffer.alloc(4))].toSpliced(0, 0, ipv4))
  );
  header.writeUInt32BE(crc32c(header), header.length - 4);
  t2.match(parseProxyHeader(header), { length: header.length });
  header[16] ^= 1;
  t2.match(parseProxyHeader(header), { fault: /checksum/ });
});
t.test("version 2: the certificate of the client", async (t2) => {
  const ssl = (client, verify, ...subs) => {
    const head = Buffer.from([client, 0, 0, 0, verify]);
    return parseProxyHeader(v2(1, 17, Buffer.concat([ipv4, tlv(32, Buffer.concat([head, ...subs]))])));
  };
  const cn = tlv(34, Buffer.from("l\xEDnea-3"));
  t2.match(ssl(7, 0, tlv(33, Buffer.from("TLSv1.3")), cn), {
    certificate: { verified: true, commonName: "l\xEDnea-3" }
  });
  t2.match(ssl(5, 0, cn), { certificate: { verified: true } }, "shown in an earlier handshake of the session");
  t2.match(ssl(3, 19, cn), { certificate: { verified: false, commonName: "l\xEDnea-3" } });
  t2.match(ssl(1, 0, cn), { certificate: void 0 }, "TLS, but no certificate");
  t2.match(ssl(3, 0), { certificate: { verified: true, commonName: void 0 } });
});
t.test("no bytes throw, and no header is longer than what was given", async () => {
  const start = fc.constantFrom(SIGNATURE, Buffer.from("PROXY ").toString("hex"), "");
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (prefix, rest) => {
      const bytes = Buffer.concat([Buffer.from(prefix, "hex"), rest]);
      const result = parseProxyHeader(bytes);
      return result === "more" || "fault" in result || result.length <= bytes.length;
    }),
    { numRuns: 2e3 }
  );
});
//# sourceMappingURL=proxy-protocol.test.js.map
