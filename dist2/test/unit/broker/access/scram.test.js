import t from "tap";
import { Accounts } from "../../../../src/broker/access/accounts.js";
import { parseClientFirst, ScramServer } from "../../../../src/broker/access/scram.js";
import { Refusal } from "../../../../src/broker/reason-codes.js";
import { deriveScramCredentials, parseScramCredentials, scramText } from "../../../../src/core/scram.js";
const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const clientFinal = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const start = async (first = clientFirst) => {
  const parsed = parseClientFirst(Buffer.from(first));
  return new ScramServer(parsed, await deriveScramCredentials("pencil", salt, 4096), serverNonce);
};
t.test("the example of RFC 7677 \xA73", async (t2) => {
  const server = await start();
  t2.equal(
    server.serverFirst.toString(),
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
  );
  t2.equal(server.finish(Buffer.from(clientFinal)).toString(), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});
t.test("credentials as text and back", async (t2) => {
  const text = scramText(await deriveScramCredentials("pencil", salt, 4096));
  t2.match(text, /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$/);
  t2.equal(scramText(parseScramCredentials(text)), text);
  t2.equal(parseScramCredentials(text.replace("4096", "4095")), void 0, "RFC 7677 \xA74 asks for 4,096");
  t2.equal(parseScramCredentials(text.replace("4096", "99999999")), void 0);
  t2.equal(parseScramCredentials("hunter2"), void 0);
});
t.test("client-first: names by RFC 5802 \xA75.1, no channel binding, nobody for somebody else", async (t2) => {
  const user = (text) => {
    const parsed = parseClientFirst(Buffer.from(text));
    return parsed instanceof Refusal ? parsed.reasonCode : parsed.user;
  };
  t2.equal(user("n,,n=a=2Cb=3Dc,r=x"), "a,b=c");
  t2.equal(user("y,,n=user,r=x"), "user", "y: it would bind the channel if we did");
  t2.equal(user("n,,n=I\xADX,r=x"), "IX", "SASLprep removes the soft hyphen");
  t2.equal(user("n,,n=\xAA,r=x"), "a");
  t2.equal(user("n,a=user,n=user,r=x"), "user");
  t2.equal(user("n,a=admin,n=user,r=x"), 134);
  for (const text of [
    "",
    "n,,",
    "n,,n=,r=x",
    "n,,n=user,r=",
    "n,,n=a=2Db,r=x",
    "n,,n=a=,r=x",
    "n,,m=ext,n=user,r=x",
    "p=tls-unique,,n=user,r=x",
    "n,,n=\u06271,r=x",
    "n,,n=user,r=a b",
    `n,,n=${"u".repeat(5e3)},r=x`
  ]) {
    t2.equal(user(text), 130, text.slice(0, 40));
  }
  t2.ok(parseClientFirst(void 0) instanceof Refusal);
});
t.test("client-final: another nonce, another binding, another proof are wrong; no message is malformed", async (t2) => {
  const code = async (final, first) => {
    const answer = (await start(first)).finish(final === void 0 ? void 0 : Buffer.from(final));
    return answer instanceof Refusal ? answer.reasonCode : 0;
  };
  t2.equal(await code(clientFinal), 0);
  t2.equal(await code(clientFinal.replace("p=dH", "p=aH")), 134);
  t2.equal(await code(clientFinal.replace("k0,p", "k1,p")), 134);
  t2.equal(await code(clientFinal.replace("biws", "eSws")), 134, "y,, and n,, are not the same");
  t2.equal(await code(clientFinal.replace(/p=.*/, "p=AAAA")), 134);
  t2.equal(await code(clientFinal.replace(/,p=.*/, "")), 130);
  t2.equal(await code(""), 130);
  t2.equal(await code(void 0), 130);
});
t.test("who does not exist gets a salt of his own, the same each time, also after a restart", async (t2) => {
  const scram = scramText(await deriveScramCredentials("pencil", salt, 4096));
  const users = [{ name: "u", password: void 0, scram, roles: [], disabled: false, clientIds: void 0 }];
  const [one, again] = [new Accounts(users), new Accounts(users)];
  const nobody = one.scramDecoy("nobody");
  t2.strictSame(again.scramDecoy("nobody").salt, nobody.salt);
  t2.notSame(one.scramDecoy("noone").salt, nobody.salt);
  t2.equal(nobody.salt.length, salt.length);
  t2.equal(nobody.iterations, 4096, "as those who exist have");
});
//# sourceMappingURL=scram.test.js.map
