import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { version } from "../../src/version.js";
import { hpmq } from "../support/cli.js";
import { hpmqEntry, tempFolder } from "../support/gateway.js";
import { repoRoot, startPeer } from "../support/peers.js";
const commands = [
  "",
  "run",
  "status",
  "config",
  "config check",
  "config show",
  "config schema",
  "device",
  "device list",
  "device show",
  "point",
  "point list",
  "point read",
  "point write",
  "point watch",
  "topic",
  "topic pub",
  "topic tail",
  "tui",
  "demo",
  "simulate",
  "simulate modbus-tcp",
  "simulate modbus-rtu",
  "explain",
  "version"
];
for (const command of commands) {
  t.test(`hpmq ${command} --help: examples first, exit codes last`, async (t2) => {
    const words = command === "" ? [] : command.split(" ");
    const { code, stdout, stderr } = await hpmq(t2, [...words, "--help"]);
    t2.equal(code, 0);
    t2.equal(stderr, "");
    const [purpose, , examples] = stdout.split("\n");
    t2.match(purpose, /^[A-Z]/, "begins with its purpose");
    t2.equal(examples, "Examples:");
    t2.match(stdout, `Usage: hpmq${command === "" ? "" : ` ${command}`}`);
    t2.match(stdout.trimEnd().split("\n").at(-1), /^Exit codes: /);
  });
}
t.test("hpmq --help loads nothing but commander", async (t2) => {
  const hook = join(tempFolder(t2), "hook.mjs");
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ load(url, context, next) { writeSync(2, 'loaded ' + url + '\\n'); return next(url, context); } });
`
  );
  const peer = startPeer(t2, process.execPath, ["--import", hook, hpmqEntry, "--help"]);
  t2.equal(await peer.ended, 0);
  const loaded = peer.stderr().split("\n").filter((line) => line.startsWith("loaded file:"));
  t2.ok(
    loaded.some((url) => url.includes("/commander/")),
    "the hook sees packages"
  );
  t2.strictSame(
    loaded.filter((url) => /node_modules/.test(url) && !url.includes("/commander/")),
    []
  );
  t2.strictSame(
    loaded.filter((url) => /\/src\/(config\/(?!errors)|tui|broker|devices|links|api|demo)\//.test(url)),
    []
  );
});
t.test("hpmq help COMMAND is the help of the command", async (t2) => {
  const forms = [
    ["point", "write", "--help"],
    ["help", "point", "write"],
    ["point", "help", "write"]
  ];
  const [flag, ...others] = await Promise.all(forms.map((words) => hpmq(t2, words)));
  t2.match(flag?.stdout, "Usage: hpmq point write");
  for (const help of others) t2.strictSame(help, flag);
});
t.test("a command that lacks its verb shows its help on stderr", async (t2) => {
  const { code, stdout, stderr } = await hpmq(t2, ["device"]);
  t2.equal(code, 64);
  t2.equal(stdout, "");
  t2.match(stderr, "Usage: hpmq device");
});
const names = commands.filter((name) => /^[a-z]+$/.test(name)).join(", ");
const mistakes = [
  [["devce"], 'unknown command "devce"', "did you mean device?"],
  [["config", "chek"], 'unknown command "chek"', "did you mean check?"],
  [["status", "--jsn"], 'unknown option "--jsn"', "did you mean --json?"],
  [["help", "nope"], 'unknown command "nope"', `known commands: ${names}`],
  [["help", "devce"], 'unknown command "devce"', "did you mean device?"],
  [["help", "point", "writ"], 'unknown command "writ"', "did you mean write?"],
  [["point", "help", "writ"], 'unknown command "writ"', "did you mean write?"],
  [["nope", "--help"], 'unknown command "nope"', `known commands: ${names}`],
  [
    ["point", "write", "a.b"],
    'missing required argument "value"',
    "write `hpmq point write <point> <value>`, or see its --help"
  ],
  [
    ["point", "write", "a", "b", "1", "2"],
    'too many arguments for "write"',
    "write `hpmq point write <point> <value>`, or see its --help"
  ],
  [["status", "extra"], 'too many arguments for "status"', "write `hpmq status`, or see its --help"],
  [["status", "--timeout", "5"], '"5" is not a duration from 1ms to 1h', "write --timeout 500ms, 5s or 2m"],
  [["topic", "pub", "a", "b", "--qos", "3"], '"3" is not a quality of service', "write --qos 0, 1 or 2"],
  [["topic", "pub", "a/#", "b"], '"a/#" is not a topic: contains a wildcard', "write a topic without wildcards"],
  [
    ["topic", "tail", "a/#/b"],
    '"a/#/b" is not a topic filter: wildcard is misplaced',
    "quote it: 'plant/+/temperature' or 'plant/#'"
  ],
  [["simulate", "modbus-tcp", "--port", "99999"], '"99999" is not a number from 0 to 65535', "write --port 1502"]
];
for (const [args, message, hint] of mistakes) {
  t.test(`hpmq ${args.join(" ")}: usage`, async (t2) => {
    const { code, stdout, stderr } = await hpmq(t2, args);
    t2.equal(code, 64);
    t2.equal(stdout, "");
    t2.equal(stderr, `error: ${message}
