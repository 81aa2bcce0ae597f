import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import t, {} from "tap";
import { main } from "../../src/cli/program.js";
import { readUsersFile } from "../../src/config/users.js";
import { parsePasswordHash, verifyPassword } from "../../src/core/password.js";
import { hpmq } from "../support/cli.js";
import { needs } from "../support/peers.js";
async function runHere(cwd, args, { stdin = "", env = {} }) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const here = process.cwd();
  process.chdir(cwd);
  try {
    const streams = { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr };
    const code = await main(args, streams, env);
    return { code, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
  } finally {
    process.chdir(here);
  }
}
function start(t2, files = {}) {
  const cwd = t2.testdir({ "hpmq.yaml": "broker: { auth: { users: users.yaml } }\n", ...files });
  const file = join(cwd, "users.yaml");
  return {
    cwd,
    file,
    run: (args, options = {}) => runHere(cwd, ["user", ...args], options),
    user: (name) => readUsersFile(file).users.find((one) => one.name === name),
    opens: (name, password) => {
      const user = readUsersFile(file).users.find((one) => one.name === name);
      return verifyPassword(parsePasswordHash(user.password), Buffer.from(password));
    }
  };
}
t.test("add creates the file, for its owner alone; the password comes from a pipe or a file", async (t2) => {
  const { cwd, file, run, user, opens } = start(t2, { secret: "geheim\n" });
  const words = ["user", "add", "anna", "--role", "operator", "--role", "viewer"];
  const added = await hpmq(t2, words, { cwd, stdin: "p\xE4ssword\n" });
  t2.strictSame(added, {
    code: 0,
    stdout: "anna: added\n",
    stderr: "in users.yaml; a running gateway takes it over within seconds\n"
  });
  t2.equal(statSync(file).mode & 511, 384);
  t2.match(readFileSync(file, "utf8"), /^# Users of the MQTT broker; written by `hpmq user`/);
  t2.equal(await opens("anna", "p\xE4ssword"), true);
  t2.equal(await opens("anna", "p\xE4ssword\n"), false);
  t2.match(user("anna"), { roles: ["operator", "viewer"], disabled: false });
  const quiet = await run(["add", "meter-7", "--client-id", "meter-7*", "--password-file", "secret", "-q", "--json"]);
  t2.equal(quiet.stderr, "");
  t2.strictSame(JSON.parse(quiet.stdout), { user: "meter-7", action: "added", file });
  t2.equal(await opens("meter-7", "geheim"), true);
  t2.strictSame(user("meter-7")?.clientIds, ["meter-7*"]);
  const none = await run(["add", "line-3", "--no-password"]);
  t2.equal(none.code, 0);
  t2.equal(user("line-3")?.password, void 0);
  t2.notOk(existsSync(join(cwd, "users.yaml.new")));
});
t.test("passwd, disable, enable, rm; comments and rules of the file stay", async (t2) => {
  const { file, run, user, opens } = start(t2, {
    "users.yaml": `# Who works here
users:
  anna: { roles: [operator] } # since 2019
  bert: {}
rules:
  - { allow: all, topics: 'a/#' }
`
  });
  t2.equal((await run(["passwd", "anna", "--scram"], { stdin: "one" })).stdout, "anna: changed\n");
  t2.equal(await opens("anna", "one"), true);
  t2.match(user("anna")?.scram, /^SCRAM-SHA-256\$15000:/);
  await run(["passwd", "anna"], { stdin: "two" });
  t2.equal(user("anna")?.scram, void 0, "the credential of the old password is gone");
  t2.equal((await run(["disable", "anna"])).stdout, "anna: disabled\n");
  t2.equal(user("anna")?.disabled, true);
  t2.equal((await run(["enable", "anna"])).stdout, "anna: enabled\n");
  t2.match(user("anna"), { disabled: false, roles: ["operator"] });
  t2.equal((await run(["rm", "bert"])).stdout, "bert: removed\n");
  t2.equal(user("bert"), void 0);
  const text = readFileSync(file, "utf8");
  t2.match(text, /^# Who works here\n/);
  t2.match(text, /# since 2019/);
  t2.match(readUsersFile(file).rules, [{ effect: "allow", topics: ["a/#"] }]);
});
t.test("list shows no hash", async (t2) => {
  const { run } = start(t2);
  t2.strictSame(await run(["list"]), { code: 0, stdout: "", stderr: "there are no users\n" });
  await run(["add", "anna", "--role", "operator", "--scram"], { stdin: "x" });
  await run(["add", "line-3", "--no-password", "--client-id", "line-3"]);
  await run(["disable", "line-3"]);
  const { stdout } = await run(["list"]);
  t2.equal(
    stdout.replace(/ +$/gm, ""),
    `USER    STATE     PASSWORD  SCRAM  ROLES     CLIENT IDS
anna    enabled   scrypt    yes    operator  any
line-3  disabled  none      no               line-3
`
  );
  const json = await run(["list", "--json"]);
  t2.notMatch(json.stdout, /\$/);
  t2.match(JSON.parse(json.stdout), { items: [{ user: "anna", scram: true, clientIds: null }, { state: "disabled" }] });
});
t.test("import of a file of mosquitto_passwd", needs("mosquitto_passwd"), async (t2) => {
  const { cwd, run, opens } = start(t2);
  const passwd = join(cwd, "passwd");
  execFileSync("mosquitto_passwd", ["-c", "-b", passwd, "anna", "one"], { stdio: "ignore" });
  execFileSync("mosquitto_passwd", ["-H", "sha512", "-b", passwd, "bert", "two"], { stdio: "ignore" });
  await run(["add", "anna"], { stdin: "mine" });
  t2.equal((await run(["import", "passwd"])).stdout, "1 user imported, 1 existed already\n");
  t2.equal(await opens("anna", "mine"), true);
  t2.equal(await opens("bert", "two"), true);
  t2.strictSame(JSON.parse((await run(["import", "passwd", "--replace", "--json"])).stdout), {
    imported: 2,
    kept: 0,
    file: join(cwd, "users.yaml")
  });
  t2.equal(await opens("anna", "one"), true);
  writeFileSync(passwd, "anna:hunter2\n");
  const plain = await run(["import", "passwd"]);
  t2.equal(plain.code, 64);
  t2.equal(
    plain.stderr,
    `error: passwd:1: expected user:hash; nothing was imported
  code  CLI_BAD_IMPORT  (more: hpmq explain CLI_BAD_IMPORT)
hint: hash passwords in clear with \`mosquitto_passwd -U FILE\` first
`
  );
});
t.test("mistakes are told, and change nothing", async (t2) => {
  const { cwd, file, run } = start(t2, { "users.yaml": "users: { anna: {} }\n", empty: "", two: "a\nb\n" });
  const before = readFileSync(file, "utf8");
  for (const [args, stdin, message] of [
    [["add", "anna"], "x", 'there is a user "anna" already'],
    [["passwd", "ana"], "x", 'there is no user "ana"'],
    [["rm", "nobody"], "", 'there is no user "nobody"'],
    [["add", "bert"], "", "the password is empty"],
    [["add", "bert", "--password-file", "empty"], "", "the password is empty"],
    [["add", "bert", "--password-file", "two"], "", "the password has more than one line"],
    [["add", "bert", "--password-file", "nonesuch"], "", "cannot read nonesuch: there is no such file"],
    [["add", "bert"], "x".repeat(7e4), "the password has more than 65535 bytes"],
    [["add", "bert", "--scram"], "\x07x", "the password has characters that SCRAM does not allow (RFC 4013)"],
    [["import", "nonesuch"], "", "cannot read nonesuch: there is no such file"]
  ]) {
    const outcome = await run(args, { stdin });
    t2.equal(outcome.code, 64, args.join(" "));
    t2.equal(outcome.stderr.split("\n")[0], `error: ${message}`, args.join(" "));
    t2.equal(outcome.stdout, "");
  }
  t2.match((await run(["passwd", "ana"], { stdin: "x" })).stderr, /hint: did you mean anna\?/);
  const name = await run(["add", "an*na"], { stdin: "x" });
  t2.equal(name.code, 78);
  t2.match(name.stderr, /"an\*na" cannot be a user name/);
  t2.equal((await run(["add", "bert", "hunter2"])).code, 64, "a password is no argument");
  t2.equal(readFileSync(file, "utf8"), before);
  t2.notOk(existsSync(join(cwd, "users.yaml.new")));
});
t.test("a broken file is not touched; nor one that another command is writing", async (t2) => {
  const { cwd, file, run } = start(t2, { "users.yaml": "users:\n  anna: { role: [x] }\n" });
  const broken = await run(["add", "bert"], { stdin: "x" });
  t2.equal(broken.code, 78);
  t2.match(broken.stderr, /^users.yaml:2:11: users.anna.role: unknown key "role"\n/);
  writeFileSync(file, "users: { anna: {} }\n");
  const lock = join(cwd, "users.yaml.new");
  writeFileSync(lock, "");
  const busy = await run(["add", "bert"], { stdin: "x" });
  t2.equal(busy.code, 75);
  t2.match(busy.stderr, /USERS_LOCKED/);
  utimesSync(lock, 1, 1);
  t2.equal((await run(["add", "bert"], { stdin: "x" })).code, 0, "left by a crash");
});
t.test("the mode for the group, and a symbolic link, stay", async (t2) => {
  const { cwd, file, run, user } = start(t2, { "real.yaml": "users: {}\n" });
  chmodSync(join(cwd, "real.yaml"), 420);
  symlinkSync("real.yaml", file);
  t2.equal((await run(["add", "anna"], { stdin: "x" })).code, 0);
  t2.equal(statSync(join(cwd, "real.yaml")).mode & 511, 416, "others see no hashes");
  t2.ok(user("anna"));
});
t.test("which file: of the configuration, of the environment, of the command line", async (t2) => {
  const { cwd, run } = start(t2, { "hpmq.yaml": "gateway: {}\n" });
  const none = await run(["list"]);
  t2.equal(none.code, 78);
  t2.match(none.stderr, /^error: the configuration names no file of users\n/);
  t2.equal((await run(["add", "a", "--users-file", "x.yaml"], { stdin: "x" })).code, 0);
  t2.equal((await run(["list", "-q"], { env: { HPMQ_BROKER__AUTH__USERS: "x.yaml" } })).code, 0);
  t2.ok(existsSync(join(cwd, "x.yaml")));
  writeFileSync(join(cwd, "hpmq.yaml"), "broker: { auth: { users: { anna: {} } } }\n");
  t2.match((await run(["list"])).stderr, /^error: the users are in the configuration itself\n/);
  writeFileSync(join(cwd, "hpmq.yaml"), "broker: { auth: { users: new.yaml }, nonsense: 1 }\n");
  t2.equal((await run(["add", "a"], { stdin: "x" })).code, 0, "another mistake in it does not matter");
});
//# sourceMappingURL=user-commands.test.js.map
