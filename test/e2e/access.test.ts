/** A whole gateway with users: foreign clients get in or not, and `hpmq user` changes that while it runs. */
import { execFile, execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import type { IAuthPacket } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { hpmqEntry, runHpmq, startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually, needs, type Peer, startPeer } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';

const yaml = (users: string) => `gateway: { id: plant-7 }
broker:
  listeners: [{ type: tcp, port: 0 }]
  auth:
    users: ${users}
    rules:
      - { roles: [operator], allow: publish, topics: 'hpmq/+/+/+/set' }
      - { roles: [operator, dashboard], allow: subscribe, topics: ['hpmq/#', '$SYS/#'] }
      - { allow: all, topics: 'home/%u/#' }
`;

/** A gateway whose users are in a file of their own. */
async function start(t: Test) {
  const users = join(tempFolder(t), 'users.yaml');
  const passwd = join(dirname(users), 'passwd');
  execFileSync('mosquitto_passwd', ['-c', '-b', passwd, 'grafana', 'dash'], { stdio: 'ignore' });
  const user = (args: readonly string[], password = '') =>
    new Promise<string>((resolve, reject) => {
      const child = execFile(process.execPath, [hpmqEntry, 'user', ...args, '--users-file', users], (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      );
      child.stdin?.end(password);
    });
  await user(['import', passwd]);
  await user(['add', 'anna', '--role', 'operator', '--scram'], 'geheim');
  const gateway = await startTestGateway(t, yaml(users));
  return { gateway, users, user, port: String(gateway.mqttPort) };
}

async function outcome(t: Test, program: string, port: string, ...args: readonly string[]): Promise<string> {
  const peer = startPeer(t, program, ['-p', port, '-d', '-V', '5', ...args]);
  await peer.ended;
  return peer.stdout() + peer.stderr();
}

const subscribe = (t: Test, port: string, ...args: readonly string[]): Peer =>
  startPeer(t, 'stdbuf', ['-oL', 'mosquitto_sub', '-p', port, '-d', '-q', '1', ...args]);

t.test(
  'mosquitto clients with passwords: who may do what, and a user who is removed has to go',
  needs('mosquitto_pub', 'mosquitto_sub', 'mosquitto_passwd'),
  async (t) => {
    const { gateway, user, port } = await start(t);
    const pub = (...args: readonly string[]) => outcome(t, 'mosquitto_pub', port, '-q', '1', '-m', 'x', ...args);
    t.match(await pub('-t', 'a'), /CONNACK.*\(13[45]\)|not authori[sz]ed|Bad user/i, 'anonymous');
    t.match(await pub('-t', 'a', '-u', 'anna', '-P', 'wrong'), /\(134\)|Bad username or password|not authori[sz]ed/i);
    t.match(await pub('-t', 'home/anna/x', '-u', 'anna', '-P', 'geheim'), /PUBACK \(Mid: 1, RC:(0|16)\)/);
    t.match(await pub('-t', 'home/bert/x', '-u', 'anna', '-P', 'geheim'), /PUBACK \(Mid: 1, RC:135\)/);
    t.match(await pub('-t', 'hpmq/plant-7/a/b/set', '-u', 'anna', '-P', 'geheim'), /RC:(0|16)\)/);
    t.match(await pub('-t', 'hpmq/plant-7/a/b/set', '-u', 'grafana', '-P', 'dash'), /RC:135\)/, 'may not write');

    await gateway.process.sees(/"who":"client [^"]+ \(user anna\)","action":"write point","target":"a.b"/);

    const refused = subscribe(t, port, '-u', 'grafana', '-P', 'dash', '-t', 'hpmq/#');
    await refused.sees(/All subscription requests were denied|Subscribed \(mid: 1\): 1(28|35)/);
    const anna = subscribe(t, port, '-V', '5', '-u', 'anna', '-P', 'geheim', '-t', 'hpmq/#', '-i', 'line-1');
    await anna.sees(/Subscribed \(mid: 1\): 1/);
    await anna.sees(/hpmq\/plant-7\/\$state/);
    await user(['disable', 'anna']);
    await user(['rm', 'grafana']);
    await gateway.process.sees(/"clientId":"line-1".*the user is disabled/, 15_000);
    await gateway.process.sees(/"audit":true,"who":"file","action":"reload access".*-grafana/);
    t.match(await pub('-t', 'home/grafana/x', '-u', 'grafana', '-P', 'dash'), /\(134\)|Bad user|not authori[sz]ed/i);
    t.notMatch(gateway.process.stderr(), /geheim|\$scrypt/, 'no password and no hash in the log');
  },
);