hint: ${hint}
`);
  });
}
t.test("usage errors are JSON with --json, wherever it stands", async (t2) => {
  const { code, stdout, stderr } = await hpmq(t2, ["--json", "devce"]);
  t2.equal(code, 64);
  t2.equal(stderr, "");
  t2.match(JSON.parse(stdout), { error: { code: "CLI_USAGE", fault: "caller", hint: "did you mean device?" } });
  const verb = await hpmq(t2, ["device", "--json"]);
  t2.equal(verb.code, 64);
  t2.match(JSON.parse(verb.stdout), { error: { code: "CLI_USAGE", message: "the command is incomplete" } });
});
t.test("no gateway: exit 69 and how to start one", async (t2) => {
  const socket = join(tempFolder(t2), "none.sock");
  const text = await hpmq(t2, ["status", "--socket", socket]);
  t2.equal(text.code, 69);
  t2.equal(
    text.stderr,
    `error: no gateway answers on ${socket}
  code  GATEWAY_NOT_RUNNING  (more: hpmq explain GATEWAY_NOT_RUNNING)
hint: start it with \`hpmq run\`, or name its socket with --socket
`
  );
  const json = await hpmq(t2, ["point", "watch", "--json"], { env: { HPMQ_SOCKET: socket } });
  t2.equal(json.code, 69);
  t2.match(JSON.parse(json.stdout), { error: { code: "GATEWAY_NOT_RUNNING", fault: "peer" } });
});
t.test("version: of package.json", async (t2) => {
  const { version: packaged } = JSON.parse(readFileSync(join(repoRoot, "package.json"), "utf8"));
  t2.equal(version, packaged);
  const [flag, text, json] = await Promise.all([
    hpmq(t2, ["--version"]),
    hpmq(t2, ["version"]),
    hpmq(t2, ["version", "--json"])
  ]);
  t2.equal(flag.stdout, `${packaged}
`);
  t2.match(text.stdout, new RegExp(`^hpmq ${packaged} \\(node \\d+\\.\\d+\\.\\d+, linux \\w+\\)
$`));
  t2.match(JSON.parse(json.stdout), { version: packaged, platform: "linux" });
});
t.test("explain: who has to act and how; every code once", async (t2) => {
  const one = await hpmq(t2, ["explain", "gateway-not-running"]);
  t2.equal(
    one.stdout,
    `GATEWAY_NOT_RUNNING  (fault: peer, exit code 69)
  who acts  the operator of the network or of the far side
  to do     start it with \`hpmq run\`, or name its socket with --socket
`
  );
  const all = JSON.parse((await hpmq(t2, ["explain", "--json"])).stdout);
  const codes = all.items.map(({ code }) => code);
  t2.equal(new Set(codes).size, codes.length, "no code is used twice");
  for (const code of ["CONFIG_INVALID", "MODBUS_TIMEOUT", "API_NOT_FOUND", "INTERNAL"])
    t2.ok(codes.includes(code), code);
  const wrong = await hpmq(t2, ["explain", "MODBUS_TIMEOT"]);
  t2.equal(wrong.code, 64);
  t2.match(wrong.stderr, "did you mean MODBUS_TIMEOUT?");
});
t.test("a full disk behind stdout is an I/O error", async (t2) => {
  const peer = startPeer(t2, "sh", ["-c", `"${process.execPath}" "${hpmqEntry}" version > /dev/full`]);
  t2.equal(await peer.ended, 74);
  t2.match(peer.stderr(), /cannot write the result: ENOSPC/);
});
//# sourceMappingURL=help.test.js.map
