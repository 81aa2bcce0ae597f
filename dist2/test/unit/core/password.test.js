import { execFileSync } from "node:child_process";
import { randomBytes, scryptSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { decoyOf, hashPassword, parsePasswordHash, verifyPassword } from "../../../src/core/password.js";
import { tempFolder } from "../../support/gateway.js";
import { needs } from "../../support/peers.js";
const verify = (text, password) => verifyPassword(parsePasswordHash(text), Buffer.from(password));
t.test("our hashes open with their password alone, and no two are alike", async (t2) => {
  const [one, other] = await Promise.all([hashPassword(Buffer.from("geheim")), hashPassword(Buffer.from("geheim"))]);
  t2.match(one, /^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  t2.not(one, other);
  t2.equal(await verify(one, "geheim"), true);
  for (const wrong of ["", "Geheim", "geheim\0", "geheim "]) t2.equal(await verify(one, wrong), false, wrong);
  t2.equal(await verifyPassword(parsePasswordHash(one), randomBytes(65535)), false, "the longest that MQTT can carry");
});
t.test('RFC 7914 \xA712: "pleaseletmein", and a password that is no text', async (t2) => {
  const salt = Buffer.from("SodiumChloride").toString("base64");
  const hash = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";
  const text = `$scrypt$ln=14,r=8,p=1$${salt}$${Buffer.from(hash, "hex").toString("base64")}`;
  t2.equal(await verify(text, "pleaseletmein"), true);
  const bytes = Buffer.from([255, 0, 254]);
  const key = scryptSync(bytes, "abc", 32, { N: 1024, r: 8, p: 1 }).toString("base64");
  t2.equal(await verifyPassword(parsePasswordHash(`$scrypt$ln=10,r=8,p=1$YWJj$${key}`), bytes), true);
});
t.test("argon2id as its reference implementation writes it", async (t2) => {
  const text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  t2.equal(await verify(text, "password"), true);
  t2.equal(await verify(text, "differentpassword"), false);
});
t.test("files of Mosquitto: what mosquitto_passwd wrote opens", needs("mosquitto_passwd"), async (t2) => {
  const file = join(tempFolder(t2), "passwd");
  execFileSync("mosquitto_passwd", ["-c", "-b", file, "anna", "p\xE4ssword"], { stdio: "ignore" });
  execFileSync("mosquitto_passwd", ["-H", "sha512", "-b", file, "bert", "geheim"], { stdio: "ignore" });
  const hashes = new Map(
    readFileSync(file, "utf8").trim().split("\n").map((line) => line.split(":"))
  );
  t2.equal(parsePasswordHash(hashes.get("anna"))?.kind, "pbkdf2-sha512");
  t2.equal(parsePasswordHash(hashes.get("bert"))?.kind, "sha512");
  t2.equal(await verify(hashes.get("anna"), "p\xE4ssword"), true);
  t2.equal(await verify(hashes.get("anna"), "password"), false);
  t2.equal(await verify(hashes.get("bert"), "geheim"), true);
  t2.equal(await verify(hashes.get("bert"), "Geheim"), false);
});
t.test("what is no hash, or asks for all memory or all time, is none", async (t2) => {
  const hash = "A".repeat(43);
  for (const text of [
    "",
    "hunter2",
    "$",
    "$scrypt$",
    `$scrypt$ln=15,r=8,p=1$$${hash}`,
    `$scrypt$ln=15,r=8,p=1$c2FsdA$short`,
    `$scrypt$ln=15,r=8$c2FsdA$${hash}`,
    `$scrypt$ln=31,r=8,p=1$c2FsdA$${hash}`,
    `$scrypt$ln=15,r=999,p=99$c2FsdA$${hash}`,
    `$scrypt$ln=0,r=8,p=1$c2FsdA$${hash}`,
    `$scrypt$ln=15,r=8,p=1$c2FsdA$${hash}$more`,
    `$scrypt$ln=15,r=8,p=1$c2 FsdA$${hash}`,
    `$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$${hash}`,
    `$argon2id$v=19$m=65536,t=999,p=1$c29tZXNhbHQ$${hash}`,
    `$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$${hash}`,
    `$7$0$c2FsdA==$${hash}`,
    `$7$99999999$c2FsdA==$${hash}`,
    `$6$c2FsdA==$${hash}`,
    `$1$c2FsdA$${hash}`
  ]) {
    t2.equal(parsePasswordHash(text), void 0, text);
  }
});
t.test("a decoy costs what the others cost, and nothing opens it", async (t2) => {
  const like = parsePasswordHash(await hashPassword(Buffer.from("x")));
  const decoy = decoyOf(like);
  t2.match(decoy, { kind: "scrypt", ln: 15, r: 8, p: 1 });
  t2.not(decoy.key.hash.toString("hex"), like.key.hash.toString("hex"));
  t2.equal(decoy.key.hash.length, like.key.hash.length);
  t2.equal(await verifyPassword(decoy, Buffer.from("x")), false);
  t2.match(decoyOf(void 0), { kind: "scrypt", ln: 15 });
});
//# sourceMappingURL=password.test.js.map
