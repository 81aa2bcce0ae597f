/**
 * A function is deployed again and again while ten thousand messages per second go through it, by an open loop: none is lost,
 * doubled or reordered, whatever the versions do.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { startWorker } from '../load/processes.js';
import { type FunctionGateway, startFunctionGateway } from '../support/function-gateway.js';
import { startTestGateway } from '../support/gateway.js';
import { eventually, needs } from '../support/peers.js';

const RATE = { perMillisecond: 10, ms: 4_000, payloadBytes: 64 };
const SENT = RATE.perMillisecond * RATE.ms;
const SWAPS = 20;

const peers = needs('clang', 'wasm-ld');

type Guest = readonly [source: string, ...flags: string[]];

function gatewayOf(t: Test, guest: Guest, more: string, limits = ''): Promise<FunctionGateway> {
  return startFunctionGateway(
    t,
    { mark: guest },
    `
gateway: { id: g }
broker:
  listeners: [ { type: tcp, port: 0 } ]
  limits: { receiveMaximum: 65535, queuedMessages: 1000000, pendingBytes: 1GB, queuedBytes: 1GB }
functions:
  mark: { file: ./mark.wasm, on: { upstream: raw/# }, onError: pass, limits: { queue: 100000${limits} }${more} }
`,
  );
}

/** One after the other, until it is told to stop, and so many at least. */
async function deployments(gateway: FunctionGateway, files: readonly string[], isOver: () => boolean): Promise<number> {
  const client = createClient({ socket: gateway.socket });
  const modules = files.map((file) => readFileSync(file).toString('base64'));
  let made = 0;
  for (; !isOver() || made < SWAPS; made++) {
    const body = { module: modules[made % modules.length]!, source: `v${made}` };
    await client.request('POST /v1/functions/{function}/deploy', { params: { function: 'mark' }, body });
    await sleep(20);
  }
  return made;
}

interface Form {
  readonly name: string;
  readonly source: string;
  /** What marks a version. */
  readonly mark: (letter: string) => readonly string[];
  readonly filter: string;
  readonly more: string;
  /** One of the versions traps at each call: its messages go on as they came. */
  readonly traps?: boolean;
}

const native = { source: 'mark.c', mark: (letter: string) => [`-DMARK='${letter}'`], filter: 'raw/#' };
const wapc = {
  source: 'wapc-bare.c',
  mark: (letter: string) => [`-DMARK=${letter.charCodeAt(0)}`],
  filter: 'up/raw/#',
};
const forms: readonly Form[] = [
  { name: 'native, inline', ...native, more: '' },
  { name: 'native, in a worker', ...native, more: ', isolate: worker' },
  { name: 'waPC, inline', ...wapc, more: '' },
  { name: 'waPC, in a worker', ...wapc, more: ', isolate: worker' },
  { name: 'native, inline, one version traps', ...native, more: '', traps: true },
  { name: 'native, in a worker, one version traps', ...native, more: ', isolate: worker', traps: true },
];

for (const { name, source, mark, filter, more, traps = false } of forms) {
  for (const qos of traps || more !== '' ? ([1] as const) : ([0, 1] as const)) {
    t.test(`${name}, QoS ${qos}`, { ...peers, timeout: 120_000 }, async (t) => {
      await using stack = new AsyncDisposableStack();
      const gateway = await gatewayOf(t, [source, ...mark('a')], more);
      const letters = ['b', 'c', 'd', 'e'];
      const files = letters.map((letter) => gateway.write(`mark-${letter}`, source, mark(letter)));
      if (traps) files.splice(2, 0, gateway.write('traps', source, ['-DTRAPS']));
      const load = startWorker(stack, 'steady', { port: gateway.mqttPort, qos, filter, ...RATE });
      await load.hear('connected');
      let isOver = false;
      const deploying = deployments(gateway, files, () => isOver);
      load.say('start');
      const result = await load.result.finally(() => {
        isOver = true;
      });
      const swaps = await deploying;
      t.match(result, { sent: SENT, received: SENT, wrong: 0 }, 'all of them, each once, in order on its topic');
      if (qos === 1) t.equal(result.acknowledged, SENT);
      t.ok(result.receivedMeanwhile > SENT / 2, 'the gateway keeps up with the schedule');
      t.ok(swaps >= SWAPS && result.marks.length > 2, `${swaps} swaps, by versions ${result.marks.join(', ')}`);
      t.equal(result.marks.includes('-'), traps, 'what a version that traps was given goes on as it came');
      const share = (part: number) => `${((part / SENT) * 100).toFixed(1)} %`;
      const late = `the sender was ${result.behind} behind at most`;
      t.comment(`10,000/s: ${share(result.receivedMeanwhile)} there when the last was sent, ${swaps} swaps; ${late}`);
      t.match(await gateway.hpmq('status', '--ledger'), { code: 0 });
    });
  }
}

t.test('a version that hangs is closed with one deadline; what waited goes to the next', peers, async (t) => {
  const gateway = await gatewayOf(t, ['hostile.c'], ', isolate: worker', ', fuel: 2G, deadline: 2s');
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  t.teardown(() => client.endAsync(true));
  const api = createClient({ socket: gateway.socket });
  const params = { function: 'mark' };
  const next = readFileSync(gateway.write('next', 'mark.c', ["-DMARK='b'"])).toString('base64');
  const seen: string[] = [];
  client.on('message', (_topic, payload) => void seen.push(String(payload)));
  await client.subscribeAsync('raw/#', { qos: 1 });
  // For the letter d it works until its deadline, and gives others back as they came.
  for (const payload of ['d', ...Array.from({ length: 50 }, (_, i) => `x${i}`)]) {
    client.publish('raw/0', payload, { qos: 1 });
  }
  await eventually(async () => (await api.request('GET /v1/functions/{function}', { params })).waiting === 51);
  await api.request('POST /v1/functions/{function}/deploy', { params, body: { module: next, source: 'next' } });
  await eventually(() => seen.length === 51);
  t.strictSame(seen, ['d', ...Array.from({ length: 50 }, (_, i) => `b${i}`)], 'all by the new one, in their order');
});

t.test('killed while versions are swapped: a whole one runs afterwards', { ...peers, timeout: 120_000 }, async (t) => {
  let gateway = await gatewayOf(t, ['mark.c', "-DMARK='a'"], '');
  const { write } = gateway;
  const files = ['b', 'c', 'd'].map((letter) => write(`mark-${letter}`, 'mark.c', [`-DMARK='${letter}'`]));
  const folder = files[0]!.slice(0, files[0]!.lastIndexOf('/'));
  const yaml = readFileSync(`${folder}/hpmq.yaml`, 'utf8');
  for (const after of [1, 3, 6]) {
    let deployed = 0;
    const client = createClient({ socket: gateway.socket });
    const deploying = (async () => {
      for (;;) {
        const body = { module: readFileSync(files[deployed % 3]!).toString('base64'), source: `v${deployed}` };
        await client.request('POST /v1/functions/{function}/deploy', { params: { function: 'mark' }, body });
        deployed++;
      }
    })().catch(() => {});
    await eventually(() => deployed >= after);
    await gateway.process.kill('SIGKILL');
    await deploying;
    gateway = { ...(await startTestGateway(t, yaml, folder)), write };
    const { stdout } = await gateway.hpmq('function', 'show', 'mark', '--json');
    const view = JSON.parse(stdout) as { state: string; versions: { current: boolean; source: string }[] };
    t.equal(view.state, 'up');
    t.match(view.versions.find(({ current }) => current)?.source, /^v\d+$/, 'one that was deployed');
  }
});
