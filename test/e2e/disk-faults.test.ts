/**
 * A gateway whose disk is full, becomes read-only, or fails, with foreign clients: publishers are told, readers go on, what
 * was acknowledged is there afterwards.
 */
import { execFile } from 'node:child_process';
import mqtt, { type MqttClient } from 'mqtt';
import t, { type Test } from 'tap';
import { mqttPublish, mqttSubscribe } from '../support/foreign-mqtt.js';
import { type RunningGateway, startTestGateway, tempFolder } from '../support/gateway.js';
import { eventually, needs, startPeer } from '../support/peers.js';
import { mounting, SmallDisk } from '../support/small-disk.js';

const QUOTA_EXCEEDED = 0x97;
const tmpfs = (size: string) => `mount -t tmpfs -o size=${size} tmpfs "$1"`;
const yaml = (minFree: string) => [
  'broker:',
  '  listeners: [{ type: tcp, host: 127.0.0.1, port: 0 }]',
  '  limits: { queuedMessages: 100000, queuedBytes: 1GB }',
  `store: { minFree: '${minFree}' }`,
];

async function connect(t: Test, port: number, clientId: string, isKept: boolean): Promise<MqttClient> {
  const client = await mqtt.connectAsync({
    host: '127.0.0.1',
    port,
    clientId,
    protocolVersion: 5,
    clean: !isKept,
    reconnectPeriod: 0,
    ...(isKept && { properties: { sessionExpiryInterval: 3_600 } }),
  });
  client.on('error', () => {});
  t.teardown(() => client.endAsync(true));
  return client;
}

/** A session that is away, for which everything below `plant/` is kept. */
async function leaveReader(t: Test, port: number): Promise<void> {
  const client = await connect(t, port, 'reader', true);
  await client.subscribeAsync('plant/#', { qos: 1 });
  await client.endAsync();
}

/** Publishes until the broker refuses. @returns the reason code */
async function publishUntilRefused(client: MqttClient, acknowledged: string[], bytes = 50_000): Promise<number> {
  for (let i = 0; i < 10_000; i++) {
    const name = `m${acknowledged.length}`;
    try {
      await client.publishAsync('plant/x', `${name} ${'x'.repeat(bytes)}`, { qos: i % 2 === 0 ? 1 : 2 });
      acknowledged.push(name);
    } catch (error) {
      return Number((error as { code?: number }).code);
    }
  }
  return 0;
}

/** What the reader gets, as soon as that is all of it. */
async function readAll(t: Test, port: number, expected: readonly string[]): Promise<void> {
  const got: string[] = [];
  const client = mqtt.connect({
    host: '127.0.0.1',
    port,
    clientId: 'reader',
    protocolVersion: 5,
    clean: false,
    reconnectPeriod: 0,
    properties: { sessionExpiryInterval: 3_600 },
  });
  client.on('message', (_topic, payload) => {
    const name = payload.subarray(0, payload.indexOf(' ')).toString();
    if (!got.includes(name)) got.push(name);
  });
  client.on('error', () => {});
  t.teardown(() => client.endAsync(true));
  await eventually(() => got.length >= expected.length, 20_000).catch(() => {});
  t.same(got, expected, 'everything that was acknowledged, in order');
}

/** Publishes again and again, until that is acknowledged. */
async function goesOn(publisher: MqttClient, acknowledged: string[]): Promise<void> {
  const name = `m${acknowledged.length}`;
  await eventually(
    () =>
      publisher.publishAsync('plant/x', `${name} again`, { qos: 1 }).then(
        () => true,
        () => false,
      ),
    20_000,
  );
  acknowledged.push(name);
}

async function storeState(gateway: RunningGateway): Promise<string> {
  const { stdout } = await gateway.hpmq('status', '--json');
  const { services } = JSON.parse(stdout) as { services: { name: string; state: string }[] };
  return services.find(({ name }) => name === 'store')?.state ?? 'absent';
}

