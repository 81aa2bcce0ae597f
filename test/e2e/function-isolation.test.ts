/** `isolate: worker` in a real gateway: order, deadlines, and what others notice. */
import mqtt from 'mqtt';
import t from 'tap';
import { type FunctionGateway, startFunctionGateway } from '../support/function-gateway.js';
import { eventually, needs } from '../support/peers.js';

const peers = needs('clang', 'wasm-ld');

async function show(gateway: FunctionGateway, name: string) {
  const { stdout } = await gateway.hpmq('function', 'show', name, '--json');
  return JSON.parse(stdout) as { isolate: string; lastFailure?: { cause: string; message: string } };
}

t.test('functions in another thread: order, a deadline, a crash of nobody else', peers, async (t) => {
  const gateway = await startFunctionGateway(
    t,
    { mark: ['mark.c'], hostile: ['hostile.c'], inline: ['mark.c', "-DMARK='i'"], counter: ['counter.c'] },
    `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
functions:
  mark: { file: ./mark.wasm, on: { upstream: raw/# }, isolate: worker, limits: { queue: 10000 } }
  hostile: { file: ./hostile.wasm, on: { upstream: bad/# }, isolate: worker, onError: dead-letter, limits: { fuel: 2G, deadline: 300ms } }
  counter: { file: ./counter.wasm, on: { upstream: count/# }, isolate: worker, grants: { kv: 1KiB } }
  inline: { file: ./inline.wasm, on: { upstream: here/# } }
`,
  );
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  t.teardown(() => client.endAsync(true));
  const seen: string[] = [];
  client.on('message', (topic, payload) => void seen.push(`${topic} ${payload}`));
  await client.subscribeAsync('#', { qos: 1 });
  t.equal((await show(gateway, 'mark')).isolate, 'worker');

  const published: Promise<unknown>[] = [];
  const expected: string[] = [];
  for (let i = 0; i < 600; i++) {
    const topic = `raw/${i % 3}`;
    published.push(client.publishAsync(topic, `x${i}`, { qos: 1 }));
    expected.push(`${topic} 1${i}`);
  }
  published.push(client.publishAsync('bad/1', 'l', { qos: 1 }));
  for (let i = 0; i < 20; i++) published.push(client.publishAsync('here/1', `x${i}`, { qos: 1 }));
  for (let i = 600; i < 700; i++) {
    published.push(client.publishAsync('raw/0', `x${i}`, { qos: 1 }));
    expected.push(`raw/0 1${i}`);
  }
  published.push(client.publishAsync('bad/1', 'hello', { qos: 1 }));
  await Promise.all(published);
  await eventually(() => seen.filter((line) => line.startsWith('raw/')).length === expected.length);
  await eventually(() => seen.includes('bad/1 hello'));
  for (const topic of ['raw/0', 'raw/1', 'raw/2']) {
    const of = (lines: readonly string[]) => lines.filter((line) => line.startsWith(`${topic} `));
    t.strictSame(of(seen), of(expected), `${topic}: all of them, once, in order`);
  }
  t.equal(seen.filter((line) => line.startsWith('here/1 i')).length, 20);
  t.ok(seen.includes('hpmq/g/$dead/hostile l'), 'what it failed at is kept');
  t.match((await show(gateway, 'hostile')).lastFailure, { cause: 'deadline', message: /300 ms/ });
  t.notOk((await show(gateway, 'mark')).lastFailure, 'others lose nothing');

  // What it keeps crosses the threads.
  for (const last of ['1', '2']) {
    await client.publishAsync('count/x', 'x', { qos: 1 });
    await eventually(() => seen.includes(`counted a${last}`));
  }

  // A version takes the place of another in the thread, and the gateway ends with the threads in it.
  const next = gateway.write('next', 'mark.c', ["-DMARK='2'"]);
  t.match(await gateway.hpmq('function', 'deploy', 'mark', next), { code: 0 });
  await client.publishAsync('raw/0', 'x', { qos: 1 });
  await eventually(() => seen.includes('raw/0 2'));
  t.equal(await gateway.process.kill('SIGTERM'), 0);
});