/** GNU SASL's client, a line of base64 at a time, spoken for by MQTT.js. */
async function scram(t: Test, port: string, user: string, password: string) {
  const sasl = startPeer(t, 'stdbuf', [
    '-oL',
    'gsasl',
    '--client',
    '-m',
    'SCRAM-SHA-256',
    '--no-cb',
    '-a',
    user,
    '-p',
    password,
  ]);
  let read = 0;
  const line = () =>
    eventually(() => {
      const lines = sasl
        .stdout()
        .split('\n')
        .filter((one) => /^[A-Za-z0-9+/]{16,}=*$/.test(one));
      return lines.length > read ? Buffer.from(lines[read++]!, 'base64') : undefined;
    });
  const properties = { authenticationMethod: 'SCRAM-SHA-256', authenticationData: await line() };
  const client: MqttClient = mqtt.connect({ port: Number(port), protocolVersion: 5, reconnectPeriod: 0, properties });
  t.teardown(() => client.endAsync(true));
  const said: Buffer[] = [];
  client.handleAuth = (packet, answer) => {
    const data = packet.properties!.authenticationData!;
    said.push(data);
    sasl.write(`${data.toString('base64')}\n`);
    line().then(
      (authenticationData) =>
        answer(undefined, {
          cmd: 'auth',
          reasonCode: 0x18,
          properties: { authenticationMethod: 'SCRAM-SHA-256', authenticationData },
        } as IAuthPacket),
      (error: Error) => answer(error),
    );
  };
  return { client, sasl, said };
}

t.test('SCRAM-SHA-256 with GNU SASL and MQTT.js', needs('gsasl', 'mosquitto_passwd'), async (t) => {
  const { port } = await start(t);
  const { client, sasl } = await scram(t, port, 'anna', 'geheim');
  const connack = await new Promise<{ properties?: { authenticationData?: Buffer } }>((resolve, reject) => {
    client.on('connect', (packet) => resolve(packet as never));
    client.on('error', reject);
  });
  // It checks the signature of the server; the empty line says that nothing follows.
  sasl.write(`${connack.properties!.authenticationData!.toString('base64')}\n\n`);
  await sasl.sees(/Client authentication finished/);
  t.strictSame(await client.subscribeAsync('home/anna/#', { qos: 1 }).then((granted) => granted[0]?.qos), 1);

  for (const [user, password] of [
    ['anna', 'wrong'],
    ['nobody', 'geheim'],
  ] as const) {
    const failed = await scram(t, port, user, password);
    const error = await new Promise<Error & { code?: number }>((resolve) => failed.client.on('error', resolve));
    t.equal(error.code, 0x86, `${user}: the same answer`);
    t.match(failed.said[0]?.toString(), /,i=15000$/);
  }
});

t.test(
  'client certificates: the common name is the user, and each has its own topics',
  needs('openssl', 'mosquitto_pub'),
  async (t) => {
    const ca = createAuthority(t);
    const server = ca.issue({ subject: '/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' });
    const line = ca.issue({ subject: '/O=Example/CN=line-3' });
    const gateway = await startTestGateway(
      t,
      `broker:
  listeners:
    - { type: tls, port: 0, cert: ${server.cert}, key: { file: ${server.key} }, clientCa: ${ca.cert}, auth: { methods: [certificate] } }
  auth:
    certificate: cn
    rules: [{ commonNames: ['line-*'], allow: all, topics: ['field/%cn/#', 'user/%u'] }]
`,
    );
    const args = ['-h', 'localhost', '--cafile', ca.cert, '-q', '1', '-m', 'x'];
    const own = ['--cert', line.cert, '--key', line.key];
    const pub = (...more: readonly string[]) => outcome(t, 'mosquitto_pub', String(gateway.mqttPort), ...args, ...more);
    t.match(await pub(...own, '-t', 'field/line-3/x'), /PUBACK \(Mid: 1, RC:(0|16)\)/);
    t.match(await pub(...own, '-t', 'user/line-3'), /RC:(0|16)\)/);
    t.match(await pub(...own, '-t', 'field/line-4/x'), /RC:135\)/);
    t.match(await pub(...own, '-t', 'user/line-3', '-u', 'line-4', '-P', 'x'), /\(134\)|Bad user|not authori[sz]ed/i);
    t.notMatch(await pub('-t', 'user/line-3'), /PUBACK/, 'without a certificate');
  },
);

t.test('the configuration is checked with its users', async (t) => {
  const cwd = t.testdir({ 'hpmq.yaml': yaml('users.yaml'), 'users.yaml': 'users: { anna: { password: hunter2 } }\n' });
  const { code, stdout } = await runHpmq(['config', 'check'], { cwd });
  t.equal(code, 1);
  t.match(stdout, /^users.yaml:1:28: users.anna.password: is not a password hash/);
  t.notMatch(stdout, /hunter2/);
});