for (const [why, minFree, size] of [
  ['the disk is full', '0%', '16m'],
  ['less is free than must be', '20%', '32m'],
] as const) {
  const name = `${why}: 0x97 and back-pressure, readers go on; with space again it goes on by itself`;
  t.test(name, mounting('mosquitto_pub', 'mosquitto_sub'), async (t) => {
    const disk = await SmallDisk.create(t, tmpfs(size));
    disk.run('dd if=/dev/zero of="$1/filler" bs=1M count=10 status=none');
    let gateway = await disk.startGateway(yaml(minFree));
    const { mqttPort } = gateway;
    await leaveReader(t, mqttPort);
    const publisher = await connect(t, mqttPort, 'publisher', false);
    const acknowledged: string[] = [];
    t.equal(await publishUntilRefused(publisher, acknowledged), QUOTA_EXCEEDED);
    t.ok(acknowledged.length > 5, `${acknowledged.length} messages fit`);

    const of311 = await new Promise<number>((resolve) => {
      const args = ['-p', String(mqttPort), '-V', '311', '-q', '1', '-t', 'plant/x', '-m', 'x'.repeat(50_000)];
      execFile('mosquitto_pub', args, { timeout: 5_000 }, (error) => resolve(error === null ? 0 : Number(error.code)));
    });
    t.not(of311, 0, '3.1.1 has no words for it: no PUBACK, the connection ends');
    const seen = await mqttSubscribe(t, mqttPort, 'live/#');
    await mqttPublish(mqttPort, 'live/a', 'goes on');
    await seen('live/a', (payload) => payload === 'goes on');
    if (minFree === '0%') t.equal(await storeState(gateway), 'degraded');

    disk.run('rm "$1/filler"');
    await goesOn(publisher, acknowledged);
    await gateway.process.kill();
    gateway = await disk.startGateway(yaml('0%'));
    await readAll(t, gateway.mqttPort, acknowledged);
  });
}

t.test(
  'a disk that becomes read-only: what was acknowledged is there when it is well again',
  mounting('mkfs.ext4', 'e2fsck'),
  async (t) => {
    const image = 'dd if=/dev/zero of="$1.image" bs=1M count=64 status=none && mkfs.ext4 -q -F "$1.image"';
    const mount = 'mount -o loop,errors=remount-ro "$1.image" "$1"';
    const disk = await SmallDisk.create(t, `${image} && ${mount}`);
    let gateway = await disk.startGateway(yaml('0%'));
    await leaveReader(t, gateway.mqttPort);
    const publisher = await connect(t, gateway.mqttPort, 'publisher', false);
    const acknowledged: string[] = [];
    for (let i = 0; i < 50; i++) {
      await publisher.publishAsync('plant/x', `m${i} x`, { qos: i % 2 === 0 ? 1 : 2 });
      acknowledged.push(`m${i}`);
    }
    // As the kernel does when it finds the file system damaged.
    disk.run('echo 1 > "/sys/fs/ext4/$(basename "$(findmnt -n -o SOURCE "$1")")/trigger_fs_error"');
    t.equal(await publishUntilRefused(publisher, acknowledged, 10), QUOTA_EXCEEDED);
    t.equal(await storeState(gateway), 'degraded');
    await gateway.process.kill();

    // Started on it before anybody repaired it: it runs, keeps nothing new, and gives out what is there.
    gateway = await disk.startGateway(yaml('0%'));
    t.equal(await storeState(gateway), 'degraded');
    const early = await connect(t, gateway.mqttPort, 'early', false);
    t.equal(await publishUntilRefused(early, []), QUOTA_EXCEEDED);
    await gateway.process.kill();

    disk.run(`umount "$1" && { e2fsck -fy "$1.image" >/dev/null; true; } && ${mount}`);
    gateway = await disk.startGateway(yaml('0%'));
    t.equal(await storeState(gateway), 'up');
    await goesOn(await connect(t, gateway.mqttPort, 'late', false), acknowledged);
    await readAll(t, gateway.mqttPort, acknowledged);
  },
);

for (const error of ['EIO', 'EROFS', 'ENOSPC'] as const) {
  t.test(`each write and sync of the disk fails with ${error} for a while`, needs('strace'), async (t) => {
    const lines = [`gateway: { data: ${tempFolder(t)} }`, ...yaml('0%')].join('\n');
    const gateway = await startTestGateway(t, lines);
    await leaveReader(t, gateway.mqttPort);
    const publisher = await connect(t, gateway.mqttPort, 'publisher', false);
    const acknowledged: string[] = [];
    await goesOn(publisher, acknowledged);
    const inject = `inject=pwrite64,fsync,fdatasync,ftruncate:error=${error}`;
    const strace = startPeer(t, 'strace', ['-f', '-p', String(gateway.process.pid), '-e', inject, '-o', '/dev/null']);
    await strace.sees(/attached/);
    t.equal(await publishUntilRefused(publisher, acknowledged, 10), QUOTA_EXCEEDED);
    t.equal(await storeState(gateway), 'degraded');
    await strace.kill('SIGINT');
    await goesOn(publisher, acknowledged);
    t.equal(await storeState(gateway), 'up');
    await gateway.process.kill();
    const again = await startTestGateway(t, lines);
    await readAll(t, again.mqttPort, acknowledged);
  });
}
