/**
 * `npm run bench:functions -- throughput`: what a function costs the whole gateway: messages per second and CPU of `hpmq run`
 * without one, with one on another filter, and with one on each message; and how long a deployment and a rollback take in it.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '../../../src/api/client.js';
import { cGuest } from '../../support/guests.js';
import { type Broker, brokers, startBroker } from '../brokers.js';
import { ROOT } from '../client.js';
import { closedLoop } from '../closed-loop.js';
import type { LoneScenario } from '../load.js';
import { measure } from '../measure.js';

const SECONDS = 3;
const CHANGES = 20;

interface Kind {
  readonly name: string;
  /** Of `functions.f`; undefined: there is none. */
  readonly yaml: string | undefined;
  readonly file?: () => readonly [name: string, content: Buffer | string];
}

const all = `on: { upstream: '${ROOT}/#' }`;
const kinds: readonly Kind[] = [
  { name: 'no function', yaml: undefined },
  {
    name: 'C, on another filter',
    yaml: 'file: ./f.wasm, on: { upstream: other/# }',
    file: () => ['f.wasm', cGuest('echo.c')],
  },
  { name: 'C, message back', yaml: `file: ./f.wasm, ${all}`, file: () => ['f.wasm', cGuest('echo.c')] },
  {
    name: 'C, message back, in a worker',
    yaml: `file: ./f.wasm, ${all}, isolate: worker, limits: { queue: 10000 }`,
    file: () => ['f.wasm', cGuest('echo.c')],
  },
  {
    name: 'waPC, C, message on',
    yaml: `file: ./f.wasm, ${all}`,
    file: () => ['f.wasm', cGuest('wapc-bare.c', ['-O2', '-DMARK=120', '-DPREFIX=""'])],
  },
  {
    name: 'JavaScript, message back',
    yaml: `file: ./f.js, ${all}`,
    file: () => ['f.js', 'export const onMessage = (message) => message;\n'],
  },
];

function gateway({ name, yaml, file }: Kind): Broker {
  const [plain] = brokers;
  return {
    name,
    absent: () => undefined,
    command(port, folder) {
      const command = plain!.command(port, folder);
      if (file !== undefined) writeFileSync(join(folder, file()[0]), file()[1]);
      if (yaml !== undefined) appendFileSync(join(folder, 'hpmq.yaml'), `functions:\n  f: { ${yaml} }\n`);
      return command;
    },
  };
}

const TOPIC = `${ROOT}/line1/temperature`;
const shape = {
  topic: () => TOPIC,
  publishers: 1,
  subscribers: [[TOPIC]],
  copies: () => 1,
  payloadBytes: 64,
} as const;

const loads: readonly LoneScenario[] = [
  {
    id: 'QoS 0',
    title: 'window 1000, 100 per write',
    start: (target) => closedLoop(target, { ...shape, qos: 0, window: 1_000, batch: 100 }),
  },
  {
    id: 'QoS 1',
    title: 'window 100, 10 per write',
    start: (target) => closedLoop(target, { ...shape, qos: 1, window: 100, batch: 10 }),
  },
];

export async function throughput(): Promise<void> {
  for (const load of loads) {
    console.log(`1 → 1, ${load.id}, 64 B, ${load.title}`);
    for (const kind of kinds) {
      const { cpuSecondsPerMillion, publishedPerSecond, residentBytes, generatorCpu } = await measure(
        gateway(kind),
        load,
        SECONDS,
        4,
      );
      const figures = [
        `${Math.round(publishedPerSecond).toLocaleString('en')} msg/s`.padStart(16),
        `${cpuSecondsPerMillion.toFixed(2)} CPU s/M`.padStart(16),
        `rss ${(residentBytes / 1e6).toFixed(0)} MB`.padStart(12),
        `generator ${Math.round(generatorCpu * 100)} %`.padStart(16),
      ];
      console.log(`  ${kind.name.padEnd(30)}${figures.join('')}`);
    }
  }
  await changes();
}

async function changes(): Promise<void> {
  await using running = await startBroker(gateway(kinds[2]!));
  const client = createClient({ socket: running.socket });
  const params = { function: 'f' };
  const times: Record<'deployment' | 'rollback', number[]> = { deployment: [], rollback: [] };
  for (let i = 0; i < CHANGES; i++) {
    const module = cGuest('mark.c', ['-O2', `-DMARK=${65 + i}`]).toString('base64');
    const began = performance.now();
    await client.request('POST /v1/functions/{function}/deploy', { params, body: { module, source: `v${i}` } });
    const deployed = performance.now();
    await client.request('POST /v1/functions/{function}/rollback', { params });
    times.deployment.push(deployed - began);
    times.rollback.push(performance.now() - deployed);
  }
  for (const [name, list] of Object.entries(times)) {
    const sorted = list.toSorted((a, b) => a - b);
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    console.log(`a ${name}, request to answer: median ${ms(sorted[CHANGES / 2]!)}, at most ${ms(sorted.at(-1)!)}`);
  }
}
