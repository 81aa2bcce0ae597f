import { execFile, execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import mqtt, {} from "mqtt";
import t, {} from "tap";
import { hpmqEntry, runHpmq, startTestGateway, tempFolder } from "../support/gateway.js";
import { eventually, needs, startPeer } from "../support/peers.js";
const yaml = (users) => `gateway: { id: plant-7 }
broker:
  listeners: [{ type: tcp, port: 0 }]
  auth:
    users: ${users}
    rules:
      - { roles: [operator], allow: publish, topics: 'hpmq/+/+/+/set' }
      - { roles: [operator, dashboard], allow: subscribe, topics: ['hpmq/#', '$SYS/#'] }
      - { allow: all, topics: 'home/%u/#' }
`;
async function start(t2) {
  const users = join(tempFolder(t2), "users.yaml");
  const passwd = join(dirname(users), "passwd");
  execFileSync("mosquitto_passwd", ["-c", "-b", passwd, "grafana", "dash"], { stdio: "ignore" });
  const user = (args, password = "") => new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [hpmqEntry, "user", ...args, "--users-file", users],
      (error, stdout) => error === null ? resolve(stdout) : reject(error)
    );
    child.stdin?.end(password);
  });
  await user(["import", passwd]);
  await user(["add", "anna", "--role", "operator", "--scram"], "geheim");
  const gateway = await startTestGateway(t2, yaml(users));
  return { gateway, users, user, port: String(gateway.mqttPort) };
}
async function outcome(t2, program, port, ...args) {
  const peer = startPeer(t2, program, ["-p", port, "-d", "-V", "5", ...args]);
  await peer.ended;
  return peer.stdout() + peer.stderr();
}
const subscribe = (t2, port, ...args) => startPeer(t2, "stdbuf", ["-oL", "mosquitto_sub", "-p", port, "-d", "-q", "1", ...args]);
t.test(
  "mosquitto clients with passwords: who may do what, and a user who is removed has to go",
  needs("mosquitto_pub", "mosquitto_sub", "mosquitto_passwd"),
  async (t2) => {
    const { gateway, user, port } = await start(t2);
    const pub = (...args) => outcome(t2, "mosquitto_pub", port, "-q", "1", "-m", "x", ...args);
    t2.match(await pub("-t", "a"), /CONNACK.*\(13[45]\)|not authori[sz]ed|Bad user/i, "anonymous");
    t2.match(await pub("-t", "a", "-u", "anna", "-P", "wrong"), /\(134\)|Bad username or password|not authori[sz]ed/i);
    t2.match(await pub("-t", "home/anna/x", "-u", "anna", "-P", "geheim"), /PUBACK \(Mid: 1, RC:(0|16)\)/);
    t2.match(await pub("-t", "home/bert/x", "-u", "anna", "-P", "geheim"), /PUBACK \(Mid: 1, RC:135\)/);
    t2.match(await pub("-t", "hpmq/plant-7/a/b/set", "-u", "anna", "-P", "geheim"), /RC:(0|16)\)/);
    t2.match(await pub("-t", "hpmq/plant-7/a/b/set", "-u", "grafana", "-P", "dash"), /RC:135\)/, "may not write");
    const refused = subscribe(t2, port, "-u", "grafana", "-P", "dash", "-t", "hpmq/#");
    await refused.sees(/All subscription requests were denied|Subscribed \(mid: 1\): 1(28|35)/);
    const anna = subscribe(t2, port, "-V", "5", "-u", "anna", "-P", "geheim", "-t", "hpmq/#", "-i", "line-1");
    await anna.sees(/Subscribed \(mid: 1\): 1/);
    await anna.sees(/hpmq\/plant-7\/\$state/);
    await user(["disable", "anna"]);
    await user(["rm", "grafana"]);
    await gateway.process.sees(/"clientId":"line-1".*the user is disabled/, 15e3);
    await gateway.process.sees(/"audit":true,"who":"file","action":"reload access".*-grafana/);
    t2.match(await pub("-t", "home/grafana/x", "-u", "grafana", "-P", "dash"), /\(134\)|Bad user|not authori[sz]ed/i);
    t2.notMatch(gateway.process.stderr(), /geheim|\$scrypt/, "no password and no hash in the log");
  }
);
async function scram(t2, port, user, password) {
  const sasl = startPeer(t2, "stdbuf", [
    "-oL",
    "gsasl",
    "--client",
    "-m",
    "SCRAM-SHA-256",
    "--no-cb",
    "-a",
    user,
    "-p",
    password
  ]);
  let read = 0;
  const line = () => eventually(() => {
    const lines = sasl.stdout().split("\n").filter((one) => /^[A-Za-z0-9+/]{16,}=*$/.test(one));
    return lines.length > read ? Buffer.from(lines[read++], "base64") : void 0;
  });
  const properties = { authenticationMethod: "SCRAM-SHA-256", authenticationData: await line() };
  const client = mqtt.connect({ port: Number(port), protocolVersion: 5, reconnectPeriod: 0, properties });
  t2.teardown(() => client.endAsync(true));
  const said = [];
  client.handleAuth = (packet, answer) => {
    const data = packet.properties.authenticationData;
    said.push(data);
    sasl.write(`${data.toString("base64")}
`);
    line().then(
      (authenticationData) => answer(void 0, {
        cmd: "auth",
        reasonCode: 24,
        properties: { authenticationMethod: "SCRAM-SHA-256", authenticationData }
      }),
      (error) => answer(error)
    );
  };
  return { client, sasl, said };
}
t.test("SCRAM-SHA-256 with GNU SASL and MQTT.js", needs("gsasl", "mosquitto_passwd"), async (t2) => {
  const { port } = await start(t2);
  const { client, sasl } = await scram(t2, port, "anna", "geheim");
  const connack = await new Promise((resolve, reject) => {
    client.on("connect", (packet) => resolve(packet));
    client.on("error", reject);
  });
  sasl.write(`${connack.properties.authenticationData.toString("base64")}

`);
  await sasl.sees(/Client authentication finished/);
  t2.strictSame(await client.subscribeAsync("home/anna/#", { qos: 1 }).then((granted) => granted[0]?.qos), 1);
  for (const [user, password] of [
    ["anna", "wrong"],
    ["nobody", "geheim"]
  ]) {
    const failed = await scram(t2, port, user, password);
    const error = await new Promise((resolve) => failed.client.on("error", resolve));
    t2.equal(error.code, 134, `${user}: the same answer`);
    t2.match(failed.said[0]?.toString(), /,i=15000$/);
  }
});
t.test("the configuration is checked with its users", async (t2) => {
  const cwd = t2.testdir({ "hpmq.yaml": yaml("users.yaml"), "users.yaml": "users: { anna: { password: hunter2 } }\n" });
  const { code, stdout } = await runHpmq(["config", "check"], { cwd });
  t2.equal(code, 1);
  t2.match(stdout, /^users.yaml:1:28: users.anna.password: is not a password hash/);
  t2.notMatch(stdout, /hunter2/);
});
//# sourceMappingURL=access.test.js.map
