/** Updates of a box with the executable: signed, tried, confirmed or taken back, and killed at any moment. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { hpmqEntry } from '../support/gateway.js';
import { needs, startPeer } from '../support/peers.js';
import { Box } from '../support/update.js';

const PLAIN = 'gateway: { id: box }\nbroker: { listeners: [ { type: tcp, port: 0 } ] }\n';

t.test('a signed bundle is installed, tried, confirmed by itself, and rolled back on request', async (t) => {
  const box = new Box(t);
  box.supervise(PLAIN);
  await box.becomes(({ state }) => state === 'confirmed');
  const installed = await box.hpmq('update', 'install', box.bundle('9.1.0'), '--window', '10s');
  t.match(installed, { code: 0, stdout: 'version 9.1.0 is installed: it starts now\n' });
  const confirmed = await box.becomes(({ version, state }) => version === '9.1.0' && state === 'confirmed');
  t.match(confirmed, {
    form: 'executable',
    slot: /^9\.1\.0-[0-9a-f]{12}$/,
    previous: '0.1.0',
    last: { outcome: 'confirmed' },
  });
  t.equal(box.starts, 1, 'the same process all the time: a service manager notices nothing');
  t.match(await box.hpmq('update', 'install', box.bundle('9.0.0')), { code: 64, stderr: /UPDATE_OLDER/ });
  t.match(await box.hpmq('update', 'rollback'), { code: 0, stdout: 'version 0.1.0 is current again: it starts now\n' });
  const back = await box.becomes(({ version }) => version === '0.1.0');
  t.match(back.last, { version: '9.1.0', outcome: 'rolled-back' });
});

t.test('a version that crashes had its starts, and the one before comes back by itself', async (t) => {
  const box = new Box(t);
  box.supervise(PLAIN);
  await box.becomes(({ state }) => state === 'confirmed');
  await box.hpmq('update', 'install', box.bundle('9.1.0', 'crashes'), '--window', '10s');
  const back = await box.becomes(({ version, last }) => version === '0.1.0' && last !== null);
  t.match(back.last, { version: '9.1.0', outcome: 'failed', reason: /started 3 times/ });
  t.equal(box.starts, 4, 'three tries, each begun by the installed program');
});

t.test(
  'a version that does not start with the configuration gives up at once, without a service manager',
  async (t) => {
    const box = new Box(t);
    box.supervise(PLAIN);
    await box.becomes(({ state }) => state === 'confirmed');
    await box.hpmq('update', 'install', box.bundle('9.1.0', 'refuses its configuration'), '--window', '10s');
    const back = await box.becomes(({ version, last }) => version === '0.1.0' && last !== null);
    t.match(back.last, { version: '9.1.0', outcome: 'failed', reason: /did not start/ });
    t.equal(box.starts, 1);
  },
);

t.test('a version that cuts a link that was up does not become healthy and is taken back in time', async (t) => {
  const far = startPeer(t, process.execPath, [hpmqEntry, 'run', '--socket', join(new Box(t).folder, 'far.sock')], {
    env: { XDG_STATE_HOME: new Box(t).folder, HPMQ_BROKER__LISTENERS: '[{"type":"tcp","port":0}]' },
  });
  const [, port] = await far.sees(/"listeners":\["[^"]*:(\d+)"/, 15_000);
  const box = new Box(t);
  const yaml = (to: string) =>
    `${PLAIN}links:\n  cloud: { type: mqtt, url: 'mqtt://127.0.0.1:${to}', routes: [ { direction: out, filter: 'a/#' } ] }\n`;
  const other = join(box.folder, 'other.yaml');
  writeFileSync(other, yaml('1'));
  box.supervise(yaml(port!));
  for (let up = false; !up; ) {
    const { stdout } = await box.hpmq('link', 'list', '--json');
    up = stdout.startsWith('{') && JSON.parse(stdout).items?.[0]?.state === 'up';
  }
  await box.hpmq('update', 'install', box.bundle('9.1.0', { config: other }), '--window', '6s');
  const trial = await box.becomes(({ version, state }) => version === '9.1.0' && state === 'trial');
  t.match(trial.missing, [/^link cloud was up before the update and is /]);
  const back = await box.becomes(({ version }) => version === '0.1.0');
  t.match(back.last, { version: '9.1.0', outcome: 'failed', reason: /link cloud was up before/ });
});

t.test(
  'what is tampered with, unsigned, signed by a stranger, cut short or for another processor is refused',
  async (t) => {
    const box = new Box(t);
    box.makeKey('stranger');
    const good = readFileSync(box.bundle('9.1.0', 'healthy', { padding: 4_096 }));
    const refused = async (name: string, bytes: Buffer, code: RegExp) => {
      const file = join(box.folder, `${name}.hpmq`);
      writeFileSync(file, bytes);
      const { code: exit, stderr } = await box.hpmq('update', 'install', file);
      t.match(stderr, code, name);
      t.equal(exit, 64, name);
    };
    const flipped = (at: number) => {
      const copy = Buffer.from(good);
      copy[at]! ^= 1;
      return copy;
    };
    await refused('payload', flipped(good.length - 3_000), /UPDATE_TAMPERED/);
    await refused('manifest', flipped(good.indexOf('9.1.0')), /UPDATE_UNTRUSTED/);
    await refused('cut', good.subarray(0, good.length - 4_000), /UPDATE_BAD_BUNDLE|UPDATE_TAMPERED/);
    await refused('nothing', Buffer.alloc(0), /UPDATE_BAD_BUNDLE/);
    await refused('unsigned', readFileSync(box.bundle('9.1.1', 'healthy', { key: 'none' })), /UPDATE_UNSIGNED/);
    await refused('stranger', readFileSync(box.bundle('9.1.2', 'healthy', { key: 'stranger' })), /UPDATE_UNTRUSTED/);
    const other = process.arch === 'x64' ? 'arm64' : 'x64';
    await refused('processor', readFileSync(box.bundle('9.1.3', 'healthy', { arch: other })), /UPDATE_INCOMPATIBLE/);
    t.strictSame(readdirSync(join(box.updates, 'versions')), [], 'nothing is left behind');
  },
);

t.test(
  'killed at any moment of an installation, there is a program that starts, and the next installation works',
  async (t) => {
    const box = new Box(t);
    const file = box.bundle('9.1.0', 'healthy', { padding: 24_000_000 });
    mkdirSync(box.updates, { recursive: true });
    const install = () =>
      spawn(process.execPath, [hpmqEntry, 'update', 'install', file, '--no-restart'], {
        env: { ...process.env, ...box.env },
        stdio: 'ignore',
      });
    const began = performance.now();
    const whole = install();
    const [code] = await once(whole, 'exit');
    t.equal(code, 0);
    const took = performance.now() - began;
    await box.hpmq('update', 'rollback', '--no-restart');
    const yaml = join(box.folder, 'hpmq.yaml');
    writeFileSync(yaml, PLAIN);
    const seen = new Set<string>();
    for (let kill = 0; kill < 12; kill++) {
      const child = install();
      const timer = setTimeout(() => void child.kill('SIGKILL'), took * (0.2 + 0.9 * ((kill + Math.random()) / 12)));
      await once(child, 'exit');
      clearTimeout(timer);
      const gateway = startPeer(t, process.execPath, [hpmqEntry, 'run', yaml, '--socket', box.socket], {
        env: box.env,
      });
      await gateway.sees(/gateway is up/, 30_000);
      const { version } = await box.becomes(() => true);
      seen.add(version);
      gateway.child.kill('SIGKILL');
      await gateway.ended;
      if (version === '9.1.0') await box.hpmq('update', 'rollback', '--no-restart');
    }
    t.ok(seen.has('0.1.0'), 'some were killed before the end');
    t.match(await box.hpmq('update', 'install', file, '--no-restart'), { code: 0 });
    t.equal(
      readdirSync(join(box.updates, 'versions')).filter((name) => name.startsWith('.')).length,
      0,
      'what was left is gone',
    );
  },
);

t.test('one installation at a time, and Ctrl-C leaves the box as it was', async (t) => {
  const box = new Box(t);
  const file = box.bundle('9.1.0', 'healthy', { padding: 24_000_000 });
  const first = startPeer(t, process.execPath, [hpmqEntry, 'update', 'install', file, '--no-restart'], {
    env: box.env,
  });
  await first.sees(/writing/, 30_000);
  first.child.kill('SIGSTOP');
  t.match(await box.hpmq('update', 'install', file, '--no-restart'), { code: 75, stderr: /UPDATE_BUSY/ });
  first.child.kill('SIGINT');
  first.child.kill('SIGCONT');
  t.equal(Number(await first.ended), 130);
  t.match(first.stderr(), /stopped: the box is as it was/);
  t.strictSame(readdirSync(join(box.updates, 'versions')), []);
});

t.test('links that a gateway cannot tell are missed aloud', async (t) => {
  const box = new Box(t);
  const file = box.bundle('9.1.0');
  t.notMatch((await box.hpmq('update', 'install', file, '--no-restart')).stderr, /links/, 'no gateway, no links');
  const strange = createServer((socket) => void socket.on('error', () => {}).end('no gateway\r\n')).listen(box.socket);
  t.teardown(() => void strange.close());
  const { code, stderr } = await box.hpmq('update', 'install', box.bundle('9.2.0'), '--no-restart');
  t.equal(code, 0, stderr);
  t.match(stderr, /not asked for the links that are up, they are not known: what answers on .* does not speak HTTP/);
});

t.test(
  'over MQTT: a user is answered where he may publish himself, and nowhere else',
  needs('mosquitto_rr', 'mosquitto_sub'),
  async (t) => {
    const box = new Box(t);
    const users = join(box.folder, 'users.yaml');
    for (const [name, role] of [
      ['anna', 'operator'],
      ['bert', 'device'],
    ] as const) {
      const args = ['user', 'add', name, '--role', role, '--users-file', users];
      execFileSync(process.execPath, [hpmqEntry, ...args], { input: 'geheim' });
    }
    box.supervise(`gateway: { id: box }
update: { mqtt: true }
broker:
  listeners: [{ type: tcp, port: 0 }]
  auth:
    users: ${users}
    rules:
      - { roles: [operator], allow: publish, topics: 'hpmq/box/$request/update/#' }
      - { roles: [operator], allow: subscribe, topics: 'hpmq/#' }
      - { allow: all, topics: 'home/%u/#' }
`);
    await box.becomes(({ state }) => state === 'confirmed');
    const [, port] = /"listeners":\["[^"]*:(\d+)"/.exec(box.log)!;
    const client = (program: string, user: string, ...args: readonly string[]) =>
      startPeer(t, 'stdbuf', [
        '-oL',
        program,
        '-p',
        port!,
        '-V',
        '5',
        '-q',
        '1',
        '-d',
        '-u',
        user,
        '-P',
        'geheim',
        ...args,
      ]);
    const asked = ['-t', 'hpmq/box/$request/update/status', '-m', '{"transaction":"7"}'];
    const own = client('mosquitto_rr', 'anna', ...asked, '-e', 'home/anna/answer');
    await own.ended;
    t.match(own.stdout(), /"transaction":"7","status":"done","update":\{"form":"executable"/);
    const bert = client('mosquitto_sub', 'bert', '-t', 'home/bert/#', '-C', '1');
    await bert.sees(/Subscribed/);
    const anna = client('mosquitto_sub', 'anna', '-t', 'hpmq/box/$response/#', '-C', '1', '-v');
    await anna.sees(/Subscribed/);
    const misled = ['-D', 'publish', 'response-topic', 'home/bert/answer'];
    await client('mosquitto_pub', 'anna', ...asked, ...misled).ended;
    await anna.ended;
    t.match(anna.stdout(), /\$response\/update\/status \{"transaction":"7","status":"done"/);
    await client('mosquitto_pub', 'bert', '-t', 'home/bert/last', '-m', 'last').ended;
    await bert.ended;
    t.match(bert.stdout(), /^last$/m, 'nothing came before');
  },
);
